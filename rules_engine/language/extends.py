"""Extending: a ruleset that amends another, merged, with the origin of every value kept."""

from __future__ import annotations

import os
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from rules_engine.diagnostics import Diagnostic, RulesetError, shown
from rules_engine.language.document import Document
from rules_engine.language.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from rules_engine.language.reader import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules_engine.diagnostics import Location

LEVELS_MAX: Final = 20
# A parameter has one value or dated ones: an amendment that writes one replaces the other.
_EXCLUDES: Final[Mapping[str, str]] = {"value": "values", "values": "value"}


def read_extended(path: str | os.PathLike[str]) -> Document:
    """Read a ruleset and every ruleset that it extends, merged.

    Mappings merge key by key, scalars and lists replace. Rules merge by their id, and a rule with
    `remove: true` drops the one of its id. A path may not leave the folder around the ruleset's
    own folder, symbolic links followed.

    Returns:
        The merged document without its `extends`; what it locates is in the file it comes from.

    Raises:
        RulesetError: A file cannot be read, or is extended in a circle or from outside.
    """
    name = os.fspath(path)
    try:
        folder = FilePath(name).parent.resolve()
    except (OSError, ValueError, RuntimeError):
        # The reader says better what is wrong with the name.
        return read_file(name)
    real = folder / FilePath(name).name
    return Document(_read(_Step(name=name, real=real, root=folder.parent)))


@frozen(kw_only=True)
class _Step:
    """One ruleset on the way to the outermost base.

    Attributes:
        name: The file as the caller would name it.
        real: Where it is, symbolic links followed.
        root: The folder that no path may leave.
        before: Real path of each ruleset before it, and where it says `extends`.
    """

    name: str
    real: FilePath
    root: FilePath
    before: tuple[tuple[FilePath, Location], ...] = ()


def _read(step: _Step) -> Node:
    document = read_file(step.real, called=step.name)
    top = document.root
    if not isinstance(top, MappingNode):
        return top
    entry = top.entries.get("extends")
    if entry is None:
        return _merged_rules(None, top)
    target = _target(step, entry)
    own = {key: inner for key, inner in top.entries.items() if key != "extends"}
    base = _read(target)
    if not isinstance(base, MappingNode):
        return base
    return _merged(base, evolve(top, entries=own), ())


def _target(step: _Step, entry: Entry) -> _Step:
    """Find the ruleset that one extends.

    Raises:
        RulesetError: There is none, or it may not be read.
    """
    node = entry.node
    place = node.source.location(node.start)
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        message = "extends is no text; the path of a ruleset may stand here"
        raise RulesetError([Diagnostic(place, "RE203", message)])
    written = node.value
    try:
        real = (step.real.parent / written).resolve()
        own = step.real.resolve()
    except (OSError, ValueError, RuntimeError):
        raise RulesetError([_absent(place, written)]) from None
    if FilePath(written).is_absolute() or not real.is_relative_to(step.root):
        raise RulesetError([_outside(place, written)])
    before = (*step.before, (own, place))
    again = [where for path, where in before if path == real]
    if again or len(before) > LEVELS_MAX:
        raise RulesetError([_circle(place, written, again)])
    if not real.is_file():
        raise RulesetError([_absent(place, written)])
    called = os.path.normpath(FilePath(step.name).parent / written)
    return _Step(name=called, real=real, root=step.root, before=before)


def _absent(place: Location, written: str) -> Diagnostic:
    return Diagnostic(
        place,
        "RE120",
        f"extends is `{shown(written)}`, and there is no such file; the path of a ruleset, from "
        "this file's folder, may stand here",
    )


def _outside(place: Location, written: str) -> Diagnostic:
    return Diagnostic(
        place,
        "RE122",
        f"extends is `{shown(written)}`, which leaves the folder around the ruleset's own; a "
        "path inside it may stand here",
        help="copy the ruleset that is extended beside this one",
    )


def _circle(place: Location, written: str, again: Sequence[Location]) -> Diagnostic:
    if again:
        return Diagnostic(
            place,
            "RE121",
            f"extends is `{shown(written)}`, which extends this file in turn; a ruleset that "
            "stands by itself may stand here",
            related=tuple((where, "it extends from here") for where in again if where != place),
        )
    message = f"more than {LEVELS_MAX} rulesets extend each other; that is the most"
    return Diagnostic(place, "RE121", message)


