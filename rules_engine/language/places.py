"""Places: where in the file each character of a text value stands.

A caret below an expression has to point into the file, where the text may be quoted, escaped,
folded over lines or indented as a block. Each style is read again here, character by character.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules_engine.language.source import LINE_BREAK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules_engine.language.nodes import ScalarNode

_BLANK = re.compile(r"[ \t\r\n]+")
_HEX_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_ESCAPES: Final = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}

_Placed = list[tuple[str, int]]  # a character of the value, and its index in the file


def index_at(node: ScalarNode, offset: int) -> int:
    """Give the index in the file of the character at an offset of a scalar's text.

    An offset behind the last character gives the index behind it.
    """
    if offset <= 0 and node.style == "":
        return node.start
    text = node.text
    for placed in _readings(node):
        if "".join(character for character, _ in placed).startswith(text):
            kept = placed[: len(text)]
            if not kept:
                return node.start
            inside = min(max(offset, 0), len(kept) - 1)
            return kept[inside][1] + (1 if offset >= len(kept) else 0)
    # No reading gives the text back: better the beginning of the value than a wrong column.
    return node.start


def _readings(node: ScalarNode) -> Iterator[_Placed]:
    text = node.source.text
    if node.style in {"|", ">"}:
        yield from _block(text[: node.end], node.start, folded=node.style == ">")
    elif node.style == "":
        yield _flow(text, node.start, node.end, "")
    else:
        yield _flow(text, node.start + 1, node.end - 1, node.style)


def _flow(text: str, start: int, end: int, quote: str) -> _Placed:
    placed: _Placed = []
    index = start
    while index < end:
        character = text[index]
        blank = _BLANK.match(text, index, end)
        if blank:
            placed.extend(_folded_blank(text, index, blank.end()))
            index = blank.end()
        elif quote == "'" and character == "'":
            placed.append(("'", index))
            index += 2
        elif quote == '"' and character == "\\":
            index = _escape(text, index, end, placed)
        else:
            placed.append((character, index))
            index += 1
    return placed


def _folded_blank(text: str, start: int, end: int) -> _Placed:
    breaks = [found.start() for found in LINE_BREAK.finditer(text, start, end)]
    if not breaks:
        return [(text[index], index) for index in range(start, end)]
    if len(breaks) == 1:
        return [(" ", start)]
    return [("\n", index) for index in breaks[1:]]


def _escape(text: str, index: int, end: int, placed: _Placed) -> int:
    """Read one escape of a double-quoted text; give the index behind it."""
    following = text[index + 1 : index + 2]
    if following in {"\r", "\n"}:
        blank = _BLANK.match(text, index + 1, end)
        after = blank.end() if blank else index + 2
        breaks = [found.start() for found in LINE_BREAK.finditer(text, index + 1, after)]
        placed.extend(("\n", place) for place in breaks[1:])
        return after
    if following in _HEX_DIGITS:
        after = index + 2 + _HEX_DIGITS[following]
        placed.append((chr(int(text[index + 2 : after], 16)), index))
        return after
    placed.append((_ESCAPES.get(following, following), index))
    return index + 2


def _block(text: str, start: int, *, folded: bool) -> Iterator[_Placed]:
    """Read a block of lines once for each indentation that it may have."""
    header = LINE_BREAK.search(text, start)
    if header is None:
        yield []
        return
    lines: list[tuple[int, int]] = []
    begin = header.end()
    while begin < len(text):
        found = LINE_BREAK.search(text, begin)
        stop = found.start() if found else len(text)
        lines.append((begin, stop))
        begin = found.end() if found else len(text)
    indents = {
        len(line) - len(line.lstrip(" "))
        for line in (text[begin:stop] for begin, stop in lines)
        if line.strip(" ")
    }
    # The deepest indentation that fits is asked last: the reader takes the first line's.
    for indent in sorted({*indents, *range(1, max(indents, default=1) + 1)}):
        yield _block_lines(text, lines, indent, folded=folded)


def _block_lines(text: str, lines: list[tuple[int, int]], indent: int, *, folded: bool) -> _Placed:
    placed: _Placed = []
    breaks: _Placed = []  # line breaks since the last line that is not empty
    joins = False  # whether that line may be joined to the next one
    is_first = True
    for begin, stop in lines:
        content = text[begin + indent : stop]
        if not content:
            breaks.append(("\n", stop))
            continue
        is_flush = content[0] not in " \t"
        if folded and joins and is_flush and not is_first:
            placed.extend(breaks[1:] or [(" ", breaks[0][1])])
        else:
            placed.extend(breaks)
        placed.extend((text[index], index) for index in range(begin + indent, stop))
        breaks = [("\n", stop)]
        joins = is_flush
        is_first = False
    placed.extend(breaks)
    return placed
