"""Posting runs: differences come with the rows that made them, and add up to the cent."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine import Engine, Ruleset, SettlementError
from rules_engine.ledger.journal import Entry, Journal, open_journal, verify
from rules_engine.testing import Contract, engine_of

EXAMPLE: Final = Path(__file__).parents[2] / "examples/journal"
MONTHS: Final = tuple(f"2026-{month:02}" for month in range(1, 8))
JULY: Final = date(2026, 7, 5)

Spans = Sequence[tuple[str, int, int]]
"""Person, first and last month of 2026 in which the person is enrolled, from 1."""

spans: Final = st.lists(
    st.tuples(st.sampled_from(["m1", "m2", "m3"]), st.integers(1, 6), st.integers(1, 6)),
    max_size=3,
    unique_by=lambda span: span[0],
).map(lambda found: [(who, min(a, b), max(a, b)) for who, a, b in found])
few: Final = settings(
    max_examples=max(4, settings().max_examples // 12),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def per_member() -> Ruleset:
    """Pays for each member by itself."""
    return Engine().load(EXAMPLE)


def _pool(**terms: Any) -> Ruleset:
    """Pays two clinics out of one pool, in shares of which cents are odd."""
    whole = {"share": {"by": "sum(member_month.fraction)"}, "among": ["clinics"]}
    rule = {
        "id": "pool", "methodology": "gain_loss_sharing", "source": "s",
        "terms": {"revenue": {"payment": "sum(member_month.fraction) * pmpm"},
                  "expenditure": {"none": "0 * sum(member_month.fraction) * pmpm"},
                  "gain": whole, "loss": {**whole, "share": "equal"}, **terms},
    }  # fmt: skip
    document = {
        "ruleset": "pooled", "title": "A pool", "version": "1",
        "effective": {"from": "2026-01-01", "through": "2026-12-31"},
        "currency": "USD", "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "month"}, "parties": {"clinics": ["lakes", "hills"]}, "rules": [rule],
        "parameters": {"pmpm": {"type": "money", "value": Decimal("38.01")},
                       "raised": {"type": "money", "value": Decimal("40.01")}},
    }  # fmt: skip
    return Contract(document=document).load(engine_of(GAIN_LOSS_SHARING))


def _months(enrolled: Spans) -> Mapping[str, Any]:
    return {
        "member_month": [
            {
                "person_id": who,
                "month": date(2026, month, 1),
                "fraction": Decimal(1 if month % 2 else "0.3"),
                "party": "lakes" if who < "m2" else "hills",
            }
            for who, first, last in enrolled
            for month in range(first, last + 1)
        ]
    }


def _enrolled(enrolled: Spans) -> Mapping[str, Any]:
    """Give spans of enrolment, and one more of a member whom nobody is paid for before August."""
    whole = [*enrolled, ("m9", 8, 9)]
    return {
        "eligibility": [
            {
                "person_id": who,
                "enrollment_start_date": date(2026, first, 1),
                "enrollment_end_date": date(2026, last, 28),
                "party": "lakes",
            }
            for who, first, last in whole
        ]
    }


def _post(ruleset: Ruleset, data: Any, journal: Journal, periods: Sequence[str], day: date) -> None:
    with ruleset.run(data, period=periods, known_at=day, journal=journal) as run:
        run.post(journal, known_at=day)


def _rows(entry: Entry) -> list[tuple[str, str, str | None, int]]:
    """Give what each reason of an entry says: change, person, table, and the clinic's cents."""
    return [
        (one.change, one.row.get("person_id", ""), one.table, one.moves.get("lakes", 0))
        for one in entry.reasons
    ]


def test_a_member_who_left_in_march_is_taken_back_month_by_month(
    per_member: Ruleset, tmp_path: Path
) -> None:
    """July takes back March to June of that member only, each month with the member's row."""
    with (
        open_journal(tmp_path / "posted.journal") as journal,
        open_journal(tmp_path / "straight.journal") as straight,
    ):
        for place, month in enumerate(MONTHS[:6]):
            _post(per_member, EXAMPLE / "january", journal, [month], date(2026, place + 1, 28))
        before = journal.head()[0]
        _post(per_member, EXAMPLE / "july", journal, MONTHS, JULY)
        posted = list(journal.entries())[before:]
        taken = [entry for entry in posted if entry.version == 2]
        assert [entry.key.service.label for entry in taken] == list(MONTHS[2:6])
        for entry in taken:
            assert entry.key.grain == ("m2",)
            assert entry.transfers == ()
            assert _rows(entry) == [("went", "m2", "member_month", -3800)]
            month = entry.key.service.first.isoformat()
            assert entry.reasons[0].row == {"person_id": "m2", "month": month}
        assert {entry.key.grain for entry in posted if entry.version == 1} == {("m1",), ("m3",)}
        _post(per_member, EXAMPLE / "july", straight, MONTHS, JULY)
        assert journal.balances() == straight.balances()
        assert verify(journal).faults == ()


