"""pay_for_performance over many entities: pools, ranks and percentiles, by law."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rules_engine_pay_for_performance import PAY_FOR_PERFORMANCE

from rules_engine import SettlementError
from rules_engine.testing import Contract, engine_of

BASE: Final = Decimal("1000000.00")

Row = tuple[Decimal, Decimal | None]
"""Base payments and score of one hospital."""

rows = st.lists(
    st.tuples(
        st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100),
        st.none() | st.integers(0, 10_000).map(lambda score: Decimal(score) / 100),
    ),
    min_size=1,
    max_size=7,
)

BY_SCORE: Final[Mapping[str, Any]] = {
    "payment": {
        "score": "hospital.score",
        "kinds": {"outcome": 1},
        "base": "hospital.base",
        "withhold": Decimal("0.02"),
        "full": 100,
        "pool": {"divides_by": "score"},
        "payee": "hospital",
    }
}
BY_RANK: Final[Mapping[str, Any]] = {
    "payment": {
        **BY_SCORE["payment"],
        "pool": {
            "divides_by": "rank",
            "places": [Decimal("0.5"), Decimal("0.3"), Decimal("0.2")],
        },
    }
}


def cutoff(*, strict: bool, percentile: str = "0.75") -> Mapping[str, Any]:
    """Terms that take 1 % from scores above, or at and above, a percentile."""
    return {
        "cutoff": {
            "score": "hospital.score",
            "kinds": {"outcome": 1},
            "base": "hospital.base",
            "percentile": Decimal(percentile),
            "worse": "higher",
            "strict": strict,
            "rate": Decimal("0.01"),
            "payer": "cms",
            "payee": "hospital",
        }
    }


def settled(terms: Mapping[str, Any], hospitals: Sequence[Row]) -> list[dict[str, Any]]:
    """Settle hospitals that are called by their place, and give the outputs of each in order."""
    rule = {
        "id": "many",
        "methodology": "pay_for_performance",
        "source": "s",
        "for_each": "hospital",
        "terms": dict(terms),
    }
    document = {
        "ruleset": "many_hospitals",
        "title": "Many hospitals",
        "version": "1",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"},
        "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "year"},
        "parties": {"cms": "payer"},
        "entities": {"hospital": {"table": "hospitals", "key": ["name"], "role": "provider"}},
        "tables": {
            "hospitals": {
                "key": ["name"],
                "columns": {"name": "code", "base": "money", "score": "number(2) or null"},
            }
        },
        "rules": [rule],
    }
    data = {
        "hospitals": [
            {"name": f"h{place:03}", "base": base, "score": score}
            for place, (base, score) in enumerate(hospitals)
        ]
    }
    engine = engine_of(PAY_FOR_PERFORMANCE)
    with Contract(document=document).load(engine).run(data, mappings=()) as run:
        return [dict(one.outputs) for one in run.settlements]


@settings(max_examples=25, deadline=None)
@given(rows, st.sampled_from((BY_SCORE, BY_RANK)))
@example([(BASE, Decimal(0)), (BASE, Decimal(0))], BY_SCORE)
@example([(Decimal("0.25"), Decimal(1))] * 3, BY_SCORE)
@example([(Decimal(0), Decimal(1))], BY_RANK)
def test_a_pool_pays_out_what_it_withheld(hospitals: list[Row], terms: Mapping[str, Any]) -> None:
    """To the cent, for any number of hospitals and scores; who has no score is left out."""
    outputs = settled(terms, hospitals)
    inside = [one for one in outputs if one["withheld"] is not None]
    assert len(inside) == sum(score is not None for _, score in hospitals)
    assert sum(one["earned"] for one in inside) == sum(one["withheld"] for one in inside)


@settings(max_examples=15, deadline=None)
@given(rows.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_slope_does_not_know_an_order(pair: tuple[list[Row], list[Row]]) -> None:
    """Hospitals in another order have the same slope, and parts that differ by a cent at most."""
    first, second = (settled(BY_SCORE, hospitals) for hospitals in pair)
    by_row: dict[Row, list[Fraction]] = {}
    for hospitals, outputs in zip(pair, (first, second), strict=True):
        for row, one in zip(hospitals, outputs, strict=True):
            if one["earned"] is not None:
                by_row.setdefault(row, []).append(one["earned"])
    assert {one["slope"] for one in first} == {one["slope"] for one in second}
    for earned in by_row.values():
        assert max(earned) - min(earned) <= Fraction(1, 100)


@settings(max_examples=15, deadline=None)
@given(rows, st.integers(2, 9))
def test_a_pool_of_larger_payments_has_the_same_slope(hospitals: list[Row], times: int) -> None:
    """Every base times a number leaves the slope and every factor as they are."""
    larger = [(base * times, score) for base, score in hospitals]
    names = ("slope", "factor")
    found = [
        [tuple(one[name] for name in names) for one in settled(BY_SCORE, these)]
        for these in (hospitals, larger)
    ]
    assert found[0] == found[1]


@settings(max_examples=15, deadline=None)
@given(rows, st.integers(1, 50))
def test_nobody_loses_by_a_better_score_in_a_pool(hospitals: list[Row], more: int) -> None:
    """The first hospital's part with a higher score is not lower."""
    base, score = hospitals[0]
    first = Decimal(0) if score is None else min(score, Decimal(50))
    for terms in (BY_SCORE, BY_RANK):
        if terms is BY_SCORE and not any(s for _, s in hospitals[1:]):
            # Alone with a score, or without any, one gets what was withheld, and no share of it.
            continue
        lower = settled(terms, [(base, first), *hospitals[1:]])[0]["earned"]
        higher = settled(terms, [(base, first + more), *hospitals[1:]])[0]["earned"]
        assert lower <= higher


