"""care_management_fee: fees by tier and payer, limits, what is taken back, and the common laws."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_care_management_fee import CARE_MANAGEMENT_FEE

from rules_engine import SettlementError
from rules_engine.testing import PARTIES, amounts, engine_of, holds_to_every_law, rates
from rules_engine.testing.judge import judge
from rules_engine.testing.laws import transfers_balance
from tests.plugins.loaded import loaded

ENGINE: Final = engine_of(CARE_MANAGEMENT_FEE)
FEW: Final = settings(max_examples=15, deadline=None)
PAYERS: Final = ("alder", "birch", "cedar")
FEES: Final = {"low": Fraction("6.00"), "high": Fraction("30.55")}
INCENTIVE: Final = Fraction("2.50")
Row = Mapping[str, Any]
Found = Mapping[str, Any]
BOTH: Final[Mapping[str, Any]] = {
    "care": {
        "table": "member_month", "months": "fraction", "payer": "payer", "tier": "tier",
        "tiers": ["low", "high"], "pmpm": "case tier when 'low' then 6.00 else 30.55 end",
    },
    "incentive": {"table": "member_month", "months": "fraction", "payer": "payer", "pmpm": "2.50"},
}  # fmt: skip


def months(fractions: Sequence[str] = ("1", "0.5", "0.333333")) -> st.SearchStrategy[list[Row]]:
    """Give member-months of the payers, whole or in part."""
    row = st.fixed_dictionaries(
        {
            "payer": st.sampled_from(PAYERS),
            "tier": st.sampled_from(tuple(FEES)),
            "fraction": st.sampled_from([Decimal(one) for one in fractions]),
        }
    )
    return st.lists(row, min_size=1, max_size=12)


def settle(
    rows: Sequence[Row], terms: Mapping[str, Any], *, payers: Sequence[str] = PAYERS
) -> Found:
    """Settle one practice and year; give its outputs, explained and balanced."""
    (found,) = settle_each(rows, terms, payers=payers)
    return found


def settle_each(
    rows: Sequence[Row],
    terms: Mapping[str, Any],
    *,
    payers: Sequence[str] = PAYERS,
    length: str = "year",
) -> list[Found]:
    """Settle one practice in each period of a year."""
    document = {
        "ruleset": "laws", "title": "Fees of one practice", "version": "1",
        "effective": {"from": "2024-01-01", "through": "2024-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": length},
        "parties": {"payers": list(payers), "practice": "provider"},
        "tables": {"member_month": {"key": ["person_id", "month"], "columns": {"month": "date", "payer": "code", "tier": "code"}}},
        "rules": [{
            "id": "fees", "methodology": "care_management_fee", "source": "s",
            "terms": {"from": ["payers"], "to": "practice", "fees": BOTH, **terms},
        }],
    }  # fmt: skip
    data = [
        {"person_id": f"m{number}", "month": f"2024-{number % 12 + 1:02}-01", **row}
        for number, row in enumerate(rows)
    ]
    with loaded(ENGINE, document).run({"member_month": data}, mappings=()) as run:
        transfers_balance(run.ledger.transfers)
        for one in run.settlements:
            judge(one.explained, Fraction(1, 100))
        found = [one.outputs for one in run.settlements]
        moved = dict(run.ledger.balances())
        for payer in payers:
            money = moved[payer].as_fraction() if payer in moved else 0
            assert sum(one["returned"][payer] - one["due"][payer] for one in found) == money
        return found


def exact(rows: Sequence[Row], payer: str | None = None) -> Fraction:
    """Compute fees as the page says, without rounding."""
    return sum(
        (
            Fraction(row["fraction"]) * (FEES[row["tier"]] + INCENTIVE)
            for row in rows
            if payer in {None, row["payer"]}
        ),
        Fraction(0),
    )


@FEW
@given(rows=months(), dice=st.randoms())
def test_fees_are_months_times_fee_by_payer_and_tier(rows: list[Row], dice: Any) -> None:
    """Every payer owes for its own members, a cent a fee apart; the order of rows is all one."""
    found = settle(rows, {})
    for payer in PAYERS:
        assert abs(found["paid"][payer] - exact(rows, payer)) <= Fraction(1, 100)
    assert found["fees"] == sum(found["paid"].values()) == found["kept"]
    for tier in FEES:
        counted = [Fraction(row["fraction"]) for row in rows if row["tier"] == tier]
        assert found[f"member_months_care_{tier}"] == sum(counted, Fraction(0))
    other = list(rows)
    dice.shuffle(other)
    assert settle(other, {}) == found


@FEW
@given(rows=months(("1",)))
def test_twice_the_roster_is_twice_the_fees(rows: list[Row]) -> None:
    """Whole months need no rounding, so that it holds to the cent, for every payer."""
    one, two = settle(rows, {}), settle([*rows, *rows], {})
    assert two["fees"] == 2 * one["fees"] == 2 * exact(rows)
    assert two["paid"] == {payer: 2 * paid for payer, paid in one["paid"].items()}


@FEW
@given(rows=months(("1",)))
def test_months_paid_by_month_add_up_to_the_year(rows: list[Row]) -> None:
    """Each month pays for its own rows and no others."""
    found = settle_each(rows, {}, length="month")
    year = settle(rows, {})
    assert len(found) == 12
    assert sum(one["fees"] for one in found) == year["fees"]
    for number, one in enumerate(found):
        assert one["fees"] == exact(rows[number::12])


@FEW
@given(rows=months(), names=st.permutations(PAYERS))
def test_payers_that_change_names_change_payments(rows: list[Row], names: list[str]) -> None:
    """What a payer pays is of its members, whatever it is called."""
    renamed = dict(zip(PAYERS, names, strict=True))
    found = settle(rows, {})["paid"]
    other = settle([{**row, "payer": renamed[row["payer"]]} for row in rows], {})["paid"]
    assert other == {renamed[payer]: paid for payer, paid in found.items()}


@FEW
@given(
    rows=months(),
    part=rates(),
    score=rates(),
    savings=amounts("-500.00", "900.00"),
    needed=amounts("0.00", "300.00"),
    cap=amounts("0.00", "200.00"),
    repays=st.sampled_from(("shortfall", "all")),
    before=amounts("0.00", "80.00"),
)
def test_fees_are_kept_or_paid_back(
    rows: list[Row],
    part: Decimal,
    score: Decimal,
    savings: Decimal,
    needed: Decimal,
    cap: Decimal,
    repays: str,
    before: Decimal,
) -> None:
    """Fees = kept + paid back, for all and for each payer; each provision is as by hand."""
    found = settle(
        rows,
        {
            "paid_before": before,
            "at_risk": {
                "score": {"of": ["incentive"], "part": part, "kept": score},
                "savings": {"savings": savings, "needed": needed, "repays": repays, "cap": cap},
                "late": {"missed": savings < needed, "part": part},
            },
        },
    )
    fees = found["fees"]
    assert fees == found["kept"] + found["repaid"]
    assert found["repaid"] == sum(found["returned"].values())
    assert found["repaid"] == sum(found[f"repaid_{one}"] for one in ("score", "savings", "late"))
    for payer in PAYERS:
        assert 0 <= found["returned"][payer] <= found["paid"][payer]
        assert found["due"][payer] == found["paid"][payer] - Fraction(before)
    by_score = found["fee_incentive"] * Fraction(part) * (1 - Fraction(score))
    assert abs(found["repaid_score"] - by_score) <= Fraction(1, 200)
    short = Fraction(needed) - (Fraction(savings) - fees)
    back = max(short, Fraction(0)) if repays == "shortfall" else (fees if short > 0 else 0)
    most = min(back, fees, Fraction(cap), fees - found["repaid_score"])
    assert found["repaid_savings"] == most


@FEW
@given(rows=months(), least=amounts("0.00", "200.00"), above=amounts("0.00", "200.00"))
def test_fees_keep_within_minimum_and_maximum(
    rows: list[Row], least: Decimal, above: Decimal
) -> None:
    """What the limits say is divided by what each payer's members come to, and no cent is lost."""
    free = settle(rows, {})["fees"]
    most = least + above
    found = settle(rows, {"minimum": least, "maximum": most})
    assert found["fees"] == min(max(free, Fraction(least)), Fraction(most))
    assert sum(found["paid"].values()) == found["fees"]


