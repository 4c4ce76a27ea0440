"""A whole run: every file of a result, phase by phase, and how it grows."""

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import duckdb

from bench.batch import beside_hand
from bench.job import Job, open_job, write_job
from bench.measure import Measure, Section

__all__ = ["SIZES", "scale", "whole_run"]

SIZES: Final = (1_000_000, 10_000_000, 100_000_000)
_ROOT: Final = Path(__file__).parent.parent


def whole_run(job: Job, folder: Path) -> list[Measure]:
    """Time a whole run once, phase by phase, and the digests of its files apart.

    The SQL by hand is timed before and after, since the machine may be slower than it was.
    """
    out = folder / "run"
    sql = job.baseline.replace(":out", str(folder / "hand.parquet"))
    before = _seconds(sql)
    marks: list[tuple[str, float]] = []
    begin = perf_counter()
    with job.ruleset.run(
        job.lines.parent, out, progress=lambda name, *_: marks.append((name, perf_counter()))
    ):
        end = perf_counter()
    ends = [at for _, at in marks[1:]] + [end]
    phases = ", ".join(
        f"{name} {last - first:.2f} s" for (name, first), last in zip(marks, ends, strict=True)
    )
    digests = 0.0
    for path in (job.lines, out / "lines.parquet"):
        first = perf_counter()
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
        digests += perf_counter() - first
    rest = end - begin - digests
    by_hand = (before + _seconds(sql)) / 2
    return [
        beside_hand("whole `Ruleset.run` without digests, all files", rest, by_hand),
        Measure(what="its digests of input and result, timed apart", measured=f"{digests:.2f} s"),
        Measure(what="its phases", measured=phases),
    ]


def _seconds(sql: str) -> float:
    begin = perf_counter()
    duckdb.connect().execute(sql)
    return perf_counter() - begin


def scale(folder: Path | None) -> Section:
    """Run each size in a process of its own: seconds per million lines, and the most memory."""
    found = []
    for size in SIZES:
        with TemporaryDirectory(dir=folder, prefix="bench-") as name:
            _ask("write", name, size)
            seconds, memory = json.loads(_ask("run", name, size))
        found.append(
            Measure(
                what=f"whole `Ruleset.run`, {size:,} lines",
                measured=f"{seconds:.1f} s, {memory:.2f} GB of memory at most",
                ratio=f"{seconds / size * 1e6:.2f} s per million",
            )
        )
    return Section(title="Scale", measures=tuple(found))


def _ask(what: str, folder: str, size: int) -> str:
    return subprocess.run(  # noqa: S603  our own file
        [sys.executable, "-m", "bench.whole", what, folder, str(size)],
        cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip


def main(what: str, folder: Path, size: int) -> None:
    """Write the job, or print seconds and gigabytes of one whole run as JSON."""
    if what == "write":
        write_job(folder, size)
        return
    job = open_job(folder, size)
    begin = perf_counter()
    with job.ruleset.run(job.lines.parent, folder / "run"):
        seconds = perf_counter() - begin
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
    print(json.dumps([seconds, most]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
