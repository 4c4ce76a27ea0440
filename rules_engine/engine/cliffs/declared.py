"""Declared places: the regions, cliffs and steps of a promise, where they are for one entity."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from attrs import frozen

from rules_engine.engine.cliffs.moving import Moving
from rules_engine.language.document import Path
from rules_engine.language.monotone import BoundPlace
from rules_engine.methodology import Formula, SettlementError

__all__ = ["Located", "Range", "located"]


@frozen(kw_only=True)
class Range:
    """Values of an input that are looked at, in its smallest steps, both ends inside."""

    first: int
    last: int


@frozen(kw_only=True)
class Located:
    """A region, cliff or step, where it is for one entity.

    Attributes:
        kind: `region`, `cliff` or `step`.
        name: What the ruleset calls it.
        first: Value of the input at which it begins.
        last: Value of the input at which it ends; the same where it is declared `at` a value.
        at_once: Whether it is declared `at` a value.
        amount: Its dollars as declared; None where none are.
        why: Why the contract has it.
        path: Where the document declares it.
    """

    kind: str
    name: str
    first: Fraction
    last: Fraction
    at_once: bool
    amount: Fraction | None
    why: str
    path: Path

    def whole(self, unit: Fraction, range_: Range) -> Range:
        """Give the values of the input inside it; those around it where it is at one value."""
        low, high = self.first / unit, self.last / unit
        first, last = (floor(low), ceil(high)) if self.at_once else (ceil(low), floor(high))
        return Range(first=max(first, range_.first), last=min(last, range_.last))

    def ends(self, unit: Fraction, range_: Range) -> Iterator[int]:
        """Give the values of the input at its ends; those around one that lies between two."""
        for end in (self.first / unit, self.last / unit):
            for value in (floor(end), ceil(end)):
                if range_.first <= value <= range_.last:
                    yield value


def located(moving: Moving) -> tuple[Located, ...]:
    """Give the places that a promise declares for an entity, in order.

    Raises:
        SettlementError: A formula has no value here.
    """
    found = []
    for place in moving.promise.places:
        when = place.formulas.get("when")
        if when is not None and moving.value(when) is not True:
            continue
        found.append(_located(moving, place))
    return tuple(sorted(found, key=lambda one: (one.first, one.last)))


def _located(moving: Moving, place: BoundPlace) -> Located:
    formulas = place.formulas
    at = formulas.get("at")
    first = number(moving, formulas["from"] if at is None else at)
    last = number(moving, formulas["through"] if at is None else at)
    amount = formulas.get("loses", formulas.get("gains"))
    declared = place.declared
    return Located(
        kind=declared.kind,
        name=declared.name,
        first=first,
        last=last,
        at_once=at is not None,
        amount=None if amount is None else number(moving, amount),
        why=declared.why,
        path=declared.path,
    )


def number(moving: Moving, formula: Formula) -> Fraction:
    """Give the value of a formula of a promise.

    Raises:
        SettlementError: It has none.
    """
    value = moving.value(formula)
    if not isinstance(value, Fraction):
        who = "/".join(moving.entity.key) or moving.held.ruleset.declaration.id
        msg = f"{formula.place}: {formula.text} has no value for {who} in {moving.period.label}"
        raise SettlementError(msg)
    return value
