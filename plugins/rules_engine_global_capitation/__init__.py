"""Global capitation: a payment for each member and month, and what is settled beside it."""

from rules_engine import Methodology, hookimpl
from rules_engine_global_capitation.covering import derive, price
from rules_engine_global_capitation.months import experience, price_months
from rules_engine_global_capitation.settle import outputs, settle_together
from rules_engine_global_capitation.terms import SCHEMA, Terms

__all__ = ["GLOBAL_CAPITATION", "provide_methodology"]

GLOBAL_CAPITATION: Methodology[Terms] = Methodology(
    name="global_capitation",
    summary="Pays for each member and month, or a share of premium, and what goes with it.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    derive=derive,
    price=price,
    price_months=price_months,
    experience=experience,
    settle_together=settle_together,
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `global_capitation`."""
    return GLOBAL_CAPITATION
