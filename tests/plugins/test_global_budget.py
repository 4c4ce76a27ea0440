"""global_budget: growth, corridor, what is carried or settled, payers' parts, and the common laws."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_global_budget import GLOBAL_BUDGET

from rules_engine import RulesetError, SettlementError
from rules_engine.testing import PARTIES, amounts, engine_of, holds_to_every_law, rates
from rules_engine.testing.judge import judge
from rules_engine.testing.laws import transfers_balance
from tests.plugins.loaded import loaded

ENGINE: Final = engine_of(GLOBAL_BUDGET)
FEW: Final = settings(max_examples=15, deadline=None)
FIRST: Final = 2024
PAYERS: Final = ("alder", "birch", "cedar")
CENT: Final = Fraction(1, 100)
Found = Mapping[str, Any]
Charges = Mapping[str, Decimal]
CHARGES: Final = st.fixed_dictionaries(dict.fromkeys(PAYERS, amounts("0.00", "900.00"))).filter(
    lambda charges: any(charges.values())
)


def settle(
    years: Sequence[Charges],
    terms: Mapping[str, Any],
    *,
    brought: str | None = None,
    payers: Sequence[str] = PAYERS,
) -> list[Found]:
    """Settle one hospital year after year; give the outputs of each, explained and balanced."""
    document = {
        "ruleset": "laws", "title": "One hospital", "version": "1",
        "effective": {"from": f"{FIRST}-01-01", "through": f"{FIRST + len(years) - 1}-12-31"},
        "currency": "USD", "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "year"},
        "parties": {"payers": list(payers), "hospital": "provider"},
        "rules": [{
            "id": "gbr", "methodology": "global_budget", "source": "s",
            "terms": {"provider": "hospital", "payers": ["payers"], "charges": "sum(paid.paid_amount)", **terms},
        }],
    }  # fmt: skip
    data: dict[str, list[dict[str, Any]]] = {
        "paid": [
            {"payment_id": f"{payer}{year}", "party": payer, "month": f"{FIRST + year}-03-01", "paid_amount": amount}
            for year, charges in enumerate(years)
            for payer, amount in charges.items()
        ]
    }  # fmt: skip
    if brought is not None:
        day = f"{FIRST - 1}-12-31"
        row = {"account": "gbr.balance", "as_of": day, "balance_amount": Decimal(brought)}
        data["opening_balance"] = [row]
    with loaded(ENGINE, document).run(data, mappings=()) as run:
        transfers_balance(run.ledger.transfers)
        found = []
        for one in run.settlements:
            judge(one.explained, CENT)
            assert sum(one.outputs["share"].values()) == one.outputs["permitted"]
            found.append(one.outputs)
        moved = {name: money.as_fraction() for name, money in run.ledger.balances().items()}
        for payer in payers:
            back = sum(
                one["returned"][payer] - one.get("settled", {}).get(payer, 0) for one in found
            )
            assert moved.get(payer, 0) == back
        return found


@FEW
@given(
    prior=amounts("0.00", "5000.00"),
    growth=st.lists(st.decimals("-0.1", "0.2", places=4), min_size=1, max_size=4),
    more=amounts("0.00", "50.00"),
    combine=st.sampled_from(("additive", "multiplicative")),
    charges=CHARGES,
)
def test_a_budget_is_the_prior_one_grown(
    prior: Decimal, growth: list[Decimal], more: Decimal, combine: str, charges: Charges
) -> None:
    """Adjustments are added up or multiplied, amounts are added after, and it is rounded once."""
    terms = {
        "prior": prior, "combine": combine, "amounts": {"capital": more},
        "adjustments": {f"adjustment_{n}": one for n, one in enumerate(growth)},
    }  # fmt: skip
    (found,) = settle([charges], terms)
    factor = 1 + sum(map(Fraction, growth), Fraction(0))
    if combine == "multiplicative":
        factor = Fraction(1)
        for one in growth:
            factor *= 1 + Fraction(one)
    assert found["growth"] == factor
    assert abs(found["budget"] - Fraction(prior) * factor - Fraction(more)) <= CENT / 2


@FEW
@given(years=st.lists(CHARGES, min_size=2, max_size=5), budget=amounts("1500.00", "3000.00"))
def test_over_and_undercharges_cancel_over_time(years: list[Charges], budget: Decimal) -> None:
    """All budgets together are all charges together and what is still carried, in any order."""
    terms = {"prior": budget, "carry": "balance"}
    # A hospital that charges what it may ends where it began.
    charged = sum((sum(map(Fraction, year.values())) for year in years), Fraction(0))
    owed = Fraction(budget) * len(years) - charged
    for order in (years, years[::-1]):
        found = settle(order, terms, brought="0.00")
        assert found[-1]["carried"] == owed
        for earlier, later in pairwise(found):
            assert later["brought"] == earlier["carried"]
            assert later["permitted"] == Fraction(budget) + earlier["carried"]


@FEW
@given(charges=CHARGES, budget=amounts("1500.00", "3000.00"))
def test_a_hospital_that_charges_what_is_permitted_owes_nothing(
    charges: Charges, budget: Decimal
) -> None:
    """The next year charges its budget and what was left, and the balance is zero for good."""
    left = Fraction(budget) - sum(map(Fraction, charges.values()))
    second = Fraction(budget) + left
    exact = {"alder": Decimal(second.numerator * (100 // second.denominator)) / 100}
    found = settle(
        [charges, exact, {"birch": budget}], {"prior": budget, "carry": "balance"}, brought="0.00"
    )
    assert [one["carried"] for one in found] == [left, 0, 0]


@FEW
@given(
    charges=CHARGES,
    budget=amounts("0.00", "2000.00"),
    volume=amounts("0.00", "2000.00"),
    width=st.sampled_from(("0.05", "0.10")),
    penalty=rates(),
    below=st.sampled_from(("settled", "forfeited")),
    carries=st.booleans(),
)
def test_charges_above_the_corridor_are_given_back_with_a_penalty(
    charges: Charges,
    budget: Decimal,
    volume: Decimal,
    width: str,
    penalty: Decimal,
    below: str,
    carries: bool,  # noqa: FBT001  Hypothesis gives arguments by name
) -> None:
    """Every amount is as the page says, and the payers' parts add up to it."""
    corridor = {"at_rates": volume, "width": Decimal(width), "penalty": penalty, "below": below}
    terms = {"prior": budget, "corridor": corridor, **({"carry": "balance"} if carries else {})}
    (found,) = settle([charges], terms, brought="0.00" if carries else None)
    charged = sum(map(Fraction, charges.values()))
    top = Fraction(volume) * (1 + Fraction(width))
    bottom = Fraction(volume) * (1 - Fraction(width))
    assert abs(found["excess"] - max(charged - top, Fraction(0))) <= CENT / 2
    assert abs(found["penalty"] - found["excess"] * Fraction(penalty)) <= CENT / 2
    lost = max(min(bottom, Fraction(budget)) - charged, Fraction(0)) if below == "forfeited" else 0
    assert abs(found["forfeited"] - lost) <= CENT / 2
    assert sum(found["returned"].values()) == found["excess"] + found["penalty"]
    rest = found["permitted"] - charged + found["excess"] - found["forfeited"]
    assert found["difference"] == rest
    if carries:
        assert found["carried"] == rest
    else:
        assert sum(found["settled"].values()) == rest


