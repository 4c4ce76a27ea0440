"""What may stand under the terms of a bundled episode, as JSON Schema."""

from collections.abc import Mapping
from typing import Any, Final

from rules_engine import expression_schema

__all__ = ["BESIDE", "EPISODE", "JUDGED", "NAME", "SCHEMA"]

NAME: Final = "^[a-z][a-z0-9_]*$"

BESIDE: Final = {
    "episode_type": "code",
    "trigger_code": "code or null",
    "is_trigger": "boolean",
    "days_after_trigger": "count or null",
    "days_after_discharge": "count or null",
    "at_trigger_provider": "boolean",
}
"""What formulas of a line beside an episode see of the two, and the type of each."""

EPISODE: Final = {
    "episode_id": "code",
    "episode_type": "code",
    "person_id": "code",
    "trigger_claim_id": "code",
    "trigger_code": "code or null",
    "trigger_provider": "code or null",
    "trigger_day": "date",
    "admission_day": "date or null",
    "discharge_day": "date or null",
    "first_day": "date",
    "last_day": "date",
}
"""What formulas of an episode see, and the type of each."""

JUDGED: Final = {**EPISODE, "provider": "code or null", "risk_score": "factor"}
"""What formulas see once it is known who answers for an episode, and how risky it is."""


def _line(type_: str, title: str, **more: Any) -> dict[str, Any]:
    return expression_schema(type_, rows="medical_claim", dated=False, title=title, **more)


def _beside(title: str, **more: Any) -> dict[str, Any]:
    return expression_schema(
        "boolean or null",
        rows="medical_claim",
        columns=BESIDE,
        dated=False,
        title=title,
        **more,
    )


def _episode(type_: str, title: str, **more: Any) -> dict[str, Any]:
    return expression_schema(type_, columns=EPISODE, dated=False, title=title, **more)


