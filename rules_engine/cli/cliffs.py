"""`rules-engine cliffs`: where better pays less, region by region and cliff by cliff."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules_engine.cli.misuse import MisuseError
from rules_engine.cli.output import aligned, counted, format_option, write, write_json
from rules_engine.cli.progress import progress
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument
from rules_engine.methodology.explanation import number_text

if TYPE_CHECKING:
    from rules_engine import CliffReport
    from rules_engine.engine.cliffs import Sweep


@click.command()
@ruleset_argument
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    metavar="DATA",
    help="Facts to start from, instead of the worked cases: a folder, or a DuckDB file.",
)
@click.option("--entity", metavar="KEY", help="One entity only, by its key.")
@click.option("--period", metavar="PERIOD", help="One period only.")
@format_option
@click.pass_context
def cliffs(
    ctx: click.Context,
    *,
    ruleset: Path,
    data: Path | None,
    entity: str | None,
    period: str | None,
    form: str,
) -> None:
    """Find where better pays less, and hold `monotone:` to it.

    One input is moved over its whole range, all else held, and the payment settled again. The exit
    code is 1 when a cliff is not declared, or a declared one is not there.
    """
    opened = open_ruleset(ruleset)
    with progress() as report:
        try:
            made = opened.cliffs(data, entity=entity, period=period, progress=report)
        except ValueError as error:
            raise MisuseError(str(error)) from None
    if form == "json":
        write_json(made.as_json())
    else:
        write(_text(made))
    if not made.holds:
        ctx.exit(1)


def _text(made: "CliffReport") -> str:
    name = f"{made.ruleset['id']} {made.ruleset['version']}"
    if not made.sweeps and not made.not_looked_at:
        return f"{name}: it promises nothing; `monotone:` may stand in it"
    parts = [f"{name}: {counted(len(made.sweeps), 'range')} looked at"]
    for one in made.sweeps:
        parts += ["", *_sweep(one)]
    for promise in made.not_looked_at:
        parts.append(f"\n{promise}: not looked at, because no facts are given for it")
    count = len(made.findings)
    parts.append(f"\n{counted(count, 'finding')}" if count else "\nno findings")
    return "\n".join(parts)


def _sweep(one: "Sweep") -> Iterator[str]:
    who = "/".join(one.entity)
    yield f"{one.promise}: {one.says}"
    yield f"  {one.facts}; {', '.join(part for part in (who, one.period) if part)}"
    rows = [("from", "through", "paid there", "and there", "less for better", "", "")]
    for part in one.stretches:
        lost = "" if part.amount is None or part.kind != "cliff" else _number(part.amount)
        why = part.why
        if part.kind == "step" and part.amount is not None:
            once = "at once" if part.count == 1 else f"in {part.count} steps"
            why = f"{_number(part.amount)} more {once}; {why}".rstrip("; ")
        rows.append(
            (
                _number(part.first),
                _number(part.last),
                _number(part.paid_first),
                _number(part.paid_last),
                lost,
                f"{part.kind} {part.name}".rstrip(),
                why,
            )
        )
    yield aligned(rows, right={0, 1, 2, 3, 4}, indent=4)
    if one.stretches:
        yield f"    {_covered(one)}"
    for limit in one.limits:
        yield f"    limit: {limit}"
    for found in one.findings:
        yield f"  {found}"


def _covered(one: "Sweep") -> str:
    if one.gaps:
        parts = (f"{_number(first)} through {_number(last)}" for first, last in one.gaps)
        return f"neither region nor cliff: {', '.join(parts)}"
    counts = [
        counted(len(found), kind) for kind in ("region", "cliff") if (found := one.of_kind(kind))
    ]
    return f"the whole range is covered: {' and '.join(counts)}"


def _number(value: Fraction | None) -> str:
    return "not settled" if value is None else number_text(value, "money")
