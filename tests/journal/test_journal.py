"""The journal: versions, balances as of any day, and what it refuses; for every kind of it."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules_engine.ledger import Money
from rules_engine.ledger.journal import (
    Batch,
    JournalError,
    Opened,
    Posting,
    Reason,
    Service,
    open_journal,
    verify,
)
from tests.journal.books import AUTHOR, POSTED, Paid, batch, clinic, month, post, posting

Places = Callable[[], str]

MONTHS: Final = (1, 2, 3)
FIRST_DAY: Final = date(2026, 4, 1)

a_state: Final = st.dictionaries(
    st.tuples(st.sampled_from(["m1", "m2", "Ω/\"'"]), st.sampled_from(MONTHS)),
    st.integers(-500, 500),
    max_size=6,
)
histories: Final = st.lists(a_state, min_size=1, max_size=6)

# The places are new in every example, though the fixture that gives them is not.
# Fewer examples than elsewhere, because each waits for the disk several times.
new_places: Final = settings(
    max_examples=max(5, settings().max_examples // 10),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(history=histories)
@new_places
def test_the_latest_facts_are_what_is_paid(places: Places, history: list[Paid]) -> None:
    """Whatever was posted before, balances are those of having known the last facts alone."""
    with open_journal(places()) as journal, open_journal(places()) as straight:
        for place, state in enumerate(history):
            post(journal, state, MONTHS, FIRST_DAY + timedelta(days=place))
        post(straight, history[-1], MONTHS, FIRST_DAY)
        assert clinic(journal.balances()) == sum(history[-1].values())
        assert clinic(straight.balances()) == sum(history[-1].values())
        assert sum(held.cents for held in journal.balances().values()) == 0


@given(history=histories)
@new_places
def test_every_day_can_be_seen_again(places: Places, history: list[Paid]) -> None:
    """Balances as of a day are those of the facts that were known on it."""
    with open_journal(places()) as journal:
        for place, state in enumerate(history):
            post(journal, state, MONTHS, FIRST_DAY + timedelta(days=place))
        for place, state in enumerate(history):
            day = FIRST_DAY + timedelta(days=place)
            assert clinic(journal.balances(day)) == sum(state.values())
        assert journal.balances(FIRST_DAY - timedelta(days=1)) == {}


@given(history=histories)
@new_places
def test_a_reversal_restores_every_balance(places: Places, history: list[Paid]) -> None:
    """What is taken back leaves every account as if it had never been paid."""
    with open_journal(places()) as journal:
        for state in history:
            post(journal, state, MONTHS, FIRST_DAY)
        post(journal, {}, MONTHS, FIRST_DAY)
        assert all(not held.cents for held in journal.balances().values())
        post(journal, history[0], MONTHS, FIRST_DAY)
        assert clinic(journal.balances()) == sum(history[0].values())


@given(history=histories)
@new_places
def test_what_is_posted_twice_is_paid_once(places: Places, history: list[Paid]) -> None:
    """A run that is posted again writes nothing."""
    with open_journal(places()) as journal:
        for state in history:
            post(journal, state, MONTHS, FIRST_DAY)
            head = journal.head()
            again = post(journal, state, MONTHS, FIRST_DAY + timedelta(days=9))
            assert (again.written, again.net, journal.head()) == (0, {}, head)
            assert again.unchanged == sum(1 for cents in state.values() if cents)


@given(history=histories)
@new_places
def test_reasons_add_up_and_every_entry_verifies(places: Places, history: list[Paid]) -> None:
    """The moves of reasons are the difference, whatever an explainer says of rows."""

    def half(_change: object) -> list[Reason]:
        moves = {"lakes": 7, "plan": -7}
        named = {"person_id": "m1"}
        return [
            Reason(
                change="changed", table="member_month", row=named, before={}, after={}, moves=moves
            )
        ]

    with open_journal(places()) as journal:
        for state in history:
            journal.post(batch(state, MONTHS, explain=half), known_at=FIRST_DAY, posted_at=POSTED)
        for entry in journal.entries():
            total: dict[str, int] = {}
            for reason in entry.reasons:
                for account, cents in reason.moves.items():
                    total[account] = total.get(account, 0) + cents
            assert {a: c for a, c in total.items() if c} == entry.moves
        found = verify(journal)
        assert found.faults == ()
        assert (found.entries, found.head) == journal.head() or found.entries == 0


def test_corrections_in_any_order_lead_to_the_same(places: Places) -> None:
    """Whoever becomes known first, the total is that of having known all from the start."""
    start = {("m1", 1): 3800, ("m2", 1): 3800, ("m2", 2): 3800, ("m3", 2): 3800}
    corrections: list[Paid] = [{("m1", 1): 0}, {("m2", 2): 1900}, {("m4", 1): 3800}]
    final = {key: cents for known in (start, *corrections) for key, cents in known.items()}
    for order in permutations(corrections):
        with open_journal(places()) as journal:
            known = dict(start)
            post(journal, known, MONTHS, FIRST_DAY)
            for correction in order:
                known |= correction
                post(journal, known, MONTHS, FIRST_DAY)
            assert clinic(journal.balances()) == sum(final.values())
            held = {
                (key.grain[0], key.service.first.month): sum(
                    t.amount.cents for t in entry.transfers
                )
                for key, entry in journal.versions().items()
            }
            assert {k: c for k, c in held.items() if c} == {k: c for k, c in final.items() if c}


def test_only_what_a_run_covers_is_taken_back(places: Places) -> None:
    """A run of March says nothing about January."""
    paid = {("m1", 1): 100, ("m1", 3): 100, ("m2", 3): 100}
    with open_journal(places()) as journal:
        post(journal, paid, MONTHS, FIRST_DAY)
        done = post(journal, {("m2", 3): 100}, [3], FIRST_DAY)
        assert (done.reversed, done.unchanged, done.net["lakes"]) == (1, 1, -100)
        assert clinic(journal.balances()) == 200


def test_an_entry_says_what_it_reverses(places: Places) -> None:
    """Version 2 holds the transfers of version 1, and what holds instead."""
    with open_journal(places()) as journal:
        post(journal, {("m1", 1): 100}, [1], FIRST_DAY)
        done = post(journal, {("m1", 1): 60}, [1], FIRST_DAY + timedelta(days=1))
        first, second = journal.entries()
        assert (first.version, second.version, second.reversed) == (1, 2, first.transfers)
        assert second.moves == {"lakes": -40, "plan": 40}
        assert (done.corrected, done.reversed, done.net) == (1, 0, {"lakes": -40, "plan": 40})
        assert second.previous != first.previous
        assert [one.version for one in journal.versions().values()] == [2]


def test_older_facts_do_not_undo_later_ones(places: Places) -> None:
    """A run that knew less than what is posted is refused, and nothing is written."""
    with open_journal(places()) as journal:
        post(journal, {("m1", 1): 100}, [1], FIRST_DAY)
        with pytest.raises(JournalError, match="2026-03-31 are older"):
            post(journal, {}, [1], FIRST_DAY - timedelta(days=1))
        assert clinic(journal.balances()) == 100


def test_one_day_is_never_paid_in_two_periods(places: Places) -> None:
    """A rule that paid by the month is refused where it pays the quarter."""
    quarter = Service(date(2026, 1, 1), date(2026, 3, 31), "2026-Q1")
    whole = Batch(
        author=AUTHOR,
        currency="USD",
        covered=[("monthly", quarter)],
        postings=[posting("m1", quarter, 300)],
    )
    with open_journal(places()) as journal:
        post(journal, {("m1", 2): 100}, [2], FIRST_DAY)
        with pytest.raises(JournalError, match="shares days with 2026-Q1"):
            journal.post(whole, known_at=FIRST_DAY)
        assert clinic(journal.balances()) == 100


def test_what_a_run_does_not_cover_is_refused(places: Places) -> None:
    """A posting outside the covered periods stops all of its batch."""
    wrong = evolve(batch({("m1", 1): 1, ("m1", 2): 1}, [1, 2]), covered=[("monthly", month(1))])
    with open_journal(places()) as journal:
        with pytest.raises(JournalError, match="2026-02 is posted and not covered"):
            journal.post(wrong, known_at=FIRST_DAY)
        assert list(journal.entries()) == []


def test_a_batch_that_fails_halfway_leaves_nothing(places: Places) -> None:
    """Either all of a run is posted or none of it."""

    def broken() -> dict[str, int]:
        message = "the tables are closed"
        raise ValueError(message)

    whole = batch({("m1", 1): 1, ("m2", 1): 2}, [1])
    first, second = whole.postings
    with open_journal(places()) as journal:
        with pytest.raises(ValueError, match="tables are closed"):
            journal.post(
                evolve(whole, postings=[first, evolve(second, facts=broken)]), known_at=FIRST_DAY
            )
        assert list(journal.entries()) == []
        assert post(journal, {("m1", 1): 1}, [1], FIRST_DAY).written == 1


def _carrying(number: int, deficit: int) -> Posting:
    return posting("m1", month(number), 100, closing={"monthly.deficit": Money(deficit)})


def _carried(*postings: Posting, **more: Any) -> Batch:
    covered = [("monthly", one.service) for one in postings]
    return evolve(batch({}, []), covered=covered, postings=postings, **more)


def test_a_period_opens_with_what_the_one_before_left(places: Places) -> None:
    """A balance is said by the period right before, and by no other."""
    with open_journal(places()) as journal:
        journal.post(_carried(_carrying(1, -250)), known_at=FIRST_DAY)
        opening = journal.openings("lakes", "monthly", month(2), None)
        assert opening == {"monthly.deficit": Money(-250)}
        assert journal.openings("lakes", "monthly", month(3), None) == {}
        assert journal.openings("lakes", "other", month(3), None) == {
            "lakes": Money(100),
            "plan": Money(-100),
        }
        later = FIRST_DAY + timedelta(days=1)
        journal.post(_carried(_carrying(1, -90)), known_at=later)
        assert journal.openings("lakes", "monthly", month(2), later)["monthly.deficit"].cents == -90
        assert journal.openings("lakes", "monthly", month(2), FIRST_DAY) == opening
        anew = frozenset({("monthly", month(1))})
        assert journal.openings("lakes", "monthly", month(2), None, anew) == {}


def test_a_balance_that_changed_meanwhile_stops_the_batch(places: Places) -> None:
    """A run that opened with what does not hold any more has to be made again."""
    opened = Opened("monthly", "monthly.deficit", month(2), Money(-250))
    with open_journal(places()) as journal:
        journal.post(_carried(_carrying(1, -250)), known_at=FIRST_DAY)
        journal.post(_carried(_carrying(1, -90)), known_at=FIRST_DAY)
        with pytest.raises(JournalError, match="run may be made again"):
            journal.post(_carried(_carrying(2, -10), opened=[opened]), known_at=FIRST_DAY)
        assert len(list(journal.entries())) == 2


def test_a_journal_keeps_one_currency(places: Places) -> None:
    """Amounts that no balance could be added to are refused, and nothing is written."""
    with open_journal(places()) as journal:
        post(journal, {("m1", 1): 100}, MONTHS, FIRST_DAY)
        euros = evolve(batch({("m1", 1): 200}, MONTHS), currency="EUR")
        with pytest.raises(JournalError, match="the journal is in USD, and lakes pays in EUR"):
            journal.post(euros, known_at=FIRST_DAY + timedelta(days=1))
        assert clinic(journal.balances()) == 100
