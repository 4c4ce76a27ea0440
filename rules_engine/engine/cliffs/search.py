"""The search: where a payment jumps or falls, over every smallest step of one input.

A payment is settled at values of the input, counted in its smallest steps. Each settlement leaves
a path: the way every decision went. Where two values have one path, so has everything between
them, as long as each number that decides moves one way along it; where their paths differ, the
place of the change is found exactly. What decides without leaving a trace shows as a bend, and is
followed too.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Final

from attrs import Factory, define, field, frozen

from rules_engine.engine.cliffs.path import Decision

__all__ = ["Fall", "Found", "Point", "Step", "evenly", "search"]

_BEND_KEPT: Final = Fraction(3, 10)
"""Of a bend, what is left of it in half the stretch: a curve keeps a quarter, a jump all of it."""


@frozen
class Point:
    """What is paid at one value of the input.

    Attributes:
        at: The value, in smallest steps.
        paid: What is paid; None where it cannot be settled.
        path: How it was decided.
        refused: Why it cannot be settled; empty where it can.
    """

    at: int
    paid: Fraction | None
    path: tuple[Decision, ...] = field(repr=False)
    refused: str = ""


@frozen
class Fall:
    """A stretch in which the payment moves against its promise.

    Attributes:
        first: The value before.
        last: The value after; the next one where the payment falls at once.
        beside: What one smallest step moves next to it, where it falls at once.
    """

    first: Point
    last: Point
    beside: Fraction = Fraction(0)

    @property
    def size(self) -> Fraction:
        """By how much, above zero."""
        return abs(_paid(self.last) - _paid(self.first))

    @property
    def at_once(self) -> bool:
        """Whether it happens from one value to the next."""
        return self.last.at - self.first.at == 1


@frozen
class Step:
    """Two neighbours between which the payment jumps the way that it is promised to move.

    Attributes:
        first: The value before.
        last: The value after.
        beside: What one smallest step moves next to it.
    """

    first: Point
    last: Point
    beside: Fraction

    @property
    def size(self) -> Fraction:
        """By how much, above zero."""
        return abs(_paid(self.last) - _paid(self.first))


@frozen
class Found:
    """What a search found.

    Attributes:
        points: Every value that was settled, in order.
        falls: Where the payment moves against its promise, in order.
        steps: Where it jumps along with it, in order.
        is_whole: Whether every change of path was followed to its place.
    """

    points: tuple[Point, ...]
    falls: tuple[Fall, ...]
    steps: tuple[Step, ...]
    is_whole: bool


def _paid(point: Point) -> Fraction:
    if point.paid is None:
        msg = f"nothing is paid at {point.at}"
        raise ValueError(msg)
    return point.paid


def search(
    settle: Callable[[int], Point],
    marks: Iterable[int],
    *,
    near: Iterable[int] = (),
    sign: int,
    tolerance: Fraction,
    samples: int,
    points_max: int,
) -> Found:
    """Find where a payment jumps or falls.

    Args:
        settle: Gives what is paid at a value of the input.
        marks: Values at which what is found is told apart; the first and the last are the range.
        near: Other values that are settled.
        sign: 1 where the payment should not fall as the input rises, -1 where it should not rise.
        tolerance: Odd units of rounding, in currency, that count for nothing.
        samples: How many values, evenly spaced, are settled at least.
        points_max: How many values are settled at most.
    """
    made = _Search(
        settle,
        tuple(sorted(set(marks))),
        frozenset(near),
        Fraction(sign),
        tolerance,
        samples,
        points_max,
    )
    return made.whole()


def evenly(marks: Iterable[int], samples: int) -> list[int]:
    """Give values between the first mark and the last, evenly spaced, and the marks, in order."""
    known = set(marks)
    low, high = min(known), max(known)
    return sorted(known | {low + (high - low) * n // samples for n in range(samples + 1)})


@define
class _Search:
    settle: Callable[[int], Point]
    marks: tuple[int, ...]
    near: frozenset[int]
    sign: Fraction
    tolerance: Fraction
    samples: int
    points_max: int
    known: dict[int, Point] = Factory(dict)
    is_whole: bool = True

    def at(self, value: int) -> Point:
        if value not in self.known:
            self.known[value] = self.settle(value)
        return self.known[value]

    def may_go_on(self) -> bool:
        if len(self.known) < self.points_max:
            return True
        self.is_whole = False
        return False

    def good(self, point: Point) -> Fraction:
        """What is paid, so that more is as promised when the input rises."""
        return self.sign * _paid(point)

    def whole(self) -> Found:
        for value in sorted({*evenly(self.marks, self.samples), *self.near}):
            self.at(value)
        for a, b in list(self.pairs()):
            self.part(a, b)
        for a, b in list(self.pairs()):
            self.straighten(a, b)
        self.peaks()
        falls, steps = tuple(self.falls()), tuple(self.steps())
        return Found(tuple(self.in_order()), falls, steps, self.is_whole)

    def in_order(self) -> list[Point]:
        return [self.known[value] for value in sorted(self.known)]

    def pairs(self) -> Iterator[tuple[Point, Point]]:
        yield from pairwise(self.in_order())

    # -- changes of path

    def part(self, a: Point, b: Point) -> None:
        """Settle between two values until every pair of neighbours has one path or none between."""
        waiting = [(a, b, 0)]
        while waiting:
            first, last, tries = waiting.pop()
            if last.at - first.at <= 1 or first.path == last.path or not self.may_go_on():
                continue
            middle = self.at(_between(first, last, tries))
            waiting += [(middle, last, tries + 1), (first, middle, tries + 1)]

    # -- what leaves no trace

    def straighten(self, a: Point, b: Point) -> None:
        """Follow bends within one path to where they come from."""
        waiting: list[tuple[Point, Point, Fraction | None]] = [(a, b, None)]
        while waiting:
            first, last, before = waiting.pop()
            if last.at - first.at <= 1 or first.path != last.path or first.paid is None:
                continue
            if not self.may_go_on():
                continue
            middle = self.at((first.at + last.at) // 2)
            if middle.path != first.path:
                # A path that holds at both ends and not between them.
                self.part(first, middle)
                self.part(middle, last)
                continue
            bend = abs(_paid(middle) - _chord(first, last, middle.at))
            if bend <= 2 * self.tolerance or (before is not None and bend < before * _BEND_KEPT):
                continue
            waiting += [(middle, last, bend), (first, middle, bend)]

    def peaks(self) -> None:
        """Find where the payment turns within one path: the ends of a fall."""
        for a, b, c in _triples(self.in_order()):
            if not (a.path == b.path == c.path) or a.paid is None or b.at in self.marks:
                continue
            for sign in (1, -1):
                turn, ends = sign * self.good(b), [sign * self.good(a), sign * self.good(c)]
                if turn >= max(ends) and turn - min(ends) > self.tolerance:
                    self.climb(a, c, sign)

    def climb(self, a: Point, c: Point, sign: int) -> None:
        low, high = a.at, c.at
        while high - low > 3 and self.may_go_on():  # noqa: PLR2004  thirds of less are no values
            third = (high - low) // 3
            left, right = self.at(low + third), self.at(high - third)
            if left.paid is None or right.paid is None:
                return
            if sign * self.good(left) < sign * self.good(right):
                low = left.at
            else:
                high = right.at

    # -- results

    def falls(self) -> Iterator[Fall]:
        open_: Fall | None = None
        for a, b in self.pairs():
            down = None if a.paid is None or b.paid is None else self.good(a) - self.good(b)
            neighbours = b.at - a.at == 1
            if down is not None and neighbours and down > self.tolerance and self.sticks_out(a, b):
                yield from self.worth(open_)
                yield Fall(a, b, self.beside(a, b))
                open_ = None
            elif down is not None and (down > 0 or (down == 0 and neighbours)):
                if open_ is None or a.at in self.marks:
                    yield from self.worth(open_)
                    open_ = Fall(a, b)
                else:
                    open_ = Fall(open_.first, b)
            else:
                yield from self.worth(open_)
                open_ = None
        yield from self.worth(open_)

    def worth(self, fall: Fall | None) -> Iterator[Fall]:
        """Give a fall that is more than odd units, which add up over many values of one path."""
        if fall is not None and fall.size > self.tolerance:
            yield fall

    def sticks_out(self, a: Point, b: Point) -> bool:
        """Whether the payment moves more between two neighbours than it does next to them."""
        return abs(_paid(b) - _paid(a)) > self.beside(a, b) + self.tolerance

    def beside(self, a: Point, b: Point) -> Fraction:
        """What one smallest step moves next to two neighbours, on the side where it is more."""
        found = Fraction(0)
        for near, beyond in ((a, a.at - 1), (b, b.at + 1)):
            if self.marks[0] <= beyond <= self.marks[-1]:
                other = self.at(beyond)
                if other.paid is not None:
                    found = max(found, abs(_paid(near) - other.paid))
        return found

    def steps(self) -> Iterator[Step]:
        for a, b in list(self.pairs()):
            if b.at - a.at != 1 or a.paid is None or b.paid is None:
                continue
            if self.good(b) - self.good(a) > self.tolerance and self.sticks_out(a, b):
                yield Step(a, b, self.beside(a, b))


def _triples(points: list[Point]) -> Iterator[tuple[Point, Point, Point]]:
    yield from zip(points, points[1:], points[2:], strict=False)


def _chord(first: Point, last: Point, at: int) -> Fraction:
    a, b = _paid(first), _paid(last)
    return a + (b - a) * Fraction(at - first.at, last.at - first.at)


def _between(first: Point, last: Point, tries: int) -> int:
    """Give a value between two whose paths differ: where the first difference should change."""
    middle = (first.at + last.at) // 2
    if tries % 3 == 2:  # noqa: PLR2004  a curve is not met by straight lines alone
        return middle
    for a, b in zip(first.path, last.path, strict=False):
        if a.outcome == b.outcome:
            continue
        if a.margin is None or b.margin is None or a.margin == b.margin:
            return middle
        # What is rounded turns over halfway between two results.
        level = Fraction(0)
        if a.rounded is not None and b.rounded is not None:
            level = (a.rounded + b.rounded) / 2
        place = first.at + (last.at - first.at) * (a.margin - level) / (a.margin - b.margin)
        return min(max(int(place // 1), first.at + 1), last.at - 1)
    return middle
