"""Syntax: what a YAML parser's complaint means for somebody who writes a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from attrs import frozen

from rules_engine.diagnostics import Diagnostic, shown
from rules_engine.language.traps import colon_cut, comment_cut, unclosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules_engine.language.source import Source


@frozen(kw_only=True)
class _Complaint:
    """What the parser said.

    Attributes:
        source: The text.
        problem: The parser's words.
        context: What it was doing, in its words, or nothing.
        index: Where the problem is.
        opened: Where the thing began that it was reading, or None.
    """

    source: Source
    problem: str
    context: str
    index: int
    opened: int | None

    @property
    def found(self) -> str:
        """The character at the problem, or nothing at the end of the text."""
        return self.source.text[self.index : self.index + 1]

    @property
    def before(self) -> str:
        """What stands before the problem on its line."""
        place = self.source.location(self.index)
        return self.source.line(place.line)[: place.column - 1]

    def says(self, message: str, way_out: str, index: int | None = None) -> Diagnostic:
        place = self.source.location(self.index if index is None else index)
        return Diagnostic(place, "RE104", message, help=way_out)


def explained(error: Exception, source: Source) -> Diagnostic:
    """Turn the parser's error into one finding."""
    if not isinstance(error, yaml.MarkedYAMLError):
        # The parser written in Python meets numbers of characters that do not exist this way.
        return Diagnostic(
            source.location(0),
            "RE104",
            "the text cannot be read as YAML; a mapping of keys and values may stand here",
            help="look for an escape such as \\U with a number that is no character",
        )
    length = len(source.text)
    complaint = _Complaint(
        source=source,
        problem=error.problem or "",
        context=error.context or "",
        index=min(error.problem_mark.index, length) if error.problem_mark else 0,
        opened=min(error.context_mark.index, length) if error.context_mark else None,
    )
    cut = _comment_above(complaint)
    if cut is not None:
        return cut
    for is_meant, explain in _EXPLANATIONS:
        if is_meant(complaint):
            return explain(complaint)
    return complaint.says(
        f"the text is not YAML: {shown(complaint.problem or 'it cannot be read')}",
        "quote a value that holds special characters",
    )


def _comment_above(complaint: _Complaint) -> Diagnostic | None:
    """Find a comment inside an expression that goes on below it."""
    if not ("expected key" in complaint.problem or "block end" in complaint.problem):
        return None
    line = complaint.source.location(complaint.index).line - 1
    above = complaint.source.line(line)
    value, mark, _ = above.partition(" #")
    expression = value.partition(": ")[2]
    if not mark or not unclosed(expression):
        return None
    begin = complaint.index - len(complaint.before)
    index = complaint.source.text.rfind(" #", 0, begin) + 1
    return comment_cut(complaint.source, index, expression.strip())


def _colon(complaint: _Complaint) -> Diagnostic:
    before = complaint.before
    key, mark, value = before.partition(": ")
    if mark or unclosed(before):
        return colon_cut(complaint.source, complaint.index, (value or key).strip())
    return complaint.says(
        f"`{shown(before.strip())}` is a key below a value that is text already; a key may stand "
        "below a key that has no value on its own line",
        "align it with the key above, or take the value away from that key",
    )


def _open_bracket(complaint: _Complaint) -> Diagnostic:
    opened = complaint.opened if complaint.opened is not None else complaint.index
    bracket = complaint.source.text[opened : opened + 1]
    partner = {"[": "]", "{": "}"}.get(bracket, "its partner")
    same_line = not any(c in "\r\n" for c in complaint.source.text[opened : complaint.index])
    if complaint.found == ":" and same_line:
        start = max(complaint.before.rfind(sign) for sign in ",{[") + 1
        text = complaint.before[start:].strip()
        return colon_cut(complaint.source, complaint.index, text.partition(": ")[2] or text)
    if complaint.found and same_line:
        return complaint.says(
            f"`{complaint.found}` follows a value in `{bracket}…{partner}`; a comma or "
            f"`{partner}` may stand here",
            "quote a value that holds brackets, quotes or commas",
        )
    return complaint.says(
        f"the `{bracket}` is never closed; `{partner}` must stand behind its last member",
        f"write the missing `{partner}`, or quote a value that begins with `{bracket}`",
        opened,
    )


