"""pay_for_performance: scores of domains, gates and cases, and what a bonus makes of a score."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_pay_for_performance import PAY_FOR_PERFORMANCE
from rules_engine_pay_for_performance.payments import KINDS

from rules_engine import RulesetError, SettlementError
from rules_engine.testing import Contract, engine_of

POINTS: Final[Mapping[str, Any]] = {"achievement": {"most": 10}, "improvement": {"most": 9}}
MEASURE: Final[Mapping[str, Any]] = {"kind": "outcome", "domain": "care", "better": "higher"}


def settled(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Settle one year by terms, and give its outputs."""
    document = {
        "ruleset": "worked",
        "title": "A worked year",
        "version": "1",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"},
        "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "year"},
        "parties": {"insurer": ["payer"], "providers": ["alder"]},
        "rules": [
            {
                "id": "score_rule",
                "methodology": "pay_for_performance",
                "source": "s",
                "terms": dict(terms),
            }
        ],
    }
    engine = engine_of(PAY_FOR_PERFORMANCE)
    with Contract(document=document).load(engine).run({}, mappings=()) as run:
        (one,) = run.settlements
        return dict(one.outputs)


def points(measure: Mapping[str, Any]) -> Any:
    """Give the points of one measure."""
    terms = {
        "measures": {"one": {**MEASURE, **measure}},
        "points": POINTS,
        "domains": {"care": {"weight": 1, "minimum": 1}},
        "domains_needed": 1,
    }
    return settled(terms)["one_points"]


