"""ROUND of a quotient as SQL on whole numbers, because engines divide decimals as binary floats.

A number of scale s becomes the whole number s places larger; numerator and denominator then differ
from the quotient by a power of ten only, and whole numbers divide exactly, with a rest.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from attrs import frozen

from rules_engine.expressions import tree
from rules_engine.expressions.dialect import INT128, bucket, decimal, width
from rules_engine.expressions.rational import as_ratio, divides
from rules_engine.expressions.size import LONGEST_SQL, TooLargeError
from rules_engine.expressions.types import EXACT, Type

__all__ = ["Division", "by_division", "division", "quotient"]

_BIGINT: Final = 2**63 - 1
_HUGEINT: Final = 2**127 - 1

Whole = int | str
Write = Callable[[tree.Expression], str]


@frozen(kw_only=True)
class Division:
    """A rounded quotient as whole numbers.

    Attributes:
        above: Numerator.
        below: Denominator.
        up: Places by which the numerator is shifted after it is whole.
        down: Places by which the denominator is shifted.
        machine: SQL type that holds every whole number on the way.
    """

    above: tree.Expression
    below: tree.Expression
    up: int
    down: int
    machine: str


def by_division(node: tree.Round) -> bool:
    """Whether a ROUND is computed by dividing whole numbers."""
    if divides(node.operand):
        return True
    scale = node.operand.type.scale
    return node.mode != "half_up" and scale is not None and scale > node.places


def division(node: tree.Round) -> Division | None:
    """Plan the division; None where its whole numbers may be wider than 128 bits."""
    above, below = as_ratio(node.operand)
    if above.type.scale is None or below.type.scale is None:
        return None
    shift = below.type.scale + node.places - above.type.scale
    up, down = max(0, shift), max(0, -shift)
    tops, bottoms = _widest(above), _widest(below)
    if tops is None or bottoms is None:
        return None
    top, bottom = tops * 10**up, bottoms * 10**down
    reached = max(2 * top + bottom, 2 * bottom, 10**up, 10**down)
    if reached > _HUGEINT:
        return None
    machine = "BIGINT" if reached <= _BIGINT else "HUGEINT"
    return Division(above=above, below=below, up=up, down=down, machine=machine)


def quotient(node: tree.Round, write: Write) -> str:
    """Write a ROUND that divides as a decimal."""
    signed = _rounded(node, write)
    if node.places == 0:
        return f"CAST({signed} AS {decimal(node.type)})"
    unit = f"{Decimal(1).scaleb(-node.places, EXACT):f}"
    digits = bucket(min(INT128, width(node.type)))
    return f"CAST(CAST({signed} AS DECIMAL({digits}, 0)) * {unit} AS {decimal(node.type)})"


def _rounded(node: tree.Round, write: Write) -> Whole:
    """Write the rounded quotient as a whole number, `places` decimal places larger."""
    plan = division(node)
    if plan is None:
        msg = "a quotient is wider than its check allows"
        raise ValueError(msg)
    a = _shifted(_whole(plan.above, write, plan.machine), plan.up)
    b = _shifted(_whole(plan.below, write, plan.machine), plan.down)
    positive = _is_positive(plan.above.type)
    tail = ""
    if isinstance(b, int):
        if b < 0:
            a, b, positive = _negative(a), -b, _is_positive(plan.above.type, negated=True)
    elif not _is_positive(plan.below.type):
        tail = f" * sign({b})"
        b = f"abs({b})"
    if isinstance(a, int) and isinstance(b, int) and b:
        return _computed(a, b, node.mode)
    made = _divided(a, b, node.mode, positive=positive) + tail
    if len(made) > LONGEST_SQL:
        # Here and not by the caller, because a quotient within a quotient is written several times.
        raise TooLargeError
    return f"({made})" if tail else made


def _divided(a: Whole, b: Whole, mode: str, *, positive: bool) -> str:
    """Divide and round; DuckDB's // cuts towards zero, and dividing by zero gives null."""
    safe = f"nullif({b}, 0)" if isinstance(b, str) or not b else str(b)
    twice = str(2 * b) if isinstance(b, int) and b else f"(2 * {safe})"
    if mode == "down":
        return f"({a} // {safe})"
    if mode == "half_up":
        half = f"{b}" if positive else f"{_sign(a)} * {b}"
        return f"(({_product(2, a)} + {half}) // {twice})"
    size = abs(a) if isinstance(a, int) else a if positive else f"abs({a})"
    # Half of an odd quotient goes up, half of an even one stays.
    made = f"(({_product(2, size)} + {b} - 1 + ({size} // {safe}) % 2) // {twice})"
    return made if positive else f"({_sign(a)} * {made})"


def _sign(a: Whole) -> str:
    return f"sign({a})" if isinstance(a, str) else str((a > 0) - (a < 0))


