"""`rules-engine validate`: every finding about rulesets."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules_engine.cli import findings
from rules_engine.cli.misuse import ruleset_file, shown_path
from rules_engine.cli.output import format_option, write, write_json
from rules_engine.cli.rulesets import new_engine

if TYPE_CHECKING:
    from rules_engine.diagnostics import Diagnostic


@click.command()
@click.argument(
    "rulesets", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RULESET..."
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@format_option
@click.pass_context
def validate(ctx: click.Context, *, rulesets: tuple[Path, ...], strict: bool, form: str) -> None:
    """Check rulesets. Every finding is printed with its place.

    RULESET is a YAML file, or a folder with a ruleset.yaml. The exit code is 1 when there is an
    error.
    """
    files = [ruleset_file(path) for path in rulesets]
    engine = new_engine()
    everything: list[Diagnostic] = []
    for number, file in enumerate(files):
        found = engine.validate(file)
        everything += found
        if form == "text":
            if found:
                separator = "\n" if number else ""
                write(separator + findings.as_text(found) + "\n")
            write(findings.summary(found, shown_path(file)))
    if form == "json":
        write_json(findings.as_json(everything))
    if any(strict or found.severity == "error" for found in everything):
        ctx.exit(1)
