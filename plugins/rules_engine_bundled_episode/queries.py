"""The tables that a bundled episode derives, in the order in which one reads another."""

from collections.abc import Mapping

from rules_engine import Query
from rules_engine_bundled_episode import costing, finding, placing
from rules_engine_bundled_episode.terms import Terms

__all__ = ["derive"]


def derive(terms: Terms) -> Mapping[str, Query]:
    """Give the tables: claims, triggers, episodes, and of every claim line where it belongs."""
    return {
        "claim": finding.claim(terms),
        "candidate": finding.candidate(terms),
        "opened": finding.opened(terms),
        "within": finding.within(terms),
        "beside": placing.beside(terms),
        "weighed": placing.weighed(terms),
        "judged": placing.judged(terms),
        "kept": placing.kept(terms),
        "placed": placing.placed(terms),
        "answered": costing.answered(terms),
        "cost": costing.cost(terms),
        "cut": costing.cut(terms),
        "episode": costing.episode(terms),
        "service": costing.service(terms),
        "trigger": costing.trigger(terms),
    }
