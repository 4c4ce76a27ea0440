"""Bundles that are paid when they open: their services cost nothing more, and their parts add up."""

from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import PricedLine, Run, SettlementError, corrections
from rules_engine.testing import hold_to_every_law
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import (
    alone_as_in_the_batch,
    amounts_of,
    claims_of,
    explanations_give_the_amounts,
    lines_of,
    transfers_balance,
)
from tests.plugins.loaded import loaded_contract
from tests.plugins.prospective import ENGINE, FIRST, claims, contract, line, terms

KNOWN_AT = (FIRST, date(2026, 7, 1), date(2027, 1, 31))
FEW = settings(max_examples=max(10, settings().max_examples // 2))
FEWER = settings(max_examples=max(6, settings().max_examples // 5))
SPLIT = {"among": ["hospital", "surgeons", "rehab"]}


def paid(run: Run) -> dict[str, str]:
    """Give what each claim of one line is paid."""
    return {claim: str(row["paid_amount"]) for (claim, _), row in lines_of(run).items()}


@FEW
@given(terms(), claims())
def test_a_bundle_and_its_split_add_up(said: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """What is paid of bundles is what parties divide, to the cent, bundle by bundle."""
    ruleset = loaded_contract(ENGINE, contract(said))
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        moved = [one for one in run.ledger.transfers if one.rule == "bundle"]
        transfers_balance(moved)
        (made,) = [one for one in run.settlements if one.rule == "bundle"]
        assert (
            sum(t.amount.cents for t in moved if t.source == "plan") == made.outputs["paid"] * 100
        )
        if "split" in said and made.outputs["bundles"]:
            some = said["split"].get("took_part", False)
            assert some or sum(made.outputs["share"].values()) == made.outputs["paid"]
            own = {one.reason: one.amount.cents for one in moved if one.source == "plan"}
            for reason, cents in own.items():
                parts = [t.amount.cents for t in moved if t.reason == f"part of {reason}"]
                # What is left is the network's own part, or that of nobody who was there.
                assert "network" in said["split"]["among"] or some or sum(parts) == cents
                assert not some or sum(parts) in {0, cents} or "network" in said["split"]["among"]
                assert sum(parts) <= cents
        explanations_give_the_amounts(ruleset, run)


@FEW
@given(terms(), claims())
def test_a_claim_given_the_open_bundle_is_the_claim_in_the_batch(
    said: dict[str, Any], lines: list[dict[str, Any]]
) -> None:
    """Zeroes, carve-outs and codes alike; and the order of claims changes nothing."""
    ruleset = loaded_contract(ENGINE, contract(said))
    assert ruleset.needs.given == ("bundle_open",)
    with (
        ruleset.run({"medical_claim": lines}, mappings=()) as run,
        ruleset.run({"medical_claim": lines[::-1]}, mappings=()) as other,
    ):
        alone_as_in_the_batch(ruleset, run)
        assert amounts_of(run) == amounts_of(other)


@FEWER
@given(terms(), claims())
def test_bundles_known_late_lead_to_what_knowing_them_from_the_start_gives(
    said: dict[str, Any], lines: list[dict[str, Any]]
) -> None:
    """Claim by claim and in the batch; bundles and lines add up in one remittance at each day."""
    ruleset = loaded_contract(ENGINE, contract(said))
    remitted = Fraction(0)
    with ExitStack() as stack:
        known: dict[str, Any] = {}
        earlier: Run | None = None
        for day in KNOWN_AT:
            run = stack.enter_context(
                ruleset.run({"medical_claim": lines}, mappings=(), known_at=day)
            )
            now = {c["claim_id"]: ruleset.price(c, run.given(who)) for who, c in claims_of(run)}
            alone = [c for name in sorted(now) for c in corrections(known.get(name), now[name])]
            if earlier is not None:
                assert list(run.corrections(earlier)) == alone
            remitted += sum((Fraction(c.paid) for c in alone), Fraction(0))
            remitted += _bundles(run) - (_bundles(earlier) if earlier is not None else 0)
            assert remitted == _bundles(run) + _lines(run)
            known, earlier = now, run
        at_once = [{**row, "known_date": None} for row in lines]
        whole = stack.enter_context(ruleset.run({"medical_claim": at_once}, mappings=()))
        assert earlier is not None
        assert amounts_of(earlier) == amounts_of(whole)
        assert remitted == _bundles(whole) + _lines(whole)


@FEWER
@given(terms(), claims(), st.integers(0, 2**32))
def test_a_bundle_keeps_every_law(
    said: dict[str, Any], lines: list[dict[str, Any]], seed: int
) -> None:
    """Order, threads and the host do not matter; a second run gives the same; reasons add up."""
    hold_to_every_law(ENGINE, contract(said), {"medical_claim": lines}, seed)


def _bundles(run: Run) -> Fraction:
    (made,) = [one for one in run.settlements if one.rule == "bundle"]
    found: Fraction = made.outputs["paid"]
    return found


def _lines(run: Run) -> Fraction:
    return sum((Fraction(row["paid_amount"]) for row in lines_of(run).values()), Fraction(0))


def test_a_bundle_is_paid_once_and_its_services_are_not() -> None:
    """A knee on 10 January opens thirty days: 20,000.01 once; 9 February is the first day after."""
    said = {"services": "hcpcs_code <> 'J1000'", "split": SPLIT}
    lines = [
        line("before", 9),
        line("knee", 10, "27447", charge_amount=Decimal("30000.00")),
        line("visit", 39),
        line("drug", 20, "J1000"),
        line("after", 40),
        line("other", 12, person_id="m2"),
    ]
    ruleset = loaded_contract(ENGINE, contract(said))
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        assert paid(run) == {
            "after": "100.00",
            "before": "100.00",
            "drug": "100.00",
            "knee": "0.00",
            "other": "100.00",
            "visit": "0.00",
        }
        balances = {party: str(money) for party, money in run.ledger.balances().items()}
        (priced,) = ruleset.price(lines[2], run.given("m1")).lines
    assert isinstance(priced, PricedLine)
    assert [(a.code, str(a.amount)) for a in priced.adjustments] == [("CO-97", "100.00")]
    # A third of 20,000.01 is 6,666.67 for each.
    assert balances == {
        "hospital": "6666.67 USD",
        "network": "0.00 USD",
        "plan": "-20000.01 USD",
        "rehab": "6666.67 USD",
        "surgeons": "6666.67 USD",
    }


def test_a_price_is_that_of_the_day_on_which_the_bundle_opens() -> None:
    """30 June still has the old one, and the period in which it opened pays it."""
    lines = [line("old", 181, "27447"), line("new", 182, "27447", person_id="m2")]
    ruleset = contract({}, period="quarter").load(ENGINE)
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        found = {s.period.label: s.outputs["paid"] for s in run.settlements if s.rule == "bundle"}
    assert found == {
        "2026-Q1": 0,
        "2026-Q2": Fraction("20000.01"),
        "2026-Q3": Fraction("21000.02"),
        "2026-Q4": 0,
    }


def test_a_component_is_paid_until_its_bundle_is_known() -> None:
    """A visit of 12 January is paid at once; the knee before it is known in July, and takes it back."""
    july = date(2026, 7, 1)
    lines = [line("visit", 12), line("knee", 10, "27447", known_date=july)]
    ruleset = contract({}).load(ENGINE)
    with (
        ruleset.run(
            {"medical_claim": lines}, mappings=(), known_at=july - timedelta(days=1)
        ) as june,
        ruleset.run({"medical_claim": lines}, mappings=(), known_at=july) as later,
    ):
        assert paid(june) == {"visit": "100.00"}
        new, visit = later.corrections(june)
        assert (_bundles(june), _bundles(later)) == (Fraction(0), Fraction("20000.01"))
    assert (new.claim_id, new.reversed, str(new.paid)) == ("knee", None, "0.00")
    assert (str(visit.paid), [(r.code, r.rule, str(r.amount)) for r in visit.reasons]) == (
        "-100.00",
        [("CO-97", "bundle", "100.00")],
    )


def test_only_who_took_part_divides_a_bundle() -> None:
    """The surgeons and the rehab were there; of 20,000.01 three parts of five and two are theirs."""
    split = {**SPLIT, "took_part": True, "by": "CASE WHEN count(visits) > 1 THEN 3 ELSE 2 END"}
    lines = [
        line("knee", 10, "27447", party="surgeons"),
        line("check", 39, party="surgeons"),
        line("exercise", 20, party="rehab"),
        line("late", 40),
        line("other", 12, person_id="m2"),
        line("nobody", 100, "27447", party=None, person_id="m3"),
    ]
    with contract({"split": split}).load(ENGINE).run({"medical_claim": lines}, mappings=()) as run:
        found = {(t.target, t.reason): str(t.amount) for t in run.ledger.transfers}
        outputs = run.settled("bundle").outputs
    own, nobody = "bundle m1-1 that opened on 2026-01-10", "bundle m3-1 that opened on 2026-04-10"
    assert found == {
        ("network", own): "20000.01 USD",
        ("rehab", f"part of {own}"): "8000.00 USD",
        ("surgeons", f"part of {own}"): "12000.01 USD",
        # Nobody of them was there, so that the network keeps it.
        ("network", nobody): "20000.01 USD",
    }
    assert outputs["share"] == {
        "hospital": 0,
        "rehab": 8000,
        "surgeons": Fraction("12000.01"),
    }


def test_an_episode_that_does_not_count_is_not_paid_and_its_services_are() -> None:
    """Whatever a contract excludes stays fee for service."""
    said = {"counts": "provider <> 'elsewhere'", "warranty_days": 10}
    lines = [line("knee", 10, "27447", party="elsewhere"), line("visit", 12)]
    ruleset = loaded_contract(ENGINE, contract(said))
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        assert paid(run) == {"knee": "100.00", "visit": "100.00"}
        assert run.settled("bundle").outputs["bundles"] == 0
        assert run.connection.execute("FROM bundle_warranty").fetchall() == []


def _for_each_provider(providers: list[str]) -> Contract:
    """Give a contract that runs the bundles for each provider of a table."""
    made = contract({"to": "provider_entity"})
    rules = [dict(rule) for rule in made.document["rules"]]
    rules[2]["for_each"] = "provider_entity"
    tables = {**made.document["tables"], "trusted": {
        "file": "trusted.csv", "key": ["provider"], "columns": {"since": "count"}}}  # fmt: skip
    entity = {"table": "trusted", "key": ["provider"], "role": "provider"}
    more = {"rules": rules, "tables": tables, "entities": {"provider_entity": entity}}
    csv = "provider,since\n" + "".join(f"{name},2026\n" for name in providers)
    files = {**made.files, "trusted.csv": csv}
    return evolve(made, document={**made.document, **more}, files=files)


def test_each_provider_is_paid_its_own_bundles() -> None:
    """The episode says whose it is; one of nobody stops the run, because somebody has to be paid."""
    ruleset = _for_each_provider(["h1", "h2"]).load(ENGINE)
    lines = [
        line("a", 10, "27447", party="h1"),
        line("b", 190, "27447", party="h2", person_id="m2"),
        line("c", 10, "27447", party="h1", person_id="m3"),
    ]
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        balances = {who: str(money) for who, money in run.ledger.balances().items()}
    assert balances == {"h1": "40000.02 USD", "h2": "21000.02 USD", "plan": "-61000.04 USD"}
    for party, whose in ((None, "nobody"), ("h3", "h3")):
        with pytest.raises(SettlementError, match=f"episode m1-1 belongs to {whose}, for whom the"):
            ruleset.run({"medical_claim": [line("a", 10, "27447", party=party)]}, mappings=())


WARRANTED = {
    "id": "warranted",
    "methodology": "fee_schedule",
    "source": "exhibit warranty",
    "when": "has(bundle_warranty, person_id) AND hcpcs_code = 'T84'",
    "terms": {"adjustment": {"amount": "remaining", "code": "CO-97"}},
}


def test_a_warranty_follows_the_bundle_and_ends_where_the_next_one_opens() -> None:
    """Days 40 to 49 after a knee on day 10; of the second knee on day 45 it begins anew on day 75."""
    ruleset = contract({"warranty_days": 10}, WARRANTED).load(ENGINE)
    lines = [
        line("knee", 10, "27447"),
        line("first", 40, "T84"),
        line("visit", 41),
        line("second", 45, "27447"),
        line("covered", 49, "T84"),
        line("again", 75, "T84"),
        line("last", 84, "T84"),
        line("after", 85, "T84"),
    ]
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        found = paid(run)
        assert [name for name, amount in found.items() if amount == "100.00"] == ["after", "visit"]
        spans = run.connection.execute("SELECT first_day, last_day FROM bundle_warranty ORDER BY 1")
        days = [((a - FIRST).days + 1, (b - FIRST).days + 1) for a, b in spans.fetchall()]
        assert days == [(40, 44), (75, 84)]
        taken = {claim: row for (claim, _), row in lines_of(run).items()}
    assert (str(taken["covered"]["bundle_amount"]), str(taken["first"]["warranted_amount"])) == (
        "100.00",
        "100.00",
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"price": "CASE WHEN provider = 'x' THEN 1.00 END"}, "episode m1-1 has no price"),
        ({"split": {**SPLIT, "by": "0"}}, "every party of bundle in 2026 has weight 0"),
        ({"split": {**SPLIT, "by": "0 - 1"}}, "the weight of hospital in bundle is -1"),
        ({"to": "plan"}, "plan pays bundle and is paid"),
    ],
)
def test_facts_that_allow_no_payment_stop_the_run(said: dict[str, Any], why: str) -> None:
    """Nothing is guessed, and nothing is paid at zero."""
    ruleset = loaded_contract(ENGINE, contract(said))
    with pytest.raises(SettlementError, match=why):
        ruleset.run({"medical_claim": [line("knee", 10, "27447")]}, mappings=())
