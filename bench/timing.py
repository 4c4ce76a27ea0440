"""Times that can be compared: taken in turns, after a warm-up, as medians."""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

from attrs import frozen

__all__ = ["Measure", "in_turns", "per_call"]


@frozen(kw_only=True)
class Measure:
    """One line of the table.

    Attributes:
        what: What was measured.
        measured: The figure, with its unit.
        bar: What it may be at most or at least, or an empty text.
        is_met: Whether it keeps its bar; None where there is none.
    """

    what: str
    measured: str
    bar: str = ""
    is_met: bool | None = None


def in_turns(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Give the median seconds of each job, each done once in every round.

    Jobs alternate, so that a machine that slows down slows all of them down.
    """
    for job in jobs.values():
        job()
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            gc.collect()
            begin = perf_counter()
            job()
            seconds[name].append(perf_counter() - begin)
    return {name: median(found) for name, found in seconds.items()}


def per_call(jobs: Mapping[str, Callable[[], object]], calls: int, rounds: int) -> dict[str, float]:
    """Give the median seconds of one call of each function, timed by many calls in turns."""

    def many(function: Callable[[], object]) -> Callable[[], None]:
        def loop() -> None:
            for _ in range(calls):
                function()

        return loop

    found = in_turns({name: many(function) for name, function in jobs.items()}, rounds)
    return {name: seconds / calls for name, seconds in found.items()}
