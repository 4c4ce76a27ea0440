"""Pricing on Apache Spark: staged tables go out as Parquet, and the priced lines come back."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rules_engine.engine.contract import Contract
from rules_engine.expressions import Kind, Sites, Type
from rules_engine.expressions.sql import quote, text
from rules_engine.language.monthly import MONTH
from rules_engine.language.names import LINE
from rules_engine.pricing.batch import BatchQuery, batch_query
from rules_engine.pricing.months.batch import MonthQuery
from rules_engine.tables.dataset import Dataset
from rules_engine.tables.storage import storage
from rules_engine.warehouse import spark
from rules_engine.warehouse.text import translated

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["months_on_spark", "priced_on_spark"]

_PLACE: Final = "line_place_"
"""The place of a line among the others, so that they come back in the order of the data."""


@contextmanager
def priced_on_spark(
    ruleset: Contract,
    dataset: Dataset,
    query: BatchQuery,
    source: str,
    out: Path | None,
    *,
    session: Any = None,
) -> Iterator[tuple[str, str]]:
    """Price the lines on Spark.

    Args:
        ruleset: What to price by.
        dataset: The staged tables.
        query: The same query for DuckDB; its columns and their types are the result's.
        source: Table or view of the lines.
        out: Folder on whose disk the rows may lie meanwhile; None for the system's.
        session: A SparkSession of the caller.

    Yields:
        What Spark ran, and a query for DuckDB that reads the priced lines as long as the context
        is open.

    Raises:
        SparkError: There is no Spark here.
        DialectError: Spark would not compute the ruleset exactly.
    """
    connection = dataset.connection
    lines = dict(ruleset.plan.columns) | {_PLACE: _counted(connection, source)}
    present = frozenset(dataset.tables[LINE].columns) | {_PLACE}
    # The same places in the same order, so that refusals have the numbers they have in DuckDB.
    handed = batch_query(ruleset.plan, Sites(), present, (*ruleset.carried, _PLACE), source=source)
    shapes = {name: ruleset.plan.tables[name].columns for name in ruleset.plan.needed_tables}
    written = translated(handed.steps, handed.final, {source: lines, **shapes}, "spark")
    with (
        spark.session(session) as engine,
        tempfile.TemporaryDirectory(prefix=".spark-", dir=out) as folder,
    ):
        files = {}
        for name, columns in {source: lines, **shapes}.items():
            files[name] = Path(folder, f"{name}.parquet")
            rows = _rows(connection, name, columns, numbered=name == source)
            connection.execute(f"COPY ({rows}) TO {text(str(files[name]))} (FORMAT parquet)")
        priced = Path(folder, "priced")
        spark.query(engine, written, files, priced)
        order = "claim_id, claim_line_number" if ruleset.plan.is_joint else _PLACE
        yield written, _back(connection, query.sql, priced, order)


@contextmanager
def months_on_spark(
    ruleset: Contract,
    dataset: Dataset,
    queries: Sequence[MonthQuery],
    out: Path | None,
    *,
    session: Any = None,
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Price the member-months on Spark.

    Args:
        ruleset: What to price by.
        dataset: The staged tables.
        queries: What DuckDB would run, one for each rule.
        out: Folder on whose disk the rows may lie meanwhile; None for the system's.
        session: A SparkSession of the caller.

    Yields:
        What Spark ran, and queries for DuckDB that read the rows as long as the context is open.

    Raises:
        SparkError: There is no Spark here.
        DialectError: Spark would not compute the ruleset exactly.
    """
    connection = dataset.connection
    plans = ruleset.month_plans
    tables = {MONTH: plans[queries[0].rule].columns} | {
        name: plan.tables[name].columns for plan in plans.values() for name in plan.needed_tables
    }
    written = [translated(query.steps, query.final, tables, "spark") for query in queries]
    with (
        spark.session(session) as engine,
        tempfile.TemporaryDirectory(prefix=".spark-", dir=out) as folder,
    ):
        files = {}
        for name, columns in tables.items():
            files[name] = Path(folder, f"{name}.parquet")
            rows = _rows(connection, name, columns, numbered=False)
            connection.execute(f"COPY ({rows}) TO {text(str(files[name]))} (FORMAT parquet)")
        back = []
        for query, ran in zip(queries, written, strict=True):
            priced = Path(folder, f"priced-{query.rule}")
            spark.query(engine, ran, files, priced)
            back.append(_back(connection, query.sql, priced, "person_id, month"))
        yield written, back


def _counted(connection: "DuckDBPyConnection", source: str) -> Type:
    (count,) = connection.execute(f"SELECT count(*) FROM {quote(source)}").fetchone() or (0,)
    return Type.exactly(Kind.COUNT, [Decimal(0), Decimal(count)])


def _rows(
    connection: "DuckDBPyConnection", table: str, columns: Mapping[str, Type], *, numbered: bool
) -> str:
    stored = [row[0] for row in connection.execute(f"DESCRIBE {quote(table)}").fetchall()]
    listed = [
        f"CAST({quote(name)} AS {storage(columns[name])}) AS {quote(name)}"
        for name in stored
        if name in columns
    ]
    if numbered:
        listed.append(f"row_number() OVER () AS {_PLACE}")
    return f"SELECT {', '.join(listed)} FROM {quote(table)}"


def _back(connection: "DuckDBPyConnection", query: str, folder: Path, order: str) -> str:
    """Read rows in their order and in the types that DuckDB would have given them."""
    types = connection.execute(f"DESCRIBE {query}").fetchall()
    listed = ", ".join(f"CAST({quote(row[0])} AS {row[1]}) AS {quote(row[0])}" for row in types)
    files = text(str(folder / "*.parquet"))
    return f"SELECT {listed} FROM read_parquet({files}) ORDER BY {order}"
