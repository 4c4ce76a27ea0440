"""Powers, exponentials and logarithms are rounded correctly, whatever their size."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.expressions.elementary import rounded
from rules_engine.expressions.rational import rounded_quotient

MODES = st.sampled_from(("half_up", "half_even", "down"))
NUMBERS = st.fractions(Fraction(1, 50), Fraction(50), max_denominator=60)


@given(NUMBERS, st.integers(-12, 12), st.integers(0, 12), MODES)
@example(Fraction(1, 2), 3, 2, "half_up")
@example(Fraction(5, 2), 2, 1, "half_even")
@example(Fraction(-3, 2), 3, 2, "half_even")
def test_a_whole_power_is_the_product(x: Fraction, y: int, places: int, mode: str) -> None:
    """Ties among them, since a power of a fraction may end in a five."""
    exact = x**y
    expected = rounded_quotient(exact.numerator, exact.denominator, places, mode)
    assert rounded("power", [x, Fraction(y)], places, mode) == expected


@given(NUMBERS, st.integers(2, 7), st.integers(0, 9), MODES)
@example(Fraction(25, 4), 2, 0, "half_even")
def test_a_root_lies_between_its_neighbours(
    x: Fraction, degree: int, places: int, mode: str
) -> None:
    """What is rounded is nearer to the root than any other number of so many places."""
    found = rounded("power", [x, Fraction(1, degree)], places, mode)
    assert found is not None
    unit = Fraction(1, 10**places)
    middle = Fraction(found)
    low, high = (
        (middle, middle + unit) if mode == "down" else (middle - unit / 2, middle + unit / 2)
    )
    assert max(low, Fraction(0)) ** degree <= x <= high**degree
    # A tie goes where the mode says.
    if mode == "half_up":
        assert x < high**degree
    if mode == "half_even" and (high**degree == x or (low >= 0 and low**degree == x)):
        assert int(found.scaleb(places)) % 2 == 0


@given(NUMBERS, st.integers(1, 12), MODES)
def test_a_logarithm_undoes_an_exponential(x: Fraction, places: int, mode: str) -> None:
    """To within what the two roundings leave."""
    logarithm = rounded("ln", [x], places + 8, mode)
    assert logarithm is not None
    found = rounded("exp", [Fraction(logarithm)], places, "half_up")
    assert found is not None
    assert abs(Fraction(found) - x) < Fraction(1, 10**places) + x / 10 ** (places + 7)


@pytest.mark.parametrize(
    ("function", "arguments", "places", "expected"),
    [
        # Digits of e, ln 2 and the square root of 2 from tables of constants.
        ("exp", ["1"], 12, "2.718281828459"),
        ("exp", ["-1"], 12, "0.367879441171"),
        ("ln", ["2"], 12, "0.693147180560"),
        ("power", ["2", "0.5"], 12, "1.414213562373"),
        ("power", ["1.0001", "36500"], 6, "38.467646"),
        ("exp", ["0"], 2, "1"),
        ("ln", ["1"], 2, "0"),
        ("power", ["0", "0"], 2, "1"),
        ("power", ["0", "2"], 2, "0"),
        ("power", ["-2", "3"], 0, "-8"),
        ("power", ["-2", "-3"], 2, "-0.13"),
        ("power", ["8", "0.333333"], 4, "2.0000"),
        ("power", ["0.0625", "0.25"], 0, "1"),
        ("exp", ["-100000000"], 6, "0"),
        ("exp", ["87"], 0, "60760302250568721495223289381302760753"),
        ("ln", ["0"], 2, None),
        ("ln", ["-1"], 2, None),
        ("power", ["0", "-1"], 2, None),
        ("power", ["-2", "0.5"], 2, None),
        ("exp", ["88"], 0, None),
        ("exp", ["1000000000"], 0, None),
        ("power", ["10", "38"], 0, None),
        ("power", ["9", "100000"], 0, None),
    ],
)
def test_known_values(
    function: str, arguments: list[str], places: int, expected: str | None
) -> None:
    """Constants, edges of what is defined, and of what is too large."""
    found = rounded(function, [Fraction(Decimal(a)) for a in arguments], places, "half_up")
    assert found == (None if expected is None else Decimal(expected))
