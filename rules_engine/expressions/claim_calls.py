"""Functions over the lines of one claim, and sums that run from claim to claim."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.size import WIDEST
from rules_engine.expressions.types import EXACT, Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["CLAIM_FORMS", "RUNNING", "claim_call", "running", "running_places"]

CLAIM_FORMS: Final = {
    "claim_sum": (1, 1),
    "claim_min": (1, 1),
    "claim_max": (1, 1),
    "claim_rank": (1, 1),
    "claim_count": (0, 1),
    "claim_any": (1, 1),
    "claim_all": (1, 1),
}
"""Function → fewest and most arguments."""

RUNNING: Final = "running"

# A claim has as many lines as there are line numbers, and a year of claims fewer than this.
_MOST_LINES: Final = Decimal(10**6)
_MOST_OF_A_YEAR: Final = 9
_FRACTIONS: Final = frozenset({Kind.RATE, Kind.FACTOR, Kind.RATIO})
_BOOLEAN: Final = Type(Kind.BOOLEAN)
_WORDS: Final = frozenset({Kind.CODE, Kind.TEXT})
_SPANS: Final = ("year", "quarter", "month", "contract")


def claim_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type a function over the lines of a claim."""
    _stands_in_a_price(checker, node)
    # What the rule's condition has tested of this line is not known of the others.
    outer = checker.scope
    later = outer.later.union(outer.stages)
    scope = evolve(outer, of_claim=False, stages={}, later=later, not_null=frozenset())
    inner = type(checker)(scope)
    asks = node.function in {"claim_any", "claim_all", "claim_count"}
    parts = [(part, asks) for part in node.arguments]
    if node.filter is not None:
        parts.append((node.filter, True))
    try:
        typed = inner.every(
            lambda part: inner.condition(part[0]) if part[1] else inner.visit(part[0]), parts
        )
    finally:
        checker.findings.extend(inner.findings)
        checker.count(inner.visits, node)
    operand = None if node.function == "claim_count" else typed[0]
    condition: tree.Expression | None = None
    for one in typed if operand is None else typed[1:]:
        condition = _both(condition, one)
    return tree.ClaimFunction(
        type=_claim_type(checker, node, operand, condition),
        start=node.start,
        end=node.end,
        function=node.function,
        operand=operand,
        condition=condition,
    )


def _stands_in_a_price(checker: "Checker", node: syntax.Call) -> None:
    if not checker.scope.of_claim:
        message = f"{node.function} reads the lines of a claim; it stands in the price of a line"
        help_ = None
        if checker.scope.profile == "row" and checker.scope.grain == "line":
            help_ = "it stands in no other function of a claim"
        condition = () if node.filter is None else (node.filter,)
        checker.look_aside((*node.arguments, *condition))
        raise checker.wrong(node, "RE415", message, help_)


def _both(one: tree.Expression | None, other: tree.Expression) -> tree.Expression:
    if one is None:
        return other
    type_ = _BOOLEAN.with_null(one.type.nullable or other.type.nullable)
    return tree.Logic(type=type_, op="and", left=one, right=other)


def _claim_type(
    checker: "Checker",
    node: syntax.Call,
    operand: tree.Expression | None,
    condition: tree.Expression | None,
) -> Type:
    if node.function in {"claim_any", "claim_all"}:
        return _BOOLEAN
    if operand is None:
        return Type(Kind.COUNT, scale=0, low=Decimal(0), high=_MOST_LINES)
    type_ = operand.type
    if not type_.is_numeric and (type_.kind != Kind.DATE or node.function == "claim_sum"):
        message = f"{node.function} takes numbers and amounts; {units.show(type_)} is found"
        raise checker.wrong(node.arguments[0], "RE406", message)
    if node.function == "claim_rank":
        nullable = type_.nullable or condition is not None
        return Type(Kind.COUNT, nullable, 0, Decimal(1), _MOST_LINES)
    if node.function != "claim_sum":
        return evolve(type_, nullable=True, free=False)
    low, high = (
        None if bound is None else EXACT.multiply(bound, _MOST_LINES)
        for bound in (type_.low, type_.high)
    )
    kind = Kind.NUMBER if type_.kind in _FRACTIONS else type_.kind
    return evolve(
        type_,
        kind=kind,
        nullable=False,
        low=None if low is None else min(low, Decimal(0)),
        high=None if high is None else max(high, Decimal(0)),
        free=False,
    )


# -- sums that run


