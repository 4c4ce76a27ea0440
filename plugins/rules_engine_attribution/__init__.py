"""Attribution: whose member a person is, by services, by choice or by roster."""

from rules_engine import Methodology, hookimpl
from rules_engine_attribution.queries import derive
from rules_engine_attribution.settle import experience, outputs, settle
from rules_engine_attribution.terms import SCHEMA, Terms

__all__ = ["ATTRIBUTION", "provide_methodology"]

ATTRIBUTION: Methodology[Terms] = Methodology(
    name="attribution",
    summary="Says whose member each person is: by choice, by roster, or by who gives most care.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    derive=derive,
    experience=experience,
    settle=settle,
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `attribution`."""
    return ATTRIBUTION
