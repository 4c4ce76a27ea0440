"""The Shared Savings Program: published settlements are met, row by row, by a ruleset in YAML."""

import sys
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from attrs import frozen

from rules_engine import Engine
from tests.conformance.oracles import published
from tests.conformance.shared_savings import (
    FORM,
    HERE,
    RULESET,
    Key,
    Published,
    Row,
    exact,
    moved,
    read,
    settled,
    settled_alone,
    write,
)

Outputs = Mapping[Key, Mapping[str, Any]]
SCIENTIFIC: Final = Fraction(1, 10_000)
ONE_DOLLAR: Final = Fraction(1)
# What a row may be explained by; everything else is a failure.
MET, WITHIN, GIVEN = "to the dollar", "within rounding", "as given"


@frozen(kw_only=True)
class Runs:
    """The same files settled as they are, and with each rounded input at its ends.

    Attributes:
        plain: As printed.
        low: Every rounded input where results are lowest.
        high: Every rounded input where they are highest.
        given: Track terms of each ACO, from the ruleset's own tables.
    """

    plain: Outputs
    low: Outputs
    high: Outputs
    given: Mapping[Key, Mapping[str, Any]]

    def ends(self, key: Key, name: str) -> tuple[Fraction, Fraction]:
        """Give the least and the most that rounding allows."""
        found = [amount(run[key], name, key) for run in (self.low, self.plain, self.high)]
        return min(found), max(found)


def amount(outputs: Mapping[str, Any], name: str, key: Key) -> Fraction:
    """Give an output; `share` is the ACO's own."""
    if name == "share":
        return Fraction(outputs["share"].get("/".join(key), 0))
    return Fraction(outputs[name])


@pytest.fixture(scope="module")
def files() -> list[Published]:
    """Every file of results that is present."""
    return read(published("mssp"))


