"""Functions of numbers: rounding, absolute values, and powers within a rounding."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import elementary, syntax, tree
from rules_engine.expressions.findings import WrongError
from rules_engine.expressions.types import EXACT, Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["ROUNDINGS", "absolute", "outside_round", "rounding"]

ROUNDINGS: Final = {"round": "half_up", "round_half_even": "half_even", "round_down": "down"}
_DECIMAL: Final = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
}
_MOST_PLACES: Final = 12


def absolute(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type `abs(x)`."""
    operand = checker.visit(node.arguments[0])
    checker.numeric(operand, node.arguments[0], "abs")
    low, high = operand.type.low, operand.type.high
    top = None if low is None or high is None else max(low.copy_abs(), high.copy_abs())
    bottom = Decimal(0)
    if low is not None and high is not None and not low <= 0 <= high:
        bottom = min(low.copy_abs(), high.copy_abs())
    type_ = evolve(operand.type, low=bottom, high=top)
    if type_.kind == Kind.RATIO:
        type_ = evolve(type_, kind=Kind.FACTOR)
    return tree.Absolute(type=type_, start=node.start, end=node.end, operand=operand)


def outside_round(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Refuse a power, exponential or logarithm that no ROUND holds directly."""
    checker.look_aside(node.arguments)
    if checker.is_aside:
        raise WrongError
    raise checker.wrong(
        node,
        "RE411",
        f"{node.function} stands outside ROUND; its result may have no last decimal place",
        f"write round({node.function}(…), 6), or as many places as the contract says",
    )


def rounding(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type `round(x, n)` and its kin."""
    inner, written = node.arguments
    if not (
        isinstance(written, syntax.Literal)
        and isinstance(written.value, Decimal)
        and written.value in range(_MOST_PLACES + 1)
    ):
        checker.look_aside([inner])
        message = f"the places to round to are a whole number from 0 to {_MOST_PLACES}"
        raise checker.wrong(written, "RE405", message)
    count, mode = int(written.value), ROUNDINGS[node.function]
    if isinstance(inner, syntax.Call) and inner.function in elementary.FORMS:
        fewest = elementary.FORMS[inner.function]
        checker.count_arguments(inner, fewest, fewest)
        return elementary.elementary(checker, node, inner, count, mode)
    with checker.refusing(None):
        operand = checker.visit(inner)
    checker.numeric(operand, inner, node.function)
    return tree.Round(
        type=_rounded(operand.type, count, mode),
        start=node.start,
        end=node.end,
        operand=operand,
        places=count,
        mode=mode,
    )


def _rounded(type_: Type, count: int, mode: str) -> Type:
    """Give the type of a rounded number; rounding keeps the order, so it rounds the bounds."""
    if type_.scale is not None and type_.scale <= count:
        return type_
    context = EXACT.copy()
    context.rounding = _DECIMAL[mode]
    unit = Decimal(1).scaleb(-count, context)
    low, high = (
        None if bound is None else bound.quantize(unit, context=context)
        for bound in (type_.low, type_.high)
    )
    return evolve(type_, scale=count, low=low, high=high)
