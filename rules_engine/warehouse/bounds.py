"""The range of a number and the decimal that a database keeps it in."""

from decimal import Decimal
from typing import Final

from attrs import frozen

from rules_engine.expressions.types import EXACT, Type

__all__ = ["INT32", "Bounds", "Stored"]

INT32: Final = 2**31 - 1
"""Largest number of the machine integers that every database has."""

_UNBOUNDED: Final = 10**18 - 1


@frozen
class Stored:
    """How a database keeps a number.

    Attributes:
        digits: Decimal digits in all; None for a machine integer of 32 bits.
        scale: How many of them stand behind the point.
    """

    digits: int | None
    scale: int = 0

    @property
    def whole(self) -> int:
        """Digits before the point."""
        return (self.digits or 0) - self.scale


@frozen
class Bounds:
    """Every value a number can have lies here.

    Attributes:
        scale: Decimal places.
        low: Smallest value, counted in units of the last place.
        high: Largest value, counted likewise.
    """

    scale: int
    low: int
    high: int

    @classmethod
    def of(cls, type_: Type) -> "Bounds":
        """Give the range of a declared number; a count without one has 18 digits at most."""
        scale = type_.scale or 0
        low, high = (
            default if bound is None else int(bound.scaleb(scale, EXACT))
            for bound, default in ((type_.low, -_UNBOUNDED), (type_.high, _UNBOUNDED))
        )
        return cls(scale, low, high)

    @classmethod
    def exactly(cls, value: Decimal) -> "Bounds":
        """Give the range of one number, with the places in which it is written."""
        scale = max(0, -int(value.as_tuple().exponent))
        whole = int(value.scaleb(scale, EXACT))
        return cls(scale, whole, whole)

    @property
    def size(self) -> int:
        """Largest distance from zero, in units of the last place."""
        return max(abs(self.low), abs(self.high))

    @property
    def digits(self) -> int:
        """Decimal digits that hold every value."""
        return max(1, self.scale, len(str(self.size)))

    def at(self, scale: int) -> "Bounds":
        """Give the same range with another number of places, never narrower."""
        if scale >= self.scale:
            unit = 10 ** (scale - self.scale)
            return Bounds(scale, self.low * unit, self.high * unit)
        unit = 10 ** (self.scale - scale)
        return Bounds(scale, self.low // unit, -(-self.high // unit))

    def within(self, digits: int) -> "Bounds":
        """Give what of the range so many digits hold."""
        widest = 10**digits - 1
        return Bounds(self.scale, max(self.low, -widest), min(self.high, widest))

    def __add__(self, other: "Bounds") -> "Bounds":
        """Give the range of a sum."""
        a, b = _aligned(self, other)
        return Bounds(a.scale, a.low + b.low, a.high + b.high)

    def __neg__(self) -> "Bounds":
        """Give the range of the opposite number."""
        return Bounds(self.scale, -self.high, -self.low)

    def __sub__(self, other: "Bounds") -> "Bounds":
        """Give the range of a difference."""
        return self + -other

    def __mul__(self, other: "Bounds") -> "Bounds":
        """Give the range of a product."""
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Bounds(self.scale + other.scale, min(corners), max(corners))

    def __or__(self, other: "Bounds") -> "Bounds":
        """Give the range of either number."""
        a, b = _aligned(self, other)
        return Bounds(a.scale, min(a.low, b.low), max(a.high, b.high))

    def absolute(self) -> "Bounds":
        """Give the range of the distance from zero."""
        low = 0 if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))
        return Bounds(self.scale, low, self.size)

    def divided(self, other: "Bounds") -> "Bounds":
        """Give the range of a whole quotient, cut towards zero; both numbers are whole."""
        # Nothing is divided by zero, so that a divisor is one at least.
        least = 1 if other.low <= 0 <= other.high else min(abs(other.low), abs(other.high))
        widest = self.size // least
        positive = self.low >= 0 and other.low >= 0
        return Bounds(0, 0 if positive else -widest, widest)

    def rest(self, other: "Bounds") -> "Bounds":
        """Give the range of what a whole division leaves; it has the sign of what is divided."""
        widest = min(self.size, max(0, other.size - 1))
        return Bounds(0, 0 if self.low >= 0 else -widest, 0 if self.high <= 0 else widest)


def _aligned(a: Bounds, b: Bounds) -> tuple[Bounds, Bounds]:
    scale = max(a.scale, b.scale)
    return a.at(scale), b.at(scale)
