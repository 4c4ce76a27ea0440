"""regional_benchmark: the same benchmark as a recomputation by hand, and the common laws."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_regional_benchmark import REGIONAL_BENCHMARK

from rules_engine.testing import Contract, engine_of, holds_to_every_law

ENGINE: Final = engine_of(REGIONAL_BENCHMARK)
Row = Mapping[str, Any]
MONEY: Final = st.decimals("0.00", "9999.99", places=2)
ROWS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "year": st.sampled_from((2013, 2014, 2015)),
            "person_years": st.sampled_from((Decimal("0.25"), Decimal("0.5"), Decimal(1))),
            "expenditure": MONEY,
            "risk": st.sampled_from((Decimal("0.8"), Decimal(1), Decimal("1.25"))),
        }
    ),
    max_size=8,
).map(
    lambda rows: [
        *rows,
        *(
            {
                "year": y,
                "person_years": Decimal(1),
                "expenditure": Decimal("700.00"),
                "risk": Decimal(1),
            }
            for y in (2013, 2014, 2015)
        ),
    ]
)
SAID: Final = {name: name for name in ("year", "type", "person_years", "expenditure", "risk")}
COLUMNS: Final = {
    "type": "code",
    "year": "count",
    "person_years": "number",
    "expenditure": "money",
    "risk": "factor",
}


def contract(truncate: Decimal, weight: Decimal, cap: Decimal, *, risk_cap: Decimal) -> Contract:
    """A benchmark of one type, from the years 2013 and 2014."""
    terms = {
        "types": ["aged"],
        "base_years": [{"years_before": 2, "weight": 1, "trend": Decimal("1.05")}, {"years_before": 1, "weight": 2}],
        "history": {"table": "person", **SAID},
        "performance": {"table": "person", **{k: v for k, v in SAID.items() if k != "expenditure"}},
        "region": {"table": "around", **SAID},
        "truncate": truncate, "weight": weight, "adjustment_cap": cap, "risk_ratio_cap": risk_cap,
        "completion": Decimal("1.013"), "update": Decimal("1.02"),
    }  # fmt: skip
    document = {
        "ruleset": "benchmark", "title": "t", "version": "1",
        "effective": {"from": date(2015, 1, 1), "through": date(2015, 12, 31)}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer"},
        "tables": {name: {"key": ["id"], "columns": COLUMNS} for name in ("person", "around")},
        "rules": [{"id": "regional", "methodology": "regional_benchmark", "source": "s", "terms": terms}],
    }  # fmt: skip
    return Contract(document=document)


def total(said: Contract, people: Sequence[Row], region: Sequence[Row]) -> Fraction:
    """Give the benchmark per person-year."""
    data = {
        name: [{"id": f"{name}{n}", "type": "aged", **row} for n, row in enumerate(rows)]
        for name, rows in (("person", people), ("around", region))
    }
    with said.load(ENGINE).run(data, mappings=()) as run:
        return Fraction(run.settled("regional").outputs["per_person_year"])


def by_hand(
    people: Sequence[Row],
    region: Sequence[Row],
    share: Decimal,
    weight: Decimal,
    cap: Decimal,
    risk_cap: Decimal,
) -> Fraction:
    """Compute it as the page of the methodology says."""

    def sums(rows: Sequence[Row], year: int) -> tuple[Fraction, Fraction]:
        own = [
            (Fraction(r["expenditure"]), Fraction(r["person_years"]), Fraction(r["risk"]))
            for r in rows
            if r["year"] == year
        ]
        yearly = [(2 * spent * 100 / years + 1) // 2 for spent, years, _ in own]
        most = min(
            one
            for place, one in enumerate(sorted(yearly), 1)
            if place >= Fraction(share) * len(own)
        )
        kept = [
            Fraction(int(most), 100) * years if one > most else spent
            for one, (spent, years, _) in zip(yearly, own, strict=True)
        ]
        every = sum(years for _, years, _ in own)
        return sum(kept, Fraction(0)) / every, sum(
            (years * risk for _, years, risk in own), Fraction(0)
        ) / every

    (old, old_risk), (new, new_risk) = sums(people, 2013), sums(people, 2014)
    completion = Fraction("1.013")
    historical = (
        old * completion * Fraction("1.05") * new_risk / old_risk + 2 * new * completion
    ) / 3
    cost, region_risk = sums(region, 2014)
    difference = Fraction(weight) * (cost * new_risk / region_risk - historical)
    adjusted = historical + max(min(difference, Fraction(cap)), -Fraction(cap))
    now = sums([{**row, "expenditure": 0} for row in people], 2015)[1]
    return adjusted * Fraction("1.02") * min(now / new_risk, Fraction(risk_cap))


@settings(deadline=None, max_examples=15)  # each example is two runs
@given(
    people=ROWS,
    region=ROWS,
    share=st.sampled_from([Decimal(n) for n in ("0.5", "0.75", "0.99", "1")]),
    weight=st.sampled_from([Decimal(n) for n in ("0", "0.15", "0.5")]),
    cap=st.sampled_from([Decimal(n) for n in ("0.00", "35.00", "5000.00")]),
    risk_cap=st.sampled_from([Decimal("1.03"), Decimal(9)]),
    dice=st.randoms(),
)
def test_a_benchmark_is_that_of_a_recomputation_by_hand(
    people: list[Row],
    region: list[Row],
    share: Decimal,
    weight: Decimal,
    cap: Decimal,
    risk_cap: Decimal,
    dice: Any,
) -> None:
    """Truncated, completed, trended, blended, capped: the same fraction without SQL, in any order."""
    said = contract(share, weight, cap, risk_cap=risk_cap)
    expected = by_hand(people, region, share, weight, cap, risk_cap)
    assert total(said, people, region) == expected
    other = list(people)
    dice.shuffle(other)
    assert total(said, other, region) == expected


@settings(deadline=None, max_examples=10)  # each example is two runs
@given(people=ROWS, region=ROWS, times=st.integers(2, 9))
def test_a_benchmark_scales_with_money(people: list[Row], region: list[Row], times: int) -> None:
    """Every cost and money term times a number is the benchmark times it, where nothing is cut."""
    first = contract(Decimal(1), Decimal("0.35"), Decimal("35.00"), risk_cap=Decimal("1.03"))
    other = contract(
        Decimal(1), Decimal("0.35"), Decimal("35.00") * times, risk_cap=Decimal("1.03")
    )

    def more(rows: list[Row]) -> list[Row]:
        return [{**row, "expenditure": row["expenditure"] * times} for row in rows]

    assert total(other, more(people), more(region)) == times * total(first, people, region)


LAW_TERMS: Final = st.sampled_from(("1.0", "0.9")).map(
    lambda share: {
        "types": ["all"],
        "base_years": [{"years_before": 1, "weight": 1}],
        "truncate": Decimal(share),
        "history": {
            "table": "cost",
            "year": "year",
            "type": "'all'",
            "person_years": "1",
            "expenditure": "amount",
        },
        "performance": {"table": "cost", "year": "year", "type": "'all'", "person_years": "1"},
    }
)
test_law = holds_to_every_law(
    REGIONAL_BENCHMARK,
    LAW_TERMS,
    beside={
        "tables": {
            "cost": {
                "file": "cost.csv",
                "key": ["id"],
                "columns": {"year": "count", "amount": "money"},
            }
        }
    },
    files={"cost.csv": "id,year,amount\na,2014,10.01\nb,2014,20.00\nc,2015,0.00\n"},
)


def test_truncation_explains_what_was_spent_and_what_was_cut() -> None:
    """Of 100.00, 200.00 and 900.00, two thirds lie within 200.00: 1,200.00 less 700.00 are 500.00."""
    said = contract(Decimal("0.66"), Decimal(0), Decimal(0), risk_cap=Decimal(9))
    rows = [
        {"year": year, "person_years": Decimal(1), "expenditure": spent, "risk": Decimal(1)}
        for year in (2013, 2014, 2015)
        for spent in map(Decimal, ("100.00", "200.00", "900.00"))
    ]
    data = {
        name: [{"id": f"{name}{n}", "type": "aged", **row} for n, row in enumerate(rows)]
        for name in ("person", "around")
    }
    with said.load(ENGINE).run(data, mappings=()) as run:
        steps = {step.name: step for step in run.settled("regional").explained}
    for spent in ("spent_aged_1", "region_spent_aged"):
        assert steps[spent].value == 500
        assert steps[f"{spent}_paid"].value == 1200
        assert dict(steps[f"{spent}_above"].inputs) == {
            "above_limit": 700,
            "limit_per_person_year": 200,
        }
