"""global_capitation: every common law, and what only this methodology promises."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_global_capitation import GLOBAL_CAPITATION

from rules_engine import Money, Ruleset, RulesetError, SettlementError
from rules_engine.testing import PARTIES, Contract, amounts, engine_of, holds_to_every_law, rates
from rules_engine.testing.laws import transfers_balance

ENGINE: Final = engine_of(GLOBAL_CAPITATION)
FIRST: Final = date(2024, 1, 1)


@st.composite
def of_months(draw: DrawFn) -> dict[str, Any]:
    """Draw terms that pay for member-months."""
    rate = draw(
        st.sampled_from(("123.45", "case when age < 40 then 10.01 else 33.335 end", "-5.25"))
    )
    payee = draw(st.sampled_from(("coalesce(party, 'north')", "'one'")))
    found: dict[str, Any] = {"rate": rate, "payee": payee}
    for name, choices in (
        (
            "risk",
            st.sampled_from(("coalesce(risk_score, 1)", "round(coalesce(risk_score, 1) / 3, 4)")),
        ),
        ("withhold", rates()),
        ("deduct", st.just("1.115")),
        ("panel", st.integers(0, 3).map(lambda least: {"minimum": least})),
    ):
        if draw(st.booleans()):
            found[name] = draw(choices)
    return found


@st.composite
def of_periods(draw: DrawFn) -> dict[str, Any]:
    """Draw terms that pay for a period."""
    premium = {"amount": "sum(premium.premium_amount)", "share": draw(rates())}
    found: dict[str, Any] = {"to": PARTIES[0], "premium": premium}
    loss = {"reinsurer": PARTIES[1], "expenditure": "sum(care.paid)", "attachment": "100.00"}
    held = st.fixed_dictionaries({"withheld": amounts("0.00", "500.00"), "rate": rates()})
    for name, choices in (
        ("guarantee", amounts("0.00", "2000.00")),
        ("adjustments", st.just({"other": "sum(care.paid) / 7 - 3"})),
        ("release", held.map(lambda one: {"some": one})),
        ("stop_loss", rates().map(lambda share: {**loss, "share": share})),
    ):
        if draw(st.booleans()):
            found[name] = draw(choices)
    return found


def terms() -> st.SearchStrategy[dict[str, Any]]:
    """Give terms that pay by member-month, for a period, or both, divided or not."""
    both = st.builds(lambda a, b: {**a, **b}, of_months(), of_periods())
    split = st.integers(0, 3).map(lambda weight: {"split": {PARTIES[1]: 2, PARTIES[2]: weight}})
    paid = st.one_of(of_months(), of_periods(), both)
    return st.builds(lambda one, two: {"payer": "payer", **one, **two}, paid, st.just({}) | split)


test_global_capitation_keeps_every_law = holds_to_every_law(GLOBAL_CAPITATION, terms())


def capitation(
    terms: Mapping[str, Any], *, beside: Sequence[Mapping[str, Any]] = (), **more: Any
) -> Ruleset:
    """Load a contract of one rule, whose period is a month; more keys of it, or of the contract."""
    whole: dict[str, Any] = {
        name: more.pop(name)
        for name in ("entities", "tables", "parameters", "rounding")
        if name in more
    }
    rule = {"id": "capitation", "methodology": "global_capitation", "source": "exhibit A"}
    return Contract(
        document={
            "ruleset": "a_capitation",
            "version": "1",
            "effective": {"from": FIRST, "through": date(2024, 12, 31)},
            "currency": "USD",
            "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
            "period": {"length": "month"},
            "parties": {"plan": "payer", "clinic": "provider", "reinsurer": "payer"},
            **whole,
            "rules": [{**rule, "terms": {"payer": "plan", **terms}, **more}, *beside],
        }
    ).load(ENGINE)


def span(person: str, first: date, last: date, **more: Any) -> dict[str, Any]:
    """Give an enrolment span."""
    blank = dict.fromkeys(("product", "birth_date", "sex", "region", "risk_score"))
    days = {"enrollment_start_date": first, "enrollment_end_date": last}
    return {**blank, "person_id": person, "party": "clinic", **days, **more}


def allowed(
    ruleset: Ruleset, spans: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, date], Decimal]:
    """Give the allowed amount of each member-month."""
    with ruleset.run({"eligibility": list(spans)}, mappings=()) as run:
        rows = run.connection.execute(
            "SELECT person_id, month, allowed_amount FROM priced_month"
        ).fetchall()
    return {(person, month): amount for person, month, amount in rows}


@settings(max_examples=max(5, settings().max_examples // 3))
@given(
    st.integers(1, 12), st.lists(st.integers(2, 31), max_size=3, unique=True), st.integers(1, 10**7)
)
def test_parts_of_a_month_add_up_to_the_month(month: int, cuts: list[int], cents: int) -> None:
    """Members who follow each other without a gap cost what one costs, within a cent for each."""
    last = monthrange(2024, month)[1]
    ends = [*sorted(day - 1 for day in cuts if day <= last), last]
    spans, first = [], 1
    for number, end in enumerate(ends):
        spans.append(span(f"m{number}", date(2024, month, first), date(2024, month, end)))
        first = end + 1
    rate = Decimal(cents).scaleb(-2)
    ruleset = capitation({"rate": str(rate), "prorate": "by_day"})
    found = allowed(ruleset, spans)
    assert len(found) == len(ends)
    assert abs(sum(found.values(), Decimal(0)) - rate) <= Decimal("0.01") * len(ends)
    # Within one person the days are counted together: none is lost, nor one of two spans counted twice.
    one = [{**part, "person_id": "m"} for part in spans]
    for part in one[1:]:
        part["enrollment_start_date"] -= timedelta(1)
    assert allowed(ruleset, one) == {("m", date(2024, month, 1)): rate}


@settings(max_examples=max(5, settings().max_examples // 5))
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100)), min_size=1, max_size=4))
def test_a_panel_twice_as_large_is_paid_twice(days: list[tuple[int, int]]) -> None:
    """Every member again under another id: every balance doubles, month by month."""
    ruleset = capitation({"rate": "33.33", "prorate": "by_day", "withhold": "0.07"})
    spans = [
        span(f"m{number}", FIRST + timedelta(first), FIRST + timedelta(first + length))
        for number, (first, length) in enumerate(days)
    ]
    twice = [*spans, *({**one, "person_id": one["person_id"] + "again"} for one in spans)]
    found = []
    for rows in (spans, twice):
        with ruleset.run({"eligibility": rows}, mappings=()) as run:
            found.append([(s.outputs["paid"], s.outputs["withheld"]) for s in run.settlements])
    assert [(2 * paid, 2 * kept) for paid, kept in found[0]] == found[1]


@given(amounts("0.00", "9999.00"), rates())
def test_what_is_withheld_is_released_or_retained(withheld: Decimal, rate: Decimal) -> None:
    """To the cent, whatever the rate."""
    release = {"quality": {"withheld": withheld, "rate": rate}}
    ruleset = capitation({"to": "clinic", "release": release})
    with ruleset.run({}, mappings=(), period="2024-05") as run:
        outputs = run.settled("capitation").outputs
        assert outputs["released"] + outputs["retained"] == Fraction(withheld)
        assert 0 <= outputs["released"] <= Fraction(withheld)
        assert run.ledger.balances().get("clinic", Money(0)).as_fraction() == outputs["released"]


@given(amounts("0.00", "9999.00"), amounts("0.00", "9999.00"), rates())
def test_the_guaranteed_minimum_holds(premium: Decimal, minimum: Decimal, share: Decimal) -> None:
    """A period pays the share of premium or the minimum, whichever is more, and nothing beyond."""
    said = {
        "premium": {"amount": "sum(premium.premium_amount)", "share": share},
        "guarantee": minimum,
    }
    ruleset = capitation({"to": "clinic", **said})
    row = {"month": FIRST, "premium_amount": premium}
    with ruleset.run({"premium": [row]}, mappings=(), period="2024-01") as run:
        outputs = run.settled("capitation").outputs
        transfers_balance(run.ledger.transfers)
    assert outputs["total"] == max(outputs["premium_share"], Fraction(minimum))


def test_the_guarantee_counts_what_is_withheld_as_paid() -> None:
    """Who is guaranteed 100.00 and earns 80.00, of which 8.00 are kept back, misses 20.00."""
    ruleset = capitation(
        {"rate": "80.00", "withhold": "0.1", "guarantee": "100.00", "to": "clinic"}
    )
    spans = [span("m", FIRST, date(2024, 1, 31))]
    with ruleset.run({"eligibility": spans}, mappings=(), period="2024-01") as run:
        assert run.settled("capitation").outputs["guaranteed"] == 20
        assert run.ledger.balances()["clinic"] == Money(9200)


def test_a_reinsurer_pays_of_each_member_by_itself() -> None:
    """90 % of what is above 1,000.00: 450.00 of the first, at most 700.00 of the second, 0 of the third."""
    stop_loss = {
        "reinsurer": "reinsurer",
        "expenditure": "sum(medical_claim.paid_amount)",
        "attachment": "1000.00",
        "share": "0.9",
        "limit": "700.00",
    }
    ruleset = capitation({"to": "clinic", "stop_loss": stop_loss})
    claims = [
        {
            "claim_id": f"c{n}",
            "claim_line_number": 1,
            "person_id": person,
            "paid_amount": Decimal(paid),
            "claim_line_start_date": FIRST,
        }
        for n, (person, paid) in enumerate(
            (("a", "900.00"), ("a", "600.00"), ("b", "5000.00"), ("c", "1000.00"))
        )
    ]
    with ruleset.run({"medical_claim": claims}, mappings=(), period="2024-01") as run:
        assert run.ledger.balances() == {"clinic": Money(115000), "reinsurer": Money(-115000)}
        assert run.settled("capitation").outputs["total"] == 0


def test_terms_that_pay_nothing_are_refused() -> None:
    """A rule has to pay for something, and a condition of member-months needs some."""
    with pytest.raises(RulesetError, match="GC101"):
        capitation({"to": "clinic", "guarantee": "5.00"})
    with pytest.raises(RulesetError, match="GC102"):
        capitation({"rate": "5.00", "split": {"clinic": 0}})
    with pytest.raises(RulesetError, match="RE326"):
        capitation({"to": "clinic", "adjustments": {"other": "5.00"}}, when="age > 5")


def test_a_unit_that_is_no_decimal_place_prices_no_member_months() -> None:
    """Shares of premium settle by five cents; the message says what does not."""
    nickels: dict[str, Any] = {"rounding": {"to": Decimal("0.05"), "mode": "half_up"}}
    with pytest.raises(RulesetError, match=r"capitation prices member-months; 1, 0\.1, 0\.01"):
        capitation({"rate": "5.00"}, **nickels)
    ruleset = capitation({"to": "clinic", "adjustments": {"other": "5.02"}}, **nickels)
    with ruleset.run({}, mappings=(), period="2024-01") as run:
        assert run.ledger.balances()["clinic"] == Money(500)


def test_a_parameter_called_as_an_amount_hides_no_column() -> None:
    """What stands behind the rule's name is its column; the name alone is the parameter."""
    number = {"type": "rate", "value": Decimal("0.25")}
    release = {"quality": {"withheld": "sum(capitation.withheld)", "rate": "withheld"}}
    freed = {
        "id": "freed", "methodology": "global_capitation", "source": "exhibit B",
        "terms": {"payer": "plan", "to": "clinic", "release": release},
    }  # fmt: skip
    ruleset = capitation(
        {"rate": "80.00", "withhold": "withheld"},
        parameters={"withheld": number},
        beside=[freed],
    )
    spans = [span("m", FIRST, date(2024, 1, 31))]
    with ruleset.run({"eligibility": spans}, mappings=(), period="2024-01") as run:
        # A quarter of 80.00 is kept back, and a quarter of that comes free.
        assert run.settled("freed").outputs["released"] == 5


