"""Looking: every promise of a ruleset, on its worked cases or on data."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rules_engine.diagnostics import Diagnostic
from rules_engine.engine.cases import read_cases, settled
from rules_engine.engine.cliffs.check import Effort, sweep
from rules_engine.engine.cliffs.moving import moving
from rules_engine.engine.cliffs.report import CliffReport, Sweep
from rules_engine.engine.contract import Contract
from rules_engine.engine.run import Run
from rules_engine.engine.running import run, sources_of
from rules_engine.language.monotone import BoundPromise
from rules_engine.methodology import Formula, Period, SettlementError
from rules_engine.settlement.held import Entity, Held

__all__ = ["look"]

Progress = Callable[[str, int | None, int | None], None]


def look(
    ruleset: Contract,
    data: Any = None,
    *,
    entity: str | None = None,
    period: str | None = None,
    mappings: Sequence[Any] | None = None,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> CliffReport:
    """Do what `Ruleset.cliffs` says."""
    tell = progress or (lambda _phase, _done, _total: None)
    labels = None if period is None else (period,)
    sweeps: list[Sweep] = []
    for name, made in _facts(ruleset, data, labels, mappings):
        with made:
            asked = None if made.options["period"] is None else tuple(made.options["period"])
            held = _held(ruleset, made, asked)
            sweeps += _sweeps(held, name, entity, effort or Effort(), tell)
    seen = {one.promise for one in sweeps}
    return CliffReport(
        ruleset={"id": ruleset.id, "version": ruleset.version},
        sweeps=tuple(sweeps),
        not_looked_at=tuple(p.name for p in ruleset.bound.promises if p.name not in seen),
    )


def _facts(
    ruleset: Contract, data: Any, labels: tuple[str, ...] | None, mappings: Sequence[Any] | None
) -> Iterator[tuple[str, Run]]:
    if data is not None:
        name = str(data) if isinstance(data, str | Path) else "data"
        yield name, run(ruleset, data, labels=labels, mappings=mappings)
        return
    for case in read_cases(ruleset):
        if "settle" not in case.given:
            continue
        said = case.given["settle"].get("period")
        if labels is None or said is None or str(said) in labels:
            yield case.name, settled(ruleset, case.given["settle"])


def _held(ruleset: Contract, made: Run, labels: tuple[str, ...] | None) -> Held:
    beside: dict[str, list[Formula]] = {}
    for promise in ruleset.bound.promises:
        wanted = [*promise.every_formula(), promise.formulas["when_rises"]]
        beside.setdefault(promise.declared.rule, []).extend(wanted)
    return Held.of(
        ruleset.bound,
        made.connection,
        sources_of(ruleset, made.dataset, made.query),
        made.books,
        labels=labels,
        known_at=None,
        beside=beside,
    )


def _sweeps(
    held: Held, facts: str, entity: str | None, effort: Effort, tell: Progress
) -> Iterator[Sweep]:
    asked = [
        (promise, one, period)
        for promise in held.ruleset.promises
        for period in held.periods(held.ruleset.rule(promise.declared.rule))
        for one in held.entities(held.ruleset.rule(promise.declared.rule), period)
        if entity is None or "/".join(one.key) == entity
    ]
    for done, (promise, one, period) in enumerate(asked):
        tell("cliffs", done, len(asked))
        found = _one(held, facts, promise, one, period, effort)
        if found is not None:
            yield found


def _one(
    held: Held,
    facts: str,
    promise: BoundPromise,
    entity: Entity,
    period: Period,
    effort: Effort,
) -> Sweep | None:
    try:
        when = promise.formulas.get("when")
        rule = held.ruleset.rule(promise.declared.rule)
        own = held.facts(rule, period, entity)
        if when is not None and own.evaluate(when, None)[0] is not True:
            return None
        return sweep(moving(held, promise, entity, period), facts, effort)
    except SettlementError as error:
        document = held.ruleset.declaration.document
        location = document.locate(promise.declared.path, key=True)
        finding = Diagnostic(location, "RE436", f"{promise.name}: {error}")
        return Sweep.failed(promise, facts, entity.key, period.label, finding)
