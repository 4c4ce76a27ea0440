"""Corrections: what changes between two runs of one contract, by member and service month."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.engine.months import PRICED_MONTHS
from rules_engine.expressions.sql import quote, text
from rules_engine.language.monthly import MONTH
from rules_engine.tables.connection import arrow_stream, connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.engine.run import Run

__all__ = ["MonthCorrection", "RowChange", "month_corrections"]

_AMOUNTS: Final = ("allowed", "adjusted", "withheld", "paid")
_REASONS: Final = (MONTH, "eligibility", "roster")
"""Tables of the data that say who is a member, and when; their rows are reasons."""


@frozen(kw_only=True)
class RowChange:
    """A row of the data that is why an amount changes.

    Attributes:
        table: Where it stands.
        before: The row as it was known; None where it came later.
        after: The row as it is known now; None where it went.
    """

    table: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@frozen(kw_only=True)
class MonthCorrection:
    """What is to be posted for one member and service month beyond what was posted before.

    Where another payee is paid than before, there are two: one takes the payment back, one makes
    it. The amounts of all corrections of a month and those of the earlier run add up to the later.

    Attributes:
        rule: The rule that pays.
        person_id: The member.
        month: First day of the service month.
        payee: Whose payment changes.
        allowed: Change of the allowed amount, in currency; below zero where less is due.
        adjusted: Change of what is taken off it for good.
        withheld: Change of what is kept back.
        paid: Change of what is paid.
        reasons: Rows that came, went or changed; none where the contract itself did.
    """

    rule: str
    person_id: str
    month: date
    payee: str
    allowed: Decimal
    adjusted: Decimal
    withheld: Decimal
    paid: Decimal
    reasons: tuple[RowChange, ...]


def month_corrections(before: "Run", after: "Run") -> Iterator[MonthCorrection]:
    """Say what a later run pays otherwise than an earlier one, member-month by member-month.

    Nothing is edited: what was posted stays, and the corrections are posted beside it. A
    member-month that the later run cannot price is taken back as if it were not paid for.

    Args:
        before: The run whose payments were posted.
        after: A run of the same contract with what is known now; both are open.

    Returns:
        In the order of rules, months, members and payees; memory grows with what changed.

    Raises:
        ValueError: A run's contract pays for no member-months.
    """
    for run in (before, after):
        if run.months is None:
            msg = f"{run.ruleset.id} pays for no member-months"
            raise ValueError(msg)
    with closing(connect()) as connection:
        for name, run in (("before", before), ("after", after)):
            _copy(run, connection, name)
        changed = _changed(connection)
        people = sorted({row["person_id"] for row in changed})
        reasons = _Reasons(before, after, people)
        for row in changed:
            yield MonthCorrection(**row, reasons=reasons.of(row["person_id"], row["month"]))


def _copy(run: "Run", connection: "DuckDBPyConnection", name: str) -> None:
    """Copy the payments of a run, in whole amounts by payee, to where they are compared."""
    amounts = ", ".join(f"{amount}_amount AS {amount}" for amount in _AMOUNTS)
    query = (
        f"SELECT rule, person_id, month, payee, {amounts} FROM {PRICED_MONTHS} WHERE reject IS NULL"
    )
    with arrow_stream(run.connection.cursor(), query) as stream:
        connection.register("stream", stream)
        connection.execute(f"CREATE TABLE {quote(name)} AS FROM stream")
        connection.unregister("stream")


def _changed(connection: "DuckDBPyConnection") -> list[dict[str, Any]]:
    changes = ", ".join(
        f"coalesce(a.{name}, 0) - coalesce(b.{name}, 0) AS {name}" for name in _AMOUNTS
    )
    differs = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in _AMOUNTS)
    keys = "rule, person_id, month, payee"
    cursor = connection.execute(
        f"SELECT {keys}, {changes} FROM after AS a FULL JOIN before AS b USING ({keys})"
        f" WHERE {differs} ORDER BY rule, month, person_id, payee"
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class _Reasons:
    """The rows of some members that two runs know differently."""

    def __init__(self, before: "Run", after: "Run", people: Sequence[str]) -> None:
        self.changes: dict[str, list[RowChange]] = {}
        for table in _REASONS:
            known, now = (_rows(run, table, people) for run in (before, after))
            for person in people:
                found = _compared(table, known.get(person, []), now.get(person, []))
                self.changes.setdefault(person, []).extend(found)

    def of(self, person: str, month: date) -> tuple[RowChange, ...]:
        """Give what changed of a member, of member-months that of this month."""
        return tuple(one for one in self.changes[person] if _touches(one, month))


def _touches(change: RowChange, month: date) -> bool:
    row = change.after or change.before or {}
    return change.table != MONTH or row.get("month") == month


def _rows(run: "Run", table: str, people: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Give the rows of some members."""
    found: dict[str, list[dict[str, Any]]] = {}
    if table not in run.dataset.tables or not people:
        return found
    names = ", ".join(text(person) for person in people)
    cursor = run.connection.cursor().execute(
        f"SELECT * FROM {quote(table)} WHERE person_id IN ({names}) ORDER BY ALL"
    )
    heads = [column[0] for column in cursor.description]
    while rows := cursor.fetchmany(10_000):
        for values in rows:
            row = dict(zip(heads, values, strict=True))
            found.setdefault(row["person_id"], []).append(row)
    return found


def _compared(
    table: str, known: list[dict[str, Any]], now: list[dict[str, Any]]
) -> Iterator[RowChange]:
    """Pair the rows that differ: by their month or first day, else one went and one came."""
    gone = [row for row in known if row not in now]
    come = [row for row in now if row not in known]
    for row in gone:
        same = next((other for other in come if _key(table, other) == _key(table, row)), None)
        if same is not None:
            come.remove(same)
        yield RowChange(table=table, before=row, after=same)
    for row in come:
        yield RowChange(table=table, before=None, after=row)


def _key(table: str, row: Mapping[str, Any]) -> Any:
    return row[{MONTH: "month", "eligibility": "enrollment_start_date", "roster": "from"}[table]]
