"""`rules-engine certify`: every engine on claims made from a ruleset, and what they agree on."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rules_engine.cli.misuse import MisuseError, existing_file, shown_path
from rules_engine.cli.output import aligned, counted, format_option, write, write_json
from rules_engine.cli.progress import progress
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument

if TYPE_CHECKING:
    from rules_engine import Certificate
    from rules_engine.engine.certifying.coverage import Tally

_CLAIMS = 3_000
_SHOWN = 72
_VERDICTS = {
    "agree": "the engines agree",
    "differ": "the engines differ",
    "not compared": "no engine was compared",
}


@click.command()
@ruleset_argument
@click.option(
    "--claims",
    type=click.IntRange(min=1),
    default=_CLAIMS,
    show_default=True,
    metavar="COUNT",
    help="How many claims to make.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="NUMBER", help="Makes other claims."
)
@click.option(
    "--engine",
    "engines",
    multiple=True,
    type=click.Choice(["closure", "duckdb", "spark"]),
    help="An engine to ask, instead of all that are installed; may be repeated.",
)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day to date the certificate with.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the certificate as JSON.",
)
@click.option(
    "--check",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Make the certificate in FILE again, and say in what it differs.",
)
@format_option
@click.pass_context
def certify(
    ctx: click.Context,
    *,
    ruleset: Path,
    claims: int,
    seed: int,
    engines: Sequence[str],
    day: datetime | None,
    out: Path | None,
    check: Path | None,
    form: str,
) -> None:
    """Price claims made from the ruleset by every engine, and compare.

    The claims lie on the boundaries of its conditions, dates and tables and on the ties of its
    roundings. The exit code is 1 when an engine differs from the exact evaluator, or when a
    certificate that is checked is contradicted.
    """
    said = None if check is None else _read(check)
    if said is not None:
        claims, seed = said["claims"]["asked"], said["seed"]
    opened = open_ruleset(ruleset)
    with progress() as report:
        made = opened.certify(
            claims=claims,
            seed=seed,
            day=None if day is None else day.date(),
            engines=engines or None,
            progress=report,
        )
    contradicted = () if said is None else made.contradicts(said)
    if out is not None:
        text = json.dumps(made.as_json(), ensure_ascii=False, indent=1)
        out.write_text(text + "\n", encoding="utf-8")
    if form == "json":
        content: dict[str, Any] = made.as_json()
        write_json(content if said is None else {"contradicted": contradicted, "made": content})
    else:
        write(_text(made))
        if out is not None:
            write(f"\nwritten to {shown_path(out)}")
        if check is not None:
            write(_checked(check, contradicted))
    if contradicted or made.verdict in {"differ", "not compared"}:
        ctx.exit(1)


def _read(path: Path) -> Any:
    """Read a certificate that another run wrote.

    Raises:
        MisuseError: The file is no certificate.
    """
    try:
        content = json.loads(existing_file(path, "certificate").read_text(encoding="utf-8"))
        whole = type(content["seed"]) is int and type(content["claims"]["asked"]) is int
        if whole and content["claims"]["asked"] > 0:
            return content
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    message = f"{click.format_filename(path)} is no certificate; `certify --out` writes one"
    raise MisuseError(message)


def _checked(path: Path, contradicted: Sequence[str]) -> str:
    if not contradicted:
        return f"\n{shown_path(path)} holds: the same claims have the same results here"
    found = "\n".join(f"  {line}" for line in contradicted)
    return f"\n{shown_path(path)} does not hold here:\n{found}"


def _text(made: "Certificate") -> str:
    name = f"{made.ruleset['id']} {made.ruleset['version']}"
    if made.verdict == "nothing to price":
        return f"{name}: nothing to certify; its rules settle, and none of them prices a claim"
    rejected = made.lines - made.priced
    claims, lines = counted(made.claims, "claim"), counted(made.lines, "line")
    counts = f"{made.priced:,} priced, {rejected:,} rejected"
    parts = [
        f"{name}: {_VERDICTS[made.verdict]}",
        f"  {claims} with {lines}, seed {made.seed}: {counts}",
        "\nengines, each against the exact evaluator",
        aligned(list(_engines(made))),
        "\nmet by the claims",
        aligned(list(_met(made)), right={1}),
    ]
    missed = list(_missed(made))
    if missed:
        parts += ["\nnot met", aligned(missed)]
    parts += ["\nrejected", aligned(list(_rejected(made)), right={0})] if rejected else []
    parts += [f"\nclaims   sha256 {made.claims_digest}", f"results  sha256 {made.results_digest}"]
    if made.counterexample is not None:
        title = "\nthe smallest claim found on which they differ; paste it under `cases:`\n"
        before = made.counterexample.before
        if before:
            listed = "\n".join(f"  {one}" for one in before)
            parts.append(f"\nclaims that are priced before the one below\n{listed}")
        parts += [title, textwrap.indent(made.counterexample.case, "  ").rstrip()]
    return "\n".join(parts)


def _engines(made: "Certificate") -> Iterator[tuple[str, ...]]:
    for one in made.engines:
        if one.why_not is not None:
            yield one.name, one.meaning, "not compared", one.why_not
            continue
        differ = f"differs on {counted(one.differences or 0, 'line')}"
        yield (
            one.name,
            one.meaning,
            differ if one.differences else "agrees",
            f"{one.library} {one.version}",
        )


def _met(made: "Certificate") -> Iterator[tuple[str, ...]]:
    met = made.met
    yield "rules", _of(met.rules), "that price a line or take something off it"
    yield "conditions", _of(met.conditions), "verdicts: true, false, unknown"
    yield "boundaries", _of(met.boundaries), "sides: equal, one smallest step below and above"
    yield "roundings", _of(met.roundings), "ties: exactly a half, above and below zero"
    read = sum(table.met["read"] for table in met.tables)
    rows = sum(table.met["rows"] for table in met.tables)
    yield "tables", f"{read:,} of {rows:,}", "rows read"


def _of(tallies: Sequence["Tally"]) -> str:
    ways = sum(len(tally.met) for tally in tallies)
    return f"{sum(tally.ways_met for tally in tallies):,} of {ways:,}"


def _missed(made: "Certificate") -> Iterator[tuple[str, ...]]:
    """Say what no claim has met, so that a reader can judge whether anything could."""
    met = made.met
    for kind, tallies in (
        ("rule", met.rules),
        ("condition", met.conditions),
        ("boundary", met.boundaries),
        ("tie", met.roundings),
    ):
        for tally in tallies:
            ways = [way for way, count in tally.met.items() if not count]
            if ways:
                shown = textwrap.shorten(tally.text, _SHOWN, placeholder=" …")
                yield kind, tally.rule, ", ".join(ways), shown


def _rejected(made: "Certificate") -> Iterator[tuple[str, ...]]:
    for code, rule, reason, lines in made.rejections:
        yield f"{lines:,}", code, rule, reason
