"""The face: every public name of the payment-rules engine, and nothing else."""

from typing import TYPE_CHECKING, Any

from rules_engine.diagnostics import Diagnostic, Location, RulesetError
from rules_engine.expressions import Kind, TableType, Type
from rules_engine.language.schema import expression_schema
from rules_engine.ledger import Ledger, Money, Transfer, UnbalancedError, allocate, transfer
from rules_engine.methodology import (
    Explained,
    Formula,
    Methodology,
    Occasion,
    Output,
    Period,
    Query,
    Settlement,
    SettlementError,
    Step,
    TermsError,
    Worksheet,
    hookimpl,
)
from rules_engine.pricing.one import MissingColumnError
from rules_engine.pricing.priced import Adjustment, PricedClaim, PricedLine, RejectedLine

if TYPE_CHECKING:
    from rules_engine.engine import Engine, Explanation, Ruleset, Run

__all__ = [
    "Adjustment",
    "Diagnostic",
    "Engine",
    "Explained",
    "Explanation",
    "Formula",
    "Kind",
    "Ledger",
    "Location",
    "Methodology",
    "MissingColumnError",
    "Money",
    "Occasion",
    "Output",
    "Period",
    "PricedClaim",
    "PricedLine",
    "Query",
    "RejectedLine",
    "Ruleset",
    "RulesetError",
    "Run",
    "Settlement",
    "SettlementError",
    "Step",
    "TableType",
    "TermsError",
    "Transfer",
    "Type",
    "UnbalancedError",
    "Worksheet",
    "__version__",
    "allocate",
    "expression_schema",
    "hookimpl",
    "transfer",
]

_ENGINE = frozenset({"Engine", "Explanation", "Ruleset", "Run"})


def __getattr__(name: str) -> Any:
    """Load the engine when somebody asks for it: a plugin that is being found must not import it half-made."""
    if name in _ENGINE:
        from rules_engine import engine  # noqa: PLC0415  see above

        return getattr(engine, name)
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  reading metadata takes milliseconds

        return version("rules-engine")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
