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
