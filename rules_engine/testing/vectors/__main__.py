"""`python -m rules_engine.testing.vectors`: hold an engine against published vectors."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from rules_engine.testing.vectors.claims import by_judge
from rules_engine.testing.vectors.engines import ENGINES, VectorEngine, command, exactly, reply
from rules_engine.testing.vectors.running import read_folder, run
from rules_engine.testing.vectors.vector import Answer, Setting, Vector
from rules_engine.warehouse.spark import session


@click.command(name="python -m rules_engine.testing.vectors")
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--engine",
    "names",
    multiple=True,
    type=click.Choice([*(engine.name for engine in ENGINES), "spark"]),
    help="One of our own; may be repeated. Without it, and without --command, all but spark.",
)
@click.option("--command", "text", metavar="COMMAND", help="A program that answers JSON lines.")
@click.option("--answer", is_flag=True, help="Answer JSON lines of stdin, by the exact evaluator.")
@click.pass_context
def vectors(
    ctx: click.Context, *, path: Path | None, names: tuple[str, ...], text: str | None, answer: bool
) -> None:
    """Run the vectors in PATH, a folder or a file, and say on which an engine differs.

    The exit code is 1 when one differs.
    """
    if answer:
        for line in sys.stdin:
            click.echo(json.dumps(_reply(line), ensure_ascii=False))
        return
    if path is None:
        message = "PATH is missing: a folder or a file of vectors may stand there"
        raise click.UsageError(message)
    try:
        files = read_folder(path)
    except (ValueError, KeyError, TypeError) as error:
        raise click.UsageError(str(error)) from None
    with ExitStack() as stack:
        try:
            if "spark" in names:
                # One for all files, because it takes seconds to start.
                stack.enter_context(session())
            engines = _chosen(names, text)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        reports = [run(files, engine) for engine in engines]
    for report in reports:
        for miss in report.misses:
            click.echo(str(miss))
        click.echo(str(report))
    if any(report.misses for report in reports):
        ctx.exit(1)


def _chosen(names: tuple[str, ...], text: str | None) -> list[VectorEngine]:
    found = [one for one in ENGINES if one.name in names or not (names or text is not None)]
    if "spark" in names:
        # Here, because it loads sqlglot.
        from rules_engine.testing.vectors.on_spark import SPARK  # noqa: PLC0415

        found.append(SPARK)
    return found if text is None else [*found, command(text)]


def _reply(line: str) -> dict[str, object]:
    """Answer one line, as an engine in another language would."""
    asked = json.loads(line)
    setting = Setting.from_json(asked)
    if setting.profile == "mapping":
        return {"id": asked["id"], "skipped": "texts of files are read in SQL"}
    told = {**asked, **Answer(kind="value").as_json()}
    vector = Vector.from_json(told, setting.columns)
    return {"id": vector.id, **reply(setting, vector, exactly, by_judge).as_json()}


if __name__ == "__main__":
    vectors()
