"""The face: every public name of the payment-rules engine, and nothing else."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rules_engine.diagnostics import Diagnostic, Location, RulesetError
    from rules_engine.engine import Engine, Explanation, Ruleset, Run
    from rules_engine.engine.certifying import Certificate
    from rules_engine.engine.cliffs import CliffReport
    from rules_engine.engine.month_corrections import MonthCorrection, RowChange, month_corrections
    from rules_engine.expressions import Kind, TableType, Type
    from rules_engine.language.schema import expression_schema
    from rules_engine.ledger import Ledger, Money, Transfer, UnbalancedError, allocate, transfer
    from rules_engine.ledger.journal import Journal, JournalError, open_journal
    from rules_engine.methodology import (
        Explained,
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
        Worksheet,
        hookimpl,
    )
    from rules_engine.pricing.correction import Correction, corrections
    from rules_engine.pricing.given import Given, NotGivenError
    from rules_engine.pricing.missing import MissingColumnError
    from rules_engine.pricing.months.priced import PricedMonth, RejectedMonth
    from rules_engine.pricing.priced import Adjustment, PricedClaim, PricedLine, RejectedLine
    from rules_engine.pricing.trace import Trace

    __version__: str

__all__ = [
    "Adjustment",
    "Certificate",
    "CliffReport",
    "Correction",
    "Diagnostic",
    "Engine",
    "Explained",
    "Explanation",
    "Formula",
    "Given",
    "Journal",
    "JournalError",
    "Kind",
    "Ledger",
    "Location",
    "Methodology",
    "MissingColumnError",
    "Money",
    "MonthCorrection",
    "MonthStep",
    "NotGivenError",
    "Occasion",
    "Output",
    "Period",
    "PricedClaim",
    "PricedLine",
    "PricedMonth",
    "Query",
    "RejectedLine",
    "RejectedMonth",
    "RowChange",
    "Rows",
    "Ruleset",
    "RulesetError",
    "Run",
    "Settlement",
    "SettlementError",
    "Step",
    "TableType",
    "TermsError",
    "Trace",
    "Transfer",
    "Type",
    "UnbalancedError",
    "Worksheet",
    "__version__",
    "allocate",
    "corrections",
    "expression_schema",
    "hookimpl",
    "month_corrections",
    "open_journal",
    "transfer",
]

# A name is loaded when somebody asks for it: a host that prices need not wait for what it does not
# use, and a plugin that is being found does not import an engine that is half made.
_HOMES: Final = {
    name: f"rules_engine.{home}"
    for home, names in {
        "diagnostics": "Diagnostic Location RulesetError",
        "engine": "Engine Explanation Ruleset Run",
        "engine.certifying": "Certificate",
        "engine.cliffs": "CliffReport",
        "engine.month_corrections": "MonthCorrection RowChange month_corrections",
        "expressions": "Kind TableType Type",
        "language.schema": "expression_schema",
        "ledger": "Ledger Money Transfer UnbalancedError allocate transfer",
        "ledger.journal": "Journal JournalError open_journal",
        "methodology": (
            "Explained Formula Methodology MonthStep Occasion Output Period Query Rows Settlement "
            "SettlementError Step TermsError Worksheet hookimpl"
        ),
        "pricing.correction": "Correction corrections",
        "pricing.given": "Given NotGivenError",
        "pricing.missing": "MissingColumnError",
        "pricing.months.priced": "PricedMonth RejectedMonth",
        "pricing.priced": "Adjustment PricedClaim PricedLine RejectedLine",
        "pricing.trace": "Trace",
    }.items()
    for name in names.split()
}

if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any misspelt name for one of these.

    def __getattr__(name: str) -> Any:
        """Load a public name at its first use."""
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415  reading metadata takes milliseconds

            value: Any = version("rules-engine")
        elif name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
        else:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
