"""gain_loss_sharing: every common law, and what only this methodology promises."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_fee_schedule import FEE_SCHEDULE
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine.testing import (
    PARTIES,
    Contract,
    amounts,
    engine_of,
    holds_to_every_law,
    rates,
    weights,
)
from rules_engine.testing.laws import transfers_balance

_REVENUE: Final = (
    "sum(premium.premium_amount)",
    "sum(premium.premium_amount) * 0.85",
    "count(member_month) * pmpm",
    "sum(premium.premium_amount) / 3",
    "0.00",
)
_EXPENDITURE: Final = (
    "sum(care.paid)",
    "sum(care.allowed) * 1.005",
    "count(member_month) * administration",
    "sum(care.paid) / 7",
)


@st.composite
def parts(draw: DrawFn) -> dict[str, Any]:
    """How a gain or a loss is divided, in every way that the schema knows."""
    among = draw(st.lists(st.sampled_from(PARTIES), min_size=1, unique=True))
    if draw(st.booleans()):
        among = draw(st.permutations(["insurer", "providers"]))
    members = [
        p for name in among for p in {"insurer": ["payer"], "providers": PARTIES}.get(name, [name])
    ]
    # An amount for each party, so that a year without one of them still has weights.
    by = st.sampled_from(("count(member_month) + 1", "count(premium) / 3 + 0.5"))
    share = draw(
        st.one_of(
            st.just("equal"),
            weights(members).map(lambda found: {"weights": found}),
            by.map(lambda formula: {"by": formula}),
        )
    )
    part: dict[str, Any] = {"share": share, "among": among, "nested": draw(st.booleans())}
    if draw(st.booleans()):
        part["gate"] = draw(
            st.sampled_from(("count(member_month) > 12", "sum(care.paid) >= 0.00", "1 = 2"))
        )
    if draw(st.booleans()):
        part["rate"] = draw(rates())
    if draw(st.booleans()):
        part["cap"] = draw(amounts("0.00", "500.00"))
    is_named: bool = draw(st.booleans())
    if is_named or {"gate", "rate", "cap"} & set(part):
        part["residual"] = draw(st.sampled_from(("payer", *PARTIES)))
    return part


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """Terms of a pool: one or two amounts in, one or two out."""
    names = ("first", "second")
    incoming = draw(st.lists(st.sampled_from(_REVENUE), min_size=1, max_size=2))
    outgoing = draw(st.lists(st.sampled_from(_EXPENDITURE), min_size=1, max_size=2))
    return {
        "revenue": {f"in_{name}": formula for name, formula in zip(names, incoming, strict=False)},
        "expenditure": {
            f"out_{name}": formula for name, formula in zip(names, outgoing, strict=False)
        },
        "gain": draw(parts()),
        "loss": draw(parts()),
    }


NUMBERS: Final = {
    "pmpm": {"type": "money", "value": Decimal("10.01")},
    "administration": {"type": "money", "value": Decimal("45.00")},
}

test_law = holds_to_every_law(GAIN_LOSS_SHARING, terms(), beside={"parameters": NUMBERS})


# -- what only this methodology promises, on worked years


def _year(
    terms: Mapping[str, Any],
    *,
    care: str,
    unit: str = "0.01",
    mode: str = "half_up",
    order: tuple[str, ...] = PARTIES,
) -> dict[str, Fraction]:
    """Settle a year of 100.00 premium and some care; give what each party gets."""
    rules = [
        {"id": "visits", "methodology": "fee_schedule", "source": "s", "terms": {"allowed": f"round(charge_amount, {0 if unit == '1' else 2})"}},
        {"id": "pool_rule", "methodology": "gain_loss_sharing", "source": "s",
         "terms": {"revenue": {"premiums": "sum(premium.premium_amount)"},
                   "expenditure": {"care": "sum(visits.paid)"}, **terms}},
    ]  # fmt: skip
    document = {
        "ruleset": "worked", "title": "A worked year", "version": "1",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal(unit), "mode": mode}, "period": {"length": "year"},
        "parties": {"insurer": ["payer"], "providers": list(order)}, "rules": rules,
    }  # fmt: skip
    month = "2015-03-01"
    data = {
        "medical_claim": [{"claim_id": "c", "claim_line_number": 1, "person_id": "m", "charge_amount": Decimal(care), "claim_line_start_date": month}],
        "premium": [{"person_id": "m", "month": month, "party": None, "product": None, "premium_amount": Decimal("100.00")}],
        "member_month": [
            {"person_id": f"{party}{n}", "month": month, "fraction": 1, "party": party}
            for party, count in (("alder", 1), ("birch", 2))
            for n in range(count)
        ],
    }  # fmt: skip
    engine = engine_of(GAIN_LOSS_SHARING, FEE_SCHEDULE)
    with Contract(document=document).load(engine).run(data, mappings=()) as run:
        transfers_balance(run.ledger.transfers)
        (one,) = run.settlements
        assert sum(one.outputs["share"].values()) == one.outputs["result"]
        return {party: share for party, share in one.outputs["share"].items() if share}


EQUAL: Final = {"share": "equal", "among": ["alder", "birch", "cedar"]}
PAYER: Final = {"share": "equal", "among": ["insurer"]}


def test_odd_cents_go_in_the_order_of_party_ids() -> None:
    """A gain of 10.00 is 3.34, 3.33 and 3.33, whatever the order of declaration."""
    for order in (*permutations(PARTIES[:3]), PARTIES[::-1]):
        found = _year({"gain": EQUAL, "loss": PAYER}, care="90.00", order=order)
        assert found == _money(alder="3.34", birch="3.33", cedar="3.33")


def test_a_loss_is_divided_by_the_terms_of_a_loss() -> None:
    """Costs of 110.00 are a loss of 10.00, which the payer bears here; equal parts of it are negative."""
    assert _year({"gain": EQUAL, "loss": PAYER}, care="110.00") == _money(payer="-10.00")
    found = _year({"gain": PAYER, "loss": EQUAL}, care="110.00")
    assert found == _money(alder="-3.34", birch="-3.33", cedar="-3.33")


def test_a_result_of_nothing_moves_nothing() -> None:
    """Costs equal to the premium leave no share."""
    assert _year({"gain": EQUAL, "loss": EQUAL}, care="100.00") == {}


def test_weights_and_member_months_divide_in_proportion() -> None:
    """Weights 1 and 3 divide 10.00 as 2.50 and 7.50; one and two member-months as 3.33 and 6.67."""
    weighed = {"share": {"weights": {"alder": 1, "birch": 3}}, "among": ["alder", "birch"]}
    assert _year({"gain": weighed, "loss": PAYER}, care="90.00") == _money(
        alder="2.50", birch="7.50"
    )
    months = {"share": {"by": "count(member_month)"}, "among": ["providers"]}
    assert _year({"gain": months, "loss": PAYER}, care="90.00") == _money(
        alder="3.33", birch="6.67"
    )


def test_nested_groups_are_divided_first() -> None:
    """Of 10.00 the insurer's group has 5.00, and four providers 1.25 each."""
    nested = {"share": "equal", "among": ["insurer", "providers"], "nested": True}
    found = _year({"gain": nested, "loss": PAYER}, care="90.00")
    assert found == _money(payer="5.00", alder="1.25", birch="1.25", cedar="1.25", dogwood="1.25")