def _indentation(complaint: _Complaint) -> Diagnostic:
    last = complaint.before.rstrip()[-1:]
    if last in {"'", '"'}:
        other = '"' if last == "'" else "'"
        return complaint.says(
            f"text follows the closing {last}; a value that begins with a quote ends at its "
            "partner",
            f"put the whole value in {other} quotes, or let it begin with something else",
        )
    if last in {"]", "}"}:
        return complaint.says(
            f"text follows the closing `{last}`; a value that begins with a bracket ends at its "
            "partner",
            "quote the whole value",
        )
    if complaint.found == "-" and not complaint.before.strip():
        return complaint.says(
            "`-` begins an item among keys; `key: value` may stand here",
            "indent the item below its key, or take the `-` away",
        )
    if complaint.before.strip():
        return complaint.says(
            f"`{shown(complaint.found)}` follows a value on its line; nothing may stand here",
            "quote the whole value",
        )
    indent = complaint.source.location(complaint.index).column - 1
    opened = complaint.opened if complaint.opened is not None else complaint.index
    place = complaint.source.location(opened)
    return complaint.says(
        f"the line is indented by {indent}, and no list or mapping around it is; the one that "
        f"begins on line {place.line} is indented by {place.column - 1}",
        "align the line with the lines that it belongs to",
    )


def _no_colon(complaint: _Complaint) -> Diagnostic:
    index = complaint.opened if complaint.opened is not None else complaint.index
    place = complaint.source.location(index)
    text = complaint.source.line(place.line)[place.column - 1 :].strip()
    return complaint.says(
        f"`{shown(text)}` is a line without a colon; `key: value` or `- item` may stand here",
        "indent a value's second line deeper than its key, or write the missing colon",
        index,
    )


def _open_quote(complaint: _Complaint) -> Diagnostic:
    index = complaint.opened if complaint.opened is not None else complaint.index
    quote = complaint.source.text[index : index + 1]
    return complaint.says(
        f"the {quote} is never closed; the same quote must stand behind the text",
        "write the closing quote; inside single quotes a quote is written twice",
        index,
    )


def _first_character(complaint: _Complaint) -> Diagnostic:
    index = complaint.opened if complaint.opened is not None else complaint.index
    return complaint.says(
        f"`{shown(complaint.source.text[index : index + 1])}` begins a value; YAML keeps this "
        "character for itself",
        "quote the value",
        index,
    )


def _directive(complaint: _Complaint) -> Diagnostic:
    return complaint.says(
        "a line that begins with % is an instruction to YAML; keys and values may stand here",
        "take the line away",
        0 if complaint.opened is None else complaint.opened,
    )


def _item_behind_key(complaint: _Complaint) -> Diagnostic:
    return complaint.says(
        "`-` follows a key on its own line; items may stand on the lines below",
        "begin the list on the next line, or quote a value that begins with a minus and a space",
    )


def _block_header(complaint: _Complaint) -> Diagnostic:
    index = complaint.opened if complaint.opened is not None else complaint.index
    sign = complaint.source.text[index : index + 1]
    return complaint.says(
        f"`{sign}` begins a block of lines, and text follows it; nothing may stand behind it",
        "quote a value that begins with > or |",
        index,
    )


def _escape(complaint: _Complaint) -> Diagnostic:
    return complaint.says(
        "`\\` begins an escape that does not exist; a backslash in double quotes is written twice",
        "use single quotes, in which a backslash is itself",
    )


def _mixed_list(complaint: _Complaint) -> Diagnostic:
    return complaint.says(
        "a line in a list does not begin with `-`; every item of the list does",
        "indent the line deeper than the `-` of its item, or begin it with `- `",
    )


def _after_document(complaint: _Complaint) -> Diagnostic:
    return complaint.says(
        f"`{shown(complaint.found)}` follows the end of the document; nothing may stand here",
        "take it away, or quote the value that it belongs to",
    )


def _no_content(complaint: _Complaint) -> Diagnostic:
    return complaint.says(
        f"`{shown(complaint.found)}` stands where a value is expected; YAML keeps it for itself",
        "quote the value",
    )


def _is_directive(complaint: _Complaint) -> bool:
    return complaint.source.text.lstrip()[:1] == "%" and (
        complaint.opened is None or "directive" in complaint.context
    )


def _says(*words: str) -> Callable[[_Complaint], bool]:
    return lambda complaint: any(word in complaint.problem for word in words)


def _does(*words: str) -> Callable[[_Complaint], bool]:
    return lambda complaint: any(word in complaint.context for word in words)


# The two parsers of PyYAML, in C and in Python, use different words for the same complaint.
_EXPLANATIONS: tuple[
    tuple[Callable[[_Complaint], bool], Callable[[_Complaint], Diagnostic]], ...
] = (
    (_is_directive, _directive),
    (_says("mapping values are not allowed"), _colon),
    (_does("flow mapping", "flow sequence"), _open_bracket),
    (_does("block scalar"), _block_header),
    (_says("unexpected end of stream"), _open_quote),
    (_says("escape"), _escape),
    (_does("an anchor", "an alias", "a tag"), _first_character),
    (_does("block collection", "block sequence"), _mixed_list),
    (_does("block mapping"), _indentation),
    (_says("could not find expected ':'"), _no_colon),
    (_says("cannot start any token"), _first_character),
    (_says("sequence entries are not allowed"), _item_behind_key),
    (_says("document start"), _after_document),
    (_says("node content"), _no_content),
)
