"""Numbers of the terms that cannot be: outside their range, or in the wrong order."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from rules_engine import Formula, SettlementError

__all__ = ["at_least_zero", "findings", "in_order"]

Finding = tuple[tuple[str | int, ...], str, str, None]


def findings(terms: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what is wrong whatever the data are; the rest is refused when it is settled."""
    domains = terms.get("domains", {})
    for name, domain in domains.items():
        yield from _below_zero(domain["weight"], f"weight of {name}", ("domains", name, "weight"))
    needed = terms.get("domains_needed")
    if needed is not None and needed.constant is not None and needed.constant > len(domains):
        message = f"domains_needed is {needed.constant}, and there are {len(domains)}"
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
    ends = [measure[key].constant for key in ("threshold", "benchmark") if key in measure]
    threshold, benchmark = ends if len(ends) == 2 else (None, None)  # noqa: PLR2004  both of them
    if threshold is not None and benchmark is not None:
        worse = benchmark > threshold if lower else benchmark < threshold
        if worse:
            message = f"the benchmark of {name} is worse than its threshold"
            yield (*path, "benchmark"), "PP114", message, None
    gates = measure.get("gates", ())
    place = (*path, "gates")
    rates, points = ([gate[key] for gate in gates] for key in ("rate", "points"))
    way = "fall" if lower else "rise"
    yield from _in_order(rates, f"rates of {name}", place, "rate", way, strictly=True)
    yield from _in_order(points, f"points of {name}", place, "points", "rise", strictly=False)
    for at, one in enumerate(points):
        if one.constant is not None and one.constant > most:
            message = f"points of {name} are {one.constant}; {most} is the most for achievement"
            yield (*place, at, "points"), "PP113", message, None


def _below_zero(formula: Formula, what: str, path: tuple[str, ...]) -> Iterator[Finding]:
    if formula.constant is not None and formula.constant < 0:
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
        first, then = one.constant, other.constant
        if first is None or then is None:
            continue
        low, high = (then, first) if way == "fall" else (first, then)
        if low > high or (strictly and low == high):
            message = f"{what} have to {way}; {other.text} follows {one.text}"
            yield (*path, at, key), "PP114", message, None