def test_gate_rate_and_cap_leave_the_rest_to_the_residual_party() -> None:
    """Half of 10.00 is 5.00; a cap of 4.00 leaves 6.00; a closed gate leaves all of it."""
    half = {"share": "equal", "among": ["alder"], "rate": Decimal("0.5"), "residual": "payer"}
    assert _year({"gain": half, "loss": PAYER}, care="90.00") == _money(alder="5.00", payer="5.00")
    capped = {**half, "cap": Decimal("4.00")}
    assert _year({"gain": capped, "loss": PAYER}, care="90.00") == _money(
        alder="4.00", payer="6.00"
    )
    assert _year({"gain": PAYER, "loss": capped}, care="110.00") == _money(
        alder="-4.00", payer="-6.00"
    )
    closed = {**capped, "gate": "sum(visits.paid) < 50.00"}
    assert _year({"gain": closed, "loss": PAYER}, care="90.00") == _money(payer="10.00")


def test_amounts_are_rounded_as_the_contract_says() -> None:
    """A third of 10.01 is 3.3366…: 3.34 to the cent, 3.33 cut; half of 5.00 in whole dollars is 2 or 3."""
    third = {"share": "equal", "among": ["alder"], "rate": Decimal("0.333333"), "residual": "payer"}
    assert _year({"gain": third, "loss": PAYER}, care="89.99")["alder"] == Fraction("3.34")
    assert _year({"gain": third, "loss": PAYER}, care="89.99", mode="down")["alder"] == Fraction(
        "3.33"
    )
    half = {**third, "rate": Decimal("0.5")}
    for mode, dollars in (("half_up", 3), ("half_even", 2), ("down", 2)):
        found = _year({"gain": half, "loss": PAYER}, care="95.00", unit="1", mode=mode)
        assert found["alder"] == dollars, mode


def _money(**shares: str) -> dict[str, Fraction]:
    return {party: Fraction(text) for party, text in shares.items()}
