"""Opening a journal by its place: a file, or the URL of a PostgreSQL database."""

import os
from pathlib import Path
from typing import Final

from rules_engine.ledger.journal.journal import Journal
from rules_engine.ledger.journal.postgres import open_postgres
from rules_engine.ledger.journal.sqlite import open_sqlite

__all__ = ["is_url", "open_journal"]

_URLS: Final = ("postgresql://", "postgres://")


def is_url(place: str | os.PathLike[str]) -> bool:
    """Whether a place is the URL of a database and no file."""
    return str(place).startswith(_URLS)


def open_journal(place: str | os.PathLike[str], *, create: bool = True) -> Journal:
    """Open a journal; close it afterwards, or use it in a `with` statement.

    Args:
        place: A file, which SQLite keeps, or a URL: `postgresql://user@host/database`.
        create: Whether to begin a journal where there is none; else it is only read.

    Raises:
        JournalError: There is no journal, or it cannot be opened.
    """
    if is_url(place):
        return Journal(open_postgres(str(place), create=create))
    return Journal(open_sqlite(Path(place), create=create))
