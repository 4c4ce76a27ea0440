"""Contracts of bands: their cliffs are found to the cent, and held against what they declare."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import Engine, RulesetError
from rules_engine.testing import holds_inside_its_regions
from tests.cliffs.contracts import BENCHMARK, Band, contract, facts

ENGINE = Engine()
CENT = Fraction(1, 100)
EXAMPLE = Path(__file__).parents[2] / "examples" / "cliffs" / "ruleset.yaml"

bands = st.lists(
    st.builds(Band, at=st.integers(100, BENCHMARK - 100), rate=st.integers(1, 100)),
    max_size=4,
    unique_by=lambda band: band.at,
).map(lambda found: sorted(found, key=lambda band: band.at))


def falls(made: list[Band]) -> dict[Fraction, Fraction]:
    """Give by hand the expenditure at which a band begins and what better loses there."""
    found = {}
    before = 50
    for band in made:
        if band.rate < before:
            found[Fraction(BENCHMARK - band.at)] = Fraction((before - band.rate) * band.at, 100)
        before = band.rate
    return found


def codes(made: Any) -> list[str]:
    """Give the codes of a report."""
    return [one.code for one in made.findings]


@settings(max_examples=25, deadline=None)
@given(bands)
def test_the_cliffs_of_a_contract_are_those_known_by_hand(made: list[Band]) -> None:
    """Every band with a lower rate is a cliff at its cent with its dollars, and nothing else is."""
    report = contract(made, {}).load(ENGINE).cliffs(facts(), mappings=())
    (sweep,) = report.sweeps
    cliffs = sweep.of_kind("cliff")
    expected = falls(made)
    assert {one.first for one in cliffs} == set(expected)
    for one in cliffs:
        assert one.last - one.first == CENT
        assert one.amount is not None
        assert abs(one.amount - expected[one.first]) <= CENT
    assert codes(report) == ["RE433"] * len(expected)
    assert not sweep.limits


@settings(max_examples=15, deadline=None)
@given(bands)
def test_regions_and_cliffs_cover_the_whole_range(made: list[Band]) -> None:
    """Each ends where the next begins, from the first value through the last."""
    (sweep,) = contract(made, {}).load(ENGINE).cliffs(facts(), mappings=()).sweeps
    at = sweep.first
    for one in (s for s in sweep.stretches if s.kind != "step"):
        assert one.first == at
        at = one.last
    assert at == sweep.last


def test_a_declared_cliff_with_its_dollars_is_no_finding() -> None:
    """What is declared and there holds."""
    cliff = {"at": "group.benchmark - 8000", "loses": 800, "why": "a lower rate"}
    made = contract([Band(8000, 40)], {"cliffs": {"band": cliff}}).load(ENGINE)
    assert made.cliffs(facts(), mappings=()).holds


@pytest.mark.parametrize(
    "cliff",
    [
        {"at": "group.benchmark - 8000", "loses": 700, "why": "other dollars"},
        {"at": "group.benchmark - 9000", "why": "another place"},
    ],
)
def test_a_declared_cliff_that_is_not_there_is_a_finding(cliff: dict[str, Any]) -> None:
    """Neither dollars nor places are taken on trust."""
    made = contract([Band(8000, 40)], {"cliffs": {"band": cliff}}).load(ENGINE)
    assert "RE434" in codes(made.cliffs(facts(), mappings=()))


def test_a_part_of_the_range_that_nothing_is_said_of_is_a_finding() -> None:
    """Regions and cliffs together are the whole range."""
    regions = {"low": {"from": 0, "through": 40_000},
               "high": {"from": 60_000, "through": "group.benchmark"}}  # fmt: skip
    made = contract([], {"regions": regions}).load(ENGINE).cliffs(facts(), mappings=())
    assert codes(made) == ["RE435"]
    assert "from 40,000.01 through 59,999.99" in made.findings[0].message


def test_a_cliff_inside_a_region_is_a_finding() -> None:
    """A region promises that there is none."""
    promise = {
        "regions": {"all": {"from": 0, "through": "group.benchmark"}},
        "cliffs": {"band": {"at": "group.benchmark - 8000", "loses": 800, "why": "a lower rate"}},
    }
    made = contract([Band(8000, 40)], promise).load(ENGINE).cliffs(facts(), mappings=())
    assert codes(made) == ["RE437"]


@pytest.mark.parametrize(
    "place",
    [
        {"regions": {"all": {"from": 0, "through": "group.benchmark"},
                     "beyond": {"from": 200_000, "through": 300_000}}},
        {"regions": {"all": {"from": 0, "through": "group.benchmark"},
                     "backward": {"from": 20_000, "through": 10_000}}},
        {"cliffs": {"beyond": {"at": 200_000, "why": "outside"}}},
        {"steps": {"beyond": {"at": 200_000, "why": "outside"}}},
    ],
)  # fmt: skip
def test_a_place_outside_the_range_is_a_finding(place: dict[str, Any]) -> None:
    """Nothing that is declared is passed over without a word."""
    made = contract([], place).load(ENGINE).cliffs(facts(), mappings=())
    assert codes(made) == ["RE438"]


def test_what_is_neither_region_nor_cliff_is_told() -> None:
    """The report has every gap, from its first value through its last."""
    regions = {"low": {"from": 0, "through": 40_000}}
    (sweep,) = contract([], {"regions": regions}).load(ENGINE).cliffs(facts(), mappings=()).sweeps
    assert sweep.gaps == ((40_000 + CENT, Fraction(BENCHMARK)),)


def test_a_stretch_that_cannot_be_settled_is_a_finding() -> None:
    """A payment that fails somewhere is not passed over."""
    paid = {"paid": "settlement.result / (group.expenditure - 5000)"}
    made = contract([], paid).load(ENGINE).cliffs(facts(), mappings=())
    assert "RE436" in codes(made)
    assert any("from 5,000.00 through 5,000.00" in one.message for one in made.findings)


def test_a_parameter_can_be_moved() -> None:
    """A higher cap never pays the partner less."""
    promise = {"never": "falls", "when_rises": "most", "from": 0, "through": 9000}
    made = contract([], promise)
    document = {**made.document, "parameters": {"most": {"type": "money", "value": 1000}}}
    document["rules"][0]["terms"]["gain"]["cap"] = "most"
    report = type(made)(document=document).load(ENGINE).cliffs(facts(), mappings=())
    (sweep,) = report.sweeps
    assert report.holds
    assert [(one.paid_first, one.paid_last) for one in sweep.stretches] == [
        (Fraction(0), Fraction(5000))
    ]


def test_nothing_but_an_input_can_be_moved() -> None:
    """A difference of two columns is no input."""
    promise = {"when_rises": "group.benchmark - group.expenditure"}
    with pytest.raises(RulesetError) as caught:
        contract([], promise).load(ENGINE)
    assert [one.code for one in caught.value.diagnostics] == ["RE431"]


def test_a_promise_without_facts_does_not_hold() -> None:
    """A ruleset without cases has shown nothing."""
    report = contract([], {}).load(ENGINE).cliffs()
    assert report.not_looked_at == ("more_savings",)
    assert not report.holds


def test_an_entity_and_a_period_can_be_chosen() -> None:
    """Of another entity nothing is looked at."""
    made = contract([], {}).load(ENGINE)
    assert made.cliffs(facts(), entity="g1", period="2026", mappings=()).holds
    assert made.cliffs(facts(), entity="g2", mappings=()).sweeps == ()


def test_the_example_declares_its_cliffs() -> None:
    """Its cases pass and its promises hold on each of them."""
    ruleset = ENGINE.load(EXAMPLE)
    assert all(result.passed for result in ruleset.test())
    report = ruleset.cliffs()
    assert report.holds
    for sweep in report.sweeps:
        (cliff,), (step,) = sweep.of_kind("cliff"), sweep.of_kind("step")
        assert (cliff.first, cliff.last, cliff.amount) == (
            Fraction(920_000),
            920_000 + CENT,
            Fraction(8_000),
        )
        assert (step.first, step.amount) == (Fraction(980_000), Fraction(10_000))
        assert sweep.settlements < 500


@st.composite
def groups(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Groups of every size, with expenditure around their benchmark."""
    rows = []
    for number in range(draw(st.integers(1, 2))):
        benchmark = draw(st.integers(100_000, 90_000_000))
        share = draw(st.integers(70, 120))
        rows.append({"group_id": f"g{number}", "benchmark": benchmark,
                     "expenditure": Decimal(benchmark * share) / 100})  # fmt: skip
    return {"group": rows}


test_the_example_keeps_its_regions = holds_inside_its_regions(ENGINE.load(EXAMPLE), groups())
