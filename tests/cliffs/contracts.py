"""A contract of bands whose cliffs are known: each band's rate is of all savings."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from rules_engine.testing import Contract

__all__ = ["BENCHMARK", "Band", "contract", "facts"]

BENCHMARK: Final = 100_000


@frozen
class Band:
    """From this much of savings on, in whole currency, the rate in hundredths of all savings."""

    at: int
    rate: int


def facts(expenditure: int = 90_000) -> dict[str, list[dict[str, Any]]]:
    """Give one group of partners."""
    row = {"group_id": "g1", "benchmark": BENCHMARK, "expenditure": expenditure}
    return {"group": [row]}


def contract(bands: Sequence[Band], promise: Mapping[str, Any]) -> Contract:
    """Share savings by bands, with one promise of what the partner is paid."""
    savings = "group.benchmark - group.expenditure"
    branches = " ".join(
        f"when {savings} >= {band.at} then {Decimal(band.rate) / 100}" for band in reversed(bands)
    )
    rate = f"case {branches} else 0.50 end" if bands else "0.50"
    gain = {"share": "equal", "among": ["partner"], "rate": rate, "residual": "plan"}
    rule = {"id": "settlement", "methodology": "gain_loss_sharing", "source": "exhibit A",
            "for_each": "group",
            "terms": {"revenue": {"benchmark": "group.benchmark"},
                      "expenditure": {"care": "group.expenditure"},
                      "gain": gain, "loss": {"share": "equal", "among": ["plan"]}}}  # fmt: skip
    document = {
        "ruleset": "bands", "version": "1",
        "effective": {"from": "2026-01-01", "through": "2026-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"plan": "payer", "partner": "provider"},
        "entities": {"group": {"table": "group", "key": ["group_id"], "role": "provider"}},
        "tables": {"group": {"key": ["group_id"],
                             "columns": {"benchmark": "money", "expenditure": "money"}}},
        "rules": [rule],
        "monotone": {"more_savings": {
            "rule": "settlement", "paid": {"to": "partner"}, "never": "rises",
            "when_rises": "group.expenditure", "from": 0, "through": "group.benchmark", **promise,
        }},
    }  # fmt: skip
    return Contract(document=document)
