"""The Shared Savings Program: made-up files in the layouts of all years settle."""

import csv
import gzip
import io
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from attrs import evolve, frozen

from rules_engine import Engine
from tests.conformance.shared_savings import RULESET, Key, settled_alone

# Rate and cap of savings; least and most rate, and cap, of losses; none of one-sided tracks.
TRACKS: Final = {
    "1": ("0.5", "0.1", None),
    "2": ("0.6", "0.15", ("0.4", "0.6", None)),
    "3": ("0.75", "0.2", ("0.4", "0.75", "0.15")),
    "1+": ("0.5", "0.1", ("0.3", "0.3", "0.04")),
    "A": ("0.4", "0.1", None),
    "B": ("0.4", "0.1", None),
    "C": ("0.5", "0.1", ("0.3", "0.3", "0.01")),
    "D": ("0.5", "0.1", ("0.3", "0.3", "0.02")),
    "E": ("0.5", "0.1", ("0.3", "0.3", "0.04")),
    "EN": ("0.75", "0.2", ("0.4", "0.75", "0.15")),
}
SIZES: Final = [
    (500, 999, "12.2", "8.7"), (1000, 2999, "8.7", "5.0"), (3000, 4999, "5.0", "3.9"),
    (5000, 5999, "3.9", "3.6"), (6000, 6999, "3.6", "3.4"), (7000, 7999, "3.4", "3.2"),
    (8000, 8999, "3.2", "3.1"), (9000, 9999, "3.1", "3.0"), (10000, 14999, "3.0", "2.7"),
    (15000, 19999, "2.7", "2.5"), (20000, 49999, "2.5", "2.2"), (50000, 59999, "2.2", "2.0"),
    (60000, 10**9, "2.0", "2.0"),
]  # fmt: skip
EARLY: Final = ("1", "2", "3")
PATHWAYS: Final = ("1", "2", "3", "1+", "A", "B", "C", "D", "E", "EN")


@frozen(kw_only=True)
class Aco:
    """What an ACO's row means, whatever the layout.

    Attributes:
        id: Its id.
        track: Its track; empty where the file forgets it.
        assigned: Assigned beneficiaries.
        benchmark: In USD; None where it is suppressed.
        expenditure: In USD.
        elected: Minimum rate that it elected, in percent; None of the table's.
        quality: Score in hundredths of a percent; None where reporting alone counts.
        met: Whether it met the quality standard.
        relief: Disaster relief in USD.
        start: Year in which its agreement began.
    """

    id: str
    track: str
    assigned: int
    benchmark: int | None
    expenditure: int
    elected: str | None
    quality: int | None
    met: bool
    relief: int
    start: int


Cells = Mapping[str, str]


def _half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def _minimum(aco: Aco) -> Fraction:
    if aco.elected is not None and aco.track and TRACKS[aco.track][2] is not None:
        return Fraction(aco.elected) / 100
    low, high, top, bottom = next(row for row in SIZES if row[0] <= aco.assigned <= row[1])
    slope = (Fraction(bottom) - Fraction(top)) / (high - low)
    return (Fraction(top) + slope * (aco.assigned - low)) / 100


def _expected(aco: Aco, year: int, *, has_standard: bool) -> int:
    """Work out what an ACO earns, or owes below zero."""
    assert aco.benchmark is not None
    share, cap, losses = TRACKS[aco.track]
    quality = Fraction(1) if aco.quality is None else Fraction(aco.quality, 10_000)
    met = aco.met or not has_standard
    saved = aco.benchmark - aco.expenditure
    if abs(Fraction(saved, aco.benchmark)) < _minimum(aco):
        return 0
    if saved >= 0:
        rate = Fraction(share) * (quality if year < 2021 else 1) * met
        kept = 1 if year in {2019, 2020} else Fraction("0.98")
        return _half_up(min(saved * rate * kept, Fraction(cap) * aco.benchmark))
    if losses is None:
        return 0
    least, most, loss_cap = losses
    if loss_cap is None:
        loss_cap = {1: "0.05", 2: "0.075"}.get(year - max(aco.start, 2013) + 1, "0.1")
    clamped = min(max(1 - Fraction(share) * quality, Fraction(least)), Fraction(most))
    rate = clamped if met else Fraction(most)
    owed = min(-saved * rate, Fraction(loss_cap) * aco.benchmark)
    return -_half_up(max(owed - aco.relief, Fraction(0)))


