"""Sums, counts and other words that lead from fine rows to one value of a coarser grain."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.names import unknown_of
from rules_engine.expressions.scope import Relation
from rules_engine.expressions.types import Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["NAMES", "aggregate", "reads_relations"]

NAMES: Final = {
    "sum": 1, "count": 1, "min": 1, "max": 1, "mean": 1, "median": 1, "percentile": 2,
}  # fmt: skip
"""Function → how many arguments it takes."""

_FRACTIONS: Final = frozenset({Kind.RATE, Kind.FACTOR, Kind.RATIO})


def aggregate(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type an aggregate over the rows of a relation, or over the peers of an entity."""
    if node.peers is not None:
        return _over_peers(checker, node, node.peers)
    argument = node.arguments[0]
    relation = _relation(checker, node, argument)
    counting = isinstance(argument, syntax.Name) and argument.parts == (relation.name,)
    scope = evolve(
        checker.scope,
        profile="row",
        grain=relation.grain,
        columns=relation.columns,
        outputs={},
        relations={},
        finer={},
        entity=None,
        stages={},
        locals={},
        of_claim=False,
        not_null=frozenset(),
    )
    inner = type(checker)(scope)
    try:
        operand, condition, _ = _of_rows(
            inner,
            None if counting else _unqualified(argument, relation.name),
            None if node.filter is None else _unqualified(node.filter, relation.name),
        )
    finally:
        checker.findings.extend(inner.findings)
        checker.count(inner.visits, node)
    if counting and node.function != "count":
        raise checker.wrong(
            argument,
            "RE405",
            f"{node.function} of {relation.name} needs a column of it",
            f"write {node.function}({relation.name}.<column>)",
        )
    return tree.Aggregate(
        type=_aggregated(checker, node, operand),
        start=node.start,
        end=node.end,
        function=node.function,
        relation=relation.name,
        operand=operand,
        condition=condition,
        at=_share(checker, node),
    )


def _of_rows(
    inner: "Checker",
    operand: syntax.Node | None,
    condition: syntax.Node | None,
    groups: tuple[syntax.Node, ...] = (),
) -> tuple[tree.Expression | None, tree.Expression | None, tuple[tree.Expression, ...]]:
    """Type what an aggregate takes of each row, which rows it takes, and what peers share."""
    taken, tested = ([] if part is None else [part] for part in (operand, condition))
    typed = inner.every(
        lambda part: inner.condition(part) if part is condition else inner.visit(part),
        (*taken, *tested, *groups),
    )
    behind = len(taken) + len(tested)
    return (
        typed[0] if taken else None,
        typed[behind - 1] if tested else None,
        typed[behind:],
    )


def _over_peers(
    checker: "Checker", node: syntax.Call, groups: tuple[syntax.Node, ...]
) -> tree.Expression:
    """Type an aggregate whose formula has one value for each entity of the rule's kind."""
    entity = checker.scope.entity
    if entity is None:
        raise checker.wrong(
            node,
            "RE415",
            f"OVER peers(…) compares entities; this formula is one value per {checker.scope.grain}",
            "give the rule for_each: <entity>",
        )
    argument = node.arguments[0]
    counting = isinstance(argument, syntax.Name) and argument.parts == (entity[0],)
    inner = type(checker)(evolve(checker.scope, relations={}))
    try:
        row = None if counting else argument
        operand, condition, peers = _of_rows(inner, row, node.filter, groups)
    finally:
        checker.findings.extend(inner.findings)
        checker.count(inner.visits, node)
    if counting and node.function != "count":
        message = f"{node.function} of {entity[0]} needs a column of it"
        raise checker.wrong(argument, "RE405", message)
    return tree.Aggregate(
        type=_aggregated(checker, node, operand),
        start=node.start,
        end=node.end,
        function=node.function,
        relation=entity[0],
        operand=operand,
        condition=condition,
        at=_share(checker, node),
        peers=peers,
    )


