"""Solving: values of one column at which two values meet, or at which a rounding is a tie."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Final

from attrs import define, evolve, frozen

from rules_engine.engine.certifying.coverage import distance, is_tie
from rules_engine.engine.certifying.judging import Judge, Shelf
from rules_engine.engine.certifying.points import Edge, Point
from rules_engine.engine.certifying.sample import Claim, Row
from rules_engine.expressions import Expression, Kind
from rules_engine.expressions.exact import Value
from rules_engine.expressions.tree import Round
from rules_engine.expressions.types import EXACT, Type
from rules_engine.pricing.plan import Plan

__all__ = ["Solver", "odd_multiples"]

_SCAN: Final = 24
_DOUBLINGS: Final = 44
_PROBES_OF_A_TIE: Final = 5


@define
class _Seen:
    """Keeps the last value of each part of the formulas that one line asks for."""

    values: dict[int, Value]

    def value(self, node: Expression, value: Value) -> None:
        self.values[id(node)] = value

    def row(self, table: str, number: int) -> None:
        """See a row; solving needs none."""


@frozen
class _Column:
    """One column of a line, counted in its smallest steps."""

    name: str
    type: Type

    @property
    def low(self) -> int:
        return self._count(self.type.low) if self.type.is_numeric else 1

    @property
    def high(self) -> int:
        return self._count(self.type.high) if self.type.is_numeric else date.max.toordinal()

    def _count(self, value: Decimal | int | None) -> int:
        return int(Decimal(value or 0).scaleb(self.type.scale or 0, EXACT))

    def count(self, value: Any) -> int:
        return value.toordinal() if isinstance(value, date) else self._count(value)

    def starts(self, value: Any) -> list[int]:
        """Give counts to begin at: the value's own and, of a number, far larger ones.

        What a limit takes whole, or a deductible, moves only beyond it.
        """
        own = self.count(value)
        others = (own * 1_000, own * 100_000) if self.type.is_numeric else ()
        return [own, *(n for n in others if n != own and self.low <= n <= self.high)]

    def value(self, count: int) -> Any:
        if self.type.kind is Kind.DATE:
            return date.fromordinal(count)
        if self.type.kind in {Kind.COUNT, Kind.DAYS}:
            return count
        return Decimal(count).scaleb(-(self.type.scale or 0), EXACT)


@define
class Solver:
    """Asks the judge about one line with one value changed, until it is what is wanted.

    Attributes:
        plan: What is priced.
        shelves: The tables that formulas read.
        probes: How many more lines it may ask about.
    """

    plan: Plan
    shelves: Mapping[str, Shelf]
    probes: int

    def seen(self, row: Row) -> Mapping[int, Value]:
        """Give the values of the parts of formulas that pricing a line asks for."""
        self.probes -= 1
        watch = _Seen({})
        Judge(self.plan, self.shelves, watch).price(
            Claim("probe", ({"claim_line_number": 1, **row},))
        )
        return watch.values

    def meetings(self, edge: Edge, row: Row) -> Iterator[Row]:
        """Give lines at which the values of an edge are equal or change their order."""
        for column in self._columns():
            if row.get(column.name) is None:
                continue

            def apart(count: int, column: _Column = column) -> Fraction | None:
                found = self.seen({**row, column.name: column.value(count)})
                if id(edge.left) not in found or id(edge.right) not in found:
                    return None
                return distance_of(edge, found[id(edge.left)], found[id(edge.right)])

            there = None
            for start in column.starts(row[column.name]):
                there = self._crossing(apart, column, start) if there is None else there
            if there is not None:
                for count in (there - 1, there, there + 1):
                    if column.low <= count <= column.high:
                        yield {**row, column.name: column.value(count)}

    def ties(self, point: Point, row: Row) -> Iterator[Row]:
        """Give lines at which what is rounded lies exactly between two roundings."""
        for column in self._columns():
            if row.get(column.name) is None or column.type.kind is Kind.DATE:
                continue

            def seen(value: Any, column: _Column = column) -> Mapping[int, Value]:
                return self.seen({**row, column.name: value})

            for value in self._tie_values(point, column, row[column.name], seen):
                yield {**row, column.name: value}

    def given_ties(self, point: Point, row: Row, table: str, number: int) -> Iterator[Row]:
        """Give rows of a given table, near the one that a line reads, that make a tie of it."""
        shelf = self.shelves[table]
        held = shelf.rows[number]
        for name, type_ in shelf.type.columns.items():
            bounded = type_.is_numeric and type_.low is not None and type_.high is not None
            if not bounded or name in shelf.type.key or held[name] is None or self.probes <= 0:
                continue

            def seen(value: Any, name: str = name) -> Mapping[int, Value]:
                other = Shelf.of(shelf.type, [{**held, name: value}])
                return evolve(self, shelves={**self.shelves, table: other}).seen(row)

            for value in self._tie_values(point, _Column(name, type_), held[name], seen):
                self.probes -= _PROBES_OF_A_TIE
                yield {**held, name: value}

    @staticmethod
    def _tie_values(
        point: Point, column: _Column, value: Any, seen: Callable[[Any], Mapping[int, Value]]
    ) -> Iterator[Any]:
        """Give values of a column at which the operand of a rounding is a tie."""
        node = point.node
        if not isinstance(node, Round):
            return

        def operand(count: int) -> Fraction | None:
            if not column.low <= count <= column.high:
                return None
            found = seen(column.value(count)).get(id(node.operand))
            return found if isinstance(found, Fraction) else None

        counts: dict[int, None] = {}
        for start in column.starts(value):
            counts |= dict.fromkeys(_halves(operand, node.places, column, start))
        for count in counts:
            found = operand(count)
            if found is not None and is_tie(found, node.places):
                yield column.value(count)

    def _columns(self) -> Iterator[_Column]:
        for name in self.plan.needed_columns:
            type_ = self.plan.columns[name]
            bounded = type_.low is not None and type_.high is not None
            if self.probes > 0 and (type_.kind is Kind.DATE or (type_.is_numeric and bounded)):
                yield _Column(name, type_)

    @staticmethod
    def _crossing(
        apart: Callable[[int], Fraction | None], column: _Column, start: int
    ) -> int | None:
        """Find where a difference is zero or changes its sign, first near `start`, then further."""
        here = apart(start)
        if here is None or here == 0:
            return None if here is None else start
        for direction in (1, -1):
            near, reach = start, 1
            for _ in range(_DOUBLINGS):
                far = start + direction * reach
                if not column.low <= far <= column.high:
                    break
                there = apart(far)
                if there is None or (reach == _FIRST_LOOK and there == here):
                    break
                if there == 0 or (there > 0) != (here > 0):
                    return _bisected(apart, near, far, here)
                near, reach = far, reach * 2
        return None


def _bisected(
    apart: Callable[[int], Fraction | None], near: int, far: int, here: Fraction
) -> int | None:
    while abs(far - near) > 1:
        middle = (near + far) // 2
        found = apart(middle)
        if found is None:
            return None
        if found == 0:
            return middle
        near, far = (middle, far) if (found > 0) == (here > 0) else (near, middle)
    return far


_FIRST_LOOK: Final = 4
"""A difference that has not moved after so many steps does not depend on the column."""


def distance_of(edge: Edge, left: Value, right: Value) -> Fraction | None:
    """Give a difference of which the sign and zero are exact."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left - right
    return distance(edge, left, right)


