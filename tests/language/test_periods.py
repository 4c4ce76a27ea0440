"""Performance periods: their days and labels, cut to the contract's dates."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.language.periods import periods
from rules_engine.language.ruleset import DateRange, PeriodLength
from rules_engine.language.ruleset import Period as Length

DAYS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@given(
    st.sampled_from(("year", "half_year", "quarter", "month")),
    st.integers(1, 12),
    DAYS,
    st.integers(0, 1500),
)
def test_periods_follow_each_other_and_have_labels_of_their_own(
    length: PeriodLength, month: int, first: date, days: int
) -> None:
    """Each day of the contract is in one period, and no two periods share a label."""
    effective = DateRange(first, first + timedelta(days))
    found = periods(Length(length=length, starts=(month, 1)), effective)
    assert (found[0].first, found[-1].last) == (effective.first, effective.through)
    assert all(b.first == a.last + timedelta(1) for a, b in pairwise(found))
    assert len({one.label for one in found}) == len(found)


@pytest.mark.parametrize(
    ("length", "starts", "labels"),
    [
        ("half_year", (1, 1), ["2026-H1", "2026-H2"]),
        ("half_year", (10, 1), ["2026-H1", "2026-H2", "2027-H1"]),
        ("quarter", (10, 1), ["2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1"]),
    ],
)
def test_a_part_has_the_label_of_the_year_in_which_its_year_ends(
    length: PeriodLength, starts: tuple[int, int], labels: list[str]
) -> None:
    """Halves and quarters count from the month in which the contract's year starts."""
    effective = DateRange(date(2026, 1, 1), date(2026, 12, 31))
    assert [one.label for one in periods(Length(length=length, starts=starts), effective)] == labels
