"""Rows of the tables that come with the data, made up where a ruleset reads such tables."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final

from rules_engine.engine.certifying.interest import values_of
from rules_engine.engine.certifying.sample import Row
from rules_engine.expressions import Expression, Kind, TableType, tree
from rules_engine.expressions.types import Type
from rules_engine.pricing.plan import Plan
from rules_engine.tables.lookup import LookupTable

__all__ = ["given_rows"]

_KEYS_MAX: Final = 16
_NAMES: Final = 6
_DAY: Final = timedelta(1)
# By decimal places: odd and no multiple of five in the last one, so that products can be ties.
_USUAL: Final = (
    ("1", "2", "3"),
    ("1.1", "0.9", "2.3"),
    ("1.03", "0.97", "21.07"),
    ("1.003", "0.997", "2.017"),
)
_EDGE_EVERY: Final = 4


def given_rows(plan: Plan, tables: Mapping[str, LookupTable]) -> dict[str, tuple[Row, ...]]:
    """Make up rows for each table of the data that prices read.

    A key has two rows that meet in the middle of the contract, another one only until then, a
    third only from the second day on, so that every kind of gap is there.
    """
    needed = sorted(name for name in plan.needed_tables if plan.tables[name].given)
    return {name: tuple(_rows(plan, plan.tables[name], tables)) for name in needed}


def _rows(plan: Plan, shape: TableType, tables: Mapping[str, LookupTable]) -> Iterator[Row]:
    keys = [_keys(plan, shape, place) for place in range(len(shape.key))]
    number = 0
    for place, key in enumerate(list(product(*keys))[:_KEYS_MAX]):
        for span in _spans(plan, place) if shape.effective else (None,):
            row: dict[str, Any] = {}
            for column, (name, type_) in enumerate(shape.columns.items()):
                row[name] = _value(plan, shape, tables, (name, type_), number + column)
            row |= dict(zip(shape.key, key, strict=True))
            if shape.effective is not None and span is not None:
                row |= dict(zip(shape.effective, span, strict=True))
            number += 1
            yield row


def _spans(plan: Plan, place: int) -> tuple[tuple[date, date], ...]:
    middle = plan.first + (plan.last - plan.first) // 2
    halves = ((plan.first, middle), (middle + _DAY, plan.last))
    later = min(plan.first + _DAY, plan.last)
    return (halves, halves[:1], ((later, plan.last),), ((plan.first, plan.last),))[place % 4]


def _keys(plan: Plan, shape: TableType, place: int) -> list[Any]:
    """Give values of a key column: those that formulas name, else made-up ones."""
    name = shape.key[place]
    named = [
        node.keys[place]
        for expression in plan.expressions()
        for node in tree.walk(expression)
        if isinstance(node, tree.Lookup | tree.Has) and node.table == shape.name
    ]
    found = [value for key in named for value in _constants(key)]
    if not all(isinstance(key, tree.Const) for key in named):
        found += _made_up(plan, name, shape.columns[name])
    return list(dict.fromkeys(found)) or _made_up(plan, name, shape.columns[name])


def _constants(node: Expression) -> Iterator[Any]:
    """Give the constants that a key may be."""
    match node:
        case tree.Const(value=value) if value is not None:
            yield value
        case tree.Coalesce(arguments=parts):
            for part in parts:
                yield from _constants(part)
        case tree.Dated(entries=entries):
            for _, entry in entries:
                yield from _constants(entry)


def _made_up(plan: Plan, name: str, type_: Type) -> list[Any]:
    if type_.codes is not None:
        return sorted(type_.codes)
    if type_.kind in {Kind.CODE, Kind.TEXT}:
        return [f"{name} {number}" for number in range(1, _NAMES + 1)]
    if type_.kind is Kind.DATE:
        return [plan.first, plan.first + _DAY, plan.last]
    return [value for value in values_of(type_) if value is not None][:_NAMES]


def _value(
    plan: Plan,
    shape: TableType,
    tables: Mapping[str, LookupTable],
    column: tuple[str, Type],
    number: int,
) -> Any:
    """Give a value of a column: a key of the table that it is a key of, an edge, a typical one."""
    name, type_ = column
    usual: list[Any] = list(_keys_of_others(plan, shape.name, name, tables))
    if type_.is_numeric:
        texts = _USUAL[min(type_.scale or 0, len(_USUAL) - 1)]
        values = [Decimal(text) for text in texts]
        low, high = type_.low, type_.high
        inside = [v for v in values if (low is None or low <= v) and (high is None or v <= high)]
        whole = type_.kind in {Kind.COUNT, Kind.DAYS}
        usual += [int(v) if whole else v for v in inside]
    edges = list(values_of(type_))
    if type_.kind is Kind.DATE:
        edges = [plan.first, plan.last, *edges]
    if usual and (number % _EDGE_EVERY or not edges):
        return usual[number % len(usual)]
    return edges[number // _EDGE_EVERY % len(edges)] if edges else None


def _keys_of_others(
    plan: Plan, table: str, column: str, tables: Mapping[str, LookupTable]
) -> Iterator[Any]:
    """Give what a column is held against: keys of the tables that it is looked up in, constants."""
    for expression in plan.expressions():
        for node in tree.walk(expression):
            match node:
                case tree.Lookup() | tree.Has() if node.table in tables:
                    for key, name in zip(node.keys, tables[node.table].type.key, strict=True):
                        if _is(key, table, column):
                            yield from dict.fromkeys(tables[node.table].rows[name])
                case tree.Compare(left=left, right=right):
                    for one, other in ((left, right), (right, left)):
                        if _is(one, table, column):
                            yield from _constants(other)


def _is(node: Expression, table: str, column: str) -> bool:
    return isinstance(node, tree.Lookup) and (node.table, node.column) == (table, column)
