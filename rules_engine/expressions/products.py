"""Products in generated Python: what is whole is multiplied as whole numbers, which costs least.

A product of Decimals takes seven times as long as one of whole numbers. Constants are
scaled to whole numbers, all but one, which is scaled down by as much.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from rules_engine.expressions import tree
from rules_engine.expressions.types import EXACT, Kind, places

if TYPE_CHECKING:
    from rules_engine.expressions.closure import Emitter

__all__ = ["write_product"]

_COUNTS: Final = frozenset({Kind.COUNT, Kind.DAYS})
_FEWEST: Final = 2


def write_product(emitter: "Emitter", node: tree.Expression) -> tuple[list[str], str] | None:
    """Write a product of numbers.

    Returns:
        Names of which none may be None, and Python text of the value; None where whole numbers
        would not win, and nothing is written then.
    """
    factors = _factors(node)
    chosen = [factor for factor in factors if _constants(factor)]
    if not chosen or len(chosen) - 1 + sum(map(_is_count, factors)) < _FEWEST:
        return None
    scales = {id(factor): max(map(places, _constants(factor))) for factor in chosen[1:]}
    nulls, wholes, others = [], [], []
    for factor in factors:
        if factor is chosen[0]:
            others.append(emitter.value(_scaled(factor, -sum(scales.values()), Decimal)))
        elif id(factor) in scales:
            wholes.append(emitter.value(_scaled(factor, scales[id(factor)], int)))
        else:
            text = emitter.value(factor)
            if factor.type.nullable:
                text = emitter.atom(text)
                nulls.append(text)
            (wholes if _is_count(factor) else others).append(text)
    made = others[0]
    for other in others[1:]:
        made = f"mul_({made}, {other})"
    return nulls, f"mul_({made}, {' * '.join(wholes)})"


def _factors(node: tree.Expression) -> list[tree.Expression]:
    if isinstance(node, tree.Arithmetic) and node.op == "*":
        return [*_factors(node.left), *_factors(node.right)]
    return [node]


def _constants(node: tree.Expression) -> list[Decimal]:
    """Give the numbers that a part chooses from by conditions; nothing where it computes one."""
    values = [node]
    if isinstance(node, tree.Case):
        values = [*(value for _, value in node.branches), node.default]
    found = [v.value for v in values if isinstance(v, tree.Const) and isinstance(v.value, Decimal)]
    return found if len(found) == len(values) else []


def _is_count(node: tree.Expression) -> bool:
    """Whether it is a column of whole numbers, which rows hold as int."""
    return isinstance(node, tree.Ref) and node.space == "column" and node.type.kind in _COUNTS


def _scaled(node: tree.Expression, shift: int, kind: type[int | Decimal]) -> tree.Expression:
    """Multiply every constant of a part by a power of ten."""
    if isinstance(node, tree.Case):
        branches = tuple((test, _scaled(value, shift, kind)) for test, value in node.branches)
        return evolve(node, branches=branches, default=_scaled(node.default, shift, kind))
    value: Any = kind(_constants(node)[0].scaleb(shift, EXACT))
    return tree.Const(type=node.type, start=node.start, end=node.end, value=value)
