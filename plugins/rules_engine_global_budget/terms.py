"""The terms of a global budget: how it grows, how far rates may float, and what is carried."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "Corridor", "Terms"]

_NAME: Final = "^[a-z][a-z0-9_]*$"


def _named(title: str, inner: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": inner,
        "minProperties": 1,
    }


SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of global_budget",
    "type": "object",
    "properties": {
        "provider": {"title": "Party that has the budget", "type": "string", "x-party": "one"},
        "payers": {
            "title": "Payers; a group stands for its members",
            "type": "array",
            "items": {"type": "string", "x-party": True},
            "minItems": 1,
            "uniqueItems": True,
        },
        "prior": expression_schema("money", title="Budget that this one grows from, in currency"),
        "adjustments": _named(
            "Growth by name, as a fraction: 0.02 is two per cent more",
            expression_schema("number", title="Fraction that is added"),
        ),
        "combine": {
            "title": "Whether adjustments are added up, or each is of what the others lead to",
            "enum": ["additive", "multiplicative"],
            "default": "additive",
        },
        "amounts": _named(
            "What is added to the grown budget, by name; below zero takes away",
            expression_schema("money", title="Amount in currency"),
        ),
        "charges": expression_schema(
            "money", "party", title="What a payer paid or was charged, in currency"
        ),
        "by": expression_schema(
            "number", "party", title="What a payer's part goes by; its charges where it is absent"
        ),
        "corridor": {
            "title": "How far rates may float from the approved ones",
            "type": "object",
            "properties": {
                "at_rates": expression_schema(
                    "money", title="What the volume comes to at approved rates, in currency"
                ),
                "width": expression_schema("rate", title="Fraction that rates may float, 0 to 1"),
                "penalty": expression_schema(
                    "rate", title="Fraction of charges above it that is paid beside them"
                ),
                "below": {
                    "title": "What becomes of charges that were forgone below it",
                    "enum": ["settled", "forfeited"],
                    "default": "settled",
                },
            },
            "required": ["at_rates", "width"],
            "additionalProperties": False,
        },
        "carry": {
            "title": "Account that keeps over- and undercharges; the period's end settles without",
            "type": "string",
            "pattern": _NAME,
            "x-account": True,
        },
    },
    "required": ["provider", "payers", "prior", "charges"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Corridor:
    """How far rates may float.

    Attributes:
        at_rates: What the volume comes to at approved rates, in currency.
        width: Fraction that rates may float, 0 to 1.
        penalty: Fraction of charges above it that is paid beside them; None for none.
        forfeits: Whether charges forgone below it are lost.
    """

    at_rates: Formula
    width: Formula
    penalty: Formula | None
    forfeits: bool


@frozen(kw_only=True)
class Terms:
    """The terms of one budget.

    Attributes:
        provider: Party that has the budget.
        payers: Parties and groups that pay it.
        prior: Budget that this one grows from, in currency.
        adjustments: Growth by name, as a fraction.
        multiplies: Whether each adjustment is of what the others lead to.
        amounts: What is added after growth, by name; currency.
        charges: What a payer was charged.
        by: What a payer's part goes by; None for its charges.
        corridor: How far rates may float; None where nothing limits them.
        carry: Account that keeps over- and undercharges; None where the period's end settles.
    """

    provider: str
    payers: tuple[str, ...]
    prior: Formula
    adjustments: Mapping[str, Formula]
    multiplies: bool
    amounts: Mapping[str, Formula]
    charges: Formula
    by: Formula | None
    corridor: Corridor | None
    carry: str | None

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        found = list(_findings(terms))
        if found:
            raise TermsError(*found)
        corridor = terms.get("corridor")
        return cls(
            provider=terms["provider"],
            payers=tuple(terms["payers"]),
            prior=terms["prior"],
            adjustments=terms.get("adjustments", {}),
            multiplies=terms.get("combine") == "multiplicative",
            amounts=terms.get("amounts", {}),
            charges=terms["charges"],
            by=terms.get("by"),
            corridor=None
            if corridor is None
            else Corridor(
                at_rates=corridor["at_rates"],
                width=corridor["width"],
                penalty=corridor.get("penalty"),
                forfeits=corridor.get("below") == "forfeited",
            ),
            carry=terms.get("carry"),
        )


def _findings(
    terms: Mapping[str, Any],
) -> Iterator[tuple[tuple[str | int, ...], str, str, str | None]]:
    adjustments = terms.get("adjustments", {})
    if "combine" in terms and not adjustments:
        message = "combine says how adjustments go together, and there are none"
        yield ("combine",), "GB101", message, "add adjustments, or take combine away"
    for name in terms.get("amounts", {}):
        if name in adjustments:
            message = f"{name} is an adjustment and an amount; each has a name of its own"
            yield ("amounts", name), "GB102", message, None
    if "by" in terms and "carry" in terms:
        message = "by divides what is settled at the period's end, and carry keeps all of it"
        yield ("by",), "GB103", message, "leave by or carry out"
