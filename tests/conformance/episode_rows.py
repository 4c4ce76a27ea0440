"""Episodes of a ruleset beside those of the plain program, person by person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from rules_engine import Engine
from rules_engine.engine.run import Run
from tests.conformance.naive_episodes import Found, Service
from tests.conformance.naive_triggers import Trigger
from tests.conformance.oracles import ROOT

HERE: Final = Path(__file__).parent
RULESET: Final = HERE / "episodes" / "ruleset.yaml"
SYNPUF: Final = ROOT / "rulesets" / "vivity" / "mappings" / "synpuf"
MAPPINGS: Final = (
    SYNPUF / "medical_claim.yaml",
    SYNPUF / "eligibility.yaml",
    HERE / "episodes" / "death.yaml",
)
Rows = Mapping[str, list[tuple[Any, ...]]]
"""Rows by person."""


def built(folder: Path, ruleset: Path = RULESET) -> Run:
    """Run a ruleset over raw files."""
    return Engine().load(ruleset).run(folder, mappings=MAPPINGS)


def by_person(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """Put rows that begin with a person in order."""
    people = defaultdict(list)
    for person, *rest in rows:
        people[person].append(tuple(rest))
    return {person: sorted(some, key=str) for person, some in people.items()}


def cents(amount: Any) -> int:
    """Give an exact amount in whole cents."""
    whole = Fraction(amount) * 100
    assert whole.denominator == 1
    return whole.numerator


def triggers_built(run: Run) -> Rows:
    """Give every trigger of the ruleset."""
    return by_person(
        run.connection.execute(
            "SELECT person_id, episode_id, episode_type, trigger_claim_id, trigger_code,"
            " trigger_provider, hospital, trigger_day, admission_day, discharge_day,"
            " first_day, last_day, year(period_start), status, reason FROM conditions_trigger"
        ).fetchall()
    )


def trigger_row(one: Trigger) -> tuple[Any, ...]:
    """Write a trigger as the ruleset does."""
    days = (one.day, one.admitted, one.discharged, one.first, one.last)
    who = (one.provider, one.accountable or one.provider)
    told = (one.year, one.status, one.reason)
    return (one.person, one.id, one.condition.name, one.claim, one.code, *who, *days, *told)


def episodes_built(run: Run) -> Rows:
    """Give every opened episode of the ruleset, its amounts in cents."""
    rows = run.connection.execute(
        "SELECT person_id, episode_id, episode_type, trigger_claim_id, trigger_code,"
        " trigger_provider, hospital, trigger_day, admission_day, discharge_day, first_day,"
        " last_day, year(period_start), status, reason, risk_factors, risk_score,"
        " bundle_amount, prorated_amount, spent_amount, truncated_amount, actual_amount"
        " FROM conditions_episode"
    ).fetchall()
    return by_person(
        (*row[:-6], Fraction(row[-6]), *(cents(amount) for amount in row[-5:])) for row in rows
    )


def episode_row(one: Trigger) -> tuple[Any, ...]:
    """Write an opened episode as the ruleset does."""
    days = (one.day, one.admitted, one.discharged, one.first, one.last)
    told = (one.year, one.status, one.reason, " ".join(one.factors), one.risk)
    amounts = (one.bundle, one.prorated, one.spent, one.truncated, one.actual)
    who = (one.provider, one.accountable)
    name = one.condition.name
    return (one.person, one.id, name, one.claim, one.code, *who, *days, *told, *amounts)


def services_built(run: Run) -> Rows:
    """Give every line of the ruleset, its amounts in cents."""
    rows = run.connection.execute(
        "SELECT person_id, claim_id, claim_line_number, service_day, hospital, is_unmeasured,"
        " status, reason, episode_id, amount, prorated_amount FROM conditions_service"
    ).fetchall()
    return by_person((*row[:-2], *(cents(amount) for amount in row[-2:])) for row in rows)


def service_row(one: Service) -> tuple[Any, ...]:
    """Write a line as the ruleset does."""
    line = one.line
    whose = (line.person, line.claim, line.number, line.admitted, line.hospital)
    told = (line.cents is None, one.status, one.reason, one.episode)
    return (*whose, *told, line.cents or 0, one.prorated)


def differing(left: Rows, right: Rows) -> list[tuple[str, Any, Any]]:
    """Give who differs, what the ruleset has and what the plain program has."""
    return [
        (person, left.get(person), right.get(person))
        for person in sorted(left.keys() | right.keys())
        if left.get(person) != right.get(person)
    ]


def held_alike(run: Run, found: Found) -> None:
    """Ask that triggers, episodes and lines of each person are equal."""
    compared = {
        "triggers": (triggers_built(run), by_person(map(trigger_row, found.triggers))),
        "episodes": (
            episodes_built(run),
            by_person(episode_row(one) for one in found.triggers if one.is_open),
        ),
        "services": (services_built(run), by_person(map(service_row, found.services))),
    }
    for name, (left, right) in compared.items():
        others = differing(left, right)
        total = sum(map(len, right.values()))
        print(  # noqa: T201  the report of the conformance run
            f"{name}: {total:,} of {len(right):,} persons; {len(others)} persons differ"
        )
        assert not others, f"{name} differ, of the ruleset and of the loops: {others[:3]}"
