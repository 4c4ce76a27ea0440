"""One way of doing the reference job with a library."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from bench.plain import Answer, Line

__all__ = ["Answer", "Fees", "Line", "Way", "cents", "dollars", "in_cents", "in_floats"]

Fees = Mapping[str, Decimal]
_CENT: Final = Decimal("0.01")


class Way(NamedTuple):
    """One way of doing the job.

    Attributes:
        take: Gives a line in the types that the library accepts.
        price: Prices what was taken, into the library's own numbers.
        read: Gives allowed, withheld and paid amount of a result.
        is_of_rows: Whether it takes many lines at once, and reads as many answers.
    """

    take: Callable[[Any], Any]
    price: Callable[[Any], Any]
    read: Callable[[Any], Any]
    is_of_rows: bool = False


def in_floats(line: Line) -> dict[str, Any]:
    """Give what the job reads, with the charge as a float of dollars."""
    return {
        "hcpcs_code": line["hcpcs_code"],
        "hcpcs_modifier_1": line["hcpcs_modifier_1"],
        "network_tier": line["network_tier"],
        "place_of_service_code": line["place_of_service_code"],
        "service_unit_quantity": line["service_unit_quantity"],
        "charge": float(line["charge_amount"]),
    }


def in_cents(line: Line) -> dict[str, Any]:
    """Give what the job reads, with the charge in whole cents."""
    return {
        "hcpcs_code": line["hcpcs_code"],
        "hcpcs_modifier_1": line["hcpcs_modifier_1"],
        "network_tier": line["network_tier"],
        "place_of_service_code": line["place_of_service_code"],
        "service_unit_quantity": line["service_unit_quantity"],
        "charge": int(line["charge_amount"] * 100),
    }


def dollars(amounts: Sequence[float]) -> Answer:
    """Read floats of dollars to the nearest cent, so that their noise is not held against them."""
    allowed, withheld, paid = amounts
    return Decimal(f"{allowed:.2f}"), Decimal(f"{withheld:.2f}"), Decimal(f"{paid:.2f}")


def cents(amounts: Sequence[int]) -> Answer:
    """Read whole cents."""
    allowed, withheld, paid = amounts
    return Decimal(allowed) * _CENT, Decimal(withheld) * _CENT, Decimal(paid) * _CENT
