"""Pages of methodologies: fixed sections, and the terms and outputs that the plugins have."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rules_engine import Engine
from tests.docs.pages import ROOT, blocks, table

FOLDER = ROOT / "docs" / "methodologies"
OFFERS = Engine().host.offers
SECTIONS = [
    "What it pays",
    "When it fits",
    "Parameters",
    "Example ruleset",
    "Price by hand|Settlement by hand",
    "Laws it keeps",
    "Sources",
]


def unit(schema: Mapping[str, Any]) -> str:
    """Say what may stand in a term, as the pages say it."""
    if "x-expression" in schema:
        return str(schema["x-expression"]["type"])
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "oneOf" in schema:
        choices = [branch["const"] for branch in schema["oneOf"] if "const" in branch]
        below = [branch for branch in schema["oneOf"] if "const" not in branch]
        one = "maxProperties" in below[0]
        return f"{', '.join(choices)}, or {'one of the two below' if one else 'as below'}"
    if schema.get("x-party"):
        return "party"
    if "pattern" in schema:
        return "code"
    if schema["type"] == "array":
        items = schema["items"]
        if "x-expression" in items:
            return f"list of {unit(items)}"
        if "properties" in items:
            return "list"
        kinds = {"number": "numbers", "integer": "whole numbers"}
        kind = "names" if "pattern" in items else kinds.get(items.get("type"), "words")
        return f"list of {'parties' if items.get('x-party') else kind}"
    return {"boolean": "true or false", "integer": "whole number"}.get(
        str(schema["type"]), str(schema["type"])
    )


def terms(
    schema: Mapping[str, Any], path: str = "", given: str = "yes"
) -> Iterator[tuple[str, str, str]]:
    """Give each term with its unit, and whether it is needed."""
    # Where two kinds of terms are offered, the page's needs are those of the first.
    required = schema.get("required", schema.get("else", {}).get("required", ()))
    for key, inner in schema.get("properties", {}).items():
        if f"{path}{key}" == "loss":
            # It has the keys of a gain, which a test of its own holds.
            yield "loss", "as gain", "yes"
            continue
        needed = given if key in required else "no"
        if "oneOf" in inner:
            yield f"{path}{key}", unit(inner), needed
        branches = inner.get("oneOf", [inner])
        for branch in branches:
            yield from _under(branch, f"{path}{key}", needed, required=needed == "yes")
    if isinstance(schema.get("additionalProperties"), dict):
        yield (
            f"{path}<name>",
            unit(schema["additionalProperties"]),
            "yes" if given == "yes" else "no",
        )


def _under(
    schema: Mapping[str, Any], path: str, needed: str, *, required: bool
) -> Iterator[tuple[str, str, str]]:
    if "const" in schema:
        return
    if "x-expression" not in schema and schema.get("type") == "object":
        inside = "yes" if required else f"with {path}"
        # One of several may stand there.
        yield from terms(schema, f"{path}.", "no" if "maxProperties" in schema else inside)
        return
    yield path, unit(schema), needed
    if "properties" in schema.get("items", {}):
        # What stands in each entry of a list.
        yield from terms(schema["items"], f"{path}.", needed)


def stated(name: str) -> list[tuple[str, ...]]:
    """Read the table of terms of a page."""
    return table(FOLDER / f"{name}.md", "## Parameters")


@pytest.mark.parametrize("name", OFFERS)
def test_a_methodology_has_a_page_with_the_sections_of_all(name: str) -> None:
    """A reader who knows one page finds everything in the next one."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    found = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert len(found) == len(SECTIONS)
    assert all(re.fullmatch(form, title) for form, title in zip(SECTIONS, found, strict=True))
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"({name}.md)" in index


@pytest.mark.parametrize("name", OFFERS)
def test_a_page_lists_the_terms_of_the_schema(name: str) -> None:
    """Terms, units and defaults are those that a ruleset is checked by."""
    schema = OFFERS[name].methodology.terms_schema
    rows = {row[0]: row for row in stated(name)}
    wanted = list(terms(schema))
    assert list(rows) == [term for term, _, _ in wanted]
    for term, unit_, needed in wanted:
        assert rows[term][1] == unit_, term
        assert rows[term][3].startswith(needed if needed != "no" else ("no", "with")), term
        assert rows[term][4], term
        if unit_ == "rate":
            assert rows[term][2] == "0 to 1", term


def test_a_loss_has_the_terms_of_a_gain() -> None:
    """The page describes them once."""
    parts = OFFERS["gain_loss_sharing"].methodology.terms_schema["properties"]
    gain, loss = ({k: v for k, v in parts[n].items() if k != "title"} for n in ("gain", "loss"))
    assert gain == loss


@pytest.mark.parametrize("name", OFFERS)
def test_a_page_lists_the_outputs_of_its_example(name: str, tmp_path: Any) -> None:
    """Whatever the example's rules offer to others is described, and nothing else is."""
    for block in blocks(FOLDER / f"{name}.md"):
        if block.title:
            path = tmp_path / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    ruleset = Engine().load(tmp_path / "ruleset.yaml")
    offered = {
        output for rule in ruleset.rules if rule.methodology.name == name for output in rule.outputs
    }
    listed = {row[0] for row in table(FOLDER / f"{name}.md", "### Outputs")}
    assert listed == offered