def _merged(base: Node, over: Node, path: tuple[str, ...]) -> Node:
    """Merge two values; what stands in `over` wins."""
    if not isinstance(base, MappingNode) or not isinstance(over, MappingNode):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        if len(path) == 2 and path[0] == "parameters" and key in _EXCLUDES:  # noqa: PLR2004  (section and name)
            entries.pop(_EXCLUDES[key], None)
        before = base.entries.get(key)
        if path == () and key == "rules":
            node: Node = _merged_list(before.node if before else None, entry.node)
            entries[key] = evolve(entry, node=node)
        elif before is None:
            entries[key] = entry
        else:
            node = _merged(before.node, entry.node, (*path, key))
            replaced = None if isinstance(node, MappingNode) else before.node
            entries[key] = evolve(entry, node=node, replaced=replaced)
    if path == () and "monotone" in base.entries:
        entry = entries["monotone"]
        kept = _without_removed(entry.node, over)
        if isinstance(kept, MappingNode) and not kept.entries:
            del entries["monotone"]
        else:
            entries["monotone"] = evolve(entry, node=kept)
    return evolve(over, entries=entries)


def _without_removed(promises: Node, over: MappingNode) -> Node:
    """Drop what the base promises of rules that are removed; what `over` says itself stays."""
    rules, own = over.entries.get("rules"), over.entries.get("monotone")
    items = rules.node.items if rules and isinstance(rules.node, SequenceNode) else ()
    removed = {_id(rule) for rule in items if _is_removed(rule)}
    said = own.node.entries if own and isinstance(own.node, MappingNode) else {}
    if not isinstance(promises, MappingNode):
        return promises
    kept = {
        key: entry
        for key, entry in promises.entries.items()
        if key in said or _field(entry.node, "rule") not in removed
    }
    return evolve(promises, entries=kept)


def _merged_rules(base: MappingNode | None, over: MappingNode) -> MappingNode:
    """Take out what a ruleset without a base cannot mean: rules that are removed."""
    entry = over.entries.get("rules")
    if entry is None:
        return over
    before = base.entries.get("rules") if base else None
    rules = _merged_list(before.node if before else None, entry.node)
    return evolve(over, entries={**over.entries, "rules": evolve(entry, node=rules)})


def _merged_list(base: Node | None, over: Node) -> Node:
    """Merge rules by id.

    Raises:
        RulesetError: A rule is removed that is not there.
    """
    if not isinstance(over, SequenceNode):
        return over
    rules: list[Node] = list(base.items) if isinstance(base, SequenceNode) else []
    places: dict[str, int] = {}
    for place, rule in enumerate(rules):
        places.setdefault(_id(rule), place)
    removed: set[int] = set()
    seen: set[str] = set()
    findings: list[Diagnostic] = []
    for rule in over.items:
        name = _id(rule)
        # A second rule of one id is no amendment of the first: both are kept and reported.
        place = -1 if name in seen else places.get(name, -1)
        seen.add(name)
        if not _is_removed(rule):
            if place < 0:
                rules.append(rule)
            else:
                rules[place] = _merged(rules[place], rule, ("rules", name))
        elif place < 0:
            where = rule.source.location(rule.start)
            message = (
                f"the rule {shown(name) or 'without an id'} is removed, and the extended ruleset "
                "has none of that id; the id of one of its rules may stand here"
            )
            way_out = "only a rule of the ruleset that `extends` names can be removed"
            findings.append(Diagnostic(where, "RE123", message, help=way_out))
        else:
            removed.add(place)
    if findings:
        raise RulesetError(findings)
    kept = tuple(rule for place, rule in enumerate(rules) if place not in removed)
    return evolve(over, items=kept)


def _field(node: Node, key: str) -> object:
    entry = node.entries.get(key) if isinstance(node, MappingNode) else None
    return entry.node.value if entry and isinstance(entry.node, ScalarNode) else None


def _id(rule: Node) -> str:
    found = _field(rule, "id")
    return found if isinstance(found, str) else ""


def _is_removed(rule: Node) -> bool:
    return _field(rule, "remove") is True
