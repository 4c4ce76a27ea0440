"""Global budgets: what all payers together pay a hospital or region in a year, and no more."""

from rules_engine import Methodology, hookimpl
from rules_engine_global_budget.settle import outputs, settle
from rules_engine_global_budget.terms import SCHEMA, Terms

__all__ = ["GLOBAL_BUDGET", "provide_methodology"]

GLOBAL_BUDGET: Methodology[Terms] = Methodology(
    name="global_budget",
    summary="Sets a budget of all payers, and settles what was charged above or below it.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    settle=settle,
    lan_categories=("3A", "3B", "4A", "4B", "4C"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `global_budget`."""
    return GLOBAL_BUDGET