@FEW
@given(charges=CHARGES, budget=amounts("0.00", "2000.00"), names=st.permutations(PAYERS))
def test_payers_pay_their_parts_whatever_they_are_called(
    charges: Charges, budget: Decimal, names: list[str]
) -> None:
    """Each has its part of the budget by its charges, a unit apart for odd cents."""
    renamed = dict(zip(PAYERS, names, strict=True))
    (found,) = settle([charges], {"prior": budget})
    other_charges = {renamed[payer]: amount for payer, amount in charges.items()}
    (other,) = settle([other_charges], {"prior": budget}, payers=names)
    whole = sum(map(Fraction, charges.values()))
    for payer, amount in charges.items():
        exact = found["budget"] * Fraction(amount) / whole
        assert abs(found["share"][payer] - exact) < CENT
        assert abs(found["share"][payer] - other["share"][renamed[payer]]) <= CENT
        paid = Fraction(amount) + found["settled"][payer]
        assert paid == found["share"][payer]


def test_a_fixed_payment_is_divided_by_members() -> None:
    """90.00 go two to one by what `by` counts, less what each paid before."""
    charges = {"alder": Decimal("10.00"), "birch": Decimal("50.00")}
    by = "count(paid) + count(paid) FILTER (WHERE party = 'alder')"
    (found,) = settle([charges], {"prior": "90.00", "by": by}, payers=("alder", "birch"))
    assert found["share"] == {"alder": 60, "birch": 30}
    assert found["settled"] == {"alder": 50, "birch": -20}


@pytest.mark.parametrize(
    ("terms", "brought", "message"),
    [
        ({"prior": "-1.00"}, None, "the prior of gbr in 2024 is -1"),
        ({"prior": "1.00", "amounts": {"less": "-2.00"}}, None, "the budget of gbr in 2024 is -1"),
        ({"prior": "9.00", "adjustments": {"a": "-1.5"}}, None, "the growth of gbr"),
        ({"prior": "9.00", "carry": "balance"}, "-10.00", "more than its budget"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(
    terms: Mapping[str, Any], brought: str | None, message: str
) -> None:
    """Below zero, of no balance that anybody gave, or overcharged beyond a year's budget."""
    with pytest.raises(SettlementError, match=message):
        settle([{"alder": Decimal("1.00")}], terms, brought=brought)


def test_a_contract_that_carries_needs_the_table_of_balances() -> None:
    """Without it the data is not complete, and nothing is settled."""
    with pytest.raises(RulesetError, match="opening_balance is needed"):
        settle([{"alder": Decimal("1.00")}], {"prior": "9.00", "carry": "balance"})


TERMS: Final = st.fixed_dictionaries(
    {
        "provider": st.just(PARTIES[0]),
        "payers": st.just(["payer", PARTIES[1]]),
        "prior": st.just("sum(premium.premium_amount)"),
        "charges": st.just("1 * sum(care.paid)"),
        "by": st.just("1 + count(member_month)"),
    },
    optional={
        "adjustments": st.just({"update": "0.0358", "population": "0.004"}),
        "combine": st.just("additive"),
        "corridor": st.just({"at_rates": "sum(care.allowed)", "width": "0.05", "penalty": "0.2"}),
    },
).filter(lambda terms: "adjustments" in terms or "combine" not in terms)
test_law = holds_to_every_law(GLOBAL_BUDGET, TERMS)
