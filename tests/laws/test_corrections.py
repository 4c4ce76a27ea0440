"""What becomes known late is corrected: in the end everybody has what knowing it at once had given."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import Correction, PricedClaim, PricedLine, RejectedLine, Ruleset, corrections
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch, claims_of, lines_of
from tests.laws.contracts import FIRST, TURN, claims, contract
from tests.laws.windows import (
    ENGINE,
    ENROLMENT,
    after,
    contracts_of_windows,
    lines_of_a_person,
    windowed,
)

KNOWN_AT = (FIRST, TURN, date(2016, 6, 30))
VISITS = {
    "id": "visits",
    "methodology": "fee_schedule",
    "source": "exhibit F",
    "terms": {"allowed": "charge_amount"},
}


def data_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the data of a run of these lines."""
    return {"medical_claim": lines, "eligibility": list(ENROLMENT)}


def told(lines: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Say of each line when it became known: some at once, some late, some do not say."""
    dice = Random(seed)  # noqa: S311  days, not secrets
    days = (None, *KNOWN_AT, FIRST - timedelta(days=1), TURN + timedelta(days=1))
    return [{**line, "known_date": dice.choice(days)} for line in lines]


def of_claims(found: Iterator[Correction]) -> dict[str, tuple[Correction, ...]]:
    """Group corrections by claim, without what only the price of one claim says."""
    by_claim: dict[str, list[Correction]] = {}
    for one in found:
        line = evolve(one.line, detail="") if isinstance(one.line, RejectedLine) else one.line
        by_claim.setdefault(one.claim_id, []).append(evolve(one, line=line))
    return {claim: tuple(listed) for claim, listed in by_claim.items()}


@settings(max_examples=max(10, settings().max_examples // 4))
@given(contracts_of_windows(), claims(), st.integers(0, 2**32))
def test_claims_known_late_lead_to_what_knowing_them_from_the_start_gives(
    found: Contract, lines: list[dict[str, Any]], seed: int
) -> None:
    """Day by day, in a batch and claim by claim alike; and each correction adds up to its reasons."""
    ruleset = found.load(ENGINE)
    late = told(lines, seed)
    paid: dict[tuple[str, int], Fraction] = {}
    before: dict[str, PricedClaim] = {}
    with ExitStack() as stack:
        earlier = None
        for day in KNOWN_AT:
            run = stack.enter_context(ruleset.run(data_of(late), mappings=(), known_at=day))
            alone_as_in_the_batch(ruleset, run)
            now = {
                claim["claim_id"]: ruleset.price(claim, run.given(person))
                for person, claim in claims_of(run)
            }
            alone = of_claims(
                one for name in sorted(now) for one in corrections(before.get(name), now[name])
            )
            if earlier is not None:
                assert of_claims(run.corrections(earlier)) == alone
            for one in (one for listed in alone.values() for one in listed):
                _adds_up(one)
                key = one.claim_id, one.claim_line_number
                paid[key] = paid.get(key, Fraction(0)) + Fraction(one.paid)
            before, earlier = now, run
        whole = stack.enter_context(ruleset.run(data_of(lines), mappings=()))
        expected = {key: row["paid_amount"] for key, row in lines_of(whole).items()}
        assert earlier is not None
        assert {key: row["paid_amount"] for key, row in lines_of(earlier).items()} == expected
        # A line that never had a price was never corrected.
        assert {key: amount for key, amount in paid.items() if amount} == {
            key: Fraction(amount) for key, amount in expected.items() if amount
        }


def _adds_up(one: Correction) -> None:
    taken = sum((Fraction(reason.amount) for reason in one.reasons), Fraction(0))
    if isinstance(one.line, PricedLine) and one.reversed is not None:
        charges = one.line.charge, one.reversed.charge
        if None not in charges and charges[0] == charges[1]:
            assert Fraction(one.paid) == -taken


def _bundled() -> Ruleset:
    care = windowed("hcpcs_code = 'X1'", amount="remaining", code="CO-97")
    return contract([VISITS, care]).load(ENGINE)


def _visit_and_trigger() -> list[dict[str, Any]]:
    """Give a visit that is known in time, and what opens a window around it, known in July."""
    (visit,) = lines_of_a_person(after(12))
    opener = {**lines_of_a_person(after(10), code="X1")[0], "claim_id": "opener"}
    return [{**visit, "known_date": after(20)}, {**opener, "known_date": TURN}]


def test_a_component_is_paid_until_its_trigger_is_known(tmp_path: Path) -> None:
    """The visit is paid 100.00 and not held back; in July it is reversed, and CO-97 takes 100.00."""
    ruleset = _bundled()
    data = data_of(_visit_and_trigger())
    with ruleset.run(
        data, tmp_path / "june", mappings=(), known_at=TURN - timedelta(days=1)
    ) as june:
        assert {key: str(row["paid_amount"]) for key, row in lines_of(june).items()} == {
            ("c0", 1): "100.00"
        }
        assert [one.rows_known_later for one in june.inputs if one.table == "medical_claim"] == [1]
    # From the folder of its results, as it lies there a month later.
    with ruleset.run(data, tmp_path / "july", mappings=(), known_at=TURN) as july:
        visit, opener = july.corrections(tmp_path / "june")
        assert not list(july.corrections(july))
    assert visit.reversed is not None
    assert isinstance(visit.line, PricedLine)
    assert (visit.reversed.paid, visit.line.paid, visit.paid) == (
        Decimal("100.00"),
        Decimal("0.00"),
        Decimal("-100.00"),
    )
    assert [(one.code, one.rule, str(one.amount)) for one in visit.reasons] == [
        ("CO-97", "care", "100.00")
    ]
    assert (opener.claim_id, opener.reversed, opener.paid) == ("opener", None, Decimal("0.00"))


def test_a_claim_that_is_replaced_is_taken_back_once_that_is_known() -> None:
    """Until then it counts, because nobody knows of the other."""
    (visit,) = lines_of_a_person(after(12))
    other = {**visit, "claim_id": "other", "replaces_claim_id": "c0", "known_date": TURN}
    ruleset = _bundled()
    data = data_of([{**visit, "replaces_claim_id": None}, other])
    with (
        ruleset.run(data, mappings=(), known_at=FIRST) as first,
        ruleset.run(data, mappings=(), known_at=TURN) as second,
    ):
        gone, new = second.corrections(first)
    assert (gone.claim_id, gone.line, str(gone.paid)) == ("c0", None, "-100.00")
    assert (new.claim_id, new.reversed, str(new.paid)) == ("other", None, "100.00")


def test_a_correction_is_of_one_claim() -> None:
    """Somebody who mixes two up is told, before money moves."""
    with pytest.raises(ValueError, match="c1 and c2 are two claims"):
        corrections(PricedClaim("c1", ()), PricedClaim("c2", ()))


def test_runs_of_other_rules_are_not_corrected(tmp_path: Path) -> None:
    """What a rule took cannot be reversed where nobody wrote down what it was."""
    data = data_of(lines_of_a_person(after(12)))
    with contract([VISITS]).load(ENGINE).run(data, tmp_path, mappings=()):
        pass
    with (
        _bundled().run(data, mappings=()) as run,
        pytest.raises(ValueError, match="the earlier lines have no care_amount"),
    ):
        list(run.corrections(tmp_path))
