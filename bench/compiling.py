"""Formulas of a contract: parsed, checked and compiled to a function."""

from collections.abc import Iterator
from typing import Any, Final

from bench import plain
from bench.claim import CLAIM
from bench.job import Job
from bench.measure import Measure, beside_plain, micro
from bench.timing import per_call
from rules_engine.expressions import Expression, Scope, Sites, check
from rules_engine.expressions.closure import Emitter, column_variable
from rules_engine.expressions.parser import parse

__all__ = ["compiled", "compiling"]

_BAR: Final = 100.0
"""Microseconds."""
_SHORT: Final = "round(charge_amount * 0.85, 2)"


def compiling(job: Job, rounds: int) -> Iterator[Measure]:
    """Time a short formula, and the fee formula of the reference job with its parts."""
    long = job.ruleset.plan.rules[0].text
    scope = Scope(columns=job.ruleset.plan.columns, tables=job.ruleset.plan.tables)
    typed = check(long, scope)
    source, space = written(job, typed)
    timed = per_call(
        {
            "short": lambda: compiled(job, _SHORT),
            "long": lambda: compiled(job, long),
            "parse": lambda: _parsed(long),
            "check": lambda: check(long, scope),
            "write": lambda: written(job, typed),
            "compile": lambda: function(source, space),
            "plain": lambda: plain.written(CLAIM, job.fees),
        },
        turns=20 * rounds,
    )
    for name, what in (("short", f"`{_SHORT}`"), ("long", "the fee formula")):
        yield beside_plain(f"parse, check and compile {what}", timed[name], timed["plain"], _BAR)
    parts = {
        "parse": timed["parse"].least,
        "check": timed["check"].least,
        "write Python": timed["write"].least,
        "Python's own compile()": timed["compile"].least,
    }
    shown = ", ".join(f"{name} {micro(seconds)}" for name, seconds in parts.items())
    yield Measure(what="the fee formula's parts", measured=shown)


def _parsed(text: str) -> object:
    # A formula that was read before is not read again; here it is.
    parse.cache_clear()
    return parse(text)


def compiled(job: Job, text: str) -> Any:
    """Make a function of a row."""
    plan = job.ruleset.plan
    parse.cache_clear()
    typed = check(text, Scope(columns=plan.columns, tables=plan.tables))
    return function(*written(job, typed))


def written(job: Job, typed: Expression) -> tuple[str, dict[str, Any]]:
    """Write the Python of a formula, and give what its names stand for."""
    emitter = Emitter(job.ruleset.indexes, Sites())
    value = emitter.value(typed)
    reads = [f"    {column_variable(name)} = r[{name!r}]" for name in sorted(emitter.columns)]
    source = "\n".join(["def formula(r):", *reads, *emitter.lines, f"    return {value}"])
    return source, dict(emitter.bound)


def function(source: str, space: dict[str, Any]) -> Any:
    """Compile the Python of a formula."""
    space = dict(space)
    exec(compile(source, "<formula>", "exec"), space)  # noqa: S102  what is timed
    return space["formula"]
