"""Integrity: rows of one key, rows of one key and one day, and claims that others replace."""

from typing import Final

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "contradicting",
    "duplicates",
    "overlapped",
    "overlapping",
    "repeated",
    "replaced_twice",
    "replacing",
    "superseded",
    "unordered",
]

FIRST_DAY: Final = "DATE '0001-01-01'"
LAST_DAY: Final = "DATE '9999-12-31'"
VOID: Final = "8"
"""Frequency code of a claim that takes another one back."""


def overlapping(
    source: str, *, key: str, shown: str, first: str, last: str, place: str = "_row"
) -> str:
    """Write the query that finds rows of one key that cover the same day, or that end too early.

    Args:
        source: SQL of the rows, with `_row`.
        key: SQL of the key's columns.
        shown: SQL of the key as text.
        first: SQL of the first day; null is open.
        last: SQL of the last day, inclusive; null is open.
        place: Columns that tell the rows apart.

    Returns:
        SQL that gives place, key, value, code and reason.
    """
    return (
        f"WITH spans AS (SELECT {place}, {shown} AS shown, {first} AS a, {last} AS b,"
        f" coalesce({first}, {FIRST_DAY}) AS f, coalesce({last}, {LAST_DAY}) AS t,"
        f" row({key}) AS k FROM {source}),"
        " near AS (SELECT *,"
        f" max(t) OVER (PARTITION BY k ORDER BY f, t, {place}"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,"
        f" min(f) OVER (PARTITION BY k ORDER BY f, t, {place}"
        " ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS after FROM spans)"
        f" SELECT {place}, shown, concat(a, ' to ', b),"
        " CASE WHEN f > t THEN 'RE507' ELSE 'RE506' END,"
        " CASE WHEN f > t THEN 'ends before it begins'"
        " ELSE 'covers days that another row of its key covers' END"
        " FROM near WHERE f > t OR before >= f OR after <= t"
    )


def overlapped(source: str, *, key: str, first: str, last: str) -> str:
    """Write the query that gives a row where `overlapping` would find some, and nothing else.

    Of spans in order, two that follow each other share a day if any two do.
    """
    return (
        f"SELECT 1 FROM (SELECT {key}, coalesce({first}, {FIRST_DAY}) AS _f,"
        f" coalesce({last}, {LAST_DAY}) AS _t FROM {source})"
        f" QUALIFY _f > _t OR lag(_t) OVER (PARTITION BY {key} ORDER BY _f, _t) >= _f LIMIT 1"
    )


def unordered(rows: str, key: str) -> str:
    """Write the query that gives a row where a key is not greater than the one before it.

    Rows that come in the order of their keys hold each key once, whatever order they are read in:
    that costs one pass and no memory, and a file in another order shows it in its first rows.

    Args:
        rows: SQL of the rows.
        key: SQL of the key's columns.
    """
    # As one value, because of single columns a null would compare as unknown.
    return (
        f"SELECT 1 FROM (SELECT row({key}) AS _key, lag(row({key})) OVER () AS _before"
        f" FROM {rows}) WHERE NOT _key > _before LIMIT 1"
    )


def repeated(rows: str, key: str) -> str:
    """Write the query that gives a row where some key may stand twice, and nothing where none does.

    It counts digests of keys, which are smaller than keys; equal keys have equal digests.

    Args:
        rows: SQL of the rows.
        key: SQL of the key's columns.
    """
    return (
        f"SELECT 1 FROM (SELECT hash({key}) AS _digest FROM {rows})"
        " HAVING count(*) > count(DISTINCT _digest)"
    )


def duplicates(rows: str, *, key: str, shown: str) -> str:
    """Write the query that finds all rows of a key that stands more than once.

    Args:
        rows: SQL of the rows, with `_part` and `_row`.
        key: SQL of the key's columns.
        shown: SQL of the key as text.

    Returns:
        SQL that gives part, row, key, value, code and reason.
    """
    # Only rows whose digest stands twice are held and compared, because all may be too many.
    return (
        f"WITH twice AS (SELECT hash({key}) AS _digest FROM {rows}"
        " GROUP BY _digest HAVING count(*) > 1)"
        f" SELECT _part, _row, {shown}, NULL, 'RE505',"
        f" concat('is one of ', count(*) OVER (PARTITION BY {key}),"
        " ' rows of its key; a key stands once')"
        f" FROM (FROM {rows} SEMI JOIN twice ON hash({key}) = _digest)"
        f" QUALIFY count(*) OVER (PARTITION BY {key}) > 1"
    )


def contradicting(rows: str, identifier: str) -> str:
    """Write the query that finds provider rows that give one identifier to two parties at a time.

    Args:
        rows: SQL of the provider table's rows, with `_part` and `_row`.
        identifier: The column: `tin` or `ccn`.

    Returns:
        SQL that gives part, row, key, value, code and reason.
    """
    return (
        f"WITH spans AS (SELECT _part, _row, {identifier} AS i, party AS p,"
        f' coalesce("from", {FIRST_DAY}) AS f, coalesce("through", {LAST_DAY}) AS t FROM {rows}'
        f" WHERE {identifier} IS NOT NULL)"
        f" SELECT _part, _row, '{identifier}=' || i, p, 'RE506',"
        " 'belongs to another party as well on the same day' FROM spans a"
        " SEMI JOIN spans b ON a.i = b.i AND a.p <> b.p AND a.f <= b.t AND b.f <= a.t"
    )


def replaced_twice(rows: str) -> str:
    """Write the query that finds rows of claims of which two replace one claim.

    Args:
        rows: SQL of the claim lines, with `_part` and `_row`.

    Returns:
        SQL that gives part, row, key, value, code and reason.
    """
    return (
        f"WITH twice AS (SELECT replaces_claim_id AS c FROM {rows}"
        " WHERE replaces_claim_id IS NOT NULL"
        " GROUP BY replaces_claim_id HAVING count(DISTINCT claim_id) > 1)"
        " SELECT _part, _row, concat('claim_id=', claim_id), replaces_claim_id, 'RE509',"
        " 'is replaced by another claim as well; a claim has one live version'"
        f" FROM {rows} SEMI JOIN twice ON replaces_claim_id = c"
    )


def replacing(rows: str) -> str:
    """Write the query that gives a row where some claim replaces one or takes one back.

    Args:
        rows: SQL of the claim lines.
    """
    return (
        f"SELECT 1 FROM {rows} WHERE replaces_claim_id IS NOT NULL"
        f" OR frequency_code = '{VOID}' LIMIT 1"
    )


def superseded(rows: str) -> str:
    """Write the query that finds rows of claims that a later claim replaces, and void claims.

    Args:
        rows: SQL of the claim lines, with `_part` and `_row`.

    Returns:
        SQL that gives part and row.
    """
    return (
        f"SELECT _part, _row FROM {rows} WHERE frequency_code = '{VOID}' OR claim_id IN"
        f" (SELECT replaces_claim_id FROM {rows}"
        " WHERE replaces_claim_id IS NOT NULL AND replaces_claim_id <> claim_id)"
    )
