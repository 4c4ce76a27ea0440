"""Declaring: what a ruleset says, as values; what it must not say, as findings."""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.diagnostics import Diagnostic, RulesetError
from rules_engine.expressions.types import Kind
from rules_engine.language import (
    DateRange,
    Declaration,
    declare,
    load_schema,
    read,
    read_extended,
    validate,
)

WHOLE = load_schema("ruleset")
RULESET = """\
ruleset: acme
version: "1"
lan_category: 3B
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year, starts: 10-01, run_out: {months: 3}}
parties: {plan: payer, systems: [north, south]}
entities:
  aco: {table: aco, key: [aco_id], role: provider}
tables:
  aco: {key: [aco_id], columns: {aco_id: code, track: code or null}, source: A, unconfirmed: true}
  fees: {file: fees.csv, key: [hcpcs_code], effective: [from, through], columns: {amount: money}}
parameters:
  base_rate: {type: money, value: 11_200, unit: USD per stay, unconfirmed: true}
  factor: {type: factor, values: {2026-07-01: 1.20, 2026-01-01: 1.18}}
  first_day: {type: date, value: 2026-03-01}
  region: {type: code, value: "065"}
  is_pilot: {type: boolean, value: true}
rules:
  - id: office
    methodology: fee_schedule
    source: exhibit A
    when: claim_type = 'professional'
    terms: {allowed: "lookup(fees.amount, hcpcs_code)"}
  - id: rest
    methodology: fee_schedule
    source: exhibit A
    for_each: aco
    replaces: [office]
    otherwise: true
    period: {length: month, run_out: {days: 90}}
    terms: {}
mappings: maps
sources: [Acme agreement]
"""


def declared(text: str = RULESET) -> Declaration:
    """Read, validate and declare a text that is right."""
    document = read(text, "acme/ruleset.yaml")
    assert validate(document, WHOLE) == []
    return declare(document)


def findings(old: str, new: str) -> list[Diagnostic]:
    """Give what is wrong with the ruleset after one change."""
    assert old in RULESET
    with pytest.raises(RulesetError) as caught:
        declared(RULESET.replace(old, new))
    return list(caught.value.diagnostics)


def test_a_declaration_has_everything_that_the_document_says() -> None:
    """Exact numbers, real dates, and the path of each part."""
    said = declared()
    assert (said.id, said.version, said.lan_category, said.currency) == ("acme", "1", "3B", "USD")
    assert said.effective == DateRange(date(2026, 1, 1), date(2026, 12, 31))
    assert said.rounding.unit == Fraction(1, 100)
    assert said.period is not None
    assert (said.period.starts, said.period.run_out_months) == ((10, 1), 3)
    assert list(said.parties) == ["plan", "north", "south"]
    assert (said.parties["plan"].role, said.parties["north"].group) == ("payer", "systems")
    assert said.groups == {"systems": ("north", "south")}
    assert said.entities["aco"].key == ("aco_id",)
    assert said.tables["aco"].file is None
    assert said.tables["fees"].effective == ("from", "through")
    assert said.tables["fees"].folder == "acme"
    assert said.tables["aco"].columns["track"].nullable
    assert [(one.source, one.is_unconfirmed) for one in said.tables.values()] == [
        ("A", True),
        (None, False),
    ]
    assert said.parameters["base_rate"].type.kind is Kind.MONEY
    assert said.parameters["base_rate"].is_unconfirmed
    assert said.rules["office"].when == "claim_type = 'professional'"
    assert said.rules["office"].terms_path == ("rules", 0, "terms")
    rest = said.rules["rest"]
    assert (rest.for_each, rest.replaces, rest.otherwise) == ("aco", ("office",), True)
    assert rest.period is not None
    assert (rest.period.length, rest.period.run_out_days) == ("month", 90)
    assert said.mappings == ("maps",)
    assert said.warnings == ()


@pytest.mark.parametrize(
    ("line", "folders"),
    [("", ("mappings",)), ("mappings: []\n", ()), ("mappings: [a, b]\n", ("a", "b"))],
)
def test_mappings_lie_beside_a_ruleset_that_does_not_say_where(
    line: str, folders: tuple[str, ...]
) -> None:
    """Without a word the folder `mappings`; an empty list takes none, whatever lies there."""
    assert declared(RULESET.replace("mappings: maps\n", line)).mappings == folders


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_a_dated_parameter_has_the_value_of_its_last_date(day: date) -> None:
    """Values are in order of date, whatever the order of the file."""
    factor = declared().parameters["factor"]
    assert factor.at(day) == Decimal("1.20" if day >= date(2026, 7, 1) else "1.18")


def test_a_day_before_the_first_value_is_an_error() -> None:
    """There is no default; a value without dates holds always."""
    parameters = declared().parameters
    with pytest.raises(LookupError, match="its first is from 2026-01-01 on"):
        parameters["factor"].at(date(2025, 12, 31))
    assert parameters["base_rate"].at(date(1900, 1, 1)) == 11_200


