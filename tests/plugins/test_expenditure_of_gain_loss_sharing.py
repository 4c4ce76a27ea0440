"""gain_loss_sharing: expenditure cut by member and completed, benchmarks by enrolment type."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine import RulesetError, SettlementError
from rules_engine.testing import Contract, amounts, engine_of
from rules_engine.testing.judge import judge
from rules_engine.testing.laws import transfers_balance

PAYER: Final = {"share": "equal", "among": ["payer"]}
CUT: Final = {"of": "sum(premium.premium_amount)", "at": "250_000.00", "per": "member"}
FACTORS: Final = "months,factor\n0,1.05\n3,1.0125\n6,1\n"


def _settle(
    terms: Mapping[str, Any],
    costs: Sequence[tuple[str | None, Decimal]],
    months: Sequence[tuple[str, str]] = (),
) -> Mapping[str, Any]:
    """Settle a year in which members had these costs; they stand in the table `premium`."""
    rule = {
        "id": "pool_rule", "methodology": "gain_loss_sharing", "source": "s",
        "terms": {"revenue": {"benchmark": "1_000_000.00"},
                  "expenditure": {"care": "sum(premium.premium_amount)"},
                  "gain": PAYER, "loss": PAYER, **terms},
    }  # fmt: skip
    document = {
        "ruleset": "worked", "title": "A worked year", "version": "1",
        "effective": {"from": "2024-01-01", "through": "2024-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "tables": {"completions": {"file": "completions.csv", "key": ["months"],
                                   "columns": {"months": "count", "factor": "factor"}}},
        "parameters": {"run_out": {"type": "count", "value": 3},
                       "aged": {"type": "money", "value": Decimal("10000.00")},
                       "disabled": {"type": "money", "value": Decimal("15000.00")}},
        "parties": {"insurer": ["payer"]}, "rules": [rule],
    }  # fmt: skip
    data = {
        "premium": [
            {"person_id": person, "month": f"2024-{month:02}-01", "premium_amount": cost}
            for month, (person, cost) in enumerate(costs, 1)
        ],
        "member_month": [
            {"person_id": person, "month": f"2024-{month:02}-01", "fraction": 1, "product": product}
            for person, product in months
            for month in range(1, 13)
        ],
    }
    contract = Contract(document=document, files={"completions.csv": FACTORS})
    with contract.load(engine_of(GAIN_LOSS_SHARING)).run(data, mappings=()) as run:
        transfers_balance(run.ledger.transfers)
        (one,) = run.settlements
        assert judge(one.explained, Fraction(1, 100))
        return one.outputs


COSTS: Final = [("a", Decimal(200_000)), ("a", Decimal(100_000)), ("b", Decimal(250_000)), ("c", Decimal(1_000))]  # fmt: skip


def test_what_lies_above_a_limit_for_each_member_does_not_count() -> None:
    """One member's 300,000.00 counts 250,000.00; of 551,000.00 there remain 501,000.00."""
    assert _settle({}, COSTS)["expenditure"] == 551_000
    assert _settle({"truncate": CUT}, COSTS)["expenditure"] == 501_000


def test_late_claims_are_added_by_months_of_run_out() -> None:
    """After three months 501,000.00 are 98.77 % of what will come, 507,262.50."""
    completion = "lookup(completions.factor, run_out)"
    found = _settle({"truncate": CUT, "completion": completion}, COSTS)
    assert found["expenditure"] == Fraction("507262.5")


def test_a_benchmark_is_so_much_a_person_year_of_each_enrolment_type() -> None:
    """Two aged person-years of 10,000.00 and a disabled one of 15,000.00 are 35,000.00."""
    benchmark = {
        "for_the_aged": "count(member_month) filter (where product = 'aged') / 12 * aged",
        "for_the_disabled": "count(member_month) filter (where product = 'disabled') / 12 * disabled",
    }
    people = [("a", "aged"), ("b", "aged"), ("c", "disabled")]
    found = _settle({"revenue": benchmark}, COSTS, people)
    assert found["revenue"] == 35_000
    assert found["result"] == 35_000 - 551_000


@given(
    costs=st.lists(st.tuples(st.sampled_from("abc"), amounts("-1000.00", "400000.00")), max_size=8),
    limit=amounts("0.00", "300000.00"),
)
@settings(max_examples=12, deadline=None)
def test_no_member_counts_more_than_the_limit(
    costs: list[tuple[str, Decimal]], limit: Decimal
) -> None:
    """The sum over members of the lesser of cost and limit, worked out apart."""
    members = {person: sum(c for p, c in costs if p == person) for person, _ in costs}
    expected = sum((min(Fraction(cost), Fraction(limit)) for cost in members.values()), Fraction(0))
    found = _settle({"truncate": {**CUT, "at": str(limit)}}, costs)
    assert found["expenditure"] == expected


def test_rows_of_nobody_are_not_cut() -> None:
    """A row that names no member stops the settlement: whom it belongs to decides what counts."""
    with pytest.raises(SettlementError, match="rows without person_id"):
        _settle({"truncate": CUT}, [*COSTS, (None, Decimal(1))])


def test_adjustments_have_names_of_their_own() -> None:
    """An amount that the contract calls truncation would be taken for the adjustment."""
    amounts_ = {"expenditure": {"truncation": "sum(premium.premium_amount)"}, "truncate": CUT}
    with pytest.raises(RulesetError, match="truncation is an amount of its own"):
        _settle(amounts_, COSTS)
