"""Diagnostics: a finding about a text that somebody wrote, with its place and the way out."""

from rules_engine.diagnostics.codes import CODES
from rules_engine.diagnostics.diagnostic import (
    Diagnostic,
    Location,
    RulesetError,
    Severity,
    has_errors,
    in_order,
)
from rules_engine.diagnostics.wording import choices, excerpt, shown, suggest, with_article

__all__ = [
    "CODES",
    "Diagnostic",
    "Location",
    "RulesetError",
    "Severity",
    "choices",
    "excerpt",
    "has_errors",
    "in_order",
    "shown",
    "suggest",
    "with_article",
]
