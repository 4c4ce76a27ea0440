"""Hospital Value-Based Purchasing: every published point and score is met exactly by a ruleset."""

import csv
import gzip
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conformance.oracles import ROOT, published, whole

FOLDER: Final = ROOT / "rulesets" / "hospital-value-based-purchasing"
HERE: Final = Path(__file__).parent
PROGRAM: Final = "hospital_value_based_purchasing"
GIVEN: Final = "Combined SSI Measure Score"
DOMAINS: Final = {
    "clinical outcomes": "clinical_outcomes",
    "person and community engagement": "person",
    "safety": "safety",
    "efficiency and cost reduction": "efficiency",
}
ALIKE: Final = {
    "fiscal year": "Fiscal Year",
    "facility id": "Facility ID",
    "provider number": "Facility ID",
    "provider id": "Facility ID",
}
PLACES: Final = Fraction(10**12)
ABSENT: Final = frozenset({"", "not available"})
Rows = dict[str, list[dict[str, str]]]
Outputs = dict[tuple[str, str], dict[str, Any]]


def declared(name: str) -> Any:
    """Give what one of the files beside this one says of the program."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))[PROGRAM]


def measures() -> dict[str, str]:
    """Give the name in the ruleset of each measure that a file names."""
    text = (FOLDER / "ruleset.yaml").read_text(encoding="utf-8")
    terms = yaml.safe_load(text)["rules"][0]["terms"]["measures"]
    found = {
        match[1].lower(): name
        for name, measure in terms.items()
        if "performance" in measure
        and (match := re.search(r"'([^']+)'\)$", measure["performance"]))
    }
    return found | {"combined ssi": "surgical_site"}


def files(folder: Path) -> Rows:
    """Read every file of the program in a folder."""
    found = {}
    for path in sorted(folder.glob("*hvbp_*.csv*")):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            found[path.name] = [named_alike(row) for row in csv.DictReader(file)]
    return found


def named_alike(row: dict[str, str]) -> dict[str, str]:
    """Name the columns of the year and the hospital alike, however a year's file writes them."""
    return {ALIKE.get(name.lower(), name): value for name, value in row.items()}


def output_of(column: str, named: dict[str, str]) -> str | None:
    """Give the output that a published column stands for; None for a column that is no result."""
    name = column.lower()
    if "total performance score" in name:
        return "total"
    if name in {"hcahps base score", "hcahps consistency score"}:
        return f"person_{name.split()[1]}"
    for domain, output in DOMAINS.items():
        if name.endswith(f"{domain} domain score"):
            return f"{output}_{'score' if name.startswith('unweighted') else 'weighted'}"
    if not name.endswith(("points", "score")):
        return None
    measure, _, what = name.rpartition(" ")
    measure, _, kind = measure.rpartition(" ")
    part = kind if what == "points" else "points"
    # A measure that the ruleset does not know is a row that differs, never one that is left out.
    return f"{named.get(measure, measure)}_{part}"


def settled(data: Path, out: Path, ruleset: str = "ruleset.yaml") -> Outputs:
    """Run the program as a user does, and give the outputs of each hospital and year."""
    program = Path(sys.executable).with_name("rules-engine")
    command = [str(program), "run", str(FOLDER / ruleset)]
    subprocess.run(
        [*command, "--data", str(data), "--out", str(out)], check=True, capture_output=True
    )
    document = json.loads((out / "settlement.json").read_text(encoding="utf-8"))
    return {tuple(one["key"]): one["outputs"] for one in document["settlements"]}


def number(text: str | None) -> Fraction | None:
    """Read `6 out of 10`, `9.583333333333` or an absent value."""
    if text is None or text.strip().lower() in ABSENT:
        return None
    return Fraction(text.split(" out of ")[0])


def difference(expected: Fraction | None, found: object) -> bool:
    """Whether an output is not the published one, at the twelve places that are published."""
    if expected is None or found is None:
        return not (expected is None and found is None)
    return int(Fraction(str(found)) * PLACES + Fraction(1, 2)) != expected * PLACES


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """One settlement for each hospital and year of the files."""
    return settled(published("hvbp"), tmp_path_factory.mktemp("hvbp"))


