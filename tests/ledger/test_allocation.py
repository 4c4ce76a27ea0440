"""A split loses no cent and favours nobody."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.ledger import Money, allocate

totals = st.integers(-(10**12), 10**12)
weight = st.integers(0, 10**6) | st.fractions(0, 1000, max_denominator=1000)
weights = st.lists(weight, min_size=1, max_size=12).filter(any)
parties = st.text("abcdefghij_", min_size=1, max_size=4)
party_weights = st.dictionaries(parties, weight, min_size=1, max_size=8).filter(
    lambda by_party: any(by_party.values())
)


@given(totals, weights)
@example(1, [1, 1, 1])
@example(-1, [1, 1, 1])
@example(-100, [1, 1, 1])
@example(0, [1])
def test_parts_add_back_to_the_whole(total: int, weights: Sequence[int | Fraction]) -> None:
    """No cent is created or lost, in gains and in losses."""
    assert sum(allocate(total, weights)) == total


@given(totals, weights)
@example(-7, [1, 1])
def test_no_part_has_the_wrong_sign(total: int, weights: Sequence[int | Fraction]) -> None:
    """Nobody pays into a gain or is paid out of a loss."""
    assert all(part * total >= 0 for part in allocate(total, weights))


@given(totals, weights)
def test_each_part_is_within_a_unit_of_its_share(
    total: int, weights: Sequence[int | Fraction]
) -> None:
    """Rounding moves less than one cent, and an exact share is not moved."""
    for part, part_weight in zip(allocate(total, weights), weights, strict=True):
        share = Fraction(total) * part_weight / sum(weights)
        assert abs(part - share) < 1
        assert part == share or share.denominator != 1


@given(totals, st.integers(1, 50))
def test_equal_weights_differ_by_a_unit_at_most(total: int, count: int) -> None:
    """Equal partners are paid equally, save for the odd cent."""
    parts = allocate(total, [1] * count)
    assert max(parts) - min(parts) <= 1


@given(totals, weights)
def test_a_loss_is_split_as_the_gain_of_its_size(
    total: int, weights: Sequence[int | Fraction]
) -> None:
    """Turning the sign of the pool turns the sign of each part."""
    assert allocate(-total, weights) == [-part for part in allocate(total, weights)]


@given(totals, weights, st.fractions(Fraction(1, 1000), 1000, max_denominator=1000))
def test_only_the_proportion_of_weights_matters(
    total: int, weights: Sequence[int | Fraction], factor: Fraction
) -> None:
    """Weights in member-months, in percent or as fractions pay the same."""
    assert allocate(total, [each * factor for each in weights]) == allocate(total, weights)


@given(totals, weights)
def test_a_larger_weight_never_gets_less(total: int, weights: Sequence[int | Fraction]) -> None:
    """The order of parts is the order of weights."""
    by_weight = sorted(zip(weights, allocate(abs(total), weights), strict=True))
    parts = [part for _, part in by_weight]
    assert all(low <= high for low, high in zip(parts, sorted(parts), strict=True))


def test_the_odd_unit_goes_to_the_largest_remainder() -> None:
    """10 by 5, 3 and 1 is 5.56, 3.33 and 1.11: the first gets the odd one."""
    assert allocate(10, [5, 3, 1]) == [6, 3, 1]


def test_equal_remainders_go_to_the_earlier_place() -> None:
    """Two odd units between three equal parts reach the first two."""
    assert allocate(5, [1, 1, 1]) == [2, 2, 1]


@pytest.mark.parametrize("wrong", [[], [0], [0, Fraction(0), Decimal(0)]])
def test_something_must_weigh(wrong: list[int | Fraction | Decimal]) -> None:
    """A pool that belongs to nobody is an error, even an empty one."""
    with pytest.raises(ValueError, match="is above zero"):
        allocate(0, wrong)


def test_no_weight_is_negative() -> None:
    """A negative share has no meaning that all would agree upon."""
    with pytest.raises(ValueError, match="a weight is -1"):
        allocate(100, [2, -1])


@pytest.mark.parametrize(("total", "of"), [(1.5, [1]), (True, [1]), (10, [0.5])])
def test_floats_are_refused(total: Any, of: Any) -> None:
    """Neither a total nor a weight may be inexact."""
    with pytest.raises(TypeError, match="it may be"):
        allocate(total, of)


@given(totals, party_weights)
def test_the_parts_of_an_amount_add_back_to_it(
    cents: int, weights: dict[str, int | Fraction]
) -> None:
    """No cent of a pool is created or lost."""
    parts = Money(cents).split(weights)
    assert Money.total(parts.values()) == Money(cents)
    assert parts.keys() == weights.keys()


@given(totals, party_weights, st.randoms(use_true_random=False))
def test_the_order_of_declaration_changes_no_part(
    cents: int, weights: dict[str, int | Fraction], random: Any
) -> None:
    """A contract that lists its parties in another order pays the same."""
    declared = list(weights.items())
    random.shuffle(declared)
    assert Money(cents).split(dict(declared)) == Money(cents).split(weights)


def test_odd_cents_go_by_party_id() -> None:
    """One dollar between three is 34, 33 and 33 cents, alphabetically."""
    parts = Money.of("1.00").split({"ucla": 1, "anthem": 1, "huntington": 1})
    assert parts == {"anthem": Money(34), "huntington": Money(33), "ucla": Money(33)}


@given(st.integers(-(10**9), 10**9), party_weights, st.sampled_from([5, 100, 1000]))
def test_parts_may_be_whole_dollars(
    units: int, weights: dict[str, int | Fraction], unit_cents: int
) -> None:
    """A contract that posts whole dollars splits whole dollars."""
    whole = Money(units * unit_cents)
    parts = whole.split(weights, unit_cents=unit_cents)
    assert all(part.cents % unit_cents == 0 for part in parts.values())
    assert Money.total(parts.values()) == whole


def test_what_is_not_whole_units_cannot_be_split_into_them() -> None:
    """Parts in dollars could not add back to 10.37."""
    with pytest.raises(ValueError, match=r"10.37 USD is not a whole number of units"):
        Money.of("10.37").split({"a": 1, "b": 1}, unit_cents=100)


def test_a_unit_is_one_cent_at_least() -> None:
    """There is nothing smaller to hand out."""
    with pytest.raises(ValueError, match="unit_cents is 0"):
        Money(1).split({"a": 1}, unit_cents=0)


def test_the_parts_keep_the_currency() -> None:
    """A pool of euros is split in euros."""
    assert Money(3, "EUR").split({"a": 1}) == {"a": Money(3, "EUR")}