def running(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type `running(amount, limit, by, within)`."""
    _stands_in_a_price(checker, node)
    with checker.refusing("inside RUNNING"):
        amount, limit, by, within = checker.every(
            lambda part: _span(checker, part) if part is node.arguments[3] else checker.visit(part),
            node.arguments,
        )

    def number(pair: tuple[tree.Expression, syntax.Node]) -> tree.Expression:
        checker.numeric(*pair, "running")
        return pair[0]

    checker.every(number, ((amount, node.arguments[0]), (limit, node.arguments[1])))
    why = units.comparable(amount.type, limit.type)
    if why is not None:
        raise checker.wrong(node.arguments[1], "RE406", f"the limit of running: {why}")
    if by.type.kind not in _WORDS or units.is_null(by.type):
        message = f"running is kept by a code, such as person_id; {units.show(by.type)} is found"
        raise checker.wrong(node.arguments[2], "RE405", message)
    type_ = _running_type(amount.type, limit.type)
    parts = (amount, limit, by, within)
    made = tree.Running(
        type=type_.with_null(any(part.type.nullable for part in parts)),
        start=node.start,
        end=node.end,
        amount=amount,
        limit=limit,
        by=by,
        within=within,
    )
    if (type_.digits or WIDEST) + _MOST_OF_A_YEAR > WIDEST:
        message = "the sum of a year may be wider than engines compute exactly"
        raise checker.wrong(node, "RE409", message, "declare a narrower column, or round it")
    return made


def _running_type(amount: Type, limit: Type) -> Type:
    """Bound what lies within a limit: no more than the amount, of either sign."""
    scale = (
        None if None in {amount.scale, limit.scale} else max(amount.scale or 0, limit.scale or 0)
    )
    return evolve(
        amount,
        scale=scale,
        low=None if amount.low is None else min(amount.low, Decimal(0)),
        high=None if amount.high is None else max(amount.high, Decimal(0)),
        free=False,
    )


def _span(checker: "Checker", node: syntax.Node) -> tree.Expression:
    """Give what tells one span of time from another."""
    if isinstance(node, syntax.Literal) and isinstance(node.value, str):
        if node.value not in _SPANS:
            spans = ", ".join(f"'{span}'" for span in _SPANS)
            raise checker.wrong(
                node, "RE405", f"'{node.value}' is no span; {spans}, or a formula may stand here"
            )
        return _named_span(node.value, node)
    scope = checker.scope
    if isinstance(node, syntax.Name) and node.parts[-1] in _SPANS:
        name = node.parts[-1]
        if name not in scope.columns and name not in scope.parameters:
            message = f"{name} stands without quotes; a span of time stands in them"
            raise checker.wrong(node, "RE405", message, f"write '{name}'")
    typed = checker.visit(node)
    if typed.type.kind in {Kind.BOOLEAN, Kind.MONEY}:
        message = f"{units.show(typed.type)} is found; a code, date or count may stand here"
        raise checker.wrong(node, "RE405", message, "write 'year' for the calendar year")
    return typed


def _named_span(name: str, node: syntax.Node) -> tree.Expression:
    day = tree.Ref(
        type=Type(Kind.DATE), start=node.start, end=node.end, space="date", name="service_date"
    )
    year, month = (_part(part, day) for part in ("year", "month"))
    match name:
        case "contract":
            return _number(0)
        case "year":
            return year
        case "month":
            return _sum(_product(year, 100), month)
    # The quarter by its first month: 1, 4, 7 or 10.
    third = tree.Case(
        type=Type(Kind.COUNT, scale=0, low=Decimal(1), high=Decimal(10)),
        branches=tuple(
            (
                tree.Compare(type=_BOOLEAN, op="<", left=month, right=_number(first + 3)),
                _number(first),
            )
            for first in (1, 4, 7)
        ),
        default=_number(10),
    )
    return _sum(_product(year, 100), third)


def _part(name: str, day: tree.Expression) -> tree.Expression:
    low, high = {"year": (1, 9999), "month": (1, 12)}[name]
    type_ = Type(Kind.COUNT, scale=0, low=Decimal(low), high=Decimal(high))
    return tree.DateCall(type=type_, function=name, arguments=(day,))


def _number(value: int) -> tree.Expression:
    exact = Decimal(value)
    return tree.Const(type=Type(Kind.COUNT, scale=0, low=exact, high=exact), value=exact)


def _product(left: tree.Expression, right: int) -> tree.Expression:
    other = _number(right)
    type_ = units.multiply(left.type, other.type)
    return tree.Arithmetic(type=type_, op="*", left=left, right=other)


def _sum(left: tree.Expression, right: tree.Expression) -> tree.Expression:
    type_ = units.add("+", left.type, right.type)
    return tree.Arithmetic(type=type_, op="+", left=left, right=right)


_EAGER: Final = (tree.Arithmetic, tree.Negate, tree.Absolute, tree.Round, tree.Extremum)
"""Nodes that always read their parts."""


def running_places(node: tree.Expression) -> tuple[tree.Running, ...]:
    """Give the running sums that stand where not every line reads them."""
    found: list[tree.Running] = []
    waiting: list[tuple[tree.Expression, bool]] = [(node, True)]
    while waiting:
        part, always = waiting.pop()
        if isinstance(part, tree.Running):
            if not always:
                found.append(part)
            always = False
        always = always and isinstance(part, _EAGER)
        waiting += [(child, always) for child in tree.children(part)]
    return tuple(found)