def test_a_date_range_has_both_its_ends() -> None:
    """From and through are inclusive, as contracts write them."""
    days = DateRange(date(2026, 1, 1), date(2026, 1, 31))
    assert date(2026, 1, 1) in days
    assert date(2026, 1, 31) in days
    assert date(2026, 2, 1) not in days


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("through: 2026-12-31", "through: 2025-12-31", "RE213", 4),
        ("[north, south]", "[north, south, north]", "RE211", 8),
        ("plan: payer, systems: [north", "north: payer, systems: [north", "RE211", 8),
        ("id: rest", "id: office", "RE212", 26),
        ("id: rest", "id: base_rate", "RE210", 26),
        ("id: rest", "id: acme", "RE210", 26),
        ("  fees: {", "  north: {", "RE210", 13),
        ("table: aco,", "table: fees,", "RE210", 12),
        ("region:", "systems:", "RE210", 18),
        ("type: money", "type: count(2)", "RE205", 15),
        ("value: 11_200", "value: abc", "RE203", 15),
        ("value: 2026-03-01", "value: 2026-02-30", "RE203", 17),
        ('value: "065"', "value: 65", "RE203", 18),
        ("value: true", "value: 1", "RE203", 19),
        ("1.18", "-1.18", "RE200", 16),
        ("type: money, value: 11_200", "type: rate, value: 50", "RE200", 15),
        ("type: money, value: 11_200", "type: count, value: 1.5", "RE203", 15),
        ("type: money, value: 11_200", "type: count, value: true", "RE203", 15),
    ],
)
def test_what_does_not_fit_together_is_a_finding(old: str, new: str, code: str, line: int) -> None:
    """At the later of two places, or at the value."""
    assert [(found.code, found.location.line) for found in findings(old, new)] == [(code, line)]


def test_a_clash_shows_both_places() -> None:
    """The words say what the two things are."""
    (found,) = findings("id: rest", "id: base_rate")
    assert (
        found.message == "base_rate is the name of a rule and of a parameter; one thing may have it"
    )
    assert [(place.line, text) for place, text in found.related] == [(15, "the parameter")]


def test_a_percentage_is_shown_as_a_fraction() -> None:
    """The way out is what the author meant."""
    (found,) = findings("type: money, value: 11_200", "type: rate, value: 50")
    assert found.message == "base_rate is 50; it may be 1 at most"
    assert found.help == "a rate is a fraction: write 0.50 for 50%"


def test_all_findings_are_collected() -> None:
    """One pass says everything."""
    text = RULESET.replace("id: rest", "id: fees").replace("1.18", "-1").replace("south]", "north]")
    with pytest.raises(RulesetError) as caught:
        declared(text)
    assert [found.code for found in caught.value.diagnostics] == ["RE211", "RE200", "RE210"]


def test_values_that_begin_after_the_ruleset_are_a_warning() -> None:
    """A claim before the first value would be an error; the ruleset itself may be meant so."""
    said = declared(RULESET.replace("2026-01-01: 1.18", "2026-02-01: 1.18"))
    (found,) = said.warnings
    assert (found.code, found.severity, found.location.line) == ("RE214", "warning", 16)


def test_a_table_of_the_base_is_found_beside_the_base(tmp_path: Path) -> None:
    """An amendment inherits the declaration, and with it the folder of its file."""
    for name, text in {
        "base": RULESET,
        "amendment": "extends: ../base/ruleset.yaml\ntables:\n"
        "  drgs: {file: d.csv, key: [drg_code], columns: {weight: factor}}\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "ruleset.yaml").write_text(text, encoding="utf-8")
    document = read_extended(tmp_path / "amendment" / "ruleset.yaml")
    assert validate(document, WHOLE) == []
    tables = declare(document).tables
    assert tables["fees"].folder == str(tmp_path / "base")
    assert tables["drgs"].folder == str(tmp_path / "amendment")


def all_findings(text: str) -> list[Diagnostic]:
    """Give every finding of the first pass that has any; nothing else may be raised."""
    try:
        document = read(text)
        found = validate(document, WHOLE)
        return found if found or "extends" in document.value else list(declare(document).warnings)
    except RulesetError as error:
        return list(error.diagnostics)


slips = st.sampled_from(
    ["", "1", "0.5", "a", "~", "true", "[]", "{}", "[a]", "{a: 1}", "2026-02-30", "-1", "'x'", "#"]
)


@given(st.data())
def test_no_slip_in_a_ruleset_is_a_traceback(data: st.DataObject) -> None:
    """What fits the schema can be declared, or is a finding."""
    words = re.split(r"([A-Za-z0-9_.\-']+)", RULESET)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(words) // 2 - 1)) * 2 + 1
        words[place] = data.draw(slips | st.sampled_from(words[1::2]))
    for found in all_findings("".join(words)):
        assert found.message.isprintable()
