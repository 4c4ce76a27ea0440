"""`rules-engine sql`: what a ruleset asks of a database."""

from pathlib import Path

import click

from rules_engine.cli.output import format_option, write, write_json
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument


@click.command()
@ruleset_argument
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "spark", "snowflake", "bigquery", "postgres"]),
    default="duckdb",
    show_default=True,
    help="Dialect of the database.",
)
@format_option
def sql(*, ruleset: Path, dialect: str, form: str) -> None:
    """Print the SQL that prices a batch.

    For auditors to read and warehouses to run.
    """
    opened = open_ruleset(ruleset)
    text = opened.sql(dialect=dialect)
    if form == "json":
        write_json(
            {"ruleset": opened.id, "version": opened.version, "dialect": dialect, "sql": text}
        )
    else:
        write(text.rstrip("\n"))
