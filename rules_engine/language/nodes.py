"""Nodes: what was read, with the place of every key and value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules_engine.language.source import Source

Plain: TypeAlias = str | int | Decimal | bool | date | None


@frozen(kw_only=True, eq=False)
class ScalarNode:
    """One text, number, truth value, date or nothing.

    Attributes:
        source: The text in which it stands.
        start: Index of its first character, its quote or block indicator included.
        end: Index behind its last character.
        style: `''` plain, `'` or `"` quoted, `|` or `>` a block of lines.
        text: What it says before it is resolved; for a key, the key.
        value: What it means.
    """

    source: Source
    start: int
    end: int
    style: str
    text: str
    value: Plain

    @property
    def written(self) -> str:
        """The characters that stand in the file, quotes included."""
        return self.source.text[self.start : self.end]


@frozen(kw_only=True, eq=False)
class Entry:
    """One key of a mapping and its value.

    Attributes:
        key: The key.
        node: The value.
        replaced: The value of an extended ruleset in whose place this one stands, or None.
    """

    key: ScalarNode
    node: Node
    replaced: Node | None = None


@frozen(kw_only=True, eq=False)
class MappingNode:
    """Keys and values, in the order of the file."""

    source: Source
    start: int
    end: int
    entries: Mapping[str, Entry] = field(factory=dict)


@frozen(kw_only=True, eq=False)
class SequenceNode:
    """Items, in the order of the file."""

    source: Source
    start: int
    end: int
    items: tuple[Node, ...] = ()


Node: TypeAlias = ScalarNode | MappingNode | SequenceNode


def plain_value(node: Node) -> Any:
    """Give what a node means as dicts, lists and plain values."""
    if isinstance(node, MappingNode):
        return {key: plain_value(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node.items]
    return node.value
