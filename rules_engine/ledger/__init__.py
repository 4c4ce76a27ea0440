"""Exact money: rounding, allocation, transfers between accounts, and the ledger that they form."""

from rules_engine.ledger.allocation import allocate
from rules_engine.ledger.ledger import Ledger, UnbalancedError
from rules_engine.ledger.money import CurrencyError, Money
from rules_engine.ledger.rounding import MODES, Exact, exact, round_to
from rules_engine.ledger.transfers import Transfer, outside, pool, transfer

__all__ = [
    "MODES",
    "CurrencyError",
    "Exact",
    "Ledger",
    "Money",
    "Transfer",
    "UnbalancedError",
    "allocate",
    "exact",
    "outside",
    "pool",
    "round_to",
    "transfer",
]
