"""Lines without a price: each with its reason, and with what of the line it is about."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from rules_engine.expressions import Site, Sites
from rules_engine.expressions.sql import quote
from rules_engine.language.names import LINE
from rules_engine.tables.rejects import Reject

if TYPE_CHECKING:
    from rules_engine.engine.run import Run

__all__ = ["PRICED", "line_rejects", "reject_reasons"]

PRICED: Final = "priced_line"
"""The table or view of a run that holds the priced lines."""
_DETAILS_MAX: Final = 10_000


def reject_reasons(sites: Sites) -> list[dict[str, Any]]:
    """Give code, rule, reason and place by the number in the column `reject`, as JSON."""
    return [
        {
            "reject": number,
            "code": site.code,
            "rule": site.rule,
            "reason": site.message,
            "place": site.place,
        }
        for number, site in enumerate(sites)
    ]


def line_rejects(made: "Run") -> Iterator[Reject]:
    """Give the lines without a price; the first ten thousand with what of the line it is about."""
    if made.query is None or not made.summary.lines_rejected:
        return
    sites = list(made.sites)
    details = _details(made)
    # With a cursor of its own, because others ask the connection meanwhile.
    found = made.connection.cursor().execute(
        f"SELECT claim_id, claim_line_number, reject FROM {PRICED}"
        " WHERE reject IS NOT NULL ORDER BY ALL"
    )
    while rows := found.fetchmany(_DETAILS_MAX):
        for claim, line, number in rows:
            yield _reject(sites[number], claim, line, details.get((claim, line)))


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


def _details(made: "Run") -> dict[tuple[str, int], str]:
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
    cursor = connection.execute(
        f"SELECT {names} FROM {LINE} AS l JOIN {PRICED} AS p USING (claim_id, claim_line_number) "
        f"WHERE p.reject IS NOT NULL ORDER BY ALL LIMIT {_DETAILS_MAX}"
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
