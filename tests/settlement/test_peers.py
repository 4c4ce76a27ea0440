"""Entities are compared with their peers: those that have the same in common."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import Engine
from rules_engine.testing.contracts import Contract

ENGINE = Engine()
D = Decimal


def contract(extra: str) -> Contract:
    """Give a contract that pays each hospital by its beds and by what its peers are like."""
    rule: dict[str, Any] = {
        "methodology": "gain_loss_sharing",
        "for_each": "hospital",
        "source": "exhibit A",
    }
    terms = {
        "gain": {"share": "equal", "among": ["hospital"]},
        "loss": {"share": "equal", "among": ["hospital"]},
        "expenditure": {"care": "0.00"},
    }
    document = {
        "ruleset": "peers", "title": "Peers", "version": "1", "currency": "USD",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"},
        "rounding": {"to": D("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"plan": "payer"},
        "parameters": {"unit": {"type": "money", "value": D("10.00")}},
        "entities": {"hospital": {"table": "hospital", "key": ["id"], "role": "provider"}},
        "tables": {
            "hospital": {
                "key": ["id"],
                "columns": {"id": "code", "region": "code or null", "beds": "count"},
            }
        },
        "rules": [
            {
                **rule, "id": "base", "when": "hospital.beds > 2",
                "terms": {**terms, "revenue": {"beds": "hospital.beds * unit"}},
            },
            {**rule, "id": "compared", "terms": {**terms, "revenue": {"bonus": extra}}},
        ],
    }  # fmt: skip
    return Contract(document=document, files={})


ROWS = st.lists(
    st.tuples(st.sampled_from(("north", "south", None)), st.integers(0, 9)), min_size=1, max_size=8
)


@settings(max_examples=25)
@given(ROWS)
def test_each_entity_is_compared_with_those_of_its_region(
    rows: list[tuple[str | None, int]],
) -> None:
    """Sums and medians over peers are those of the rows that have the region, nulls together."""
    formula = (
        "unit * sum(hospital.beds) over peers(hospital.region) + 10 * "
        "coalesce(median(base.result) filter (where hospital.beds < 9) over peers(), 0.00)"
    )
    hospitals = [
        {"id": f"h{place}", "region": region, "beds": beds}
        for place, (region, beds) in enumerate(rows)
    ]
    ruleset = contract(formula).load(ENGINE)
    results = sorted(beds * 10 for _, beds in rows if 2 < beds < 9)
    middle = len(results) // 2
    median = D(0)
    if results:
        pair = results[middle], results[-middle - 1]
        median = D(sum(pair)) / 2
    with ruleset.run({"hospital": hospitals}, mappings=()) as run:
        for place, (region, _) in enumerate(rows):
            together = sum(beds for other, beds in rows if other == region)
            paid = run.settled("compared", key=(f"h{place}",)).outputs["result"]
            assert paid == 10 * together + 10 * median
