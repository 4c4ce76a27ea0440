"""Bundled episodes: one amount for a whole condition, built from claims and reconciled."""

from rules_engine import Methodology, hookimpl
from rules_engine_bundled_episode.experience import experience
from rules_engine_bundled_episode.queries import derive
from rules_engine_bundled_episode.settle import outputs, settle
from rules_engine_bundled_episode.terms import SCHEMA, Terms

__all__ = ["BUNDLED_EPISODE", "provide_methodology"]

BUNDLED_EPISODE: Methodology[Terms] = Methodology(
    name="bundled_episode",
    summary="Finds episodes of care in claims, and pays one amount for all care of each.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    derive=derive,
    experience=experience,
    settle=settle,
    lan_categories=("3A", "3B", "3N", "4A"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `bundled_episode`."""
    return BUNDLED_EPISODE
