"""The yardstick: the reference job as plain Python with `Decimal`, as one would write it."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

__all__ = ["Line", "tuned", "written"]

Line = Mapping[str, Any]
Answer = tuple[Decimal, Decimal, Decimal]
"""Allowed, withheld and paid amount, in dollars."""

_CENT: Final = Decimal("0.01")
_WITHHELD: Final = Decimal("0.05")
_REDUCED: Final = Decimal("0.85")
_TIER_A: Final = Decimal("1.10")
_INPATIENT: Final = Decimal("0.80")


def written(line: Line, fees: Mapping[str, Decimal]) -> Answer:
    """Price one line with the numbers where the contract has them, as code is written by hand.

    It is what a microsecond bar is divided by: the bars were set beside it, where it took 1.7 µs.
    """
    fee = fees[line["hcpcs_code"]] * line["service_unit_quantity"]
    if line["hcpcs_modifier_1"] == "52":
        fee *= Decimal("0.85")
    if line["network_tier"] == "A":
        fee *= Decimal("1.10")
    if line["place_of_service_code"] == "21":
        fee *= Decimal("0.80")
    allowed = min(line["charge_amount"], fee.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
    withheld = (allowed * Decimal("0.05")).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return allowed, withheld, allowed - withheld


def tuned(line: Line, fees: Mapping[str, Decimal]) -> Answer:
    """Price one line with every number made beforehand: the least that `Decimal` can take."""
    fee = fees[line["hcpcs_code"]] * line["service_unit_quantity"]
    if line["hcpcs_modifier_1"] == "52":
        fee *= _REDUCED
    if line["network_tier"] == "A":
        fee *= _TIER_A
    if line["place_of_service_code"] == "21":
        fee *= _INPATIENT
    allowed = min(line["charge_amount"], fee.quantize(_CENT, ROUND_HALF_UP))
    withheld = (allowed * _WITHHELD).quantize(_CENT, ROUND_HALF_UP)
    return allowed, withheld, allowed - withheld
