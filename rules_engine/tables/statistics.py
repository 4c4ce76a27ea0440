"""Statistics: what a Parquet file says of its own columns, so that nobody has to read them."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from rules_engine.tables.storage import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

__all__ = ["ColumnStatistics", "statistics_of"]


@frozen(kw_only=True)
class ColumnStatistics:
    """What is certain of every value of a column.

    Attributes:
        has_no_null: Whether no value is absent.
        has_no_empty: Whether no text is empty.
        low: Smallest number, or None where it is not known.
        high: Largest number.
    """

    has_no_null: bool
    has_no_empty: bool
    low: Decimal | None
    high: Decimal | None


def statistics_of(connection: "DuckDBPyConnection", path: Path) -> "Mapping[str, ColumnStatistics]":
    """Read the statistics of every column of a Parquet file; those that lack them are left out."""
    found = connection.execute(
        "SELECT path_in_schema, count(stats_null_count) = count(*) AND sum(stats_null_count) = 0,"
        " count(stats_min_value) = count(*) AND min(stats_min_value) > '',"
        " count(low) = count(*), min(low), max(high)"
        " FROM (SELECT *, TRY_CAST(stats_min_value AS DECIMAL(38, 10)) AS low,"
        " TRY_CAST(stats_max_value AS DECIMAL(38, 10)) AS high"
        f" FROM parquet_metadata({literal(str(path))}) WHERE row_group_num_rows > 0)"
        " GROUP BY path_in_schema"
    ).fetchall()
    return {
        str(name): ColumnStatistics(
            has_no_null=bool(no_null),
            has_no_empty=bool(no_empty),
            low=low if is_known else None,
            high=high if is_known else None,
        )
        for name, no_null, no_empty, is_known, low, high in found
    }
