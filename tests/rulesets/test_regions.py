"""The reference rulesets: each that settles says where better never pays less, and keeps to it."""

from pathlib import Path

import pytest

from rules_engine import Engine
from tests.rulesets.test_reference_rulesets import NAMES, ROOT, RULESETS

SETTLING = [
    pytest.param(path, id=name)
    for path, name in zip(RULESETS, NAMES, strict=True)
    if any(rule.settles and not rule.months for rule in Engine().load(path).bound.rules)
]


def test_rulesets_that_settle_are_found() -> None:
    """The tests below have something to look at; prices of lines and months promise nothing."""
    assert 1 < len(SETTLING) < len(RULESETS)


@pytest.mark.parametrize("path", SETTLING)
def test_a_reference_ruleset_keeps_its_regions(path: Path) -> None:
    """Every promise is looked at; no fall is undeclared, and regions and cliffs are the range."""
    report = Engine().load(path).cliffs()
    assert report.sweeps, f"{path.relative_to(ROOT)} declares nothing in monotone"
    assert report.holds, "\n".join([*map(str, report.findings), *report.not_looked_at])
    for sweep in report.sweeps:
        assert not sweep.gaps
        at = sweep.first
        for one in sweep.stretches:
            if one.kind != "step":
                assert one.first <= at + sweep.unit, (path, sweep.promise, one)
                at = max(at, one.last)
        assert at == sweep.last, (path, sweep.promise)
