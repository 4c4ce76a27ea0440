"""One formula in its three meanings: as a closure, in DuckDB and on exact rationals."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import duckdb
from attrs import frozen

from rules_engine.expressions import Expression, Sites, TableType, Type
from rules_engine.expressions.closure import Emitter, Index, Reject, column_variable
from rules_engine.expressions.exact import Value, evaluate
from rules_engine.expressions.sql import SqlWriter, constant, quote
from rules_engine.expressions.tree import OfRows, Ref
from rules_engine.tables.storage import storage

Row = Mapping[str, Any]
Found = tuple[str, Any]
"""("value", what it is) or ("reject", the number of the site)."""

DATE = "service_date"


@frozen(kw_only=True)
class Table:
    """A table of a formula and its rows.

    Attributes:
        type: Its shape; the columns of `effective` are among its columns.
        rows: Its rows; a missing first or last day is None.
    """

    type: TableType
    rows: tuple[Row, ...]

    def indexes(self) -> dict[str, Index]:
        """Give what closures look up."""
        return {name: self._index(name) for name in ("", *self.type.columns)}

    def _index(self, column: str) -> Index:
        found: dict[Any, Any] = {}
        for row in self.rows:
            key = tuple(row[name] for name in self.type.key)
            key = key[0] if len(key) == 1 else key
            value = row[column] if column else True
            if self.type.effective is None:
                found[key] = value
            else:
                first, last = (row[name] for name in self.type.effective)
                found.setdefault(key, []).append((first or date.min, last or date.max, value))
        return Index(found, self.type.key, self.type.effective is not None)

    def row(self, keys: Sequence[Any], day: date) -> Row | None:
        """Find a row by its key at a day, the slow and simple way."""
        for row in self.rows:
            same = all(row[name] == key for name, key in zip(self.type.key, keys, strict=True))
            if not same:
                continue
            if self.type.effective is None:
                return row
            first, last = (row[name] for name in self.type.effective)
            if (first or date.min) <= day <= (last or date.max):
                return row
        return None


@frozen
class _Environment:
    row_: Row
    indexed: Mapping[str, Table]
    sites: Sites

    @property
    def date(self) -> date:
        day = self.row_[DATE]
        assert isinstance(day, date)
        return day

    @property
    def tables(self) -> Mapping[str, TableType]:
        return {name: table.type for name, table in self.indexed.items()}

    def ref(self, node: Ref) -> Any:
        return self.row_[node.name]

    def row(self, table: str, keys: tuple[Value, ...]) -> Any:
        return self.indexed[table].row(keys, self.date)

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        found = self.indexed[table]
        key = found.type.key[0]
        valid = [row for row in found.rows if found.row([row[key]], self.date) is row]
        points = sorted((Fraction(row[key]), Fraction(row[column])) for row in valid)
        below = [point for point in points if point[0] <= at]
        above = [point for point in points if point[0] >= at]
        return (below[-1], above[0]) if below and above else ()

    def aggregate(self, node: OfRows) -> Value:
        raise NotImplementedError


def compiled(
    node: Expression, tables: Mapping[str, Table], columns: Iterable[str], sites: Sites
) -> Callable[[Row], Any]:
    """Make the function of one formula."""
    emitter = Emitter({name: table.indexes() for name, table in tables.items()}, sites)
    for name in columns:
        emitter.write(f"{column_variable(name)} = r[{name!r}]")
    emitter.write(f"s_date = r[{DATE!r}]")
    emitter.write(f"return {emitter.value(node)}")
    space: dict[str, Any] = dict(emitter.bound)
    exec(compile("\n".join(["def f(r):", *emitter.lines]), "<formula>", "exec"), space)  # noqa: S102  the text under test
    made: Callable[[Row], Any] = space["f"]
    return made


def by_closure(
    node: Expression, rows: Sequence[Row], tables: Mapping[str, Table], sites: Sites
) -> list[Found]:
    """Evaluate as one claim would be."""
    function = compiled(node, tables, rows[0], sites)
    return [_found(partial(function, row)) for row in rows]


def exactly(
    node: Expression, rows: Sequence[Row], tables: Mapping[str, Table], sites: Sites
) -> list[Found]:
    """Evaluate on exact rationals."""
    return [_found(partial(evaluate, node, _Environment(row, tables, sites))) for row in rows]


def _found(evaluate_one: Callable[[], Any]) -> Found:
    try:
        return "value", normal(evaluate_one())
    except Reject as reject:
        return "reject", reject.site


def query(node: Expression, tables: Mapping[str, Table], sites: Sites) -> str:
    """Write the SELECT of one formula over the table `line`."""
    writer = SqlWriter(
        {name: table.type for name, table in tables.items()},
        sites,
        column=lambda ref: f"l.{quote(ref.name)}",
        row_date=f"l.{quote(DATE)}",
    )
    failure = writer.failure(node) or "NULL"
    value = writer.write(node)
    joins = " ".join(str(join) for join in writer.joins.values())
    return f"SELECT {failure}, {value} FROM line AS l {joins} ORDER BY l.place_"  # noqa: S608  the text under test


def by_query(
    node: Expression,
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    sites: Sites,
) -> list[Found]:
    """Evaluate as a batch would be."""
    found = connection.execute(query(node, tables, sites)).fetchall()
    return [
        ("value", normal(value)) if failed is None else ("reject", failed)
        for failed, value in found
    ]


def normal(value: Any) -> Any:
    """Give a value so that equal ones are equal: numbers as fractions."""
    if isinstance(value, bool) or value is None or isinstance(value, str | date):
        return value
    assert isinstance(value, int | Decimal | Fraction), value
    return Fraction(value)


def store(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Type],
    rows: Sequence[Row],
) -> None:
    """Store rows as the engine stores them, in their order."""
    listed = ", ".join(f"{quote(n)} {storage(t)}" for n, t in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {quote(name)} (place_ INTEGER, {listed})")
    if not rows:
        return
    texts = ", ".join(
        f"({place}, {', '.join(_literal(row[n], t) for n, t in columns.items())})"
        for place, row in enumerate(rows)
    )
    connection.execute(f"INSERT INTO {quote(name)} VALUES {texts}")  # noqa: S608  values of the tests


def _literal(value: Any, type_: Type) -> str:
    if value is None or not type_.is_numeric:
        return constant(value)
    return f"CAST('{value:f}' AS {storage(type_)})" if isinstance(value, Decimal) else str(value)
