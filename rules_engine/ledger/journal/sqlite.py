"""SQLite: a journal in one file, with nothing to install."""

import sqlite3
from pathlib import Path
from typing import Final

from rules_engine.ledger.journal.posting import JournalError
from rules_engine.ledger.journal.store import Store

__all__ = ["open_sqlite"]

_APPLICATION: Final = 0x52454A31  # `REJ1`, by which a file says that it is such a journal
_WAIT_SECONDS: Final = 600

_SCHEMA: Final = (
    """CREATE TABLE entry (
  number INTEGER PRIMARY KEY,
  ruleset TEXT NOT NULL,
  rule TEXT NOT NULL,
  grain TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day TEXT NOT NULL,
  version INTEGER NOT NULL,
  known_at TEXT NOT NULL,
  digest TEXT NOT NULL,
  content TEXT NOT NULL,
  facts BLOB NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (ruleset, rule, first_day, last_day, grain, version)
) STRICT""",
    """CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never changed'); END""",
    """CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never removed'); END""",
    f"PRAGMA application_id = {_APPLICATION}",
)


def open_sqlite(path: Path, *, create: bool) -> Store:
    """Open a journal in a SQLite file.

    Args:
        path: The file.
        create: Whether to begin a journal where there is no file; else it is only read.

    Raises:
        JournalError: The file is no journal, or cannot be opened.
    """
    if not create and not path.is_file():
        msg = f"{path} does not exist; the journal of a run may stand there"
        raise JournalError(msg)
    mode = "rwc" if create else "ro"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_WAIT_SECONDS,
            isolation_level=None,  # transactions are begun and ended in words
        )
        try:
            # What is committed must be on the disk, and so must the folder that names it.
            connection.execute("PRAGMA synchronous = EXTRA")
            if create:
                _found(connection)
            (found,) = connection.execute("PRAGMA application_id").fetchone()
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, ValueError) as error:  # ValueError: its own names do not read
        msg = f"{path} cannot be opened as a journal: {error}"
        raise JournalError(msg) from error
    if found != _APPLICATION:
        connection.close()
        msg = f"{path} is no journal of this engine"
        raise JournalError(msg)
    return Store(
        connection=connection,
        mark="?",
        begin=("BEGIN IMMEDIATE",),
        errors=(sqlite3.Error,),
        check="PRAGMA integrity_check",
    )


def _found(connection: sqlite3.Connection) -> None:
    """Make the tables of a journal in a file that holds nothing yet."""
    if _objects(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have made them while this one waited.
    if not _objects(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


def _objects(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return int(count)
