"""Powers, exponentials and logarithms, rounded correctly: no engine's own are asked.

A rounded result is computed from bounds that enclose the exact value, with more and more digits
until both round alike. That ends, because what is irrational is never a tie, and so are the
exponential of a fraction other than 0, the logarithm of one other than 1 (Lindemann) and every
root that is no fraction.
"""

from collections.abc import Iterator, Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import TYPE_CHECKING, Final

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.rational import rounded_quotient
from rules_engine.expressions.types import EXACT, Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["FORMS", "MOST_POINTS", "elementary", "rounded"]

FORMS: Final = {"power": 2, "exp": 1, "ln": 1}
"""Function → how many arguments it takes."""

MOST_POINTS: Final = 2_000
"""How many values the arguments of a function of rows may take together."""

_LARGEST: Final = 38
_EXPONENTS: Final = 200
_Point = tuple[Decimal, ...]


def rounded(function: str, arguments: Sequence[Fraction], places: int, mode: str) -> Decimal | None:
    """Give `power(x, y)`, `exp(x)` or `ln(x)`, rounded once to `places` decimal places.

    Returns:
        None where there is no such number, or where it has more than 38 digits before the point.
    """
    x, *others = arguments
    y = others[0] if others else None
    if not _is_defined(function, x, y) or _digits(function, x, y) > _LARGEST + 1:
        return None
    found = _rounded(function, (x, y), places, mode)
    return found if found.adjusted() < _LARGEST else None


def _rounded(
    function: str, arguments: tuple[Fraction, Fraction | None], places: int, mode: str
) -> Decimal:
    x, y = arguments
    exact = _exactly(function, x, y)
    if exact is not None:
        return rounded_quotient(exact.numerator, exact.denominator, places, mode)
    if _digits(function, x, y) < -places - 2:
        return Decimal(0).scaleb(-places, EXACT)
    sign = 1
    if function == "power" and x < 0:
        sign, x = (-1 if y is not None and y.numerator % 2 else 1), -x
    precision = _LARGEST + places + 10
    while True:
        bounds = _enclosed(function, x, y, precision)
        low, high = (
            rounded_quotient(*(bound * sign).as_integer_ratio(), places, mode) for bound in bounds
        )
        if low == high:
            return low
        precision *= 2


def _is_defined(function: str, x: Fraction, y: Fraction | None) -> bool:
    if function == "ln":
        return x > 0
    if function == "power" and y is not None:
        return x > 0 or (x == 0 and y >= 0) or (x < 0 and y.denominator == 1)
    return True


def _digits(function: str, x: Fraction, y: Fraction | None) -> int:
    """About how many digits stand before the point; less than zero for small numbers."""
    if function == "exp":
        # A thousand-digit exponent would take for ever, and is too large or rounds to zero.
        return _decades(x)
    if function == "power" and y is not None and x:
        size = _context(20).ln(_decimal(abs(x), 20, ROUND_FLOOR))
        return _decades(y * Fraction(size))
    return 0


def _decades(logarithm: Fraction) -> int:
    """Turn a natural logarithm into digits."""
    if abs(logarithm) > 10_000:  # noqa: PLR2004  far beyond what is too large or rounds to zero
        return 5_000 if logarithm > 0 else -5_000
    return int(logarithm * 10 / 23)


def _exactly(function: str, x: Fraction, y: Fraction | None) -> Fraction | None:
    """Give the value where it is a fraction that may be a tie."""
    if function == "exp":
        return Fraction(1) if x == 0 else None
    if function == "ln":
        return Fraction(0) if x == 1 else None
    if y is None or x in {0, 1} or y == 0:
        return Fraction(1) if x == 1 or not y else Fraction(0)
    if y.denominator > 1:
        found = _root(x, y.denominator)
        if found is None:
            return None
        x, y = found, Fraction(y.numerator)
    # A higher power of a fraction has so many places that it is no tie; one of a whole number is
    # too large.
    return x**y.numerator if abs(y) <= _EXPONENTS else None


def _root(x: Fraction, degree: int) -> Fraction | None:
    above, below = _whole_root(x.numerator, degree), _whole_root(x.denominator, degree)
    return None if above is None or below is None else Fraction(above, below)


def _whole_root(number: int, degree: int) -> int | None:
    """Give the whole root of a whole number that is more than zero; None where it has none."""
    if number == 1:
        return 1
    if degree > number.bit_length():
        return None
    low, high = 1, 1 << (number.bit_length() // degree + 1)
    if degree == 2:  # noqa: PLR2004  a square root
        low = high = isqrt(number)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle - 1)
    return low if low**degree == number else None


def _enclosed(
    function: str, x: Fraction, y: Fraction | None, precision: int
) -> tuple[Fraction, Fraction]:
    """Give bounds below and above the exact value."""
    low, high = (_decimal(x, precision, mode) for mode in (ROUND_FLOOR, ROUND_CEILING))
    context = _context(precision)
    if function == "exp":
        return _around(context.exp(low), context.exp(high), context)
    logarithms = _around(context.ln(low), context.ln(high), context)
    if function == "ln" or y is None:
        return logarithms
    ends = sorted(bound * y for bound in logarithms)
    low, high = (
        _decimal(end, precision, mode)
        for end, mode in zip(ends, (ROUND_FLOOR, ROUND_CEILING), strict=True)
    )
    return _around(context.exp(low), context.exp(high), context)


