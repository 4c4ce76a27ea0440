"""Formulas that no line gets a price from are found before any line is seen."""

from pathlib import Path

import pytest

from rules_engine import Engine

RULESET = """
ruleset: acme
version: "1"
effective: {{from: 2026-01-01, through: 2026-12-31}}
currency: USD
rounding: {{to: 0.01, mode: half_up}}
parties: {{plan: payer}}
parameters:
  lowest: {{type: count, value: 18}}
  highest: {{type: count, value: 12}}
tables:
  fees:
    {{file: fees.csv, key: [hcpcs_code, units], columns: {{units: count, amount: money}}}}
  dated:
    {{file: dated.csv, key: [hcpcs_code], effective: [from, through], columns: {{amount: money}}}}
rules:
  - id: office
    methodology: fee_schedule
    source: exhibit A
    when: "{when}"
    terms:
      allowed: "{allowed}"
  - id: rest
    methodology: fee_schedule
    source: exhibit B
    otherwise: true
    terms: {{allowed: charge_amount}}
"""
ENGINE = Engine()


def found(
    folder: Path, *, when: str = "charge_amount > 0", allowed: str = "charge_amount"
) -> list[str]:
    """Give severity and code of what is found in a condition and an amount."""
    (folder / "fees.csv").write_text("hcpcs_code,units,amount\nA,1,5.00\nB,2,7.00\n", "utf-8")
    dated = "hcpcs_code,from,through,amount\nA,2026-01-01,2026-06-30,5.00\n"
    (folder / "dated.csv").write_text(dated, "utf-8")
    path = folder / "acme.yaml"
    path.write_text(RULESET.format(when=when, allowed=allowed), "utf-8")
    return [f"{one.severity} {one.code}" for one in ENGINE.validate(path)]


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        ("10000000000.00", ["error RE418"]),
        ("-10000000000.00", ["error RE418"]),
        ("10000000000 + abs(charge_amount)", ["error RE418"]),
        ("9999999999.99", []),
        ("charge_amount * 1000", []),
        ("least(NULL, 5)", ["error RE421"]),
        ("coalesce(greatest(charge_amount, NULL), 0)", ["error RE421"]),
        ("coalesce(NULL, charge_amount)", []),
        ("lookup(fees.amount, 'ZZZ', 1)", ["warning RE420"]),
        ("lookup(fees.amount, 'A', 2)", ["warning RE420"]),
        ("lookup(fees.amount, 'ZZZ', service_unit_quantity)", ["warning RE420"]),
        ("lookup(fees.amount, hcpcs_code, 3)", ["warning RE420"]),
        ("lookup(fees.amount, hcpcs_code, lowest)", ["warning RE420"]),
        ("lookup(dated.amount, 'ZZZ')", ["warning RE420"]),
        ("lookup(fees.amount, 'A', 1)", []),
        ("lookup(fees.amount, 'A', 1.0)", []),
        ("lookup(fees.amount, 'B', service_unit_quantity)", []),
        ("lookup(dated.amount, 'A')", []),
        ("CASE WHEN has(dated, 'Z') THEN lookup(dated.amount, 'Z') ELSE 0 END", []),
    ],
)
def test_an_amount_that_no_line_gets_is_found(
    allowed: str, said: list[str], tmp_path: Path
) -> None:
    """And one that some line may get is not."""
    assert found(tmp_path, allowed=allowed) == said


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("charge_amount BETWEEN 10 AND 1", ["warning RE419"]),
        ("charge_amount NOT BETWEEN 10 AND 1", ["warning RE419"]),
        ("charge_amount <= 1 AND charge_amount >= 10", ["warning RE419"]),
        ("charge_amount > 5 AND charge_amount < 5", ["warning RE419"]),
        ("charge_amount >= 5 AND charge_amount < 5", ["warning RE419"]),
        ("service_unit_quantity BETWEEN lowest AND highest", ["warning RE419"]),
        ("claim_start_date BETWEEN '2026-12-31' AND '2026-01-01'", ["warning RE419"]),
        ("charge_amount BETWEEN 5 AND 5", []),
        ("charge_amount BETWEEN 1 AND paid_amount", []),
        ("charge_amount > 10 OR charge_amount < 1", []),
        ("charge_amount > 10 AND paid_amount < 1", []),
        ("claim_start_date + INTERVAL '99999' YEAR > '2026-01-01'", ["error RE418"]),
        ("claim_start_date - INTERVAL '130000' MONTH > '2026-01-01'", ["error RE418"]),
        ("claim_start_date + INTERVAL '4000000' DAY > '2026-01-01'", ["error RE418"]),
        ("claim_start_date + INTERVAL '7000' YEAR > '2026-01-01'", []),
        ("claim_start_date + 9999 > '2026-01-01'", []),
        ("last_day(claim_start_date) > '2026-01-01'", []),
    ],
)
def test_a_condition_that_no_line_meets_is_found(
    when: str, said: list[str], tmp_path: Path
) -> None:
    """And one that some line may meet is not."""
    assert found(tmp_path, when=when) == said


def test_a_ruleset_of_which_something_is_doubtful_is_used(tmp_path: Path) -> None:
    """A warning stops nothing, and stays with the ruleset."""
    assert found(tmp_path, allowed="lookup(dated.amount, 'ZZZ')") == ["warning RE420"]
    loaded = ENGINE.load(tmp_path / "acme.yaml")
    assert "office" in str(loaded.sql())
