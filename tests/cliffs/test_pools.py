"""Entities that are settled together: one input moves, and all of them are settled again."""

from fractions import Fraction
from pathlib import Path

from rules_engine import Engine

INCENTIVE = (
    Path(__file__).parents[2] / "rulesets" / "hospital-value-based-purchasing" / "incentive.yaml"
)


def test_a_pool_is_divided_again_when_one_total_moves() -> None:
    """At both ends of the range the payment is what two hospitals divide by hand.

    2 % of 10,000,000.00 and of 20,000,000.00 are 600,000.00 in the pool. At a total of 0 the first
    gets none of it back. At 100 its part is 200,000 of 200,000 + half of 400,000, one half.
    """
    hospitals = [
        {"fiscal_year": "2024", "facility_id": "000001", "base": 10_000_000, "total": 50},
        {"fiscal_year": "2024", "facility_id": "000002", "base": 20_000_000, "total": 50},
    ]
    report = (
        Engine().load(INCENTIVE).cliffs({"hospitals": hospitals}, entity="2024/000001", mappings=())
    )
    assert [str(one) for one in report.findings] == []
    (sweep,) = report.sweeps
    (region,) = sweep.of_kind("region")
    assert (region.paid_first, region.paid_last) == (Fraction(-200_000), Fraction(100_000))
