"""`rules-engine sql`: what a ruleset asks of a database."""

from pathlib import Path

import click

from rules_engine.cli.misuse import MisuseError
from rules_engine.cli.output import format_option, write, write_json
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument
from rules_engine.warehouse.target import DIALECTS


@click.command()
@ruleset_argument
@click.option(
    "--dialect",
    type=click.Choice(DIALECTS),
    default="duckdb",
    show_default=True,
    help="Dialect of the database; in these every amount is exact.",
)
@format_option
def sql(*, ruleset: Path, dialect: str, form: str) -> None:
    """Print the SQL that prices a batch.

    For auditors to read and warehouses to run.
    """
    opened = open_ruleset(ruleset)
    try:
        text = opened.sql(dialect=dialect)
    except ValueError as error:
        raise MisuseError(str(error)) from error
    if form == "json":
        write_json(
            {"ruleset": opened.id, "version": opened.version, "dialect": dialect, "sql": text}
        )
    else:
        write(text.rstrip("\n"))
