"""Measure, print measured beside bar, and write docs/performance.md.

Ends with 1 where a bar is missed.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.batch import arrow, batch
from bench.checking import checking
from bench.compiling import compiling
from bench.environment import prepare
from bench.job import make_job
from bench.line import one_line
from bench.measure import Section
from bench.others import engines, polars
from bench.page import missed, page, show, terminal
from bench.rows import rows_of_dicts
from bench.settling import settling
from bench.startup import startup
from bench.whole import scale, whole_run

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
_LINES: Final = 10_000_000
_QUICK: Final = 1_000_000
_FEWER: Final = 3
"""Rounds of the batches that have no bar."""
_MANY: Final = (
    "*By hand* is DuckDB with the SQL of a careful engineer, in turns with what is compared; Arrow "
    "and Polars have their own turns with it, three of them. Wrong "
    "lines of a batch are counted among all lines, by whole-number SQL that shares nothing with "
    "the engine; those of a row that is priced in Python, beside `Decimal`."
)

_STARTING: Final = (
    "Neither formula keeps the bar. The short one has 4 parts and takes half as much again, the "
    "fee formula 26 parts and five times as much; no design in Python keeps the bar for the "
    "latter: Python's own `compile()` takes most of 100 µs by itself, as its row of parts shows. "
    "The next best design would write every formula of a ruleset into one module and compile that "
    "once, which saves the fixed cost of each `compile()` and reports the errors of formulas one "
    "pass later; after that, a parser in native code, which would be the only part that is not "
    "Python. A ruleset is compiled once and priced by for a year; 500 rules are checked in the "
    "time that the last rows show."
)


@frozen(kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        lines: Lines of a batch.
        rows: Rows of dicts.
        compared: Lines that are priced one at a time and compared with the exact answer.
        rounds: Times that each job is timed.
        seconds: How long each peer prices rows.
    """

    lines: int
    rows: int = 200_000
    compared: int = 50_000
    rounds: int = 5
    seconds: float = 20.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, measure everything, and say whether each bar is kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--lines", type=int, default=_LINES, help="lines of the batch")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK:,} lines, and no page")
    parser.add_argument("--scale", action="store_true", help="only a whole run at 1 to 100 million")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--no-page", action="store_true", help="do not write docs/performance.md")
    given = parser.parse_args(arguments)
    console = terminal()
    if given.scale:
        show(scale(given.folder), console)
        return 0
    size = Size(lines=given.lines)
    if given.quick:
        size = Size(lines=_QUICK, rows=50_000, compared=5_000, rounds=3, seconds=4.0)
    sections = []
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="bench-") as name:
        for section in measure(Path(name), size):
            show(section, console)
            sections.append(section)
    if not given.no_page and not given.quick:
        usual = given.lines == _LINES
        command = "make bench" if usual else f"python -m bench --lines {given.lines}"
        PAGE.write_text(page(sections, command, size.rounds), encoding="utf-8")
    return verdict(sections)


def verdict(sections: Iterable[Section]) -> int:
    """Name each bar that is missed, and give the exit code."""
    found = missed(sections)
    for what in found:
        print(f"missed: {what}", file=sys.stderr)
    return int(bool(found))


def measure(folder: Path, size: Size) -> Iterator[Section]:
    """Measure in the order of what users wait for, and give each section when it is known."""
    environment = prepare()
    job = make_job(folder, size.lines)
    ours, section = one_line(job, size.rounds, size.compared)
    yield section
    yield engines(job, environment, ours, size.seconds)
    yield Section(
        title="Many lines",
        measures=(
            rows_of_dicts(job, size.rounds, size.rows),
            *batch(job, folder, size.rounds),
            *arrow(job, folder, _FEWER),
            *polars(job, environment, folder, _FEWER),
            *whole_run(job, folder),
        ),
        note=_MANY,
    )
    yield Section(
        title="Starting, checking, settling",
        measures=(
            *startup(job, folder, size.rounds),
            *compiling(job, size.rounds),
            *checking(folder, 500, size.rounds),
            *settling(folder, 3_000, size.rounds),
        ),
        note=_STARTING,
    )


if __name__ == "__main__":
    sys.exit(main())
