"""Engine: open rulesets, price, run, settle, explain."""

from typing import TYPE_CHECKING

from rules_engine.engine.contract import Needs
from rules_engine.engine.engine import Engine
from rules_engine.engine.ruleset import Ruleset
from rules_engine.methodology.explanation import Explanation

if TYPE_CHECKING:
    from rules_engine.engine.run import Run

__all__ = ["Engine", "Explanation", "Needs", "Ruleset", "Run"]


def __getattr__(name: str) -> object:
    """Load runs when somebody asks for them: pricing a claim must not load DuckDB."""
    if name == "Run":
        from rules_engine.engine.run import Run  # noqa: PLC0415  see above

        return Run
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
