"""The reference rulesets: what a contract does not offer is refused and never settled."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rules_engine import Engine, SettlementError

RULESETS = Path(__file__).parents[2] / "rulesets"

Row = Mapping[str, Any]


def _settle(program: str, period: str, tables: Mapping[str, Sequence[Row]]) -> None:
    ruleset = Engine().load(RULESETS / program / "ruleset.yaml")
    # Rows are given as the tables ask for them, and no published file.
    with ruleset.run(tables, period=period, mappings=[]) as run:
        assert run.settlements


GROUP: Row = {
    "group_id": "g1", "year": "2009", "agreement": "a1", "contract_year": 1, "base_pmpm": "400.00",
    "health_status": 1, "member_months": 100, "expenditure": "39000.00", "risk_share": "0.5",
    "gate": 3,
}  # fmt: skip
TRENDS: Sequence[Row] = [
    {"agreement": "a1", "contract_year": year, "trend": 1} for year in range(1, 7)
]


@pytest.mark.parametrize("expenditure", ["39000.00", "41000.00"])
@pytest.mark.parametrize(
    "change",
    [{"risk_share": "0.2"}, {"gate": 7}, {"gate": -1}, {"contract_year": 6}, {"contract_year": 0}],
    ids=str,
)
def test_a_group_elects_what_the_quality_contract_offers(change: Row, expenditure: str) -> None:
    """Half to all of a result, gates to 5, and five years of an agreement."""
    program = "bcbsma-alternative-quality-contract"
    row = {**GROUP, "expenditure": expenditure}
    _settle(program, "2009", {"group_year": [row], "trends": TRENDS})
    with pytest.raises(SettlementError, match="g1"):
        _settle(program, "2009", {"group_year": [{**row, **change}], "trends": TRENDS})


@pytest.mark.parametrize("expenditure", ["900000.00", "1100000.00"])
@pytest.mark.parametrize(
    "change", [{"risk_share": "0.5"}, {"cap_rate": "0.5"}, {"cap_rate": "0.04"}], ids=str
)
def test_an_aco_elects_what_next_generation_offers(change: Row, expenditure: str) -> None:
    """A share of 80 or 100 %, and a cap of 5 to 15 %."""
    row: Row = {
        "aco_id": "N1", "year": "2018", "baseline": "1000000.00", "discount": 0,
        "expenditure": expenditure, "risk_share": "0.8", "cap_rate": "0.05",
    }  # fmt: skip
    _settle("next-generation-aco", "2018", {"aco": [row]})
    with pytest.raises(SettlementError, match="N1"):
        _settle("next-generation-aco", "2018", {"aco": [{**row, **change}]})


ACO: Row = {
    "release": "2018", "aco_id": "X1", "year": "2018", "track": "3", "assigned": 7000,
    "benchmark": "1000000.00", "expenditure": "900000.00", "elected_minimum": "0.02", "quality": 1,
    "met_standard": "yes", "met_alternative": "no", "relief": 0, "guarded": "no",
    "low_revenue": "no", "agreement_year": 2018, "year_at_risk": 1, "revenue": None, "advance": 0,
}  # fmt: skip


@pytest.mark.parametrize("change", [{"elected_minimum": "0.03"}, {"track": "4"}], ids=str)
def test_an_aco_elects_what_shared_savings_offers(change: Row) -> None:
    """A track of the program, and a minimum of 0, 0.5, 1, 1.5 or 2 % where it bears losses."""
    _settle("medicare-shared-savings", "2018", {"aco": [ACO]})
    with pytest.raises(SettlementError, match="X1"):
        _settle("medicare-shared-savings", "2018", {"aco": [{**ACO, **change}]})


@pytest.mark.parametrize("pathway", ["APP", "mvp"])
def test_a_clinician_is_scored_on_a_known_pathway(pathway: str) -> None:
    """A pathway that has no weights is not scored by those of another one."""
    row: Row = {
        "clinician_id": "C1", "year": "2024", "pathway": "app", "quality_score": 95,
        "cost_score": None, "improvement_score": 100, "interoperability_score": 50,
        "covered_payments": "200000.00",
    }  # fmt: skip
    _settle("mips", "2024", {"clinicians": [row]})
    with pytest.raises(SettlementError, match="C1"):
        _settle("mips", "2024", {"clinicians": [{**row, "pathway": pathway}]})
