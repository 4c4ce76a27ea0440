"""A rule of bundled episodes: one that finds and reconciles them, or one that pays them before."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rules_engine import Occasion, Output, Query, Settlement, Step
from rules_engine_bundled_episode import experience as found_experience
from rules_engine_bundled_episode import pricing, queries, settle
from rules_engine_bundled_episode.prospective import PROSPECTIVE, Prospective
from rules_engine_bundled_episode.schema import SCHEMA as FOUND
from rules_engine_bundled_episode.terms import Terms

__all__ = [
    "SCHEMA",
    "Either",
    "derive",
    "experience",
    "outputs",
    "price",
    "read_terms",
    "settle_together",
]

Either = Terms | Prospective

SCHEMA: Final[Mapping[str, Any]] = {
    **{key: value for key, value in FOUND.items() if key != "required"},
    "properties": {**FOUND["properties"], "prospective": PROSPECTIVE},
    "if": {"required": ["prospective"]},
    "then": {"maxProperties": 1},
    "else": {"required": FOUND["required"]},
}


def read_terms(terms: Mapping[str, Any]) -> Either:
    """Read the terms of either kind.

    Raises:
        TermsError: They make no sense together.
    """
    if "prospective" in terms:
        return Prospective.read(terms["prospective"])
    return Terms.read(terms)


def outputs(terms: Either) -> Mapping[str, Output]:
    """Give what other rules may use."""
    return pricing.outputs(terms) if isinstance(terms, Prospective) else settle.outputs(terms)


def derive(terms: Either) -> Mapping[str, Query]:
    """Give the tables of either kind: episodes and their lines, or bundles that are open."""
    return pricing.derive(terms) if isinstance(terms, Prospective) else queries.derive(terms)


def price(terms: Either) -> Sequence[Step]:
    """Give the steps of a bundle that is paid before; none of one that is reconciled."""
    return pricing.price(terms) if isinstance(terms, Prospective) else ()


def experience(terms: Either) -> Mapping[str, Query]:
    """Give the rows that settling reads."""
    if isinstance(terms, Prospective):
        return pricing.experience(terms)
    return found_experience.experience(terms)


def settle_together(terms: Either, occasions: Sequence[Occasion]) -> Sequence[Settlement]:
    """Settle everyone of a period: bundles of all, or each entity's episodes by themselves."""
    if isinstance(terms, Prospective):
        return pricing.settle_together(terms, occasions)
    return [settle.settle(terms, one) for one in occasions]