def _around(low: Decimal, high: Decimal, context: Context) -> tuple[Fraction, Fraction]:
    """Widen by one unit in the last place: exp and ln round to the nearest."""
    return Fraction(low.next_minus(context)), Fraction(high.next_plus(context))


def _context(precision: int, rounding: str | None = None) -> Context:
    return Context(prec=precision, rounding=rounding, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def _decimal(x: Fraction, precision: int, rounding: str) -> Decimal:
    context = _context(precision, rounding)
    return context.divide(Decimal(x.numerator), Decimal(x.denominator))


# -- in formulas


def elementary(
    checker: "Checker", node: syntax.Call, inner: syntax.Call, places: int, mode: str
) -> tree.Expression:
    """Type a function directly within a ROUND.

    Over rows it is computed beforehand, for every value that its arguments can take.
    """
    with checker.refusing(f"inside {inner.function.upper()}"):
        arguments = checker.visit_all(inner.arguments)

    def number(pair: tuple[tree.Expression, syntax.Node]) -> tree.Expression:
        argument, at = pair
        checker.numeric(argument, at, inner.function)
        if argument.type.kind == Kind.MONEY:
            message = f"{inner.function} takes numbers; money is found"
            raise checker.wrong(at, "RE406", message, "divide it by money first")
        return argument

    checker.every(number, zip(arguments, inner.arguments, strict=True))
    nullable = any(argument.type.nullable for argument in arguments)
    results: tuple[tuple[_Point, Decimal | None], ...] | None = None
    signed = inner.function == "ln" or not _is_positive(arguments[0].type)
    low = None if signed else Decimal(0)
    high = None
    if checker.scope.profile != "settlement":
        results = tuple(_results(checker, inner, arguments, places, mode))
        known = [value for _, value in results if value is not None]
        low, high = min(known, default=Decimal(0)), max(known, default=Decimal(0))
    kind = Kind.FACTOR if low is not None and low >= 0 else Kind.RATIO
    return tree.Elementary(
        type=Type(kind, nullable, places, low, high),
        start=node.start,
        end=node.end,
        function=inner.function,
        arguments=arguments,
        places=places,
        mode=mode,
        results=results,
    )


def _is_positive(type_: Type) -> bool:
    return type_.low is not None and type_.low >= 0


def _results(
    checker: "Checker",
    inner: syntax.Call,
    arguments: tuple[tree.Expression, ...],
    places: int,
    mode: str,
) -> Iterator[tuple[_Point, Decimal | None]]:
    found = []
    count = 1
    for argument, at in zip(arguments, inner.arguments, strict=True):
        values = occurring(argument, checker)
        count *= MOST_POINTS + 1 if values is None else len(values)
        if values is None or count > MOST_POINTS:
            message = (
                f"{inner.function} is computed beforehand, for {MOST_POINTS} values at most; "
                f"this may take {'any value' if values is None else f'{count} with the others'}"
            )
            help_ = "read it from a table of the ruleset, or round it to fewer places"
            raise checker.wrong(at, "RE416", message, help_)
        found.append(sorted(values))
    for point in product(*found):
        exact = [Fraction(value) for value in point]
        yield point, rounded(inner.function, exact, places, mode)


def occurring(node: tree.Expression, checker: "Checker") -> frozenset[Decimal] | None:
    """Give the numbers that a value can be, and maybe more; None where they are too many."""
    match node:
        case tree.Const(value=Decimal() as value):
            return frozenset({value})
        case tree.Lookup():
            listed = checker.scope.occurring(node.table, node.column)
            if listed is not None:
                return listed if len(listed) <= MOST_POINTS else None
        case tree.Dated() | tree.Coalesce() | tree.Extremum():
            return _any_of(tree.children(node), checker)
        case tree.Case():
            return _any_of((*(value for _, value in node.branches), node.default), checker)
        case tree.Negate():
            inner = occurring(node.operand, checker)
            return inner and frozenset(value.copy_negate() for value in inner)
        case tree.Arithmetic(op="+" | "-" | "*") if node.left.type.is_numeric:
            return _combined(node, checker)
    return _range(node.type)


def _any_of(nodes: Sequence[tree.Expression], checker: "Checker") -> frozenset[Decimal] | None:
    found: set[Decimal] = set()
    for node in nodes:
        if units.is_null(node.type):
            continue
        values = occurring(node, checker)
        if values is None:
            return None
        found |= values
    return frozenset(found) if len(found) <= MOST_POINTS else None


def _combined(node: tree.Arithmetic, checker: "Checker") -> frozenset[Decimal] | None:
    left, right = occurring(node.left, checker), occurring(node.right, checker)
    if left is None or right is None or len(left) * len(right) > 10 * MOST_POINTS:
        return _range(node.type)
    compute = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}[node.op]
    found = frozenset(compute(a, b) for a in left for b in right)
    return found if len(found) <= MOST_POINTS else None


def _range(type_: Type) -> frozenset[Decimal] | None:
    """Give every number of a type that has few."""
    if type_.low is None or type_.high is None or type_.scale is None:
        return None
    low, high = (int(bound.scaleb(type_.scale, EXACT)) for bound in (type_.low, type_.high))
    if high - low >= MOST_POINTS:
        return None
    return frozenset(Decimal(n).scaleb(-type_.scale, EXACT) for n in range(low, high + 1))