@given(history=st.lists(spans, min_size=2, max_size=4))
@few
def test_what_was_learned_in_any_order_is_paid_as_if_known_before(
    per_member: Ruleset, tmp_path: Path, history: list[Spans]
) -> None:
    """Balances are those of the last facts, and every entry of an entity is one row's doing."""
    path = tmp_path / "each.journal"
    path.unlink(missing_ok=True)
    with open_journal(path) as journal:
        for enrolled in history:
            _post(per_member, _enrolled(enrolled), journal, MONTHS, JULY)
        with per_member.run(_enrolled(history[-1]), period=MONTHS) as run:
            expected = {a: m for a, m in run.ledger.balances().items() if m.cents}
        assert {a: m for a, m in journal.balances().items() if m.cents} == expected
        for entry in journal.entries():
            assert [one.table for one in entry.reasons] == ["member_month"]


@given(history=st.lists(spans, min_size=1, max_size=2))
@few
def test_a_reversal_restores_every_balance_of_a_capitation(
    per_member: Ruleset, tmp_path: Path, history: list[Spans]
) -> None:
    """Members who were never enrolled after all leave every account as if nobody had been paid."""
    path = tmp_path / "reversed.journal"
    path.unlink(missing_ok=True)
    with open_journal(path) as journal:
        for enrolled in [*history, []]:
            _post(per_member, _enrolled(enrolled), journal, MONTHS, JULY)
        assert not any(held.cents for held in journal.balances().values())


@given(before=spans, after=spans)
@few
def test_rows_of_a_pool_add_up_to_its_difference(
    tmp_path: Path, before: Spans, after: Spans
) -> None:
    """Also where cents are divided, each row that came or went has its dollars, and no rest."""
    path = tmp_path / "pool.journal"
    path.unlink(missing_ok=True)
    pool = _pool()
    with open_journal(path) as journal:
        _post(pool, _months(before), journal, MONTHS[:6], JULY)
        _post(pool, _months(after), journal, MONTHS[:6], JULY)
        was, now = _persons(before), _persons(after)
        for entry in journal.entries():
            month = entry.key.service.first.month
            if entry.version == 1:
                continue
            named = {(one.change, one.row.get("person_id")) for one in entry.reasons}
            came = {("came", who) for who, at in now - was if at == month}
            went = {("went", who) for who, at in was - now if at == month}
            assert named == came | went


def _persons(enrolled: Spans) -> set[tuple[str, int]]:
    return {(who, m) for who, first, last in enrolled for m in range(first, last + 1)}


def test_a_changed_row_says_what_changed(tmp_path: Path) -> None:
    """A row that is read as another number says both, and what that moved."""
    pool = _pool()
    rows = _months([("m1", 1, 1), ("m2", 1, 1)])["member_month"]
    with open_journal(tmp_path / "pool.journal") as journal:
        _post(pool, {"member_month": rows}, journal, MONTHS[:1], JULY)
        rows[0]["fraction"] = Decimal("0.5")
        _post(pool, {"member_month": rows}, journal, MONTHS[:1], JULY)
        _, entry = journal.entries()
        text = "sum(member_month.fraction)"
        reasons = [one for one in entry.reasons if one.change == "changed"]
        assert {one.row["person_id"] for one in reasons} == {"m1"}
        assert all((one.before[text], one.after[text]) == ("1", "0.5") for one in reasons)
        # 1.5 of 38.01 is 57.015, rounded to 57.02; lakes has a third of it, 19.006…, thus 19.01.
        assert entry.moves["lakes"] == 1901 - 3801


def test_a_new_version_of_the_contract_is_a_reason(tmp_path: Path) -> None:
    """What no row explains is said to come from the ruleset, if that is another."""
    data = _months([("m1", 1, 1)])
    with open_journal(tmp_path / "pool.journal") as journal:
        _post(_pool(), data, journal, MONTHS[:1], JULY)
        raised = {"payment": "sum(member_month.fraction) * raised"}
        _post(_pool(revenue=raised), data, journal, MONTHS[:1], JULY)
        _, entry = journal.entries()
        assert [(one.change, one.table) for one in entry.reasons] == [("other", "the ruleset")]
        assert entry.moves["lakes"] == 200


