"""Promises of a ruleset, held against its rules: each name known, each input one that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from rules_engine.diagnostics import choices, suggest
from rules_engine.expressions.tree import Aggregate, Const, Dated, Lookup, Ref
from rules_engine.language.monotone import BoundPlace, BoundPromise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules_engine.expressions import Expression, Scope
    from rules_engine.language.bound import BoundRule
    from rules_engine.language.document import Path
    from rules_engine.language.monotone import Promise
    from rules_engine.language.ruleset import Declaration, Rule
    from rules_engine.methodology import Formula

__all__ = ["Binder", "bind_promises"]

_MOVES: Final = (
    "a column of the entity, a value that `lookup` gives, a parameter, or a sum or another"
    " aggregate may stand here"
)


class Binder(Protocol):
    """What checks formulas at their places: the binder of the ruleset."""

    @property
    def declaration(self) -> Declaration:
        """What the document says."""

    @property
    def bound(self) -> Mapping[str, BoundRule]:
        """Rules that were bound."""

    def report(
        self, path: Path, code: str, message: str, help_: str | None = None, *, key: bool = False
    ) -> None:
        """Keep a finding."""

    def scope(self, rule: Rule, mark: Mapping[str, Any]) -> Scope:
        """Say what names mean in a rule."""

    def written(
        self, rule: Rule, path: Path, value: Any, mark: Mapping[str, Any], scope: Scope
    ) -> Formula | None:
        """Check one expression."""


def bind_promises(binder: Binder) -> Iterator[BoundPromise]:
    """Check the promises of a ruleset; what is wrong with them the binder keeps."""
    for promise in binder.declaration.promises.values():
        made = _bound(binder, promise)
        if made is not None:
            yield made


def _bound(binder: Binder, promise: Promise) -> BoundPromise | None:
    declared = binder.declaration
    rule = declared.rules.get(promise.rule)
    settling = [name for name, one in binder.bound.items() if one.settles]
    if rule is None or promise.rule not in settling:
        if promise.rule not in declared.rules or promise.rule in binder.bound:
            binder.report(
                (*promise.path, "rule"),
                "RE304",
                f"{promise.rule} is no rule that settles; "
                f"{choices(settling) or 'no rule'} may stand here",
                suggest(promise.rule, settling),
            )
        return None
    if not _pays_somebody(binder, promise, rule):
        return None
    formulas = {
        key: made
        for key, value in promise.formulas.items()
        if (made := _formula(binder, rule, key, (*promise.path, key), value)) is not None
    }
    places = tuple(
        BoundPlace(
            declared=place,
            formulas={
                key: made
                for key, value in place.formulas.items()
                if (made := _formula(binder, rule, key, (*place.path, key), value)) is not None
            },
        )
        for place in promise.places
    )
    moved = formulas.get("when_rises")
    if moved is None or not _can_be_moved(binder, promise, moved):
        return None
    return BoundPromise(declared=promise, formulas=formulas, places=places)


def _formula(binder: Binder, rule: Rule, key: str, path: Path, value: Any) -> Formula | None:
    mark = {"grain": rule.for_each or "contract", "dated": False}
    if key == "when":
        mark["type"] = "boolean or null"
    made = binder.written(rule, path, value, mark, binder.scope(rule, mark))
    if made is None or key in {"when", "when_rises"} or made.type.is_numeric:
        return made
    binder.report(path, "RE407", f"{key} is a {made.type}; a number may stand here")
    return None


def _pays_somebody(binder: Binder, promise: Promise, rule: Rule) -> bool:
    declared = binder.declaration
    known = [*declared.parties, *([rule.for_each] if rule.for_each else [])]
    if promise.to is None or promise.to in known:
        return True
    members = declared.groups.get(promise.to)
    what = f"is a group of {len(members)}" if members is not None else "is no party"
    binder.report(
        (*promise.path, "paid", "to"),
        "RE305",
        f"{promise.to} {what}; {choices(known)} may stand here",
        f"name one of them: {choices(members)}" if members else suggest(promise.to, known),
    )
    return False


def _can_be_moved(binder: Binder, promise: Promise, formula: Formula) -> bool:
    """Refuse what is no single number of the facts or of the contract."""
    path = (*promise.path, "when_rises")
    node = formula.expression
    name = formula.text.strip()
    if not (formula.type.is_numeric and _is_input(node, name, binder.declaration)):
        what = name if formula.type.is_numeric else f"{name} (a {formula.type})"
        binder.report(path, "RE431", f"{what} is no input that can be moved; {_MOVES}")
        return False
    if promise.by is None and formula.type.scale is None:
        binder.report(
            path,
            "RE432",
            f"{name} may be any fraction; `by:` has to say its smallest step",
            "add by: 0.01",
        )
        return False
    return True


def _is_input(node: Expression, name: str, declaration: Declaration) -> bool:
    match node:
        case Ref(space="entity") | Lookup() | Aggregate(peers=None):
            return True
        case Const() | Dated():
            return name in declaration.parameters
    return False
