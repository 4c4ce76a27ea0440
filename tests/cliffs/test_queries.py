"""Cliffs of methodologies that ask by queries of their own, beside the sums of their formulas."""

from pathlib import Path

import pytest

from rules_engine import Engine

ROOT = Path(__file__).parents[2] / "rulesets"
ASKING = ("mass-general-care-management", "comprehensive-primary-care-plus")


@pytest.mark.parametrize("name", ASKING)
def test_a_promise_of_a_rule_with_queries_is_looked_at(name: str) -> None:
    """What the queries found is there when the rule is settled again, and the promise holds."""
    report = Engine().load(ROOT / name / "ruleset.yaml").cliffs()
    assert report.sweeps
    assert not report.findings
