"""Which rule uses which: the order of settlement, and circles shown with every place."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from rules_engine.diagnostics import Diagnostic, Location
from rules_engine.expressions import ExpressionError, Node, parse
from rules_engine.expressions import syntax as said
from rules_engine.language.document import Document, Path

__all__ = [
    "Use",
    "deriver_of",
    "formulas_of",
    "marked",
    "ordered",
    "uses",
    "within",
]


@frozen
class Use:
    """A place where one rule names another."""

    user: str
    used: str
    place: Location


@frozen
class Marked:
    """A term that the methodology's schema marks as an expression."""

    path: Path
    value: Any
    mark: Mapping[str, Any]


def within(
    value: Any, schema: Mapping[str, Any], path: Path = ()
) -> Iterator[tuple[Path, Any, Mapping[str, Any]]]:
    """Give everything in a value that fits a schema, itself first, with the schema of each."""
    yield path, value, schema
    for part in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(part, ()):
            if _is_object(branch) == isinstance(value, Mapping):
                yield from within(value, branch, path)
    for step, inner, branch in _inside(value, schema):
        if isinstance(branch, Mapping):
            yield from within(inner, branch, (*path, step))


def _inside(value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str | int, Any, Any]]:
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        for key, inner in value.items():
            yield key, inner, known.get(key, schema.get("additionalProperties"))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield place, inner, schema.get("items")


def marked(value: Any, schema: Mapping[str, Any]) -> Iterator[Marked]:
    """Find every expression among terms that fit their schema."""
    found: set[Path] = set()
    for path, inner, branch in within(value, schema):
        mark = branch.get("x-expression")
        # Of expressions from dates on, the whole is marked and each of them too.
        if mark is not None and path not in found and path[:-1] not in found:
            found.add(path)
            yield Marked(path, inner, mark)


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def formulas_of(found: Marked) -> Iterator[tuple[Path, Any]]:
    """Give each written expression of a marked term: one, or one for each date."""
    if isinstance(found.value, dict):
        for day, value in found.value.items():
            yield (*found.path, day), value
    else:
        yield found.path, found.value


def expression_text(value: Any) -> str:
    """Give the text of an expression that YAML read as a number or truth value."""
    if isinstance(value, bool):
        return str(value).lower()
    return (
        value
        if isinstance(value, str)
        else f"{value:f}"
        if hasattr(value, "as_tuple")
        else str(value)
    )


def uses(
    user: str,
    rules: frozenset[str],
    document: Document,
    written: Sequence[tuple[Path, Any]],
    deriving: frozenset[str] = frozenset(),
) -> Iterator[Use]:
    """Find where the expressions of a rule name other rules, or tables that those derive."""
    for path, value in written:
        try:
            tree = parse(expression_text(value))
        except ExpressionError:
            continue
        for name in _names(tree):
            first = name.parts[0]
            place = document.locate(path, offset=name.start)
            if first in rules and len(name.parts) > 1:
                yield Use(user, first, place)
            elif (deriver := deriver_of(first, deriving)) not in {None, user}:
                yield Use(user, str(deriver), place)


def deriver_of(table: str, deriving: Iterable[str]) -> str | None:
    """Give the rule that derives a table, by the table's name; None where none can."""
    found = [rule for rule in deriving if table.startswith(f"{rule}_")]
    return max(found, key=len, default=None)


def _names(node: Node) -> Iterator[said.Name]:
    if isinstance(node, said.Name):
        yield node
    for part in said.parts(node):
        yield from _names(part)


def ordered(rules: Sequence[str], found: Sequence[Use]) -> tuple[list[str], list[Diagnostic]]:
    """Put what is used before what uses it; otherwise the order of the file stays.

    Returns:
        The order, and a finding for a circle; what waits for one has no place in the order.
    """
    needs = {rule: {use.used for use in found if use.user == rule} for rule in rules}
    order: list[str] = []
    waiting = list(rules)
    while waiting:
        ready = next((rule for rule in waiting if needs[rule] <= set(order)), None)
        if ready is None:
            break
        order.append(ready)
        waiting.remove(ready)
    if not waiting:
        return order, []
    circle = _circle(waiting, needs)
    places = [
        next(u for u in found if u.user == a and u.used == b)
        for a, b in zip(circle, [*circle[1:], circle[0]], strict=True)
    ]
    shown = " → ".join([*circle, circle[0]])
    first, *rest = places
    finding = Diagnostic(
        first.place,
        "RE311",
        f"{first.user} is computed from itself: {shown}",
        help="a rule uses outputs of rules that do not use it; split one of them",
        related=tuple((use.place, f"{use.user} uses {use.used} here") for use in rest),
    )
    return order, [finding]


def _circle(waiting: Sequence[str], needs: Mapping[str, set[str]]) -> list[str]:
    at = waiting[0]
    seen: list[str] = []
    while at not in seen:
        seen.append(at)
        at = next(rule for rule in waiting if rule in needs[at])
    return seen[seen.index(at) :]
