"""Reading: YAML text becomes a document, exact and with places, or diagnostics.

Nothing in a document runs, nothing is expanded, and no input of any kind is too much: what is
too large, too deep or not text is refused with a finding.
"""

from __future__ import annotations

import os
import re
import stat
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from attrs import define, field

from rules_engine.diagnostics import Diagnostic, Location, RulesetError, shown
from rules_engine.language.document import Document
from rules_engine.language.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from rules_engine.language.scalars import NUMBER_DIGITS_MAX, is_not_finite, is_too_long, resolve
from rules_engine.language.source import Source
from rules_engine.language.syntax import explained
from rules_engine.language.traps import cut_by_colon, cut_by_comma, cut_by_comment

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES_MAX: Final = 4 * 1024 * 1024
DEPTH_MAX: Final = 50
NODES_MAX: Final = 250_000
FINDINGS_MAX: Final = 100

_TOO_DEEP: Final = f"the value is nested deeper than {DEPTH_MAX} levels; that is the most"

# U+0085, U+2028 and U+2029 are line breaks to YAML and not to editors: lines would be miscounted.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n])", re.MULTILINE)


def read_file(path: str | os.PathLike[str], *, called: str | None = None) -> Document:
    """Read a file.

    Args:
        path: The file.
        called: What diagnostics call it; its path otherwise.

    Raises:
        RulesetError: The file cannot be opened, or what is in it is wrong.
    """
    name = os.fspath(path)
    called = name if called is None else called
    top = Location(called, 1, 1)
    try:
        # Asked before opening, because opening a pipe would wait for ever.
        if not stat.S_ISREG(os.stat(name).st_mode):  # noqa: PTH116  (a name may hold what Path refuses)
            reason = "is no file"
            raise RulesetError([_unopened(top, reason)])
        with Path(name).open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "has a name that no file can have"
        raise RulesetError([_unopened(top, reason)]) from error
    return read_bytes(data, called)


def _unopened(top: Location, reason: str) -> Diagnostic:
    name = shown(top.file, 200)
    message = f"{name} cannot be opened ({reason}); the name of a YAML file may stand here"
    return Diagnostic(top, "RE100", message)


def read_bytes(data: bytes, file: str = "<text>") -> Document:
    """Read the bytes of a file.

    Raises:
        RulesetError: What is in it is wrong.
    """
    top = Location(file, 1, 1)
    if len(data) > BYTES_MAX:
        message = f"the file is larger than {BYTES_MAX:_} bytes; that is the most that is read"
        way_out = "keep rows of numbers in CSV or Parquet files and name them under tables"
        raise RulesetError([Diagnostic(top, "RE105", message, help=way_out)])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise RulesetError(
            [
                Diagnostic(
                    Source(file, before).location(len(before)),
                    "RE101",
                    f"the byte {data[error.start]:#04x} is not UTF-8; UTF-8 text may stand here",
                    help="save the file as UTF-8",
                )
            ]
        ) from error
    return read(text, file)


def read(text: str, file: str = "<text>") -> Document:
    """Read a YAML text.

    Args:
        text: The text.
        file: What diagnostics call it.

    Returns:
        The document; a text with nothing in it is a document whose value is None.

    Raises:
        RulesetError: The text is wrong; every finding of the pass is in it.
    """
    source = Source(file, text.removeprefix("\ufeff"))
    findings = list(islice(_lexical(source), FINDINGS_MAX))
    if findings:
        raise RulesetError(findings)
    builder = _Builder(source)
    try:
        builder.build()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The parser has a limit of its own, and looks so far ahead that it may meet it first.
        is_nested = "nesting depth" in str(getattr(error, "problem", ""))
        cause = _nested(source, error) if is_nested else explained(error, source)
        if cause not in builder.findings:
            builder.findings.append(cause)
    except _StopError:
        pass
    if builder.findings:
        raise RulesetError(builder.findings)
    return Document(builder.root or _nothing(source))


def _nested(source: Source, error: Exception) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    index = min(mark.index, len(source.text)) if mark else 0
    return Diagnostic(source.location(index), "RE106", _TOO_DEEP)


