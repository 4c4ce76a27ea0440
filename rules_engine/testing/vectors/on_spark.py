"""Vectors on Apache Spark: many of a file as one query, because Spark takes long to plan each."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
from attrs import frozen

from rules_engine.engine.certifying.storing import store
from rules_engine.expressions import Expression, ExpressionError, Kind, Sites, Type, check
from rules_engine.expressions.exact import plain
from rules_engine.expressions.sql import SqlWriter, quote
from rules_engine.testing.vectors.engines import DAY, VectorEngine, stored_tables
from rules_engine.testing.vectors.vector import Answer, Setting, Vector, VectorFile
from rules_engine.warehouse import spark
from rules_engine.warehouse.text import DialectError, translated

__all__ = ["SPARK"]

_LINE: Final = "line"
_PLACE: Final = "place_"
_DATE: Final = "date of row"
_TOGETHER: Final = 20


@frozen
class _Asked:
    """A vector whose expression is right."""

    place: int
    vector: Vector
    expression: Expression


def _answers(file: VectorFile) -> list[Answer]:
    found: dict[int, Answer] = {}
    asked: list[_Asked] = []
    for place, vector in enumerate(file.vectors):
        try:
            asked.append(_Asked(place, vector, check(vector.expression, file.setting.scope())))
        except ExpressionError as error:
            first = error.findings[0]
            found[place] = Answer(kind="refused", code=first.code, message=first.message)
    with (
        spark.session() as session,
        duckdb.connect(config={"threads": 1}) as connection,
        tempfile.TemporaryDirectory(prefix="rules-engine-") as folder,
    ):
        stored_tables(connection, file.setting)
        query = _Query(session, connection, file.setting, Path(folder))
        for start in range(0, len(asked), _TOGETHER):
            found |= query.answers(asked[start : start + _TOGETHER])
    return [found[place] for place in range(len(file.vectors))]


@frozen
class _Query:
    session: Any
    connection: duckdb.DuckDBPyConnection
    setting: Setting
    folder: Path

    def answers(self, asked: Sequence[_Asked]) -> dict[int, Answer]:
        """Answer vectors by one query; where one of them is not exact, each by its own."""
        sites = Sites()
        try:
            text = self.text(asked, sites)
        except DialectError as error:
            if len(asked) == 1:
                return {asked[0].place: Answer(kind="skipped", code=str(error))}
            return {place: one for each in asked for place, one in self.answers([each]).items()}
        rows = self.run(asked, text)
        found = {}
        for number, one in enumerate(asked):
            refused, value = rows[number][2 * number : 2 * number + 2]
            found[one.place] = Answer(kind="value", value=plain(value))
            if refused is not None:
                site = sites[refused]
                found[one.place] = Answer(kind="rejected", code=site.code, message=site.message)
        return found

    @property
    def columns(self) -> dict[str, Type]:
        """Columns of the table that has a row for each vector."""
        return {_PLACE: Type.of(Kind.COUNT), _DATE: Type(Kind.DATE), **self.setting.columns}

    def text(self, asked: Sequence[_Asked], sites: Sites) -> str:
        """Write the query: of each expression its refusal and its value, on every row."""
        shapes = {name: shelf.type for name, shelf in self.setting.tables.items()}
        writer = SqlWriter(
            shapes,
            sites,
            column=lambda ref: f"l.{quote(ref.name)}",
            row_date=f"l.{quote(_DATE)}",
        )
        listed = [f"l.{_PLACE}"]
        for number, one in enumerate(asked):
            failure = writer.failure(one.expression) or "NULL"
            listed += [f"{failure} AS f{number}", f"{writer.write(one.expression)} AS v{number}"]
        joins = " ".join(str(join) for join in writer.joins.values())
        found = f"SELECT {', '.join(listed)} FROM {_LINE} AS l {joins}"  # noqa: S608  names are quoted, constants written by the engine
        names = [_PLACE, *_names(len(asked))]
        final = f"SELECT {', '.join(f'l.{name}' for name in names)} FROM found AS l"  # noqa: S608  names of ours
        tables = {_LINE: self.columns, **{name: one.columns for name, one in shapes.items()}}
        return translated([("found", found, "")], final, tables, "spark")

    def run(self, asked: Sequence[_Asked], text: str) -> list[tuple[Any, ...]]:
        """Run a query over a row for each vector; give refusals and values in their order."""
        absent = {name: _any_value(type_) for name, type_ in self.setting.columns.items()}
        rows = [
            {**absent, **one.vector.row, _PLACE: number, _DATE: one.vector.day or DAY}
            for number, one in enumerate(asked)
        ]
        store(self.connection, _LINE, self.columns, rows)
        files = {}
        for name in (_LINE, *self.setting.tables):
            files[name] = self.folder / f"{name}.parquet"
            self.connection.execute(f"COPY {quote(name)} TO '{files[name]}' (FORMAT parquet)")
        out = self.folder / f"out {asked[0].place}"
        spark.query(self.session, text, files, out)
        listed = ", ".join(
            f"CASE WHEN {f} IS NULL THEN {v} END" if name == v else name
            for f, v in _pairs(len(asked))
            for name in (f, v)
        )
        return self.connection.execute(
            f"SELECT {listed} FROM read_parquet('{out}/*.parquet') ORDER BY {_PLACE}"  # noqa: S608  a folder of ours
        ).fetchall()


def _pairs(count: int) -> list[tuple[str, str]]:
    return [(f"f{number}", f"v{number}") for number in range(count)]


def _names(count: int) -> list[str]:
    return [name for pair in _pairs(count) for name in pair]


def _any_value(type_: Type) -> Any:
    """Give a value for a column that a vector says nothing of: no formula that counts reads it."""
    if type_.nullable:
        return None
    if type_.is_numeric:
        return type_.low
    values: Mapping[Kind, Any] = {Kind.DATE: date(2015, 1, 1), Kind.BOOLEAN: False}
    return values.get(type_.kind, min(type_.codes or {"x"}))


SPARK: Final = VectorEngine(name="spark", profiles=frozenset({"row"}), answers=_answers)
"""Expressions over a row, on Apache Spark; it is asked only where it is named."""
