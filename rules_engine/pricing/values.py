"""Values of a claim as other systems hold them, read exactly or refused."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rules_engine.expressions.closure import Reject
from rules_engine.expressions.types import Kind, Type, places

__all__ = ["coerce", "described", "read_value"]

_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})


def coerce(name: str, value: Any, type_: Type, site: int) -> Any:
    """Give the value as expressions compute with it.

    Raises:
        Reject: It is absent and must not be, is outside the column's range, or does not read.
        TypeError: It is of a Python type that is never exact, such as float.
    """
    try:
        return read_value(value, type_)
    except ValueError:
        raise Reject(site, f"{name} = {value}") from None
    except TypeError as error:
        msg = f"{name} is {value!r}: {error}"
        raise TypeError(msg) from None


def read_value(value: Any, type_: Type) -> Any:
    """Read a value of a type from a Python value: exact numbers, ISO dates, or their texts.

    Raises:
        ValueError: It is not a value of that type.
        TypeError: A float, or an object that no column holds.
    """
    if value is None:
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
    from rules_engine.expressions.units import EXACT  # noqa: PLC0415  the host's context may be narrow

    return exact.quantize(Decimal(1).scaleb(-(type_.scale or 0)), context=EXACT)


def _date(value: Any) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        msg = "a day is a datetime.date or ISO text"
        raise TypeError(msg)
    return value