def bonus(score: Decimal, shape: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a score earns of a thousand dollars."""
    paying = {"base": Decimal("1000.00"), "payer": "payer", "payee": "alder"}
    return settled({"bonus": {"score": score, "kinds": {"outcome": 1}, **shape, **paying}})


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("0.1", "0.25", "0.7")),
            st.booleans(),
            st.sampled_from(KINDS),
            st.integers(0, 20),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_weights_add_up_whatever_is_missing(domains: list[tuple[str, bool, str, int]]) -> None:
    """Weighted scores are the total, and what the kinds decide is the whole of it."""
    measures = {
        f"measure_{place}": {
            "kind": kind,
            "domain": f"domain_{place}",
            "better": "higher",
            "when": "true" if counts else "false",
            "performance": str(Decimal(rate) / 20),
            "threshold": "0.2",
            "benchmark": "0.8",
        }
        for place, (_, counts, kind, rate) in enumerate(domains)
    }
    found = settled(
        {
            "measures": measures,
            "points": POINTS,
            "domains": {
                f"domain_{place}": {"weight": weight, "minimum": 1}
                for place, (weight, *_) in enumerate(domains)
            },
            "domains_needed": 1,
        }
    )
    weighted = [found[f"domain_{place}_weighted"] for place in range(len(domains))]
    assert [one is None for one in weighted] == [not counts for _, counts, *_ in domains]
    if any(counts for _, counts, *_ in domains):
        assert found["total"] == sum(one for one in weighted if one is not None)
        assert sum(found[f"{kind}_share"] for kind in KINDS) == 1
    else:
        assert found["total"] is None


@given(st.integers(0, 100), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_points_rise_in_a_line_where_nothing_else_is_said(rate: int, baseline: int) -> None:
    """From the threshold, or the baseline, to the benchmark; no further."""
    measure = {
        "performance": str(Decimal(rate) / 100),
        "baseline": str(Decimal(baseline) / 100),
        "threshold": "0.2",
        "benchmark": "0.8",
    }
    achieved = Fraction(10 * (rate - 20), 60) if rate >= 20 else Fraction(0)
    improved = Fraction(9 * (rate - baseline), 80 - baseline) if rate > baseline else Fraction(0)
    best = max(Fraction(10) if rate >= 80 else achieved, Fraction(9) if rate >= 80 else improved)
    assert points(measure) == best


def test_the_last_gate_that_is_met_gives_its_points() -> None:
    """At a gate its points count; below the first there are none."""
    gates = [{"rate": Decimal(rate), "points": points} for rate, points in (("0.5", 4), ("0.8", 9))]
    found = [points({"performance": rate, "gates": gates}) for rate in ("0.49", "0.5", "0.8", "1")]
    assert found == [0, 4, 9, 9]


def test_a_gate_of_a_measure_that_is_better_when_lower() -> None:
    """A rate at or below the gate meets it."""
    gates = [{"rate": Decimal(rate), "points": points} for rate, points in (("0.5", 4), ("0.2", 9))]
    lower = {"better": "lower", "gates": gates}
    found = [points({"performance": rate, **lower}) for rate in ("0.51", "0.5", "0.2")]
    assert found == [0, 4, 9]


@pytest.mark.parametrize(("cases", "expected"), [(24, None), (25, 5), (0, None)])
def test_too_few_cases_have_no_points(cases: int, expected: int | None) -> None:
    """24 of 25 that are needed are too few, and none cannot be divided by."""
    rates = {"numerator": 25 * 2, "denominator": cases, "minimum": 25 if cases else 0}
    assert points({**rates, "threshold": 1, "benchmark": 3}) == expected


def test_steps_pay_from_their_score_on() -> None:
    """Nothing below the first."""
    steps = {"steps": [{"from": 50, "rate": Decimal("0.01")}, {"from": 80, "rate": "0.03"}]}
    found = [bonus(Decimal(score), steps)["bonus"] for score in (49, 50, 79, 80)]
    assert found == [0, 10, 10, 30]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 120), st.integers(0, 120), st.sampled_from(("line", "logistic")))
def test_a_better_score_never_earns_less_along_a_rising_curve(
    one: int, other: int, shape: str
) -> None:
    """Below the first corner, between two, and beyond the last."""
    curve: Any = [{"at": at, "rate": Decimal(rate)} for at, rate in ((20, "-0.09"), (90, "0.09"))]
    if shape == "logistic":
        curve = {"lowest": "-0.09", "highest": "0.09", "middle": 50, "steepness": "0.1"}
        curve["places"] = 9
    low, high = (bonus(Decimal(score), {shape: curve}) for score in sorted((one, other)))
    assert low["bonus"] <= high["bonus"]
    assert -90 <= low["bonus"] <= high["bonus"] <= 90


def test_the_middle_of_a_logistic_curve() -> None:
    """Half of the way from the lowest to the highest: e^0 is 1."""
    curve = {"lowest": 0, "highest": "0.1", "middle": 60, "steepness": 2, "places": 12}
    assert bonus(Decimal(60), {"logistic": curve})["bonus_rate"] == Fraction(1, 20)


def test_corners_have_to_rise() -> None:
    """A curve that turns back says no one rate for a score."""
    line: list[dict[str, Any]] = [{"at": 50, "rate": 0}, {"at": 40, "rate": 1}]
    with pytest.raises(RulesetError, match="40 follows 50"):
        bonus(Decimal(45), {"line": line})
    line[1] = {"at": "case when 1 = 1 then 40 else 90 end", "rate": 1}
    with pytest.raises(SettlementError, match="40 follows 50"):
        bonus(Decimal(45), {"line": line})


def test_a_rate_of_nothing_expected_is_refused() -> None:
    """A ratio over zero is a mistake of the data that is told, and not a crash."""
    ratio = {
        "kind": "outcome",
        "predicted": 1,
        "expected": 0,
        "counts": "true",
        "limit": 1,
        "weight": 1,
    }
    penalty = {"modifier": 1, "cap": Decimal("0.03"), "places": 4}
    with pytest.raises(SettlementError, match="hip_ratio"):
        settled({"ratios": {"hip": ratio}, "penalty": penalty})


def test_shares_of_kinds_weigh_what_the_money_is_at_stake_for() -> None:
    """A bonus of outcomes and a withhold that follows the total of process and cost."""
    measure = {"performance": "0.8", "threshold": "0.2", "benchmark": "0.8", "better": "higher"}
    found = settled(
        {
            "measures": {
                "one": {**measure, "kind": "process", "domain": "care"},
                "two": {**measure, "kind": "cost", "domain": "care"},
            },
            "points": POINTS,
            "domains": {"care": {"weight": 1, "minimum": 1}},
            "domains_needed": 1,
            "payment": {
                "base": Decimal("1000.00"),
                "withhold": "0.03",
                "slope": 1,
                "full": 100,
                "payer": "payer",
                "payee": "alder",
            },
            "bonus": {
                "score": 50,
                "kinds": {"outcome": 1},
                "base": Decimal("1000.00"),
                "line": [{"at": 0, "rate": 0}, {"at": 100, "rate": "0.02"}],
                "payer": "payer",
                "payee": "alder",
            },
        }
    )
    # 30.00 are withheld and follow the total; 10.00 are the bonus.
    assert found["process_share"] == found["cost_share"] == Fraction(3, 8)
    assert found["outcome_share"] == Fraction(1, 4)


@pytest.mark.parametrize(
    "terms",
    [
        {"kinds": {"outcome": "0.5"}, "line": [{"at": 0, "rate": 0}, {"at": 9, "rate": 1}]},
        {"kinds": {"outcome": 1}, "line": [{"at": 5, "rate": 0}, {"at": "10 / 2", "rate": 1}]},
    ],
    ids=["kinds that make no whole", "a line that does not rise"],
)
def test_numbers_that_cannot_be_are_refused(terms: Mapping[str, Any]) -> None:
    """With their place, wherever they are found."""
    paying = {"base": Decimal("1000.00"), "payer": "payer", "payee": "alder"}
    with pytest.raises((SettlementError, RulesetError), match=r"kinds|rise"):
        settled({"bonus": {"score": 50, **terms, **paying}})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"domains": {"care": {"weight": "-1 * 1", "minimum": 1}}}, "weight of care"),
        ({"domains_needed": 2}, "domains_needed"),
        ({"measures": {"one": {**MEASURE, "performance": 1, "threshold": 1, "benchmark": 0}}}, "b"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(changed: Mapping[str, Any], said: str) -> None:
    """Whatever the data are, before any are read."""
    terms = {
        "measures": {"one": {**MEASURE, "performance": 1, "threshold": 0, "benchmark": 1}},
        "points": POINTS,
        "domains": {"care": {"weight": 1, "minimum": 1}},
        "domains_needed": 1,
    }
    with pytest.raises(RulesetError, match=said):
        settled({**terms, **changed})
