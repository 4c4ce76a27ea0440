"""A batch: the engine's query beside the SQL that a careful engineer writes by hand."""

import hashlib
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

import duckdb

from bench.exact import differing, differing_of_sample
from bench.job import Job
from bench.timing import Measure, in_turns
from rules_engine.expressions import Sites
from rules_engine.pricing.batch import batch_query
from rules_engine.tables.dataset import Dataset

__all__ = ["batch"]

BAR: Final = 2.0
_SAMPLE: Final = 200_000
_LINES: Final = "medical_claim"
_COLUMNS: Final = (
    "claim_id, claim_line_number, charge_amount, allowed_amount, contractual_adjustment, "
    "withheld_amount, paid_amount"
)


def batch(job: Job, folder: Path, rounds: int) -> list[Measure]:
    """Time both, and count the lines that the engine prices otherwise than the exact answer."""
    by_hand, same, whole = (folder / f"{name}.parquet" for name in ("hand", "same", "whole"))
    connection = duckdb.connect()
    ruleset = job.ruleset
    with Dataset.open(
        job.lines.parent, needs=ruleset.needs.tables, check_duplicates=False, digests=False
    ) as dataset:
        for table in ruleset.bound.tables.values():
            table.store(dataset.connection)
        query = batch_query(ruleset.plan, Sites(), frozenset(dataset.tables[_LINES].columns)).sql

        def copy(selected: str, out: Path) -> Callable[[], object]:
            sql = f"COPY ({selected}) TO '{out}' (FORMAT parquet)"
            return lambda: dataset.connection.execute(sql)

        hand_sql = job.baseline.replace(":out", str(by_hand))
        narrow = f"SELECT {_COLUMNS} FROM ({query})"  # noqa: S608  text of ours
        found = in_turns(
            {
                "hand": lambda: connection.execute(hand_sql),
                "same": copy(narrow, same),
                "whole": copy(query, whole),
            },
            rounds,
        )
    wrong = [differing(connection, job.lines, job.fees_file, path) for path in (same, whole)]
    every = max(1, job.count // _SAMPLE)
    compared, wrong_of_sample = differing_of_sample(connection, job.lines, job.fees, whole, every)
    lines = f"{job.count:,} lines"
    return [
        Measure(what=f"by hand, Parquet to Parquet, {lines}", measured=f"{found['hand']:.2f} s"),
        _ratio(f"engine, same columns, {lines}", found["same"], found["hand"]),
        _ratio(f"engine, all columns of a result, {lines}", found["whole"], found["hand"]),
        _none(f"lines that differ from the exact answer, of {2 * job.count:,}", sum(wrong)),
        _none(f"lines that differ from `Decimal`, of a sample of {compared:,}", wrong_of_sample),
        *run(job, folder / "run", found["hand"]),
    ]


def _ratio(what: str, seconds: float, by_hand: float) -> Measure:
    ratio = seconds / by_hand
    shown = f"{seconds:.2f} s, {ratio:.2f} x by hand"
    return Measure(what=what, measured=shown, bar=f"<= {BAR:.0f} x by hand", is_met=ratio <= BAR)


def _none(what: str, count: int) -> Measure:
    return Measure(what=what, measured=str(count), bar="0", is_met=count == 0)


def run(job: Job, out: Path, by_hand: float) -> list[Measure]:
    """Time a whole run once, phase by phase, and the digests of its files apart."""
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
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
    return [
        Measure(what="whole `Ruleset.run`, all files", measured=f"{end - begin:.2f} s"),
        Measure(what="its phases", measured=phases),
        Measure(what="digests of its files, timed apart", measured=f"{digests:.2f} s"),
        Measure(what="whole run without digests", measured=f"{rest / by_hand:.2f} x by hand"),
        Measure(what="most memory of the process so far", measured=f"{most:.2f} GB"),
    ]  # fmt: skip
