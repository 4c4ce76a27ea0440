"""Integrity: rows of one key, rows of one key and one day, and claims that others replace."""

from typing import Final

__all__ = ["overlapping"]

FIRST_DAY: Final = "DATE '0001-01-01'"
LAST_DAY: Final = "DATE '9999-12-31'"


def overlapping(source: str, *, key: str, shown: str, first: str, last: str) -> str:
    """Write the query that finds rows of one key that cover the same day, or that end too early.

    Args:
        source: SQL of the rows, with `_row`.
        key: SQL of the key's columns.
        shown: SQL of the key as text.
        first: SQL of the first day; null is open.
        last: SQL of the last day, inclusive; null is open.

    Returns:
        SQL that gives row, key, value, code and reason.
    """
    return (
        f"WITH spans AS (SELECT _row, {shown} AS shown, {first} AS a, {last} AS b,"
        f" coalesce({first}, {FIRST_DAY}) AS f, coalesce({last}, {LAST_DAY}) AS t,"
        f" row({key}) AS k FROM {source}),"
        " near AS (SELECT *,"
        " max(t) OVER (PARTITION BY k ORDER BY f, t, _row"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,"
        " min(f) OVER (PARTITION BY k ORDER BY f, t, _row"
        " ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS after FROM spans)"
        " SELECT _row, shown, concat(a, ' to ', b),"
        " CASE WHEN f > t THEN 'RE507' ELSE 'RE506' END,"
        " CASE WHEN f > t THEN 'ends before it begins'"
        " ELSE 'covers days that another row of its key covers' END"
        " FROM near WHERE f > t OR before >= f OR after <= t"
    )
