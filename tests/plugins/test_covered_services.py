"""Services that a capitation has paid for: zero on covered days, and an ordinary price on others."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from rules_engine_fee_schedule import FEE_SCHEDULE
from rules_engine_global_capitation import GLOBAL_CAPITATION

from rules_engine import Given, NotGivenError, PricedLine, Ruleset, Run, corrections
from rules_engine.testing import engine_of, hold_to_every_law
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch, claims_of, lines_of
from rules_engine.testing.months import months_alone_as_in_the_batch

ENGINE: Final = engine_of(FEE_SCHEDULE, GLOBAL_CAPITATION)
FIRST: Final = date(2026, 1, 1)
PERSONS: Final = ("m1", "m2", "m3")
CODES: Final = ("99213", "99214", "J1000", None)
FEW: Final = settings(max_examples=max(8, settings().max_examples // 5))

Rows = list[dict[str, Any]]


def contract(covers: Mapping[str, Any], **more: Any) -> Contract:
    """Give a contract that pays charges, and a capitation of the product `hmo`."""
    said = {"members": "product = 'hmo'", "amount": "remaining", **covers}
    terms = {"payer": "plan", "rate": "40.00", "prorate": "by_day", "covers": said, **more}
    document = {
        "ruleset": "covered", "title": "Covered services", "version": "1",
        "effective": {"from": FIRST, "through": date(2026, 12, 31)}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "month"},
        "parties": {"plan": "payer", "clinic": "provider"},
        "rules": [
            {"id": "visits", "methodology": "fee_schedule", "source": "exhibit A",
             "terms": {"allowed": "charge_amount"}},
            {"id": "capitation", "methodology": "global_capitation", "source": "exhibit B",
             "when": "product = 'hmo'", "terms": terms},
        ],
    }  # fmt: skip
    return Contract(document=document)


def span(person: str, first: int, last: int | None, product: str | None = "hmo") -> dict[str, Any]:
    """Give a span of enrolment by days of the year, counted from 1."""
    end = None if last is None else FIRST + timedelta(last - 1)
    return {
        "person_id": person, "enrollment_start_date": FIRST + timedelta(first - 1),
        "enrollment_end_date": end, "product": product, "party": "clinic",
    }  # fmt: skip


def line(name: str, day: int, code: str | None = "99213", **more: Any) -> dict[str, Any]:
    """Give a claim of one line on a day of the year."""
    return {
        "claim_id": name, "claim_line_number": 1, "person_id": "m1", "party": "clinic",
        "claim_type": "professional", "claim_line_start_date": FIRST + timedelta(day - 1),
        "hcpcs_code": code, "charge_amount": Decimal("100.00"), **more,
    }  # fmt: skip


@st.composite
def covering(draw: DrawFn) -> dict[str, Any]:
    """Draw what is covered: with and without services, carve-outs, a code and a part."""
    choices = {
        "amount": ("remaining", "round(remaining / 3, 2)"),
        "services": ("hcpcs_code <> '99214'", "charge_amount > 1000"),
        "carve_outs": ("hcpcs_code LIKE 'J%'", "party IS NULL"),
        "members": ("product = 'hmo'", "product IS NOT NULL AND person_id <> 'm2'"),
        "code": ("CO-97", "OA-24"),
    }
    return {
        name: draw(st.sampled_from(some)) for name, some in choices.items() if draw(st.booleans())
    }


def enrolment() -> SearchStrategy[Rows]:
    """Some spans: with gaps, overlaps, open and retroactive ends; days before the year too."""
    return st.builds(_enrolment, st.integers(0, 2**32), st.integers(0, 8))


def _enrolment(seed: int, count: int) -> Rows:
    dice = Random(seed)  # noqa: S311  enrolment, not secrets
    days = (-40, 1, 2, 15, 16, 30, 31, 32, 60, 90)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for _ in range(count):
        person, first = dice.choice(PERSONS), dice.choice(days)
        # An end before the beginning is a member who was never enrolled.
        last = dice.choice((None, first - 1, first, first + 13, first + 14, 31, 365))
        product = dice.choice(("hmo", "hmo", "ppo", None))
        found[person, first] = span(person, first, last, product)
    return list(found.values())


def claims() -> SearchStrategy[Rows]:
    """Some claims, close to the edges of the spans."""
    return st.builds(_claims, st.integers(0, 2**32), st.integers(0, 20))


def _claims(seed: int, count: int) -> Rows:
    dice = Random(seed)  # noqa: S311  claims, not secrets
    days = (1, 2, 14, 15, 16, 29, 30, 31, 32, 45, 46, 59, 60, 74, 75, 90, 365)
    return [
        line(
            f"c{number:02}",
            dice.choice(days),
            dice.choice(CODES),
            person_id=dice.choice(PERSONS),
            party=dice.choice(("clinic", None)),
            charge_amount=Decimal(dice.randint(0, 300_000)).scaleb(-2),
        )
        for number in range(count)
    ]


def _run(ruleset: Ruleset, spans: Rows, lines: Rows) -> Run:
    return ruleset.run({"eligibility": spans, "medical_claim": lines}, mappings=())


def _paid(run: Run) -> dict[str, str]:
    return {claim: str(row["paid_amount"]) for (claim, _), row in lines_of(run).items()}


def _holds(row: Mapping[str, Any], day: date) -> bool:
    end = row["enrollment_end_date"]
    return row["enrollment_start_date"] <= day and (end is None or day <= end)


@FEW
@given(covering(), enrolment(), claims())
def test_a_claim_given_the_spans_is_the_claim_in_the_batch(
    said: dict[str, Any], spans: Rows, lines: Rows
) -> None:
    """To the cent and in the codes; beside it each member-month alone is the one in the batch."""
    ruleset = contract(said).load(ENGINE)
    assert ruleset.needs.given == ("capitation_covered",)
    with _run(ruleset, spans, lines) as run, _run(ruleset, spans[::-1], lines[::-1]) as other:
        alone_as_in_the_batch(ruleset, run)
        months_alone_as_in_the_batch(ruleset, run)
        assert lines_of(run) == lines_of(other)


@FEW
@given(enrolment(), claims())
def test_covered_lines_are_those_of_a_covered_day(spans: Rows, lines: Rows) -> None:
    """However spans overlap: one that holds on the day is enough, and carve-outs are paid."""
    said = {"services": "hcpcs_code <> '99214'", "carve_outs": "hcpcs_code LIKE 'J%'"}
    with _run(contract(said).load(ENGINE), spans, lines) as run:
        found = lines_of(run)
    for one in lines:
        there = any(
            row["person_id"] == one["person_id"]
            and row["product"] == "hmo"
            and _holds(row, one["claim_line_start_date"])
            for row in spans
        )
        is_covered = there and one["hcpcs_code"] == "99213"
        paid = Decimal(0) if is_covered else one["charge_amount"]
        row = found[one["claim_id"], 1]
        assert (row["paid_amount"], row["capitation_amount"]) == (
            paid,
            one["charge_amount"] - paid,
        )


@FEW
@given(covering(), st.lists(enrolment(), min_size=2, max_size=3), claims())
def test_enrolment_that_changes_for_ever_leads_to_the_price_of_the_last(
    said: dict[str, Any], history: Sequence[Rows], lines: Rows
) -> None:
    """Claim by claim and in the batch: what was paid and all corrections are what holds now."""
    ruleset = contract(said).load(ENGINE)
    remitted: dict[str, Fraction] = {}
    with ExitStack() as stack:
        known: dict[str, Any] = {}
        earlier: Run | None = None
        for spans in history:
            run = stack.enter_context(_run(ruleset, spans, lines))
            now = {c["claim_id"]: ruleset.price(c, run.given(who)) for who, c in claims_of(run)}
            alone = [c for name in sorted(now) for c in corrections(known.get(name), now[name])]
            if earlier is not None:
                assert list(run.corrections(earlier)) == alone
            for one in alone:
                remitted[one.claim_id] = remitted.get(one.claim_id, Fraction(0)) + Fraction(
                    one.paid
                )
            known, earlier = now, run
        assert earlier is not None
        assert {k: v for k, v in remitted.items() if v} == {
            claim: Fraction(amount) for claim, amount in _paid(earlier).items() if Fraction(amount)
        }


@settings(max_examples=max(4, settings().max_examples // 8))
@given(covering(), enrolment(), claims(), st.integers(0, 2**32))
def test_covered_services_keep_every_law(
    said: dict[str, Any], spans: Rows, lines: Rows, seed: int
) -> None:
    """Order, threads and the host do not matter; a second run gives the same; reasons add up."""
    facts = {"eligibility": spans, "medical_claim": lines}
    hold_to_every_law(ENGINE, contract(said), facts, seed)


def test_a_member_who_is_dropped_gets_the_services_paid() -> None:
    """Dropped back to the end of February: March's visit is paid, with the zero taken back."""
    ruleset = contract({"carve_outs": "hcpcs_code LIKE 'J%'"}).load(ENGINE)
    lines = [
        line("february", 45),
        line("march", 70),
        line("drug", 71, "J1000"),
        line("x", 72, None),
    ]
    with (
        _run(ruleset, [span("m1", 1, None)], lines) as june,
        _run(ruleset, [span("m1", 1, 59)], lines) as july,
    ):
        # A code that is not there is no carve-out.
        assert _paid(june) == {"drug": "100.00", "february": "0.00", "march": "0.00", "x": "0.00"}
        assert _paid(july) == {
            "drug": "100.00", "february": "0.00", "march": "100.00", "x": "100.00",
        }  # fmt: skip
        march, other = july.corrections(june)
    assert (march.claim_id, other.claim_id, str(march.paid)) == ("march", "x", "100.00")
    assert [(one.code, one.rule, str(one.amount)) for one in march.reasons] == [
        ("CO-24", "capitation", "-100.00")
    ]