def test_those_that_are_equal_share_their_places() -> None:
    """Two in the second place have the second and third part in halves."""
    scores = (Decimal(90), Decimal(70), Decimal(70), Decimal(10))
    outputs = settled(BY_RANK, [(BASE, score) for score in scores])
    assert [one["rank"] for one in outputs] == [1, 2, 2, 4]
    assert [one["earned"] for one in outputs] == [40_000, 20_000, 20_000, 0]


def test_places_that_nobody_has_are_paid_to_the_others() -> None:
    """Of 0.5, 0.3 and 0.2, two hospitals have five and three eighths."""
    outputs = settled(BY_RANK, [(BASE, Decimal(90)), (BASE, Decimal(70))])
    assert [one["earned"] for one in outputs] == [25_000, 15_000]


def test_the_slope_of_a_worked_pool() -> None:
    """40,000.00 withheld; 10,000 and 6,000 earned at slope 1; 40,000 / 16,000 = 2.5."""
    outputs = settled(BY_SCORE, [(BASE, Decimal(50)), (BASE, Decimal(30))])
    assert [one["slope"] for one in outputs] == [Fraction(5, 2)] * 2
    assert [one["earned"] for one in outputs] == [25_000, 15_000]
    assert [one["factor"] for one in outputs] == [Fraction("1.005"), Fraction("0.995")]


def test_a_strict_percentile_spares_who_is_at_it() -> None:
    """Of 1 to 5 the 75th percentile is 4: above it is one, at or above it are two."""
    hospitals: list[Row] = [(BASE, Decimal(score)) for score in (1, 2, 3, 4, 5)]
    for strict, expected in ((True, [0, 0, 0, 0, 10_000]), (False, [0, 0, 0, 10_000, 10_000])):
        outputs = settled(cutoff(strict=strict), hospitals)
        assert {one["cutoff"] for one in outputs} == {4}
        assert [one["cut"] for one in outputs] == expected


@settings(max_examples=15, deadline=None)
@given(rows)
def test_a_strict_percentile_cuts_no_more_than_one_that_is_not(hospitals: list[Row]) -> None:
    """And of those that are cut, all have scores beyond it."""
    strict = settled(cutoff(strict=True), hospitals)
    other = settled(cutoff(strict=False), hospitals)
    for one, two, (_, score) in zip(strict, other, hospitals, strict=True):
        if score is None:
            assert one["cut"] is two["cut"] is None
        else:
            assert one["cut"] <= two["cut"]
            assert not one["cut"] or score > one["cutoff"]


def test_a_pool_with_a_score_below_zero_is_refused() -> None:
    """A part below zero would take more from one hospital than was withheld from all."""
    with pytest.raises(SettlementError, match="below zero"):
        settled(BY_SCORE, [(BASE, Decimal(-1)), (BASE, Decimal(3))])
