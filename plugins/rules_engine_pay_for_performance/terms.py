"""The terms of a pay-for-performance rule: measures, domains and what a score pays."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema
from rules_engine_pay_for_performance import ranges
from rules_engine_pay_for_performance.payments import (
    KINDS,
    PAYING,
    Bonus,
    Cutoff,
    Payment,
    findings,
)

__all__ = [
    "SCHEMA",
    "Consistency",
    "Domain",
    "Measure",
    "Penalty",
    "Points",
    "Ratio",
    "Terms",
]

_NAME: Final = "^[a-z][a-z0-9_]*$"
_MADE: Final = ("numerator", "denominator")
_RATES: Final = ("performance", *_MADE, "cases", "baseline", "threshold", "benchmark", "floor")


def _number(title: str) -> dict[str, Any]:
    return expression_schema("number or null", title=title)


def _named(title: str, of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": of,
        "minProperties": 1,
    }


_MOST: Final = {"type": "integer", "minimum": 1}
_BETWEEN: Final = expression_schema(
    "number",
    title="Points between none and all, from the share of the way; in a line where nothing is said",
    dated=False,
    names={"share": "number"},
    examples=["least(greatest(round(9 * share + 0.5, 0), 1), 9)"],
)
_POINTS: Final = {
    "type": "object",
    "properties": {"most": {"title": "Most points", **_MOST}, "between": _BETWEEN},
    "required": ["most"],
    "additionalProperties": False,
}

_MEASURE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "kind": {"title": "What the measure is about", "enum": list(KINDS)},
        "domain": {
            "title": "Domain that its points count in, by first day where it has changed",
            "type": ["string", "object"],
            "propertyNames": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
            "additionalProperties": {"type": "string"},
        },
        "better": {"title": "Which rates are better", "enum": ["higher", "lower"]},
        "when": expression_schema("boolean", title="Whether the measure counts here at all"),
        "performance": _number("Rate of the performance period"),
        "numerator": _number("What happened, of which the rate is made; such as events observed"),
        "denominator": _number("To how many, or how much was to be expected"),
        "cases": _number("Number of cases; the denominator where nothing else is said"),
        "minimum": expression_schema("number", title="Fewest cases for which there is a rate"),
        "baseline": _number("Rate of the baseline period"),
        "threshold": _number("Rate from which achievement earns points"),
        "benchmark": _number("Rate from which achievement earns all points"),
        "floor": _number("Rate at which consistency is nothing"),
        "gates": {
            "title": "Rates and the points that each of them earns, from the least points",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "rate": expression_schema("number", title="Rate that has to be met"),
                    "points": expression_schema("number", title="Points that it earns"),
                },
                "required": ["rate", "points"],
                "additionalProperties": False,
            },
            "minItems": 1,
        },
        "combines": {
            "title": "Measures of which this one is made up",
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": True,
        },
        "given": _number("Points that are given where more than one part has points"),
    },
    "required": ["kind"],
    "additionalProperties": False,
}

_DOMAIN: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "weight": expression_schema("number", title="Weight of the domain, in any unit"),
        "minimum": expression_schema(
            "number", title="Fewest measures with points for which the domain has a score"
        ),
        "consistency": {
            "title": "Points for the lowest of the domain's measures between floor and threshold",
            "type": "object",
            "properties": {
                "points": {"title": "Most points", **_MOST},
                "between": _BETWEEN,
                "kind": {"title": "What these points are about", "enum": list(KINDS)},
            },
            "required": ["points", "kind"],
            "additionalProperties": False,
        },
        "given": _number("Score of the domain, 0 to 100, where no measures of it are known"),
        "kind": {"title": "What a given score is about", "enum": list(KINDS)},
    },
    "dependentRequired": {"given": ["kind"], "kind": ["given"]},
    "required": ["weight", "minimum"],
    "additionalProperties": False,
}

_RATIO: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "kind": {"title": "What the ratio is about", "enum": list(KINDS)},
        "predicted": _number("What happened, adjusted for risk; or the ratio itself"),
        "expected": _number("What was to be expected, in the same unit; 1 for a ratio"),
        "counts": expression_schema("boolean", title="Whether it is penalized here"),
        "limit": _number("Ratio above which it is penalized"),
        "weight": _number("Share of payments that it concerns"),
    },
    "required": ["kind", "predicted", "expected", "counts", "limit", "weight"],
    "additionalProperties": False,
}

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of pay_for_performance",
    "type": "object",
    "properties": {
        "measures": _named("What is measured", _MEASURE),
        "points": {
            "title": "Points of a measure",
            "type": "object",
            "properties": {
                "achievement": {"title": "For achievement", **_POINTS},
                "improvement": {"title": "For improvement", **_POINTS},
            },
            "required": ["achievement", "improvement"],
            "additionalProperties": False,
        },
        "domains": _named("How measures become a score", _DOMAIN),
        "domains_needed": expression_schema(
            "number", title="Fewest domains with a score for which there is a total"
        ),
        **PAYING,
        "ratios": _named("Outcomes of medical conditions against what was expected", _RATIO),
        "penalty": {
            "title": "What ratios above their limits cost",
            "type": "object",
            "properties": {
                "modifier": expression_schema("number", title="Multiplier of the whole"),
                "cap": expression_schema("rate", title="Most that is taken away"),
                "places": {
                    "title": "Decimal places of the factor",
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 12,
                },
                "base": expression_schema(
                    "money or null", title="Payments that are cut, in currency"
                ),
                "payer": {"title": "Party that gets it", "type": "string", "x-party": "one"},
                "payee": {"title": "Party that loses it", "type": "string", "x-party": "one"},
            },
            "dependentRequired": {
                "base": ["payer", "payee"],
                "payer": ["base"],
                "payee": ["base"],
            },
            "required": ["modifier", "cap", "places"],
            "additionalProperties": False,
        },
    },
    "dependentRequired": {
        "measures": ["points", "domains"],
        "domains": ["domains_needed"],
        "ratios": ["penalty"],
        "penalty": ["ratios"],
    },
    "minProperties": 1,
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Measure:
    """One measure.

    Attributes:
        kind: One of `KINDS`.
        domains: Where its points count, by first day; empty for a part of another measure.
        lower_is_better: Whether lower rates are better.
        when: Whether it counts; None for always.
        rates: Formulas of performance or numerator, denominator and cases, and of baseline,
            threshold, benchmark and floor.
        minimum: Fewest cases; None for any number.
        gates: Rates and the points that they earn; empty with threshold and benchmark.
        combines: Measures of which it is made up.
        given: Points where more than one of these has points.
    """

    kind: str
    domains: Mapping[str, str]
    lower_is_better: bool
    when: Formula | None
    rates: Mapping[str, Formula]
    minimum: Formula | None
    gates: tuple[tuple[Formula, Formula], ...]
    combines: tuple[str, ...]
    given: Formula | None

    def domain(self, day: date) -> str | None:
        """Give the domain that it counts in on a day; None before the first, or for a part."""
        begun = [first for first in self.domains if first <= day.isoformat()]
        return self.domains[max(begun)] if begun else None


@frozen
class Points:
    """Points on the way from none to all.

    Attributes:
        most: All of them.
        between: Points from the share of the way, 0 to 1, that a rate has gone; None for a line.
    """

    most: int
    between: Formula | None

    @classmethod
    def read(cls, most: Any, between: Formula | None) -> "Points":
        """Read what stands in the terms."""
        return cls(int(most), between)

    def at(self, share: str) -> str:
        """Write the points of a share of the way, which is a formula of a worksheet."""
        if self.between is None:
            return f"{self.most} * ({share})"
        return self.between.over({"share": share})


@frozen(kw_only=True)
class Consistency:
    """Points for the lowest of a domain's measures.

    Attributes:
        points: Those of the share of the way from floor to threshold.
        kind: One of `KINDS`.
    """

    points: Points
    kind: str


@frozen(kw_only=True)
class Domain:
    """One domain.

    Attributes:
        weight: Its weight, in any unit.
        minimum: Fewest measures with points; where it is below 1 it is 1.
        consistency: Points for the lowest of its measures, or None.
        given: Its score where it is told and not made of measures, or None.
        kind: One of `KINDS` where the score is given, or None.
    """

    weight: Formula
    minimum: Formula
    consistency: Consistency | None
    given: Formula | None
    kind: str | None


@frozen(kw_only=True)
class Ratio:
    """An outcome against what was expected.

    Attributes:
        kind: One of `KINDS`.
        predicted: What happened, adjusted for risk.
        expected: What was to be expected, in the same unit.
        counts: Whether it is penalized.
        limit: Ratio above which it is penalized.
        weight: Share of payments that it concerns.
    """

    kind: str
    predicted: Formula
    expected: Formula
    counts: Formula
    limit: Formula
    weight: Formula


@frozen(kw_only=True)
class Penalty:
    """What ratios above their limits cost.

    Attributes:
        modifier: Multiplier of the whole.
        cap: Most that is taken away, 0 to 1.
        places: Decimal places of the factor.
        base: Payments that are cut, in currency; None where only the factor is told.
        payer: Who gets what is cut, or None.
        payee: Whose payments are cut, or None.
    """

    modifier: Formula
    cap: Formula
    places: int
    base: Formula | None
    payer: str | None
    payee: str | None


@frozen(kw_only=True)
class Terms:
    """The terms of the rule.

    Attributes:
        measures: By name; parts before the measures that they make up.
        achievement: Points on the way from threshold to benchmark.
        improvement: Points on the way from baseline to benchmark.
        domains: By name.
        domains_needed: Fewest domains with a score for a total.
        payment: What of a withhold the score returns, or None.
        bonus: What the score earns or costs, or None.
        cutoff: What scores beyond a percentile of all cost, or None.
        ratios: Outcomes against what was expected, by name.
        penalty: What these cost, or None.
    """

    measures: Mapping[str, Measure]
    achievement: Points
    improvement: Points
    domains: Mapping[str, Domain]
    domains_needed: Formula | None
    payment: Payment | None
    bonus: Bonus | None
    cutoff: Cutoff | None
    ratios: Mapping[str, Ratio]
    penalty: Penalty | None

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        wrong = [*_findings(terms), *findings(terms)]
        wrong += [] if wrong else ranges.findings(terms)
        if wrong:
            raise TermsError(*wrong)
        measures = {name: _measure(given) for name, given in terms.get("measures", {}).items()}
        payment, bonus, cutoff = (terms.get(name) for name in PAYING)
        penalty = terms.get("penalty")
        # Without measures nothing asks for them.
        points = terms.get("points", {"achievement": {"most": 1}, "improvement": {"most": 1}})
        return cls(
            measures=dict(sorted(measures.items(), key=lambda item: bool(item[1].combines))),
            achievement=_points(points["achievement"]),
            improvement=_points(points["improvement"]),
            domains={name: _domain(given) for name, given in terms.get("domains", {}).items()},
            domains_needed=terms.get("domains_needed"),
            payment=None if payment is None else Payment.read(payment),
            bonus=None if bonus is None else Bonus.read(bonus),
            cutoff=None if cutoff is None else Cutoff.read(cutoff),
            ratios={name: Ratio(**given) for name, given in terms.get("ratios", {}).items()},
            penalty=None
            if penalty is None
            else Penalty(
                modifier=penalty["modifier"],
                cap=penalty["cap"],
                places=int(penalty["places"]),
                base=penalty.get("base"),
                payer=penalty.get("payer"),
                payee=penalty.get("payee"),
            ),
        )


def _findings(terms: Mapping[str, Any]) -> Any:
    measures = terms.get("measures", {})
    for name, measure in measures.items():
        path = ("measures", name)
        for domain in _domains(measure).values():
            yield from _misplaced(name, measure, domain, terms["domains"])
        parts = measure.get("combines", [])
        for place, part in enumerate(parts):
            if part not in measures or measures[part].get("combines"):
                message = f"{part} is no measure that could be combined; one with rates may be"
                yield (*path, "combines", place), "PP102", message, None
        for key in _needed(measure):
            if key not in measure:
                yield path, "PP103", f"{name} has no {key}; it needs one", None


def _misplaced(
    name: str, measure: Mapping[str, Any], domain: str, domains: Mapping[str, Any]
) -> Any:
    path = ("measures", name)
    if domain not in domains:
        message = f"{domain} is no domain of this rule; one of its domains may stand here"
        yield (*path, "domain"), "PP101", message, None
        return
    if "given" in domains[domain]:
        message = f"the score of {domain} is given; {name} may count in a domain without"
        yield (*path, "domain"), "PP110", message, None
    if domains[domain].get("consistency") and "floor" not in measure:
        message = f"{name} has no floor; consistency of {domain} needs one"
        yield path, "PP104", message, None


def _needed(measure: Mapping[str, Any]) -> tuple[str, ...]:
    """Give what a measure of its shape cannot do without."""
    if measure.get("combines"):
        return ("given",)
    rate = _MADE if any(key in measure for key in _MADE) else ("performance",)
    return ("better", *rate, *(("gates",) if "gates" in measure else ("threshold", "benchmark")))


def _domains(measure: Mapping[str, Any]) -> Mapping[str, str]:
    """Give the domains of a measure by first day; one that has not changed holds from the first."""
    said = measure.get("domain", {})
    return {date.min.isoformat(): said} if isinstance(said, str) else dict(said)


def _points(given: Mapping[str, Any]) -> Points:
    return Points.read(given["most"], given.get("between"))


def _measure(given: Mapping[str, Any]) -> Measure:
    return Measure(
        kind=given["kind"],
        domains=_domains(given),
        lower_is_better=given.get("better") == "lower",
        when=given.get("when"),
        rates={name: given[name] for name in _RATES if name in given},
        minimum=given.get("minimum"),
        gates=tuple((gate["rate"], gate["points"]) for gate in given.get("gates", ())),
        combines=tuple(given.get("combines", ())),
        given=given.get("given"),
    )


def _domain(given: Mapping[str, Any]) -> Domain:
    consistency = given.get("consistency")
    return Domain(
        weight=given["weight"],
        minimum=given["minimum"],
        consistency=None
        if consistency is None
        else Consistency(
            points=Points.read(consistency["points"], consistency.get("between")),
            kind=consistency["kind"],
        ),
        given=given.get("given"),
        kind=given.get("kind"),
    )
