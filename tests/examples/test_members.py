"""Examples over members: attribution, episodes, a coordination fee, a regional benchmark."""

from pathlib import Path

import pytest

from rules_engine import Engine

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "name", ["attribution", "coordination_fee", "episodes", "regional_benchmark"]
)
def test_every_case_passes(name: str) -> None:
    """What the notes say by hand is what the engine finds."""
    results = Engine().load(EXAMPLES / name / "ruleset.yaml").test()
    assert results
    assert [(result.name, result.error) for result in results if not result.passed] == []
