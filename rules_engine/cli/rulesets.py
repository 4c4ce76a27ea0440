"""Rulesets: from an argument of the command line to a ruleset that can be used."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules_engine.cli.misuse import MisuseError, ruleset_file

if TYPE_CHECKING:
    from rules_engine import Engine, Ruleset

ruleset_argument = click.argument("ruleset", type=click.Path(path_type=Path), metavar="RULESET")
"""A YAML file, a folder with a `ruleset.yaml`, or a compiled ruleset (`.json`)."""


def new_engine() -> "Engine":
    """Open an engine with every installed methodology."""
    # Here, because help, version and misuse need no engine.
    from rules_engine import Engine  # noqa: PLC0415

    return Engine()


def open_ruleset(path: Path) -> "Ruleset":
    """Load a ruleset, or open a compiled one.

    Raises:
        MisuseError: There is no such file, or it is no compiled ruleset.
        RulesetError: It is wrong.
    """
    file = ruleset_file(path)
    engine = new_engine()
    if file.suffix != ".json":
        return engine.load(file)
    try:
        return engine.open(file)
    except RecursionError:
        message = f"ruleset {click.format_filename(file)} is nested too deeply"
        raise MisuseError(message) from None
    except ValueError as error:
        raise MisuseError(str(error).splitlines()[0]) from error