@pytest.fixture(scope="module")
def runs(files: list[Published], tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Settle all files by the command line."""
    folder = tmp_path_factory.mktemp("shared_savings")
    low = write(files, folder / "low", moved(-1))
    high = write(files, folder / "high", moved(1))
    return Runs(
        plain=settled(published("mssp"), folder / "out"),
        low=settled_alone(low),
        high=settled_alone(high),
        given=_given(published("mssp")),
    )


def _given(data: Path) -> Mapping[Key, Mapping[str, Any]]:
    """Read what the mapping makes of the files, with the terms of each track."""
    ruleset = Engine().load(RULESET)
    tracks = ruleset.bound.tables["tracks"].rows
    terms = {
        track: {name: values[place] for name, values in tracks.items()}
        for place, track in enumerate(tracks["track"])
    }
    with ruleset.run(data) as run:
        cursor = run.connection.execute("SELECT * FROM aco")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {(row["release"], row["aco_id"]): row | terms[row["track"]] for row in rows}


def test_every_published_row_is_met(files: list[Published], runs: Runs) -> None:
    """Each row of each file is reproduced, or differs for a reason that its file shows."""
    assert files
    differing: list[str] = []
    for file in files:
        counts: Counter[tuple[str, str]] = Counter()
        for row in file.rows:
            key = file.key(row)
            for column, found in _compared(file, row, key, runs).items():
                counts[column, found] += 1
                if found not in {MET, WITHIN, GIVEN} and not found.startswith("fewer than"):
                    value = file.text(row, FORM[column])
                    output = _OUTPUTS[column]
                    ours = float(amount(runs.plain[key], output, key))
                    line = f"{file.name} {key[1]} {FORM[column]} {value}: {ours:.9g}: {found}"
                    _say("  " + line)
                    if found.startswith("unexplained"):
                        differing.append(line)
        _say(f"{file.name}: {len(file.rows)} rows")
        for (column, found), count in sorted(counts.items()):
            _say(f"  {FORM[column]}: {count} {found}")
    assert differing == []


def _say(line: str) -> None:
    """Write a line of the report that `nox -s conformance` shows."""
    sys.stdout.write(line + "\n")


_OUTPUTS: Final = {
    "result": "result",
    "result_rate": "result_rate",
    "minimum_rate": "minimum_rate",
    "counted": "counted",
    "earned": "share",
}


def _compared(file: Published, row: Row, key: Key, runs: Runs) -> Mapping[str, str]:
    size = exact(file.text(row, FORM["size"]["column"]))
    if size is None or size < FORM["size"]["at_least"]:
        reason = f"fewer than {FORM['size']['at_least']} beneficiaries: actuaries set the rate"
        return dict.fromkeys(_OUTPUTS, reason)
    return {
        "result": _money(file, row, key, runs, "result"),
        "result_rate": _rate(file, row, key, runs, "result_rate"),
        "minimum_rate": _rate(file, row, key, runs, "minimum_rate"),
        "counted": _money(file, row, key, runs, "counted"),
        "earned": _money(file, row, key, runs, "earned"),
    }


def _rate(file: Published, row: Row, key: Key, runs: Runs, column: str) -> str:
    given = runs.given[key]
    if column == "minimum_rate" and given["two_sided"] and given["elected_minimum"] is not None:
        return GIVEN
    printed = exact(file.text(row, FORM[column]))
    if printed is None:
        return "unexplained: nothing is printed"
    scale = file.scale(FORM[column])
    half = file.half(FORM[column]) * scale
    if 0 < abs(printed) < SCIENTIFIC:
        # Written as 3.08E-05 once, and so to fewer places than the rest of its column.
        half = Fraction(1, 2 * 10 ** len(file.text(row, FORM[column]).partition(".")[2])) * scale
    low, high = runs.ends(key, column)
    is_met = low - half <= printed * scale <= high + half
    return MET if is_met else "unexplained"


def _money(file: Published, row: Row, key: Key, runs: Runs, column: str) -> str:
    printed = exact(file.text(row, FORM[column]))
    value = Fraction(0) if printed is None else printed
    output = _OUTPUTS[column]
    ours = amount(runs.plain[key], output, key)
    if ours == value or (column != "earned" and abs(ours - value) <= ONE_DOLLAR):
        return MET
    low, high = runs.ends(key, output)
    if low <= value <= high:
        return WITHIN
    return _reason(file, row, key, runs, column, value)


def _reason(file: Published, row: Row, key: Key, runs: Runs, column: str, value: Fraction) -> str:
    """Say why a row differs, by what the file shows; the ruleset knows of none of these."""
    given = runs.given[key]
    result = amount(runs.plain[key], "result", key)
    ours = amount(runs.plain[key], _OUTPUTS[column], key)
    if column == "counted" and not given["two_sided"] and abs(value - result) <= ONE_DOLLAR:
        return "the file prints a loss of a one-sided ACO, who owes none of it"
    if column == "earned" and ours > value == 0 and not file.has(FORM["quality_standard"]):
        return "the file lacks whether the quality standard was met"
    if column == "earned" and ours < value <= 0 and given["revenue_cap"] is not None:
        return "the ACO's revenue, which the file lacks, decides the loss"
    if any(exact(file.text(row, name)) for name in FORM["prorated"]):
        return "losses are prorated for months of a terminated ACO, which the file lacks"
    return "unexplained"


def test_advances_are_repaid_as_published(files: list[Published], runs: Runs) -> None:
    """What is repaid is what is published, which is not rounded, to the dollar."""
    differing: list[str] = []
    for file in files:
        repaid = 0
        for row in file.rows:
            printed = exact(file.text(row, FORM["repaid"]))
            if not printed:
                continue
            repaid += 1
            key = file.key(row)
            ours = Fraction(runs.plain[key]["repaid"]["/".join(key)])
            if abs(ours - printed) > ONE_DOLLAR:
                differing.append(f"{file.name} {key[1]} {printed}: {ours}")
        if file.has([FORM["repaid"]]):
            _say(f"{file.name}: {repaid} rows repay advances")
    assert differing == []


def test_no_published_result_is_read(files: list[Published], runs: Runs, tmp_path: Path) -> None:
    """With every published result blank, each settlement is the same."""
    listed = yaml.safe_load((HERE / "outputs.yaml").read_text(encoding="utf-8"))["shared_savings"]
    blank = {name.lower() for name in listed["blank"]}
    elected = {name.lower() for name in listed["blank_unless_elected"]}

    def cell(file: Published, row: Row, name: str) -> str:
        given = runs.given[file.key(row)]
        is_elected = given["two_sided"] and given["elected_minimum"] is not None
        if name.lower() in blank or (name.lower() in elected and not is_elected):
            return ""
        return row[name] or ""

    assert settled(write(files, tmp_path / "data", cell), tmp_path / "out") == runs.plain


def test_no_known_file_was_cut(files: list[Published]) -> None:
    """A known file has as many rows as it is known to have, and each row is settled."""
    counts = yaml.safe_load((HERE / "expected_counts.yaml").read_text(encoding="utf-8"))
    expected = counts["shared_savings"]
    cut = {f.name: len(f.rows) for f in files if len(f.rows) < expected.get(f.name, 0)}
    assert cut == {}


def test_every_row_is_settled_once(files: list[Published], runs: Runs) -> None:
    """One settlement for each ACO and file."""
    keys = [file.key(row) for file in files for row in file.rows]
    assert sorted(keys) == sorted(runs.plain)
