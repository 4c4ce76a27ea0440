"""Ranges of numbers: whatever two numbers of two ranges give lies in the range of the result."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from rules_engine.warehouse.bounds import Bounds

Pair = tuple[Bounds, int]


@st.composite
def _inside(draw: DrawFn, scales: SearchStrategy[int]) -> Pair:
    low, value, high = sorted(draw(st.tuples(*[st.integers(-(10**6), 10**6)] * 3)))
    return Bounds(draw(scales), low, high), value


_wholes = _inside(st.just(0))
_numbers = _inside(st.integers(0, 3))


def cut(a: int, b: int) -> int:
    """Divide and cut towards zero."""
    size = abs(a) // abs(b)
    return size if (a < 0) == (b < 0) else -size


@pytest.mark.parametrize(
    ("ranges", "values"),
    [
        (Bounds.__add__, lambda a, b: a + b),
        (Bounds.__sub__, lambda a, b: a - b),
        (Bounds.__mul__, lambda a, b: a * b),
        (Bounds.__or__, lambda a, _: a),
        (Bounds.__or__, lambda _, b: b),
        (lambda a, _: a.absolute(), lambda a, _: abs(a)),
        (lambda a, _: -a, lambda a, _: -a),
    ],
    ids=["sum", "difference", "product", "the first", "the second", "size", "opposite"],
)
@given(first=_wholes, second=_wholes)
def test_a_result_lies_in_its_range(
    ranges: Callable[[Bounds, Bounds], Bounds],
    values: Callable[[int, int], int],
    first: Pair,
    second: Pair,
) -> None:
    """Of a sum, a difference, a product and either of two numbers."""
    found = ranges(first[0], second[0])
    assert found.low <= values(first[1], second[1]) <= found.high


@given(_wholes, _wholes.filter(lambda pair: pair[1] != 0))
def test_a_whole_quotient_and_its_rest_lie_in_their_ranges(above: Pair, below: Pair) -> None:
    """Both cut towards zero, and the rest has the sign of what is divided."""
    a, b = above[1], below[1]
    quotient, rest = above[0].divided(below[0]), above[0].rest(below[0])
    assert quotient.low <= cut(a, b) <= quotient.high
    assert rest.low <= a - b * cut(a, b) <= rest.high


@given(_numbers, st.integers(0, 5))
def test_another_scale_never_narrows_a_range(number: Pair, scale: int) -> None:
    """A number that is rounded to the new scale, either way, lies in it."""
    bounds, value = number
    found = bounds.at(scale)
    unit = 10 ** abs(scale - bounds.scale)
    ways = [value * unit] if scale >= bounds.scale else [value // unit, -(-value // unit)]
    assert all(found.low <= way <= found.high for way in ways)


@given(_numbers)
def test_the_digits_hold_every_value(number: Pair) -> None:
    """And its places, which may be more."""
    bounds, value = number
    assert len(str(abs(value))) <= bounds.digits
    assert bounds.scale <= bounds.digits
