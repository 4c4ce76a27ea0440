"""One year of the data: what is taken of it, and which periods are settled."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rules_engine import Engine
from rules_engine.engine.ruleset import Ruleset

CONTRACT = """
ruleset: two_years
version: "1"
effective: {from: 2015-01-01, through: 2016-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer, group: provider}
parameters: {fee: {type: money, value: 100.00}}
rules:
  - id: care
    methodology: fee_schedule
    source: made up
    terms: {allowed: charge_amount}
  - id: shared
    methodology: gain_loss_sharing
    source: made up
    terms:
      revenue: {months: count(member_month) * fee}
      expenditure: {care: sum(care.paid)}
      gain: {share: equal, among: [plan, group]}
      loss: {share: equal, among: [plan, group]}
"""


@pytest.fixture
def ruleset(tmp_path: Path) -> Ruleset:
    """A contract of two years."""
    path = tmp_path / "ruleset.yaml"
    path.write_text(CONTRACT, encoding="utf-8")
    return Engine().load(path)


def data() -> dict[str, Any]:
    """Give a claim in each of three years, and a member who never leaves."""
    claims = [
        {
            "claim_id": f"c{year}", "claim_line_number": "1", "claim_type": "professional",
            "person_id": "m", "claim_line_start_date": f"{year}-05-05", "charge_amount": "10.00",
        }
        for year in (2014, 2015, 2016)
    ]  # fmt: skip
    return {
        "medical_claim": claims,
        "eligibility": [{"person_id": "m", "enrollment_start_date": "2014-03-01"}],
    }


def test_only_periods_within_the_year_are_settled(ruleset: Ruleset) -> None:
    """A period of another year would have months and no claims."""
    with ruleset.run(data(), year=2016) as made:
        (one,) = made.settlements
        assert one.period.label == "2016"
        assert one.outputs["revenue"] == Decimal(1200)
        assert one.outputs["expenditure"] == Decimal(10)
        assert (made.summary.lines, made.summary.lines_of_other_years) == (1, 2)


def test_a_year_stands_for_another(ruleset: Ruleset) -> None:
    """Claims, enrolment and months move together, by whole years."""
    with ruleset.run(data(), year=2014, as_year=2015) as made:
        (one,) = made.settlements
        assert one.period.label == "2015"
        # Enrolled from March on.
        assert one.outputs["revenue"] == Decimal(1000)
        assert one.outputs["expenditure"] == Decimal(10)
        assert "every date of the data was moved by +1 years" in made.warnings


def test_a_year_that_the_contract_does_not_have_is_refused(ruleset: Ruleset) -> None:
    """Its lines would all be rejected, and a year without claims would be settled."""
    with pytest.raises(ValueError, match="no period of two_years lies in 2014; it has 2015"):
        ruleset.run(data(), year=2014)
    with pytest.raises(ValueError, match="no period of two_years lies in 2015; it has 2016"):
        ruleset.run(data(), year=2015, period="2016")


def test_enrolment_without_an_end_goes_on_to_the_end_of_a_named_period(ruleset: Ruleset) -> None:
    """A member who began in 2014 and never left has twelve months in 2016."""
    with ruleset.run(data(), period="2016") as made:
        assert made.settled("shared").outputs["revenue"] == Decimal(1200)


def test_a_run_again_writes_the_same_bytes(tmp_path: Path) -> None:
    """Lines of claims that are paid once are written in one order, whatever threads do."""
    text = CONTRACT.replace(
        "terms: {allowed: charge_amount}", "terms: {per: claim, allowed: charge_amount}"
    )
    path = tmp_path / "ruleset.yaml"
    path.write_text(text, encoding="utf-8")
    ruleset = Engine().load(path)
    given = data()
    given["medical_claim"] = [
        given["medical_claim"][1] | {"claim_id": f"c{claim}", "claim_line_number": str(line)}
        for claim in range(500)
        for line in (1, 2, 3)
    ]
    files = []
    for name in ("first", "second"):
        with ruleset.run(given, out=tmp_path / name) as made:
            files.append(made.files["lines.parquet"].read_bytes())
    assert files[0] == files[1]
