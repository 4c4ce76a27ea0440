"""The calendar: days, months and years of a date, alike in Python and in SQL.

Months are counted as contracts do: a month after 31 January is the last day of February, and a
month has passed as soon as that day is reached.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.operators import as_date, refuse_no_date
from rules_engine.expressions.types import Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["COMPUTED", "FORMS", "date_call", "is_in_time", "is_narrow", "made", "written"]

FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "year": ("date",),
    "month": ("date",),
    "day": ("date",),
    "last_day": ("date",),
    "add_months": ("date", "whole"),
    "add_years": ("date", "whole"),
    "months_between": ("date", "date"),
    "years_between": ("date", "date"),
}
"""Function → what each of its arguments is."""

_MOST_DIGITS: Final = 9
_FEW_DIGITS: Final = 4
_MONTHS: Final = 12
_LAST_MONTH: Final = 9999 * _MONTHS + _MONTHS - 1
_BOUNDS: Final = {
    "year": (1, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "months_between": (-_LAST_MONTH, _LAST_MONTH),
    "years_between": (-9998, 9998),
}


# -- what it gives


def date_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type a function of the calendar whose arguments have been counted."""

    def argument(asked: tuple[tree.Expression, syntax.Node, str]) -> tree.Expression:
        given, at, what = asked
        found = as_date(given) if what == "date" else given
        if what == "date":
            refuse_no_date(checker, found)
        good = found.type.kind == Kind.DATE
        if what == "whole":
            is_number = found.type.is_numeric and found.type.kind != Kind.MONEY
            good = is_number and found.type.scale == 0
        if not good:
            wanted = "a date" if what == "date" else "a whole number"
            message = f"{node.function} takes {wanted}; {units.show(found.type)} is found"
            raise checker.wrong(at, "RE405", message)
        return found

    given = checker.visit_all(node.arguments)
    asked = zip(given, node.arguments, FORMS[node.function], strict=True)
    return made(node.function, checker.every(argument, asked), node)


def made(function: str, arguments: tuple[tree.Expression, ...], node: syntax.Node) -> tree.DateCall:
    """Give a typed call."""
    nullable = any(argument.type.nullable for argument in arguments)
    type_ = Type(Kind.DATE, nullable)
    if function in _BOUNDS:
        low, high = map(Decimal, _BOUNDS[function])
        type_ = Type(Kind.COUNT, nullable, 0, low, high)
    return tree.DateCall(
        type=type_, start=node.start, end=node.end, function=function, arguments=arguments
    )


def is_narrow(node: tree.DateCall) -> bool:
    """Whether the whole number that a date is moved by has few enough digits."""
    count = node.arguments[-1].type
    return not count.is_numeric or (count.digits or _MOST_DIGITS + 1) <= _MOST_DIGITS


# -- in Python


def shifted(day: date, months: int) -> date | None:
    """Move a date by months; None where that lies outside the years 1 to 9999."""
    at = day.year * _MONTHS + day.month - 1 + months
    if not _MONTHS <= at <= _LAST_MONTH:
        return None
    year, month = at // _MONTHS, at % _MONTHS + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_months(day: date, count: Any) -> date | None:
    """Move a date by a whole number of months."""
    return shifted(day, int(count))


def add_years(day: date, count: Any) -> date | None:
    """Move a date by a whole number of years."""
    return shifted(day, _MONTHS * int(count))


def last_day(day: date) -> date:
    """Give the last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_between(first: date, last: date) -> int:
    """Count the whole months from one date to another; less than zero backwards."""
    if last < first:
        return -months_between(last, first)
    months = (last.year - first.year) * _MONTHS + last.month - first.month
    return months - (last.day < first.day and last != last_day(last))


def years_between(first: date, last: date) -> int:
    """Count the whole years from one date to another; less than zero backwards."""
    months = months_between(first, last)
    return -(-months // _MONTHS) if months < 0 else months // _MONTHS


COMPUTED: Final[Mapping[str, Any]] = {
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
    "last_day": last_day,
    "add_months": add_months,
    "add_years": add_years,
    "months_between": months_between,
    "years_between": years_between,
}
"""Function → how it is computed; a date outside the calendar is None."""


# -- in SQL


def written(node: tree.DateCall, texts: Sequence[str]) -> str:
    """Write a function of the calendar; a date outside of it rejects the row, so it is any."""
    first = texts[0]
    match node.function:
        case "add_months" | "add_years":
            months = _months(node, texts)
            if (node.arguments[1].type.digits or _MOST_DIGITS) > _FEW_DIGITS:
                # A long way would leave the dates of the engine; the rest of the division never
                # does.
                months = f"({months}) % {_LAST_MONTH + 1}"
            return f"CAST({first} + to_months(CAST({months} AS INTEGER)) AS DATE)"
        case "months_between":
            return _months_between(first, texts[1])
        case "years_between":
            return f"({_months_between(first, texts[1])} // {_MONTHS})"
    return f"{node.function}({first})"


def is_in_time(node: tree.DateCall, texts: Sequence[str]) -> str:
    """Write that the moved date lies in the years 1 to 9999."""
    first = texts[0]
    at = f"year({first}) * {_MONTHS} + month({first}) - 1 + {_months(node, texts)}"
    return f"{at} BETWEEN {_MONTHS} AND {_LAST_MONTH}"


def _months(node: tree.DateCall, texts: Sequence[str]) -> str:
    count = node.arguments[1]
    whole = texts[1] if isinstance(count, tree.Const) else f"CAST({texts[1]} AS BIGINT)"
    return whole if node.function == "add_months" else f"{_MONTHS} * {whole}"


def _months_between(first: str, last: str) -> str:
    months = f"(year({last}) - year({first})) * {_MONTHS} + month({last}) - month({first})"
    return (
        f"({months} + CASE WHEN {last} >= {first} AND day({last}) < day({first})"
        f" AND {last} <> last_day({last}) THEN -1 WHEN {last} < {first}"
        f" AND day({first}) < day({last}) AND {first} <> last_day({first}) THEN 1 ELSE 0 END)"
    )
