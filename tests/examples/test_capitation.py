"""The capitations: their cases."""

from pathlib import Path

import pytest

from rules_engine import Engine

FOLDER = Path(__file__).parents[2] / "examples" / "capitation"
NAMES = ["coordination", "covered", "deductible", "grades", "premium"]


def test_every_contract_of_the_folder_is_tried() -> None:
    """None is forgotten."""
    assert [path.stem for path in sorted(FOLDER.glob("*.yaml"))] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_case_passes(name: str) -> None:
    """What the notes say by hand is what the engine finds."""
    results = Engine().load(FOLDER / f"{name}.yaml").test()
    assert results
    assert [(result.name, result.error) for result in results if not result.passed] == []
