"""Regions: the law that better never pays less inside the regions that a ruleset declares."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from rules_engine.engine import Ruleset

__all__ = ["hold_inside_regions", "holds_inside_its_regions"]

Facts = Mapping[str, Sequence[Mapping[str, Any]]]


def holds_inside_its_regions(ruleset: Ruleset, facts: SearchStrategy[Facts]) -> Callable[[], None]:
    """Give a test that holds a ruleset to its `monotone:`, for a name like `test_regions`.

    Args:
        ruleset: What promises something.
        facts: Rows by table, as `Ruleset.run` takes them.

    Returns:
        A Hypothesis test without arguments.
    """

    @settings(
        max_examples=max(5, settings().max_examples // 4),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(facts=facts)
    def test_regions(facts: Facts) -> None:
        """Better never pays less in a region; every cliff is declared, with its dollars."""
        hold_inside_regions(ruleset, facts)

    test_regions.__name__ = test_regions.__qualname__ = f"test_{ruleset.id}_keeps_its_regions"
    found: Callable[[], None] = test_regions
    return found


def hold_inside_regions(ruleset: Ruleset, facts: Facts) -> None:
    """Hold a ruleset to what it promises, on given facts.

    Raises:
        AssertionError: Better pays less where no cliff is declared, or a declared one is not there.
    """
    rows = {name: [dict(row) for row in table] for name, table in facts.items()}
    report = ruleset.cliffs(rows, mappings=())
    assert report.holds, "\n".join([*map(str, report.findings), *report.not_looked_at])
