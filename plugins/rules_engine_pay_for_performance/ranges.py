"""Numbers of the terms that cannot be: outside their range, or in the wrong order."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from rules_engine import Formula, SettlementError

__all__ = ["at_least_zero", "findings", "in_order"]

Finding = tuple[tuple[str | int, ...], str, str, None]


def findings(terms: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what the ranges of formulas prove; the rest is refused when it is settled."""
    domains = terms.get("domains", {})
    for name, domain in domains.items():
        yield from _below_zero(domain["weight"], f"weight of {name}", ("domains", name, "weight"))
    needed = terms.get("domains_needed")
    if needed is not None and _exceeds(needed.type.low, Decimal(len(domains))):
        message = f"domains_needed is {needed.text}, and there are {len(domains)}"
        yield ("domains_needed",), "PP113", message, None
    slope = terms.get("payment", {}).get("slope")
    if slope is not None:
        yield from _below_zero(slope, "slope", ("payment", "slope"))
    for name, measure in terms.get("measures", {}).items():
        yield from _measure(name, measure, terms["points"]["achievement"]["most"])
    for shape, key in (("steps", "from"), ("line", "at")):
        corners = [corner[key] for corner in terms.get("bonus", {}).get(shape, ())]
        place = ("bonus", shape)
        yield from _in_order(corners, f"scores of {shape}", place, key, "rise", strictly=True)


def at_least_zero(value: Fraction, what: str, formula: Formula) -> None:
    """Refuse a number below zero.

    Raises:
        SettlementError: It is; the message names what it is and where it stands.
    """
    if value < 0:
        msg = f"{formula.place}: {what} is {value}; 0 or more may stand there"
        raise SettlementError(msg)


def in_order(values: Sequence[Fraction], what: str, way: str, formula: Formula) -> None:
    """Refuse numbers that do not rise, or fall, each beyond the one before it.

    Raises:
        SettlementError: They do not; the message names them and where the last stands.
    """
    for first, then in pairwise(values):
        if then >= first if way == "fall" else then <= first:
            msg = f"{formula.place}: {what} have to {way}; {then} follows {first}"
            raise SettlementError(msg)


def _measure(name: str, measure: Mapping[str, Any], most: int) -> Iterator[Finding]:
    path = ("measures", name)
    lower = measure.get("better") == "lower"
    if "threshold" in measure and "benchmark" in measure:
        threshold, benchmark = measure["threshold"].type, measure["benchmark"].type
        low, high = (threshold, benchmark) if lower else (benchmark, threshold)
        if _exceeds(high.low, low.high):
            message = f"the benchmark of {name} is worse than its threshold"
            yield (*path, "benchmark"), "PP114", message, None
    gates = measure.get("gates", ())
    place = (*path, "gates")
    rates, points = ([gate[key] for gate in gates] for key in ("rate", "points"))
    way = "fall" if lower else "rise"
    yield from _in_order(rates, f"rates of {name}", place, "rate", way, strictly=True)
    yield from _in_order(points, f"points of {name}", place, "points", "rise", strictly=False)
    for at, one in enumerate(points):
        if _exceeds(one.type.low, Decimal(most)):
            message = f"points of {name} are {one.text}; {most} is the most for achievement"
            yield (*place, at, "points"), "PP113", message, None


def _exceeds(least: Decimal | None, most: Decimal | None) -> bool:
    """Whether a number that is no less than one bound is above another that is no more."""
    return least is not None and most is not None and least > most


def _meets(least: Decimal | None, most: Decimal | None) -> bool:
    return least is not None and least == most


def _below_zero(formula: Formula, what: str, path: tuple[str, ...]) -> Iterator[Finding]:
    if _exceeds(Decimal(0), formula.type.high):
        message = f"{what} is {formula.text}; 0 or more may stand here"
        yield path, "PP113", message, None


def _in_order(
    formulas: Sequence[Formula],
    what: str,
    path: tuple[str, ...],
    key: str,
    way: str,
    *,
    strictly: bool,
) -> Iterator[Finding]:
    for at, (one, other) in enumerate(pairwise(formulas), 1):
        low, high = (other.type, one.type) if way == "fall" else (one.type, other.type)
        if _exceeds(low.low, high.high) or (strictly and _meets(low.low, high.high)):
            message = f"{what} have to {way}; {other.text} follows {one.text}"
            yield (*path, at, key), "PP114", message, None
