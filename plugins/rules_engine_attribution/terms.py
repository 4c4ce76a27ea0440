"""The terms of an attribution rule: the steps, whose services count, and how ties are broken."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "Step", "Terms", "Window"]

_NAME: Final = "^[a-z][a-z0-9_]*$"
_TAKEN: Final = frozenset(
    (
        "person_id",
        "period_start",
        "period_end",
        "step",
        "basis",
        "services",
        "visits",
        "latest",
        "second",
        "second_basis",
        "decided_by",
        "months",
        "month",
        "fraction",
        "unmeasured",
        "reason",
        "first_day",
        "last_day",
    )
)

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of attribution",
    "type": "object",
    "properties": {
        "as": {
            "title": "Column of the derived tables that says to whom a person is attributed",
            "type": "string",
            "pattern": _NAME,
            "examples": ["aco_id", "party", "practice"],
        },
        "to": expression_schema(
            "code or null",
            rows="medical_claim",
            dated=False,
            title="Whom the service of a claim line speaks for",
            examples=["billing_tin"],
        ),
        "measure": {
            "title": "What the most of decides: an amount, days with a service, or services",
            "oneOf": [
                {"const": "visits"},
                {"const": "services"},
                {
                    "type": "object",
                    "properties": {
                        "amount": expression_schema(
                            "money or null",
                            rows="medical_claim",
                            dated=False,
                            title="Amount of a claim line",
                            examples=["allowed_amount"],
                        )
                    },
                    "required": ["amount"],
                    "additionalProperties": False,
                },
            ],
        },
        "window": {
            "title": "Days whose services count: those of the period, or of months before it",
            "oneOf": [
                {"const": "period"},
                {
                    "type": "object",
                    "properties": {
                        "months": {
                            "title": "Months of the window",
                            "type": "integer",
                            "minimum": 1,
                        },
                        "ends_months_before": {
                            "title": "Months from its end to the first day of the period",
                            "type": "integer",
                            "minimum": 0,
                            "default": 0,
                        },
                    },
                    "required": ["months"],
                    "additionalProperties": False,
                },
            ],
        },
        "steps": {
            "title": "Ways to attribute, in order; the first that finds somebody decides",
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "step": {"title": "Name of the step", "type": "string", "pattern": _NAME},
                    "counts": expression_schema(
                        "boolean or null",
                        rows="medical_claim",
                        dated=False,
                        title="Which claim lines count",
                    ),
                    "minimum": {
                        "title": "Fewest counted services of whom a person is attributed to",
                        "type": "integer",
                        "minimum": 1,
                        "default": 1,
                    },
                    "stated": expression_schema(
                        "code or null",
                        rows="member_month",
                        dated=False,
                        title="To whom a month of the person says that it belongs",
                    ),
                    "month": {
                        "title": "Which month of the period says it",
                        "enum": ["first", "last"],
                        "default": "first",
                    },
                },
                "required": ["step"],
                "additionalProperties": False,
            },
        },
        "ties": {
            "title": "What decides among equals, in order; what is left goes by the order of ids",
            "type": "array",
            "items": {"enum": ["services", "visits", "latest"]},
            "uniqueItems": True,
        },
        "members": expression_schema(
            "boolean or null",
            rows="member_month",
            dated=False,
            title="Which months of a person count",
        ),
        "minimum_months": {
            "title": "Fewest counted months of the period of whom somebody is attributed",
            "type": "integer",
            "minimum": 1,
            "default": 1,
        },
        "base_years": {
            "title": "Years before each period that are attributed too, for a benchmark",
            "type": "integer",
            "minimum": 0,
            "maximum": 10,
            "default": 0,
        },
    },
    "required": ["as", "steps"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Window:
    """Months before a period.

    Attributes:
        months: How many.
        ends_months_before: Months from the day after its last to the period's first day.
    """

    months: int
    ends_months_before: int = 0


@frozen(kw_only=True)
class Step:
    """One way to attribute: by counted services, or by what a month states.

    Attributes:
        name: What tables and outputs call it.
        counts: Which claim lines count; None where it is stated.
        minimum: Fewest counted services.
        stated: To whom a month belongs; None where services are counted.
        is_last: Whether the last month of the period that states somebody says it, not the first.
    """

    name: str
    counts: Formula | None = None
    minimum: int = 1
    stated: Formula | None = None
    is_last: bool = False


@frozen(kw_only=True)
class Terms:
    """The terms of an attribution.

    Attributes:
        named: Column of the derived tables that says to whom a person is attributed.
        to: Whom a service speaks for; None where no step counts services.
        measure: `amount`, `visits` or `services`.
        amount: Amount of a line; None unless it is the measure.
        window: Months before the period; None for the period itself.
        steps: In order.
        ties: What decides among equals, in order, before the order of ids.
        members: Which months count; None for all.
        minimum_months: Fewest counted months.
        base_years: Years before each period that are attributed too.
    """

    named: str
    to: Formula | None
    measure: str
    amount: Formula | None
    window: Window | None
    steps: tuple[Step, ...]
    ties: tuple[str, ...]
    members: Formula | None
    minimum_months: int
    base_years: int

    @property
    def counting(self) -> tuple[tuple[int, Step], ...]:
        """The steps that count services, with their places."""
        return tuple(
            (place, step) for place, step in enumerate(self.steps) if step.counts is not None
        )

    @property
    def stating(self) -> tuple[tuple[int, Step], ...]:
        """The steps that are stated, with their places."""
        return tuple(
            (place, step) for place, step in enumerate(self.steps) if step.stated is not None
        )

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        findings = [*_of_steps(terms["steps"]), *_together(terms)]
        if findings:
            raise TermsError(*findings)
        measure = terms.get("measure", "services")
        window = terms.get("window", "period")
        return cls(
            named=terms["as"],
            to=terms.get("to"),
            measure=measure if isinstance(measure, str) else "amount",
            amount=None if isinstance(measure, str) else measure["amount"],
            window=None
            if window == "period"
            else Window(
                months=int(window["months"]),
                ends_months_before=int(window.get("ends_months_before", 0)),
            ),
            steps=tuple(
                Step(
                    name=step["step"],
                    counts=step.get("counts"),
                    minimum=int(step.get("minimum", 1)),
                    stated=step.get("stated"),
                    is_last=step.get("month") == "last",
                )
                for step in terms["steps"]
            ),
            ties=tuple(terms.get("ties", ())),
            members=terms.get("members"),
            minimum_months=int(terms.get("minimum_months", 1)),
            base_years=int(terms.get("base_years", 0)),
        )


_Finding = tuple[tuple[str | int, ...], str, str, str | None]


def _of_steps(steps: list[Mapping[str, Any]]) -> list[_Finding]:
    found: list[_Finding] = []
    seen: set[str] = set()
    for place, step in enumerate(steps):
        name = step["step"]
        if name in seen:
            message = f"{name} is the name of an earlier step; each step has one of its own"
            found.append((("steps", place, "step"), "AT101", message, None))
        seen.add(name)
        if ("counts" in step) == ("stated" in step):
            both = "both counts and stated" if "counts" in step else "neither counts nor stated"
            message = f"{name} has {both}; one of the two may stand there"
            help_ = "count services (counts: …) or take what a month says (stated: …)"
            found.append((("steps", place), "AT102", message, help_))
            continue
        kind, others = ("counts", ("month",)) if "counts" in step else ("stated", ("minimum",))
        found += [
            (("steps", place, key), "AT103", f"{key} means nothing beside {kind}", "take it away")
            for key in others
            if key in step
        ]
    return found


def _together(terms: Mapping[str, Any]) -> list[_Finding]:
    found: list[_Finding] = []
    name = terms["as"]
    if name in _TAKEN:
        message = f"{name} is a column of the derived tables already; another name may stand here"
        found.append((("as",), "AT104", message, "write what it names, such as aco_id"))
    counting = any("counts" in step for step in terms["steps"])
    needed = ("to", "measure", "window")
    if counting:
        found += [
            (
                ("steps",),
                "AT105",
                f"a step counts services, and {key} is not said",
                f"add {key}: {example}",
            )
            for key, example in zip(needed, ("billing_tin", "visits", "period"), strict=True)
            if key not in terms
        ]
    else:
        found += [
            ((key,), "AT103", f"{key} means nothing where no step counts services", "take it away")
            for key in (*needed, "ties")
            if key in terms
        ]
    measure = terms.get("measure")
    if isinstance(measure, str) and measure in terms.get("ties", ()):
        place = list(terms["ties"]).index(measure)
        message = f"{measure} is the measure; among equals it decides nothing"
        found.append((("ties", place), "AT103", message, "take it away"))
    return found
