"""Times that can be compared: taken in turns, after a warm-up.

It imports nothing but the standard library, so that peers are timed by the same code.
"""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import NamedTuple

__all__ = ["Seconds", "in_turns", "per_call"]


class Seconds(NamedTuple):
    """What several rounds took, in seconds."""

    median: float
    least: float

    def over(self, count: int) -> "Seconds":
        """Share them among so many."""
        return Seconds(self.median / count, self.least / count)


def in_turns(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Seconds]:
    """Time each job once in every round, after one round that is not timed.

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
    return {name: Seconds(median(found), min(found)) for name, found in seconds.items()}


def per_call(
    jobs: Mapping[str, Callable[[], object]], calls: int, rounds: int
) -> dict[str, Seconds]:
    """Time one call of each function, by many calls in turns."""

    def many(function: Callable[[], object]) -> Callable[[], None]:
        def loop() -> None:
            for _ in range(calls):
                function()

        return loop

    found = in_turns({name: many(function) for name, function in jobs.items()}, rounds)
    return {name: one.over(calls) for name, one in found.items()}
