"""gain_loss_sharing: deficits carried forward, earlier payments netted, advances repaid."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine import Explained, Explanation, RulesetError, SettlementError
from rules_engine.engine.explanation import explained_settlement
from rules_engine.testing import Contract, amounts, engine_of, rates
from rules_engine.testing.judge import judge
from rules_engine.testing.laws import transfers_balance

FIRST: Final = 2024
HALF: Final = {"share": "equal", "among": ["alder"], "rate": Decimal("0.5"), "residual": "payer"}
CARRIED: Final = {"gain": HALF, "loss": {"carry": "deficit"}, "carries": ["deficit"]}
BOTH: Final = {"share": "equal", "among": ["alder", "birch"]}


def _contract(terms: Mapping[str, Any], years: int) -> Contract:
    rule = {
        "id": "pool_rule", "methodology": "gain_loss_sharing", "source": "s",
        "terms": {"revenue": {"premiums": "sum(premium.premium_amount)"},
                  "expenditure": {"care": "sum(paid.paid_amount)"}, **terms},
    }  # fmt: skip
    document = {
        "ruleset": "worked", "title": "Worked years", "version": "1",
        "effective": {"from": f"{FIRST}-01-01", "through": f"{FIRST + years - 1}-12-31"},
        "currency": "USD", "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "year"},
        "parties": {"insurer": ["payer"], "providers": ["alder", "birch"]}, "rules": [rule],
    }  # fmt: skip
    return Contract(document=document)


def _settle(
    terms: Mapping[str, Any],
    results: Sequence[Decimal],
    balances: Mapping[str, str] | Sequence[Mapping[str, Any]],
    labels: tuple[str, ...] | None = None,
    steps: list[Explained] | None = None,
) -> list[Mapping[str, Any]]:
    """Settle years of 1,000.00 premium with these results; give outputs, and to `steps` how."""
    if isinstance(balances, Mapping):
        balances = [
            {"account": account, "as_of": f"{FIRST - 1}-12-31", "balance_amount": Decimal(amount)}
            for account, amount in balances.items()
        ]
    months = [f"{FIRST + year}-03-01" for year in range(len(results))]
    data = {
        "premium": [{"person_id": None, "month": m, "premium_amount": Decimal("1000.00")} for m in months],
        "paid": [
            {"payment_id": m, "party": "alder", "month": m, "paid_amount": Decimal("1000.00") - result}
            for m, result in zip(months, results, strict=True)
        ],
        "opening_balance": list(balances),
    }  # fmt: skip
    ruleset = _contract(terms, len(results)).load(engine_of(GAIN_LOSS_SHARING))
    with ruleset.run(data, mappings=(), period=labels) as run:
        transfers_balance(run.ledger.transfers)
        for one in run.settlements:
            assert judge(one.explained, Fraction(1, 100))
            if steps is not None:
                steps += one.explained
        return [one.outputs for one in run.settlements]


def _each(found: Sequence[Mapping[str, Any]], name: str) -> list[Fraction]:
    return [Fraction(one[name]) for one in found]


def test_a_deficit_is_made_up_by_later_gains_once() -> None:
    """A loss of 90.00 is carried; 50.00 leave 40.00 of it, 100.00 leave a gain of 60.00; 20.00 then count whole."""
    results = [Decimal(n) for n in ("-90.00", "50.00", "100.00", "20.00")]
    found = _settle(CARRIED, results, {"pool_rule.deficit": "0.00"})
    assert _each(found, "brought") == [0, -90, -40, 0]
    assert _each(found, "result") == [-90, -40, 60, 20]
    assert _each(found, "carried") == [-90, -40, 0, 0]
    assert _each(found, "shared") == [0, 0, 30, 10]


def test_of_a_benchmark_below_zero_there_is_no_rate() -> None:
    """A loss of 2,000.00 against -1,000.00 is no gain of 200 %."""
    below = {"revenue": {"premiums": "-sum(premium.premium_amount)"}, "gain": HALF, "loss": HALF}
    (found,) = _settle(below, [Decimal("0.00")], {})
    assert (found["result"], found["result_rate"]) == (-2000, None)


def test_a_deficit_of_an_earlier_contract_is_given_by_a_table() -> None:
    """60.00 of a gain of 100.00 make up what was owed before; half of the rest is shared."""
    found = _settle(CARRIED, [Decimal(100)], {"pool_rule.deficit": "-60.00"})
    assert _each(found, "shared") == [20]


def _row(account: str, year: int, amount: str) -> dict[str, Any]:
    return {
        "account": f"pool_rule.{account}",
        "as_of": f"{year - 1}-12-31",
        "balance_amount": Decimal(amount),
    }


def test_what_was_paid_since_the_period_before_is_netted_too() -> None:
    """Half of 200.00 each year; alder had 10.00 before the first year, 20.00 in the second, nothing in the third."""
    terms = {"gain": HALF, "loss": HALF, "nets": ["interim"]}
    rows = [
        _row("interim/alder", 2024, "-10.00"),
        _row("interim/alder", 2025, "-20.00"),
    ]
    found = _settle(terms, [Decimal(200)] * 3, rows)
    assert [one["net"]["alder"] for one in found] == [90, 80, 100]


def test_what_a_party_gets_is_explained_by_earlier_payments_and_advances() -> None:
    """Half of 100.00 is 50.00; 20.00 were paid before and 5.00 are repaid: 25.00, with each of them."""
    advance = {"advance": {"balance": "5.00", "to": "payer"}}
    terms = {"gain": HALF, "loss": HALF, "nets": ["interim"], "repays": advance}
    steps: list[Explained] = []
    _settle(terms, [Decimal(100)], [_row("interim/alder", 2024, "-20.00")], steps=steps)
    tree = explained_settlement(steps, "pool_rule", "2024", "s", "alder")
    assert tree.value == "25.00"
    assert _values(tree) >= {
        ("share_alder", "50.00"),
        ("interim_alder", "-20.00"),
        ("advance_alder", "5.00"),
    }


def _values(tree: Explanation) -> set[tuple[str, str]]:
    return {(tree.name, tree.value)}.union(*(_values(child) for child in tree.children))


def test_a_table_may_not_contradict_what_the_run_carries() -> None:
    """A deficit of 90.00 is carried: a row may say so again, and not that it is 1.00 or nothing."""
    results = [Decimal("-90.00"), Decimal("50.00")]
    first = _row("deficit", 2024, "0.00")
    found = _settle(CARRIED, results, [first, _row("deficit", 2025, "-90.00")])
    assert _each(found, "brought") == [0, -90]
    for said in ("-1.00", "0.00"):
        with pytest.raises(
            SettlementError, match=rf"holds -90\.00 USD before 2025 by.* {said} USD by"
        ):
            _settle(CARRIED, results, [first, _row("deficit", 2025, said)])


def test_a_deficit_that_was_made_up_is_not_owed_again() -> None:
    """What is carried of 2024 is nothing; a row of 2025 that says 50.00 contradicts it."""
    rows = [_row("deficit", 2024, "0.00"), _row("deficit", 2025, "-50.00")]
    with pytest.raises(SettlementError, match=r"holds 0\.00 USD before 2025"):
        _settle(CARRIED, [Decimal(100), Decimal(100)], rows)


@given(
    results=st.lists(amounts("-500.00", "500.00"), min_size=2, max_size=4),
    before=amounts("-500.00", "0.00"),
    rate=rates(),
    loss_rate=rates(),
)
@settings(max_examples=12, deadline=None)
def test_nothing_is_lost_between_periods(
    results: list[Decimal], before: Decimal, rate: Decimal, loss_rate: Decimal
) -> None:
    """All results, and what was brought in, are shares and what is carried out."""
    terms = {
        "gain": {**HALF, "rate": rate},
        "loss": {"share": "equal", "among": ["alder"], "rate": loss_rate, "carry": "deficit"},
        "carries": ["deficit"],
    }
    found = _settle(terms, results, {"pool_rule.deficit": str(before)})
    shares = sum((sum(one["share"].values()) for one in found), Fraction(0))
    assert shares + found[-1]["carried"] == Fraction(before) + sum(map(Fraction, results))
    for earlier, later in pairwise(found):
        assert later["brought"] == earlier["carried"] <= 0


def test_two_years_give_what_one_after_the_other_gives() -> None:
    """The balance of a year in the same run is that of a table in the next run."""
    results = [Decimal("-33.33"), Decimal("70.00")]
    together = _settle(CARRIED, results, {"pool_rule.deficit": "0.00"})
    rows = [
        {"account": "pool_rule.deficit", "as_of": f"{FIRST}-12-31", "balance_amount": Decimal("-33.33")}
    ]  # fmt: skip
    alone = _settle(CARRIED, results, rows, labels=(str(FIRST + 1),))
    assert alone == together[1:]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("pool_rule.deficit", f"{FIRST - 2}-12-31", "0.00")],
        [("savings.deficit", None, "0.00")],
        [("pool_rule.deficit", None, "0.00"), ("pool_rule.deficit", f"{FIRST}-01-01", "-1.00")],
    ],
)
def test_a_balance_that_nobody_gave_is_not_zero(
    rows: list[tuple[str, str | None, str]],
) -> None:
    """No row, a row of an earlier year, of another account, or two that differ: the run says so."""
    table = [
        {"account": account, "as_of": day, "balance_amount": Decimal(amount)}
        for account, day, amount in rows
    ]
    with pytest.raises(SettlementError, match=r"pool_rule\.deficit of pool_rule has .* 2024"):
        _settle(CARRIED, [Decimal(1)], table)


def test_a_contract_that_carries_needs_the_table_of_balances() -> None:
    """Without the table the data is not complete, and nothing is settled."""
    ruleset = _contract(CARRIED, 1).load(engine_of(GAIN_LOSS_SHARING))
    data: dict[str, list[dict[str, Any]]] = {"premium": [], "paid": []}
    with pytest.raises(RulesetError, match="opening_balance is needed"):
        ruleset.run(data, mappings=())


def test_a_year_that_is_left_out_breaks_the_chain() -> None:
    """2026 alone after 2024: what 2025 made of the deficit is not known."""
    results = [Decimal(-90), Decimal(1), Decimal(1)]
    with pytest.raises(SettlementError, match="before 2026"):
        _settle(CARRIED, results, {"pool_rule.deficit": "0.00"}, labels=("2024", "2026"))


def test_earlier_payments_are_netted_party_by_party() -> None:
    """Shares of 50.00 each; alder had 30.00 and gets 20.00, birch had 80.00 and gives 30.00 back."""
    terms = {"gain": BOTH, "loss": BOTH, "nets": ["interim"]}
    paid = {"pool_rule.interim/alder": "-30.00", "pool_rule.interim/birch": "-80.00"}
    (found,) = _settle(terms, [Decimal(100)], paid)
    assert found["share"] == {"alder": 50, "birch": 50}
    assert found["net"] == {"alder": 20, "birch": -30}
    (loss,) = _settle(terms, [Decimal(-100)], paid)
    assert loss["net"] == {"alder": -80, "birch": -130}


def test_advances_are_repaid_out_of_what_is_earned() -> None:
    """Of 50.00 each: 20.00 are repaid in full and 15.00 of a second advance; 80.00 take all of it."""
    repays = {
        "start": {"balance": "20.00", "to": "payer"},
        "later": {"balance": "15.00", "to": "payer"},
    }
    terms = {"gain": BOTH, "loss": BOTH, "repays": repays}
    (found,) = _settle(terms, [Decimal(100)], [])
    assert found["repaid"] == {"alder": 35, "birch": 35}
    assert found["net"] == {"alder": 15, "birch": 15}
    repays["start"]["balance"] = "80.00"
    (found,) = _settle(terms, [Decimal(100)], [])
    assert found["repaid"] == {"alder": 50, "birch": 50}
    (loss,) = _settle(terms, [Decimal(-100)], [])
    assert loss["repaid"] == {"alder": 0, "birch": 0}
    assert loss["net"] == {"alder": -50, "birch": -50}
