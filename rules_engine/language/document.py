"""Documents: a YAML text that was read, its value, and the place of everything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from rules_engine.language.nodes import (
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    plain_value,
)
from rules_engine.language.places import index_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules_engine.diagnostics import Location

Path = tuple[str | int, ...]


@frozen(eq=False)
class Document:
    """A document and where everything in it stands.

    Attributes:
        root: The outermost node.
        value: What it means: dict, list, str, int, Decimal, bool, date or None; every key is text.
    """

    root: Node
    value: Any = field(init=False)

    @value.default
    def _find_value(self) -> Any:
        return plain_value(self.root)

    @property
    def file(self) -> str:
        """The file of the outermost node, as the caller named it."""
        return self.root.source.file

    def node(self, path: Path) -> Node | None:
        """Give the node at a path of keys and positions, or None when nothing is there."""
        found: Node | None = self.root
        for step in path:
            found = _step(found, step)
        return found

    def entry(self, path: Path) -> Entry | None:
        """Give the key and value at a path, or None when no key leads there."""
        around = self.node(path[:-1]) if path else None
        return around.entries.get(str(path[-1])) if isinstance(around, MappingNode) else None

    def locate(self, path: Path, *, key: bool = False, offset: int | None = None) -> Location:
        """Say where something stands.

        Args:
            path: Keys and positions (from 0) from the outermost value inwards. Where nothing is
                at the path, the nearest thing around it is located.
            key: Locate the key instead of its value.
            offset: Locate the character at this offset of a text value, as it stands in the file
                behind quotes, escapes, folds and indentation. None is the value's beginning, its
                quote included.
        """
        while path and self.node(path) is None:
            path = path[:-1]
        if key:
            entry = self.entry(path)
            if entry is not None:
                return entry.key.source.location(entry.key.start)
        node = self.node(path) or self.root
        if offset is None or not isinstance(node, ScalarNode):
            return node.source.location(node.start)
        return node.source.location(index_at(node, offset))

    def written(self, path: Path) -> str:
        """Give a scalar as it is written in the file; nothing for anything else."""
        node = self.node(path)
        return node.written if isinstance(node, ScalarNode) else ""

    def line(self, place: Location) -> str:
        """Give the line of the text that a place of this document is in, for an excerpt."""
        for node in _nodes(self.root):
            if node.source.file == place.file:
                return node.source.line(place.line)
        return ""


def _step(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, MappingNode):
        entry = node.entries.get(str(step))
        return entry.node if entry else None
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, MappingNode):
        for entry in node.entries.values():
            yield from _nodes(entry.node)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _nodes(item)