def _computed(a: int, b: int, mode: str) -> int:
    size, rest = divmod(abs(a), b)
    if (mode == "half_up" and 2 * rest >= b) or (
        mode == "half_even" and (2 * rest > b or (2 * rest == b and size % 2))
    ):
        size += 1
    return -size if a < 0 else size


# -- whole numbers


def _whole(node: tree.Expression, write: Write, machine: str) -> Whole:  # noqa: C901  one line a node
    """Give a number `scale` places larger, as a whole number."""
    scale = node.type.scale or 0

    def part(child: tree.Expression) -> Whole:
        return _shifted(_whole(child, write, machine), scale - (child.type.scale or 0))

    match node:
        case tree.Const(value=Decimal() as value):
            return int(value.scaleb(scale, EXACT))
        case tree.Const(value=None):
            return f"CAST(NULL AS {machine})"
        case tree.Arithmetic(op="*", left=left, right=right) if node.type.is_numeric:
            return _product(_whole(left, write, machine), _whole(right, write, machine))
        case tree.Arithmetic(op=("+" | "-") as op, left=left, right=right) if _numbers(node):
            return _sum(op, part(left), part(right))
        case tree.Negate(operand=operand):
            return _negative(part(operand))
        case tree.Absolute(operand=operand):
            size = part(operand)
            return abs(size) if isinstance(size, int) else f"abs({size})"
        case tree.Case(branches=branches, default=default):
            listed = " ".join(f"WHEN {write(c)} THEN {part(v)}" for c, v in branches)
            return f"CAST(CASE {listed} ELSE {part(default)} END AS {machine})"
        case tree.Round() if by_division(node):
            rounded = _rounded(node, write)
            return rounded if isinstance(rounded, int) else f"CAST({rounded} AS {machine})"
    if scale == 0:
        return f"CAST({write(node)} AS {machine})"
    digits = bucket(width(node.type) + scale)
    return f"CAST(CAST({write(node)} AS DECIMAL({digits}, {scale})) * {10**scale} AS {machine})"


def _widest(node: tree.Expression) -> int | None:
    """Give the largest whole number that `_whole` meets; None where a decimal is too wide."""
    type_ = node.type
    if type_.scale is None or type_.low is None or type_.high is None:
        return 0 if isinstance(node, tree.Const) and node.value is None else None
    scale = type_.scale
    own = _size(type_)
    parts: tuple[tree.Expression, ...] = ()
    match node:
        case tree.Const():
            return own
        case tree.Arithmetic(op="*", left=left, right=right):
            return _most((_widest(left), _widest(right)), own)
        case tree.Arithmetic(left=left, right=right) if _numbers(node):
            parts = (left, right)
        case tree.Negate(operand=operand) | tree.Absolute(operand=operand):
            parts = (operand,)
        case tree.Case(branches=branches, default=default):
            parts = (*(value for _, value in branches), default)
        case tree.Round() if by_division(node):
            return own
        case _:
            return own if width(type_) + scale <= INT128 else None
    shifted = [
        None if wide is None else wide * 10 ** (scale - (part.type.scale or 0))
        for part, wide in ((part, _widest(part)) for part in parts)
    ]
    total = sum(found for found in shifted if found is not None) if len(parts) == 2 else 0  # noqa: PLR2004  a sum
    return _most(shifted, max(own, total))


def _most(found: "tuple[int | None, ...] | list[int | None]", own: int) -> int | None:
    known = [size for size in found if size is not None]
    return max([own, *known]) if len(known) == len(found) else None


def _size(type_: Type) -> int:
    bounds = [b.copy_abs() for b in (type_.low, type_.high) if b is not None]
    return int(max(bounds).scaleb(type_.scale or 0, EXACT)) if bounds else 0


def _numbers(node: tree.Arithmetic) -> bool:
    return node.left.type.is_numeric


def _is_positive(type_: Type, *, negated: bool = False) -> bool:
    if negated:
        return type_.high is not None and type_.high <= 0
    return type_.low is not None and type_.low >= 0


def _shifted(value: Whole, shift: int) -> Whole:
    return _product(value, 10**shift)


def _product(a: Whole, b: Whole) -> Whole:
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if a == 1:
        return b
    return a if b == 1 else f"({_signed(a)} * {_signed(b)})"


def _sum(op: str, a: Whole, b: Whole) -> Whole:
    if isinstance(a, int) and isinstance(b, int):
        return a + b if op == "+" else a - b
    return f"({_signed(a)} {op} {_signed(b)})"


def _negative(a: Whole) -> Whole:
    return -a if isinstance(a, int) else f"(- {a})"


def _signed(a: Whole) -> str:
    return f"({a})" if isinstance(a, int) and a < 0 else str(a)
