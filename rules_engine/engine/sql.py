"""The pricing query of a ruleset in the dialect of a warehouse."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from rules_engine.expressions import Type
from rules_engine.language.names import LINE
from rules_engine.pricing.batch import KEYS, batch_query
from rules_engine.tables.storage import storage

if TYPE_CHECKING:
    from rules_engine.engine.contract import Contract

__all__ = ["dialect_text"]


def dialect_text(ruleset: "Contract", dialect: str) -> str:
    """Give the query over a `medical_claim` that has every standard column.

    Raises:
        ValueError: It is no dialect in which amounts are exact, or not in this ruleset; or no rule
            of it prices lines.
    """
    if not ruleset.plan.choosing:
        msg = (
            f"{ruleset.id} prices no lines; pricing.sql in a run's results has what its"
            " settlements ask of the data"
        )
        raise ValueError(msg)
    columns = ruleset.bound.given[LINE].columns
    sites = ruleset.sites()
    query = batch_query(ruleset.plan, sites, columns, ruleset.carried)
    shapes = {name: ruleset.plan.tables[name].columns for name in ruleset.plan.needed_tables}
    about = f"{ruleset.id} version {ruleset.version}, SHA-256 {ruleset.digest}"
    head = [about] if ruleset.title == ruleset.id else [" ".join(ruleset.title.split()), about]
    needed = {*KEYS, *ruleset.plan.read_columns, *ruleset.carried}
    line = {name: type_ for name, type_ in columns.items() if name in needed}
    reads = [
        f"--   {name}{_origin(ruleset, name)}: {_listed(shape)}"
        for name, shape in sorted({LINE: line, **shapes}.items())
    ]
    reasons = [
        f"--   {number}: {site.code} {site.rule + ': ' if site.rule else ''}{site.message}"
        for number, site in enumerate(sites)
    ]
    parts = [*map("-- {}".format, head), "-- reads:", *reads, "-- reject:", *reasons]
    # A line end within a text would end the comment.
    note = "".join(f"{' '.join(part.splitlines())}\n" for part in parts)
    if dialect == "duckdb":
        return note + query.sql + "\n"
    from rules_engine.warehouse.text import DialectError, translated  # noqa: PLC0415  it loads sqlglot

    tables = {LINE: columns, **shapes}
    try:
        made = translated(query.steps, query.final, tables, dialect)
    except DialectError as error:
        # One step computes the amounts of all rules that set the allowed amount.
        found = []
        for rule in ruleset.plan.choosing:
            plan = evolve(ruleset.plan, rules=(rule,))
            alone = batch_query(plan, ruleset.sites(), columns, ruleset.carried)
            try:
                translated(alone.steps, alone.final, tables, dialect)
            except DialectError as own:
                found.append(str(own))
        raise DialectError("\n".join(found) or str(error)) from None
    return note + made + "\n"


def _origin(ruleset: "Contract", table: str) -> str:
    """Say which rule derives a table; who runs the query has to have it."""
    found = ruleset.derived.get(table)
    return "" if found is None else f", derived by {found.rule}"


def _listed(columns: Mapping[str, Type]) -> str:
    return ", ".join(f"{name} {_held(type_)}" for name, type_ in columns.items())


def _held(type_: Type) -> str:
    """Name a column's type, and the whole numbers that it may hold where the type holds more."""
    stored = storage(type_)
    if stored.startswith("DECIMAL") or not type_.is_numeric or type_.high is None:
        return stored
    return f"{stored} ({type_.low} to {type_.high})"
