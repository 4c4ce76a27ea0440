"""What a name in an expression stands for."""

import difflib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.findings import WrongError
from rules_engine.expressions.scope import Parameter
from rules_engine.expressions.types import EXACT, Type, places

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["resolve", "unknown_of"]


def resolve(checker: "Checker", node: syntax.Name) -> tree.Expression:
    """Give what a name stands for.

    Raises:
        WrongError: Nothing; the finding says what is near.
    """
    scope = checker.scope
    if len(node.parts) > 1:
        return _dotted(checker, node)
    name = node.parts[0]
    if not node.quoted:
        if name in scope.locals:
            local = scope.locals[name]
            for _ in tree.walk(local):
                checker.count(1, node)
            return local
        if name in scope.stages:
            return _ref(node, "stage", name, scope.stages[name])
        if name in scope.parameters:
            return _parameter(name, scope.parameters[name], node)
    if name in scope.columns:
        type_ = scope.columns[name]
        if name in checker.not_null:
            type_ = type_.with_null(nullable=False)
        return _ref(node, "column", name, type_)
    raise _unknown(checker, node, name)


def _ref(node: syntax.Node, space: str, name: str, type_: Type) -> tree.Ref:
    return tree.Ref(type=type_, start=node.start, end=node.end, space=space, name=name)


def _dotted(checker: "Checker", node: syntax.Name) -> tree.Expression:
    scope = checker.scope
    shown = ".".join(node.parts)
    if len(node.parts) != 2:  # noqa: PLR2004  rule.output, entity.column
        message = f"{shown} has {len(node.parts)} parts; a name has two at most"
        raise checker.wrong(node, "RE403", message)
    first, second = node.parts
    if scope.entity is not None and first == scope.entity[0]:
        columns = scope.entity[1]
        if second not in columns:
            raise unknown_of(checker, node, shown, second, columns, f"columns of {first}")
        return _ref(node, "entity", second, columns[second])
    if first in scope.outputs:
        outputs = scope.outputs[first]
        if second not in outputs:
            raise unknown_of(checker, node, shown, second, outputs, f"outputs of {first}")
        return _ref(node, "output", shown, outputs[second])
    grain = scope.finer.get(first)
    if grain is None and first in scope.relations:
        grain = scope.relations[first].grain
    if grain is not None:
        raise checker.wrong(
            node,
            "RE410",
            f"{shown} is one value per {grain}; this formula is one value per {scope.grain}",
            f"say how they are combined: sum({shown})",
        )
    if first in scope.tables:
        raise checker.wrong(
            node,
            "RE403",
            f"{shown} names a column of a table, not of this row",
            f"read it with lookup({shown}, {', '.join(scope.tables[first].key)})",
        )
    entity = [scope.entity[0]] if scope.entity else []
    known = [*scope.outputs, *scope.finer, *scope.relations, *entity]
    raise unknown_of(checker, node, shown, first, known, "rules and tables")


def _unknown(checker: "Checker", node: syntax.Node, name: str) -> WrongError:
    scope = checker.scope
    if name in scope.tables:
        return checker.wrong(
            node,
            "RE403",
            f"{name} is a table; a value may stand here",
            f"read one with lookup({name}.<column>, {', '.join(scope.tables[name].key)})",
        )
    if name in scope.outputs or name in scope.finer:
        outputs = ", ".join(f"{name}.{o}" for o in sorted(scope.outputs.get(name, {}))[:4])
        message = f"{name} is a rule; an output of it may stand here"
        return checker.wrong(node, "RE403", message, outputs or None)
    known = [*scope.columns, *scope.stages, *scope.parameters, *scope.locals]
    what = f"columns of a {scope.grain} and parameters"
    # A column of a name like it, such as what another system allowed, is another amount.
    near = difflib.get_close_matches(name, [*known, *scope.later], n=1, cutoff=0.6)
    if near and near[0] in scope.later:
        amount = near[0]
        why = f"{amount} is known in amounts of later stages only"
        if not scope.of_claim:
            why = f"{amount} is an amount of the waterfall; functions of a claim read none"
        found, help_ = (why, None) if name == amount else (f"{name} is not known", why)
        return checker.wrong(node, "RE403", f"{found}; {what} may stand here", help_)
    return unknown_of(checker, node, name, name, known, what)


def unknown_of(
    checker: "Checker",
    node: syntax.Node,
    shown: str,
    name: str,
    known: Iterable[str],
    what: str,
) -> WrongError:
    """Report a name that is none of those known, with the nearest of them."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    help_ = f"did you mean {close[0]}?" if close else None
    if help_ is None and name.lower() != name:
        help_ = "text stands in single quotes: '…'"
    return checker.wrong(node, "RE403", f"{shown} is not known; {what} may stand here", help_)


def _parameter(name: str, declared: Parameter, node: syntax.Node) -> tree.Expression:
    """Give the constant that a parameter stands for, or the dated choice between its values."""
    consts = tuple(
        (first or date.min, _constant(declared.type, value, node))
        for first, value in declared.values
    )
    if len(consts) == 1 and declared.values[0][0] is None:
        return consts[0][1]
    type_ = units.union([c.type for _, c in consts], "the values")
    return tree.Dated(
        type=evolve(type_, kind=declared.type.kind),
        start=node.start,
        end=node.end,
        entries=consts,
        name=name,
    )


def _constant(type_: Type, value: Decimal | str | date | bool, node: syntax.Node) -> tree.Const:  # noqa: FBT001  a value, not a flag
    """Give a value of a declared type, as narrow as it is."""
    if isinstance(value, Decimal):
        # Without zeros at its end, so that products stay narrow.
        value = value.quantize(Decimal(1).scaleb(-places(value), EXACT), context=EXACT)
        type_ = Type(type_.kind, scale=places(value), low=value, high=value)
    return tree.Const(
        type=type_.with_null(nullable=False), start=node.start, end=node.end, value=value
    )
