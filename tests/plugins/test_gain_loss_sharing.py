"""gain_loss_sharing: every common law, and what only this methodology promises."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_fee_schedule import FEE_SCHEDULE
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine import Explained, Explanation, SettlementError
from rules_engine.engine.explanation import explained_settlement
from rules_engine.testing import (
    PARTIES,
    YEAR,
    Contract,
    amounts,
    engine_of,
    experiences,
    holds_to_every_law,
    rates,
    weights,
)
from rules_engine.testing.kit import RULE
from rules_engine.testing.laws import transfers_balance

_REVENUE: Final = (
    "sum(premium.premium_amount)",
    "sum(premium.premium_amount) * 0.85",
    "count(member_month) * pmpm",
    "sum(premium.premium_amount) / 3",
    "0.00",
)
_ABOVE_ZERO: Final = (
    "greatest(sum(premium.premium_amount), 100.00)",
    "count(member_month) * pmpm + 0.01",
)
"""Revenue that a minimum rate and bands can be fractions of."""

_EXPENDITURE: Final = (
    "sum(care.paid)",
    "sum(care.allowed) * 1.005",
    "count(member_month) * administration",
    "sum(care.paid) / 7",
)


@st.composite
def reductions(draw: DrawFn) -> dict[str, Any]:
    """What takes off what is divided: caps, limits, a fraction, relief."""
    part: dict[str, Any] = {}
    for name in ("cap", "relief"):
        if draw(st.booleans()):
            part[name] = draw(amounts("0.00", "500.00"))
    for name in ("caps", "limits"):
        if draw(st.booleans()):
            part[name] = draw(st.lists(amounts("0.00", "500.00"), min_size=1, max_size=2))
    if draw(st.booleans()):
        order = draw(st.sampled_from(("before_cap", "after_cap")))
        part["reduce"] = {"by": draw(rates()), "order": order}
    return part


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
        part["minimum_rate"] = draw(st.sampled_from((0, Decimal("0.02"), Decimal("0.5"))))
        part["counts"] = draw(st.sampled_from(("from_first_dollar", "above_minimum")))
        if draw(st.booleans()):
            when = draw(st.sampled_from(("count(member_month) > 12", "1 = 1")))
            part["below_minimum"] = {"when": when, "rate": draw(rates())}
    if draw(st.booleans()):
        part["rate"] = draw(rates())
    elif draw(st.booleans()):
        part["bands"] = [
            {"through": Decimal("0.02"), "rate": draw(rates())},
            {"through": Decimal("0.1"), "rate": draw(rates())},
            {"rate": draw(rates())},
        ]
    part |= draw(reductions())
    limited = set(part) - {"share", "among", "nested"}
    is_named: bool = draw(st.booleans())
    if limited or is_named:
        part["residual"] = draw(st.sampled_from(("payer", *PARTIES)))
    return part


@st.composite
def balances(draw: DrawFn, part: Mapping[str, Any]) -> dict[str, Any]:
    """A loss that is carried, earlier payments, advances, a limit for each member, late claims."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        kept = {key: value for key, value in part.items() if key != "residual"}
        found |= {"loss": {**kept, "carry": "deficit"}, "carries": ["deficit"]}
    if draw(st.booleans()):
        found["nets"] = ["interim"]
    if draw(st.booleans()):
        found["repays"] = {"advance": {"balance": "count(member_month) * pmpm", "to": "payer"}}
    if draw(st.booleans()):
        limit = f"{draw(amounts('0.00', '500.00'))}"
        found["truncate"] = {"of": "sum(care.paid)", "at": limit, "per": "member"}
    if draw(st.booleans()):
        found["completion"] = draw(st.sampled_from((Decimal("1.0125"), 1, Decimal("0.99"))))
    return found


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """Terms of a pool: one or two amounts in, one or two out."""
    names = ("first", "second")
    gain, loss = draw(parts()), draw(parts())
    has_fractions = bool({"minimum_rate", "bands"} & {*gain, *loss})
    source = _ABOVE_ZERO if has_fractions else _REVENUE
    incoming = draw(st.lists(st.sampled_from(source), min_size=1, max_size=2))
    outgoing = draw(st.lists(st.sampled_from(_EXPENDITURE), min_size=1, max_size=2))
    return {
        "revenue": {f"in_{name}": formula for name, formula in zip(names, incoming, strict=False)},
        "expenditure": {
            f"out_{name}": formula for name, formula in zip(names, outgoing, strict=False)
        },
        "gain": gain,
        "loss": loss,
        **draw(balances(loss)),
    }


