"""Laws 3 and 4: a claim balances, and its price alone is its price in the batch."""

from typing import Any

from hypothesis import given, settings

from rules_engine import Engine
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch
from tests.laws.contracts import ROSTER, claims, contracts

ENGINE = Engine()


@settings(max_examples=settings().max_examples // 2)
@given(contracts(), claims())
def test_a_claim_priced_alone_is_the_claim_in_the_batch(
    contract: Contract, lines: list[dict[str, Any]]
) -> None:
    """Every amount, the rule, and the reason of a rejection are the same in both compilations."""
    ruleset = contract.load(ENGINE)
    with ruleset.run({"medical_claim": lines, "roster": list(ROSTER)}, mappings=()) as run:
        alone_as_in_the_batch(ruleset, run)
