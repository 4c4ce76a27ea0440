"""What the compilations share when a row is priced: refusals, tables and patterns."""

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

__all__ = [
    "NO_ROW",
    "NO_VALUE_YET",
    "OUT_OF_TIME",
    "ZERO_DIVISOR",
    "Index",
    "Reject",
    "like_pattern",
    "missing_row",
    "no_value_yet",
]

NO_ROW: Final = "RE601"
NO_VALUE_YET: Final = "RE602"
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


def like_pattern(pattern: str) -> re.Pattern[str]:
    """Give the regular expression of a LIKE pattern."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


def missing_row(table: str, key: tuple[str, ...], *, dated: bool) -> str:
    """Say that a table lacks the row a formula reads."""
    keys = ", ".join(key)
    return f"{table} has no row for this {keys}" + (" at the row's date" if dated else "")


def no_value_yet(name: str) -> str:
    """Say that a dated value has not begun."""
    return f"{name} has no value yet at the row's date"