def test_every_published_point_and_score_is_met_exactly(outputs: Outputs) -> None:
    """Whatever differs is printed with its file, hospital, column and both values."""
    named = measures()
    counts: dict[str, Counter[str]] = {}
    differing: list[str] = []
    found = files(published("hvbp"))
    with_rates = {
        row["Fiscal Year"] for name, rows in found.items() if "_tps" not in name for row in rows
    }
    for name, rows in found.items():
        count = counts.setdefault(name, Counter())
        for row in rows:
            key = (row["Fiscal Year"], row["Facility ID"])
            for column, value in row.items():
                output = output_of(column, named)
                if output is None:
                    continue
                if row["Fiscal Year"] not in with_rates:
                    count["not to be computed: no file of the year has rates"] += 1
                    continue
                if key not in outputs or difference(number(value), outputs[key].get(output)):
                    count["differ"] += 1
                    got = outputs.get(key, {}).get(output)
                    differing.append(f"{name} {key} {column}: {value} published, {got} computed")
                else:
                    count["given" if column == GIVEN else "met"] += 1
    for name, count in counts.items():
        print(f"{name}: {len(found[name])} rows; {dict(count)}")  # noqa: T201  the report of the conformance run
    print("\n".join(differing[:200]))  # noqa: T201  the report of the conformance run
    assert not differing


def test_every_published_total_is_made_of_its_scores(tmp_path: Path) -> None:
    """Also where no file of the year has rates: weighted scores and totals of given scores."""
    outputs = settled(published("hvbp"), tmp_path, "totals.yaml")
    differing = []
    for name, rows in files(published("hvbp")).items():
        count: Counter[str] = Counter()
        for row in rows if "_tps" in name else ():
            key = (row["Fiscal Year"], row["Facility ID"])
            for column, value in row.items():
                output = output_of(column, {})
                if output is None or column.lower().startswith("unweighted"):
                    continue
                if key not in outputs or about(number(value), outputs[key].get(output)):
                    count["differ"] += 1
                    differing.append(f"{name} {key} {column}: {value}, {outputs.get(key)}")
                else:
                    count["met"] += 1
        if count:
            print(f"{name}: {len(rows)} rows; {dict(count)}")  # noqa: T201  the report of the conformance run
    print("\n".join(differing[:50]))  # noqa: T201  the report of the conformance run
    assert not differing


def about(expected: Fraction | None, found: object) -> bool:
    """Whether a result is further from the published one than rounded scores allow."""
    if expected is None or found is None:
        return not (expected is None and found is None)
    # Scores are published to twelve places, and a total is a mean of them that is rounded again.
    return abs(Fraction(str(found)) - expected) > 1 / PLACES


def test_no_known_file_has_fewer_rows() -> None:
    """A file that has lost rows would be checked less than it says."""
    found = files(published("hvbp"))
    for name, rows in declared("expected_counts.yaml").items():
        if name not in found:
            print(f"{name}: not in the folder, and not checked")  # noqa: T201  the report of the conformance run
        assert name not in found or len(found[name]) >= rows, name
    assert found


@whole
def test_no_published_result_is_read(outputs: Outputs, tmp_path: Path) -> None:
    """With the published points and scores blank, the outputs are the same."""
    blank = [re.compile(pattern, re.IGNORECASE) for pattern in declared("outputs.yaml")["blank"]]
    kept = {name.lower() for name in declared("outputs.yaml")["keep"]}
    for path in sorted(published("hvbp").glob("*hvbp_*.csv*")):
        shutil.copyfile(path, tmp_path / path.name)
    for name, rows in files(tmp_path).items():
        opened = gzip.open if name.endswith(".gz") else open
        with opened(tmp_path / name, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow(
                    {
                        column: ""
                        if column.lower() not in kept and any(p.search(column) for p in blank)
                        else value
                        for column, value in row.items()
                    }
                )
    assert settled(tmp_path, tmp_path / "out") == outputs
