"""Traps: values that YAML cuts short without saying so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rules_engine.diagnostics import Diagnostic, shown
from rules_engine.language.nodes import ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules_engine.language.nodes import Node
    from rules_engine.language.source import Source

PIECES_MAX: Final = 50
CHARACTERS_MAX: Final = 2_000
WHOLE_CHARACTERS_MAX: Final = 200

_COMMENT = re.compile(r"[ \t]+#(?P<text>[^\r\n]*)")


def unclosed(text: str) -> str | None:
    """Find the bracket or quote that an expression opens and does not close.

    An apostrophe inside or behind a word opens nothing: `the payer's share` is prose.
    """
    quote = None
    depth = 0
    before = " "
    for character in text:
        if quote is not None:
            quote = None if character == quote else quote
        elif character == '"' or (character == "'" and not before.isalnum()):
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        before = character
    if quote is not None:
        return quote
    return "(" if depth > 0 else None


def cut_by_comment(node: ScalarNode) -> Iterator[Diagnostic]:
    """Find ` #` inside what was meant as one value."""
    if node.style:
        return
    text = node.source.text
    found = _COMMENT.match(text, node.end)
    if found is None:
        return
    opened = unclosed(node.text)
    if opened == "(" or (opened is not None and opened in found["text"]):
        yield comment_cut(node.source, text.index("#", node.end), node.text)


def comment_cut(source: Source, index: int, text: str) -> Diagnostic:
    """Say that a comment begins inside a value."""
    return Diagnostic(
        source.location(index),
        "RE113",
        f"`{shown(text)}` is cut by ` #`, which begins a comment; {_all_of_it(text)}",
        help="quote the whole value, or move the comment to a line of its own",
    )


def colon_cut(source: Source, index: int, text: str) -> Diagnostic:
    """Say that a colon ends a value or begins one."""
    return Diagnostic(
        source.location(index),
        "RE114",
        f"`{shown(text)}` is cut by `: `, which ends a key; {_all_of_it(text)}",
        help="quote the whole value",
    )


def _all_of_it(text: str) -> str:
    opened = unclosed(text)
    return f"the `{opened}` that it opens is never closed" if opened else "one value may stand here"


def cut_by_colon(key: ScalarNode) -> Iterator[Diagnostic]:
    """Find a key that is the beginning of an expression."""
    if key.style == "" and unclosed(key.text) is not None:
        yield colon_cut(key.source, key.end, key.text)


def cut_by_comma(parts: Sequence[tuple[ScalarNode | None, Node, bool]]) -> Iterator[Diagnostic]:
    """Find commas in braces that cut a value.

    Args:
        parts: Key, value and whether the key stands alone, without a colon. The items of a list
            in brackets come as values without keys, all but the first standing alone.
    """
    rest = list(parts)
    place = 0
    while place < len(rest):
        key, node, is_alone = rest[place]
        place += 1
        if isinstance(node, ScalarNode) and not node.style and unclosed(node.text):
            pieces = [node.text]
            while place < len(rest) and rest[place][2] and _may_go_on(pieces):
                pieces.append(_piece(rest[place]))
                place += 1
            if len(pieces) > 1:
                yield _comma_cut(key, node, pieces)
        elif is_alone and key is not None:
            yield Diagnostic(
                key.source.location(key.start),
                "RE112",
                f"`{shown(key.text)}` is a key without a value; `{shown(key.text)}: …` may stand "
                "in braces",
                help="quote a value that holds a comma, or give it a line of its own",
            )


def _may_go_on(pieces: Sequence[str]) -> bool:
    """Say whether the next piece may belong to a value too; no expression has ever so many."""
    is_short = len(pieces) < PIECES_MAX and sum(map(len, pieces)) < CHARACTERS_MAX
    return is_short and unclosed(", ".join(pieces)) is not None


def _piece(part: tuple[ScalarNode | None, Node, bool]) -> str:
    key, node, _ = part
    if key is not None:
        return key.text
    return node.text if isinstance(node, ScalarNode) else ""


def _comma_cut(key: ScalarNode | None, node: ScalarNode, pieces: Sequence[str]) -> Diagnostic:
    whole = ", ".join(pieces)
    name = "" if key is None else f"{shown(key.text)}: "
    brackets = "brackets" if key is None else "braces"
    # A value with both kinds of quotes inside has no simple quoted form to show.
    is_simple = '"' not in whole and "\\" not in whole and len(whole) <= WHOLE_CHARACTERS_MAX
    quoted = f'`{name}"{shown(whole, WHOLE_CHARACTERS_MAX)}"`' if is_simple else "the whole value"
    return Diagnostic(
        node.source.location(node.start),
        "RE112",
        f"`{shown(pieces[0])}` is cut by the comma, which ends a value in {brackets}; "
        f"`{shown(pieces[1])}` stands alone behind it",
        help=f"quote it: {quoted}, or give it a line of its own"
        if quoted.startswith("`")
        else f"quote {quoted}, or give it a line of its own",
    )