def _acos(dice: Random, tracks: tuple[str, ...], year: int) -> list[Aco]:
    found = []
    for number in range(60):
        benchmark = dice.randint(20_000_000, 900_000_000)
        found.append(
            Aco(
                id=f"A{number:04}",
                track=tracks[number % len(tracks)],
                assigned=dice.choice((500, 999, 5000, 7999, 60000, dice.randint(500, 90000))),
                benchmark=benchmark,
                expenditure=benchmark - dice.randint(-benchmark // 3, benchmark // 3),
                elected=dice.choice((None, "0", "0.5", "2")),
                quality=dice.choice((None, 10_000, dice.randint(3000, 9999))),
                met=dice.random() < 0.9,
                relief=dice.choice((0, 0, 250_000)),
                start=dice.randint(max(2012, year - 4), year),
            )
        )
    return found


def _money(amount: int) -> str:
    return f"${amount:,}"


def _in_brackets(amount: int) -> str:
    return f"({amount:,})" if amount else "0"


def _minimum_text(aco: Aco, scale: int, unit: str) -> str:
    """Print a minimum rate to four places: an elected one, or one of the table's."""
    return f"{float(_minimum(aco) * scale):.4f}{unit}"


def _quality_text(aco: Aco, unit: str) -> str:
    if aco.quality is None:
        return "P4R"
    return f"{aco.quality / 100:.2f}%" if unit == "%" else f"{aco.quality / 10_000:.4f}"


def _flags(aco: Aco, names: Mapping[str, str], yes: str = "1", no: str = "0") -> dict[str, str]:
    return {column: yes if aco.track == track else no for track, column in names.items()}


def _of_2013(aco: Aco) -> Cells:
    """Track1 and Track2, amounts in dollars, percentages, years of two digits, no standard."""
    return {
        "ACO_Num": aco.id, "Start_Date": f"1/1/{aco.start % 100:02}",
        **_flags(aco, {"1": "Track1", "2": "Track2"}), "N_AB": f"{aco.assigned:,}",
        "MinSavPerc": _minimum_text(aco, 100, "%"), "QualScore": _quality_text(aco, "%"),
        "ABtotBnchmk": "*" if aco.benchmark is None else _money(aco.benchmark),
        "ABtotExp": _money(aco.expenditure), "EarnSaveLoss": "$-",
    }  # fmt: skip


def _of_2015(aco: Aco) -> Cells:
    """Initial and current tracks, names in lower case, fractions, flags with a decimal point."""
    tracks = {t: f"current_track_{t}" for t in EARLY}
    return {
        "aco_num": aco.id, "initial_track_1": "1.0", "initial_track_2": "0.0",
        "current_start_date": f"{aco.start}-01-01", **_flags(aco, tracks, "1.0", "0.0"),
        "n_ab": str(aco.assigned), "minsavperc": _minimum_text(aco, 1, ""),
        "met_qps": "1.0" if aco.met else "0.0", "qualscore": _quality_text(aco, ""),
        "abtotbnchmk": "." if aco.benchmark is None else f"{aco.benchmark}.0",
        "abtotexp": str(aco.expenditure),
    }  # fmt: skip


def _of_2019(aco: Aco) -> Cells:
    """A flag for each of ten tracks, relief in brackets, times behind dates."""
    tracks = {"1": "Current_Track_1", "2": "Current_Track_2", "3": "Current_Track_3",
              "1+": "Current_Track_1_Plus", "EN": "Current_ENHANCED",
              **{t: f"Current_BASIC_{t}" for t in "ABCDE"}}  # fmt: skip
    return {
        "ACO_ID": aco.id, "Current_Start_Date": f"01/01/{aco.start} 12:00:00 AM",
        **_flags(aco, tracks, no=""), "N_AB": str(aco.assigned),
        "MinSavPerc": _minimum_text(aco, 100, ""), "Met_QPS": str(int(aco.met)),
        "QualScore": _quality_text(aco, "%"), "DisAdj": _in_brackets(aco.relief),
        "ABtotBnchmk": "" if aco.benchmark is None else f" {aco.benchmark:,} ",
        "ABtotExp": f"{aco.expenditure:,}",
    }  # fmt: skip


def _of_2023(aco: Aco) -> Cells:
    """The track as a text, an alternative standard, minimum rates without a unit."""
    return {
        "ACO_ID": aco.id, "Current_Track": aco.track, "Current_Start_Date": f"1/1/{aco.start}",
        "N_AB": str(aco.assigned), "MinSavPerc": _minimum_text(aco, 100, ""),
        "Met_QPS": str(int(aco.met)), "Met_AltQPS": "0", "QualScore": _quality_text(aco, "%"),
        "DisAdj": str(-aco.relief), "Rev_Exp_Cat": "High Revenue",
        "ABtotBnchmk": "-" if aco.benchmark is None else str(aco.benchmark),
        "ABtotExp": str(aco.expenditure),
    }  # fmt: skip


@frozen(kw_only=True)
class Layout:
    """A year's file.

    Attributes:
        file: Its name.
        cells: How a row is written.
        tracks: The tracks of the year.
        has_standard: Whether it says who met the quality standard.
        has_relief: Whether it has disaster relief.
    """

    file: str
    cells: Callable[[Aco], Cells]
    tracks: tuple[str, ...]
    has_standard: bool = True
    has_relief: bool = True

    @property
    def release(self) -> str:
        """What its settlements are called by."""
        return self.file.removeprefix("PY").partition(".")[0]

    def acos(self, seed: str) -> list[Aco]:
        """Make ACOs up; relief that the file cannot print is none."""
        dice = Random(seed)  # noqa: S311  facts of a test, not secrets
        found = _acos(dice, self.tracks, int(self.release[:4]))
        return found if self.has_relief else [evolve(aco, relief=0) for aco in found]

    def write(self, folder: Path, acos: list[Aco]) -> None:
        """Write the file, compressed where its name says so."""
        text = io.StringIO()
        rows = [self.cells(aco) for aco in acos]
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode("utf-8-sig")
        is_packed = self.file.endswith(".gz")
        (folder / self.file).write_bytes(gzip.compress(content) if is_packed else content)


LAYOUTS: Final = [
    Layout(file="PY2013.csv.gz", cells=_of_2013, tracks=EARLY[:2], has_standard=False,
           has_relief=False),
    Layout(file="PY2015.csv", cells=_of_2015, tracks=EARLY[:2], has_relief=False),
    Layout(file="PY2017.csv", cells=_of_2015, tracks=EARLY, has_relief=False),
    Layout(file="PY2019.csv.gz", cells=_of_2019, tracks=PATHWAYS),
    Layout(file="PY2019A.csv.gz", cells=_of_2019, tracks=PATHWAYS[4:]),
    Layout(file="PY2020.csv.gz", cells=_of_2019, tracks=PATHWAYS),
    Layout(file="PY2023.csv", cells=_of_2023, tracks=PATHWAYS[4:]),
]  # fmt: skip


def _amounts(found: Mapping[Key, Mapping[str, Any]]) -> dict[Key, int]:
    return {key: int(one["share"].get("/".join(key), 0)) for key, one in found.items()}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.release)
