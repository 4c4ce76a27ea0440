"""What the compilations share when a row is priced: refusals, tables and patterns."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from rules_engine.expressions.types import EXACT

__all__ = [
    "MISSING",
    "NO_CLAIM",
    "NO_ROW",
    "NO_VALUE_YET",
    "OUT_OF_TIME",
    "UNDEFINED",
    "ZERO_DIVISOR",
    "Curve",
    "Index",
    "Reject",
    "like_pattern",
    "line_without_value",
    "missing_row",
    "no_rows_around",
    "no_value_yet",
]

MISSING: Final = object()
"""What stands for a value that is not there and is no null, such as a row that a table lacks."""

NO_ROW: Final = "RE601"
NO_CLAIM: Final = "RE614"
NO_VALUE_YET: Final = "RE602"
UNDEFINED: Final = ("RE613", "a power, exponential or logarithm has no value here")
ZERO_DIVISOR: Final = ("RE603", "a divisor is zero")
OUT_OF_TIME: Final = ("RE611", "a computed date lies outside the years 1 to 9999")


class Reject(Exception):  # noqa: N818  a verdict on a row, not an error of the program
    """The row cannot be priced; `site` numbers the place that says so."""

    def __init__(self, site: int, detail: object = "") -> None:
        """Keep the number of the site, and what of the row it is about; None is a null of it."""
        self.site = site
        self.detail = detail
        super().__init__(site)


@frozen
class Index:
    """One column of a table, found by key.

    Attributes:
        rows: `{key: value}`, or for a dated table `{key: [(first, last, value), …]}`, days there.
        key: Names of the key columns.
        dated: Which of the two forms it has.
        given: Whether its rows come with each call and not with the ruleset; `rows` is then empty.
    """

    rows: Mapping[Any, Any]
    key: tuple[str, ...]
    dated: bool
    given: bool = False


class Curve:
    """The rows of a table in the order of its one numeric key, to read values between them.

    Rows that are valid in the same days lie on one curve.
    """

    def __init__(self, index: Index) -> None:
        """Sort the rows of a column."""
        curves: dict[tuple[date, date], list[tuple[Any, Any]]] = {}
        for key, found in index.rows.items():
            spans = found if index.dated else ((date.min, date.max, found),)
            for first, last, value in spans:
                curves.setdefault((first, last), []).append((key, value))
        self._curves: list[tuple[date, date, list[Any], list[Any]]] = []
        for (first, last), points in curves.items():
            points.sort()
            keys, values = ([point[side] for point in points] for side in (0, 1))
            self._curves.append((first, last, keys, values))

    def around(self, day: date, at: Any) -> tuple[Any, Any, Any, Any] | None:
        """Give key and value of the rows below and above; None beyond the first or last row.

        Where a row is met exactly it is the one below, and the one above is any with a larger key.
        """
        for first, last, keys, values in self._curves:
            if first <= day <= last:
                place = bisect_right(keys, at) - 1
                if place < 0:
                    return None
                if place + 1 < len(keys):
                    return keys[place], values[place], keys[place + 1], values[place + 1]
                if keys[place] == at:
                    return at, values[place], EXACT.add(at, 1), values[place]
                return None
        return None


def like_pattern(pattern: str) -> re.Pattern[str]:
    """Give the regular expression of a LIKE pattern."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


def missing_row(table: str, key: tuple[str, ...], *, dated: bool) -> str:
    """Say that a table lacks the row a formula reads."""
    keys = ", ".join(key)
    return f"{table} has no row for this {keys}" + (" at the row's date" if dated else "")


def line_without_value(function: str) -> str:
    """Say that a line of the claim has no value for a function of the claim."""
    return f"{function} reads a line of the claim that has no value for it"


def no_rows_around(table: str) -> str:
    """Say that a value lies beyond the rows of a table."""
    return f"{table} has no rows around this value"


def no_value_yet(name: str) -> str:
    """Say that a dated value has not begun."""
    return f"{name} has no value yet at the row's date"
