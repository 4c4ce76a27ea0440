"""Lines without a price: each with its reason, and with what of the line it is about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rules_engine.expressions import Site
from rules_engine.expressions.sql import quote
from rules_engine.language.bind import LINE
from rules_engine.tables.rejects import Reject

if TYPE_CHECKING:
    from rules_engine.engine.run import Run

__all__ = ["PRICED", "line_rejects"]

PRICED: Final = "priced_line"
"""The table or view of a run that holds the priced lines."""
_DETAILS_MAX: Final = 10_000


def line_rejects(made: "Run") -> list[Reject]:
    """Give the lines without a price; the first ten thousand with what of the line it is about."""
    if made.query is None or not made.summary.lines_rejected:
        return []
    sites = list(made.sites)
    rows = made.connection.execute(
        f"SELECT claim_id, claim_line_number, reject FROM {PRICED}"
        " WHERE reject IS NOT NULL ORDER BY ALL"
    ).fetchall()
    details = _details(made, rows[:_DETAILS_MAX])
    return [
        _reject(sites[number], claim, line, details.get((claim, line)))
        for claim, line, number in rows
    ]


def _reject(site: Site, claim: str, line: int, detail: str | None) -> Reject:
    rule = f"{site.rule}: " if site.rule else ""
    return Reject(
        table=LINE,
        file=LINE,
        key=f"claim_id={claim}, claim_line_number={line}",
        value=detail or None,
        code=site.code,
        reason=f"{rule}{site.message}",
    )


def _details(made: "Run", rows: Sequence[tuple[str, int, int]]) -> dict[tuple[str, int], str]:
    """Ask the claim pricer why; it reads the same line and must give the same reason."""
    plan = made.ruleset.plan
    if made.ruleset.needs.given or plan.claim_functions or plan.accumulators:
        # A line alone is priced otherwise.
        return {}
    connection = made.connection
    pricer = made.ruleset.pricer
    columns = [
        c for c in made.ruleset.plan.needed_columns if c in made.dataset.tables[LINE].columns
    ]
    names = ", ".join(f"l.{quote(c)}" for c in ("claim_id", "claim_line_number", *columns) if c)
    numbers = sorted({number for _, _, number in rows})
    limit = f"p.reject IN ({', '.join(map(str, numbers))})"
    cursor = connection.execute(
        f"SELECT {names} FROM {LINE} AS l JOIN {PRICED} AS p USING (claim_id, claim_line_number) "
        f"WHERE {limit} ORDER BY ALL LIMIT {_DETAILS_MAX}"
    )
    heads = [column[0] for column in cursor.description]
    found: dict[tuple[str, int], str] = {}
    for values in cursor.fetchall():
        row = dict(zip(heads, values, strict=True))
        row.setdefault("charge_amount", None)
        refused = pricer.refusal(row)
        if refused is not None:
            found[row["claim_id"], row["claim_line_number"]] = refused.detail
    return found
