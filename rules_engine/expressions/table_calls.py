"""Functions that read tables: one value, whether there is one, and values between rows."""

from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.names import unknown_of
from rules_engine.expressions.operators import dated
from rules_engine.expressions.types import Kind, TableType, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["table_call"]

_BOOLEAN: Final = Type(Kind.BOOLEAN)


def table_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type `lookup`, `has` or `interpolate`."""
    first, *rest = node.arguments
    wants_column = node.function != "has"
    if not isinstance(first, syntax.Name) or len(first.parts) != (2 if wants_column else 1):
        shape = "table.column" if wants_column else "a table"
        raise checker.wrong(
            first, "RE405", f"{node.function} reads {shape}; its name may stand here"
        )
    table = _table(checker, first)
    with checker.refusing("inside a key"):
        keys = _keys(checker, node, table, rest)
    if node.function == "has":
        return tree.Has(type=_BOOLEAN, start=node.start, end=node.end, table=table.name, keys=keys)
    column = first.parts[1]
    if column not in table.columns:
        shown, what = f"{table.name}.{column}", f"columns of {table.name}"
        raise unknown_of(checker, first, shown, column, table.columns, what)
    type_ = table.columns[column]
    if node.function == "interpolate":
        return _interpolate(checker, node, table, keys)
    return tree.Lookup(
        type=type_, start=node.start, end=node.end, table=table.name, column=column, keys=keys
    )


def _interpolate(
    checker: "Checker", node: syntax.Call, table: TableType, keys: tuple[tree.Expression, ...]
) -> tree.Expression:
    if checker.refusal is not None:
        raise checker.wrong(
            node,
            "RE411",
            f"interpolate stands {checker.refusal}; its result may have no last decimal place",
            "write round(interpolate(…), 4), or as many places as the contract says",
        )
    first = node.arguments[0]
    column = first.parts[1] if isinstance(first, syntax.Name) else ""
    type_ = table.columns[column]
    by_number = len(keys) == 1 and table.columns[table.key[0]].is_numeric
    if type_.nullable or not type_.is_numeric or not by_number:
        message = "interpolate reads numbers, never null, between the numbers of a table's one key"
        raise checker.wrong(first, "RE405", message)
    if table.given and checker.scope.profile == "row":
        message = f"interpolate reads a table of the ruleset; the rows of {table.name} are data"
        raise checker.wrong(first, "RE405", message)
    return tree.Interpolate(
        type=evolve(type_, scale=None, nullable=keys[0].type.nullable),
        start=node.start,
        end=node.end,
        table=table.name,
        column=column,
        at=keys[0],
        key=table.columns[table.key[0]],
        column_type=type_,
    )


def _table(checker: "Checker", node: syntax.Name) -> TableType:
    name = node.parts[0]
    tables = checker.scope.tables
    if name not in tables:
        raise unknown_of(checker, node, name, name, tables, "tables of the ruleset")
    return tables[name]


def _keys(
    checker: "Checker", node: syntax.Call, table: TableType, arguments: list[syntax.Node]
) -> tuple[tree.Expression, ...]:
    if len(arguments) != len(table.key):
        keys = ", ".join(table.key)
        message = (
            f"{node.function} of {table.name} has {len(arguments)} of {len(table.key)} keys; "
            f"{keys} may stand there, in this order"
        )
        raise checker.wrong(node, "RE405", message)
    found = []
    for key, argument, at in zip(table.key, checker.visit_all(arguments), arguments, strict=True):
        column = table.columns[key]
        _, typed = dated(tree.Const(type=column, value=None), argument)
        if units.is_null(typed.type):
            raise checker.wrong(at, "RE406", f"key {key} of {table.name} is NULL; no row has it")
        why = units.comparable(column, typed.type)
        if why is not None:
            raise checker.wrong(at, "RE406", f"key {key} of {table.name}: {why}")
        found.append(typed)
    return tuple(found)
