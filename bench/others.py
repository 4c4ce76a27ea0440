"""What other libraries take for the reference job, and how many lines they get wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
from attrs import evolve

from bench.batch import beside_hand
from bench.environment import Environment, NotThereError
from bench.exact import differing
from bench.job import HERE, Job
from bench.measure import Measure, Section, micro
from bench.peers.names import PEERS, RIVALS
from bench.timing import Seconds

__all__ = ["engines", "polars", "ways_of"]

_NOTE: Final = (
    "Each runs in a process of its own with the same claim of `Decimal`, `date` and `str`: it is "
    "converted to what the library accepts, priced by three rules, and read back as `Decimal`. "
    "*Call alone* is the library's own call, with its input converted beforehand and its result "
    "left as it is. Both sides of a verdict are ratios to plain Python in their own process. "
    "Wrong lines are of as many as the peer prices in its time."
)


def engines(job: Job, environment: Environment, ours: float, seconds: float) -> Section:
    """Time every peer; one that does not run is a row with its reason.

    Args:
        job: The reference job.
        environment: Where the peers run.
        ours: What one line takes in this engine, as a ratio to plain Python.
        seconds: How long each peer may price rows.
    """
    found: list[Measure] = []
    for name in PEERS:
        files = (str(job.lines), str(job.fees_file))
        try:
            answer = environment.ask(
                name, "bench.peers", name, *files, str(seconds), seconds=60 + 4 * seconds
            )
        except NotThereError as error:
            found.append(Measure(what=name, measured=f"did not run: {error}"))
        else:
            found += ways_of(name, answer, ours)
    return Section(title="Other engines, one line at a time", measures=tuple(found), note=_NOTE)


def ways_of(name: str, answer: Mapping[str, Any], ours: float) -> list[Measure]:
    """Judge each way of one peer: this engine has to be faster than any."""
    found = []
    for way in answer["ways"]:
        rate = f"{way['rows'] / way['seconds']:,.0f} lines/s"
        measure = Measure(
            what=f"{name} {answer['version']}, {way['name']}",
            measured=rate,
            wrong=f"{way['wrong']:,} of {way['rows']:,}",
        )
        if "whole" in way:
            whole, call, plain = (Seconds(*way[key]) for key in ("whole", "core", "plain"))
            ratio = whole.least / plain.least
            measure = evolve(
                measure,
                measured=f"{micro(whole.least)}, call alone {micro(call.least)}, {rate}",
                ratio=f"{ratio:.2f} x plain",
            )
            if name in RIVALS:
                bar = f"slower than this engine's {ours:.2f} x"
                measure = evolve(measure, bar=bar, is_met=ours < ratio)
        found.append(measure)
    return found


def polars(job: Job, environment: Environment, folder: Path, rounds: int) -> list[Measure]:
    """Time Polars by hand, Parquet to Parquet, and count its wrong lines among all."""
    try:
        answer = environment.ask(
            "polars",
            "bench.peers.polars_batch",
            str(job.lines),
            str(job.fees_file),
            str(folder),
            str(HERE / "baseline.sql"),
            str(rounds),
            seconds=900,
        )
    except NotThereError as error:
        return [Measure(what="Polars by hand", measured=f"did not run: {error}")]
    seconds = answer["seconds"]
    by_hand = seconds.pop("by hand")
    found = []
    for name, taken in seconds.items():
        out = folder / f"{name}.parquet"
        wrong = differing(duckdb.connect(), job.lines, job.fees_file, out)
        measure = beside_hand(f"Polars {answer['version']} by hand, {name}", taken, by_hand)
        found.append(evolve(measure, wrong=f"{wrong:,} of {job.count:,}"))
    return found
