"""The claim line that is priced one at a time: a claim of one line as one flat mapping."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

__all__ = ["CLAIM", "TEXTS"]

CLAIM: Final[dict[str, Any]] = {
    "claim_id": "CLM0000000001",
    "claim_line_number": 1,
    "person_id": "P000001",
    "claim_line_start_date": date(2025, 3, 4),
    "hcpcs_code": "C010",
    "hcpcs_modifier_1": "52",
    "place_of_service_code": "21",
    "network_tier": "A",
    "service_unit_quantity": 2,
    "charge_amount": Decimal("500.00"),
}
TEXTS: Final = {name: str(value) for name, value in CLAIM.items()} | {"claim_line_number": 1}
