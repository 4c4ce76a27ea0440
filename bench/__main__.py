"""Measure, print measured beside bar, and write docs/performance.md."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from bench.batch import batch
from bench.checking import checking
from bench.job import make_job
from bench.line import one_line, rows_of_dicts
from bench.settling import settling
from bench.startup import startup
from bench.timing import Measure

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
_QUICK: Final = 1_000_000
_HEAD: Final = """\
# Performance

Written by `make bench`. Both sides of a ratio are measured in one run, in turns, as medians of \
{rounds} after a warm-up; ratios say more than seconds, because machines differ. A bar that is \
missed ends the command with 1.

{machine}. Command: `{command}`.

The reference job prices professional lines by three rules: the fee of the code times units and \
three modifiers, never more than the charge, and 5 % of it withheld. By hand it is \
`bench/reference/baseline.sql`; as a contract it is `bench/reference/ruleset.yaml`.

"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, measure everything, and say whether each bar is kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000, help="lines of the batch")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK:,} lines")
    parser.add_argument("--rounds", type=int, default=5, help="times that each job is timed")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--no-page", action="store_true", help="do not write docs/performance.md")
    given = parser.parse_args(arguments)
    lines = _QUICK if given.quick else given.lines
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="bench-") as name:
        found = measure(Path(name), lines, given.rounds)
    if not given.no_page:
        usual = lines == parser.get_default("lines")
        command = "python -m bench" if usual else f"python -m bench --lines {lines}"
        PAGE.write_text(page(found, command, given.rounds), encoding="utf-8")
    missed = [one.what for one in found if one.is_met is False]
    for what in missed:
        print(f"missed: {what}", file=sys.stderr)
    return int(bool(missed))


def measure(folder: Path, lines: int, rounds: int) -> list[Measure]:
    """Measure in the order of what users wait for, and print each figure when it is known."""
    found: list[Measure] = []

    def tell(measures: list[Measure]) -> None:
        for one in measures:
            verdict = {None: "", True: "ok", False: "MISSED"}[one.is_met]
            print(f"{one.what:<66} {one.measured:<28} {one.bar:<14} {verdict}", flush=True)
        found.extend(measures)

    job = make_job(folder, lines)
    tell(one_line(job, rounds))
    tell(rows_of_dicts(job, min(lines, 200_000)))
    tell(startup(job, folder, rounds))
    tell(checking(folder, 500, rounds))
    tell(settling(folder, 3_000, rounds))
    tell(batch(job, folder, rounds))
    return found


def page(found: Sequence[Measure], command: str, rounds: int) -> str:
    """Write the page: what was measured, where, and how to do it again."""
    rows = ["| what | measured | bar | |", "|---|---|---|---|"]
    for one in found:
        verdict = {None: "", True: "kept", False: "missed"}[one.is_met]
        rows.append(f"| {one.what} | {one.measured} | {one.bar} | {verdict} |")
    return _HEAD.format(rounds=rounds, machine=machine(), command=command) + "\n".join(rows) + "\n"


def machine() -> str:
    """Describe the machine in general words."""
    cores = os.cpu_count() or 1
    return (
        f"Measured on {platform.system()} {platform.machine()} with {cores} cores, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


if __name__ == "__main__":
    sys.exit(main())
