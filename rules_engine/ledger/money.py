"""Money: a whole number of cents in one currency."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering
from typing import Final

from attrs import Attribute, field, frozen

from rules_engine.ledger.allocation import allocate
from rules_engine.ledger.rounding import Exact, exact, round_to

_AMOUNT: Final = re.compile(r"[+-]?[0-9]+(_[0-9]+)*(\.[0-9]+)?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_CENT: Final = Fraction(1, 100)


class CurrencyError(ValueError):
    """Two amounts of different currencies met."""


def _check_cents(_money: object, _field: "Attribute[int]", cents: int) -> None:
    if isinstance(cents, bool) or not isinstance(cents, int):
        message = f"cents is {cents!r}; it may be a whole number of cents"
        raise TypeError(message)


def _check_currency(_money: object, _field: "Attribute[str]", currency: str) -> None:
    if not _CURRENCY.fullmatch(currency):
        message = f"currency is {currency!r}; it may be three capital letters, such as USD"
        raise ValueError(message)


@total_ordering
@frozen(order=False)
class Money:
    """An exact amount of money.

    Attributes:
        cents: The amount, in hundredths of the currency; negative is owed.
        currency: Three capital letters, as in ISO 4217.
    """

    cents: int = field(validator=_check_cents)
    currency: str = field(default="USD", validator=_check_currency)

    @classmethod
    def of(cls, amount: str | Exact, currency: str = "USD") -> "Money":
        """Read an amount that is already whole cents.

        Args:
            amount: In units of the currency: `"1_234.50"`, `12`, `Decimal("0.07")`.
            currency: Three capital letters.

        Raises:
            TypeError: The amount is a float.
            ValueError: The amount is not a number, or holds a part of a cent.
        """
        if isinstance(amount, str):
            if not _AMOUNT.fullmatch(amount):
                message = f"amount is {amount!r}; it may be digits with a point, such as 1234.50"
                raise ValueError(message)
            cents = Fraction(amount) * 100
        else:
            cents = exact(amount) * 100
        if cents.denominator != 1:
            message = f"amount is {amount}; it may be whole cents (Money.rounded rounds)"
            raise ValueError(message)
        return cls(cents.numerator, currency)

    @classmethod
    def rounded(
        cls,
        amount: Exact,
        to: Exact = _CENT,
        mode: str = "half_up",
        currency: str = "USD",
    ) -> "Money":
        """Round an exact amount to the unit in which a contract posts.

        Args:
            amount: In units of the currency.
            to: The unit, in units of the currency: 1/100 posts cents, 1 posts whole dollars.
            mode: `half_up` (away from zero), `half_even` or `down` (towards zero).
            currency: Three capital letters.

        Raises:
            TypeError: A number is a float.
            ValueError: The unit is not a whole number of cents above zero, or the mode unknown.
        """
        if (exact(to) * 100).denominator != 1:
            message = f"to is {to}; it may be a whole number of cents"
            raise ValueError(message)
        return cls.of(round_to(amount, to, mode), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str = "USD") -> "Money":
        """Add up amounts of one currency; nothing at all is zero.

        Raises:
            CurrencyError: An amount has another currency.
        """
        return sum(amounts, cls(0, currency))

    def split(self, weights: Mapping[str, Exact], unit_cents: int = 1) -> "dict[str, Money]":
        """Divide the amount between parties by weight, so that the parts add back to it.

        Odd units go to the largest remainders, ties by party id, so the order in which
        parties are declared changes nothing. The parts come in the order of party ids.

        Args:
            weights: Party id to its weight, zero or more.
            unit_cents: The unit of every part, in cents: 100 splits whole dollars.

        Raises:
            ValueError: A weight is negative, no weight is above zero, or the amount is not a
                whole number of units (its parts could not add back to it).
        """
        if unit_cents < 1:
            message = f"unit_cents is {unit_cents}; it may be 1 or more"
            raise ValueError(message)
        units, rest = divmod(self.cents, unit_cents)
        if rest:
            message = f"{self} is not a whole number of units of {unit_cents} cents; round it first"
            raise ValueError(message)
        parties = sorted(weights)
        parts = allocate(units, [weights[party] for party in parties])
        return {
            party: Money(part * unit_cents, self.currency)
            for party, part in zip(parties, parts, strict=True)
        }

    def as_fraction(self) -> Fraction:
        """Give the amount in units of the currency (dollars, not cents)."""
        return Fraction(self.cents, 100)

    def as_decimal(self) -> Decimal:
        """Give the amount in units of the currency, with two decimal places."""
        # Built from digits, because Decimal arithmetic would round by the host's context.
        digits = tuple(int(digit) for digit in str(abs(self.cents)))
        return Decimal((int(self.cents < 0), digits, -2))

    def __str__(self) -> str:
        """Write the amount as `-1234.50 USD`."""
        units, cents = divmod(abs(self.cents), 100)
        return f"{'-' if self.cents < 0 else ''}{units}.{cents:02d} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        self._check_same_currency(other)
        return Money(self.cents + other.cents, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Subtract an amount of the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        self._check_same_currency(other)
        return Money(self.cents - other.cents, self.currency)

    def __neg__(self) -> "Money":
        """Turn what is paid into what is owed."""
        return Money(-self.cents, self.currency)

    def __mul__(self, count: int) -> "Money":
        """Multiply by a whole number; a rate belongs into `Money.rounded`."""
        if isinstance(count, bool) or not isinstance(count, int):
            return NotImplemented
        return Money(self.cents * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        """Compare with an amount of the same currency."""
        if not isinstance(other, Money):
            return NotImplemented
        self._check_same_currency(other)
        return self.cents < other.cents

    def _check_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            message = f"{self} and {other} have different currencies; convert one first"
            raise CurrencyError(message)
