"""Care-management fees: so much a member and month by tier, kept for results or paid back."""

from rules_engine import Methodology, hookimpl
from rules_engine_care_management_fee.rows import experience
from rules_engine_care_management_fee.settle import outputs, settle
from rules_engine_care_management_fee.terms import SCHEMA, Terms

__all__ = ["CARE_MANAGEMENT_FEE", "provide_methodology"]

CARE_MANAGEMENT_FEE: Methodology[Terms] = Methodology(
    name="care_management_fee",
    summary="Pays fees per member per month by tier, and takes back what results do not earn.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    experience=experience,
    settle=settle,
    lan_categories=("2A", "2C", "3A", "3B", "4A", "4B", "4C"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `care_management_fee`."""
    return CARE_MANAGEMENT_FEE
