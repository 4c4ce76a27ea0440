"""Gain and loss sharing: what is left, or missing, of a pool is split among parties."""

from rules_engine import Methodology, hookimpl
from rules_engine_gain_loss_sharing.settle import outputs, settle
from rules_engine_gain_loss_sharing.terms import SCHEMA, Terms

__all__ = ["GAIN_LOSS_SHARING", "provide_methodology"]

GAIN_LOSS_SHARING: Methodology[Terms] = Methodology(
    name="gain_loss_sharing",
    summary="Splits what is left, or missing, of revenue against expenditure among parties.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    settle=settle,
    lan_categories=("3A", "3B", "4A", "4B", "4C"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `gain_loss_sharing`."""
    return GAIN_LOSS_SHARING
