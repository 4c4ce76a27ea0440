"""The fourth meaning of formulas: many of them as one SELECT on Spark."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from rules_engine.expressions import Expression, Kind, Sites, Type
from rules_engine.expressions.sql import SqlWriter, quote
from rules_engine.warehouse import spark
from rules_engine.warehouse.text import translated
from tests.expressions.harness import DATE, Found, Table, normal

_PLACE = "place_"


def select(
    formulas: Sequence[Expression],
    columns: Mapping[str, Type],
    tables: Mapping[str, Table],
    sites: Sites,
    dialect: str = "spark",
) -> str:
    """Write the SELECT of formulas over the table `line`; of each its refusal and its value.

    Raises:
        DialectError: One of them is not exact there.
    """
    writer = SqlWriter(
        {name: table.type for name, table in tables.items()},
        sites,
        column=lambda ref: f"l.{quote(ref.name)}",
        row_date=f"l.{quote(DATE)}",
    )
    listed = [f"l.{_PLACE}"]
    for number, formula in enumerate(formulas):
        failure = writer.failure(formula) or "NULL"
        listed += [f"{failure} AS f{number}", f"{writer.write(formula)} AS v{number}"]
    joins = " ".join(str(join) for join in writer.joins.values())
    step = ("found", f"SELECT {', '.join(listed)} FROM line AS l {joins}", "")  # noqa: S608  the text under test
    names = [_PLACE, *(f"{kind}{n}" for n in range(len(formulas)) for kind in "fv")]
    final = f"SELECT {', '.join(f'l.{name}' for name in names)} FROM found AS l"  # noqa: S608  names of ours
    shapes = {name: table.type.columns for name, table in tables.items()}
    line = {_PLACE: Type.of(Kind.COUNT), **columns}
    return translated([step], final, {"line": line, **shapes}, dialect)


def by_spark(
    session: Any,
    text: str,
    count: int,
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    folder: Path,
) -> list[list[Found]]:
    """Run what `select` wrote; give of each of `count` formulas what each row found."""
    files = {name: folder / f"{name}.parquet" for name in ("line", *tables)}
    for name, path in files.items():
        connection.execute(f"COPY {quote(name)} TO '{path}' (FORMAT parquet)")
    spark.query(session, text, files, folder / "out")
    listed = ", ".join(f"f{n}, CASE WHEN f{n} IS NULL THEN v{n} END" for n in range(count))
    rows = connection.execute(
        f"SELECT {listed} FROM read_parquet('{folder}/out/*.parquet') ORDER BY {_PLACE}"  # noqa: S608  a folder of ours
    ).fetchall()
    return [
        [
            ("value", normal(row[2 * n + 1])) if row[2 * n] is None else ("reject", row[2 * n])
            for row in rows
        ]
        for n in range(count)
    ]
