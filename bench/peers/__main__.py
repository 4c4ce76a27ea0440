"""Time one peer, count the lines that it gets wrong, and print both as JSON.

`python -m bench.peers NAME LINES.parquet FEES.parquet SECONDS`, in the environment of the bench.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from importlib.metadata import version
from time import perf_counter
from typing import Final

import duckdb

from bench.claim import CLAIM
from bench.exact import price
from bench.peers.names import PEERS
from bench.peers.way import Answer, Line, Way
from bench.plain import written
from bench.timing import Seconds, per_call

_TURNS: Final = 200
_CHUNK: Final = 20_000
_MOST: Final = 500_000


def main(name: str, lines: str, fees_file: str, seconds: float) -> None:
    """Measure each way of one peer."""
    fees = dict(duckdb.execute("FROM read_parquet(?)", [fees_file]).fetchall())
    ways: Mapping[str, Way] = import_module(f"bench.peers.{PEERS[name]}").ways(fees)
    found = []
    for way_name, way in ways.items():
        one = {} if way.is_of_rows else one_line(way, fees)
        rows = many_rows(way, chunks(lines), fees, seconds / len(ways))
        found.append({"name": way_name, **one, **rows})
    print(json.dumps({"version": version(name), "ways": found}))


def one_line(way: Way, fees: Mapping[str, Decimal]) -> dict[str, Seconds]:
    """Time one line, warm: the whole job, the library's call alone, and plain Python."""
    taken = way.take(CLAIM)
    return per_call(
        {
            "whole": lambda: way.read(way.price(way.take(CLAIM))),
            "core": lambda: way.price(taken),
            "plain": lambda: written(CLAIM, fees),
        },
        turns=_TURNS,
    )


def many_rows(
    way: Way, chunked: Iterable[Sequence[Line]], fees: Mapping[str, Decimal], seconds: float
) -> dict[str, float]:
    """Price rows until the time is over, and compare each with the exact answer."""
    end = perf_counter() + seconds
    count = wrong = 0
    spent = 0.0
    for lines in chunked:
        begin = perf_counter()
        answers = way.read(way.price(way.take(lines))) if way.is_of_rows else until(end, way, lines)
        spent += perf_counter() - begin
        priced = lines[: len(answers)]
        wrong += sum(a != price(row, fees) for row, a in zip(priced, answers, strict=True))
        count += len(answers)
        if perf_counter() > end or count >= _MOST:
            break
    return {"rows": count, "seconds": spent, "wrong": wrong}


def until(end: float, way: Way, lines: Sequence[Line]) -> list[Answer]:
    """Price one line after the other, at most until a time."""
    answers = []
    for line in lines:
        answers.append(way.read(way.price(way.take(line))))
        if perf_counter() > end:
            break
    return answers


def chunks(lines: str) -> Iterator[list[Line]]:
    """Read lines as dicts of Python values, some at a time."""
    cursor = duckdb.connect().execute("FROM read_parquet(?)", [lines])
    names = [column[0] for column in cursor.description or ()]
    while rows := cursor.fetchmany(_CHUNK):
        yield [dict(zip(names, row, strict=True)) for row in rows]


if __name__ == "__main__":
    _name, _lines, _fees, _seconds = sys.argv[1:]
    main(_name, _lines, _fees, float(_seconds))
