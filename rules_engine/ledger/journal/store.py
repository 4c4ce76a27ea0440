"""The store: the rows of a journal in a database, only ever added to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, Final, Protocol

from attrs import frozen

from rules_engine.ledger.journal.entry import Entry, canonical
from rules_engine.ledger.journal.posting import JournalError

__all__ = ["COLUMNS", "Connection", "Latest", "Row", "Store"]

COLUMNS: Final = (
    "number",
    "ruleset",
    "rule",
    "grain",
    "first_day",
    "last_day",
    "version",
    "known_at",
    "digest",
    "content",
    "facts",
    "hash",
)
"""Columns of the table `entry`; all before `content` repeat what stands in it, for look-ups."""

_BATCH: Final = 1_000


class Cursor(Protocol):
    """What a database answers with."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Any:
        """Run one statement."""

    def fetchmany(self, size: int = ..., /) -> Sequence[Sequence[Any]]:
        """Give the next rows."""

    def close(self) -> Any:
        """Free what it holds."""


class Connection(Protocol):
    """A connection as PEP 249 describes it."""

    def cursor(self) -> Any:
        """Give a cursor."""

    def close(self) -> Any:
        """Close the connection."""


@frozen
class Row:
    """One stored entry, as it is stored.

    Attributes:
        columns: What repeats the content, by column.
        content: The entry, as canonical JSON.
        facts: Its facts, packed; empty where none were kept.
        hash: SHA-256 of the content.
    """

    columns: Mapping[str, Any]
    content: str
    facts: bytes
    hash: str

    @classmethod
    def of(cls, entry: Entry, content: str, facts: bytes, hashed: str) -> "Row":
        """Give the row that an entry is stored in."""
        service = entry.key.service
        columns = {
            "number": entry.number,
            "ruleset": entry.key.ruleset,
            "rule": entry.key.rule,
            "grain": canonical(list(entry.key.grain)),
            "first_day": service.first.isoformat(),
            "last_day": service.last.isoformat(),
            "version": entry.version,
            "known_at": entry.known_at.isoformat(),
            "digest": entry.digest,
        }
        return cls(columns, content, facts, hashed)


@frozen
class Latest:
    """The latest version of a key: its number, and the digest of what it pays."""

    number: int
    version: int
    digest: str


@frozen(kw_only=True)
class Store:
    """Statements on one connection. Every value is bound; every row is added and none changed.

    Attributes:
        connection: The database.
        mark: How the driver writes the place of a value: `?` or `%s`.
        begin: Statements that begin a transaction in which nobody else writes.
        errors: What the driver raises where the database fails.
        check: Finds faults of the database itself; None where it has no such check.
    """

    connection: Connection
    mark: str
    begin: tuple[str, ...]
    errors: tuple[type[Exception], ...]
    check: str | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the journal alone; all that is added inside is added together or not at all."""
        for statement in self.begin:
            self._run(statement)
        try:
            yield
        except BaseException:
            # A connection that is gone has rolled back already, and says so once more.
            with suppress(JournalError):
                self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def add(self, row: Row) -> None:
        """Add an entry."""
        marks = ", ".join(self.mark for _ in COLUMNS)
        values = (*row.columns.values(), row.content, row.facts, row.hash)
        self._run(f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES ({marks})", values)

    def last(self) -> tuple[int, str] | None:
        """Give number and hash of the last entry; None where there is none."""
        found = next(
            self._rows("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1"), None
        )
        return None if found is None else (found[0], found[1])

    def latest(
        self, ruleset: str, rule: str, first: date, last: date
    ) -> dict[tuple[str, ...], Latest]:
        """Give the latest version of each entity's key, for a rule and service period."""
        found: dict[tuple[str, ...], Latest] = {}
        sql = (
            "SELECT grain, number, version, digest FROM entry"
            " WHERE ruleset = ? AND rule = ? AND first_day = ? AND last_day = ? ORDER BY number"
        )
        for grain, number, version, digest in self._rows(sql, ruleset, rule, first, last):
            found[_grain(grain)] = Latest(number, version, digest)
        return found

    def known_at(self, ruleset: str, rule: str, first: date, last: date) -> str | None:
        """Give the latest day up to which facts of a rule and service period were known."""
        sql = (
            "SELECT max(known_at) FROM entry"
            " WHERE ruleset = ? AND rule = ? AND first_day = ? AND last_day = ?"
        )
        found = next(self._rows(sql, ruleset, rule, first, last))[0]
        return None if found is None else str(found)

    def overlapping(
        self, ruleset: str, rule: str, first: date, last: date
    ) -> tuple[str, str] | None:
        """Give a service period that shares a day with another and is not the same."""
        sql = (
            "SELECT first_day, last_day FROM entry WHERE ruleset = ? AND rule = ?"
            " AND first_day <= ? AND last_day >= ? AND NOT (first_day = ? AND last_day = ?) LIMIT 1"
        )
        found = next(self._rows(sql, ruleset, rule, last, first, first, last), None)
        return None if found is None else (found[0], found[1])

    def content(self, number: int) -> tuple[str, bytes]:
        """Give content and facts of an entry."""
        content, facts = next(
            self._rows("SELECT content, facts FROM entry WHERE number = ?", number)
        )
        return content, bytes(facts)

    def contents(self, known_at: date | None = None) -> Iterator[str]:
        """Give the content of every entry, in order; of those known by a day, if one is given."""
        if known_at is None:
            rows = self._rows("SELECT content FROM entry ORDER BY number")
        else:
            rows = self._rows(
                "SELECT content FROM entry WHERE known_at <= ? ORDER BY number", known_at
            )
        for (content,) in rows:
            yield content

    def of_ruleset(self, ruleset: str, through: date) -> Iterator[str]:
        """Give the entries of a ruleset for service periods that end by a day, in order."""
        sql = "SELECT content FROM entry WHERE ruleset = ? AND last_day <= ? ORDER BY number"
        for (content,) in self._rows(sql, ruleset, through):
            yield content

    def rows(self) -> Iterator[Row]:
        """Give every entry as it is stored, in order."""
        names = COLUMNS[:-3]
        for values in self._rows(f"SELECT {', '.join(COLUMNS)} FROM entry ORDER BY number"):
            *columns, content, facts, hashed = values
            yield Row(dict(zip(names, columns, strict=True)), content, bytes(facts), hashed)

    def faults(self) -> list[str]:
        """Give what the database finds wrong with itself."""
        if self.check is None:
            return []
        return [str(found[0]) for found in self._rows(self.check) if found[0] != "ok"]

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _run(self, sql: str, values: Sequence[Any] = ()) -> None:
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, values)
        except self.errors as error:
            raise _failed(error) from error
        finally:
            cursor.close()

    def _rows(self, sql: str, *values: Any) -> Iterator[Sequence[Any]]:
        cursor = self.connection.cursor()
        try:
            bound = [v.isoformat() if isinstance(v, date) else v for v in values]
            cursor.execute(sql.replace("?", self.mark), bound)
            while rows := cursor.fetchmany(_BATCH):
                yield from rows
        except self.errors as error:
            raise _failed(error) from error
        finally:
            cursor.close()


def _failed(error: Exception) -> JournalError:
    """Say that the database cannot be read or written: it is locked, full, damaged or gone."""
    lines = str(error).splitlines()
    return JournalError(f"the journal's database fails: {lines[0] if lines else error!r}")


def _grain(written: str) -> tuple[str, ...]:
    return tuple(json.loads(written))
