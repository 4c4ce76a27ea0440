"""Formulas that a methodology gets of the contract."""

from rules_engine.expressions import Scope, check
from rules_engine.methodology import Formula


def cited(source: str) -> Formula:
    """Give one formula with its source."""
    return Formula(
        text="10.00",
        expression=check("10.00", Scope()),
        grain="contract",
        sources={"": source},
    )


def test_a_formula_may_stand_in_a_set() -> None:
    """It is a value: a plugin may ask whether one of several terms is said."""
    assert {cited("exhibit A"), cited("exhibit A")} == {cited("exhibit A")}
    assert cited("exhibit A") != cited("exhibit B")
