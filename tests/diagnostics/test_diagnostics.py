"""Diagnostics: their order, their two forms, and the small phrases."""

import json
import subprocess
import sys
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules_engine
from rules_engine.diagnostics import (
    CODES,
    Diagnostic,
    Location,
    RulesetError,
    choices,
    excerpt,
    has_errors,
    in_order,
    shown,
    suggest,
)

places = st.builds(
    Location,
    file=st.sampled_from(["a.yaml", "b.yaml"]),
    line=st.integers(1, 9),
    column=st.integers(1, 9),
)
diagnostics = st.builds(
    Diagnostic,
    location=places,
    code=st.sampled_from(sorted(CODES)),
    message=st.text(max_size=5),
    help=st.none() | st.text(max_size=5),
    severity=st.sampled_from(["error", "warning"]),
    related=st.lists(st.tuples(places, st.text(max_size=3)), max_size=2).map(tuple),
)


@given(st.lists(diagnostics, max_size=6))
def test_findings_are_sorted_by_place(found: list[Diagnostic]) -> None:
    """By file, line, column and code, whatever order they came in."""
    ordered = in_order(found)
    keys = [(d.location.file, d.location.line, d.location.column, d.code) for d in ordered]
    assert keys == sorted(keys)
    assert len(ordered) == len(found)


@given(diagnostics)
def test_a_finding_survives_json(found: Diagnostic) -> None:
    """The JSON form has every part and nothing that JSON cannot say."""
    read = json.loads(json.dumps(found.as_json()))
    assert read["code"] == found.code
    assert (read["file"], read["line"], read["column"]) == (
        found.location.file,
        found.location.line,
        found.location.column,
    )
    assert len(read["related"]) == len(found.related)


def test_a_finding_reads_as_place_code_message_help_and_other_places() -> None:
    """The text form is `file:line:column: severity[code] message`, the rest indented."""
    found = Diagnostic(
        Location("acme.yaml", 10, 21),
        "RE200",
        "sharing_rate is 50; it may be 1 at most",
        help="a rate is a fraction: write 0.50 for 50%",
        related=((Location("base.yaml", 3, 1), "declared here"),),
    )
    assert str(found) == (
        "acme.yaml:10:21: error[RE200] sharing_rate is 50; it may be 1 at most\n"
        "  help: a rate is a fraction: write 0.50 for 50%\n"
        "  base.yaml:3:1: declared here"
    )


def test_an_error_prints_every_finding_in_order() -> None:
    """One exception carries all findings of a pass."""
    found = [Diagnostic(Location("a", line, 1), "RE104", f"line {line}") for line in (3, 1, 2)]
    for order in permutations(found):
        error = RulesetError(order)
        assert [d.location.line for d in error.diagnostics] == [1, 2, 3]
        assert str(error).splitlines()[0] == "a:1:1: error[RE104] line 1"


def test_an_error_without_findings_is_refused() -> None:
    """Raising nothing is misuse of Python, not a wrong ruleset."""
    with pytest.raises(ValueError, match="empty"):
        RulesetError([])


def test_a_warning_is_no_error() -> None:
    """Warnings alone do not stop a ruleset."""
    place = Location("a", 1, 1)
    assert not has_errors([Diagnostic(place, "RE214", "m", severity="warning")])
    assert has_errors([Diagnostic(place, "RE200", "m")])


def test_a_near_word_is_suggested_and_a_far_one_is_not() -> None:
    """Did-you-mean finds slips of the keyboard and of the shift key."""
    assert suggest("benchmrk", ["expenditure", "benchmark"]) == "did you mean benchmark?"
    assert suggest("BENCHMARK", ["expenditure", "benchmark"]) == "did you mean benchmark?"
    assert suggest("xyz", ["expenditure", "benchmark"]) is None
    assert suggest("xyz", []) is None


def test_choices_read_as_a_sentence() -> None:
    """One word joins the last two."""
    assert choices([]) == ""
    assert choices(["a"]) == "a"
    assert choices(["a", "b", "c"]) == "a, b or c"


@given(st.text())
def test_shown_text_fits_on_a_line(text: str) -> None:
    """Whatever was found can be printed in a message."""
    assert shown(text).isprintable()
    assert len(shown(text).splitlines()) <= 1


def test_carets_stand_below_what_is_meant() -> None:
    """As many as the piece is long, never beyond the line."""
    assert excerpt("allowed: fee * 'A'", 16, 3).splitlines()[1] == " " * 15 + "^^^"
    assert excerpt("ab", 2, 9).splitlines()[1] == " ^"


def test_codes_keep_their_form() -> None:
    """A code is RE and three digits, and its meaning stands on one line."""
    for code, meaning in CODES.items():
        assert code[:2] == "RE"
        assert len(code) == 5
        assert code[2:].isdecimal()
        assert meaning
        assert "\n" not in meaning


def test_diagnostics_load_without_the_heavy_libraries() -> None:
    """Every floor imports this package, so it stands on attrs alone."""
    # The package alone, without the face around it, which offers the other floors as well.
    script = (
        "import sys, types; face = types.ModuleType('rules_engine'); "
        f"face.__path__ = {list(rules_engine.__path__)!r}; sys.modules['rules_engine'] = face; "
        "import rules_engine.diagnostics; "
        "assert not {'yaml', 'jsonschema', 'duckdb', 'sqlglot', 'difflib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
