"""Episodes in made claims, by every choice of the page: the plain program finds the same."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest
import yaml

from rules_engine import Engine
from tests.conformance.episode_rows import RULESET, built, held_alike
from tests.conformance.made_claims import write
from tests.conformance.naive_claims import read
from tests.conformance.naive_episodes import find
from tests.conformance.naive_rules import Rules

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
        if rules.again == "restarts":
            one.pop("clean_days", None)
        one |= {"begins": rules.begins, "ends": rules.ends}
    for name in ("precedence", "one_open", "again", "look_back_days", "prorate", "belongs_by"):
        terms[name] = getattr(rules, name)
    if rules.included:
        terms["includes"] = f"diagnosis_code_1 = '{rules.included}'"
    if rules.plurality:
        terms["accountable"] = {"plurality": "claim_id is not null"}
    terms["risk"]["combine"] = rules.combine
    terms["truncate"] = {"does": rules.does} | {
        side: {term[0]: _written(term[1])}
        for side, term in (("above", rules.above), ("below", rules.below))
        if term
    }
    path = folder / "ruleset.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _written(number: Fraction) -> int | float:
    # Of one or two places, so that YAML gets the digits that the fraction stands for.
    return number.numerator if number.denominator == 1 else float(number)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_rare_in_the_files_is_the_same_too(name: str, tmp_path: Path) -> None:
    """Made files in which days, hospitals and amounts lack, and stays overlap and touch."""
    write(tmp_path, persons=500, seed=20080101)
    with built(tmp_path, changed(VARIANTS[name], tmp_path)) as run:
        assert run.rejects_count == 0
        held_alike(run, find(read(tmp_path), VARIANTS[name]))


def test_what_a_later_episode_is_does_not_change_why_a_trigger_is_suppressed() -> None:
    """A bypass within the clean days of one episode is told so, whatever opens after them."""
    stays = (
        ("c1", "193", date(2009, 1, 5), date(2009, 1, 7)),
        ("c2", "231", date(2009, 2, 20), date(2009, 2, 22)),
        ("c3", "193", date(2009, 4, 1), date(2009, 4, 3)),
    )
    claims = [
        {
            "claim_id": claim,
            "claim_line_number": 1,
            "claim_type": "institutional",
            "person_id": "m1",
            "facility_ccn": "h1",
            "drg_code": group,
            "admission_date": first,
            "discharge_date": last,
            "paid_amount": Decimal("100.00"),
        }
        for claim, group, first, last in stays
    ]
    blank = (
        "claim_start_date",
        "claim_end_date",
        "claim_line_start_date",
        "claim_line_end_date",
        *(f"diagnosis_code_{place}" for place in range(1, 4)),
    )
    months = [
        {"person_id": "m1", "month": date(2009, month, 1), "fraction": Decimal(1)}
        for month in range(1, 13)
    ]
    data = {
        "medical_claim": [dict.fromkeys(blank) | claim for claim in claims],
        "member_month": months,
        "death": [{"person_id": "m2", "death_date": date(2009, 1, 1)}],
    }
    with Engine().load(RULESET).run(data) as run:
        assert run.connection.execute(
            "SELECT trigger_claim_id, status, reason FROM conditions_trigger ORDER BY 1"
        ).fetchall() == [
            ("c1", "counted", None),
            ("c2", "suppressed", "clean_period"),
            ("c3", "counted", None),
        ]


def test_an_excluded_episode_says_who_answers_for_it(tmp_path: Path) -> None:
    """Where the trigger's hospital is accountable, it is so for every episode."""
    write(tmp_path, persons=100, seed=20080101)
    with built(tmp_path) as run:
        assert run.connection.execute(
            "SELECT count(*) FROM conditions_episode WHERE hospital IS DISTINCT FROM"
            " trigger_provider"
        ).fetchall() == [(0,)]


def test_a_trigger_has_the_columns_of_an_episode(tmp_path: Path) -> None:
    """All up to its period, among them the trigger's own provider."""
    write(tmp_path, persons=10, seed=20080101)
    with built(tmp_path) as run:
        columns = {
            table: [name for name, *_ in run.connection.execute(f"DESCRIBE {table}").fetchall()]
            for table in ("conditions_episode", "conditions_trigger")
        }
    episode = columns["conditions_episode"]
    of_both = episode[: episode.index("period_end") + 1]
    assert [name for name in columns["conditions_trigger"] if name in of_both] == of_both
