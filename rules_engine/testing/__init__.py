"""Testing: strategies and laws for authors of methodologies."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rules_engine.testing.contracts import Contract, engine_of
    from rules_engine.testing.judge import judge
    from rules_engine.testing.kit import hold_to_every_law, holds_to_every_law
    from rules_engine.testing.regions import hold_inside_regions, holds_inside_its_regions
    from rules_engine.testing.strategies import (
        PARTIES,
        YEAR,
        amounts,
        days,
        experiences,
        money,
        parties,
        rates,
        weights,
    )

__all__ = [
    "PARTIES",
    "YEAR",
    "Contract",
    "amounts",
    "days",
    "engine_of",
    "experiences",
    "hold_inside_regions",
    "hold_to_every_law",
    "holds_inside_its_regions",
    "holds_to_every_law",
    "judge",
    "money",
    "parties",
    "rates",
    "weights",
]

_HOMES = {
    "Contract": "contracts", "engine_of": "contracts", "judge": "judge",
    "hold_to_every_law": "kit", "holds_to_every_law": "kit",
    "hold_inside_regions": "regions", "holds_inside_its_regions": "regions",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a part when asked for it: a demonstration runs where Hypothesis is not installed."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415  see above

    home = import_module(f"rules_engine.testing.{_HOMES.get(name, 'strategies')}")
    return getattr(home, name)
