"""The three rules in CEL, which has floats and integers of 64 bits and no rounding to the cent."""

from typing import Final

__all__ = ["IN_CENTS", "IN_DOLLARS"]

IN_DOLLARS: Final = (
    """double(int(fee * double(service_unit_quantity)
        * (hcpcs_modifier_1 == '52' ? 0.85 : 1.0)
        * (network_tier == 'A' ? 1.10 : 1.0)
        * (place_of_service_code == '21' ? 0.80 : 1.0) * 100.0 + 0.5)) / 100.0""",
    "fee < charge ? fee : charge",
    "double(int(allowed * 0.05 * 100.0 + 0.5)) / 100.0",
)
"""Dollars as floats."""

IN_CENTS: Final = (
    """(fee * service_unit_quantity
        * (hcpcs_modifier_1 == '52' ? 85 : 100)
        * (network_tier == 'A' ? 110 : 100)
        * (place_of_service_code == '21' ? 80 : 100) + 500000) / 1000000""",
    "fee < charge ? fee : charge",
    "(allowed * 5 + 50) / 100",
)
"""Whole cents and percentages, rounded half up by integer division."""
