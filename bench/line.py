"""One claim line at a time: the whole engine beside plain Python with the same arithmetic."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from bench import paths, plain
from bench.claim import CLAIM, TEXTS
from bench.exact import price
from bench.job import Job
from bench.measure import Section, beside_plain, wrong_lines
from bench.timing import per_call

__all__ = ["one_line"]

_TURNS: Final = 40
"""Short turns in a round."""
_NOTE: Final = (
    "A claim of one line goes in as one mapping of `Decimal`, `date` and `str`; three rules, and "
    "two adjustments in the result. *Plain* is the same sums in `bench/plain.py`. A ratio is of "
    "the least of many short turns. Lines are wrong where any of three amounts differs from the "
    "exact answer."
)


def one_line(job: Job, rounds: int, count: int) -> tuple[float, Section]:
    """Time one line, warm: a claim in, a whole result with two adjustments out.

    Args:
        job: The reference job.
        rounds: How often each is timed.
        count: How many lines are compared with the exact answer, each way.

    Returns:
        What one line takes as a ratio to plain Python, and the section.
    """
    ruleset = job.ruleset
    timed = per_call(
        {
            "plain": lambda: plain.written(CLAIM, job.fees),
            "tuned": lambda: plain.tuned(CLAIM, job.fees),
            "engine": lambda: paths.priced(ruleset, CLAIM),
            "traced": lambda: paths.traced(ruleset, CLAIM),
            "texts": lambda: paths.priced(ruleset, TEXTS),
        },
        turns=_TURNS * rounds,
    )
    yardstick = timed["plain"]
    checked: dict[str, tuple[str, float, Callable[[Any], Any]]] = {
        "engine": ("one line, no trace", 3.0, partial(paths.priced, ruleset)),
        "traced": ("one line, full trace", 8.0, partial(paths.traced, ruleset)),
        "texts": ("one line given as texts", 5.0, lambda row: paths.priced(ruleset, _texts(row))),
    }
    rows = job.rows(count)
    found = [
        beside_plain("plain Python `Decimal`, the yardstick", yardstick, yardstick),
        beside_plain("the same, every number made beforehand", timed["tuned"], yardstick),
    ]
    for name, (what, bar, way) in checked.items():
        measure = beside_plain(what, timed[name], yardstick, bar)
        found.append(wrong_lines(measure, _wrong(way, rows, job), len(rows)))
    section = Section(title="One line at a time", measures=tuple(found), note=_NOTE)
    return timed["engine"].least / yardstick.least, section


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: None if value is None else str(value) for name, value in row.items()}
    return texts | {"claim_line_number": row["claim_line_number"]}


def _wrong(way: Callable[[Any], Any], rows: list[dict[str, Any]], job: Job) -> int:
    return sum(paths.answer(way(row)) != price(row, job.fees) for row in rows)
