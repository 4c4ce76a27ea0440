"""The published results of the Shared Savings Program beside those of a run."""

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import yaml
from attrs import field, frozen

from rules_engine import Engine

HERE: Final = Path(__file__).parent
RULESET: Final = HERE.parents[1] / "rulesets" / "medicare-shared-savings" / "ruleset.yaml"
FORM: Final[Mapping[str, Any]] = yaml.safe_load(
    (HERE / "shared_savings.yaml").read_text(encoding="utf-8")
)

Row = Mapping[str, str]
Key = tuple[str, str]


@frozen(kw_only=True)
class Published:
    """A published file.

    Attributes:
        name: Its name.
        header: Its columns, as it writes them.
        rows: Its rows.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: Mapping[str, str] = field()

    @columns.default
    def _by_lower_case(self) -> Mapping[str, str]:
        return {name.lower(): name for name in self.header}

    @property
    def release(self) -> str:
        """What tells it from the files of other years."""
        return self.name.split(".")[0].removeprefix("PY")

    def has(self, names: Iterable[str]) -> bool:
        """Whether it has one of the columns."""
        return any(name.lower() in self.columns for name in names)

    def text(self, row: Row, *names: str) -> str:
        """Give the first of some cells that is there; empty without one."""
        for name in names:
            found = row.get(self.columns.get(name.lower(), ""), "").strip()
            if found:
                return found
        return ""

    def key(self, row: Row) -> Key:
        """Give the release and the ACO."""
        return self.release, self.text(row, *FORM["key"])

    def half(self, name: str) -> Fraction:
        """Give half a unit of the last place that a column is printed to."""
        places = max((_places(self.text(row, name)) for row in self.rows), default=0)
        return Fraction(1, 2 * 10**places)

    def scale(self, name: str) -> Fraction:
        """Give what a rate of the file is multiplied by: 1/100 where rates are percentages."""
        minimums = [exact(self.text(row, FORM["minimum_rate"])) for row in self.rows]
        is_percent = any(self.text(row, name).endswith("%") for row in self.rows)
        # No minimum rate is as large as a half; the smallest that is elected is half a percent.
        if is_percent or any(m is not None and m >= Fraction(1, 2) for m in minimums):
            return Fraction(1, 100)
        return Fraction(1)


def exact(text: str) -> Fraction | None:
    """Read a printed number, whatever its unit; None where none is printed."""
    try:
        return Fraction(text.replace(",", "").replace("$", "").rstrip("%"))
    except ValueError:
        return None


def _places(text: str) -> int:
    return len(text.rstrip("%").partition(".")[2])


def read(folder: Path) -> list[Published]:
    """Read every file of results in a folder, whichever year it is of."""
    others = set(folder.glob(FORM["other_files"]))
    found = []
    for path in sorted(set(folder.glob(FORM["files"])) - others):
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text))
        rows = tuple(reader)
        found.append(Published(name=path.name, header=tuple(reader.fieldnames or ()), rows=rows))
    return found


def write(
    files: Iterable[Published], folder: Path, cell: Callable[[Published, Row, str], str]
) -> Path:
    """Write copies of the files, with each cell as a function says."""
    folder.mkdir()
    for file in files:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(file.header)
        for row in file.rows:
            writer.writerow([cell(file, row, name) for name in file.header])
        content = text.getvalue().encode()
        (folder / file.name).write_bytes(
            gzip.compress(content) if file.name.endswith(".gz") else content
        )
    return folder


def moved(direction: int) -> Callable[[Published, Row, str], str]:
    """Move each rounded input by half a unit of its last place, to where results are higher."""
    towards = {name.lower(): way for name, way in FORM["rounded"].items()}
    highest = {name.lower(): most for name, most in FORM["highest"].items()}
    halves: dict[tuple[str, str], Fraction] = {}

    def cell(file: Published, row: Row, name: str) -> str:
        text = (row[name] or "").strip()
        way = towards.get(name.lower())
        value = None if way is None else exact(text)
        # Nothing was rounded to an amount that does not exist, such as no relief.
        if way is None or not value:
            return text
        known = (file.name, name)
        if known not in halves:
            halves[known] = file.half(name)
        # An amount of relief is printed below zero; its size is what counts.
        value += halves[known] * way * direction * (-1 if value < 0 else 1)
        if name.lower() in highest:
            whole = Fraction(highest[name.lower()])
            is_percent = text.endswith("%") or value > whole + halves[known]
            value = min(value, whole * 100 if is_percent else whole)
        written = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{written:f}%" if text.endswith("%") else f"{written:f}"

    return cell


def settled(data: Path, out: Path) -> dict[Key, Mapping[str, Any]]:
    """Run the ruleset over a folder by the command line; give the outputs of each settlement."""
    program = str(Path(sys.executable).with_name("rules-engine"))
    command = [program, "run", str(RULESET), "--data", str(data), "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    content = json.loads((out / "settlement.json").read_text(encoding="utf-8"))
    return {tuple(one["key"]): one["outputs"] for one in content["settlements"]}


def settled_alone(data: Path) -> dict[Key, Mapping[str, Any]]:
    """Run the ruleset over a folder and write no results."""
    with Engine().load(RULESET).run(data) as run:
        return {(one.key[0], one.key[1]): one.outputs for one in run.settlements}
