"""rule-engine: expressions over Python objects, whose numbers are `Decimal`."""

from decimal import Decimal
from typing import Any, Final

from rule_engine import Rule

from bench.peers.way import Answer, Fees, Line, Way

__all__ = ["ways"]

# It has no rounding to the cent; `//` of positive numbers rounds down, and is exact.
_RULES: Final = (
    """(fee * service_unit_quantity
    * (hcpcs_modifier_1 == '52' ? 0.85 : 1)
    * (network_tier == 'A' ? 1.10 : 1)
    * (place_of_service_code == '21' ? 0.80 : 1) * 100 + 0.5) // 1 / 100""",
    "fee < charge_amount ? fee : charge_amount",
    "(allowed * 5 + 0.5) // 1 / 100",
)


def ways(fees: Fees) -> dict[str, Way]:
    """Parse the three rules; each reads what the one before found."""
    fee_of, allowed_of, withheld_of = (Rule(text) for text in _RULES)

    def price(line: dict[str, Any]) -> Answer:
        fee = fee_of.evaluate({**line, "fee": fees[line["hcpcs_code"]]})
        allowed = allowed_of.evaluate({"fee": fee, "charge_amount": line["charge_amount"]})
        withheld = withheld_of.evaluate({"allowed": allowed})
        return allowed, withheld, allowed - withheld

    return {"three rules": Way(_take, price, _read)}


def _take(line: Line) -> dict[str, Any]:
    """Leave the line as it is: it takes `Decimal`, and a copy for the fee is made anyway."""
    return dict(line)


def _read(amounts: tuple[Decimal, Decimal, Decimal]) -> Answer:
    return amounts
