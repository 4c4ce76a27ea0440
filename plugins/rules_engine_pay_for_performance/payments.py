"""The terms that make money of a score: a withhold, a bonus, and a penalty of the worst."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, expression_schema

__all__ = ["KINDS", "PAYING", "Bonus", "Cutoff", "Payment", "Pool", "findings"]

KINDS: Final = ("structure", "process", "outcome", "experience", "cost")
"""What a measure is about; results say what share of the money each kind decides."""

_KINDS: Final = {
    "title": "What a score of its own is about: the part of each kind, in sum 1",
    "type": "object",
    "properties": {
        kind: expression_schema("number", title=f"Part that measures of {kind} decide")
        for kind in KINDS
    },
    "minProperties": 1,
    "additionalProperties": False,
}
_SCORE: Final = expression_schema("number or null", title="Score that counts instead of the total")
_PAYER: Final = {"title": "Party that withholds and pays", "type": "string", "x-party": "one"}
_PAYEE: Final = {"title": "Party that is paid", "type": "string", "x-party": "one"}
_BASE: Final = expression_schema("money", title="Payments of the period, in currency")

_PAYMENT: Final[dict[str, Any]] = {
    "title": "What of a withhold the score returns",
    "type": "object",
    "properties": {
        "score": _SCORE,
        "kinds": _KINDS,
        "base": _BASE,
        "withhold": expression_schema("rate", title="Fraction of the base that is withheld"),
        "slope": expression_schema("number", title="Return of the withhold for a full score"),
        "pool": {
            "title": "All that is withheld is divided among those that have a score",
            "type": "object",
            "properties": {
                "divides_by": {"title": "What the parts follow", "enum": ["score", "rank"]},
                "places": {
                    "title": "Part of each place, from the best",
                    "type": "array",
                    "items": {"type": "number", "minimum": 0},
                    "minItems": 1,
                },
            },
            "required": ["divides_by"],
            "additionalProperties": False,
        },
        "full": expression_schema("number", title="Score that earns the slope once, such as 100"),
        "payer": _PAYER,
        "payee": _PAYEE,
    },
    "required": ["base", "withhold", "full", "payee"],
    "additionalProperties": False,
}

_BONUS: Final[dict[str, Any]] = {
    "title": "What a score earns or costs",
    "type": "object",
    "properties": {
        "score": _SCORE,
        "kinds": _KINDS,
        "base": _BASE,
        "steps": {
            "title": "Rate from each score on; nothing below the first",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "from": expression_schema("number", title="Lowest score"),
                    "rate": expression_schema("number", title="Fraction of the base"),
                },
                "required": ["from", "rate"],
                "additionalProperties": False,
            },
            "minItems": 1,
        },
        "line": {
            "title": "Rate at each score, in a line between two, and level beyond the ends",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "at": expression_schema("number", title="Score"),
                    "rate": expression_schema("number", title="Fraction of the base"),
                },
                "required": ["at", "rate"],
                "additionalProperties": False,
            },
            "minItems": 2,
        },
        "logistic": {
            "title": "Rate along an S from the lowest to the highest",
            "type": "object",
            "properties": {
                "lowest": expression_schema("number", title="Rate of the worst scores"),
                "highest": expression_schema("number", title="Rate of the best scores"),
                "middle": expression_schema("number", title="Score of the rate in the middle"),
                "steepness": expression_schema("number", title="Steepness for a unit of score"),
                "places": {
                    "title": "Decimal places of the exponential",
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 12,
                },
            },
            "required": ["lowest", "highest", "middle", "steepness", "places"],
            "additionalProperties": False,
        },
        "payer": _PAYER,
        "payee": _PAYEE,
    },
    "required": ["base", "payer", "payee"],
    "additionalProperties": False,
}

_CUTOFF: Final[dict[str, Any]] = {
    "title": "What scores beyond a percentile of all cost",
    "type": "object",
    "properties": {
        "score": _SCORE,
        "kinds": _KINDS,
        "base": _BASE,
        "percentile": {
            "title": "Which percentile of all scores, 0 to 1",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
        },
        "worse": {"title": "Which scores are worse", "enum": ["higher", "lower"]},
        "strict": {"title": "Whether a score at the percentile is spared", "type": "boolean"},
        "rate": expression_schema("rate", title="Fraction of the base that is taken away"),
        "payer": _PAYER,
        "payee": _PAYEE,
    },
    "required": ["base", "percentile", "worse", "strict", "rate", "payer", "payee"],
    "additionalProperties": False,
}

_SHAPES: Final = frozenset({"steps", "line", "logistic"})

PAYING: Final[Mapping[str, Any]] = {"payment": _PAYMENT, "bonus": _BONUS, "cutoff": _CUTOFF}
"""Schema of each term that makes money of a score."""


@frozen(kw_only=True)
class Pool:
    """How what is withheld from all is divided.

    Attributes:
        places: Part of each place, from the best; None where parts follow scores.
    """

    places: tuple[Fraction, ...] | None


@frozen(kw_only=True)
class Payment:
    """What of a withhold the score returns.

    Attributes:
        score: What counts; None for the total.
        kinds: What a score of its own is about; empty for the total.
        base: Payments of the period, in currency.
        withhold: Fraction of the base that is withheld, 0 to 1.
        slope: Return of the withhold for a full score; None with a pool.
        pool: How the withholds of all are divided; None with a slope.
        full: Score that earns the slope once.
        payer: Party that withholds and pays; None with a pool.
        payee: Party that is paid.
    """

    score: Formula | None
    kinds: Mapping[str, Formula]
    base: Formula
    withhold: Formula
    slope: Formula | None
    pool: Pool | None
    full: Formula
    payer: str | None
    payee: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Payment":
        """Read what fits the schema."""
        pool = given.get("pool")
        places = None if pool is None else pool.get("places")
        return cls(
            score=given.get("score"),
            kinds=given.get("kinds", {}),
            base=given["base"],
            withhold=given["withhold"],
            slope=given.get("slope"),
            pool=None
            if pool is None
            else Pool(places=None if places is None else tuple(map(_exact, places))),
            full=given["full"],
            payer=given.get("payer"),
            payee=given["payee"],
        )


@frozen(kw_only=True)
class Bonus:
    """What a score earns or costs.

    Attributes:
        score: What counts; None for the total.
        kinds: What a score of its own is about; empty for the total.
        base: Payments of the period, in currency.
        steps: Lowest score and rate of each step, or empty.
        line: Score and rate of each corner, or empty.
        logistic: Formulas of the S, or empty.
        places: Decimal places of its exponential.
        payer: Who pays a positive rate.
        payee: Who gets it, and pays a negative one.
    """

    score: Formula | None
    kinds: Mapping[str, Formula]
    base: Formula
    steps: tuple[tuple[Formula, Formula], ...]
    line: tuple[tuple[Formula, Formula], ...]
    logistic: Mapping[str, Formula]
    places: int
    payer: str
    payee: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Bonus":
        """Read what fits the schema."""
        curve = given.get("logistic", {})
        return cls(
            score=given.get("score"),
            kinds=given.get("kinds", {}),
            base=given["base"],
            steps=tuple((one["from"], one["rate"]) for one in given.get("steps", ())),
            line=tuple((one["at"], one["rate"]) for one in given.get("line", ())),
            logistic={name: part for name, part in curve.items() if name != "places"},
            places=int(curve.get("places", 1)),
            payer=given["payer"],
            payee=given["payee"],
        )


@frozen(kw_only=True)
class Cutoff:
    """What scores beyond a percentile of all cost.

    Attributes:
        score: What counts; None for the total.
        kinds: What a score of its own is about; empty for the total.
        base: Payments of the period, in currency.
        percentile: Which percentile of all scores, 0 to 1.
        higher_is_worse: Whether higher scores are worse.
        strict: Whether a score at the percentile is spared.
        rate: Fraction of the base that is taken away.
        payer: Who gets it.
        payee: Whose payments are cut.
    """

    score: Formula | None
    kinds: Mapping[str, Formula]
    base: Formula
    percentile: Fraction
    higher_is_worse: bool
    strict: bool
    rate: Formula
    payer: str
    payee: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Cutoff":
        """Read what fits the schema."""
        return cls(
            score=given.get("score"),
            kinds=given.get("kinds", {}),
            base=given["base"],
            percentile=_exact(given["percentile"]),
            higher_is_worse=given["worse"] == "higher",
            strict=given["strict"],
            rate=given["rate"],
            payer=given["payer"],
            payee=given["payee"],
        )


def _exact(value: int | Decimal) -> Fraction:
    return Fraction(value)


def findings(terms: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str, None]]:
    """Find terms that fit the schema and make no sense together."""
    yield from _scores(terms)
    if "bonus" in terms and len(_SHAPES & terms["bonus"].keys()) != 1:
        message = "bonus has steps, a line or a logistic curve; it needs one of the three"
        yield ("bonus",), "PP111", message, None
    payment = terms.get("payment")
    if payment is not None:
        yield from _divided(payment)


def _scores(terms: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str, None]]:
    for name in PAYING:
        if name in terms and "domains" not in terms and "score" not in terms[name]:
            message = f"{name} has no score, and no domains make up a total; it needs one of them"
            yield (name,), "PP105", message, None
        elif name in terms and "score" in terms[name] and "kinds" not in terms[name]:
            message = f"{name} has a score of its own; kinds has to say what that is about"
            yield (name,), "PP112", message, None
        elif name in terms and "kinds" in terms[name] and "score" not in terms[name]:
            message = f"{name} follows the total, whose measures say their kinds; kinds may go"
            yield (name, "kinds"), "PP112", message, None


def _divided(payment: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str, None]]:
    pool = payment.get("pool")
    if (pool is None) == ("slope" not in payment):
        message = "payment has a slope or a pool; it needs one of the two"
        yield ("payment",), "PP106", message, None
    if (pool is None) != ("payer" in payment):
        message = "payment has a payer where it has a slope; a pool pays from what it withholds"
        yield ("payment",), "PP107", message, None
    if pool is not None:
        places = pool.get("places")
        if (pool["divides_by"] == "rank") != (places is not None):
            message = "pool has places where it divides by rank, and nowhere else"
            yield ("payment", "pool"), "PP108", message, None
        elif places is not None and sum(map(_exact, places)) != 1:
            message = f"places of the pool add up to {sum(places)}; they may add up to 1"
            yield ("payment", "pool", "places"), "PP109", message, None
