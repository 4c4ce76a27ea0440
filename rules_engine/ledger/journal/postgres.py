"""PostgreSQL: a journal in a database of many users."""

from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from rules_engine.ledger.journal.posting import JournalError
from rules_engine.ledger.journal.store import Store

__all__ = ["open_postgres"]

_LOCK: Final = 0x52454A31  # `REJ1`; who writes to a journal of this engine waits for it

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS entry (
  number BIGINT PRIMARY KEY,
  ruleset TEXT COLLATE "C" NOT NULL,
  rule TEXT COLLATE "C" NOT NULL,
  grain TEXT COLLATE "C" NOT NULL,
  first_day TEXT COLLATE "C" NOT NULL,
  last_day TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  known_at TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  content TEXT NOT NULL,
  facts BYTEA NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (ruleset, rule, first_day, last_day, grain, version)
)""",
    """CREATE OR REPLACE FUNCTION entry_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an entry of the journal is never changed or removed'; END $$""",
    """CREATE OR REPLACE TRIGGER entry_is_never_changed
BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION entry_is_never_changed()""",
)


def open_postgres(url: str, *, create: bool) -> Store:
    """Open a journal in a PostgreSQL database.

    Args:
        url: `postgresql://user:password@host:port/database`; a folder of Unix sockets stands in
            `?host=/folder`, and a schema in `?options=-csearch_path%3Dname`. What it leaves out is
            the user's own, `localhost` and 5432.
        create: Whether to make the table where there is none; else it is only read.

    Raises:
        JournalError: There is no driver, no database or no journal in it.
    """
    try:
        driver: Any = import_module("pg8000.dbapi")
    except ImportError as error:
        msg = "a journal in PostgreSQL asks for the driver: pip install 'rules-engine[postgres]'"
        raise JournalError(msg) from error
    try:
        connection = driver.connect(**_arguments(url))
        connection.autocommit = True  # transactions are begun and ended in words
        cursor = connection.cursor()
        if create:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        cursor.execute("SELECT to_regclass('entry') IS NOT NULL")
        (there,) = cursor.fetchone()
        if create:
            for statement in () if there else _SCHEMA:
                cursor.execute(statement)
            cursor.execute("COMMIT")
        cursor.close()
    except (driver.Error, OSError) as error:
        msg = f"the journal in PostgreSQL cannot be opened: {_first_line(error)}"
        raise JournalError(msg) from error
    if not there and not create:
        connection.close()
        msg = "the database holds no journal; the journal of a run may stand there"
        raise JournalError(msg)
    return Store(
        connection=connection,
        mark="%s",
        begin=("BEGIN", f"SELECT pg_advisory_xact_lock({_LOCK})"),
        errors=(driver.Error, OSError),
    )


def _arguments(url: str) -> dict[str, Any]:
    """Give what the driver asks for, out of a URL."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.get("host", "")
    port = parts.port or 5432
    found: dict[str, Any] = {
        "user": unquote(parts.username or "") or _user(),
        "database": unquote(parts.path.lstrip("/")) or None,
    }
    if "options" in options:
        found["startup_params"] = {"options": options["options"]}
    if parts.password is not None:
        found["password"] = unquote(parts.password)
    if host.startswith("/"):
        found["unix_sock"] = f"{host}/.s.PGSQL.{options.get('port', port)}"
    else:
        found["host"] = host or parts.hostname or "localhost"
        found["port"] = port
    return found


def _user() -> str:
    import getpass  # noqa: PLC0415  only a URL without a user asks for it

    return getpass.getuser()


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
