"""How names, values and widths are written in DuckDB's dialect."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from rules_engine.expressions.types import NUMERIC, Type, digits

__all__ = ["INT64", "INT128", "bucket", "common", "constant", "decimal", "quote", "text", "width"]

INT64: Final = 18
"""Decimal digits that a 64-bit number holds."""

INT128: Final = 38
"""Decimal digits that a 128-bit number holds."""

_PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
# Words that DuckDB does not take as a bare column name.
_RESERVED: Final = frozenset(
    {
        "all", "analyse", "analyze", "and", "anti", "any", "array", "as", "asc", "asof",
        "asymmetric", "at", "authorization", "binary", "both", "by", "case", "cast", "check",
        "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
        "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except",
        "false", "fetch", "for", "foreign", "freeze", "from", "full", "glob", "grant", "group",
        "having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join",
        "lambda", "lateral", "leading", "left", "like", "limit", "natural", "not", "notnull",
        "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "pivot", "pivot_longer",
        "pivot_wider", "placing", "positional", "primary", "qualify", "references", "returning",
        "right", "select", "semi", "show", "similar", "some", "summarize", "symmetric", "table",
        "tablesample", "then", "to", "trailing", "true", "union", "unique", "unpack", "unpivot",
        "using", "variadic", "verbose", "when", "where", "window", "with",
    }
)  # fmt: skip


def quote(name: str) -> str:
    """Write a name as SQL; quoted only where it has to be."""
    if _PLAIN_NAME.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def constant(value: Decimal | str | date | bool | None) -> str:  # noqa: FBT001  a value, not a flag
    """Write a value as SQL."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return text(value)
    shown = f"{value:f}"
    _, written, exponent = value.as_tuple()
    if max(len(written), -int(exponent)) > INT64:
        # Left to itself, DuckDB reads a number of 38 places as a binary float.
        return f"CAST('{shown}' AS DECIMAL({INT128}, {max(0, -int(exponent))}))"
    return shown


def width(type_: Type) -> int:
    """Give the digits of a number; one without bounds takes all that there are."""
    return type_.digits or INT128


def bucket(count: int) -> int:
    """Give the digits of the machine number that holds so many: 64 or 128 bits."""
    return INT64 if count <= INT64 else INT128


def decimal(type_: Type) -> str:
    """Name the SQL type that holds a number exactly."""
    return f"DECIMAL({bucket(width(type_))}, {type_.scale or 0})"


def common(types: Iterable[Type]) -> tuple[int | None, int]:
    """Give digits and scale of the decimal that holds all of several numbers.

    The digits are None where one of them has no bounds or no last decimal place.
    """
    lows: list[Decimal] = []
    highs: list[Decimal] = []
    scale = 0
    bounded = True
    for type_ in types:
        if type_.kind not in NUMERIC:
            continue
        if type_.low is None or type_.high is None or type_.scale is None:
            bounded = False
        else:
            lows.append(type_.low)
            highs.append(type_.high)
        scale = max(scale, type_.scale or 0)
    if not bounded:
        return None, scale
    return (digits(scale, min(lows), max(highs)) if lows else 0), scale
