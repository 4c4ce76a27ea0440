"""Values of a claim as other systems hold them, read exactly or refused."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rules_engine.expressions.closure import Reject
from rules_engine.expressions.types import EXACT, Kind, Type, places, read_date

__all__ = [
    "LINE_NUMBER",
    "LINE_NUMBER_MAX",
    "described",
    "line_number",
    "numbered",
    "read_value",
    "reader",
]

LINE_NUMBER_MAX: Final = 999_999
LINE_NUMBER: Final = Type(Kind.COUNT, scale=0, low=Decimal(0), high=Decimal(LINE_NUMBER_MAX))
"""What the number of a line on its claim may be, as in the standard table."""

_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})
_LINE_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
# Days that every month has; the others are read with more care.
_EVERY_MONTH: Final = re.compile(
    r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])", re.ASCII
)


def reader(name: str, type_: Type, site: int) -> Callable[[Any], Any]:
    """Give the function that makes of a column's value what expressions compute with.

    The function raises `Reject` where the value is absent and must not be, is outside the column's
    range or does not read, and TypeError for a Python type that is never exact, such as float.
    """
    sure = _sure_text(type_)

    def read(value: Any) -> Any:
        if sure is not None and value.__class__ is str and sure[0](value):
            return sure[1](value)
        try:
            return read_value(value, type_)
        except ValueError:
            raise Reject(site, f"{name} = {value}") from None
        except TypeError as error:
            msg = f"{name} is {value!r}: {error}"
            raise TypeError(msg) from None

    return read


def _sure_text(type_: Type) -> tuple[Callable[[str], Any], Callable[[str], Any]] | None:
    """Give a test for texts that surely read, most of those that occur, and what reads them."""
    if type_.kind is Kind.DATE:
        return _EVERY_MONTH.fullmatch, date.fromisoformat
    scale, low, high = type_.scale, type_.low, type_.high
    if not type_.is_numeric or scale is None or low is None or high is None or low > 0:
        return None
    # All numbers of so many digits before the point lie within the range.
    whole = len(str(int(high.scaleb(scale, EXACT)) + 1)) - 1 - scale
    if whole < 1:
        return None
    sign = "-?" if low == high.copy_negate() else ""
    fraction = rf"\.[0-9]{{{scale}}}" if scale else ""
    shape = re.compile(f"{sign}[0-9]{{1,{whole}}}{fraction}")
    return shape.fullmatch, int if type_.kind in _WHOLE else Decimal


def line_number(row: Mapping[str, Any]) -> int:
    """Give the number of a line on its claim; the text of a number will do.

    Raises:
        ValueError: It is no whole number, or out of range.
        TypeError: It is a float, or nothing that a number is made of.
        KeyError: The row has none.
    """
    number = row["claim_line_number"]
    if number.__class__ is str and _LINE_NUMBER.fullmatch(number):
        return int(number)
    try:
        return int(read_value(number, LINE_NUMBER))
    except ValueError:
        msg = f"claim_line_number is {number}; {described(LINE_NUMBER)} may stand there"
        raise ValueError(msg) from None
    except TypeError as error:
        msg = f"claim_line_number is {number!r}: {error}"
        raise TypeError(msg) from None


def numbered(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a row whose line number, where it has one, is an int.

    Raises:
        ValueError: It is no line number.
        TypeError: It is of a type that no number is made of.
    """
    number = row.get("claim_line_number", 0)
    if number.__class__ is int and 0 <= number <= LINE_NUMBER_MAX:
        return row
    return {**row, "claim_line_number": line_number(row)}


def read_value(value: Any, type_: Type) -> Any:
    """Read a value of a type from a Python value: exact numbers, ISO dates, or their texts.

    Raises:
        ValueError: It is not a value of that type; an empty text is null.
        TypeError: A float, or an object that no column holds.
    """
    # An empty text says no more than an empty cell of a file does.
    if value is None or value == "":
        if type_.nullable:
            return None
        msg = "a value is needed"
        raise ValueError(msg)
    if isinstance(value, float):
        msg = "a binary float is never exact; give a Decimal, an int or text"
        raise TypeError(msg)
    if type_.is_numeric:
        return _number(value, type_)
    if type_.kind is Kind.DATE:
        return _date(value)
    if type_.kind is Kind.BOOLEAN:
        if isinstance(value, bool):
            return value
        msg = "true or false may stand here"
        raise ValueError(msg)
    if not isinstance(value, str):
        msg = "a code is text"
        raise TypeError(msg)
    if type_.codes is not None and value not in type_.codes:
        msg = "another code may stand here"
        raise ValueError(msg)
    return value


def described(type_: Type) -> str:
    """Say what may stand in a column."""
    absent = ", or null" if type_.nullable else ""
    if type_.codes is not None:
        return f"one of {', '.join(sorted(type_.codes))}{absent}"
    if type_.kind is Kind.DATE:
        return f"a day (YYYY-MM-DD){absent}"
    if not type_.is_numeric:
        return f"a {type_.kind}{absent}"
    places_ = f" with {type_.scale} decimal places at most" if type_.scale else ""
    what = (
        "money" if type_.kind is Kind.MONEY else "a whole number" if not type_.scale else "a number"
    )
    bounds = f" from {type_.low} to {type_.high}" if type_.low is not None else ""
    return f"{what}{places_}{bounds}{absent}"


def _number(value: Any, type_: Type) -> Decimal | int:
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            msg = "a number may stand here"
            raise ValueError(msg)
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        msg = "a number is a Decimal, an int or text"
        raise TypeError(msg)
    exact = Decimal(value)
    if not exact.is_finite() or places(exact) > (type_.scale or 0):
        msg = f"a {type_.kind} has {type_.scale} decimal places"
        raise ValueError(msg)
    if (type_.low is not None and exact < type_.low) or (
        type_.high is not None and exact > type_.high
    ):
        msg = f"{type_.low} to {type_.high} may stand here"
        raise ValueError(msg)
    if type_.kind in _WHOLE:
        return int(exact)
    # The host's context may be narrow.
    return exact.quantize(Decimal(1).scaleb(-(type_.scale or 0)), context=EXACT)


def _date(value: Any) -> date:
    if isinstance(value, str):
        day = read_date(value)
        if day is None:
            msg = "a day is written YYYY-MM-DD"
            raise ValueError(msg)
        return day
    if isinstance(value, datetime) or not isinstance(value, date):
        msg = "a day is a datetime.date or ISO text"
        raise TypeError(msg)
    return value
