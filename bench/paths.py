"""The ways through the engine that are timed, each called in this one place."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bench.plain import Answer
from rules_engine import PricedLine

__all__ = ["answer", "answers", "priced", "rows", "table", "traced"]

Claim = Mapping[str, Any]


def priced(ruleset: Any, claim: Claim) -> Any:
    """Price one claim: a `PricedClaim`."""
    return ruleset.price(claim)


def traced(ruleset: Any, claim: Claim) -> Any:
    """Price one claim with its trace."""
    return ruleset.price(claim, trace=True)


def rows(ruleset: Any, lines: Iterable[Claim]) -> Iterator[Mapping[str, Any]]:
    """Price rows of dicts: a mapping for each line."""
    return iter(ruleset.price_rows(lines))


def table(ruleset: Any, lines: Any) -> Any:
    """Price an Arrow table: a reader of record batches."""
    return ruleset.price_table(lines)


def answer(claim: Any) -> Answer | None:
    """Read allowed, withheld and paid amount of the one line; None where it is rejected."""
    line = claim.lines[0]
    return (line.allowed, line.withheld, line.paid) if isinstance(line, PricedLine) else None


def answers(found: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Decimal | None, ...]]:
    """Read the same of rows."""
    for row in found:
        yield row["allowed_amount"], row["withheld_amount"], row["paid_amount"]
