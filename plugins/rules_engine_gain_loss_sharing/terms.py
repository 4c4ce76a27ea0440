"""The terms of a gain and loss sharing rule over a pool."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "Band", "Part", "Terms"]

_LIMITS: Final = (
    "gate",
    "minimum_rate",
    "limits",
    "rate",
    "bands",
    "reduce",
    "cap",
    "caps",
    "relief",
)
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


def _several(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "array",
        "items": expression_schema("money", title="Amount in currency"),
        "minItems": 1,
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
        "minimum_rate": expression_schema(
            "number", title="Fraction of revenue that it has to reach before it counts"
        ),
        "counts": {
            "title": "What counts of it once the minimum rate is reached",
            "enum": ["from_first_dollar", "above_minimum"],
            "default": "from_first_dollar",
        },
        "below_minimum": {
            "title": "When it counts below the minimum rate all the same, and at which rate then",
            "type": "object",
            "properties": {
                "when": expression_schema("boolean", title="Whether it counts"),
                "rate": expression_schema("rate", title="Fraction of it that is divided then"),
            },
            "required": ["when", "rate"],
            "additionalProperties": False,
        },
        "limits": _several("Most of it that counts before rate and bands, in currency"),
        "rate": expression_schema("rate", title="Fraction of it that is divided, 0 to 1"),
        "bands": {
            "title": "Rates of the bands that it runs through, each for the part within the band",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "through": expression_schema(
                        "number", title="Fraction of revenue at which the band ends"
                    ),
                    "rate": expression_schema("rate", title="Fraction of the band's part"),
                },
                "required": ["rate"],
                "additionalProperties": False,
            },
            "minItems": 1,
        },
        "reduce": {
            "title": "Fraction that is taken off, such as sequestration, and when",
            "type": "object",
            "properties": {
                "by": expression_schema("rate", title="Fraction that is taken off"),
                "order": {
                    "title": "Whether it is taken off before or after the cap",
                    "enum": ["before_cap", "after_cap"],
                },
            },
            "required": ["by", "order"],
            "additionalProperties": False,
        },
        "cap": expression_schema("money", title="Most that is divided, in currency"),
        "caps": _several("Most that is divided, in currency; the lowest of several holds"),
        "relief": expression_schema(
            "money", title="What is taken off after the cap, down to zero, in currency"
        ),
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
class Band:
    """A band of a gain or loss that has a rate of its own.

    Attributes:
        rate: Fraction of the band's part that is divided, 0 to 1.
        through: Fraction of revenue at which the band ends; None for the last.
    """

    rate: Formula
    through: Formula | None = None


@frozen(kw_only=True)
class Part:
    """How a gain, or a loss, is divided.

    Attributes:
        among: Parties and groups.
        weights: Weight of each party; None for equal parts.
        by: Weight of each party as a formula; None for equal or stated parts.
        nested: Whether groups are divided first.
        gate: Whether it is divided at all.
        minimum_rate: Fraction of revenue that it has to reach before it counts.
        above_minimum: Whether only what lies above the minimum counts.
        below_when: Whether it counts below the minimum all the same.
        below_rate: Fraction of it that is divided then.
        limits: Most of it that counts before rate and bands, in currency.
        rate: Fraction of it that is divided, 0 to 1.
        bands: Rates of the bands that it runs through, lowest first.
        reduce: Fraction that is taken off.
        reduced_first: Whether that is taken off before the cap.
        caps: Most that is divided, in currency; the lowest holds.
        relief: What is taken off after the cap, in currency.
        residual: Party that keeps or bears the rest.
    """

    among: tuple[str, ...]
    weights: Mapping[str, Fraction] | None = None
    by: Formula | None = None
    nested: bool = False
    gate: Formula | None = None
    minimum_rate: Formula | None = None
    above_minimum: bool = False
    below_when: Formula | None = None
    below_rate: Formula | None = None
    limits: tuple[Formula, ...] = ()
    rate: Formula | None = None
    bands: tuple[Band, ...] = ()
    reduce: Formula | None = None
    reduced_first: bool = False
    caps: tuple[Formula, ...] = ()
    relief: Formula | None = None
    residual: str | None = None

    @classmethod
    def read(cls, name: str, terms: Mapping[str, Any]) -> "Part":
        """Read one part.

        Raises:
            TermsError: Something may be left over and nobody is named who keeps it, or terms
                contradict each other.
        """
        share = terms["share"]
        weights = share.get("weights") if isinstance(share, Mapping) else None
        _consistent(name, terms)
        limited = [key for key in _LIMITS if key in terms]
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
            minimum_rate=terms.get("minimum_rate"),
            above_minimum=terms.get("counts") == "above_minimum",
            below_when=terms.get("below_minimum", {}).get("when"),
            below_rate=terms.get("below_minimum", {}).get("rate"),
            limits=tuple(terms.get("limits", ())),
            rate=terms.get("rate"),
            bands=tuple(
                Band(rate=band["rate"], through=band.get("through"))
                for band in terms.get("bands", ())
            ),
            reduce=terms.get("reduce", {}).get("by"),
            reduced_first=terms.get("reduce", {}).get("order") == "before_cap",
            caps=(*((terms["cap"],) if "cap" in terms else ()), *terms.get("caps", ())),
            relief=terms.get("relief"),
            residual=terms.get("residual"),
        )


def _consistent(name: str, terms: Mapping[str, Any]) -> None:
    if "bands" in terms and "rate" in terms:
        message = f"{name} has a rate and bands; one of them says what is divided"
        raise TermsError(((name, "bands"), "GL104", message, "leave rate or bands out"))
    for key in ("counts", "below_minimum"):
        if key in terms and "minimum_rate" not in terms:
            message = f"{name} has {key} and no minimum_rate that it speaks of"
            raise TermsError(((name, key), "GL105", message, "add minimum_rate"))
    bands = terms.get("bands", ())
    for place, band in enumerate(bands):
        is_last = place == len(bands) - 1
        if is_last == ("through" in band):
            message = "every band but the last says through where it ends; the last has no end"
            raise TermsError(((name, "bands", place), "GL106", message, None))


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
