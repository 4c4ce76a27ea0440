"""`rules-engine show`: a ruleset with all that it extends, and where each value comes from."""

from pathlib import Path

import click

from rules_engine.cli.misuse import ruleset_file
from rules_engine.cli.output import write
from rules_engine.cli.rulesets import ruleset_argument


@click.command()
@ruleset_argument
def show(*, ruleset: Path) -> None:
    """Print a ruleset merged with what it extends.

    It is YAML that reads back alike; a comment names the file and line of each value, and what it
    replaces.
    """
    # Here, because help and misuse read no YAML.
    from rules_engine.language.extends import read_extended  # noqa: PLC0415
    from rules_engine.language.printing import printable  # noqa: PLC0415

    write(printable(read_extended(ruleset_file(ruleset))).rstrip("\n"))
