"""Times that can be compared: taken in turns, after a warm-up.

It imports nothing but the standard library, so that peers are timed by the same code.
"""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

__all__ = ["Seconds", "in_turns", "per_call"]

_TURN: Final = 0.002
"""Seconds."""
_TRIES: Final = 5


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


def per_call(jobs: Mapping[str, Callable[[], object]], turns: int) -> dict[str, Seconds]:
    """Time one call of each function, by many calls in each of many short turns.

    A turn is shorter than the slice that a busy machine gives to a process, so that the least of
    many is hardly disturbed.
    """
    calls = {name: _calls(function) for name, function in jobs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    gc.collect()
    order = list(jobs)
    for _ in range(turns):
        for name in order:
            seconds[name].append(_spent(jobs[name], calls[name]) / calls[name])
        # Another begins each time, or a machine that interrupts at intervals hits the same one.
        order.append(order.pop(0))
    return {name: Seconds(median(found), min(found)) for name, found in seconds.items()}


def _calls(function: Callable[[], object]) -> int:
    """Warm a function up, and count how many of its calls fill a turn."""
    calls = 1
    # The least of some, or one interruption would leave a turn with a few cold calls.
    while (spent := min(_spent(function, calls) for _ in range(_TRIES))) < _TURN:
        calls *= 2
    return max(1, round(calls * _TURN / spent))


def _spent(function: Callable[[], object], calls: int) -> float:
    begin = perf_counter()
    for _ in range(calls):
        function()
    return perf_counter() - begin
