"""The terms of a gain and loss sharing rule over a pool."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "Part", "Terms"]

_NAME: Final = "^[a-z][a-z0-9_]*$"


def _amounts(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": expression_schema(
            "money", title="Amount of the period in currency"
        ),
        "minProperties": 1,
    }


_SHARE: Final[dict[str, Any]] = {
    "title": "How the parties divide it: equal parts, stated weights, or a measure of each party",
    "oneOf": [
        {"const": "equal"},
        {
            "type": "object",
            "properties": {
                "weights": {
                    "title": "Weight of each party of among, in any unit",
                    "type": "object",
                    "x-party-keys": True,
                    "additionalProperties": {"type": "number", "minimum": 0},
                    "minProperties": 1,
                },
                "by": expression_schema(
                    "number", "party", title="Weight of a party, such as count(member_month)"
                ),
            },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
    ],
}

_PART: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "share": _SHARE,
        "among": {
            "title": "Parties and groups that divide it; a group stands for its members",
            "type": "array",
            "items": {"type": "string", "x-party": True},
            "minItems": 1,
            "uniqueItems": True,
        },
        "nested": {
            "title": "Divide among the entries of `among` first, and within each group then",
            "type": "boolean",
            "default": False,
        },
        "gate": expression_schema("boolean", title="Whether it is divided at all"),
        "rate": expression_schema("rate", title="Fraction of it that is divided, 0 to 1"),
        "cap": expression_schema("money", title="Most that is divided, in currency"),
        "residual": {
            "title": "Party that keeps, or bears, what gate, rate and cap leave",
            "type": "string",
            "x-party": "one",
        },
    },
    "required": ["share", "among"],
    "additionalProperties": False,
    # A party without a weight would silently get nothing.
    "x-weights": {"of": ["among"], "in": ["share", "weights"]},
}

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of gain_loss_sharing",
    "type": "object",
    "properties": {
        "revenue": _amounts("What comes into the pool"),
        "expenditure": _amounts("What is paid out of the pool"),
        "gain": {"title": "How a gain is divided", **_PART},
        "loss": {"title": "How a loss is divided", **_PART},
    },
    "required": ["revenue", "expenditure", "gain", "loss"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Part:
    """How a gain, or a loss, is divided.

    Attributes:
        among: Parties and groups.
        weights: Weight of each party; None for equal parts.
        by: Weight of each party as a formula; None for equal or stated parts.
        nested: Whether groups are divided first.
        gate: Whether it is divided at all.
        rate: Fraction of it that is divided, 0 to 1.
        cap: Most that is divided, in currency.
        residual: Party that keeps or bears the rest.
    """

    among: tuple[str, ...]
    weights: Mapping[str, Fraction] | None = None
    by: Formula | None = None
    nested: bool = False
    gate: Formula | None = None
    rate: Formula | None = None
    cap: Formula | None = None
    residual: str | None = None

    @classmethod
    def read(cls, name: str, terms: Mapping[str, Any]) -> "Part":
        """Read one part.

        Raises:
            TermsError: Something may be left over and nobody is named who keeps it.
        """
        share = terms["share"]
        weights = share.get("weights") if isinstance(share, Mapping) else None
        limited = [key for key in ("gate", "rate", "cap") if key in terms]
        if limited and "residual" not in terms:
            limits = " and ".join(limited)
            message = (
                f"{name} has {limits} but no residual; a party may stand there that keeps or bears"
                " the rest"
            )
            raise TermsError(((name,), "GL101", message, "add residual: <party>"))
        if weights is not None and not any(weights.values()):
            raise TermsError(
                (
                    (name, "share", "weights"),
                    "GL102",
                    "every weight is 0; one at least is more",
                    None,
                )
            )
        return cls(
            among=tuple(terms["among"]),
            weights=None
            if weights is None
            else {party: _exact(weight) for party, weight in weights.items()},
            by=share.get("by") if isinstance(share, Mapping) else None,
            nested=terms.get("nested", False),
            gate=terms.get("gate"),
            rate=terms.get("rate"),
            cap=terms.get("cap"),
            residual=terms.get("residual"),
        )


def _exact(number: Decimal | int) -> Fraction:
    return Fraction(number)


@frozen(kw_only=True)
class Terms:
    """The terms of a pool.

    Attributes:
        revenue: What comes in, by name; currency for the period.
        expenditure: What goes out, by name; currency for the period.
        gain: How a gain is divided.
        loss: How a loss is divided.
    """

    revenue: Mapping[str, Formula]
    expenditure: Mapping[str, Formula]
    gain: Part
    loss: Part

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        clash = sorted(set(terms["revenue"]) & set(terms["expenditure"]))
        if clash:
            path = ("expenditure", clash[0])
            raise TermsError(
                (
                    path,
                    "GL103",
                    f"{clash[0]} is revenue and expenditure; each amount has a name of its own",
                    None,
                )
            )
        return cls(
            revenue=terms["revenue"],
            expenditure=terms["expenditure"],
            gain=Part.read("gain", terms["gain"]),
            loss=Part.read("loss", terms["loss"]),
        )
