"""How units combine, and how wide the results get; the rules of docs/expressions.md."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from attrs import evolve

from rules_engine.expressions.types import EXACT, Kind, Type

__all__ = [
    "EXACT",
    "UnitError",
    "add",
    "comparable",
    "divide",
    "fits",
    "multiply",
    "negate",
    "show",
    "union",
]

# A bound or scale beyond this is none: it only has to be wider than every engine computes.
_FARTHEST: Final = Decimal(10) ** 100
_FINEST: Final = 100
# Decimal places to which the bounds of a quotient are known.
_PLACES: Final = Decimal("1E-12")

_Bounds = tuple[Decimal | None, Decimal | None]
_WHOLE = frozenset({Kind.COUNT, Kind.DAYS})
_WORDS = frozenset({Kind.CODE, Kind.TEXT})
_MASSES = frozenset({Kind.MONEY, Kind.DAYS})
_FRACTIONS = frozenset({Kind.RATE, Kind.RATIO, Kind.FACTOR})


class UnitError(Exception):
    """Two units do not go together; the message says what may stand there.

    Attributes:
        side: The operand that may be another one, `left` or `right`; None where both may.
    """

    def __init__(self, message: str, side: str | None = None) -> None:
        """Say what was found, and on which side."""
        super().__init__(message)
        self.side = side


def show(type_: Type) -> str:
    """Name a unit as a sentence does: money, a rate, days, NULL."""
    if is_null(type_):
        return "NULL"
    if type_.free:
        return "a number"
    return str(type_.kind) if type_.kind in _MASSES else f"a {type_.kind}"


def _fraction(low: Decimal | None, high: Decimal | None) -> Kind:
    """Name a dimensionless quantity by its proven range."""
    if low is not None and low >= 0:
        return Kind.RATE if high is not None and high <= 1 else Kind.FACTOR
    return Kind.RATIO


def _dimensionless(left: Type, right: Type, low: Decimal | None, high: Decimal | None) -> Kind:
    kinds = {side.kind for side in (left, right) if not side.free}
    whole = all(side.scale == 0 for side in (left, right))
    if not kinds:
        return Kind.NUMBER
    if Kind.NUMBER in kinds:
        return Kind.NUMBER
    if kinds <= _WHOLE:
        if whole:
            return Kind.DAYS if Kind.DAYS in kinds else Kind.COUNT
        return Kind.NUMBER
    if kinds & _WHOLE:
        return Kind.NUMBER
    return _fraction(low, high)


def _numeric(op: str, left: Type, right: Type) -> None:
    for side, name in ((left, "left"), (right, "right")):
        if not side.is_numeric:
            msg = f"{op} has {show(side)} beside it; numbers and amounts may stand there"
            raise UnitError(msg, name)


def _finish(kind: Kind, left: Type, right: Type, bounds: _Bounds, scale: int | None) -> Type:
    low, high = (
        None if bound is None or bound.copy_abs() > _FARTHEST else bound for bound in bounds
    )
    return Type(
        kind,
        left.nullable or right.nullable,
        None if scale is None or scale > _FINEST else scale,
        low,
        high,
        free=left.free and right.free,
    )


def add(op: str, left: Type, right: Type) -> Type:
    """Give the type of `left + right` or `left - right`.

    Raises:
        UnitError: The two do not add up, such as money and a rate.
    """
    nullable = left.nullable or right.nullable
    if Kind.DATE in {left.kind, right.kind}:
        return _dates(op, left, right, nullable=nullable)
    _numeric(op, left, right)
    other = negate(right) if op == "-" else right
    bounds = (_plus(left.low, other.low), _plus(left.high, other.high))
    scale = None if left.scale is None or right.scale is None else max(left.scale, right.scale)
    if Kind.MONEY in {left.kind, right.kind}:
        odd = [s.kind != Kind.MONEY and not s.free for s in (left, right)]
        if any(odd):
            word = "added to" if op == "+" else "subtracted from"
            shown = f"{show(right)} is {word} {show(left)}"
            msg = f"{shown}; money adds to money"
            raise UnitError(msg, "left" if odd[0] else "right")
        return _finish(Kind.MONEY, left, right, bounds, scale)
    return _finish(_dimensionless(left, right, *bounds), left, right, bounds, scale)


def _dates(op: str, left: Type, right: Type, *, nullable: bool) -> Type:
    if op == "-" and left.kind == right.kind == Kind.DATE:
        return evolve(
            Type.of(Kind.DAYS), nullable=nullable, low=Decimal(-3652058), high=Decimal(3652058)
        )
    whole = right.kind == Kind.DAYS or (right.free and right.scale == 0)
    if left.kind == Kind.DATE and whole:
        return Type(Kind.DATE, nullable)
    found = f"{show(left)} {op} {show(right)} has no meaning"
    msg = f"{found}; a date minus a date is days, a date plus days a date"
    raise UnitError(msg, "right" if left.kind == Kind.DATE else "left")


def multiply(left: Type, right: Type) -> Type:
    """Give the type of `left * right`.

    Raises:
        UnitError: Money times money, or something that is no number.
    """
    _numeric("*", left, right)
    if left.kind == right.kind == Kind.MONEY:
        msg = "money is multiplied by money; a rate, ratio, factor, number or count may stand there"
        raise UnitError(msg, "right")
    corners = _corners(left, right)
    bounds: _Bounds = (min(corners), max(corners)) if corners else (None, None)
    if not corners and all(s.low is not None and s.low >= 0 for s in (left, right)):
        bounds = (Decimal(0), None)
    scale = None if left.scale is None or right.scale is None else left.scale + right.scale
    kind = Kind.MONEY
    if Kind.MONEY not in {left.kind, right.kind}:
        kind = _dimensionless(left, right, *bounds)
    return _finish(kind, left, right, bounds, scale)


def divide(left: Type, right: Type) -> Type:
    """Give the type of `left / right`; its value may be any fraction.

    Raises:
        UnitError: Something divided by money that is not money, or no number.
    """
    _numeric("/", left, right)
    if right.kind == Kind.MONEY and left.kind != Kind.MONEY and not left.free:
        msg = f"{show(left)} is divided by money; money may stand before the /"
        raise UnitError(msg, "left")
    bounds = _quotient_bounds(left, right)
    if Kind.MONEY in {left.kind, right.kind}:
        kind = Kind.MONEY if right.kind != Kind.MONEY else _fraction(*bounds)
    elif Kind.NUMBER in {s.kind for s in (left, right) if not s.free}:
        kind = Kind.NUMBER
    else:
        kind = _fraction(*bounds) if not (left.free and right.free) else Kind.NUMBER
    return _finish(kind, left, right, bounds, None)


def _quotient_bounds(left: Type, right: Type) -> _Bounds:
    """Bound a quotient; zero rejects the row, so a divisor has a unit at least."""
    signs = all(side.low is not None and side.low >= 0 for side in (left, right))
    if left.low is None or left.high is None:
        return (Decimal(0), None) if signs else (None, None)
    if right.scale is None or right.low is None or right.high is None:
        return (Decimal(0), None) if signs else (None, None)
    unit = Decimal(1).scaleb(-right.scale, EXACT)
    nearest = [right.low, right.high]
    if right.low <= 0 <= right.high:
        nearest += [unit] if right.high > 0 else []
        nearest += [unit.copy_negate()] if right.low < 0 else []
    divisors = [d for d in nearest if d]
    tops = [_cut(a, b, ROUND_CEILING) for a in (left.low, left.high) for b in divisors]
    bottoms = [_cut(a, b, ROUND_FLOOR) for a in (left.low, left.high) for b in divisors]
    return (min(bottoms), max(tops)) if tops else (None, None)


def _cut(above: Decimal, below: Decimal, rounding: str) -> Decimal:
    """Divide, and cut after twelve places towards the side that keeps the bound true."""
    context = EXACT.copy()
    context.rounding = rounding
    return context.divide(above, below).quantize(_PLACES, context=context)


def negate(type_: Type) -> Type:
    """Give the type of `-x`."""
    low = None if type_.high is None else type_.high.copy_negate()
    high = None if type_.low is None else type_.low.copy_negate()
    kind = type_.kind
    if kind in _FRACTIONS and not type_.free:
        kind = _fraction(low, high)
    return evolve(type_, kind=kind, low=low, high=high)


def _plus(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    return None if a is None or b is None else EXACT.add(a, b)


def _corners(left: Type, right: Type) -> list[Decimal]:
    if None in {left.low, left.high, right.low, right.high}:
        return []
    return [
        EXACT.multiply(a, b)
        for a in (left.low, left.high)
        for b in (right.low, right.high)
        if a is not None and b is not None
    ]


def union(types: Iterable[Type], what: str) -> Type:
    """Give the one type of several values of which any may be taken.

    Raises:
        UnitError: They have different units.
    """
    found = list(types)
    made = found[0]
    for other in found[1:]:
        made = _either(made, other, what)
    return made


def _either(a: Type, b: Type, what: str) -> Type:
    nullable = a.nullable or b.nullable
    if is_null(a):
        return b.with_null()
    if is_null(b):
        return a.with_null()
    if a.is_numeric and b.is_numeric:
        scale = None if a.scale is None or b.scale is None else max(a.scale, b.scale)
        low = None if a.low is None or b.low is None else min(a.low, b.low)
        high = None if a.high is None or b.high is None else max(a.high, b.high)
        free = a.free and b.free
        if (a.kind == Kind.MONEY) != (b.kind == Kind.MONEY) and not (a.free or b.free):
            msg = f"{what} give {show(a)} and {show(b)}; one unit may stand there"
            raise UnitError(msg)
        if Kind.MONEY in {a.kind, b.kind}:
            kind = Kind.MONEY
        else:
            kind = a.kind if a.kind == b.kind else _dimensionless(a, b, low, high)
        if a.kind != b.kind and not free and kind in _WHOLE and scale:
            kind = Kind.NUMBER
        return Type(kind, nullable, scale, low, high, free=free)
    if a.kind in _WORDS and b.kind in _WORDS:
        codes = a.codes | b.codes if a.codes is not None and b.codes is not None else None
        return Type(
            Kind.CODE if Kind.CODE in {a.kind, b.kind} else Kind.TEXT, nullable, codes=codes
        )
    if a.kind == b.kind:
        return Type(a.kind, nullable)
    msg = f"{what} give {show(a)} and {show(b)}; one unit may stand there"
    raise UnitError(msg)


def is_null(type_: Type) -> bool:
    """Whether it is the type of a bare NULL."""
    return type_.free and type_.kind == Kind.TEXT


def comparable(a: Type, b: Type) -> str | None:
    """Say why two values cannot be compared; None where they can."""
    if a.is_numeric and b.is_numeric:
        if (a.kind == Kind.MONEY) == (b.kind == Kind.MONEY) or a.free or b.free:
            return None
        return f"{show(a)} is compared with {show(b)}; money compares with money"
    if a.kind in _WORDS and b.kind in _WORDS:
        return None
    if a.kind == b.kind:
        return None
    return f"{show(a)} is compared with {show(b)}"


def fits(found: Type, expected: Type) -> str | None:
    """Say why a value may not stand where `expected` is asked for; None where it may."""
    if is_null(found):
        return None if expected.nullable else f"NULL is found; {show(expected)} may stand here"
    low, high = found.low, found.high
    match expected.kind:
        case Kind.MONEY:
            good = found.kind == Kind.MONEY or found.free
        case Kind.RATE:
            good = found.is_numeric and found.kind != Kind.MONEY and found.kind not in _WHOLE
            if good and not (low is not None and high is not None and low >= 0 and high <= 1):
                shown = f"{low}" if low == high else f"between {_bound(low)} and {_bound(high)}"
                return f"the value is {shown}; a rate is 0 to 1"
        case Kind.FACTOR:
            good = found.is_numeric and found.kind != Kind.MONEY
            if good and not (low is not None and low >= 0):
                return f"the value may be {_bound(low)}; a factor is 0 or more"
        case Kind.RATIO | Kind.NUMBER:
            good = found.is_numeric and found.kind != Kind.MONEY
        case Kind.COUNT | Kind.DAYS:
            good = found.is_numeric and found.scale == 0 and (found.kind in _WHOLE or found.free)
        case Kind.CODE | Kind.TEXT:
            good = found.kind in _WORDS
        case _:
            good = found.kind == expected.kind
    return None if good else f"{show(found)} is found; {show(expected)} may stand here"


def _bound(value: Decimal | None) -> str:
    return "anything" if value is None else f"{EXACT.normalize(value):f}"
