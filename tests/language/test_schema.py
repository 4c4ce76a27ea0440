"""Schemas: every finding, at its place, in the words of a contract."""

import subprocess
import sys
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.diagnostics import Diagnostic
from rules_engine.language import (
    expression_schema,
    load_schema,
    parse_schema,
    read,
    terms_findings,
    validate,
)

TERMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sharing_rate": {"type": "number", "minimum": 0, "maximum": 1},
        "benchmark": expression_schema("money", "contract", title="Benchmark"),
        "lines": expression_schema("count", title="Lines", dated=False),
        "split": {"enum": ["equal", "weighted"]},
        "among": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 1},
        "step": {"type": "number", "multipleOf": 0.01},
        "window": {"oneOf": [{"required": ["days"]}, {"required": ["months"]}]},
        "share": {
            "anyOf": [
                {"type": "number"},
                {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
            ]
        },
        "never": False,
    },
    "required": ["benchmark"],
    "additionalProperties": False,
}


def findings(terms: str, schema: dict[str, Any] | None = None) -> list[Diagnostic]:
    """Hold terms, written in braces on the third line of a file, against a schema."""
    document = read(f"rules:\n  - id: a\n    terms: {terms}\n")
    return terms_findings(document, ("rules", 0, "terms"), TERMS if schema is None else schema)


def said(terms: str) -> list[tuple[str, str, str | None]]:
    """Give code, message and help of each finding."""
    return [(found.code, found.message, found.help) for found in findings(terms)]


@pytest.mark.parametrize(
    ("terms", "code", "message", "way_out"),
    [
        (
            "{benchmark: 1, sharing_rate: 50}",
            "RE200",
            "sharing_rate is 50; it may be 1 at most",
            "a rate is a fraction: write 0.50 for 50%",
        ),
        (
            "{benchmark: 1, sharing_rate: -0.10}",
            "RE200",
            "sharing_rate is -0.10; it may be 0 at least",
            None,
        ),
        (
            "{benchmark: 1, sharing_rate: 50%}",
            "RE203",
            "sharing_rate is `50%`; a number may stand here",
            "a percentage is written as a fraction: 0.50",
        ),
        (
            "{benchmark: 1, sharing_rate: '0.5'}",
            "RE203",
            "sharing_rate is `0.5`; a number may stand here",
            "take the quotes away",
        ),
        (
            "{benchmark: 1, sharing_rate: $1_000}",
            "RE203",
            "sharing_rate is `$1_000`; a number may stand here",
            "write 1_000",
        ),
        (
            "{benchmark: 1, split: eqal}",
            "RE204",
            "split is `eqal`; equal or weighted may stand here",
            "did you mean equal?",
        ),
        (
            "{benchmark: }",
            "RE203",
            "benchmark is empty; an expression, or dates with an expression each, may stand here",
            None,
        ),
        (
            "{benchmark: {2015-01-01: [a]}}",
            "RE203",
            "benchmark from 2015-01-01 is a list of 1; an expression may stand here",
            None,
        ),
        (
            "{benchmark: {2015-02-30: a}}",
            "RE205",
            "2015-02-30 is a key of benchmark; a day of the calendar (YYYY-MM-DD) may stand here",
            None,
        ),
        (
            "{benchmark: 1, lines: {2015-01-01: 1}}",
            "RE203",
            "lines is a mapping; an expression may stand here",
            None,
        ),
        (
            "{benchmark: 1, among: a}",
            "RE203",
            "among is `a`; a list may stand here",
            "put it in brackets: [a]",
        ),
        (
            "{benchmark: 1, among: [1]}",
            "RE203",
            "item 1 of among is 1; text may stand here",
            'quote it: "1"',
        ),
        (
            "{benchmark: 1, among: []}",
            "RE206",
            "among has 0 members; 1 at least may stand here",
            None,
        ),
        (
            "{benchmark: 1, among: [a, b, a]}",
            "RE215",
            "`a` stands twice in among; each may stand once",
            None,
        ),
        (
            "{benchmark: 1, step: 0.555}",
            "RE200",
            "step is 0.555; it may be a multiple of 0.01",
            None,
        ),
        (
            "{benchmark: 1, window: {}}",
            "RE202",
            "days and months are missing in window; one of them must stand here",
            None,
        ),
        (
            "{benchmark: 1, window: {days: 1, months: 2}}",
            "RE207",
            "months stands beside days in window; one of them may stand here",
            None,
        ),
        (
            "{benchmark: 1, share: [1]}",
            "RE203",
            "share is a list of 1; a number or a mapping may stand here",
            None,
        ),
        (
            "{benchmark: 1, share: {}}",
            "RE202",
            "to is missing in share; it must stand here",
            None,
        ),
        (
            "{benchmark: 1, never: 2}",
            "RE201",
            "never is an unknown key; nothing may stand here",
            None,
        ),
        ("[1]", "RE203", "terms is a list of 1; a mapping may stand here", None),
    ],
)
def test_a_failed_keyword_is_said_in_our_words(
    terms: str, code: str, message: str, way_out: str | None
) -> None:
    """What is found, what may stand there, and the way out; never a message of jsonschema."""
    assert said(terms) == [(code, message, way_out)]


