"""The pricing query of a ruleset in the dialect of a warehouse."""

from typing import TYPE_CHECKING

from rules_engine.expressions import Sites
from rules_engine.language.bind import LINE
from rules_engine.pricing.batch import batch_query

if TYPE_CHECKING:
    from rules_engine.engine.contract import Contract

__all__ = ["dialect_text"]


def dialect_text(ruleset: "Contract", dialect: str) -> str:
    """Give the query over a `medical_claim` that has every standard column.

    Raises:
        ValueError: There is no such dialect.
    """
    columns = ruleset.bound.given[LINE].columns
    sites = Sites(ruleset.plan.places)
    query = batch_query(ruleset.plan, sites, columns, ruleset.carried)
    head = [
        f"-- {ruleset.title}",
        f"-- {ruleset.id} version {ruleset.version}, SHA-256 {ruleset.digest}",
    ]
    reasons = [
        f"--   {number}: {site.code} {site.rule + ': ' if site.rule else ''}{site.message}"
        for number, site in enumerate(sites)
    ]
    note = "\n".join([*head, "-- reject:", *reasons, ""])
    if dialect == "duckdb":
        return note + query.sql + "\n"
    import sqlglot  # noqa: PLC0415  only other dialects need it

    try:
        text = sqlglot.transpile(query.sql, read="duckdb", write=dialect, pretty=True)[0]
    except ValueError as error:
        if "dialect" in str(error).lower():
            known = ", ".join(sorted(str(d.value) for d in sqlglot.Dialects if d.value))
            msg = f"{dialect} is no dialect; {known} are"
            raise ValueError(msg) from None
        raise
    return note + text + "\n"
