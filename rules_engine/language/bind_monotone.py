"""Promises of a ruleset, held against its rules: each name known, each input one that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rules_engine.diagnostics import choices, suggest
from rules_engine.expressions.tree import Aggregate, Const, Dated, Lookup, Ref
from rules_engine.language.monotone import BoundPlace, BoundPromise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules_engine.expressions import Expression
    from rules_engine.language.document import Path
    from rules_engine.language.formulas import Formulas
    from rules_engine.language.monotone import Promise
    from rules_engine.language.ruleset import Declaration, Rule
    from rules_engine.methodology import Formula

__all__ = ["bind_promises"]

_MOVES: Final = (
    "a column of the entity, a value that `lookup` gives, a parameter, or a sum or another"
    " aggregate may stand here"
)


def bind_promises(formulas: Formulas) -> Iterator[BoundPromise]:
    """Check the promises of a ruleset; what is wrong with them is kept as a finding."""
    for promise in formulas.names.declaration.promises.values():
        made = _bound(formulas, promise)
        if made is not None:
            yield made


def _bound(formulas: Formulas, promise: Promise) -> BoundPromise | None:
    declared = formulas.names.declaration
    rule = declared.rules.get(promise.rule)
    settling = [name for name, one in formulas.names.bound.items() if one.settles]
    if rule is None or promise.rule not in settling:
        if promise.rule not in declared.rules or promise.rule in formulas.names.bound:
            formulas.findings.report(
                (*promise.path, "rule"),
                "RE304",
                f"{promise.rule} is no rule that settles; "
                f"{choices(settling) or 'no rule'} may stand here",
                suggest(promise.rule, settling),
            )
        return None
    if not _pays_somebody(formulas, promise, rule):
        return None
    checked = {
        key: made
        for key, value in promise.formulas.items()
        if (made := _formula(formulas, rule, key, (*promise.path, key), value)) is not None
    }
    places = tuple(
        BoundPlace(
            declared=place,
            formulas={
                key: made
                for key, value in place.formulas.items()
                if (made := _formula(formulas, rule, key, (*place.path, key), value)) is not None
            },
        )
        for place in promise.places
    )
    moved = checked.get("when_rises")
    if moved is None or not _can_be_moved(formulas, promise, moved):
        return None
    return BoundPromise(declared=promise, formulas=checked, places=places)


def _formula(formulas: Formulas, rule: Rule, key: str, path: Path, value: Any) -> Formula | None:
    mark = {"grain": rule.for_each or "contract", "dated": False}
    if key == "when":
        mark["type"] = "boolean or null"
    made = formulas.written(rule, path, value, mark, formulas.names.of(rule, mark))
    if made is None or key in {"when", "when_rises"} or made.type.is_numeric:
        return made
    formulas.findings.report(path, "RE407", f"{key} is a {made.type}; a number may stand here")
    return None


def _pays_somebody(formulas: Formulas, promise: Promise, rule: Rule) -> bool:
    declared = formulas.names.declaration
    known = [*declared.parties, *([rule.for_each] if rule.for_each else [])]
    if promise.to is None or promise.to in known:
        return True
    members = declared.groups.get(promise.to)
    what = f"is a group of {len(members)}" if members is not None else "is no party"
    formulas.findings.report(
        (*promise.path, "paid", "to"),
        "RE305",
        f"{promise.to} {what}; {choices(known)} may stand here",
        f"name one of them: {choices(members)}" if members else suggest(promise.to, known),
    )
    return False


def _can_be_moved(formulas: Formulas, promise: Promise, formula: Formula) -> bool:
    """Refuse what is no single number of the facts or of the contract."""
    path = (*promise.path, "when_rises")
    node = formula.expression
    name = formula.text.strip()
    if not (formula.type.is_numeric and _is_input(node, name, formulas.names.declaration)):
        what = name if formula.type.is_numeric else f"{name} (a {formula.type})"
        formulas.findings.report(path, "RE431", f"{what} is no input that can be moved; {_MOVES}")
        return False
    if promise.by is None and formula.type.scale is None:
        formulas.findings.report(
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