def test_every_layout_settles(layout: Layout, tmp_path: Path) -> None:
    """Made-up numbers in the layout of a year give what arithmetic apart from the engine gives."""
    acos = layout.acos(layout.release)
    layout.write(tmp_path, acos)
    year = int(layout.release[:4])
    expected = {
        (layout.release, aco.id): _expected(aco, year, has_standard=layout.has_standard)
        for aco in acos
    }
    assert sum(amount > 0 for amount in expected.values()) > 5
    assert _amounts(settled_alone(tmp_path)) == expected


def test_two_releases_of_one_year_settle_side_by_side(tmp_path: Path) -> None:
    """An ACO of 2019 and the same ACO in the half-year 2019A are two settlements of 2019."""
    whole, half = LAYOUTS[3], LAYOUTS[4]
    for layout in (whole, half):
        layout.write(tmp_path, layout.acos("2019"))
    found = _amounts(settled_alone(tmp_path))
    assert len(found) == 120
    alone = _amounts(settled_alone(_folder(tmp_path / "alone", half)))
    assert {key: amount for key, amount in found.items() if key[0] == "2019A"} == alone


def _folder(folder: Path, layout: Layout) -> Path:
    folder.mkdir()
    layout.write(folder, layout.acos("2019"))
    return folder


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.release)
def test_a_row_without_a_track_or_a_benchmark_is_refused(layout: Layout, tmp_path: Path) -> None:
    """No row disappears: it is settled, or it stands among the rejects with a reason."""
    first, second, *others = layout.acos("refused")
    layout.write(tmp_path, [evolve(first, track=""), evolve(second, benchmark=None), *others])
    with Engine().load(RULESET).run(tmp_path) as run:
        assert len(run.settlements) == len(others)
        refused = {(reject.row, reject.column) for reject in run.each_reject()}
    assert refused == {(1, "track"), (2, "benchmark")}


