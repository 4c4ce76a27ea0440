"""`rules-engine run`: price a batch, settle its periods, write a result folder."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import asdict

from rules_engine.cli.journals import opened_journal, posted_json, posted_text
from rules_engine.cli.misuse import MisuseError, existing, existing_file, shown_path
from rules_engine.cli.output import aligned, amount, counted, format_option, write, write_json
from rules_engine.cli.progress import progress
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument
from rules_engine.cli.summaries import moved_text, settled_text
from rules_engine.diagnostics import choices
from rules_engine.warehouse.target import ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules_engine.engine.run import Run
    from rules_engine.ledger.journal import Journal, Posted

_DATABASES: Final = (".duckdb", ".db", ".ddb")
_YEAR_FIRST, _YEAR_LAST = 1900, 2999


@click.command()
@ruleset_argument
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with a file for each table, or a DuckDB file.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results.")
@click.option(
    "--period",
    "periods",
    metavar="PERIOD",
    multiple=True,
    help="Only this period: 2015, 2015-Q2 or 2015-02; may be repeated.",
)
@click.option(
    "--year",
    type=click.IntRange(_YEAR_FIRST, _YEAR_LAST),
    help="Only this year of the data.",
)
@click.option(
    "--as-year",
    type=click.IntRange(_YEAR_FIRST, _YEAR_LAST),
    help="The year that --year stands for: every date moves by whole years.",
)
@click.option(
    "--known-at",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day up to which facts are known: claim lines known later are left out.",
)
@click.option(
    "--mapping",
    "mappings",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A mapping of the data's columns, instead of those of the ruleset; may be repeated.",
)
@click.option(
    "--memory",
    metavar="AMOUNT",
    help="How much memory the tables take at most, such as 8GiB; 2GiB unless this says otherwise.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="duckdb",
    show_default=True,
    help="What prices the lines; both give the same lines.",
)
@click.option(
    "--derived",
    is_flag=True,
    help="Write the tables that rules derive, such as who is attributed to whom, too.",
)
@click.option(
    "--journal",
    metavar="FILE",
    help="Post the settlements to this journal: a file, or postgresql://user@host/database.",
)
@click.option("--allow-rejects", is_flag=True, help="Exit with 0 although rows were rejected.")
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Only say what the data has of what is needed, and which rows would not read.",
)
@format_option
@click.pass_context
def run(
    ctx: click.Context,
    *,
    ruleset: Path,
    data: Path,
    out: Path | None,
    periods: Sequence[str],
    year: int | None,
    as_year: int | None,
    known_at: datetime | None,
    mappings: Sequence[Path],
    memory: str | None,
    engine: str,
    derived: bool,
    journal: str | None,
    allow_rejects: bool,
    only_check: bool,
    form: str,
) -> None:
    """Price a batch and settle its periods.

    What every account got, or paid, is printed. The exit code is 1 when rows were rejected;
    `rejects.csv` in the result folder says why. Then nothing is posted, unless --allow-rejects
    says so.
    """
    _refuse_misuse(
        data=data,
        out=out,
        year=year,
        as_year=as_year,
        known_at=known_at,
        derived=derived,
        journal=journal,
    )
    given = [existing_file(path, "mapping") for path in mappings]
    opened = open_ruleset(ruleset)
    if only_check:
        found = opened.check(data, given or None)
        if form == "json":
            write_json(found.as_json())
        else:
            write(str(found))
        ctx.exit(0 if found.is_complete else 1)
    # Opened first: a journal that cannot be written is no reason to price for an hour.
    book = None if journal is None else opened_journal(journal, create=True)
    with book or nullcontext(), progress() as report:
        done = _ran(
            partial(
                opened.run,
                data,
                out=out,
                period=periods or None,
                year=year,
                as_year=as_year,
                known_at=None if known_at is None else known_at.date(),
                mappings=given or None,
                progress=report,
                memory=memory,
                engine=engine,
                derived=derived,
                journal=book,
            )
        )
        posted = _posted(done, book, known_at, allow_rejects=allow_rejects)
    with done:
        _show(done, form, None if posted is None else (posted, journal or ""))
    if book is not None and posted is None:
        click.echo("rules-engine: nothing was posted, because rows were rejected", err=True)
    if done.rejects_count and not allow_rejects:
        ctx.exit(1)


def _refuse_misuse(
    *,
    data: Path,
    out: Path | None,
    year: int | None,
    as_year: int | None,
    known_at: datetime | None,
    derived: bool,
    journal: str | None,
) -> None:
    """Refuse options that do not go together, before anything is read."""
    if not existing(data, "data").is_dir() and data.suffix not in _DATABASES:
        message = (
            f"data {click.format_filename(data)} is no folder and no DuckDB file"
            f" ({choices(_DATABASES)})"
        )
        raise MisuseError(message)
    if as_year is not None and year is None:
        message = "--as-year asks for --year, the year of the data that it stands for"
        raise MisuseError(message)
    if out is not None and out.exists() and not out.is_dir():
        message = f"out {click.format_filename(out)} is a file; a folder may stand here"
        raise MisuseError(message)
    if derived and out is None:
        message = "--derived asks for --out, the folder that the tables are written into"
        raise MisuseError(message)
    if journal is not None and known_at is None:
        message = "--journal asks for --known-at, the day up to which the facts were known"
        raise MisuseError(message)


def _posted(
    done: "Run", journal: "Journal | None", known_at: datetime | None, *, allow_rejects: bool
) -> "Posted | None":
    """Post a run where there is a journal; None where there is none, or rows were rejected."""
    # A rejected row is not one that went: to post now would take back what was paid for it.
    if journal is None or known_at is None or (done.rejects_count and not allow_rejects):
        return None
    try:
        return done.post(journal, known_at=known_at.date())
    except BaseException:
        done.close()
        raise


def _show(done: "Run", form: str, posted: "tuple[Posted, str] | None") -> None:
    """Write what a run did, and what became of it in a journal."""
    name, version = done.ruleset.id, done.ruleset.version
    if form == "json":
        shown = {"ruleset": name, "version": version, **run_json(done)}
        write_json(shown if posted is None else {**shown, "posted": posted_json(*posted)})
        return
    write(f"{name} {version}")
    write(run_text(done))
    if posted is not None:
        write(posted_text(*posted))


def _ran(run_it: "Callable[[], Run]") -> "Run":
    try:
        return run_it()
    except ValueError as error:
        # A period that the ruleset does not have, data that is no data, or no amount of memory.
        raise MisuseError(str(error).splitlines()[0]) from error


def run_json(done: "Run") -> dict[str, Any]:
    """Give what a run decided as a JSON object; amounts are text, so that no reader rounds them."""
    return {
        "check": done.check,
        "summary": asdict(done.summary),
        "settlements": [
            {
                "rule": settled.rule,
                "key": settled.key,
                "period": settled.period.label,
                "outputs": settled.outputs,
            }
            for settled in done.settlements
        ],
        # What accounts got in this run; what is left in those that rules open with comes next.
        "balances": done.ledger.balances(),
        "held": done.books.held,
        "rejects": done.rejects_count,
        "warnings": done.warnings,
        "out": done.out,
        "files": done.files,
    }


def run_text(done: "Run") -> str:
    """Write what a run read, priced and settled, what each account got, and where the files are."""
    parts = [str(done.check).rstrip("\n"), *(f"warning: {one}" for one in done.warnings)]
    parts.append(priced_text(done))
    if done.settlements:
        parts += ["settled", settled_text(done)]
        parts += ["moved, in this run", moved_text(done.ledger.balances())]
    if done.books.held:
        parts += ["held at the end", moved_text(done.books.held)]
    if done.files:
        parts.append(files_text(done))
    return "\n".join(parts)


def priced_text(done: "Run") -> str:
    """Write how many lines were priced and rejected, and their dollars."""
    summary = done.summary
    lines = [f"{counted(summary.lines_priced, 'line')} priced"]
    if done.rejects_count:
        read, priced = summary.rows_rejected, summary.lines_rejected
        where = "; rejects.csv says why" if done.files else ""
        lines.append(
            f"{counted(done.rejects_count, 'row')} rejected: "
            f"{read:,} did not read, {priced:,} have no price{where}"
        )
    rows = [
        (name, amount(getattr(summary, name)))
        for name in ("charge", "allowed", "member", "withheld", "paid")
    ]
    return "\n".join([*lines, aligned(rows, right={1}), *_months(done)])


def _months(done: "Run") -> list[str]:
    """Write how many member-months were priced and refused, and their dollars."""
    if done.months is None:
        return []
    found = done.months.summary
    refused = f", {found.rejected:,} rejected" if found.rejected else ""
    rows = [
        (name, amount(getattr(found, name))) for name in ("allowed", "adjusted", "withheld", "paid")
    ]
    priced = f"{counted(found.priced, 'member-month')} priced{refused}"
    return [priced, aligned(rows, right={1})]


def files_text(done: "Run") -> str:
    """Write where each file of the result is."""
    # One line for the files of a folder, because there is a statement for every party.
    homes: dict[str, list[Path]] = {}
    for name, path in done.files.items():
        homes.setdefault(f"{name.partition('/')[0]}/" if "/" in name else name, []).append(path)
    rows = [
        (name, f"{shown_path(paths[0].parent)} ({counted(len(paths), 'file')})")
        if name.endswith("/")
        else (name, shown_path(paths[0]))
        for name, paths in homes.items()
    ]
    return "\n".join(["files", aligned(rows)])