@st.composite
def facts(draw: DrawFn) -> dict[str, list[dict[str, Any]]]:
    """A year, and what the accounts of the rule hold before it."""
    accounts = ["deficit", *(f"interim/{party}" for party in ("payer", *PARTIES))]
    held = amounts("-500.00", "100.00")
    return {
        **draw(experiences()),
        "opening_balance": [
            {"account": f"{RULE}.{account}", "as_of": YEAR[0], "balance_amount": draw(held)}
            for account in accounts
        ],
    }


NUMBERS: Final = {
    "pmpm": {"type": "money", "value": Decimal("10.01")},
    "administration": {"type": "money", "value": Decimal("45.00")},
}

test_law = holds_to_every_law(
    GAIN_LOSS_SHARING, terms(), facts=facts(), beside={"parameters": NUMBERS}
)


# -- what only this methodology promises, on worked years


def _year(
    terms: Mapping[str, Any],
    *,
    care: str,
    unit: str = "0.01",
    mode: str = "half_up",
    order: tuple[str, ...] = PARTIES,
    steps: list[Explained] | None = None,
) -> dict[str, Fraction]:
    """Settle a year of 100.00 premium and some care; give what each party gets, and how to `steps`."""
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
        if steps is not None:
            steps += one.explained
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


HALF: Final = {"share": "equal", "among": ["alder"], "residual": "payer"}
"""Alder alone divides what the terms say; the payer keeps the rest."""


def _alder(part: Mapping[str, Any], result: int) -> Fraction:
    """Give what alder gets of a result against 100.00, by terms that are the same both ways."""
    both = {"gain": {**HALF, **part}, "loss": {**HALF, **part}}
    return _year(both, care=f"{100 - result}.00").get("alder", Fraction(0))


BANDS: Final = [
    {"through": Decimal("0.05"), "rate": Decimal("0.5")},
    {"through": Decimal("0.1"), "rate": Decimal("0.35")},
    {"rate": Decimal("0.05")},
]


@pytest.mark.parametrize(
    ("part", "result", "expected"),
    [
        ({"bands": BANDS}, 4, "2.00"),
        ({"bands": BANDS}, 8, "3.55"),
        ({"bands": BANDS}, 30, "5.25"),
        ({"minimum_rate": Decimal("0.05"), "rate": 1}, 4, "0.00"),
        ({"minimum_rate": Decimal("0.05"), "rate": 1}, 5, "5.00"),
        ({"minimum_rate": Decimal("0.05"), "rate": 1, "counts": "above_minimum"}, 9, "4.00"),
        ({"minimum_rate": Decimal("0.05"), "rate": 1, "below_minimum": {"when": "1 = 1", "rate": Decimal("0.25")}}, 4, "1.00"),
        ({"limits": [20, 30], "rate": Decimal("0.5")}, 40, "10.00"),
        ({"caps": [20, 30], "rate": Decimal("0.9")}, 40, "20.00"),
        ({"cap": 20, "reduce": {"by": Decimal("0.1"), "order": "before_cap"}}, 40, "20.00"),
        ({"cap": 20, "reduce": {"by": Decimal("0.1"), "order": "after_cap"}}, 40, "18.00"),
        ({"rate": Decimal("0.5"), "relief": 3}, 10, "2.00"),
        ({"rate": Decimal("0.5"), "relief": 30}, 10, "0.00"),
        ({"gate": "1 = 2", "rate": 1}, 10, "0.00"),
    ],
)  # fmt: skip
def test_what_is_divided_of_a_result(part: dict[str, Any], result: int, expected: str) -> None:
    """Worked by hand; the opposite result by the same terms is the opposite amount."""
    assert _alder(part, result) == Fraction(expected)
    assert _alder(part, -result) == -Fraction(expected)


