"""One exact value out of many: what sums, means and percentiles are."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from rules_engine.expressions.tree import Aggregate

__all__ = ["combine", "percentile", "share"]


def combine(node: Aggregate, values: Sequence[Fraction]) -> Fraction | None:
    """Combine the values of the rows that are taken and have one.

    Returns:
        None where there are none and the function has no value for none; a sum or count of none
        is zero.
    """
    match node.function:
        case "count":
            return Fraction(len(values))
        case "sum":
            return sum(values, Fraction(0))
    if not values:
        return None
    match node.function:
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "mean":
            return sum(values, Fraction(0)) / len(values)
    return percentile(sorted(values), share(node))


def share(node: Aggregate) -> Fraction:
    """Give which percentile it is, 0 to 1; a median is the half."""
    return Fraction(Decimal("0.5") if node.at is None else node.at)


def percentile(ordered: Sequence[Fraction], at: Fraction) -> Fraction:
    """Give the value `at` of the way from the smallest to the largest, between two in a line.

    That is `PERCENTILE_CONT` of SQL and `PERCENTILE.INC` of spreadsheets.
    """
    place = at * (len(ordered) - 1)
    below = ordered[int(place)]
    above = ordered[-int(-place // 1)]
    return below + (above - below) * (place - int(place))
