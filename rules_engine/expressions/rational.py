"""A formula with divisions as one fraction, so that it rounds once and exactly."""

from decimal import Decimal
from typing import Final

from attrs import evolve

from rules_engine.expressions import tree, units
from rules_engine.expressions.types import Kind, Type

__all__ = ["as_ratio", "divides", "next_key_type", "rounded_quotient"]

_ONE: Final = tree.Const(
    type=Type(Kind.NUMBER, scale=0, low=Decimal(1), high=Decimal(1)), value=Decimal(1)
)


def divides(node: tree.Expression) -> bool:
    """Whether a division stands in it, outside any ROUND of its own."""
    # Only a division, or a place between two rows, leaves a number without a last decimal place.
    if isinstance(node, tree.Round) or not node.type.is_numeric or node.type.scale is not None:
        return False
    if isinstance(node, tree.Interpolate) or (isinstance(node, tree.Arithmetic) and node.op == "/"):
        return True
    return any(divides(child) for child in tree.children(node))


def as_ratio(node: tree.Expression) -> tuple[tree.Expression, tree.Expression]:
    """Give numerator and denominator without a division in either.

    The denominator is zero exactly where a divisor is: the checker refuses a division within one.
    """
    match node:
        case tree.Arithmetic(op="/", left=left, right=right):
            above, below = as_ratio(left)
            return above, _times(below, right)
        case tree.Arithmetic(op="*", left=left, right=right):
            (a, b), (c, d) = as_ratio(left), as_ratio(right)
            return _times(a, c), _times(b, d)
        case tree.Arithmetic(op=("+" | "-") as op, left=left, right=right) if divides(node):
            (a, b), (c, d) = as_ratio(left), as_ratio(right)
            return _plus(op, _times(a, d), _times(c, b)), _times(b, d)
        case tree.Negate(operand=operand) if divides(node):
            above, below = as_ratio(operand)
            return tree.Negate(type=units.negate(above.type), operand=above), below
        case tree.Absolute(operand=operand) if divides(node):
            above, below = as_ratio(operand)
            return _absolute(above), _absolute(below)
        case tree.Case(branches=branches, default=default) if divides(node):
            pairs = [(condition, as_ratio(value)) for condition, value in branches]
            last = as_ratio(default)
            return tuple(  # type: ignore[return-value]  # two items, one for each side of the fraction
                _case([(c, pair[side]) for c, pair in pairs], last[side], default)
                for side in (0, 1)
            )
        case tree.Interpolate():
            return _between(node)
        case _:
            return node, _ONE


def _between(node: tree.Interpolate) -> tuple[tree.Expression, tree.Expression]:
    """Give a value between two rows as a fraction; the row above never has the same key."""
    key = tree.Point(type=node.key, of=node, part="key")
    value = tree.Point(type=node.column_type, of=node, part="value")
    next_key = tree.Point(type=next_key_type(node), of=node, part="next_key")
    next_value = tree.Point(type=node.column_type, of=node, part="next_value")
    width = _plus("-", next_key, key)
    width = evolve(width, type=evolve(width.type, low=_unit(next_key.type)))
    risen = _times(_plus("-", next_value, value), _plus("-", node.at, key))
    return _plus("+", _times(value, width), risen), width


def next_key_type(node: tree.Interpolate) -> Type:
    """Give the type of the key above a value; above the last one lies the next that may occur."""
    scale = max(node.key.scale or 0, node.at.type.scale or 0)
    type_ = evolve(node.key, scale=scale)
    high = None if type_.high is None else units.EXACT.add(type_.high, _unit(type_))
    return evolve(type_, high=high)


def _unit(type_: Type) -> Decimal:
    return Decimal(1).scaleb(-(type_.scale or 0), units.EXACT)


def _number(type_: Type) -> Type:
    return type_ if units.is_null(type_) else evolve(type_, kind=Kind.NUMBER, free=False)


def _absolute(node: tree.Expression) -> tree.Expression:
    low, high = node.type.low, node.type.high
    top = None if low is None or high is None else max(low.copy_abs(), high.copy_abs())
    return tree.Absolute(type=evolve(node.type, low=Decimal(0), high=top), operand=node)


def _times(left: tree.Expression, right: tree.Expression) -> tree.Expression:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, tree.Const) and one.value == 1:
            return other
    type_ = units.multiply(_number(left.type), _number(right.type))
    return tree.Arithmetic(type=type_, op="*", left=left, right=right)


def _plus(op: str, left: tree.Expression, right: tree.Expression) -> tree.Expression:
    type_ = units.add(op, _number(left.type), _number(right.type))
    return tree.Arithmetic(type=type_, op=op, left=left, right=right)


def _case(
    branches: list[tuple[tree.Expression, tree.Expression]],
    default: tree.Expression,
    written: tree.Expression,
) -> tree.Expression:
    if units.is_null(written.type):
        default = written
    values = [*(value for _, value in branches), default]
    type_ = units.union([_number(value.type) for value in values], "the branches")
    return tree.Case(type=type_, branches=tuple(branches), default=default)


def rounded_quotient(
    numerator: Decimal | int,
    denominator: Decimal | int,
    count: int,
    mode: str,
) -> Decimal:
    """Round a quotient to `count` decimal places, exactly; `mode` is half_up, half_even or down.

    Raises:
        ZeroDivisionError: The denominator is zero.
    """
    above, above_by = Decimal(numerator).as_integer_ratio()
    below, below_by = Decimal(denominator).as_integer_ratio()
    if below < 0:
        above, below = -above, -below
    whole, rest = divmod(abs(above) * below_by * 10**count, below * above_by)
    twice = 2 * rest - below * above_by
    if (mode == "half_up" and twice >= 0) or (
        mode == "half_even" and (twice > 0 or (twice == 0 and whole % 2))
    ):
        whole += 1
    return Decimal(-whole if above < 0 else whole).scaleb(-count, units.EXACT)
