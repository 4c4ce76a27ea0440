"""Findings as people and programs see them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules_engine._resources import read_schema
from rules_engine.cli.findings import Excerpts, as_json, as_text, summary
from rules_engine.diagnostics import Diagnostic, Location

SCHEMA = Draft202012Validator(json.loads(read_schema("diagnostics")))
TEXT = st.text(max_size=20)
PLACES = st.builds(Location, TEXT, st.integers(1, 50), st.integers(1, 50))
FINDINGS = st.builds(
    Diagnostic,
    PLACES,
    st.from_regex(r"[A-Z]{2}[0-9]{3}", fullmatch=True),
    TEXT,
    help=st.none() | TEXT,
    severity=st.sampled_from(["error", "warning"]),
    related=st.lists(st.tuples(PLACES, TEXT), max_size=2).map(tuple),
)
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=400)


@given(st.lists(FINDINGS, max_size=4))
def test_json_keeps_its_schema(found: list[Diagnostic]) -> None:
    """Whatever is found, programs read the object that the schema describes."""
    SCHEMA.validate(as_json(found))


@given(st.lists(FINDINGS, max_size=4))
def test_counts_add_up(found: list[Diagnostic]) -> None:
    """Errors and warnings together are all findings."""
    told = as_json(found)
    assert told["errors"] + told["warnings"] == len(told["diagnostics"]) == len(found)


@given(st.lists(FINDINGS, max_size=4))
def test_text_names_every_place(found: list[Diagnostic]) -> None:
    """Each finding's place stands in the text as file:line:column, which is clickable."""
    text = as_text(found)
    assert all(str(one.location) in text for one in found)


@given(LINES, LINES.filter(str.strip), st.data())
def test_the_caret_stands_under_the_place(
    tmp_path_factory: pytest.TempPathFactory, before: str, line: str, data: Any
) -> None:
    """The caret's character is the character at the line and column of the finding."""
    column = data.draw(st.integers(1, len(line)))
    file = tmp_path_factory.getbasetemp() / "excerpt.yaml"
    file.write_bytes(f"{before}\n{line}\n".encode())
    shown, carets = Excerpts().at(Location(str(file), 2, column)).split("\n")
    meant = shown[carets.index("^")]
    character = line[column - 1]
    assert meant == (" " if character == "\t" else character if character.isprintable() else "?")
    assert len(shown) < 200


@given(st.binary(max_size=200), PLACES)
def test_no_file_breaks_an_excerpt(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, place: Location
) -> None:
    """A file that is no text, or shorter than the place says, gives no excerpt or some text."""
    file = tmp_path_factory.getbasetemp() / "bytes.yaml"
    file.write_bytes(content)
    Excerpts().at(Location(str(file), place.line, place.column))


def test_an_excerpt_shows_the_whole_word(tmp_path: Path) -> None:
    """A finding is read in one glance: place, code, line, caret, help."""
    file = tmp_path / "acme.yaml"
    file.write_text("a: 1\n  sharing_rate: 50.5\n", encoding="utf-8")
    found = Diagnostic(
        Location(str(file), 2, 17),
        "RE200",
        "sharing_rate is 50.5; it may be 1 at most",
        help="a rate is a fraction: write 0.505 for 50.5%",
        related=((Location("base.yaml", 3, 1), "declared here"),),
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", as_text([found]))
    assert plain.split("\n") == [
        f"{file}:2:17: error[RE200] sharing_rate is 50.5; it may be 1 at most",
        "    2 |   sharing_rate: 50.5",
        "      |                 ^^^^",
        "  help: a rate is a fraction: write 0.505 for 50.5%",
        "  base.yaml:3:1: declared here",
    ]


def test_the_summary_counts_in_words() -> None:
    """One error is no plural, and nothing found is said too."""
    error = Diagnostic(Location("a.yaml", 1, 1), "RE200", "x")
    warning = Diagnostic(Location("a.yaml", 1, 1), "RE214", "x", severity="warning")
    assert summary([error, error, warning], "a.yaml") == "2 errors, 1 warning in a.yaml"
    assert summary([error], "a.yaml") == "1 error, no warnings in a.yaml"
    assert summary([], "a.yaml") == "no errors, no warnings in a.yaml"
