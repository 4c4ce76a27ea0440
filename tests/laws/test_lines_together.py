"""Law 4 where lines know of each other: of the claim's other lines, and of what has run up."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import given, settings

from rules_engine import Engine, Type
from rules_engine.engine.certifying.storing import store
from rules_engine.pricing.values import read_value
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch, explanations_give_the_amounts, lines_of
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


@settings(max_examples=settings().max_examples // 4)
@given(contracts(joint=True), claims())
def test_the_explanation_of_a_line_gives_what_it_is_paid(
    contract: Contract, lines: list[dict[str, Any]]
) -> None:
    """Law 11, where a line is paid by what other lines of its claim have used up."""
    ruleset = contract.load(ENGINE)
    with ruleset.run({"medical_claim": lines, "roster": list(ROSTER)}, mappings=()) as run:
        explanations_give_the_amounts(ruleset, run)


WHOLE = """\
ruleset: whole
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
rules:
  - id: shared
    methodology: fee_schedule
    source: exhibit A
    terms:
      allowed: "claim_sum(charge_amount) * (1 + claim_count(hcpcs_code IS NULL))"
"""


def test_every_way_takes_the_same_lines_for_a_claim(tmp_path: Path) -> None:
    """A line without a date is none of its claim's, and an empty code is a null."""
    (tmp_path / "ruleset.yaml").write_text(WHOLE, encoding="utf-8")
    ruleset = ENGINE.load(tmp_path / "ruleset.yaml")
    blank = {"claim_id": "c", "person_id": "p"} | dict.fromkeys(ruleset.needs.claim)
    lines = [
        blank | {"claim_line_number": 1, "claim_line_start_date": "2026-03-02",
                 "charge_amount": "10.00", "hcpcs_code": ""},
        blank | {"claim_line_number": 2, "charge_amount": "5.00", "hcpcs_code": "X1"},
        blank | {"claim_line_number": 3, "claim_line_start_date": "2026-03-02",
                 "charge_amount": "2.00", "hcpcs_code": "X1"},
    ]  # fmt: skip
    # 10.00 + 2.00, twice for the one line without a code.
    expected = {1: Decimal("24.00"), 2: None, 3: Decimal("24.00")}
    claim = ruleset.price({"claim_id": "c", "lines": lines})
    assert {n.claim_line_number: getattr(n, "paid", None) for n in claim.lines} == expected
    rows = list(ruleset.price_rows(lines))
    assert {row["claim_line_number"]: row["paid_amount"] for row in rows} == expected
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        paid = {number: row["paid_amount"] for (_, number), row in lines_of(run).items()}
    assert {number: paid.get(number) for number in expected} == expected
    with duckdb.connect() as connection:
        columns = ruleset.bound.given["medical_claim"].columns
        store(connection, "medical_claim", columns, [_stored(line, columns) for line in lines])
        found = connection.execute(ruleset.sql()).fetchall()
        names = [column[0] for column in connection.description]
    priced = [dict(zip(names, row, strict=True)) for row in found]
    assert {row["claim_line_number"]: row["paid_amount"] for row in priced} == expected


def _stored(line: dict[str, Any], columns: Mapping[str, Type]) -> dict[str, Any]:
    """Give a line as a warehouse holds it: every column, read."""
    return {name: read_value(line.get(name), type_.with_null()) for name, type_ in columns.items()}