def _nothing(source: Source) -> ScalarNode:
    return ScalarNode(source=source, start=0, end=0, style="", text="", value=None)


def _lexical(source: Source) -> Iterator[Diagnostic]:
    if len(source.text) > BYTES_MAX:
        message = f"the text is longer than {BYTES_MAX:_} characters; that is the most that is read"
        yield Diagnostic(source.location(0), "RE105", message)
        return
    for found in _CONTROL.finditer(source.text):
        yield _control(source, found.start(), found[0])
    for found in _TAB_INDENT.finditer(source.text):
        yield Diagnostic(
            source.location(found.start() + found[0].index("\t")),
            "RE103",
            "the line is indented with a tab; spaces may stand here",
            help="let the editor write spaces for tabs in YAML files",
        )


def _control(source: Source, index: int, character: str) -> Diagnostic:
    return Diagnostic(
        source.location(index),
        "RE102",
        f"the text holds the character U+{ord(character):04X}, which cannot be seen; "
        "printable text may stand here",
    )


class _StopError(Exception):
    """Reading further would say nothing more, or cost too much."""


@define
class _Frame:
    """A list or mapping that is being read."""

    start: int
    is_mapping: bool
    is_flow: bool
    key: ScalarNode | None = None
    awaits_value: bool = False
    items: list[Node] = field(factory=list)
    parts: list[tuple[ScalarNode | None, Node, bool]] = field(factory=list)


