"""How a type is stored in DuckDB: column types, and names and texts written safely into SQL."""

from decimal import Decimal
from typing import Final

from rules_engine.expressions.dialect import text as literal
from rules_engine.expressions.types import Kind, Type

__all__ = ["literal", "quoted", "storage"]

_LINE_MONEY_DIGITS: Final = 14
_INT64_DIGITS: Final = 18
_INT128_DIGITS: Final = 38
_INT32_MAX: Final = 2**31 - 1
_PLAIN: Final = {
    Kind.CODE: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.BOOLEAN: "BOOLEAN",
}


def storage(type_: Type) -> str:
    """Name the DuckDB column type that holds every value of a type exactly.

    Raises:
        ValueError: Its scale is not bounded, or its values are wider than 38 digits.
    """
    if type_.kind in _PLAIN:
        return _PLAIN[type_.kind]
    if type_.scale is None:
        msg = f"{type_} has no proven scale; it may be stored once it is rounded"
        raise ValueError(msg)
    if type_.kind in {Kind.COUNT, Kind.DAYS}:
        widest = max(
            abs(bound) for bound in (type_.low, type_.high, Decimal(0)) if bound is not None
        )
        bounded = type_.low is not None and type_.high is not None
        return "INTEGER" if bounded and widest <= _INT32_MAX else "BIGINT"
    digits = type_.digits or _INT128_DIGITS
    if digits > _INT128_DIGITS:
        msg = f"{type_} needs {digits} digits; it may be {_INT128_DIGITS} at most"
        raise ValueError(msg)
    widths: tuple[int, ...] = (_INT64_DIGITS, _INT128_DIGITS)
    if type_.kind is Kind.MONEY and type_.scale == 2:  # noqa: PLR2004  cents
        widths = (_LINE_MONEY_DIGITS, *widths)
    width = next(width for width in widths if digits <= width)
    return f"DECIMAL({width}, {type_.scale})"


def quoted(name: str) -> str:
    """Write a column's or table's name as SQL."""
    return '"' + name.replace('"', '""') + '"'