def test_a_member_who_leaves_and_comes_back_is_covered_on_both_sides() -> None:
    """Spans that touch are one row, and a gap of one day is none of them."""
    spans = [span("m1", 1, 10), span("m1", 11, 20), span("m1", 22, None)]
    lines = [line("gap", 21), line("in", 20), line("again", 22)]
    with _run(contract({}).load(ENGINE), spans, lines) as run:
        assert _paid(run) == {"again": "0.00", "gap": "100.00", "in": "0.00"}
        days = [(FIRST + timedelta(0), FIRST + timedelta(19)), (FIRST + timedelta(21), None)]
        assert (
            run.connection.execute(
                "SELECT first_day, last_day FROM capitation_covered ORDER BY 1"
            ).fetchall()
            == days
        )


def test_spans_that_are_not_given_are_no_zero() -> None:
    """Without the member's spans a claim has no price; an empty list says that there are none."""
    ruleset = contract({}).load(ENGINE)
    claim = {
        "claim_id": "a",
        "person_id": "m1",
        "claim_type": "professional",
        "lines": [line("a", 3)],
    }
    with pytest.raises(NotGivenError, match="capitation_covered"):
        ruleset.price(claim, Given({}))
    (priced,) = ruleset.price(claim, Given({"capitation_covered": []})).lines
    assert isinstance(priced, PricedLine)
    assert (str(priced.paid), priced.adjustments) == ("100.00", ())


def test_a_rule_that_only_covers_says_what_it_takes_off() -> None:
    """A share of premium covers services too; other rules may sum what that is worth."""
    made = contract({})
    covers = made.document["rules"][1]["terms"]["covers"]
    rules = [
        made.document["rules"][0],
        {"id": "share", "methodology": "global_capitation", "source": "exhibit B",
         "terms": {"payer": "plan", "to": "clinic", "covers": covers,
                   "premium": {"amount": "sum(premium.premium_amount)", "share": "0.85"}}},
        {"id": "worth", "methodology": "global_capitation", "source": "exhibit C",
         "terms": {"payer": "plan", "to": "clinic", "adjustments": {"all": "sum(share.amount)"}}},
    ]  # fmt: skip
    ruleset = Contract(document={**made.document, "rules": rules}).load(ENGINE)
    facts = {
        "eligibility": [span("m1", 1, 31)],
        "medical_claim": [line("a", 3), line("b", 40)],
        "premium": [{"month": FIRST, "premium_amount": Decimal("1000.00")}],
    }
    with ruleset.run(facts, mappings=(), period="2026-01") as run:
        assert run.settled("share").outputs["total"] == 850
        assert run.settled("worth").outputs["other"] == 100
