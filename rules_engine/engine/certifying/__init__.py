"""Certifying: every engine on claims made from a ruleset's own edges, and what they agree on."""

from rules_engine.engine.certifying.certificate import Certificate, Counterexample
from rules_engine.engine.certifying.comparison import CLAIMS, certify
from rules_engine.engine.certifying.engines import ENGINES, PricingEngine, chosen

__all__ = [
    "CLAIMS",
    "ENGINES",
    "Certificate",
    "Counterexample",
    "PricingEngine",
    "certify",
    "chosen",
]
