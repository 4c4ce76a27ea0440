"""Extending: amendments merge as a lawyer would read them, and every value keeps its origin."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.diagnostics import RulesetError
from rules_engine.language import printable, read, read_extended

BASE = """\
ruleset: acme
version: "1"
parties: {payers: [acme], systems: [north, south]}
parameters:
  base_rate: {type: money, value: 11_200.00}
  factor: {type: factor, values: {2026-01-01: 1.18}}
rules:
  - id: office
    methodology: fee_schedule
    source: exhibit A
    terms: {allowed: charge_amount, per: line}
  - id: inpatient
    methodology: fee_schedule
    source: exhibit B
    terms: {allowed: base_rate}
"""

AMENDMENT = """\
extends: ../base/ruleset.yaml
version: "2"
parties: {systems: [north]}
parameters:
  base_rate: {value: 12_000.00}
  factor: {values: {2026-07-01: 1.20}}
  fee: {type: money, value: 1.00}
rules:
  - id: office
    terms: {per: claim}
  - id: inpatient
    remove: true
  - id: visit
    methodology: fee_schedule
    source: amendment 1
    terms: {allowed: fee}
"""


def folders(tmp_path: Path, **texts: str) -> dict[str, Path]:
    """Write rulesets, each to a folder of its own."""
    written = {}
    for name, text in texts.items():
        (tmp_path / "contracts" / name).mkdir(parents=True)
        written[name] = tmp_path / "contracts" / name / "ruleset.yaml"
        written[name].write_text(text, encoding="utf-8")
    return written


def findings(path: Path) -> list[tuple[str, int]]:
    """Give code and line of what is wrong."""
    with pytest.raises(RulesetError) as caught:
        read_extended(path)
    return [(found.code, found.location.line) for found in caught.value.diagnostics]


def test_mappings_merge_lists_replace_and_rules_merge_by_id(tmp_path: Path) -> None:
    """The amendment says only what it changes."""
    paths = folders(tmp_path, base=BASE, amendment=AMENDMENT)
    value = read_extended(paths["amendment"]).value
    assert "extends" not in value
    assert value["version"] == "2"
    assert value["parties"] == {"payers": ["acme"], "systems": ["north"]}
    assert str(value["parameters"]["base_rate"]) == str(
        read("{type: money, value: 12_000.00}").value
    )
    assert list(value["parameters"]["factor"]["values"]) == ["2026-01-01", "2026-07-01"]
    assert list(value["parameters"]) == ["base_rate", "factor", "fee"]
    assert [rule["id"] for rule in value["rules"]] == ["office", "visit"]
    assert value["rules"][0]["terms"] == {"allowed": "charge_amount", "per": "claim"}
    assert value["rules"][0]["source"] == "exhibit A"


def test_every_value_is_located_in_its_own_file(tmp_path: Path) -> None:
    """A finding about an inherited value points into the base."""
    paths = folders(tmp_path, base=BASE, amendment=AMENDMENT)
    document = read_extended(paths["amendment"])
    places = {
        ("ruleset",): ("base", 1),
        ("version",): ("amendment", 2),
        ("parameters", "base_rate", "type"): ("base", 5),
        ("parameters", "base_rate", "value"): ("amendment", 5),
        ("rules", 0, "terms", "allowed"): ("base", 11),
        ("rules", 0, "terms", "per"): ("amendment", 10),
        ("rules", 1, "source"): ("amendment", 15),
    }
    for path, (folder, line) in places.items():
        place = document.locate(path)
        assert (Path(place.file), place.line) == (paths[folder], line)
        assert document.line(place).strip()


def test_a_value_replaces_dated_values_and_the_other_way_round(tmp_path: Path) -> None:
    """A parameter never has both."""
    paths = folders(
        tmp_path,
        base=BASE,
        amendment="extends: ../base/ruleset.yaml\nparameters:\n  factor: {value: 1.5}\n"
        "  base_rate: {values: {2026-01-01: 1}}\n",
    )
    value = read_extended(paths["amendment"]).value["parameters"]
    assert list(value["factor"]) == ["type", "value"]
    assert list(value["base_rate"]) == ["type", "values"]


def test_a_chain_of_amendments_is_merged(tmp_path: Path) -> None:
    """The last word wins."""
    paths = folders(
        tmp_path,
        base=BASE,
        first="extends: ../base/ruleset.yaml\nversion: '2'\ntitle: First",
        second="extends: ../first/ruleset.yaml\nversion: '3'\n",
    )
    value = read_extended(paths["second"]).value
    assert (value["version"], value["title"], value["ruleset"]) == ("3", "First", "acme")


def test_two_rules_of_one_id_in_an_amendment_are_both_kept(tmp_path: Path) -> None:
    """Merging hides no mistake: the declaration reports the second."""
    text = "extends: ../base/ruleset.yaml\nrules:\n  - id: office\n  - id: office\n"
    paths = folders(tmp_path, base=BASE, amendment=text)
    rules = read_extended(paths["amendment"]).value["rules"]
    assert [rule["id"] for rule in rules] == ["office", "inpatient", "office"]


def test_a_circle_is_a_finding(tmp_path: Path) -> None:
    """Of one file, of two, and not of a long chain."""
    paths = folders(
        tmp_path,
        own="extends: ruleset.yaml",
        first="version: '1'\nextends: ../second/ruleset.yaml",
        second="extends: ../first/ruleset.yaml",
        **{f"c{n}": f"extends: ../c{n + 1}/ruleset.yaml" for n in range(25)},
    )
    assert findings(paths["own"]) == [("RE121", 1)]
    assert findings(paths["c0"]) == [("RE121", 1)]
    with pytest.raises(RulesetError) as caught:
        read_extended(paths["first"])
    (found,) = caught.value.diagnostics
    assert found.code == "RE121"
    assert [place.line for place, _ in found.related] == [2]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("missing.yaml", "RE120"),
        ("../base", "RE120"),
        ("''", "RE120"),
        ('"a\\0b"', "RE102"),
        ("../../outside.yaml", "RE122"),
        ("../../../../../etc/hosts", "RE122"),
        ("/etc/hosts", "RE122"),
        ("link.yaml", "RE122"),
        ("[a]", "RE203"),
        ("3", "RE203"),
        ("", "RE203"),
    ],
)
def test_only_files_around_the_ruleset_are_read(tmp_path: Path, written: str, code: str) -> None:
    """Neither `..` nor a symbolic link leads out of the folder around the ruleset's own."""
    paths = folders(tmp_path, base=BASE, amendment=f"extends: {written}\n")
    (tmp_path / "outside.yaml").write_text(BASE, encoding="utf-8")
    (paths["amendment"].parent / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert findings(paths["amendment"]) == [(code, 1)]


def test_what_is_wrong_with_the_base_is_reported_there(tmp_path: Path) -> None:
    """The place names the base, not the amendment."""
    paths = folders(tmp_path, base="a: 1\na: 2\n", amendment="extends: ../base/ruleset.yaml\n")
    with pytest.raises(RulesetError) as caught:
        read_extended(paths["amendment"])
    assert Path(caught.value.diagnostics[0].location.file) == paths["base"]


def test_a_rule_that_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    """Neither from a base without it nor without a base."""
    rules = "rules:\n  - {id: nobody, remove: true}\n"
    paths = folders(
        tmp_path, base=BASE, amendment=f"extends: ../base/ruleset.yaml\n{rules}", alone=rules
    )
    assert findings(paths["amendment"]) == [("RE123", 3)]
    assert findings(paths["alone"]) == [("RE123", 2)]


def test_a_removed_rule_takes_its_promises_with_it(tmp_path: Path) -> None:
    """Those of other rules stay."""
    base = "rules: [{id: a}, {id: b}]\nmonotone: {first: {rule: a}, second: {rule: b}}\n"
    over = "extends: ../base/ruleset.yaml\nrules: [{id: a, remove: true}]\n"
    made = folders(tmp_path, base=base, over=over)
    assert read_extended(made["over"]).value["monotone"] == {"second": {"rule": "b"}}


def test_the_merged_ruleset_is_printed_with_origins(tmp_path: Path) -> None:
    """Each value says where it comes from and what it replaces."""
    paths = folders(tmp_path, base=BASE, amendment=AMENDMENT)
    document = read_extended(paths["amendment"])
    text = printable(document)
    base, amendment = paths["base"], paths["amendment"]
    assert f"ruleset: acme  # {base}:1\n" in text
    assert f'version: "2"  # {amendment}:2 instead of "1" at {base}:2\n' in text
    assert f"    value: 12_000.00  # {amendment}:5 instead of 11_200.00 at {base}:5\n" in text
    assert f"  systems: [north]  # {amendment}:3 instead of [north, south] at {base}:3\n" in text
    assert read(text).value == document.value


def test_a_ruleset_of_one_file_is_printed_without_origins() -> None:
    """There is nothing to tell apart."""
    assert printable(read("a: [1, '2']\nb: {c: ~}\n")) == 'a: [1, "2"]\nb:\n  c: null\n'


texts = st.text("ab0.,:#'\"()[]{}\\ \n-é\t")
documents = st.recursive(
    texts.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"').map(
        lambda text: text.replace("\n", "\\n")
    )
    | st.sampled_from(["1", "0.50", "1_000", "true", "~", "2026-01-01", "'065'"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["a", "2015-01-01", "'065'", '"x y"']), inner).map(
            lambda items: "{" + ", ".join(f"{k}: {v}" for k, v in items.items()) + "}"
        )
    ),
)


@given(documents)
def test_what_is_printed_reads_back(text: str) -> None:
    """Printing changes no value and no digit."""
    document = read(text)
    again = read(printable(document))
    assert again.value == document.value
    assert repr(again.value) == repr(document.value)
