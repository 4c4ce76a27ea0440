"""Solving for ties: congruences give exactly the numbers that trying finds."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rules_engine.engine.certifying.solving import odd_multiples

FRACTIONS = st.fractions(min_value=-50, max_value=50, max_denominator=200)


def _is_odd(value: Fraction) -> bool:
    return value.denominator == 1 and value.numerator % 2 == 1


@given(FRACTIONS, FRACTIONS.filter(bool), st.integers(-1000, 1000))
def test_a_solution_is_found_where_there_is_one(
    base: Fraction, slope: Fraction, start: int
) -> None:
    """Base + slope·n is odd for each n found; where none is found there is none."""
    found = list(odd_multiples(base, slope, -(10**9), start))
    assert all(_is_odd(base + slope * n) for n in found)
    # The denominators bound the period of what can be odd.
    period = 2 * base.denominator * slope.denominator
    if period <= 4000 and not found:
        assert not any(_is_odd(base + slope * n) for n in range(1, period + 1))
    if found:
        assert min(found) < 0 < max(found)