def _halves(
    operand: Callable[[int], Fraction | None], places: int, column: _Column, start: int
) -> Iterator[int]:
    """Give counts at which twice the operand, in units of the rounding, is an odd integer."""
    first, second, third = (operand(start + n) for n in range(3))
    if first is None or second is None or third is None or first == second:
        return
    if third - second != second - first:
        yield from range(max(column.low, 1), max(column.low, 1) + _SCAN)
        return
    unit = 2 * 10**places
    slope = (second - first) * unit
    base = first * unit - slope * start
    yield from odd_multiples(base, slope, max(column.low, -(10**9)), start)


def odd_multiples(base: Fraction, slope: Fraction, low: int, start: int) -> Iterator[int]:
    """Solve base + slope·n = an odd integer: the least n from 1, one near `start`, one below 0."""
    common = lcm(base.denominator, slope.denominator)
    a, b = int(base * common), int(slope * common)
    # a + b·n ≡ common (mod 2·common)
    modulus, wanted = 2 * common, common - a
    shared = gcd(b, modulus)
    if wanted % shared:
        return
    period = modulus // shared
    least = wanted // shared * pow(b // shared, -1, period) % period
    yield from dict.fromkeys(
        (
            least or period,
            (least or period) + period,
            start - (start - least) % period,
            *((least - period,) if least - period >= low else ()),
        )
    )
