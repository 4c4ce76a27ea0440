"""Rows of dicts: many lines in one process, one result for each."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from bench import paths, plain
from bench.exact import price
from bench.job import Job
from bench.measure import Measure, beside_plain, wrong_lines
from bench.timing import in_turns

__all__ = ["rows_of_dicts"]

_RATE: Final = 400_000
"""Lines a second that the bar asks for."""
_TIMED: Final = 20_000
_TURNS: Final = 5
"""Turns in a round."""


def rows_of_dicts(job: Job, rounds: int, count: int) -> Measure:
    """Time rows of dicts in one process, and compare each with the exact answer."""
    rows = job.rows(count)
    some = rows[:_TIMED]
    timed = in_turns(
        {
            "engine": lambda: _consume(paths.rows(job.ruleset, some)),
            "plain": lambda: _consume(plain.written(row, job.fees) for row in some),
        },
        _TURNS * rounds,
    )
    each, yardstick = (timed[name].over(len(some)) for name in ("engine", "plain"))
    what = f"rows of dicts in one process: {1 / each.least:,.0f} lines/s"
    measure = beside_plain(what, each, yardstick, 1e6 / _RATE)
    found = paths.answers(paths.rows(job.ruleset, rows))
    wrong = sum(answer != price(row, job.fees) for row, answer in zip(rows, found, strict=True))
    return wrong_lines(measure, wrong, len(rows))


def _consume(found: Iterable[object]) -> None:
    deque(found, maxlen=0)
