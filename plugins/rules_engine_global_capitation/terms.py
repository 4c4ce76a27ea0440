"""The terms of a capitation: what is paid for a member-month, what that covers, what is settled."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import Factory, frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "Covers", "Release", "StopLoss", "Terms"]

_MONTH: Final = "member_month"
_NAME: Final = "^[a-z][a-z0-9_]*$"


def _part(title: str, properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _named(title: str, inner: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": inner,
        "minProperties": 1,
    }


SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of global_capitation",
    "description": "A payment for each member and month, or a share of premium.",
    "type": "object",
    "properties": {
        "payer": {"title": "Who pays", "type": "string", "x-party": "one"},
        "rate": expression_schema(
            "money",
            _MONTH,
            title="What one whole member-month is paid, in currency, before the risk factor",
            examples=["lookup(rates.pmpm, product, sex, age)"],
        ),
        "risk": expression_schema(
            "number or null",
            _MONTH,
            title="Factor on the rate, such as a normalized risk score within its caps",
            examples=["round(risk_score / normalization, 4)"],
        ),
        "prorate": {
            "title": "What a part of a month is paid: by its days, a whole month, or a whole month"
            " to who is enrolled on the 15th and nothing to others",
            "enum": ["by_day", "on_15", "whole_month"],
            "default": "whole_month",
        },
        "payee": expression_schema(
            "code or null",
            _MONTH,
            title="Who is paid for a member-month; without it, its party (with `prorate: on_15`,"
            " the party on the 15th)",
            examples=["party_on_15", "lookup(groups.medical_group, party)"],
        ),
        "entities": {
            "title": "Whom a rule with for_each settles: those who are paid, or each member, of"
            " whose months it pays the payees",
            "enum": ["payees", "members"],
            "default": "payees",
        },
        "deduct": expression_schema(
            "money or null",
            _MONTH,
            title="What is taken off a whole member-month for good, such as the value of services"
            " that are carved out or a premium of reinsurance; prorated as the rate is",
        ),
        "withhold": expression_schema(
            "rate",
            _MONTH,
            title="Fraction of the payment that is kept back until it is released",
        ),
        "panel": _part(
            "Months in which a payee has fewer paid members than this pay nothing",
            {"minimum": expression_schema("number", title="Fewest members of a month")},
            ("minimum",),
        ),
        "covers": _part(
            "Services that cost nothing more while a member is enrolled",
            {
                "members": expression_schema(
                    "boolean or null",
                    rows="eligibility",
                    dated=False,
                    title="Spans of enrolment on whose days a member is covered",
                    examples=["product = 'hmo'"],
                ),
                "services": expression_schema(
                    "boolean or null",
                    "line",
                    title="Lines that the payments pay for; all unless said",
                    examples=["place_of_service_code = '11'"],
                ),
                "carve_outs": expression_schema(
                    "boolean or null",
                    "line",
                    title="Lines of these that they do not pay for; none unless said",
                    examples=["hcpcs_code LIKE 'J%'"],
                ),
                "amount": expression_schema(
                    "money",
                    "line",
                    title="What is taken off a covered line, rounded",
                    sees=("allowed", "remaining"),
                    posted=True,
                    examples=["remaining"],
                ),
                "code": {
                    "title": "X12 group code and claim adjustment reason code of it",
                    "type": "string",
                    "pattern": "^(CO|PR|OA|PI)-[A-Z]?[0-9]{1,3}$",
                    "default": "CO-24",
                },
            },
            ("members", "amount"),
        ),
        "premium": _part(
            "A share of premium",
            {
                "amount": expression_schema("money", title="Premium of the period"),
                "share": expression_schema("rate", title="Fraction of it that is paid"),
            },
            ("amount", "share"),
        ),
        "guarantee": expression_schema(
            "money",
            title="The least that payments, withheld amounts and shares of premium of the period"
            " come to; what is missing is paid",
        ),
        "release": _named(
            "Withheld amounts that come free, each with the fraction that is earned",
            _part(
                "A withheld amount",
                {
                    "withheld": expression_schema("money", title="What was withheld"),
                    "rate": expression_schema("rate", title="Fraction of it that is released"),
                },
                ("withheld", "rate"),
            ),
        ),
        "stop_loss": _part(
            "What a reinsurer pays of a member's expenditure above an attachment point",
            {
                "reinsurer": {"title": "Who pays it", "type": "string", "x-party": "one"},
                "expenditure": expression_schema(
                    "money", "member", title="Expenditure of a member in the period"
                ),
                "attachment": expression_schema("money", title="Where the reinsurance begins"),
                "share": expression_schema("rate", title="Fraction of the excess that is paid"),
                "limit": expression_schema("money", title="Most that is paid for a member"),
            },
            ("reinsurer", "expenditure", "attachment", "share"),
        ),
        "adjustments": _named(
            "Other amounts of the period; below zero the payee pays them back",
            expression_schema("money", title="Amount in currency"),
        ),
        "to": {
            "title": "Who is paid what is settled for the period, in a rule without for_each",
            "type": "string",
            "x-party": "one",
        },
        "split": _named(
            "Accounts that divide what the payer pays, each with its weight",
            {"type": "number", "minimum": 0},
        )
        | {"x-party-keys": True},
    },
    "required": ["payer"],
    "dependentRequired": {
        name: ["rate"]
        for name in ("risk", "prorate", "payee", "entities", "deduct", "withhold", "panel")
    },
    "additionalProperties": False,
}

_PLAIN: Final = (
    "payer",
    "rate",
    "risk",
    "prorate",
    "payee",
    "entities",
    "deduct",
    "withhold",
    "guarantee",
    "adjustments",
    "to",
    "split",
)
_PAYS: Final = ("rate", "covers", "premium", "release", "stop_loss", "adjustments")


@frozen(kw_only=True)
class Covers:
    """Services of claims that are paid for already.

    Attributes:
        members: Spans of enrolment on whose days a member is covered.
        amount: What is taken off a covered line, in currency.
        services: Lines that are covered; None for all of them.
        carve_outs: Lines of these that are not; None for none of them.
        group_code: X12 group code of what is taken off.
        carc: X12 reason code of what is taken off.
    """

    members: Formula
    amount: Formula
    services: Formula | None = None
    carve_outs: Formula | None = None
    group_code: str = "CO"
    carc: str = "24"

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Covers":
        """Read what stands under `covers`; it fits the schema."""
        group_code, carc = said.get("code", "CO-24").split("-")
        formulas = {name: formula for name, formula in said.items() if name != "code"}
        return cls(**formulas, group_code=group_code, carc=carc)


@frozen(kw_only=True)
class Release:
    """A withheld amount and the fraction of it that is released."""

    withheld: Formula
    rate: Formula


@frozen(kw_only=True)
class StopLoss:
    """Reinsurance of each member's expenditure.

    Attributes:
        reinsurer: Who pays.
        expenditure: Of a member in the period.
        attachment: Where it begins.
        share: Fraction of the excess that is paid.
        limit: Most that is paid for a member, or None.
    """

    reinsurer: str
    expenditure: Formula
    attachment: Formula
    share: Formula
    limit: Formula | None = None


@frozen(kw_only=True)
class Terms:
    """What is paid for a member-month, and what is settled for a period.

    Attributes:
        payer: Who pays.
        rate: What a whole member-month is paid, or None where none is.
        risk: Factor on it, or None for one.
        prorate: `by_day`, `on_15` or `whole_month`.
        payee: Who is paid for a member-month, or None for its party.
        entities: Whom a rule with for_each settles: `payees` or `members`.
        deduct: What is taken off a whole member-month, or None.
        withhold: Fraction that is kept back, or None.
        panel: Fewest members of a month that is paid, or None.
        covers: Services of claims that are paid for already, or None.
        premium: Premium of the period, or None.
        premium_share: Fraction of it that is paid, or None.
        guarantee: The least that a period pays, or None.
        release: Withheld amounts that come free, by name.
        stop_loss: Reinsurance, or None.
        adjustments: Other amounts of the period, by name.
        to: Who is paid for the period, or None for the entity.
        split: Weights of the accounts that divide what is paid.
    """

    payer: str
    rate: Formula | None = None
    risk: Formula | None = None
    prorate: str = "whole_month"
    payee: Formula | None = None
    entities: str = "payees"
    deduct: Formula | None = None
    withhold: Formula | None = None
    panel: Formula | None = None
    covers: Covers | None = None
    premium: Formula | None = None
    premium_share: Formula | None = None
    guarantee: Formula | None = None
    release: Mapping[str, Release] = Factory(dict)
    stop_loss: StopLoss | None = None
    adjustments: Mapping[str, Formula] = Factory(dict)
    to: str | None = None
    split: Mapping[str, Any] = Factory(dict)

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They pay nothing, or weights divide nothing.
        """
        if not any(name in terms for name in _PAYS):
            message = f"the terms pay nothing; one of {', '.join(_PAYS)} may stand here"
            raise TermsError(((), "GC101", message, None))
        split = terms.get("split", {})
        if split and not any(split.values()):
            raise TermsError(
                (("split",), "GC102", "every weight is 0; one at least is above it", None)
            )
        plain = {name: terms[name] for name in _PLAIN if name in terms}
        premium = terms.get("premium", {})
        return cls(
            **plain,
            panel=terms.get("panel", {}).get("minimum"),
            covers=Covers.read(terms["covers"]) if "covers" in terms else None,
            premium=premium.get("amount"),
            premium_share=premium.get("share"),
            release={name: Release(**said) for name, said in terms.get("release", {}).items()},
            stop_loss=StopLoss(**terms["stop_loss"]) if "stop_loss" in terms else None,
        )