@define
class _Builder:
    """Builds nodes from the parser's events, without recursion: depth is the author's choice."""

    source: Source
    root: Node | None = None
    findings: list[Diagnostic] = field(factory=list)
    frames: list[_Frame] = field(factory=list)
    nodes: int = 0

    def build(self) -> None:
        """Read every event of the text.

        Raises:
            yaml.YAMLError: The text is not YAML.
            _StopError: There are too many findings, nodes, levels or documents.
        """
        documents = 0
        for event in yaml.parse(self.source.text, Loader=_loader()):
            index = event.start_mark.index if event.start_mark else 0
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse_second(index)
            elif isinstance(event, yaml.NodeEvent):
                self._node(event, index)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event.end_mark.index if event.end_mark else index)

    def _refuse_second(self, index: int) -> None:
        self._report(
            index,
            "RE107",
            "a second document begins; one document may stand in a file",
            "take the `---` away, or write the second document to a file of its own",
        )
        raise _StopError

    def _report(self, index: int, code: str, message: str, way_out: str | None = None) -> None:
        self._add(Diagnostic(self.source.location(index), code, message, help=way_out))

    def _add(self, *findings: Diagnostic) -> None:
        self.findings.extend(findings)
        if len(self.findings) >= FINDINGS_MAX:
            raise _StopError

    def _node(self, event: yaml.NodeEvent, index: int) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            most = f"{NODES_MAX:_} keys and values"
            self._report(index, "RE105", f"the text holds more than {most}; that is the most")
            raise _StopError
        self._properties(event, index)
        if isinstance(event, yaml.CollectionStartEvent):
            self._open(event, index)
        elif isinstance(event, yaml.ScalarEvent):
            self._attach(self._scalar(event, index), is_plain_scalar=True)
        else:
            self._attach(_nothing(self.source), is_plain_scalar=False)

    def _properties(self, event: yaml.NodeEvent, index: int) -> None:
        """Refuse tags, anchors and aliases: what a ruleset says stands where it is read."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            tag = tag.replace("tag:yaml.org,2002:", "!!")
            self._report(
                index,
                "RE108",
                f"the value has the tag {shown(tag)}; a value without a tag may stand here",
                "quote a value that begins with an exclamation mark",
            )
        if event.anchor is not None:
            is_alias = isinstance(event, yaml.AliasEvent)
            sign, kind = ("*", "an alias") if is_alias else ("&", "an anchor")
            self._report(
                index,
                "RE109",
                f"{sign}{shown(event.anchor)} is {kind}; the value itself may stand here",
                "name a value once under parameters and use its name, or quote the text",
            )

    def _open(self, event: yaml.CollectionStartEvent, index: int) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.is_mapping and not frame.awaits_value:
            kind = "a mapping" if isinstance(event, yaml.MappingStartEvent) else "a list"
            self._report(index, "RE111", f"a key is {kind}; text may stand here", "quote the key")
        if len(self.frames) >= DEPTH_MAX:
            self._report(
                index,
                "RE106",
                _TOO_DEEP,
            )
            raise _StopError
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.frames.append(
            _Frame(start=index, is_mapping=is_mapping, is_flow=bool(event.flow_style))
        )

    def _close(self, end: int) -> None:
        frame = self.frames.pop()
        if frame.is_flow:
            parts = frame.parts
            if not frame.is_mapping:
                parts = [(None, item, place > 0) for place, item in enumerate(frame.items)]
            self._add(*islice(cut_by_comma(parts), FINDINGS_MAX))
        node: Node
        if frame.is_mapping:
            node = MappingNode(
                source=self.source, start=frame.start, end=end, entries=self._entries(frame)
            )
        else:
            node = SequenceNode(
                source=self.source, start=frame.start, end=end, items=tuple(frame.items)
            )
        self._attach(node, is_plain_scalar=False)

    def _entries(self, frame: _Frame) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key, node, is_alone in frame.parts:
            if key is None or is_alone:
                continue
            self._add(*cut_by_colon(key))
            first = entries.setdefault(key.text, Entry(key=key, node=node))
            if first.key is not key:
                self._add(
                    Diagnostic(
                        self.source.location(key.start),
                        "RE110",
                        f"{shown(key.text)} stands twice in one mapping; a key may stand once",
                        related=((self.source.location(first.key.start), "first here"),),
                    )
                )
        return entries

    def _attach(self, node: Node, *, is_plain_scalar: bool) -> None:
        """Put a finished node where it belongs."""
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        if not frame.is_mapping:
            frame.items.append(node)
        elif not frame.awaits_value:
            frame.key = self._key(node) if is_plain_scalar else None
            frame.awaits_value = True
        else:
            frame.parts.append((frame.key, node, _is_alone(frame, node)))
            frame.awaits_value = False

    def _key(self, node: Node) -> ScalarNode | None:
        assert isinstance(node, ScalarNode)  # noqa: S101  (the caller asked)
        if node.text == "" and node.style == "":
            self._report(node.start, "RE111", "a key is empty; text may stand before the colon")
            return None
        return node

    def _scalar(self, event: yaml.ScalarEvent, index: int) -> ScalarNode:
        style = event.style or ""
        text: str = event.value
        is_key = bool(self.frames) and self.frames[-1].is_mapping
        is_key = is_key and not self.frames[-1].awaits_value
        value = text if style or is_key else resolve(text)
        node = ScalarNode(
            source=self.source,
            start=index,
            end=event.end_mark.index if event.end_mark else index,
            style=style,
            text=text,
            value=value,
        )
        if style == '"':
            found = _CONTROL.search(text)
            if found:
                self._add(_control(self.source, index, found[0]))
        elif not style and not is_key:
            self._plain(node)
        return node

    def _plain(self, node: ScalarNode) -> None:
        """Refuse unquoted texts that YAML or a host would not read as they look."""
        if is_not_finite(node.text):
            message = f"{node.text} is no finite number; a number with its digits may stand here"
            self._report(node.start, "RE115", message)
        elif is_too_long(node.text):
            self._report(
                node.start,
                "RE116",
                f"{shown(node.text)} is too long for a number; {NUMBER_DIGITS_MAX} digits are the "
                "most",
                "quote it if it is a code",
            )
        self._add(*cut_by_comment(node))


def _is_alone(frame: _Frame, node: Node) -> bool:
    """Say whether a key in braces has no colon behind it."""
    if not frame.is_flow or not isinstance(node, ScalarNode) or node.text or node.style:
        return False
    key = frame.key
    return key is not None and ":" not in key.source.text[key.end : node.end]


def _loader() -> Any:
    """Give the parser in C, or the one in Python where PyYAML was built without libyaml."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
