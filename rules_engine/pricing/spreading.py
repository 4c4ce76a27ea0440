"""What is paid once a claim: its lines' parts of it."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from typing import Final

from rules_engine.ledger import allocate

__all__ = ["POSTING", "parts_of", "spread_weights"]

POSTING: Final = Context(prec=60, rounding=ROUND_DOWN)
"""Where amounts change their number of decimal places, whatever the host's context is."""


def parts_of(amount: Decimal, charges: Sequence[Decimal | None], scale: int) -> list[Decimal]:
    """Spread an amount over lines by their charges, by largest remainder.

    Args:
        amount: The whole, in currency.
        charges: Charges of the lines, ordered by their numbers; ties go to the earlier one.
        scale: Decimal places of the parts.
    """
    units = int(amount.scaleb(scale, POSTING))
    parts = allocate(units, spread_weights(charges))
    return [Decimal(part).scaleb(-scale, POSTING) for part in parts]


def spread_weights(charges: Sequence[Decimal | None]) -> list[int | Fraction]:
    """Weights of lines that share one amount: their charges, or equal ones.

    Charges count where all are zero or more and one is positive; an absent charge counts as zero.
    """
    known = [Fraction(charge or 0) for charge in charges]
    if any(weight < 0 for weight in known) or not any(known):
        return [1] * len(known)
    return list(known)
