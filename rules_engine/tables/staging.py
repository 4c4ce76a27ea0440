"""Staging: a part's columns read into their types, and the rows that do not read set aside."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from rules_engine.diagnostics import Diagnostic, Location, choices, suggest
from rules_engine.expressions.types import Kind, Type
from rules_engine.tables.parts import STAGING, Part, Unread
from rules_engine.tables.reading import Check, Reading, absent, read_typed
from rules_engine.tables.standard import StandardTable
from rules_engine.tables.statistics import ColumnStatistics, statistics_of
from rules_engine.tables.storage import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Staged", "create_staging", "plan", "refused", "remove", "stage"]

_COLUMN = re.compile(r"(?<!')\b[a-z_][a-z0-9_]*\b")


@frozen(kw_only=True)
class Staged:
    """A part with its columns typed.

    Attributes:
        part: The rows.
        table: What they are rows of.
        readings: How each column is read.
        rows_read: How many rows there are, those that did not split into columns or that their
            mapping does not take included.
        held: SQL name of the table that holds the typed rows, or None where they stay in place.
    """

    part: Part
    table: StandardTable
    readings: tuple[Reading, ...]
    rows_read: int
    held: str | None = None

    def select(
        self, columns: Iterable[str], *, with_row: bool = False, has_removed: bool = False
    ) -> str:
        """Write the SELECT of some columns.

        Args:
            columns: Which.
            with_row: Add `_part` and `_row`.
            has_removed: Whether some of the rows were removed.
        """
        if self.held is not None:
            listed = [quoted(name) for name in columns]
            rows = self.held
        else:
            values = {reading.column: reading.value for reading in self.readings}
            listed = [
                quoted(name)
                if values[name] == quoted(name)
                else f"{values[name]} AS {quoted(name)}"
                for name in columns
            ]
            rows = self.part.numbered if with_row or has_removed else self.part.plain
            if has_removed:
                rows = f"{rows} ANTI JOIN ({_removed(self.part.number)}) ON _row = _removed"
        if with_row:
            listed += [f"{self.part.number} AS _part", "_row"]
        return f"SELECT {', '.join(listed) or 'NULL AS nothing'} FROM {rows}"


def refused(parts: Iterable[Staged]) -> str:
    """Write the rows of parts that stay in place and were rejected, each with its first reason.

    Returns:
        SQL of the key's columns, null where they do not read, `_code` and `_reason`.
    """
    selects = []
    for staged in parts:
        key = staged.table.key
        first = (
            "SELECT row, arg_min({'code': code, 'reason': concat_ws(' ', \"column\", reason)},"
            f" rowid) AS why FROM {STAGING}.rejects WHERE part = {staged.part.number} GROUP BY row"
        )
        columns = ", ".join(map(quoted, key))
        selects.append(
            f"SELECT {columns}, why.code AS _code, why.reason AS _reason"
            f" FROM ({staged.select(key, with_row=True)}) JOIN ({first}) ON _row = row"
            " ORDER BY _row"
        )
    return " UNION ALL ".join(f"({select})" for select in selects)


def create_staging(connection: "DuckDBPyConnection") -> None:
    """Create the tables of rejects and of removed rows."""
    connection.execute(
        f"CREATE SCHEMA {STAGING};"
        f' CREATE TABLE {STAGING}.rejects (part INTEGER, "table" VARCHAR, file VARCHAR, row BIGINT,'
        ' key VARCHAR, "column" VARCHAR, value VARCHAR, code VARCHAR, reason VARCHAR);'
        f" CREATE TABLE {STAGING}.removed (part INTEGER, row BIGINT, why VARCHAR)"
    )


def plan(
    connection: "DuckDBPyConnection",
    part: Part,
    table: StandardTable,
    columns: Iterable[str],
    years_shifted: int = 0,
) -> tuple[tuple[Reading, ...], list[Diagnostic]]:
    """Decide how each column of a part is read.

    Args:
        connection: Where the part is.
        part: The rows.
        table: What they are rows of.
        columns: The columns that somebody needs.
        years_shifted: Whole years that every date moves by; 29 February becomes 28 where needed.

    Returns:
        The readings, and what is wrong with the columns as such.
    """
    stored = {name.casefold(): (name, type_) for name, type_ in part.columns.items()}
    known: Mapping[str, ColumnStatistics] = {}
    if part.parquet is not None and part.raw is None:
        known = statistics_of(connection, part.parquet)
    readings = []
    diagnostics = []
    place = part.place or Location(part.source.label, 1, 1)
    for column in columns:
        type_ = table.columns[column]
        if column.casefold() not in stored:
            if column in table.required:
                diagnostics.append(missing_column(place, table.name, column, part.columns))
            readings.append(absent(column, type_))
            continue
        name, kind = stored[column.casefold()]
        facts = known.get(name)
        may_be_empty = part.raw is None and not (facts and facts.has_no_empty)
        reading = read_typed(column, quoted(name), kind, type_, may_be_empty=may_be_empty)
        if facts is not None:
            reading = reading.without(_proven(facts, type_))
        if column in part.unread:
            reading = _unread(reading, part.unread[column])
        if reading.error is not None:
            diagnostics.append(Diagnostic(place, *reading.error))
        if reading.warning is not None and part.place is None:
            diagnostics.append(Diagnostic(place, *reading.warning, severity="warning"))
        readings.append(_shifted(reading, type_, years_shifted))
    if "where" in part.unread:
        readings.append(
            _unread(Reading(column="where", source=None, value="NULL"), part.unread["where"])
        )
    always = frozenset(name for name, facts in known.items() if facts.has_no_null)
    return (*readings, *_row_checks(table, readings, always)), diagnostics


def _unread(reading: Reading, unread: Unread) -> Reading:
    """Refuse the rows in which a formula has no value, before anything else is asked."""
    checks = [
        Check(fails=f"{unread.mark} = {number}", code=code, reason=reason, asks_presence=True)
        for number, (code, reason) in enumerate(unread.reasons)
    ]
    return evolve(reading, checks=(*checks, *reading.checks), original=unread.shown)


def missing_column(place: Location, table: str, column: str, columns: Iterable[str]) -> Diagnostic:
    """Say that a source has no such column, and which of its names is nearest."""
    return Diagnostic(
        place,
        "RE513",
        f"{table}.{column} is needed and {place.file} does not give it",
        help=suggest(column, columns) or f"its columns are {choices(list(columns)[:20])}",
    )


def _proven(facts: ColumnStatistics, type_: Type) -> frozenset[str]:
    codes = set()
    if facts.has_no_null:
        codes.add("RE503")
    if facts.low is not None and facts.high is not None and type_.is_numeric:
        above = type_.low is None or Fraction(type_.low) <= Fraction(facts.low)
        below = type_.high is None or Fraction(facts.high) <= Fraction(type_.high)
        if above and below:
            codes.add("RE501")
    # An empty text would be absent, and statistics of texts count it as present.
    if type_.kind in {Kind.CODE, Kind.TEXT} and not facts.has_no_empty:
        codes.discard("RE503")
    return frozenset(codes)


def _shifted(reading: Reading, type_: Type, years: int) -> Reading:
    if not years or type_.kind is not Kind.DATE or reading.source is None:
        return reading
    # What stands for `never` or `always` stays.
    moved = (
        f"CASE WHEN year({reading.value}) BETWEEN 1000 AND 8999"
        f" THEN CAST({reading.value} + to_years({years}) AS DATE) ELSE {reading.value} END"
    )
    return evolve(reading, value=moved)


def _row_checks(
    table: StandardTable, readings: Iterable[Reading], always: frozenset[str]
) -> list[Reading]:
    """Write the conditions that take more than one column."""
    values = {reading.column: reading.value for reading in readings if reading.source is not None}
    checks = [
        _row_check(
            name,
            values[name],
            f"day({values[name]}) <> 1",
            "RE500",
            "is not the first day of a month",
        )
        for name in sorted(table.months)
        if name in values
    ]
    if table.interval is not None and not table.excludes_overlap:
        first, last = table.interval
        if first in values and last in values:
            fails = f"{values[first]} > {values[last]}"
            checks.append(_row_check(last, values[last], fails, "RE507", f"is before {first}"))
    if table.dated_by is not None and table.dated_by not in always:
        fails = (
            _COLUMN.sub(lambda found: values.get(found[0], "NULL"), table.period_date) + " IS NULL"
        )
        checks.append(_row_check("period date", "NULL", fails, "RE503", "is absent; it may not be"))
    return checks


def _row_check(column: str, value: str, fails: str, code: str, reason: str) -> Reading:
    return Reading(
        column=column,
        source=None,
        value=value,
        checks=(Check(fails=fails, code=code, reason=reason),),
    )


def stage(
    connection: "DuckDBPyConnection",
    part: Part,
    table: StandardTable,
    readings: tuple[Reading, ...],
) -> Staged:
    """Set aside the rows that do not read, and hold the others typed where they were text."""
    label = part.source.label
    if part.broken:
        # One statement, because a file written with another header has as many as it has rows.
        connection.execute(
            f"INSERT INTO {STAGING}.rejects SELECT ?, ?, ?, row, NULL, NULL, NULL, 'RE508',"
            " 'does not have the columns of its header: ' || reason"
            " FROM (SELECT unnest(?::BIGINT[]) AS row, unnest(?::VARCHAR[]) AS reason)",
            [
                part.number,
                table.name,
                label,
                [row for row, _ in part.broken],
                [reason for _, reason in part.broken],
            ],
        )
    _reject(connection, part, table, readings)
    counted = connection.execute(f"SELECT count(*) FROM {part.plain}").fetchone()
    staged = Staged(
        part=part,
        table=table,
        readings=tuple(reading for reading in readings if reading.column in table.columns),
        rows_read=(counted[0] if counted else 0) + len(part.broken) + part.left_out,
    )
    if part.raw is None:
        return staged
    held = f"{STAGING}.part_{part.number}"
    columns = [reading.column for reading in staged.readings]
    selected = staged.select(columns, with_row=True, has_removed=True)
    connection.execute(f"CREATE TABLE {held} AS {selected}")
    connection.execute(f"DROP TABLE {part.raw}")
    return evolve(staged, held=held)


def _reject(
    connection: "DuckDBPyConnection", part: Part, table: StandardTable, readings: Iterable[Reading]
) -> None:
    checked = [reading for reading in readings if reading.fails is not None]
    problems = ", ".join(reading.problem or "NULL" for reading in checked)
    fails = " OR ".join(f"({reading.fails})" for reading in checked)
    if checked:
        key = key_text({reading.column: reading.shown for reading in readings}, table.key)
        connection.execute(
            f"INSERT INTO {STAGING}.rejects SELECT {part.number}, {literal(table.name)},"
            f" {literal(part.source.label)}, _row, _key, p.column, p.value, p.code, p.reason"
            f" FROM (SELECT _row, {key} AS _key,"
            f" unnest(list_filter([{problems}], lambda x: x IS NOT NULL)) AS p"
            f" FROM {part.numbered} WHERE {fails})"
        )
    if checked or part.broken:
        remove(connection, part.number)


def remove(connection: "DuckDBPyConnection", part: int) -> None:
    """Remove the rows of a part that were rejected."""
    connection.execute(
        f"INSERT INTO {STAGING}.removed SELECT DISTINCT part, row, 'rejected'"
        f" FROM {STAGING}.rejects"
        f" WHERE part = {part} AND row IS NOT NULL"
        f" AND row NOT IN (SELECT row FROM {STAGING}.removed WHERE part = {part})"
    )


def key_text(shown: Mapping[str, str], key: Iterable[str]) -> str:
    """Write SQL that gives a row's key as text."""
    # A dead column leaves its name out, because text joined with null is null.
    parts = [f"{literal(name + '=')} || {shown[name]}" for name in key if name in shown]
    return f"nullif(concat_ws(', ', {', '.join(parts)}), '')" if parts else "NULL"


def _removed(part: int) -> str:
    return f"SELECT row AS _removed FROM {STAGING}.removed WHERE part = {part}"
