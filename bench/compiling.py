"""One formula of the contract: parsed, checked and compiled to a function."""

from typing import Any, Final

from bench import plain
from bench.claim import CLAIM
from bench.job import Job
from bench.measure import Measure, beside_plain
from bench.timing import per_call
from rules_engine.expressions import Scope, Sites, check
from rules_engine.expressions.closure import Emitter, column_variable
from rules_engine.expressions.parser import parse

__all__ = ["compiled", "compiling"]

_BAR: Final = 100.0
"""Microseconds."""


def compiling(job: Job, rounds: int) -> Measure:
    """Time the fee formula of the reference job, from its text to a function."""
    text = job.ruleset.plan.rules[0].text
    timed = per_call(
        {
            "engine": lambda: compiled(job, text),
            "plain": lambda: plain.written(CLAIM, job.fees),
        },
        turns=40 * rounds,
    )
    what = "parse, check and compile the fee formula"
    return beside_plain(what, timed["engine"], timed["plain"], _BAR)


def compiled(job: Job, text: str) -> Any:
    """Make a function of a row."""
    plan = job.ruleset.plan
    # A formula that was read before is not read again; here it is.
    parse.cache_clear()
    typed = check(text, Scope(columns=plan.columns, tables=plan.tables))
    emitter = Emitter(job.ruleset.indexes, Sites())
    value = emitter.value(typed)
    reads = [f"    {column_variable(name)} = r[{name!r}]" for name in sorted(emitter.columns)]
    source = "\n".join(["def formula(r):", *reads, *emitter.lines, f"    return {value}"])
    space = dict(emitter.bound)
    exec(compile(source, "<formula>", "exec"), space)  # noqa: S102  what is timed
    return space["formula"]