def _carrying() -> Ruleset:
    return _pool(
        revenue={"payment": "sum(premium.premium_amount)"},
        expenditure={"care": "sum(paid.paid_amount)"},
        gain={"share": "equal", "among": ["lakes"]},
        loss={"carry": "deficit"},
        carries=["deficit"],
    )


def _year(losses: Sequence[int], opening: str | None) -> Mapping[str, Any]:
    months = [date(2026, number + 1, 1) for number in range(len(losses))]
    balance = {"account": "pool.deficit", "as_of": "2025-12-31", "balance_amount": opening}
    return {
        "premium": [
            {"person_id": None, "month": m, "premium_amount": Decimal(100)} for m in months
        ],
        "paid": [
            {"payment_id": str(m), "party": "lakes", "month": m, "paid_amount": Decimal(100 + loss)}
            for m, loss in zip(months, losses, strict=True)
        ],
        **({} if opening is None else {"opening_balance": [balance]}),
    }


def test_a_deficit_comes_from_the_journal(tmp_path: Path) -> None:
    """Two months posted one by one open and close as two months in one run."""
    ruleset = _carrying()
    losses = [30, 5, -50]
    with (
        open_journal(tmp_path / "one.journal") as one,
        open_journal(tmp_path / "all.journal") as whole,
    ):
        _post(ruleset, _year(losses, "0.00"), whole, MONTHS[:3], JULY)
        _post(ruleset, _year(losses, "0.00"), one, MONTHS[:1], JULY)
        for month in MONTHS[1:3]:
            _post(ruleset, _year(losses, None), one, [month], JULY)
        assert one.balances() == whole.balances()
        assert one.balances()["pool.deficit"].cents == 0
        assert one.balances()["lakes"].cents == 1500
        for month in MONTHS[1:3]:
            _post(ruleset, _year(losses, None), one, [month], JULY)
        assert one.head()[0] == 3


@pytest.mark.parametrize(
    ("losses", "stated", "lakes"),
    [
        # The month left 30.00, and a row says 20.00 of the same day.
        ([30, -50], "-20.00", None),
        ([30, -50], "-30.00", 2000),
        # It left nothing: a row of that day says what came since, as of an account that was netted.
        ([0, -50], "-20.00", 3000),
        ([0, -50], None, 5000),
    ],
)
def test_a_stated_balance_holds_beside_a_journal_that_says_the_same_or_nothing(
    tmp_path: Path, losses: list[int], stated: str | None, lakes: int | None
) -> None:
    """A row of the very day may not contradict what is left; to nothing that is left it may add."""
    ruleset = _carrying()
    february = _year(losses, stated)
    for row in february.get("opening_balance", ()):
        row["as_of"] = "2026-01-31"
    with open_journal(tmp_path / "stated.journal") as journal:
        _post(ruleset, _year(losses, "0.00"), journal, MONTHS[:1], JULY)
        if lakes is None:
            with pytest.raises(SettlementError, match=r"30\.00 USD before 2026-02 by the journal"):
                _post(ruleset, february, journal, MONTHS[1:2], JULY)
        else:
            _post(ruleset, february, journal, MONTHS[1:2], JULY)
            assert journal.balances()["lakes"].cents == lakes


def test_results_say_what_is_left_in_accounts(tmp_path: Path) -> None:
    """The file has what the command prints, of a run that opens by the journal too."""
    ruleset, losses = _carrying(), [30, 5]
    with open_journal(tmp_path / "held.journal") as journal:
        _post(ruleset, _year(losses, "0.00"), journal, MONTHS[:1], JULY)
        out = tmp_path / "out"
        with ruleset.run(_year(losses, None), period=MONTHS[1:2], journal=journal, out=out) as run:
            assert {a: m.cents for a, m in run.books.held.items()} == {"pool.deficit": -3500}
        written = json.loads((out / "settlement.json").read_text(encoding="utf-8"))
    assert written["held"] == {"pool.deficit": "-35.00"}


def test_a_period_that_nobody_settled_opens_with_nothing(tmp_path: Path) -> None:
    """A journal that says nothing of an account is no zero."""
    with (
        open_journal(tmp_path / "empty.journal") as journal,
        pytest.raises(SettlementError, match="in the same run or the journal"),
    ):
        _carrying().run(_year([1, 2], None), period=MONTHS[1], journal=journal)
