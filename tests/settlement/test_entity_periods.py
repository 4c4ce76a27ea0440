"""Rows of entities that belong to periods: each period settles its own."""

from decimal import Decimal
from typing import Any

import pytest
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine import SettlementError
from rules_engine.engine.run import Run
from rules_engine.testing import Contract, engine_of

PART = {"share": "equal", "among": ["aco"], "rate": Decimal("0.5"), "residual": "plan"}


def settled(rows: list[dict[str, Any]], type_: str = "code") -> Run:
    """Settle two years of budgets that each stand in a row of the year."""
    document = {
        "ruleset": "years",
        "title": "Two years",
        "version": "1",
        "effective": {"from": "2025-01-01", "through": "2026-12-31"},
        "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "year"},
        "parties": {"plan": "payer"},
        "entities": {
            "aco": {"table": "acos", "key": ["party"], "period": "year", "role": "provider"}
        },
        "tables": {
            "acos": {
                "key": ["party", "year"],
                "columns": {"party": "code", "year": type_, "budget": "money", "cost": "money"},
            }
        },
        "rules": [
            {
                "id": "savings",
                "methodology": "gain_loss_sharing",
                "source": "s",
                "for_each": "aco",
                "terms": {
                    "revenue": {"budget": "aco.budget"},
                    "expenditure": {"care": "aco.cost"},
                    "gain": PART,
                    "loss": PART,
                },
            },
        ],
    }
    loaded = Contract(document=document).load(engine_of(GAIN_LOSS_SHARING))
    return loaded.run({"acos": rows}, mappings=())


def row(year: str, budget: str, party: str = "lakes") -> dict[str, Any]:
    """One row of the table."""
    return {"party": party, "year": year, "budget": Decimal(budget), "cost": Decimal("90.00")}


@pytest.mark.parametrize(
    ("type_", "years"), [("code", ("2025", "2026")), ("date", ("2025-03-01", "2026-12-31"))]
)
def test_each_period_settles_its_own_rows(type_: str, years: tuple[str, str]) -> None:
    """By the label of the period, or by a day of it."""
    with settled([row(years[1], "130.00"), row(years[0], "110.00")], type_) as run:
        found = {one.period.label: one.outputs["shared"] for one in run.settlements}
        assert found == {"2025": 10, "2026": 20}
        assert run.warnings == []


def test_rows_of_no_period_are_said() -> None:
    """They are not settled, and a warning counts them."""
    with settled([row("2025", "110.00"), row("2031", "110.00")]) as run:
        assert [one.period.label for one in run.settlements] == ["2025"]
        assert run.books.warnings == [
            "1 rows of acos have year 2031, which is no period of savings; they are not settled"
        ]


def test_two_rows_of_one_entity_in_one_period_are_refused() -> None:
    """Nobody knows which of them holds."""
    rows = [row("2025-01-01", "110.00"), row("2025-07-01", "120.00")]
    with pytest.raises(SettlementError, match="acos has two rows of lakes in 2025"):
        settled(rows, "date")
