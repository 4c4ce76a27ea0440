"""Reads: what the formulas of a rule look at, so that a change is followed to what it changes."""

from collections.abc import Iterator

from attrs import frozen

from rules_engine.expressions.tree import Aggregate, Has, Interpolate, Lookup, Ref, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.methodology import Formula

__all__ = ["Reads", "aggregated", "reads_of"]


@frozen(kw_only=True)
class Reads:
    """What a rule reads.

    Attributes:
        entity_table: The table of the entities that it settles for; None for the contract.
        tables: Tables that it looks values up in or adds up rows of.
        rules: Rules that settle and whose outputs it reads.
        together: Those of them whose outputs it reads of many entities at once.
        aggregates: What it asks for of many rows.
    """

    entity_table: str | None
    tables: frozenset[str]
    rules: frozenset[str]
    together: frozenset[str]
    aggregates: tuple[Aggregate, ...]


def reads_of(ruleset: BoundRuleset, rule: BoundRule) -> Reads:
    """Find what a rule reads."""
    settling = {one.id for one in ruleset.rules if one.settles}
    entity = ruleset.declaration.entities.get(rule.declared.for_each or "")
    tables: set[str] = set()
    rules: set[str] = set()
    together: set[str] = set()
    aggregates: list[Aggregate] = []
    for formula in rule.every_formula():
        together |= settling & set(aggregated(formula))
        for node in walk(formula.expression):
            match node:
                case Lookup() | Interpolate() | Has():
                    tables.add(node.table)
                case Ref(space="output"):
                    rules.add(node.name.split(".")[0])
                case Aggregate():
                    aggregates.append(node)
                    tables.add(node.relation)
    return Reads(
        entity_table=None if entity is None else entity.table,
        tables=frozenset(tables),
        rules=frozenset((rules | together) & settling),
        together=frozenset(together),
        aggregates=tuple(aggregates),
    )


def aggregated(formula: Formula) -> Iterator[str]:
    """Name what a formula reads of many rows at once: relations, and what peers are asked for."""
    for node in walk(formula.expression):
        if not isinstance(node, Aggregate):
            continue
        yield node.relation
        if node.peers is not None:
            for part in (node.operand, node.condition):
                for inner in walk(part) if part is not None else ():
                    if isinstance(inner, Ref) and inner.space == "output":
                        yield inner.name.split(".")[0]
