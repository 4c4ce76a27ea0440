"""A batch: the engine's query beside the SQL that a careful engineer writes by hand."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow.parquet as pq

from bench import paths
from bench.exact import COLUMNS, differing, differing_of_sample
from bench.job import Job
from bench.measure import Measure, wrong_lines
from bench.timing import in_turns
from rules_engine.expressions import Sites
from rules_engine.pricing.batch import batch_query
from rules_engine.tables.dataset import Dataset

__all__ = ["arrow", "batch"]

BAR: Final = 1.3
_SAMPLE: Final = 200_000
_LINES: Final = "medical_claim"


def batch(job: Job, folder: Path, rounds: int) -> list[Measure]:
    """Time Parquet to Parquet, and count the lines that are not the exact answer."""
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
        narrow = f"SELECT {', '.join(COLUMNS)} FROM ({query})"  # noqa: S608  text of ours
        timed = in_turns(
            {
                "hand": lambda: connection.execute(hand_sql),
                "same": copy(narrow, same),
                "whole": copy(query, whole),
            },
            rounds,
        )
    seconds = timed["hand"].median
    every = max(1, job.count // _SAMPLE)
    compared, wrong = differing_of_sample(connection, job.lines, job.fees, whole, every)
    sample = Measure(what="a sample of these beside `Decimal`", measured="")
    return [
        _counted(
            Measure(
                what=f"SQL by hand, {job.count:,} lines, Parquet to Parquet",
                measured=f"{seconds:.2f} s",
                ratio="1.00 x by hand",
            ),
            job,
            by_hand,
        ),
        _counted(
            beside_hand("engine, same columns", timed["same"].median, seconds, BAR), job, same
        ),
        _counted(
            beside_hand("engine, all columns of a result", timed["whole"].median, seconds),
            job,
            whole,
        ),
        wrong_lines(sample, wrong, compared),
    ]


def arrow(job: Job, folder: Path, rounds: int) -> list[Measure]:
    """Time Arrow in and out, each batch let go as soon as it is there, beside the SQL by hand."""
    lines, out = pq.read_table(job.lines), folder / "arrow.parquet"
    connection = duckdb.connect()
    by_hand = job.baseline.replace(":out", str(folder / "hand.parquet"))
    timed = in_turns(
        {
            "hand": lambda: connection.execute(by_hand),
            "arrow": lambda: deque(paths.table(job.ruleset, lines), maxlen=0),
        },
        rounds,
    )
    _write(paths.table(job.ruleset, lines), out)
    measure = beside_hand("engine, Arrow in and out", timed["arrow"].median, timed["hand"].median)
    return [_counted(measure, job, out)]


def beside_hand(what: str, seconds: float, by_hand: float, bar: float | None = None) -> Measure:
    """Judge seconds as a ratio to the SQL by hand."""
    ratio = seconds / by_hand
    return Measure(
        what=what,
        measured=f"{seconds:.2f} s",
        ratio=f"{ratio:.2f} x by hand",
        bar="" if bar is None else f"<= {bar:g} x by hand",
        is_met=None if bar is None else ratio <= bar,
    )


def _counted(measure: Measure, job: Job, out: Path) -> Measure:
    wrong = differing(duckdb.connect(), job.lines, job.fees_file, out)
    return wrong_lines(measure, wrong, job.count)


def _write(reader: Any, out: Path) -> None:
    """Keep the columns of the SQL by hand."""
    writer = None
    for batch_ in reader:
        kept = batch_.select(list(COLUMNS))
        writer = writer or pq.ParquetWriter(out, kept.schema)
        writer.write_batch(kept)
    if writer is not None:
        writer.close()