def test_a_missing_key_is_located_at_its_parent_and_an_unknown_one_at_itself() -> None:
    """The way out of a slip of the keyboard is the word that was meant."""
    missing, unknown = findings("{benchmrk: 1}")
    assert (missing.code, missing.location.line, missing.location.column) == ("RE202", 3, 5)
    assert (unknown.code, unknown.location.line, unknown.location.column) == ("RE201", 3, 13)
    assert unknown.help == "did you mean benchmark?"


def test_all_findings_are_reported_in_order() -> None:
    """An author mends a file once."""
    found = findings("{sharing_rate: 2, split: 1, among: [1, 2], x: 1}")
    assert [one.code for one in found] == ["RE202", "RE200", "RE204", "RE203", "RE203", "RE201"]


def test_absent_terms_are_held_against_the_schema_too() -> None:
    """Every key that must stand there is named, at the rule."""
    document = read("rules:\n  - id: a\n")
    (found,) = terms_findings(document, ("rules", 0, "terms"), TERMS)
    assert (found.code, str(found.location)) == ("RE202", "<text>:2:5")


@pytest.mark.parametrize("value", ["a + b", "1", "0.50", "true", "{2015-01-01: a, 2016-01-01: 1}"])
def test_an_expression_may_be_text_a_number_a_truth_value_or_dated(value: str) -> None:
    """A number is the shortest formula."""
    assert said(f"{{benchmark: {value}}}") == []


def test_an_expression_says_its_type_and_grain_to_whoever_reads_the_schema() -> None:
    """The annotation is what the checker of expressions looks for."""
    schema = expression_schema("money", "line", title="Fee", examples=["a"])
    assert schema["x-expression"] == {"type": "money", "grain": "line"}
    assert schema["examples"] == ["a"]
    assert "grain" not in expression_schema("money", title="Fee")["x-expression"]


@given(
    st.decimals(0, 2, places=3, allow_nan=False),
    st.integers(1, 5),
    st.sampled_from(["minimum", "maximum", "multipleOf"]),
)
def test_bounds_are_exact(number: Decimal, precision: int, keyword: str) -> None:
    """0.1 is a tenth in the schema and in the document, whatever the host's Decimal context."""
    bound = Decimal("0.1")
    schema = parse_schema(f'{{"properties": {{"a": {{"{keyword}": 0.1}}}}}}')
    expected = {
        "minimum": number >= bound,
        "maximum": number <= bound,
        "multipleOf": number % bound == 0,
    }[keyword]
    with localcontext(Context(prec=precision)):
        assert (not findings(f"{{a: {number:f}}}", schema)) == expected


WHOLE = load_schema("ruleset")
SMALLEST = """\
ruleset: acme
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {acme: payer}
rules:
  - id: office
    methodology: fee_schedule
    source: assumed
    terms: {allowed: charge_amount}
"""


def test_the_smallest_ruleset_fits_and_no_line_of_it_can_go() -> None:
    """Nothing has a silent default that would change an amount."""
    assert validate(read(SMALLEST), WHOLE) == []
    lines = SMALLEST.splitlines(keepends=True)
    for place in [*range(6), 7, 8, 9, 10]:
        text = "".join(lines[:place] + lines[place + 1 :])
        text = text.replace("    methodology", "  - methodology") if place == 7 else text
        assert [found.code for found in validate(read(text), WHOLE)] == ["RE202"]


def test_an_amendment_may_leave_out_what_it_does_not_change() -> None:
    """Only the merged ruleset has to be whole; editors check the amendment by itself."""
    text = "extends: ../base/ruleset.yaml\nrules:\n  - id: office\n    remove: true\n"
    assert validate(read(text), WHOLE) == []


@pytest.mark.parametrize("text", ["", "a", "[1, 2]", "3", "2026-01-01"])
def test_a_document_that_is_no_mapping_is_a_finding(text: str) -> None:
    """Whatever stands in the file, the schema has an answer."""
    assert [found.code for found in validate(read(text), WHOLE)] == ["RE203"]


values = st.recursive(
    st.sampled_from(["a", "1", "0.5", "true", "~", "2026-01-01", "2026-02-30", "'1'", "A-b"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(["from", "id", "type", "value", "to", "file", "a", "2026-01-01"]),
            inner,
            max_size=3,
        ).map(lambda items: "{" + ", ".join(f"{k}: {v}" for k, v in items.items()) + "}")
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE["properties"])), values, max_size=6))
def test_any_document_fits_or_has_findings(written: dict[str, str]) -> None:
    """Every failure of every keyword is translated, and has a place."""
    document = read("".join(f"{key}: {value}\n" for key, value in written.items()))
    for found in validate(document, WHOLE):
        assert found.code.startswith("RE2")
        assert found.code != "RE208"
        assert found.message.isprintable()
        assert "Decimal" not in found.message


def test_reading_loads_no_schema_library_until_a_schema_is_used() -> None:
    """A ruleset in compiled form is opened without it."""
    script = "import sys, rules_engine.language; assert 'jsonschema' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
