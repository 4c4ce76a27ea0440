"""Rounding is exact, by the mode that a contract names."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.ledger import MODES, exact, round_to

numbers = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**6)
units = st.sampled_from([Fraction(1, 100), Fraction(1), Fraction(1, 20), Fraction(25), Fraction(3)])
modes = st.sampled_from(MODES)

# Multiples of half a unit, where the modes differ and mistakes hide.
ties = st.builds(Fraction, st.integers(-(10**6), 10**6), st.just(200))


@given(numbers | ties, units, modes)
def test_a_rounded_number_is_a_whole_number_of_units(
    x: Fraction, unit: Fraction, mode: str
) -> None:
    """What is posted can be posted."""
    assert (round_to(x, unit, mode) / unit).denominator == 1


@given(numbers | ties, units)
@example(Fraction(1, 200), Fraction(1, 100))
def test_a_rounded_number_is_half_a_unit_away_at_most(x: Fraction, unit: Fraction) -> None:
    """Both half modes choose a nearest multiple."""
    for mode in ("half_up", "half_even"):
        assert abs(round_to(x, unit, mode) - x) * 2 <= unit


@given(numbers | ties, units)
def test_rounding_down_never_moves_away_from_zero(x: Fraction, unit: Fraction) -> None:
    """Down is towards zero, for a loss as for a gain, and by less than a unit."""
    rounded = round_to(x, unit, "down")
    assert abs(rounded) <= abs(x)
    assert abs(rounded - x) < unit


@given(numbers | ties, units, modes)
def test_a_loss_rounds_as_the_gain_of_its_size(x: Fraction, unit: Fraction, mode: str) -> None:
    """No mode favours one side of zero."""
    assert round_to(-x, unit, mode) == -round_to(x, unit, mode)


@given(numbers | ties, units, modes)
def test_rounding_twice_changes_nothing(x: Fraction, unit: Fraction, mode: str) -> None:
    """A posted amount stays what it is."""
    once = round_to(x, unit, mode)
    assert round_to(once, unit, mode) == once


@given(numbers | ties, numbers | ties, units, modes)
def test_rounding_keeps_order(a: Fraction, b: Fraction, unit: Fraction, mode: str) -> None:
    """Who earned more is never posted less."""
    low, high = sorted([a, b])
    assert round_to(low, unit, mode) <= round_to(high, unit, mode)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3))
@example(Decimal("0.005"))
@example(Decimal("-0.005"))
@example(Decimal("0.015"))
def test_the_modes_are_those_of_decimal(x: Decimal) -> None:
    """`half_up` is half away from zero, as in SQL and in the standard library."""
    theirs = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
    for mode in MODES:
        context = Context(prec=50, rounding=theirs[mode])
        expected = x.quantize(Decimal("0.01"), context=context)
        assert round_to(x, Decimal("0.01"), mode) == Fraction(expected)


@pytest.mark.parametrize(
    ("x", "half_up", "half_even", "down"),
    [("2.5", 3, 2, 2), ("3.5", 4, 4, 3), ("-2.5", -3, -2, -2), ("2.49", 2, 2, 2), ("0", 0, 0, 0)],
)
def test_halves_go_where_the_mode_says(x: str, half_up: int, half_even: int, down: int) -> None:
    """A half goes up, to even, or down."""
    found = [round_to(Decimal(x), 1, mode) for mode in ("half_up", "half_even", "down")]
    assert found == [half_up, half_even, down]


def test_a_half_goes_up_unless_told_otherwise() -> None:
    """The default is the mode that SQL has."""
    assert round_to(Decimal("-2.5"), 1) == -3


@pytest.mark.parametrize("unit", [0, Fraction(-1, 100)])
def test_a_unit_is_above_zero(unit: int | Fraction) -> None:
    """A unit of nothing rounds to nothing."""
    with pytest.raises(ValueError, match="above zero"):
        round_to(Fraction(1), unit)


def test_an_unknown_mode_says_which_there_are() -> None:
    """A misspelt mode is an error, never a default."""
    with pytest.raises(ValueError, match=r"'halfup'; it may be half_up, half_even, down"):
        round_to(Fraction(1), 1, "halfup")


@pytest.mark.parametrize("number", [0.1, True, "0.2", None])
def test_only_exact_numbers_are_numbers(number: Any) -> None:
    """No float ever touches money."""
    with pytest.raises(TypeError, match="it may be int, Fraction or Decimal"):
        exact(number)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity", "1e9999999", "1e-9999"])
def test_only_finite_decimals_of_sensible_size_are_numbers(number: str) -> None:
    """No exponent can fill the memory."""
    with pytest.raises(ValueError, match="it may be"):
        exact(Decimal(number))