def test_a_minimum_without_members_has_one_payer_or_none() -> None:
    """One payer bears it; several have nothing to divide it by."""
    one = {"care": {"table": "member_month", "when": "1 = 2", "months": "1", "pmpm": "6.00"}}
    row = [{"payer": "alder", "tier": "low", "fraction": Decimal(1)}]
    assert settle(row, {"fees": one, "minimum": "10.00"}, payers=("alder",))["fees"] == 10
    none = {"care": {**one["care"], "payer": "payer"}}
    with pytest.raises(SettlementError, match="cannot be divided"):
        settle(row, {"fees": none, "minimum": "10.00"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payer": "elm"}, "'elm' pays in rows of care"),
        ({"tier": "middle"}, "'middle' is a tier"),
    ],
)
def test_a_row_that_the_contract_does_not_know_is_refused(
    change: Mapping[str, Any], message: str
) -> None:
    """Nothing is paid for it in silence, and nothing is left out."""
    row = {"payer": "alder", "tier": "low", "fraction": Decimal(1), **change}
    with pytest.raises(SettlementError, match=message):
        settle([row], {})


def test_months_below_zero_are_refused() -> None:
    """They would take fees of other rows away without a word."""
    row = {"payer": "alder", "tier": "low", "fraction": Decimal("0.5")}
    less = {"care": {**BOTH["care"], "months": "fraction - 1"}}
    with pytest.raises(SettlementError, match="it counts 0 or more"):
        settle([row], {"fees": less})


