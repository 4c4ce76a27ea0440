"""Promises: where a payment never moves the wrong way, and the cliffs where it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from rules_engine.language.document import Path
    from rules_engine.methodology import Formula

__all__ = [
    "BoundPlace",
    "BoundPromise",
    "Direction",
    "Place",
    "Promise",
    "promise",
]

Direction = Literal["rises", "falls"]


@frozen(kw_only=True)
class Place:
    """A region, a cliff or a step, as the document declares it.

    Attributes:
        name: What results call it.
        kind: `region`, `cliff` or `step`.
        formulas: The written expressions by their key: `at`, `from`, `through`, `when`, `loses`,
            `gains`; only those that are there.
        why: Why the contract has it.
        path: Where the document declares it.
    """

    name: str
    kind: str
    formulas: Mapping[str, Any]
    why: str
    path: Path


@frozen(kw_only=True)
class Promise:
    """That a payment never rises, or never falls, when one input rises and all else is held.

    Attributes:
        name: What results call it.
        rule: The rule that settles the payment.
        to: The party or entity that is paid; None where an amount is written.
        never: What the payment never does when the input rises.
        by: Smallest step of the input; None for the one of its type.
        formulas: The written expressions by their key: `paid`, `when_rises`, `from`, `through`,
            `when`; only those that are there.
        places: Its regions, cliffs and steps.
        path: Where the document declares it.
    """

    name: str
    rule: str
    to: str | None
    never: Direction
    by: Decimal | int | None
    formulas: Mapping[str, Any]
    places: tuple[Place, ...]
    path: Path


@frozen(kw_only=True)
class BoundPlace:
    """A region, a cliff or a step whose expressions were checked; `formulas` by their key."""

    declared: Place
    formulas: Mapping[str, Formula]


@frozen(kw_only=True)
class BoundPromise:
    """A promise whose expressions were checked; `formulas` by their key."""

    declared: Promise
    formulas: Mapping[str, Formula]
    places: tuple[BoundPlace, ...]

    @property
    def name(self) -> str:
        """What results call it."""
        return self.declared.name

    def every_formula(self) -> tuple[Formula, ...]:
        """Give every formula that is read from facts as they are."""
        own = [formula for key, formula in self.formulas.items() if key != "when_rises"]
        return (*own, *(f for place in self.places for f in place.formulas.values()))


_OF_PROMISE = ("when_rises", "from", "through", "when")
_OF_PLACE = ("at", "from", "through", "when", "loses", "gains")


def promise(name: str, said: Mapping[str, Any]) -> Promise:
    """Give what a document that fits the schema says under one name of `monotone`."""
    path: Path = ("monotone", name)
    paid = said["paid"]
    formulas = {key: said[key] for key in _OF_PROMISE if key in said}
    if not isinstance(paid, dict):
        formulas["paid"] = paid
    return Promise(
        name=name,
        rule=said["rule"],
        to=paid["to"] if isinstance(paid, dict) else None,
        never=said["never"],
        by=said.get("by"),
        formulas=formulas,
        places=tuple(
            Place(
                name=inner,
                kind=kind,
                formulas={key: one[key] for key in _OF_PLACE if key in one},
                why=str(one.get("why", "")),
                path=(*path, section, inner),
            )
            for section, kind in (("regions", "region"), ("cliffs", "cliff"), ("steps", "step"))
            for inner, one in said.get(section, {}).items()
        ),
        path=path,
    )
