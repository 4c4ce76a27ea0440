"""Trying a query of a methodology on empty tables: whether it runs, and what its columns are."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from attrs import define

from rules_engine.expressions.tree import Has, Interpolate, Lookup, walk
from rules_engine.expressions.types import Kind, Type
from rules_engine.language.derived import PERIOD, BoundQuery
from rules_engine.language.select import faults
from rules_engine.tables.connection import connect
from rules_engine.tables.storage import quoted, storage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Trial", "tables_of"]

_DECIMAL: Final = re.compile(r"DECIMAL\(\d+,(\d+)\)")
_WHOLE: Final = frozenset(
    f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")
) | {"INTEGER", "UINTEGER"}
_CODE: Final = Type.of(Kind.CODE)
_TEXTS: Final = frozenset({Kind.CODE, Kind.TEXT})


def tables_of(query: BoundQuery) -> frozenset[str]:
    """Give the tables that a query reads, by itself and through lookups of its formulas."""
    looked_up = {
        node.table
        for _, formula in query.formulas
        for node in walk(formula.expression)
        if isinstance(node, Lookup | Has | Interpolate)
    }
    members = query.entity.members if query.entity is not None else None
    return frozenset(
        looked_up
        | {read.table for read in query.reads.values()}
        | {read.beside.name for read in query.reads.values() if read.beside is not None}
        | ({members} if members else set())
    )


@define
class Trial:
    """A database without rows, in which the queries of a ruleset are tried; opened by the first."""

    _connection: "DuckDBPyConnection | None" = None

    def faults(self, query: BoundQuery) -> list[str]:
        """Say why a query cannot be run, or does not give what it says; nothing where it does."""
        found = faults(query.query.select, {PERIOD, *query.reads})
        for read in query.reads.values():
            lacking = [name for name in read.asked.columns if not read.knows(name)]
            if read.beside is not None:
                lacking += [name for name in read.key if name not in read.beside.columns]
            found += [f"{read.table} has no column {name}" for name in lacking]
        found += [f"{name} is in its key and not among its columns" for name in query.query.key
                  if name not in query.query.columns]  # fmt: skip
        found += [f"{name} says from or until when its rows hold and is no date of it"
                  for name in query.query.effective or ()
                  if query.query.columns.get(name, _CODE).kind is not Kind.DATE]  # fmt: skip
        if found:
            return found
        if self._connection is None:
            self._connection = connect()
        return list(_tried(query, self._connection))


def _tried(query: BoundQuery, connection: "DuckDBPyConnection") -> Iterator[str]:
    import duckdb  # noqa: PLC0415  only rulesets with queries load it

    shapes: dict[str, Mapping[str, Type]] = {
        name: shape.columns for name, shape in query.shapes.items() if name in tables_of(query)
    }
    shapes |= {read.table: read.columns for read in query.reads.values()}
    # Nothing of it stays: the next query has tables of its own.
    connection.begin()
    try:
        for name, columns in shapes.items():
            listed = ", ".join(f"{quoted(c)} {storage(t)}" for c, t in columns.items())
            connection.execute(f"CREATE TABLE {quoted(name)} ({listed})")
        rows = connection.execute(f"DESCRIBE {query.written((), as_it_comes=True).sql}").fetchall()
    except duckdb.Error as error:
        yield str(error).splitlines()[0]
        return
    finally:
        connection.rollback()
    given = {row[0]: row[1] for row in rows}
    for name, type_ in query.query.columns.items():
        if name not in given:
            yield f"it gives no column {name}"
        elif not _fits(given[name], type_):
            yield f"its column {name} is {given[name]} and is said to be {type_}"
    yield from (
        f"its column {name} has no type" for name in given if name not in query.query.columns
    )


def _fits(stored: str, type_: Type) -> bool:
    """Whether every value of an engine's type keeps its meaning in a column of another type."""
    if type_.kind in _TEXTS:
        return stored == "VARCHAR"
    if type_.kind is Kind.DATE:
        return stored == "DATE"
    if type_.kind is Kind.BOOLEAN:
        return stored == "BOOLEAN"
    decimal = _DECIMAL.fullmatch(stored)
    if decimal is not None:
        return type_.scale is not None and int(decimal[1]) <= type_.scale
    return stored in _WHOLE
