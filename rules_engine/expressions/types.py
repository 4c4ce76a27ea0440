"""Types carry units: what a column, parameter, literal or formula is, and how wide it can get."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from enum import StrEnum
from typing import Any

from attrs import evolve, frozen

__all__ = [
    "DIMENSIONLESS",
    "EXACT",
    "NUMERIC",
    "Kind",
    "TableType",
    "Type",
    "digits",
    "places",
    "read_date",
]

# Bounds are computed by a context of our own, whatever the host has set.
EXACT = Context(
    prec=400,
    rounding=ROUND_HALF_EVEN,
    Emin=-10_000,
    Emax=10_000,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


class Kind(StrEnum):
    """The unit of a value; contracts, tables and error messages use these words."""

    MONEY = "money"
    RATE = "rate"
    RATIO = "ratio"
    FACTOR = "factor"
    NUMBER = "number"
    COUNT = "count"
    DAYS = "days"
    CODE = "code"
    TEXT = "text"
    DATE = "date"
    BOOLEAN = "boolean"


NUMERIC = frozenset(
    {Kind.MONEY, Kind.RATE, Kind.RATIO, Kind.FACTOR, Kind.NUMBER, Kind.COUNT, Kind.DAYS}
)
DIMENSIONLESS = NUMERIC - {Kind.MONEY}
_WHOLE = frozenset({Kind.COUNT, Kind.DAYS})

# Declared columns that say no more than their kind: scale and largest absolute value.
_DEFAULTS: Mapping[Kind, tuple[int, Decimal, Decimal]] = {
    Kind.MONEY: (2, Decimal("-9999999999.99"), Decimal("9999999999.99")),
    Kind.RATE: (6, Decimal(0), Decimal(1)),
    Kind.RATIO: (6, Decimal("-9999.999999"), Decimal("9999.999999")),
    Kind.FACTOR: (6, Decimal(0), Decimal("9999.999999")),
    Kind.NUMBER: (6, Decimal("-999999999.999999"), Decimal("999999999.999999")),
    Kind.COUNT: (0, Decimal(-999999999), Decimal(999999999)),
    Kind.DAYS: (0, Decimal(-999999), Decimal(999999)),
}


def digits(scale: int, low: Decimal, high: Decimal) -> int:
    """Decimal digits that hold every value from `low` to `high` at `scale` places."""
    widest = max(low.copy_abs(), high.copy_abs())
    return max(1, scale, len(str(int(widest.scaleb(scale, EXACT)))))


@frozen
class Type:
    """What a value is.

    Attributes:
        kind: Its unit.
        nullable: Whether it may be absent.
        scale: Decimal places that its value never exceeds; None where it may be any fraction.
        low: Smallest value, inclusive; None where unbounded (settlement only).
        high: Largest value, inclusive.
        codes: The codes that may occur, where a table or the standard enumerates them.
        free: Whether it was written as a bare number and takes the unit its place asks for.
    """

    kind: Kind
    nullable: bool = False
    scale: int | None = 0
    low: Decimal | None = None
    high: Decimal | None = None
    codes: frozenset[str] | None = None
    free: bool = False

    @classmethod
    def parse(cls, text: str) -> "Type":
        """Read `money`, `rate or null`, `money(4)` (four decimal places) or `code`.

        Raises:
            ValueError: The text names no type; the message lists those that exist.
        """
        words = text.split()
        nullable = words[1:] == ["or", "null"]
        name, _, rest = words[0].partition("(") if words else ("", "", "")
        if (words[1:] and not nullable) or name not in set(Kind) or (rest and rest[-1] != ")"):
            kinds = ", ".join(Kind)
            wanted = f"a type is one of {kinds}, with `or null` where it may be absent"
            msg = f"{text!r} is not a type; {wanted}"
            raise ValueError(msg)
        kind = Kind(name)
        made = cls.of(kind, nullable=nullable)
        if rest:
            if kind not in NUMERIC - _WHOLE or not rest[:-1].isdigit() or int(rest[:-1]) > 12:  # noqa: PLR2004  twelve places fit every width
                wanted = "decimal places are 0 to 12 and only fractions have them"
                msg = f"{text!r} is not a type; {wanted}"
                raise ValueError(msg)
            made = evolve(made, scale=int(rest[:-1]))
        return made

    @classmethod
    def of(cls, kind: Kind, *, nullable: bool = False) -> "Type":
        """Give the type that a declaration by its kind alone stands for."""
        if kind not in NUMERIC:
            return cls(kind, nullable)
        scale, low, high = _DEFAULTS[kind]
        return cls(kind, nullable, scale, low, high)

    @classmethod
    def exactly(cls, kind: Kind, values: "list[Decimal]", *, nullable: bool = False) -> "Type":
        """Give the narrowest type of numbers that holds all `values` (at least one)."""
        scale = max(places(value) for value in values)
        return cls(kind, nullable, scale, min(values), max(values))

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic is possible."""
        return self.kind in NUMERIC

    @property
    def digits(self) -> int | None:
        """Decimal digits that hold every value, or None where that is not bounded."""
        if self.low is None or self.high is None or self.scale is None:
            return None
        return digits(self.scale, self.low, self.high)

    def with_null(self, nullable: bool = True) -> "Type":  # noqa: FBT001, FBT002  the adjective is the argument
        """Give the same type, nullable or not."""
        if self.nullable == nullable:
            return self
        # Written out: this is what most types are made by, and `evolve` asks for every field.
        return Type(self.kind, nullable, self.scale, self.low, self.high, self.codes, self.free)

    def as_json(self) -> dict[str, Any]:
        """Give a value that JSON can hold and `from_json` reads back."""
        return {
            "kind": str(self.kind),
            "nullable": self.nullable,
            "scale": self.scale,
            "low": None if self.low is None else str(self.low),
            "high": None if self.high is None else str(self.high),
            "codes": None if self.codes is None else sorted(self.codes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Type":
        """Read what `as_json` wrote."""
        return cls(
            Kind(value["kind"]),
            value["nullable"],
            value["scale"],
            None if value["low"] is None else Decimal(value["low"]),
            None if value["high"] is None else Decimal(value["high"]),
            None if value["codes"] is None else frozenset(value["codes"]),
        )

    def __str__(self) -> str:
        """Show it as a contract declares it."""
        return f"{self.kind} or null" if self.nullable else str(self.kind)


def places(value: Decimal) -> int:
    """Decimal places that `value` needs: 0.50 needs one."""
    if not value:
        return 0
    _, digits_, exponent = value.as_tuple()
    needed = -int(exponent)
    for digit in reversed(digits_):
        if digit or needed <= 0:
            break
        needed -= 1
    return max(0, needed)


def read_date(text: str) -> date | None:
    """Read `2026-01-31`, and no other way to write a date."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@frozen(kw_only=True)
class TableType:
    """The shape of a table that expressions look values up in.

    Attributes:
        name: What expressions call it.
        key: Key columns, in the order in which `lookup` takes them.
        columns: Type of every column, the key's among them.
        effective: Columns of the first and last day a row is valid, inclusive; None for undated.
        given: Whether its rows come with the data (a roster) and not with the ruleset.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Type]
    effective: tuple[str, str] | None = None
    given: bool = False
