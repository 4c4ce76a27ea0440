"""Cliffs: where better pays less, found by settling again with one input moved."""

from rules_engine.engine.cliffs.check import Effort
from rules_engine.engine.cliffs.looking import look
from rules_engine.engine.cliffs.report import CliffReport, Stretch, Sweep

__all__ = ["CliffReport", "Effort", "Stretch", "Sweep", "look"]
