"""Pages: what the tests of the documentation read out of Markdown.

A page is tried as a reader would try it. A block with a title is a file of that name. A YAML block
without one is part of a ruleset: what it leaves out stands in the page's `ruleset.yaml`. Wrong
examples say on the line what they deserve.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from rules_engine import Diagnostic

__all__ = [
    "ROOT",
    "Block",
    "blocks",
    "completed",
    "deserved",
    "found",
    "pages",
    "sections",
    "table",
]

ROOT: Final = Path(__file__).resolve().parents[2]
_FENCE: Final = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)
_DESERVES: Final = re.compile(
    r"# (?P<up>\^ )?(?P<severity>error|warning)\[(?P<code>\w+)\] (?P<text>.*)$"
)
# A fragment adds to these; it replaces every other section that it writes.
_ADDED_TO: Final = ("parameters", "tables")
# A fragment that says nothing of these has none.
_OWN: Final = ("cases",)


@frozen
class Block:
    """A fenced block of a page.

    Attributes:
        kind: Its language.
        title: The file that it stands for, or empty.
        text: What stands in it.
        line: The line of the page on which its text begins.
    """

    kind: str
    title: str
    text: str
    line: int


def pages() -> list[Path]:
    """Give every page for people, by name."""
    tops = [path for path in ROOT.glob("*.md") if path.is_file()]
    under = [
        p for folder in ("docs", "examples", "rulesets") for p in (ROOT / folder).rglob("*.md")
    ]
    return sorted(tops + under)


def blocks(page: Path) -> list[Block]:
    """Give the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(one["kind"], one["title"] or "", one["text"], text.count("\n", 0, one.start()) + 2)
        for one in _FENCE.finditer(text)
    ]


def sections(text: str) -> dict[str, str]:
    """Split the text of a YAML mapping at its own keys; comments before a key go with it."""
    return dict(_split(text, ""))


def _split(text: str, indent: str) -> Iterator[tuple[str, str]]:
    name, held = "", ""
    waiting = ""
    for line in text.splitlines(keepends=True):
        key = re.match(rf"{indent}([a-z_][a-z0-9_]*):", line)
        if key is not None:
            if name:
                yield name, held
            name, held, waiting = key[1], waiting + line, ""
        elif not line.strip() or re.match(rf"{indent}#", line):
            waiting += line
        else:
            held, waiting = held + waiting + line, ""
    if name:
        yield name, held


def completed(fragment: str, frame: str) -> str:
    """Put a part of a ruleset into a whole one."""
    own = sections(fragment)
    if "extends" in own:
        return fragment
    whole = sections(frame)
    parts = []
    for name, text in own.items():
        part = text
        if name in _ADDED_TO and name in whole:
            entries = dict(_split(text.split("\n", 1)[1], "  "))
            base = dict(_split(whole[name].split("\n", 1)[1], "  "))
            part += "".join(entry for key, entry in base.items() if key not in entries)
        parts.append(part)
    rest = [text for name, text in whole.items() if name not in own and name not in _OWN]
    return "".join([*parts, *rest])


def deserved(text: str) -> set[tuple[int, str, str, str]]:
    """Read what an example says of itself: line, severity, code and message."""
    said = set()
    meant = 0
    for number, line in enumerate(text.splitlines(), start=1):
        one = _DESERVES.search(line)
        if not (one and one["up"]):
            meant = number
        if one:
            said.add((meant, one["severity"], one["code"], one["text"]))
    return said


def found(diagnostics: list[Diagnostic]) -> set[tuple[int, str, str, str]]:
    """Give findings in the shape of what examples say of themselves."""
    return {(d.location.line, d.severity, d.code, d.message) for d in diagnostics}


def table(page: Path, heading: str) -> list[tuple[str, ...]]:
    """Give the cells of the first table under a heading, without marks of code and the head.

    Raises:
        LookupError: The page has no such heading, or no table under it.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    if heading not in lines:
        message = f"{page.name} has no heading {heading}"
        raise LookupError(message)
    under = lines[lines.index(heading) + 1 :]
    rows: list[tuple[str, ...]] = []
    for line in under:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            rows.append(tuple(cell.strip().replace("`", "").replace("\\|", "|") for cell in cells))
        elif rows or line.startswith("#"):
            break
    if len(rows) < 3:
        message = f"{page.name} has no table under {heading}"
        raise LookupError(message)
    return rows[2:]