def test_nobody_is_paid_for_a_period_without_a_name() -> None:
    """The rule says to whom, or it does not settle."""
    ruleset = capitation({"adjustments": {"other": "5.00"}})
    with pytest.raises(SettlementError, match="`to` or `for_each`"):
        ruleset.run({}, mappings=(), period="2024-01")
    ruleset = capitation({"rate": "5.00", "payee": "'plan'"})
    with pytest.raises(SettlementError, match="pay itself"):
        ruleset.run({"eligibility": [span("m", FIRST, FIRST)]}, mappings=(), period="2024-01")


MEMBERS: Final[Mapping[str, Any]] = {
    "for_each": "member",
    "entities": {
        "member": {
            "table": "member_month",
            "key": ["person_id"],
            "period": "month",
            "role": "provider",
        }
    },
}


@settings(max_examples=max(5, settings().max_examples // 5))
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 60)), min_size=1, max_size=4), rates())
def test_members_settled_by_themselves_are_paid_what_all_of_them_are(
    days: list[tuple[int, int]], withhold: Decimal
) -> None:
    """Whichever way a contract settles, each payee gets the same; each member is a settlement."""
    terms = {"rate": "33.33", "prorate": "by_day", "withhold": withhold}
    spans = [
        span(f"m{number}", FIRST + timedelta(first), FIRST + timedelta(first + length))
        | {"party": ("clinic", "other")[number % 2]}
        for number, (first, length) in enumerate(days)
    ]
    found = []
    nobody: Mapping[str, Any] = {}
    for more in (nobody, MEMBERS):
        said = {**terms, "entities": "members"} if more else terms
        with capitation(said, **more).run(
            {"eligibility": spans}, mappings=(), period=["2024-01", "2024-02", "2024-03"]
        ) as run:
            transfers_balance(run.ledger.transfers)
            found.append(
                {who: cents for who, cents in run.ledger.balances().items() if cents.cents}
            )
            for one in run.settlements if more else ():
                assert {move.key for move in one.transfers} <= {one.key}
                assert one.outputs["members"] == 1
    assert found[0] == found[1]


def test_a_member_who_is_no_entity_is_not_forgotten() -> None:
    """A member-month that no settlement would pay stops the run."""
    entity = {"member": {"table": "known", "key": ["person_id"], "role": "provider"}}
    tables = {"known": {"key": ["person_id"], "columns": {"person_id": "code"}}}
    ruleset = capitation(
        {"rate": "5.00", "entities": "members"}, for_each="member", entities=entity, tables=tables
    )
    spans = [span("m", FIRST, FIRST), span("n", FIRST, FIRST)]
    facts = {"eligibility": spans, "known": [{"person_id": "m"}]}
    with pytest.raises(SettlementError, match="2 member-months, 1 of them of members who are none"):
        ruleset.run(facts, mappings=(), period="2024-01")
    with ruleset.run({**facts, "eligibility": spans[:1]}, mappings=(), period="2024-01") as run:
        assert run.ledger.balances() == {"clinic": Money(500), "plan": Money(-500)}
