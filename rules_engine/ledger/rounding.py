"""Rounding of exact numbers to a unit, by the mode that a contract names."""

from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

Exact: TypeAlias = int | Fraction | Decimal

MODES: Final = ("half_up", "half_even", "down")

# Far beyond any sum of money, and small enough that no exponent fills the memory.
_DIGITS_MAX: Final = 4000


def exact(number: Exact) -> Fraction:
    """Give the same number as a fraction, with nothing lost.

    Raises:
        TypeError: The number is a float, a boolean or no number at all.
        ValueError: The number is infinite, not a number, or of an absurd exponent.
    """
    if isinstance(number, bool) or not isinstance(number, int | Fraction | Decimal):
        message = f"{number!r} is {type(number).__name__}; it may be int, Fraction or Decimal"
        raise TypeError(message)
    if isinstance(number, Decimal):
        if not number.is_finite():
            message = f"{number} is not finite; it may be any finite decimal"
            raise ValueError(message)
        exponent = int(number.as_tuple().exponent)
        if abs(exponent) > _DIGITS_MAX:
            message = f"{number} has exponent {exponent}; it may be {_DIGITS_MAX} at most"
            raise ValueError(message)
    return Fraction(number)


def round_to(x: Exact, unit: Exact, mode: str = "half_up") -> Fraction:
    """Round a number to the nearest multiple of a unit.

    Args:
        x: The number to round.
        unit: The distance between two results, above zero: 1/100 rounds dollars to cents.
        mode: `half_up` (a half goes away from zero), `half_even` (a half goes to the even
            multiple) or `down` (towards zero).

    Raises:
        ValueError: The unit is not above zero, or the mode is unknown.
    """
    step = exact(unit)
    if step <= 0:
        message = f"unit is {unit}; it may be any number above zero"
        raise ValueError(message)
    units = exact(x) / step
    return _whole(units.numerator, units.denominator, mode) * step


def _whole(numerator: int, denominator: int, mode: str) -> int:
    """Round a quotient of integers, its denominator above zero, to an integer."""
    # The magnitude is rounded and the sign put back, because floor division of a negative
    # numerator goes away from zero and would treat a loss differently from a gain.
    sign = -1 if numerator < 0 else 1
    whole, rest = divmod(abs(numerator), denominator)
    if mode == "half_up":
        up = 2 * rest >= denominator
    elif mode == "half_even":
        up = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    elif mode == "down":
        up = False
    else:
        message = f"mode is {mode!r}; it may be {', '.join(MODES)}"
        raise ValueError(message)
    return sign * (whole + up)
