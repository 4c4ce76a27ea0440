"""Functions that read tables: one value, whether there is one, and values between rows."""

from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.findings import WrongError
from rules_engine.expressions.names import unknown_of
from rules_engine.expressions.operators import dated, refuse_no_date
from rules_engine.expressions.types import Kind, TableType, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["NAMES", "named", "table_call"]

NAMES: Final = frozenset({"lookup", "has", "interpolate"})

_BOOLEAN: Final = Type(Kind.BOOLEAN)


def table_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type `lookup`, `has` or `interpolate`."""
    table = named(checker, node)
    rest = node.arguments[1:]
    if table is None:
        checker.look_aside(rest)
        raise WrongError
    with checker.refusing("inside a key"):
        keys = _keys(checker, node, table, rest)
    if node.function == "has":
        return tree.Has(type=_BOOLEAN, start=node.start, end=node.end, table=table.name, keys=keys)
    column = _parts(node)[1]
    if column not in table.columns:
        raise WrongError
    type_ = table.columns[column]
    if node.function == "interpolate":
        return _interpolate(checker, node, table, keys)
    return tree.Lookup(
        type=type_, start=node.start, end=node.end, table=table.name, column=column, keys=keys
    )


def _interpolate(
    checker: "Checker", node: syntax.Call, table: TableType, keys: tuple[tree.Expression, ...]
) -> tree.Expression:
    if checker.refusal is not None and not checker.is_aside:
        raise checker.wrong(
            node,
            "RE411",
            f"interpolate stands {checker.refusal}; its result may have no last decimal place",
            "write round(interpolate(…), 4), or as many places as the contract says",
        )
    first = node.arguments[0]
    column = _parts(node)[1]
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


def named(checker: "Checker", node: syntax.Call) -> TableType | None:
    """Give the table that a call names, or None, and keep what is wrong with its first argument."""
    first = node.arguments[0]
    wants_column = node.function != "has"
    parts = _parts(node)
    if len(parts) != (2 if wants_column else 1):
        shape = "table.column" if wants_column else "a table"
        checker.report(first, "RE405", f"{node.function} reads {shape}; its name may stand here")
        return None
    tables = checker.scope.tables
    table = tables.get(parts[0])
    if table is None:
        unknown_of(checker, first, parts[0], parts[0], tables, "tables of the ruleset")
        return None
    if wants_column and parts[1] not in table.columns:
        shown, what = ".".join(parts), f"columns of {table.name}"
        unknown_of(checker, first, shown, parts[1], table.columns, what)
    return table


def _parts(node: syntax.Call) -> tuple[str, ...]:
    first = node.arguments[0]
    return first.parts if isinstance(first, syntax.Name) else ()


def _keys(
    checker: "Checker", node: syntax.Call, table: TableType, arguments: tuple[syntax.Node, ...]
) -> tuple[tree.Expression, ...]:
    if len(arguments) != len(table.key):
        keys = ", ".join(table.key)
        message = (
            f"{node.function} of {table.name} has {len(arguments)} of {len(table.key)} keys; "
            f"{keys} may stand there, in this order"
        )
        checker.look_aside(arguments)
        raise checker.wrong(node, "RE405", message)

    def key(pair: tuple[str, tree.Expression, syntax.Node]) -> tree.Expression:
        name, argument, at = pair
        column = table.columns[name]
        _, typed = dated(tree.Const(type=column, value=None), argument)
        if units.is_null(typed.type):
            raise checker.wrong(at, "RE406", f"key {name} of {table.name} is NULL; no row has it")
        if column.kind == Kind.DATE:
            refuse_no_date(checker, typed)
        why = units.comparable(column, typed.type)
        if why is not None:
            raise checker.wrong(at, "RE406", f"key {name} of {table.name}: {why}")
        return typed

    typed = checker.visit_all(arguments)
    return checker.every(key, zip(table.key, typed, arguments, strict=True))
