"""Paths: which way every decision of a settlement went, and how near it was to another way."""

import re
from collections.abc import Hashable, Iterable
from datetime import date
from fractions import Fraction
from typing import Final

from attrs import Factory, define, field, frozen

from rules_engine.expressions import Expression, Kind, tree
from rules_engine.expressions.exact import Value
from rules_engine.settlement.books import Settled

__all__ = ["Decision", "Recorder", "Roundings"]

_NUMBER: Final = re.compile(r"[0-9][0-9./]*")
_ROUNDED = (tree.Round, tree.Elementary)


@frozen
class Decision:
    """One decision of a settlement.

    Attributes:
        outcome: What was decided, with what tells this decision from others.
        margin: A number whose sign decides, or None where none does. Of a rounding: what is
            rounded.
        rounded: Of a rounding, its result.
    """

    outcome: Hashable
    margin: Fraction | None = field(eq=False)
    rounded: Fraction | None = field(eq=False, default=None)


@define
class Roundings:
    """What is rounded on the way to a payment, other than amounts to the unit that is posted.

    Attributes:
        unit: The unit that is posted, in currency.
        seen: Rounded formula → the smallest and the largest result.
    """

    unit: Fraction
    seen: dict[tuple[int, int], tuple[Fraction, Fraction, int]] = Factory(dict)
    _sites: dict[int, tuple[tree.Expression, tuple[int, int]]] = Factory(dict)

    def site(self, node: tree.Round | tree.Elementary) -> tuple[int, int]:
        """Give what tells one rounded formula from others, at every value of the input."""
        known = self._sites.get(id(node))
        if known is None or known[0] is not node:
            known = node, (hash(node), node.start)
            self._sites[id(node)] = known
        return known[1]

    def see(self, node: tree.Round | tree.Elementary, value: Fraction) -> tuple[int, int] | None:
        """Keep a result; None for money that is rounded as finely as it is posted."""
        if node.type.kind is Kind.MONEY and Fraction(1, 10**node.places) <= self.unit:
            return None
        site = self.site(node)
        low, high, _ = self.seen.get(site, (value, value, node.places))
        self.seen[site] = min(low, value), max(high, value), node.places
        return site

    def steps(self, site: tuple[int, int]) -> int:
        """Give how many different results of a formula may have been met."""
        low, high, places = self.seen[site]
        return int((high - low) * 10**places)


class Recorder:
    """Keeps every decision of one settlement, in the order in which they were made."""

    def __init__(self, roundings: Roundings, followed: frozenset[tuple[int, int]]) -> None:
        """Begin empty.

        Args:
            roundings: Keeps what is rounded.
            followed: Rounded formulas each of whose results is a decision of its own.
        """
        self.decisions: list[Decision] = []
        self._roundings = roundings
        self._followed = followed
        self._values: dict[int, Value] = {}

    def __call__(self, node: Expression, value: Value) -> None:  # noqa: C901  one case a kind of node
        """Keep what a part of a formula decides; called for parts before the whole."""
        self._values[id(node)] = value
        match node:
            case tree.Compare():
                self._signed(node.left, node.right, value)
            case tree.Extremum():
                self._extremum(node)
            case tree.Absolute():
                self._sign("abs", self._values[id(node.operand)])
            case tree.InList():
                for option in node.options:
                    self._signed(node.operand, option, value)
            case tree.Lookup() | tree.Has():
                keys = tuple(self._values[id(key)] for key in node.keys)
                self._add((node.table, keys, value is None), None)
            case tree.Coalesce():
                nulls = tuple(self._values.get(id(a)) is None for a in node.arguments)
                self._add(nulls, None)
            case tree.Round() | tree.Elementary():
                self._rounded(node, value)
            case tree.Logic() | tree.Not():
                pass
            case _ if node.type.kind is Kind.BOOLEAN:
                self._add(value, None)

    def settled(self, made: Iterable[Settled | None]) -> None:
        """Keep what settlements are made of: their steps by name, and the sign of each."""
        for one in made:
            self._add(one is not None, None)
            if one is None:
                continue
            for step in one.explained:
                self._add((step.name, _NUMBER.sub("#", step.formula)), None)
                self._sign(step.name, step.value)

    def path(self) -> tuple[Decision, ...]:
        """Give the decisions."""
        return tuple(self.decisions)

    # -- one decision

    def _add(self, outcome: Hashable, margin: Fraction | None) -> None:
        self.decisions.append(Decision(outcome, margin))

    def _sign(self, what: str, value: Value) -> None:
        if isinstance(value, Fraction):
            self._add((what, (value > 0) - (value < 0)), value)
        elif value is None or isinstance(value, bool):
            self._add((what, value), None)

    def _signed(self, left: Expression, right: Expression, outcome: Value) -> None:
        a, b = self._values.get(id(left)), self._values.get(id(right))
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            self._sign("compared", a - b)
        elif isinstance(a, date) and isinstance(b, date):
            self._sign("compared", Fraction((a - b).days))
        else:
            self._add(("compared", outcome), None)

    def _extremum(self, node: tree.Extremum) -> None:
        values = [self._values[id(argument)] for argument in node.arguments]
        best = values[0]
        for value in values[1:]:
            if not (isinstance(best, Fraction) and isinstance(value, Fraction)):
                self._add((node.function, best is None, value is None), None)
                continue
            self._sign(node.function, value - best)
            best = min(best, value) if node.function == "least" else max(best, value)

    def _rounded(self, node: tree.Round | tree.Elementary, value: Value) -> None:
        if not isinstance(value, Fraction):
            return
        site = self._roundings.see(node, value)
        if site not in self._followed:
            return
        exact = self._values[id(node.operand)] if isinstance(node, tree.Round) else None
        margin = exact if isinstance(exact, Fraction) else None
        self.decisions.append(Decision(("rounded", site, value), margin, value))