def _object(title: str, required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list(title: str, required: list[str], /, **properties: Any) -> dict[str, Any]:
    items = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {"title": title, "type": "array", "minItems": 1, "items": items}


def _name(title: str) -> dict[str, Any]:
    return {"title": title, "type": "string", "pattern": NAME}


def _whole(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "type": "integer", "minimum": 0, **more}


def _word(title: str, first: str, *others: str) -> dict[str, Any]:
    return {"title": title, "enum": [first, *others], "default": first}


_PARTY: Final = {"type": "string", "x-party": "one"}

_DAYS: Final = _object(
    "Days of a line",
    ["admission", "discharge"],
    admission=_line("date or null", "First day of the line's stay, or of its care"),
    discharge=_line("date or null", "Last day of the line's stay, or of its care"),
    procedure=_line("date or null", "Day of the line's procedure"),
    service=_line("date or null", "Day by which the line lies in a window"),
    service_ends=_line("date or null", "Last day of the line's service"),
)

_STAYS: Final = _object(
    "Which claims are stays, and which of them are joined",
    ["when"],
    when=_line("boolean or null", "Claims that are inpatient stays"),
    gap_days=_whole("Most days from a discharge to the next admission of one stay", default=0),
    transferred=_line("boolean or null", "Claims after which the patient was transferred"),
    decided_by=_word("Which claim of a joined stay is the trigger claim", "first", "last"),
)

_TYPES: Final = _list(
    "Types of episodes, in the order of precedence",
    ["type", "trigger", "days_after"],
    type=_name("Name of the type"),
    trigger=_line("boolean or null", "Lines that trigger it"),
    begins=_word("The trigger day", "admission", "discharge", "procedure"),
    days_before=_whole("Days of the window before the trigger day", default=0),
    ends=_word("Day from which days_after counts", "discharge", "admission", "procedure"),
    days_after=_whole("Days of the window after that day"),
    clean_days=_whole("Days after the window in which no other episode opens", default=0),
)

_LIMIT: Final = {
    "type": "object",
    "properties": {
        "percentile": {
            "title": "Share of the episodes whose amount is not more",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
        },
        "deviations": {
            "title": "Standard deviations from the mean",
            "type": "number",
            "minimum": 0,
        },
        "amount": _episode("money", "Amount, of two decimals at most"),
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}

_RECONCILE: Final = _object(
    "What moves by a target price",
    ["payer", "to", "target"],
    payer={"title": "Party that pays a gain", **_PARTY},
    to={"title": "Party, or entity, that answers for the episodes", **_PARTY},
    target=expression_schema(
        "money or null",
        columns=JUDGED,
        dated=False,
        title="Target price of an episode before the discount, of two decimals at most",
    ),
    discount=expression_schema("rate", title="Part of the target that the payer keeps"),
    episode_gain_cap=expression_schema("rate", title="Most gain of one episode, of its target"),
    episode_loss_cap=expression_schema("rate", title="Most loss of one episode, of its target"),
    gain_quality=expression_schema("factor", title="What a gain is multiplied by"),
    loss_quality=expression_schema("factor", title="What a loss is multiplied by"),
    stop_gain=expression_schema("rate", title="Most gain in all, of the sum of targets"),
    stop_loss=expression_schema("rate", title="Most loss in all, of the sum of targets"),
    minimum_episodes=_whole("Fewest episodes of whom something moves", default=1),
)

_THRESHOLDS: Final = _object(
    "What moves by thresholds of the average episode",
    ["payer", "to", "types"],
    payer={"title": "Party that pays a gain", **_PARTY},
    to={"title": "Party, or entity, that answers for the episodes", **_PARTY},
    types=_list(
        "Thresholds of each type",
        ["type", "commendable", "acceptable", "gain_share", "loss_share"],
        type=_name("Type of episodes"),
        commendable=expression_schema("money", title="Average below which there is a gain"),
        acceptable=expression_schema("money", title="Average above which there is a loss"),
        gain_limit=expression_schema("money", title="Average below which no more is gained"),
        gain_share=expression_schema("rate", title="Share of a gain"),
        loss_share=expression_schema("rate", title="Share of a loss"),
        quality=expression_schema("boolean", title="Whether quality allows a gain"),
    ),
    minimum_episodes=_whole("Fewest episodes of a type of which something moves", default=1),
    loss_cap=expression_schema("money", title="Most loss in all"),
)

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of bundled_episode",
    "type": "object",
    "properties": {
        "as": _name("Column of the derived tables that names the accountable provider"),
        "amount": _line("money or null", "Amount of a line", examples=["paid_amount"]),
        "provider": _line("code or null", "Whom a line speaks for", examples=["facility_ccn"]),
        "code": _line("code or null", "What tells triggers of one type apart"),
        "days": _DAYS,
        "stays": _STAYS,
        "types": _TYPES,
        "precedence": _word("Which of two triggers opens an episode", "earliest", "type"),
        "one_open": _word("Of what only one episode is open", "person", "type"),
        "again": _word("What a trigger in an open episode does", "ignored", "restarts"),
        "after": {
            "title": "Service tables of rules that come before this one",
            "type": "array",
            "items": {"type": "string", "pattern": NAME, "x-table": True},
            "minItems": 1,
            "uniqueItems": True,
        },
        "look_back_days": _whole("Days before the trigger day that are looked at", default=0),
        "includes": _beside("Lines in the window that belong to the episode"),
        "excludes": _list(
            "Lines in the window that do not belong to the episode",
            ["reason", "when"],
            reason=_name("What tables call the reason"),
            when=_beside("Lines that it is about"),
        ),
        "enrolment": _object(
            "Enrolment that an episode needs",
            ["counts"],
            counts=expression_schema(
                "boolean or null",
                rows="member_month",
                dated=False,
                title="Months in which the person is enrolled as the contract asks",
            ),
            days_before=_whole("Days before the window that need it too", default=0),
            through=_episode("date or null", "Day after which none is needed, such as a death"),
        ),
        "exclusions": _list(
            "Why an episode is not counted",
            ["reason"],
            reason=_name("What tables and outputs call the reason"),
            when=_episode("boolean or null", "Episodes that it is about"),
            line=_beside("An episode is excluded that has such a line"),
        ),
        "accountable": {
            "title": "Who answers for an episode",
            "oneOf": [
                {"const": "trigger"},
                {
                    "type": "object",
                    "properties": {
                        "plurality": _beside("Lines whose largest sum of amounts decides"),
                        "stated": _episode("code or null", "The provider"),
                    },
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                },
            ],
        },
        "risk": _object(
            "Risk factors and their weights",
            ["factors"],
            combine=_word("How weights are combined", "multiply", "add"),
            factors=_list(
                "Risk factors",
                ["factor", "weight"],
                factor=_name("What tables call it"),
                when=_episode("boolean or null", "Episodes that have it"),
                line=_beside("An episode has it that has such a line"),
                weight={
                    "title": "Its weight, of four decimals at most",
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 1000,
                },
            ),
        ),
        "prorate": {
            "title": "Whether a service that ends after the window counts by its days within",
            "type": "boolean",
            "default": False,
        },
        "truncate": _object(
            "Where costs are cut",
            [],
            above={"title": "Where costs are cut from above", **_LIMIT},
            below={"title": "Where costs are raised from below", **_LIMIT},
            does=_word("What happens to such an episode", "cut", "exclude"),
        ),
        "belongs_by": _word(
            "Day by which an episode belongs to a period", "last_day", "first_day", "trigger_day"
        ),
        "base_years": _whole("Years before each period that count too", maximum=10, default=0),
        "reconcile": _RECONCILE,
        "thresholds": _THRESHOLDS,
    },
    "required": ["amount", "provider", "days", "types"],
    "additionalProperties": False,
}
