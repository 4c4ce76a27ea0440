"""The page on rulesets: it has every key that the schema knows, and no other."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from rules_engine.language import load_schema
from tests.docs.pages import ROOT, table

PAGE = ROOT / "docs" / "ruleset.md"
SCHEMA = load_schema("ruleset")


def at(*path: str) -> Mapping[str, Any]:
    """Give a part of the schema."""
    found: Any = SCHEMA
    for step in path:
        found = found[step]
    return dict(found)


PARTS = {
    "## The head": at("properties"),
    "## Period": at("$defs", "period", "properties"),
    "## Parameters": at("$defs", "parameter", "properties"),
    "## Tables": at("$defs", "table", "properties"),
    "## Rules": at("$defs", "rule", "properties"),
}


@pytest.mark.parametrize("heading", PARTS)
def test_the_page_has_every_key_of_a_section(heading: str) -> None:
    """Keys stand in the table of their section; a row may name several."""
    keys = {key for row in table(PAGE, heading) for key in row[0].split(", ")}
    assert keys == set(PARTS[heading])


def test_the_page_has_every_type() -> None:
    """What a parameter or a column may be."""
    text = PAGE.read_text(encoding="utf-8")
    words = at("$defs", "type")["x-words"]
    assert [word for word in words if f"\n| `{word}` | " not in text] == []


def test_the_page_has_every_key_of_a_case() -> None:
    """Whoever writes a case finds what it may give and what it may expect."""
    said = " ".join(cell for row in table(PAGE, "## Cases") for cell in row)
    case = at("$defs", "case", "properties")
    keys = {*case, *case["price"]["properties"], *case["settle"]["properties"]}
    keys |= {
        *case["expect"]["properties"],
        *case["expect"]["properties"]["lines"]["items"]["properties"],
    }
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", said)] == []
