"""CMS DE-SynPUF: episodes of five conditions, with every line told and nothing counted twice."""

from collections.abc import Iterator
from typing import Any

import pytest

from rules_engine import Engine, Run
from tests.conformance.oracles import ROOT, published

HERE = ROOT / "tests" / "conformance" / "episodes"
SYNPUF = ROOT / "rulesets" / "vivity" / "mappings" / "synpuf"
MAPPINGS = [SYNPUF / "medical_claim.yaml", SYNPUF / "eligibility.yaml", HERE / "death.yaml"]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Episodes of all years of the files."""
    ruleset = Engine().load(HERE / "ruleset.yaml")
    with ruleset.run(published("synpuf"), mappings=MAPPINGS) as made:
        yield made


def rows(run: Run, sql: str) -> list[tuple[Any, ...]]:
    """Ask the tables of the run."""
    return list(run.connection.execute(sql).fetchall())


def test_every_line_is_told_once_and_its_amount_is_counted_once(run: Run) -> None:
    """Bundle + outside + excluded = all lines, and the bundles are what the episodes cost."""
    ((lines, amount),) = rows(run, "SELECT count(*), sum(paid_amount) FROM medical_claim")
    assert rows(run, "SELECT count(*), sum(amount) FROM conditions_service") == [(lines, amount)]
    assert rows(run, "SELECT count(DISTINCT person_id) FROM conditions_service") == rows(
        run, "SELECT count(DISTINCT person_id) FROM medical_claim"
    )
    ((bundles, cut, costs),) = rows(
        run,
        "SELECT sum(bundle_amount), sum(prorated_amount + truncated_amount), sum(actual_amount)"
        " FROM conditions_episode",
    )
    assert rows(run, "SELECT sum(amount) FROM conditions_service WHERE status = 'bundle'") == [
        (bundles,)
    ]
    assert bundles == cut + costs


def test_every_trigger_is_counted_with_what_became_of_it(run: Run) -> None:
    """Each claim with a group of the five conditions is a trigger; each has a status."""
    for status, reason, triggers in rows(
        run, "SELECT status, reason, count(*) FROM conditions_trigger GROUP BY ALL ORDER BY ALL"
    ):
        shown = f"{status} {reason or ''}: {triggers:,}"
        print(shown)  # noqa: T201  the counts are what the test is read for
    for kind, episodes, providers, amount in rows(
        run,
        "SELECT episode_type, count(*), count(DISTINCT hospital), sum(actual_amount)"
        " FROM conditions_episode WHERE status = 'counted' GROUP BY ALL ORDER BY ALL",
    ):
        shown = f"{kind}: {episodes:,} episodes of {providers:,} hospitals for {amount:,}"
        print(shown)  # noqa: T201  the counts are what the test is read for
    assert rows(run, "SELECT count(DISTINCT trigger_claim_id) FROM conditions_trigger") <= rows(
        run,
        "SELECT count(DISTINCT claim_id) FROM medical_claim WHERE drg_code IN ('231', '232', '233',"
        " '234', '235', '236', '469', '470', '280', '281', '282', '193', '194', '195', '291',"
        " '292', '293')",
    )
    assert rows(
        run,
        "SELECT count(*) FROM conditions_trigger WHERE (reason IS NULL) <> (status = 'counted')",
    ) == [(0,)]


def test_no_two_episodes_of_a_person_are_open_on_one_day(run: Run) -> None:
    """From the trigger day to the last day of the window there is one at most."""
    assert (
        rows(
            run,
            "SELECT a.episode_id FROM conditions_episode AS a JOIN conditions_episode AS b"
            " ON b.person_id = a.person_id AND b.episode_id <> a.episode_id"
            " AND a.trigger_day <= b.last_day AND b.trigger_day <= a.last_day",
        )
        == []
    )


def test_the_outputs_of_a_year_are_what_the_tables_say(run: Run) -> None:
    """Triggers = refused + suppressed + excluded + counted, and amounts add up."""
    for one in run.settlements:
        outputs = one.outputs
        assert outputs["triggers"] > 0
        assert outputs["bundle_amount"] == (
            outputs["prorated_amount"] + outputs["truncated_amount"] + outputs["actual_amount"]
        )
        assert outputs["total_amount"] == (
            outputs["in_bundle"] + outputs["outside"] + outputs["left_out"]
        )
