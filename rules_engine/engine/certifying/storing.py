"""Storing: rows that a program made, as typed tables of a DuckDB connection."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rules_engine.engine.certifying.sample import Row
from rules_engine.expressions import Type
from rules_engine.tables.storage import quoted, storage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["store"]


def store(
    connection: "DuckDBPyConnection",
    name: str,
    columns: Mapping[str, Type],
    rows: Sequence[Row],
) -> None:
    """Store rows as the engine stores those of a file."""
    texts = [[_text(row.get(column)) for row in rows] for column in columns]
    # As texts, because a list of values would be typed by what happens to stand in it.
    listed = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS c{place}" for place in range(len(texts)))
    typed = ", ".join(
        f"CAST(c{place} AS {storage(type_)}) AS {quoted(column)}"
        for place, (column, type_) in enumerate(columns.items())
    )
    some = "" if rows else " WHERE false"
    connection.execute(
        f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT {typed} FROM (SELECT {listed}){some}",
        texts,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else f"{value}"
