"""`rules-engine compile`: a checked ruleset as one file that opens without reading YAML again."""

from pathlib import Path

import click

from rules_engine.cli.misuse import shown_path
from rules_engine.cli.output import format_option, write, write_json
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument


@click.command(name="compile")
@ruleset_argument
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.json")
@format_option
def compile_ruleset(*, ruleset: Path, out: Path, form: str) -> None:
    """Write a checked ruleset as one JSON file.

    `price` and programs open it fast; it holds no code.
    """
    opened = open_ruleset(ruleset)
    opened.save(out)
    if form == "json":
        write_json({"ruleset": opened.id, "version": opened.version, "file": out})
    else:
        write(f"{opened.id} {opened.version}: compiled to {shown_path(out)}")
