"""Rulesets: from an argument of the command line to a ruleset that can be used."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules_engine.cli.misuse import ruleset_file

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
        MisuseError: There is no such file.
        RulesetError: It is wrong.
    """
    file = ruleset_file(path)
    engine = new_engine()
    return engine.open(file) if file.suffix == ".json" else engine.load(file)
