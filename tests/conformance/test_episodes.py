"""Episodes in the inpatient claims of CMS DE-SynPUF: a program of plain loops finds the same."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from rules_engine import Engine
from rules_engine.engine.run import Run
from tests.conformance.made_claims import write
from tests.conformance.naive_claims import read
from tests.conformance.naive_episodes import Found, Service, find
from tests.conformance.naive_rules import CONDITIONS, Rules
from tests.conformance.naive_triggers import Trigger
from tests.conformance.oracles import ROOT, published

HERE: Final = Path(__file__).parent
RULESET: Final = HERE / "episodes" / "ruleset.yaml"
SYNPUF: Final = ROOT / "rulesets" / "vivity" / "mappings" / "synpuf"
MAPPINGS: Final = (
    SYNPUF / "medical_claim.yaml",
    SYNPUF / "eligibility.yaml",
    HERE / "episodes" / "death.yaml",
)
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

Rows = Mapping[str, list[tuple[Any, ...]]]
"""Rows by person."""


@pytest.fixture(scope="module")
def found() -> Found:
    """What the plain program finds in the raw files."""
    return find(read(published("synpuf")), Rules())


@pytest.fixture(scope="module")
def settled() -> Iterator[Run]:
    """What the ruleset finds in the same files."""
    with built(published("synpuf")) as run:
        yield run


def built(folder: Path, ruleset: Path = RULESET) -> Run:
    """Run a ruleset over raw files."""
    return Engine().load(ruleset).run(folder, mappings=MAPPINGS)


def changed(rules: Rules, folder: Path) -> Path:
    """Write the ruleset with other terms."""
    content = yaml.safe_load(RULESET.read_text(encoding="utf-8"))
    (rule,) = content["rules"]
    terms = rule["terms"]
    terms["days"]["procedure"] = terms["days"]["discharge"]
    terms["stays"] |= {"gap_days": rules.gap_days, "decided_by": rules.decided_by}
    if rules.transferred:
        terms["stays"]["transferred"] = f"diagnosis_code_2 = '{rules.transferred}'"
    for one in terms["types"]:
        one |= {"begins": rules.begins, "ends": rules.ends}
    for name in ("precedence", "one_open", "again", "look_back_days", "prorate", "belongs_by"):
        terms[name] = getattr(rules, name)
    if rules.included:
        terms["includes"] = f"diagnosis_code_1 = '{rules.included}'"
    if rules.plurality:
        terms["accountable"] = {"plurality": "claim_id is not null"}
    terms["risk"]["combine"] = rules.combine
    terms["truncate"] = {"does": rules.does} | {
        side: {term[0]: float(term[1])}
        for side, term in (("above", rules.above), ("below", rules.below))
        if term
    }
    path = folder / "ruleset.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


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
            "SELECT person_id, episode_id, episode_type, trigger_claim_id, trigger_code, hospital,"
            " trigger_day, admission_day, discharge_day, first_day, last_day, year(period_start),"
            " status, reason FROM conditions_trigger"
        ).fetchall()
    )


def trigger_row(one: Trigger) -> tuple[Any, ...]:
    """Write a trigger as the ruleset does."""
    days = (one.day, one.admitted, one.discharged, one.first, one.last)
    who = one.accountable or one.provider
    told = (one.year, one.status, one.reason)
    return (one.person, one.id, one.condition.name, one.claim, one.code, who, *days, *told)


def episodes_built(run: Run) -> Rows:
    """Give every opened episode of the ruleset, its amounts in cents."""
    rows = run.connection.execute(
        "SELECT person_id, episode_id, episode_type, trigger_claim_id, trigger_code,"
        " trigger_provider, hospital, trigger_day, admission_day, discharge_day, first_day,"
        " last_day, year(period_start), status, reason, risk_factors, risk_score, bundle_amount,"
        " prorated_amount, spent_amount, truncated_amount, actual_amount FROM conditions_episode"
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
        cost = Fraction(sum(one.actual for one in counted), 100)
        told = ", ".join(f"{fates[fate]} {fate}" for fate in FATES if fates[fate])
        print(  # noqa: T201  the report of the conformance run
            f"{condition.name}: {len(of_type):,} triggers; {told}; {len(counted):,} episodes"
            f" of {len({one.accountable for one in counted}):,} hospitals;"
            f" {float(cost / max(len(counted), 1)):,.2f} each"
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
    print({name: f"{Fraction(amount, 100)}" for name, amount in sums.items()})  # noqa: T201  the report of the conformance run
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


VARIANTS: Final = {
    "as in DE-SynPUF": Rules(),
    "transferred": Rules(transferred="V66", gap_days=2, decided_by="last"),
    "by type": Rules(precedence="type", combine="add", belongs_by="trigger_day"),
    "one of a type": Rules(one_open="type", plurality=True, belongs_by="first_day"),
    "restarts": Rules(again="restarts", look_back_days=0, prorate=False),
    "from discharge": Rules(begins="discharge", ends="admission", included="4280"),
    "of procedures": Rules(begins="procedure", ends="procedure", decided_by="last"),
    "deviations": Rules(
        above=("deviations", Fraction(1)), below=("deviations", Fraction(1, 2)), plurality=True
    ),
    "outliers": Rules(
        above=("percentile", Fraction(4, 5)), below=("amount", Fraction(5000)), does="exclude"
    ),
    "below": Rules(above=None, below=("percentile", Fraction(3, 10)), one_open="type"),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_rare_in_the_files_is_the_same_too(name: str, tmp_path: Path) -> None:
    """Made files in which days, hospitals and amounts lack, and stays overlap and touch."""
    write(tmp_path, persons=500, seed=20080101)
    with built(tmp_path, changed(VARIANTS[name], tmp_path)) as run:
        assert run.rejects_count == 0
        held_alike(run, find(read(tmp_path), VARIANTS[name]))
