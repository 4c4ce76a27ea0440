"""Rows in memory: lists, Arrow tables and streams, made readable in a connection."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rules_engine.tables.connection import register
from rules_engine.tables.storage import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["is_stream", "keep_stream", "load_rows", "scannable"]

_ROWS_AT_ONCE: Final = 50_000


def load_rows(
    connection: "DuckDBPyConnection",
    raw: str,
    rows: Sequence[Mapping[str, Any]],
    known: Sequence[str] = (),
) -> None:
    """Load a list of rows into a table of texts.

    Args:
        connection: Where to.
        raw: SQL name of the table.
        rows: The rows; one may lack columns that another has.
        known: The columns where there is no row.

    Raises:
        ValueError: A text is none, because it holds half of a pair of surrogates.
    """
    import pyarrow as pa  # noqa: PLC0415  only Arrow files and rows in memory need it

    names = list(dict.fromkeys(name for row in rows for name in row)) or list(known)
    # A table without columns cannot be created; nobody asks for this one.
    listed = ", ".join(f"{quoted(name)} VARCHAR" for name in names or ["_"])
    connection.execute(f"CREATE TABLE {raw} ({listed})")
    # Some at a time, because the texts of all would take more memory than the rows.
    for first in range(0, len(rows) if names else 0, _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        texts = {name: [_text(row.get(name)) for row in some] for name in names}
        try:
            given = pa.table(
                {name: pa.array(column, pa.string()) for name, column in texts.items()}
            )
        except UnicodeEncodeError:
            raise ValueError(_no_text(texts, first)) from None
        register(connection, "given_rows", given)
        connection.execute(f"INSERT INTO {raw} FROM given_rows")
        connection.unregister("given_rows")


def _no_text(texts: Mapping[str, Sequence[str | None]], first: int) -> str:
    """Say where the first text stands that cannot be written."""
    places = []
    for name, column in texts.items():
        for place, text in enumerate(column, first + 1):
            try:
                (text or "").encode()
            except UnicodeEncodeError:
                places.append((place, name, text))
                break
    place, name, text = min(places)
    return (
        f"row {place}: {name} is {text!a}, which is no text: half of a surrogate pair stands in it"
    )


def is_stream(rows: Any) -> bool:
    """Tell whether rows come one after the other and are not all held by the host."""
    import duckdb  # noqa: PLC0415  embedding a price must not load it

    # A relation knows its length by working it out.
    is_held = hasattr(rows, "__len__") and not isinstance(rows, duckdb.DuckDBPyRelation)
    return hasattr(rows, "__arrow_c_stream__") and not is_held


def keep_stream(connection: "DuckDBPyConnection", rows: Any, path: Path) -> None:
    """Write what comes once into a Parquet file, batch by batch."""
    import pyarrow as pa  # noqa: PLC0415  only Arrow files and rows in memory need it

    reader = pa.RecordBatchReader.from_stream(rows)
    # Parquet has no column of nothing, and would call it whole numbers.
    empty = [field.name for field in reader.schema if pa.types.is_null(field.type)]
    replaced = ", ".join(f"CAST(NULL AS VARCHAR) AS {quoted(name)}" for name in empty)
    columns = f"* REPLACE ({replaced})" if replaced else "*"
    register(connection, "given_stream", reader)
    try:
        connection.execute(
            f"COPY (SELECT {columns} FROM given_stream) TO {literal(str(path))} (FORMAT parquet)"
        )
    finally:
        connection.unregister("given_stream")


def scannable(rows: Any) -> Any:
    """Give what DuckDB reads as often as it likes, without a copy where the host has Arrow."""
    import pyarrow as pa  # noqa: PLC0415  only Arrow files and rows in memory need it

    if isinstance(rows, pa.Table) or not hasattr(rows, "__arrow_c_stream__"):
        return rows
    return pa.table(rows)


def _text(value: object) -> str | None:
    """Give a value of a host's row as the text that reads back exactly."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime) or not isinstance(value, int | date):
        # What is not exact (a binary fraction, say) reads as no number and is rejected as it is.
        return f"{type(value).__name__} {value}"
    return str(value)
