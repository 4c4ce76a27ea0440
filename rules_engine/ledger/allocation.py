"""Allocation of a whole number of units by largest remainder."""

from collections.abc import Sequence
from math import lcm

from rules_engine.ledger.rounding import Exact, exact


def allocate(total: int, weights: Sequence[Exact]) -> list[int]:
    """Divide a total by weights into whole parts that add back to it.

    Each part is within one unit of its exact share, a negative total gives the parts of the
    positive one negated, and a weight of zero gets nothing.

    Args:
        total: What is divided, in whole units (cents, say); may be negative.
        weights: One for each part, zero or more. Where two remainders are equal, the odd
            unit goes to the earlier place.

    Raises:
        TypeError: The total is not an integer, or a weight is a float.
        ValueError: A weight is negative, or no weight is above zero.
    """
    if isinstance(total, bool) or not isinstance(total, int):
        message = f"total is {total!r}; it may be a whole number of units"
        raise TypeError(message)
    fractions = [exact(weight) for weight in weights]
    negative = next((weight for weight in fractions if weight < 0), None)
    if negative is not None:
        message = f"a weight is {negative}; it may be zero or more"
        raise ValueError(message)
    if not any(fractions):
        message = f"no weight of {len(fractions)} is above zero; one at least must be"
        raise ValueError(message)
    scale = lcm(*(weight.denominator for weight in fractions))
    whole_weights = [int(weight * scale) for weight in fractions]
    weight_total = sum(whole_weights)
    quotas = [divmod(abs(total) * weight, weight_total) for weight in whole_weights]
    parts = [part for part, _ in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda place: (-quotas[place][1], place))
    for place in by_remainder[: abs(total) - sum(parts)]:
        parts[place] += 1
    return parts if total >= 0 else [-part for part in parts]
