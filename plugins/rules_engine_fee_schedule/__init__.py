"""Fee schedules: what one claim line, or one claim, is allowed, and what is taken off it."""

from rules_engine import Methodology, hookimpl
from rules_engine_fee_schedule.terms import SCHEMA, Terms, outputs, price

__all__ = ["FEE_SCHEDULE", "provide_methodology"]

FEE_SCHEDULE: Methodology[Terms] = Methodology(
    name="fee_schedule",
    summary="Prices claim lines: fees, case rates, limits, and what is taken off.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    price=price,
    lan_categories=("1", "2A", "2B", "2C"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `fee_schedule`."""
    return FEE_SCHEDULE
