"""Methodology: how a plugin offers a way of paying."""

from rules_engine.methodology.hooks import hookimpl
from rules_engine.methodology.host import Host, Offer, Problem
from rules_engine.methodology.record import (
    STAGES,
    Formula,
    Methodology,
    MonthStep,
    Occasion,
    Output,
    Period,
    Query,
    Rows,
    Settlement,
    SettlementError,
    Step,
    TermsError,
)
from rules_engine.methodology.worksheet import Explained, Worksheet

__all__ = [
    "STAGES",
    "Explained",
    "Formula",
    "Host",
    "Methodology",
    "MonthStep",
    "Occasion",
    "Offer",
    "Output",
    "Period",
    "Problem",
    "Query",
    "Rows",
    "Settlement",
    "SettlementError",
    "Step",
    "TermsError",
    "Worksheet",
    "hookimpl",
]
