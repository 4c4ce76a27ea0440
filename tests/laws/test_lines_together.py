"""Law 4 where lines know of each other: of the claim's other lines, and of what has run up."""

from typing import Any

from hypothesis import given, settings

from rules_engine import Engine
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch, explanations_give_the_amounts
from tests.laws.contracts import ROSTER, claims, contracts

ENGINE = Engine()


@settings(max_examples=settings().max_examples)
@given(contracts(joint=True), claims())
def test_a_claim_priced_in_its_turn_is_the_claim_in_the_batch(
    contract: Contract, lines: list[dict[str, Any]]
) -> None:
    """Functions over a claim's lines, deductibles and limits are alike in both compilations."""
    ruleset = contract.load(ENGINE)
    with ruleset.run({"medical_claim": lines, "roster": list(ROSTER)}, mappings=()) as run:
        alone_as_in_the_batch(ruleset, run)


@given(contracts(joint=True), claims())
def test_the_explanation_of_a_line_gives_what_it_is_paid(
    contract: Contract, lines: list[dict[str, Any]]
) -> None:
    """Law 11, where a line is paid by what other lines of its claim have used up."""
    ruleset = contract.load(ENGINE)
    with ruleset.run({"medical_claim": lines, "roster": list(ROSTER)}, mappings=()) as run:
        explanations_give_the_amounts(ruleset, run)