def _share(checker: "Checker", node: syntax.Call) -> Decimal | None:
    """Give which percentile is asked for."""
    if node.function != "percentile":
        return None
    written = node.arguments[1]
    typed = checker.visit(written)
    value = typed.value if isinstance(typed, tree.Const) else None
    if not isinstance(value, Decimal) or not 0 <= value <= 1:
        message = "which percentile is a number from 0 to 1, or a parameter that never changes"
        raise checker.wrong(written, "RE405", message, "write 0.99 for the 99th percentile")
    return value


def _aggregated(checker: "Checker", node: syntax.Call, operand: tree.Expression | None) -> Type:
    if operand is None or node.function == "count":
        return Type(Kind.COUNT, scale=0, low=Decimal(0))
    if not operand.type.is_numeric:
        message = f"{node.function} takes numbers and amounts; {units.show(operand.type)} is found"
        raise checker.wrong(node.arguments[0], "RE406", message)
    type_ = evolve(operand.type, nullable=node.function != "sum", free=False)
    if node.function == "sum":
        low = Decimal(0) if type_.low is not None and type_.low >= 0 else None
        kind = Kind.NUMBER if type_.kind in _FRACTIONS else type_.kind
        return evolve(type_, kind=kind, low=low, high=None)
    return type_ if node.function in {"min", "max"} else evolve(type_, scale=None)


def _relation(checker: "Checker", node: syntax.Call, argument: syntax.Node) -> Relation:
    relations = checker.scope.relations
    first: syntax.Name | None = None
    for name in _names(argument):
        if name.parts[0] in relations:
            return relations[name.parts[0]]
        first = first or name
    if first is None:
        message = f"{node.function} names no table or rule whose rows it takes"
        raise checker.wrong(node, "RE403", message)
    shown = ".".join(first.parts)
    raise unknown_of(checker, first, shown, first.parts[0], relations, "tables and rules")


def reads_relations(node: syntax.Node) -> bool:
    """Whether a part names columns of a table or rule, as the argument of an aggregate does."""
    return any(len(name.parts) > 1 for name in _names(node))


def _names(node: syntax.Node) -> Iterator[syntax.Name]:
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        # The subject of a CASE stands in each of its branches; once is enough.
        if id(part) in seen:
            continue
        seen.add(id(part))
        match part:
            case syntax.Name():
                yield part
            case syntax.Call(function="lookup" | "has" | "interpolate"):
                waiting.extend(reversed(part.arguments[1:]))
            case _:
                waiting.extend(reversed(syntax.parts(part)))


def _unqualified(node: syntax.Node, relation: str) -> syntax.Node:  # noqa: C901  one line a node
    """Drop the relation's name before its columns: inside an aggregate the row is its row."""
    done: dict[int, syntax.Node] = {}

    def again(part: syntax.Node) -> syntax.Node:
        # Parts that stand twice stay shared.
        if id(part) not in done:
            done[id(part)] = rewritten(part)
        return done[id(part)]

    def every(parts: tuple[syntax.Node, ...]) -> tuple[syntax.Node, ...]:
        return tuple(again(part) for part in parts)

    def rewritten(part: syntax.Node) -> syntax.Node:
        made = part
        match part:
            case syntax.Name(parts=(first, second)) if first == relation:
                # As if quoted: it is a column, whatever else of the contract has its name.
                made = evolve(part, parts=(second,), quoted=True)
            case syntax.Binary():
                made = evolve(part, left=again(part.left), right=again(part.right))
            case syntax.Negate() | syntax.Not() | syntax.IsNull():
                made = evolve(part, operand=again(part.operand))
            case syntax.In():
                made = evolve(part, operand=again(part.operand), options=every(part.options))
            case syntax.Between():
                made = evolve(
                    part,
                    operand=again(part.operand),
                    low=again(part.low),
                    high=again(part.high),
                )
            case syntax.Case():
                branches = tuple((again(c), again(v)) for c, v in part.branches)
                default = None if part.default is None else again(part.default)
                made = evolve(part, branches=branches, default=default)
            case syntax.Call(function="lookup" | "has" | "interpolate") if part.arguments:
                made = evolve(part, arguments=(part.arguments[0], *every(part.arguments[1:])))
            case syntax.Call():
                made = evolve(part, arguments=every(part.arguments))
        return made

    return again(node)
