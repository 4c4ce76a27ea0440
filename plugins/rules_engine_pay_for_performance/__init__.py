"""Pay for performance: measures become points, points a score, a score money."""

from rules_engine import Methodology, hookimpl
from rules_engine_pay_for_performance.settle import outputs, settle
from rules_engine_pay_for_performance.terms import SCHEMA, Terms

__all__ = ["PAY_FOR_PERFORMANCE", "provide_methodology"]

PAY_FOR_PERFORMANCE: Methodology[Terms] = Methodology(
    name="pay_for_performance",
    summary="Scores measures by achievement and improvement, and pays by the total score.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    settle_together=settle,
    lan_categories=("2C", "3A", "3B", "4A", "4B", "4C"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `pay_for_performance`."""
    return PAY_FOR_PERFORMANCE
