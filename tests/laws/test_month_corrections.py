"""Corrections of capitation: what becomes known later leads to what was due from the start."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import Engine, Run, month_corrections
from tests.laws.monthly import contract

ENGINE: Final = Engine()
FIRST: Final = date(2024, 1, 1)
RULES: Final = [
    {
        "id": "capitation",
        "methodology": "global_capitation",
        "source": "exhibit A",
        "when": "product = 'hmo'",
        "terms": {
            "payer": "plan",
            "rate": "case when sex = 'female' then base else round(base * 0.9, 2) end",
            "risk": "round(risk_score / normalization, 4)",
            "prorate": "by_day",
            "withhold": "0.02",
        },
    }
]
RULESET: Final = contract(RULES, {"to": Decimal("0.01"), "mode": "half_up"}).load(ENGINE)

Span = Mapping[str, Any]
Paid = dict[tuple[str, str, date, str], tuple[Decimal, ...]]


@st.composite
def spans(draw: st.DrawFn, person: str) -> Span:
    """Draw an enrolment span of a person: it may begin or end in any month, and in its middle."""
    begins = FIRST + timedelta(days=draw(st.integers(-20, 300)))
    ends = draw(st.none() | st.integers(0, 200).map(lambda days: begins + timedelta(days=days)))
    return {
        "person_id": person,
        "enrollment_start_date": begins,
        "enrollment_end_date": ends,
        "party": draw(st.sampled_from(("north", "south", None))),
        "product": draw(st.sampled_from(("hmo", "hmo", "ppo"))),
        "birth_date": date(1980, 5, 5),
        "sex": draw(st.sampled_from(("female", "male"))),
        "region": "north",
        "risk_score": draw(st.sampled_from((Decimal("0.9"), Decimal("1.333"), None))),
    }


@st.composite
def facts(draw: st.DrawFn) -> list[tuple[Span | None, Span | None]]:
    """Draw what becomes known: a span instead of another, a span more, or one that never was."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        person = f"m{number % 3}"
        before = draw(st.none() | spans(person))
        after = draw(spans(person) if before is None else st.none() | spans(person))
        found.append((before, after))
    return found


def open_run(known: Sequence[tuple[Span | None, Span | None]], learnt: Sequence[int]) -> Run:
    """Run what is known once some facts are learnt, whatever the order was in which they were."""
    rows = [pair[place in learnt] for place, pair in enumerate(known)]
    return RULESET.run({"eligibility": [row for row in rows if row], "member": []}, mappings=())


def paid(run: Run) -> Paid:
    """Give what a run pays, by rule, member, month and payee."""
    rows = run.connection.execute(
        "SELECT rule, person_id, month, payee, allowed_amount, adjusted_amount, withheld_amount,"
        " paid_amount FROM priced_month WHERE reject IS NULL"
    ).fetchall()
    return {(r, person, month, payee): tuple(rest) for r, person, month, payee, *rest in rows}


def added(posted: Paid, later: Iterator[Any]) -> Paid:
    """Add corrections to what was posted; what comes to nothing is no payment."""
    found = dict(posted)
    for one in later:
        key = one.rule, one.person_id, one.month, one.payee
        before = found.get(key, (Decimal(0),) * 4)
        change = (one.allowed, one.adjusted, one.withheld, one.paid)
        found[key] = tuple(a + b for a, b in zip(before, change, strict=True))
    return {key: amounts for key, amounts in found.items() if any(amounts)}


@settings(max_examples=max(5, settings().max_examples // 5))
@given(facts(), st.integers(0, 2**32))
def test_corrections_lead_to_what_was_due_in_any_order_of_knowledge(
    known: list[tuple[Span | None, Span | None]], seed: int
) -> None:
    """What was posted first and all corrections add up to a run that knew it from the start."""
    order = list(range(len(known)))
    Random(seed).shuffle(order)  # noqa: S311  an order, not a secret
    with open_run(known, order) as whole:
        expected = {key: amounts for key, amounts in paid(whole).items() if any(amounts)}
    run = open_run(known, ())
    posted = paid(run)
    for count in range(1, len(order) + 1):
        later = open_run(known, order[:count])
        posted = added(posted, month_corrections(run, later))
        run.close()
        run = later
    run.close()
    assert posted == expected


def test_a_member_who_had_left_in_march_is_taken_back_month_by_month() -> None:
    """Only this member's months of March to June, each below zero, with the member's row."""
    ann: Span = {
        "person_id": "ann", "enrollment_start_date": FIRST, "enrollment_end_date": None,
        "party": "north", "product": "hmo", "birth_date": date(1980, 5, 5), "sex": "female",
        "region": "north", "risk_score": Decimal("1.018"),
    }  # fmt: skip
    ben = {**ann, "person_id": "ben"}
    left = {**ann, "enrollment_end_date": date(2024, 2, 29)}
    months = [f"2024-0{month}" for month in range(1, 7)]
    runs = [
        RULESET.run({"eligibility": [one, ben], "member": []}, mappings=(), period=months)
        for one in (ann, left)
    ]
    found = list(month_corrections(*runs))
    assert [(one.person_id, one.month.month, one.payee) for one in found] == [
        ("ann", month, "north") for month in (3, 4, 5, 6)
    ]
    for one in found:
        assert one.paid < 0
        assert one.allowed == one.adjusted + one.withheld + one.paid
        tables = {change.table: change for change in one.reasons}
        assert set(tables) == {"member_month", "eligibility"}
        assert tables["member_month"].after is None
        assert tables["eligibility"].before is not None
        assert tables["eligibility"].after is not None
        assert tables["eligibility"].after["enrollment_end_date"] == date(2024, 2, 29)
    assert list(month_corrections(runs[0], runs[0])) == []
    for run in runs:
        run.close()
