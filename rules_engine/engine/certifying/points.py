"""Points: the places in a plan's formulas where a contract decides, rounds or looks up."""

from collections.abc import Iterator

from attrs import frozen

from rules_engine.expressions import Expression, Kind, tree
from rules_engine.expressions.rational import divides
from rules_engine.expressions.types import Type
from rules_engine.pricing.plan import Plan, PricingRule

__all__ = ["Edge", "Point", "conditions", "edges", "roundings"]


@frozen
class Point:
    """One part of a rule's formula.

    Attributes:
        rule: The rule.
        text: The part as written.
        node: Its meaning.
    """

    rule: str
    text: str
    node: Expression


@frozen
class Edge:
    """Two values whose order decides: the sides of a comparison, or two choices of an extremum.

    Attributes:
        rule: The rule.
        text: The comparison as written.
        left: One value.
        right: The other.
    """

    rule: str
    text: str
    left: Expression
    right: Expression

    @property
    def unit(self) -> int:
        """How many of the smallest step between the two values are one: 100 for cents."""
        scales = [t.scale or 0 for t in (self.left.type, self.right.type) if t.is_numeric]
        return int(10 ** max(scales, default=0))


def conditions(plan: Plan) -> Iterator[Point]:
    """Give every condition that is no mere combination of others."""
    negated: set[int] = set()
    for point in _parts(plan):
        node = point.node
        if isinstance(node, tree.Not) and node.start == node.operand.start:
            # `x IS NOT NULL`, `x NOT IN (…)`: one condition, as it is written.
            negated.add(id(node.operand))
            yield point
            continue
        combines = isinstance(node, tree.Logic | tree.Not | tree.Const | tree.Case | tree.Coalesce)
        if node.type.kind is Kind.BOOLEAN and not combines and id(node) not in negated:
            yield point


def edges(plan: Plan) -> Iterator[Edge]:
    """Give every pair of numbers or dates whose order decides something."""
    for point in _parts(plan):
        match point.node:
            case tree.Compare(left=left, right=right) if _ordered(left.type):
                yield Edge(point.rule, point.text, left, right)
            case tree.Extremum(arguments=arguments) if _ordered(point.node.type):
                for place, left in enumerate(arguments):
                    for right in arguments[place + 1 :]:
                        yield Edge(point.rule, point.text, left, right)


def roundings(plan: Plan) -> Iterator[Point]:
    """Give every ROUND that can change its argument."""
    for point in _parts(plan):
        node = point.node
        if isinstance(node, tree.Round):
            scale = node.operand.type.scale
            if divides(node.operand) or scale is None or scale > node.places:
                yield point


def _ordered(type_: Type) -> bool:
    return type_.is_numeric or type_.kind is Kind.DATE


def _parts(plan: Plan) -> Iterator[Point]:
    """Give every part of every formula of the rules once."""
    seen: set[int] = set()
    for rule in plan.rules:
        for expression, text in _formulas(rule):
            for node in tree.walk(expression):
                if id(node) not in seen:
                    seen.add(id(node))
                    yield Point(rule.id, _written(node, text), node)


def _formulas(rule: PricingRule) -> Iterator[tuple[Expression, str]]:
    if rule.when is not None:
        yield rule.when, rule.when_text
    if rule.step.when is not None:
        yield rule.step.when, ""
    yield rule.step.expression, rule.text


def _written(node: Expression, text: str) -> str:
    found = " ".join(text[node.start : node.end].split())
    return found or type(node).__name__.lower()
