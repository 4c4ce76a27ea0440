"""Parts: the rows of one source as a relation of DuckDB, each with its number."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from rules_engine.diagnostics import Location
from rules_engine.tables import delimited
from rules_engine.tables.connection import folder_of, register
from rules_engine.tables.delimited import Delimited, UnreadableError
from rules_engine.tables.memory import is_stream, keep_stream, load_rows, scannable
from rules_engine.tables.sources import Source
from rules_engine.tables.storage import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["STAGING", "Part", "Unread", "open_part"]

STAGING = "staging"
"""The schema of what is not for rules: raw rows, rejects."""


@frozen(kw_only=True)
class Unread:
    """How a formula of a mapping tells that it has no value.

    Attributes:
        mark: Column that holds the number of the reason, null where the formula has its value.
        shown: Column that holds the texts that it reads.
        reasons: Code and message of each number.
    """

    mark: str
    shown: str
    reasons: tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Part:
    """The rows of one source, not yet read into types.

    Attributes:
        number: Tells parts apart, from 0.
        source: Where they are.
        plain: SQL of the rows.
        numbered: SQL of the rows with `_row`, their number from 1.
        columns: DuckDB type of each column.
        raw: SQL name of the table of texts that was loaded for it, or None where the rows stay
            where they are.
        broken: Rows that do not have the columns of their header: number and why.
        unread: How the formulas of its mapping tell that they have no value.
        rows_each: How many numbers stand for one row of the file.
        left_out: Rows that its mapping does not take.
        place: Where the mapping of its columns begins, or None.
        parquet: The Parquet file that holds the rows, or None.
    """

    number: int
    source: Source
    plain: str
    numbered: str
    columns: Mapping[str, str]
    raw: str | None = None
    broken: tuple[tuple[int, str], ...] = ()
    unread: Mapping[str, Unread] = field(factory=dict)
    rows_each: int = 1
    left_out: int = 0
    place: Location | None = None
    parquet: Path | None = None


def open_part(
    connection: "DuckDBPyConnection",
    number: int,
    source: Source,
    form: Delimited,
    columns: Sequence[str] = (),
) -> Part | None:
    """Make the rows of a source readable in a connection.

    Text files and lists are loaded; Parquet, Arrow and databases stay where they are. A stream,
    which can be read once, is kept in a Parquet file until the connection closes. A list without
    rows has `columns`: that nothing happened is known, not missing.

    Returns:
        None where a database has no such table.

    Raises:
        UnreadableError: The file is broken.
    """
    import duckdb  # noqa: PLC0415  embedding a price must not load it

    raw = f"{STAGING}.raw_{number}"
    broken: list[tuple[int, str]] = []
    loaded = True
    parquet = source.path if source.format == "parquet" else None
    try:
        match source.format:
            case "csv":
                path = _path(source)
                names = delimited.header(path, form)
                numbered, broken = delimited.load(connection, raw, path, names, form)
                plain = raw
            case "memory" if isinstance(source.rows, Sequence):
                load_rows(connection, raw, source.rows, columns)
                plain, numbered = raw, delimited.numbered(raw)
            case "memory" if is_stream(source.rows):
                parquet = folder_of(connection) / f"stream_{number}.parquet"
                keep_stream(connection, source.rows, parquet)
                plain, numbered, loaded = *_parquet(parquet), False
            case "parquet":
                plain, numbered, loaded = *_parquet(_path(source)), False
            case "duckdb":
                plain = _attached(connection, source)
                if not plain:
                    return None
                numbered, loaded = _counted(plain), False
            case _:
                plain = f"part_{number}"
                is_memory = source.format == "memory"
                rows = scannable(source.rows) if is_memory else _arrow(_path(source))
                register(connection, plain, rows)
                numbered, loaded = _counted(plain), False
        described = connection.execute(f"DESCRIBE SELECT * FROM {plain}").fetchall()
    except duckdb.Error as error:
        raise UnreadableError(
            code="RE511", message=f"{source.label} cannot be read: {_reason(error, source)}"
        ) from None
    if source.format != "csv":
        delimited.refuse_reserved(source.label, (str(row[0]) for row in described))
    return Part(
        number=number,
        source=source,
        plain=plain,
        numbered=numbered,
        columns={str(row[0]): str(row[1]) for row in described if row[0] != "_row"},
        raw=raw if loaded else None,
        broken=tuple(broken),
        parquet=parquet,
    )


def _parquet(path: Path) -> tuple[str, str]:
    """Write the rows of a Parquet file, and the same with their numbers."""
    file = literal(str(path))
    numbered = (
        "(SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _row"
        f" FROM read_parquet([{file}], file_row_number = true))"
    )
    return f"read_parquet([{file}])", numbered


def _path(source: Source) -> Path:
    if source.path is None:
        msg = f"{source.label} has no file"
        raise TypeError(msg)
    return source.path


def _reason(error: Exception, source: Source) -> str:
    reason = str(error).splitlines()[0]
    return reason if source.path is None else reason.replace(str(source.path), source.label)


def _counted(plain: str) -> str:
    return f"(SELECT *, row_number() OVER () AS _row FROM {plain})"


def _attached(connection: "DuckDBPyConnection", source: Source) -> str:
    """Attach the database of a source once; give the table's SQL name, or nothing."""
    known = connection.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = 'data'")
    if known.fetchone() is None:
        path = literal(str(_path(source)))
        connection.execute(f"ATTACH {path} AS data (READ_ONLY)")
    found = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_catalog = 'data' AND lower(table_name) = ? ORDER BY table_schema <> 'main'",
        [source.table],
    ).fetchone()
    return "" if found is None else f"data.{quoted(found[0])}.{quoted(found[1])}"


def _arrow(path: Path) -> Any:
    import pyarrow as pa  # noqa: PLC0415  only Arrow files and rows in memory need it

    try:
        # Mapped, because it may be larger than the memory.
        mapped = pa.memory_map(str(path))
        try:
            return pa.ipc.open_file(mapped).read_all()
        except pa.ArrowInvalid:
            mapped.seek(0)
            return pa.ipc.open_stream(mapped).read_all()
    except FileNotFoundError:
        raise UnreadableError(code="RE510", message=f"{path.name} is absent") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(
            code="RE511", message=f"{path.name} cannot be read: {reason}"
        ) from None
