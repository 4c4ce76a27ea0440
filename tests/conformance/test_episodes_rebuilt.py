"""Episodes in the inpatient claims of CMS DE-SynPUF: a program of plain loops finds the same."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from rules_engine.engine.run import Run
from tests.conformance.episode_rows import built, cents, held_alike
from tests.conformance.naive_claims import read
from tests.conformance.naive_episodes import Found, find
from tests.conformance.naive_rules import CONDITIONS, Rules
from tests.conformance.oracles import published

FATES: Final = (
    "no_days",
    "open_episode",
    "clean_period",
    "no_period",
    "enrolment_gap",
    "died",
    "renal",
    "no_provider",
)
"""Why a trigger is not a counted episode, in the order in which it is asked."""


@pytest.fixture(scope="module")
def found() -> Found:
    """What the plain program finds in the raw files."""
    return find(read(published("synpuf")), Rules())


@pytest.fixture(scope="module")
def settled() -> Iterator[Run]:
    """What the ruleset finds in the same files."""
    with built(published("synpuf")) as run:
        yield run


def dollars(amount: int) -> str:
    """Write whole cents."""
    return f"{amount // 100:,}.{amount % 100:02}"


def test_every_person_has_the_same_episodes(settled: Run, found: Found) -> None:
    """Triggers and why not, days, hospitals, costs and where each line belongs, of all persons."""
    assert settled.connection.execute("SELECT count(*) FROM medical_claim").fetchall() == [
        (len(found.services),)
    ]
    held_alike(settled, found)


def test_the_settlements_count_the_same(settled: Run, found: Found) -> None:
    """Triggers, exclusions by reason, episodes and costs of each condition and year."""
    for condition in CONDITIONS:
        of_type = [one for one in found.triggers if one.condition == condition]
        fates = Counter(one.reason for one in of_type)
        counted = [one for one in of_type if one.status == "counted"]
        cost = sum(one.actual for one in counted)
        told = ", ".join(f"{fates[fate]} {fate}" for fate in FATES if fates[fate])
        print(  # noqa: T201  the report of the conformance run
            f"{condition.name}: {len(of_type):,} triggers; {told}; {len(counted):,} episodes"
            f" of {len({one.accountable for one in counted}):,} hospitals,"
            f" {dollars(cost)} in all, {dollars(cost // max(len(counted), 1))} each"
        )
    for one in settled.settlements:
        year = one.period.first.year
        outputs = one.outputs
        of_year = [trigger for trigger in found.triggers if trigger.year == year]
        counted = [trigger for trigger in of_year if trigger.status == "counted"]
        fates = Counter(trigger.reason for trigger in of_year)
        assert outputs["triggers"] == len(of_year)
        assert outputs["refused"] == fates["no_days"]
        assert outputs["suppressed"] == fates["open_episode"] + fates["clean_period"]
        assert outputs["episodes"] == len(counted)
        for fate in ("enrolment_gap", "died", "renal", "no_provider"):
            assert outputs[f"excluded_{fate}"] == fates[fate], fate
        for condition in CONDITIONS:
            of_type = [trigger for trigger in counted if trigger.condition == condition]
            assert outputs[f"episodes_{condition.name}"] == len(of_type)
            assert cents(outputs[f"actual_{condition.name}"]) == sum(t.actual for t in of_type)


def test_no_amount_is_lost_or_counted_twice(settled: Run, found: Found) -> None:
    """Bundle, before anything is cut, + outside + excluded = all that the files say was paid."""
    paid = sum(service.line.cents or 0 for service in found.services)
    sums: dict[str, int] = {
        status: cents(amount)
        for status, amount in settled.connection.execute(
            "SELECT status, sum(amount) FROM conditions_service GROUP BY status"
        ).fetchall()
    }
    print(  # noqa: T201  the report of the conformance run
        *(f"{name} {dollars(amount)}" for name, amount in sorted(sums.items())), sep=" + "
    )
    assert sums.keys() <= {"bundle", "outside", "excluded"}
    assert sum(sums.values()) == paid
    assert sums["bundle"] == sum(one.bundle for one in found.triggers)
    for one in settled.settlements:
        outputs = one.outputs
        assert (
            outputs["in_bundle"] + outputs["outside"] + outputs["left_out"]
            == (outputs["total_amount"])
        )
        assert outputs["bundle_amount"] == (
            outputs["prorated_amount"] + outputs["truncated_amount"] + outputs["actual_amount"]
        )
