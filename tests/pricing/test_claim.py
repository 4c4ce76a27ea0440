"""Law 3 on one claim, and the spreading of what is paid once a claim."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules_engine import Engine, PricedLine
from rules_engine.pricing.given import Given
from rules_engine.testing import Contract
from rules_engine.testing.laws import lines_balance
from tests.laws.contracts import ROSTER, claim_lines, contract, contracts

ENGINE = Engine()
BLANK = dict.fromkeys(claim_lines(0, 1)[0])
CASE = {
    "id": "stay",
    "methodology": "fee_schedule",
    "source": "s",
    "terms": {"per": "claim", "allowed": "base"},
}
SPREAD = contract([CASE]).load(ENGINE)
BASE = Fraction("1234.57")


@settings(max_examples=max(5, settings().max_examples // 2))
@given(contracts(), st.integers(0, 2**32))
def test_charge_is_paid_amount_and_adjustments(contract: Contract, seed: int) -> None:
    """An 835 balances per line and per claim, at every stage and for every sign of the charge."""
    ruleset = contract.load(ENGINE)
    claims: dict[str, list[dict[str, Any]]] = {}
    for row in claim_lines(seed, 40):
        claims.setdefault(row["claim_id"], []).append(row)
    for claim_id, lines in claims.items():
        person = lines[0]["person_id"]
        known = Given({"roster": [row for row in ROSTER if row["person_id"] == person]})
        lines_balance(ruleset.price({"claim_id": claim_id, "lines": lines}, known))


@given(st.lists(st.integers(-100, 10**7) | st.none() | st.just(0), min_size=1, max_size=12))
@example([1, 1, 1])
@example([0, 0])
@example([None, 5])
@example([-1, 5])
def test_what_is_paid_once_is_spread_by_largest_remainder(charges: list[int | None]) -> None:
    """Parts add back to the whole, and each lies within a cent of its exact part."""
    rows = [
        {**BLANK, "claim_id": "c", "claim_line_number": number, "person_id": "m1",
         "claim_line_start_date": "2015-03-02",
         "charge_amount": None if cents is None else Decimal(cents).scaleb(-2)}
        for number, cents in enumerate(charges, start=1)
    ]  # fmt: skip
    priced = SPREAD.price({"claim_id": "c", "lines": rows})
    lines_balance(priced)
    parts = [Fraction(line.allowed) for line in priced.lines if isinstance(line, PricedLine)]
    assert sum(parts) == BASE
    weights = [Fraction(cents or 0) for cents in charges]
    if min(weights) < 0 or not any(weights):
        weights = [Fraction(1)] * len(weights)
    exact = [BASE * weight / sum(weights) for weight in weights]
    assert all(abs(a - b) < Fraction(1, 100) for a, b in zip(parts, exact, strict=True))
    raised = [place for place, part in enumerate(parts) if part > exact[place]]
    lowered = [place for place, part in enumerate(parts) if part < exact[place]]
    rest = [(e * 100) % 1 for e in exact]
    assert all(rest[up] >= rest[down] for up in raised for down in lowered)


@given(st.permutations(range(1, 6)))
def test_the_order_of_lines_does_not_matter(numbers: list[int]) -> None:
    """Ties go by line number, however the claim lists its lines."""
    rows = [
        {**BLANK, "claim_id": "c", "claim_line_number": number, "person_id": "m1",
         "claim_line_start_date": "2015-03-02", "charge_amount": Decimal("1.00")}
        for number in numbers
    ]  # fmt: skip
    found = {
        line.claim_line_number: line
        for line in SPREAD.price({"claim_id": "c", "lines": rows}).priced
    }
    amounts = [str(found[number].allowed) for number in range(1, 6)]
    assert amounts == ["246.92", "246.92", "246.91", "246.91", "246.91"]
