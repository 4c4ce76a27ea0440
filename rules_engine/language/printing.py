"""Printing: a merged ruleset as YAML, with the origin of each value beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules_engine.diagnostics import shown
from rules_engine.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, plain_value
from rules_engine.language.scalars import resolve
from rules_engine.language.traps import unclosed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules_engine.language.document import Document
    from rules_engine.language.nodes import Entry

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PLAIN_TEXT = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_.()/'*+<>=, -]*[A-Za-z0-9_.()'*+<>=-])?")
_FLOW_CHARACTERS_MAX: Final = 80
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def printable(document: Document, *, origins: bool = True) -> str:
    """Give a document as YAML that reads back to the same value.

    Args:
        document: What to print.
        origins: Whether, where it was merged from several files, a comment names the place of each
            value and, where it replaces one, what it replaces.
    """
    notes = origins and len(set(_files(document.root))) > 1
    return "".join(f"{line}\n" for line in _lines(document.root, notes=notes))


def _files(node: Node) -> Iterator[str]:
    yield node.source.file
    if isinstance(node, MappingNode):
        for entry in node.entries.values():
            yield from _files(entry.node)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _files(item)


def _lines(node: Node, *, notes: bool) -> list[str]:
    inline = _inline(node)
    if inline is not None:
        return [inline + _note(node, None, notes=notes)]
    lines: list[str] = []
    if isinstance(node, MappingNode):
        for key, entry in node.entries.items():
            lines.extend(_entry_lines(key, entry, notes=notes))
    elif isinstance(node, SequenceNode):
        for item in node.items:
            first, *rest = _lines(item, notes=notes)
            lines.append(f"- {first}")
            lines.extend(f"  {line}" for line in rest)
    return lines


def _entry_lines(key: str, entry: Entry, *, notes: bool) -> Iterator[str]:
    written = key if _PLAIN_KEY.fullmatch(key) else _quoted(key)
    inline = _inline(entry.node)
    if inline is not None:
        yield f"{written}: {inline}{_note(entry.node, entry.replaced, notes=notes)}"
        return
    replaced = entry.replaced
    yield f"{written}:" + (_note(entry.node, replaced, notes=notes) if replaced else "")
    yield from (f"  {line}" for line in _lines(entry.node, notes=notes))


def _inline(node: Node) -> str | None:
    """Give a value that fits on the line of its key, or None."""
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, MappingNode):
        return None if node.entries else "{}"
    items = [_scalar(item, is_flow=True) for item in node.items if isinstance(item, ScalarNode)]
    flow = f"[{', '.join(items)}]"
    fits = len(items) == len(node.items) and len(flow) <= _FLOW_CHARACTERS_MAX
    return flow if fits else None


def _scalar(node: ScalarNode, *, is_flow: bool = False) -> str:
    if node.value is None:
        return "null"
    if not isinstance(node.value, str):
        return node.text
    text = node.value
    is_plain = (
        _PLAIN_TEXT.fullmatch(text) is not None
        and resolve(text) == text
        and unclosed(text) is None
        and not (is_flow and "," in text)
    )
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def _note(node: Node, replaced: Node | None, *, notes: bool) -> str:
    if not notes:
        return ""
    place = node.source.location(node.start)
    note = f"  # {shown(place.file, 200)}:{place.line}"
    if replaced is None or plain_value(replaced) == plain_value(node):
        return note
    before = replaced.source.location(replaced.start)
    what = _inline(replaced) or "what stands"
    return f"{note} instead of {shown(what)} at {shown(before.file, 200)}:{before.line}"
