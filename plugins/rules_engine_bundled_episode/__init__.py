"""Bundled episodes: one amount for a whole condition, built from claims, paid before or after."""

from rules_engine import Methodology, hookimpl
from rules_engine_bundled_episode.either import (
    SCHEMA,
    Either,
    derive,
    experience,
    outputs,
    price,
    read_terms,
    settle_together,
)
from rules_engine_bundled_episode.prospective import PROSPECTIVE, Prospective

__all__ = ["BUNDLED_EPISODE", "PROSPECTIVE", "Prospective", "provide_methodology"]

BUNDLED_EPISODE: Methodology[Either] = Methodology(
    name="bundled_episode",
    summary="Finds episodes of care in claims, and pays one amount for all care of each.",
    terms_schema=SCHEMA,
    read_terms=read_terms,
    outputs=outputs,
    derive=derive,
    price=price,
    experience=experience,
    settle_together=settle_together,
    lan_categories=("3A", "3B", "3N", "4A"),
)


@hookimpl
def provide_methodology() -> Methodology[Either]:
    """Offer `bundled_episode`."""
    return BUNDLED_EPISODE