def _suppressed(layout: Layout, column: str, aco_id: str) -> Layout:
    """Give the layout with one cell that is printed as `-`."""

    def cells(aco: Aco) -> Cells:
        return {
            name: "-" if aco.id == aco_id and name.lower() == column else cell
            for name, cell in layout.cells(aco).items()
        }

    return evolve(layout, cells=cells)


@pytest.mark.parametrize("layout", LAYOUTS[2:], ids=lambda layout: layout.release)
@pytest.mark.parametrize(
    ("column", "refused"), [("met_qps", "met_standard"), ("qualscore", "quality")]
)
def test_quality_that_is_suppressed_is_not_taken_to_be_met(
    layout: Layout, column: str, refused: str, tmp_path: Path
) -> None:
    """Where the files of a year have the column, a row without it is refused, and paid nothing."""
    first, *others = layout.acos("suppressed")
    acos = [evolve(first, met=True, quality=9000), *others]
    _suppressed(layout, column, first.id).write(tmp_path, acos)
    with Engine().load(RULESET).run(tmp_path) as run:
        assert len(run.settlements) == len(others)
        assert {(one.row, one.column) for one in run.each_reject()} == {(1, refused)}


def test_a_missed_standard_says_whether_the_alternative_one_was_met(tmp_path: Path) -> None:
    """From 2023 on; a row that says neither is refused, and one that met the standard is not."""
    layout = LAYOUTS[-1]
    first, second, *others = layout.acos("alternative")
    acos = [evolve(first, met=False), evolve(second, met=True), *others]
    both = _suppressed(_suppressed(layout, "met_altqps", first.id), "met_altqps", second.id)
    both.write(tmp_path, acos)
    with Engine().load(RULESET).run(tmp_path) as run:
        assert len(run.settlements) == len(others) + 1
        assert {(one.row, one.column) for one in run.each_reject()} == {(1, "met_alternative")}


def test_a_score_that_decides_nothing_may_be_absent(tmp_path: Path) -> None:
    """An ACO that met no standard earns nothing and owes the most, whatever its score."""
    layout = LAYOUTS[-1]
    acos = [evolve(aco, met=False) for aco in layout.acos("absent")]
    layout.write(tmp_path, acos)
    printed = _amounts(settled_alone(tmp_path))
    for aco in acos:
        layout = _suppressed(layout, "qualscore", aco.id)
    layout.write(tmp_path, acos)
    assert _amounts(settled_alone(tmp_path)) == printed
    assert min(printed.values()) < 0 == max(printed.values())
