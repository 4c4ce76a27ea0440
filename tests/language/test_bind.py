"""Binding: a declaration meets the methodologies; every finding stands where the mistake is."""

from pathlib import Path

import pytest

from rules_engine import Engine

REJECTED = Path(__file__).parents[1] / "rejected"


@pytest.mark.parametrize(
    ("name", "line", "column"),
    [
        ("formula_in_a_block", 15, 11),
        ("formula_in_a_folded_block", 15, 27),
        ("formula_over_two_lines", 13, 9),
        ("dated_formula", 14, 42),
        ("column_misspelt", 12, 37),
        ("circle_of_rules", 13, 62),
        ("rate_changes_inside_a_period", 25, 11),
        ("table_column_misspelt", 14, 23),
    ],
)
def test_a_finding_points_at_the_word_that_is_wrong(name: str, line: int, column: int) -> None:
    """Behind quotes, folds, dates and indentation, to the column."""
    (found,) = Engine().validate(REJECTED / f"{name}.yaml")
    assert (found.location.line, found.location.column) == (line, column)


def test_a_circle_shows_every_place() -> None:
    """Each rule of it names the next somewhere."""
    (found,) = Engine().validate(REJECTED / "circle_of_rules.yaml")
    assert [(place.line, text) for place, text in found.related] == [
        (24, "second_pool uses first_pool here")
    ]


def test_a_declared_column_of_the_claims_may_stand_in_prices(tmp_path: Path) -> None:
    """A declaration by the name of a standard table adds columns to it."""
    path = tmp_path / "ruleset.yaml"
    path.write_text(
        """\
ruleset: acme
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
tables:
  medical_claim: {key: [claim_id, claim_line_number], columns: {tooth_code: code or null}}
rules:
  - id: office
    methodology: fee_schedule
    source: exhibit A
    when: tooth_code IS NOT NULL
    terms: {allowed: charge_amount}
""",
        encoding="utf-8",
    )
    assert Engine().validate(path) == []


def test_an_unconfirmed_parameter_is_no_finding(tmp_path: Path) -> None:
    """It is said in reports; a contract that waits for a signature is not wrong."""
    path = tmp_path / "ruleset.yaml"
    path.write_text(
        """\
ruleset: acme
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
parameters:
  discount: {type: rate, value: 0.15, unconfirmed: true}
rules:
  - id: office
    methodology: fee_schedule
    source: exhibit A
    terms: {allowed: 'round(charge_amount * discount, 2)'}
""",
        encoding="utf-8",
    )
    assert Engine().validate(path) == []
