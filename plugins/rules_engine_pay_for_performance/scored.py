"""One entity while it is settled: its results, its transfers, and what these follow."""

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from rules_engine import Occasion, Transfer

__all__ = ["Scored"]


@define
class Scored:
    """One entity with its results so far.

    Attributes:
        occasion: What its settlement may know.
        found: Outputs by name.
        moves: Transfers so far.
        about: Kind → formula of the share of the total that its measures decide; empty without one.
        stakes: Amounts of the worksheet, each with the same of what it follows.
        gets: Party → signed names of the amounts that it gets or pays.
    """

    occasion: Occasion
    found: dict[str, Any]
    moves: list[Transfer] = field(factory=list)
    about: Mapping[str, str] = field(factory=dict)
    stakes: list[tuple[str, Mapping[str, str]]] = field(factory=list)
    gets: dict[str, list[str]] = field(factory=dict)