@pytest.mark.parametrize("below", [{}, {"below_minimum": {"when": "1 = 2", "rate": 1}}])
@pytest.mark.parametrize("result", [4, 6])
def test_what_decides_whether_a_result_counts_stands_in_its_tree(
    result: int, below: dict[str, Any]
) -> None:
    """Gate, minimum rate and the revenue it is a fraction of, below the minimum and above it."""
    part = {
        **HALF,
        "minimum_rate": Decimal("0.05"),
        "gate": "sum(visits.paid) > 0.00",
        "rate": 1,
        **below,
    }
    steps: list[Explained] = []
    _year({"gain": part, "loss": PAYER}, care=f"{100 - result}.00", steps=steps)
    tree = explained_settlement(steps, RULE, "2015", "s", "alder")
    assert _names(tree) >= {"gate", "sum(visits.paid)", "minimum_rate", "minimum", "revenue"}


def _names(tree: Explanation) -> set[str]:
    return {tree.name}.union(*(_names(child) for child in tree.children))


def test_bands_whose_ends_depend_on_facts_rise_all_the_same() -> None:
    """A second band through 4 % of revenue behind one through 5 % would pay a part of it twice."""
    bands = [
        {"through": Decimal("0.05"), "rate": 1},
        {"through": "sum(premium.premium_amount) / (25 * sum(premium.premium_amount))", "rate": 1},
        {"rate": 1},
    ]
    with pytest.raises(SettlementError, match=r"band 2 of pool_rule in 2015 ends through 1/25; it"):
        _alder({"bands": bands}, 10)


def test_a_cap_below_zero_is_refused_where_it_stands() -> None:
    """A cap that facts make -100.00 is told with its place, its settlement and its value."""
    part = {"cap": "-sum(premium.premium_amount)"}
    told = r"ruleset\.yaml:\d+:\d+: the cap of pool_rule in 2015 is -100; it is 0 or more$"
    with pytest.raises(SettlementError, match=told):
        _alder(part, 10)


@pytest.mark.parametrize(
    ("part", "needs"),
    [({"bands": BANDS}, "bands need"), ({"minimum_rate": 0}, "a minimum rate needs")],
)
def test_fractions_of_a_benchmark_below_zero_are_refused(part: dict[str, Any], needs: str) -> None:
    """Against a benchmark of -100.00 no band has an end: the last one would take nearly all."""
    both = {
        "revenue": {"premiums": "-sum(premium.premium_amount)"},
        "expenditure": {"care": "-sum(visits.paid)"},
        "gain": {**HALF, **part},
        "loss": {**HALF, **part},
    }
    with pytest.raises(SettlementError, match=f"of pool_rule in 2015 is -100; {needs} one above 0"):
        _year(both, care="200.00")


@given(
    rates_of_bands=st.lists(rates(), min_size=3, max_size=3),
    order=st.sampled_from(("before_cap", "after_cap")),
)
@settings(max_examples=5, deadline=None)
def test_a_larger_gain_never_pays_less(rates_of_bands: list[Decimal], order: str) -> None:
    """Bands, a cap and a reduction are monotone, whatever their rates."""
    bands = [{**band, "rate": rate} for band, rate in zip(BANDS, rates_of_bands, strict=True)]
    part = {"bands": bands, "cap": 20, "reduce": {"by": Decimal("0.02"), "order": order}}
    found = [_alder(part, result) for result in (0, 4, 5, 9, 11, 60)]
    assert found == sorted(found)
