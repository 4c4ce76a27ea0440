"""Hospital readmissions: every published excess ratio is met, or lies where its rates allow."""

import csv
import gzip
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conformance.oracles import ROOT, published

RULESET: Final = ROOT / "rulesets" / "hospital-readmissions" / "ruleset.yaml"
HERE: Final = Path(__file__).parent
RATIO: Final = "Excess Readmission Ratio"
ALIKE: Final = {
    name.lower(): name
    for name in (
        "Facility ID",
        "Measure Name",
        "Start Date",
        "Excess Readmission Ratio",
        "Predicted Readmission Rate",
        "Expected Readmission Rate",
    )
} | {"provider number": "Facility ID", "provider id": "Facility ID"}
"""What columns are called here, however a year's file writes them."""
Outputs = dict[tuple[str, str], dict[str, Any]]
HALF: Final = Fraction(1, 20000)
"""Half of the last of four places."""


def files(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Read every file of ratios in a folder."""
    found = {}
    for path in sorted(folder.glob("*HRRP*.csv*")):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            found[path.name] = [
                {ALIKE.get(name.lower(), name): value for name, value in row.items()}
                for row in csv.DictReader(file)
            ]
    return found


def settled(data: Path, out: Path) -> Outputs:
    """Run the program as a user does, and give the outputs of each hospital."""
    program = Path(sys.executable).with_name("rules-engine")
    command = [str(program), "run", str(RULESET), "--data", str(data), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    document = json.loads((out / "settlement.json").read_text(encoding="utf-8"))
    return {
        (one["period"]["label"], one["key"][0]): one["outputs"] for one in document["settlements"]
    }


def ratio_of(outputs: Outputs, row: dict[str, str]) -> str | None:
    """Give the ratio of a hospital and condition."""
    name = row["Measure Name"].removeprefix("READM-30-").removesuffix("-HRRP")
    begun = row["Start Date"]
    year = int(begun[-4:] if "/" in begun else begun[:4]) + 5
    found = outputs[str(year), row["Facility ID"]][f"{name.lower().replace('-', '_')}_ratio"]
    return None if found is None else str(found)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """One settlement for each hospital."""
    return settled(published("hrrp"), tmp_path_factory.mktemp("hrrp"))


def test_every_excess_ratio_is_met(outputs: Outputs) -> None:
    """Equal at four places, or inside the interval that the rounded rates allow."""
    for name, rows in files(published("hrrp")).items():
        equal, inside, differing = 0, 0, []
        for row in rows:
            found = ratio_of(outputs, row)
            if row[RATIO] in {"", "N/A"}:
                # The file has no ratio, and so there is nothing that could be met.
                continue
            expected = Fraction(row[RATIO])
            above, below = (
                Fraction(row[f"{kind} Readmission Rate"]) for kind in ("Predicted", "Expected")
            )
            if found is not None and abs(Fraction(found) - expected) <= HALF:
                equal += 1
            elif (above - HALF) / (below + HALF) - HALF <= expected <= (above + HALF) / (
                below - HALF
            ) + HALF and found is not None:
                inside += 1
            else:
                differing.append((row["Facility ID"], row["Measure Name"], row[RATIO], found))
        print(  # noqa: T201  the report of the conformance run
            f"{name}: {len(rows)} rows; {equal} equal, {inside} inside; differ: {differing}"
        )
        assert not differing


def test_no_known_file_has_fewer_rows() -> None:
    """A file that has lost rows would be checked less than it says; one that is missing is told."""
    found = files(published("hrrp"))
    known = yaml.safe_load((HERE / "expected_counts.yaml").read_text(encoding="utf-8"))
    for name, rows in known["hospital_readmissions"].items():
        if name not in found:
            print(f"{name}: not in the folder, and not checked")  # noqa: T201  the report of the conformance run
        assert name not in found or len(found[name]) >= rows, name
    assert found


def test_no_published_ratio_is_read(outputs: Outputs, tmp_path: Path) -> None:
    """With the published ratios blank, the outputs are the same."""
    blank = yaml.safe_load((HERE / "outputs.yaml").read_text(encoding="utf-8"))
    columns = blank["hospital_readmissions"]["blank"]
    for name, rows in files(published("hrrp")).items():
        opened = gzip.open if name.endswith(".gz") else open
        with opened(tmp_path / name, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row | dict.fromkeys(columns, "") for row in rows)
    assert settled(tmp_path, tmp_path / "out") == outputs