def test_a_rate_that_changes_is_read_at_the_rows_date() -> None:
    """January is paid 6.00 and February 7.00, of a fee that changes between them."""
    rows = [{"payer": "alder", "tier": "low", "fraction": Decimal(1)}] * 2
    fee = {**BOTH["care"], "pmpm": {"2024-01-01": "6.00", "2024-02-01": "7.00"}}
    assert settle(rows, {"fees": {"care": fee}})["fees"] == 13


def of_practices(rows: Sequence[Row], columns: Mapping[str, str]) -> list[Fraction]:
    """Settle two practices for one year; give what each is paid."""
    document = {
        "ruleset": "laws", "title": "Fees of two practices", "version": "1",
        "effective": {"from": "2024-01-01", "through": "2024-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer"},
        "entities": {"practice": {"table": "practices", "key": ["practice_id"], "role": "provider"}},
        "tables": {
            "practices": {"key": ["practice_id"], "columns": {"size": "count"}},
            "member_month": {"key": ["person_id", "month"], "columns": {"month": "date", **columns}},
        },
        "rules": [{
            "id": "fees", "methodology": "care_management_fee", "source": "s", "for_each": "practice",
            "terms": {
                "from": ["payer"], "to": "practice",
                "fees": {"care": {"table": "member_month", "months": "1", "pmpm": "6.00"}},
            },
        }],
    }  # fmt: skip
    data = {
        "practices": [{"practice_id": name, "size": 1} for name in ("ash", "elm")],
        "member_month": [
            {"person_id": f"m{number}", "month": "2024-01-01", "fraction": Decimal(1), **row}
            for number, row in enumerate(rows)
        ],
    }
    with loaded(ENGINE, document).run(data, mappings=()) as run:
        return [Fraction(one.outputs["fees"]) for one in run.settlements]


def test_a_member_who_is_nobodys_is_not_everybodys() -> None:
    """Two members of ash, one of elm, and one of neither: nobody is paid for the last."""
    rows = [{"practice_id": name} for name in ("ash", "ash", "elm", None)]
    assert of_practices(rows, {"practice_id": "code or null"}) == [12, 6]


def test_a_roster_that_knows_no_practice_is_refused() -> None:
    """Otherwise every practice would be paid for all members, or none for any."""
    with pytest.raises(SettlementError, match="no row of member_month says whose it is"):
        of_practices([{}, {}], {})


TERMS: Final = st.fixed_dictionaries(
    {
        "from": st.just(["payer"]),
        "to": st.just(PARTIES[0]),
        "fees": st.just({"care": {"table": "member_month", "months": "fraction", "pmpm": "7.35"}}),
    },
    optional={
        "minimum": st.sampled_from(("0", "25")).map(Decimal),
        "at_risk": st.sampled_from(
            (
                {"net": {"savings": "sum(premium.premium_amount)", "needed": "500"}},
                {"quality": {"part": "0.5", "kept": "0.25", "cap": "10"}},
            )
        ),
    },
)
test_law = holds_to_every_law(CARE_MANAGEMENT_FEE, TERMS)
