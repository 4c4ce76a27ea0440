"""Performance periods: the years, half-years, quarters or months that a contract settles."""

from collections.abc import Iterator
from datetime import date, timedelta

from rules_engine.language.ruleset import DateRange
from rules_engine.language.ruleset import Period as Length
from rules_engine.methodology import Period

__all__ = ["periods"]

_MONTHS = {"year": 12, "half_year": 6, "quarter": 3, "month": 1}
_LETTERS = {"half_year": "H", "quarter": "Q"}


def periods(length: Length, effective: DateRange) -> tuple[Period, ...]:
    """Give the periods that begin or end within the contract's dates, cut to them.

    A year that starts on 1 October has the label of the calendar year in which it ends, as federal
    fiscal years have.
    """
    return tuple(_cut(length, effective))


def _cut(length: Length, effective: DateRange) -> Iterator[Period]:
    months = _MONTHS[length.length]
    month, day = length.starts
    first = date(effective.first.year - 1, month, day)
    while first <= effective.through:
        following = _months_later(first, months)
        last = following - timedelta(days=1)
        if last >= effective.first:
            label = _label(length, first, last)
            yield Period(max(first, effective.first), min(last, effective.through), label)
        first = following


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, day.day)


def _label(length: Length, first: date, last: date) -> str:
    if length.length == "year":
        return str(last.year)
    if length.length == "month":
        return f"{first.year}-{first.month:02}"
    # The part's number counts from the month in which the contract's year starts.
    start, months = length.starts[0], _MONTHS[length.length]
    part = (first.month - start) % 12 // months + 1
    year = _months_later(first, (12 // months - part + 1) * months - 1).year
    return f"{year}-{_LETTERS[length.length]}{part}"
