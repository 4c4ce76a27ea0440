"""The reference rulesets: each is valid, and its worked cases pass."""

from pathlib import Path

import pytest

from rules_engine import Engine

ROOT = Path(__file__).parents[2]
RULESETS = sorted(
    path
    for path in (ROOT / "rulesets").glob("*/*.yaml")
    if any(line.startswith("ruleset:") for line in path.read_text(encoding="utf-8").splitlines())
)
NAMES = [path.relative_to(ROOT / "rulesets").as_posix() for path in RULESETS]


def test_there_are_rulesets() -> None:
    """Every folder has one at least, and the tests below find it."""
    folders = {path for path in (ROOT / "rulesets").iterdir() if path.is_dir()}
    assert folders
    assert {path.parent for path in RULESETS} == folders


def test_the_list_of_programs_names_every_folder() -> None:
    """With a README of its own, which says where its figures come from."""
    listed = (ROOT / "rulesets" / "README.md").read_text(encoding="utf-8")
    for path in RULESETS:
        assert f"]({path.parent.name})" in listed
        assert (path.parent / "README.md").exists()


@pytest.mark.parametrize("path", RULESETS, ids=NAMES)
def test_a_reference_ruleset_is_valid(path: Path) -> None:
    """Validation finds no error."""
    found = [str(one) for one in Engine().validate(path) if one.severity == "error"]
    assert found == []


@pytest.mark.parametrize("path", RULESETS, ids=NAMES)
def test_the_cases_of_a_reference_ruleset_pass(path: Path) -> None:
    """It has cases, and the engine finds every amount that they expect."""
    results = Engine().load(path).test()
    assert results
    for result in results:
        missed = [str(one) for one in result.comparisons if not one.passed]
        assert result.passed, (result.place, result.name, result.error, missed)


@pytest.mark.parametrize("path", RULESETS, ids=NAMES)
def test_every_table_of_a_reference_ruleset_says_where_its_rows_come_from(path: Path) -> None:
    """A file beside a ruleset has figures of a program, and each has a source."""
    declared = Engine().load(path).bound.declaration
    silent = [one.name for one in declared.tables.values() if one.file and not one.source]
    assert silent == []


# What each ruleset has that nobody has confirmed: parameters, and tables where a row is such.
UNCONFIRMED = {
    "aco-reach": {"discount", "withheld"},
    "bcbsma-alternative-quality-contract": {"gates", "outcome_part", "process_part"},
    "bpci-advanced": {"categories", "limit", "quality_adjustment", "trend_corridor", "triggers"},
    "comprehensive-joint-replacement": {
        "discount_acceptable",
        "discount_excellent",
        "gain_limit",
        "loss_limit",
        "loss_limit_small",
        "score_acceptable",
        "score_excellent",
        "score_good",
    },
    "comprehensive-primary-care-plus": {
        "quality_1",
        "quality_2",
        "tiers",
        "utilisation_1",
        "utilisation_2",
    },
    "evidence-informed-case-rate": {"least_score", "margin", "most_gain", "most_loss", "own_part"},
    "hmo-capitation": {
        "bands",
        "floor",
        "least_risk",
        "most_risk",
        "normalization",
        "rates",
        "underprovision",
        "withhold_rate",
    },
    "hospital-readmissions": {"neutrality_modifier", "reduction_cap"},
    "maryland-global-budget": {"corridor", "corridor_approved", "penalty", "update"},
    "mass-general-care-management": {"fee"},
    "massachusetts-bundled-payment": {"fee_share", "prices", "quality_part"},
    "medicare-advantage": {"coding", "new_rebate", "normalization", "ratings"},
    "medicare-shared-savings": {"loss_caps", "sequestration"},
    "mips": {"pathways", "scaling_factor"},
    "multi-payer-medical-home": {"levels", "most_at_risk", "part_at_risk"},
    "primary-care-first": {"flat_visit_fee", "groups"},
    "state-retrospective-episodes": {
        "heart_failure_acceptable",
        "heart_failure_commendable",
        "heart_failure_gain_limit",
        "perinatal_acceptable",
        "perinatal_commendable",
        "perinatal_gain_limit",
        "risk_cap",
    },
    "team-2026": {
        "categories",
        "normalization_corridor",
        "tracks",
        "trend_corridor",
        "triggers",
        "weight_1",
        "weight_2",
        "weight_3",
    },
    "vermont-all-payer": {"growth_ceiling", "growth_target"},
}


@pytest.mark.parametrize("program", sorted(UNCONFIRMED))
def test_what_nobody_has_confirmed_is_marked_where_it_stands(program: str) -> None:
    """In the ruleset itself, and not only in its README."""
    declared = Engine().load(ROOT / "rulesets" / program / "ruleset.yaml").bound.declaration
    tables = {one.name for one in declared.tables.values() if one.is_unconfirmed}
    parameters = {one.name for one in declared.parameters.values() if one.is_unconfirmed}
    assert tables | parameters == UNCONFIRMED[program]


def test_every_figure_of_an_assumed_contract_is_marked() -> None:
    """Payment for results by condition is an example, and so is each of its parameters."""
    path = ROOT / "rulesets" / "outcomes-by-condition" / "ruleset.yaml"
    parameters = Engine().load(path).bound.declaration.parameters.values()
    assert [one.name for one in parameters if not one.is_unconfirmed] == []
