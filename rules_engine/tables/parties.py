"""Parties: who is paid for a claim line, from the providers' identifiers."""

from rules_engine.tables.integrity import FIRST_DAY, LAST_DAY

__all__ = ["party_spans", "with_party"]


def party_spans(provider: str, identifier: str) -> str:
    """Write the query that gives the days on which an identifier belongs to a party.

    Spans of one party that overlap become one, so that a day finds one row at most.

    Args:
        provider: SQL name of the providers, no identifier of whom has two parties on one day.
        identifier: The column: `tin` or `ccn`.
    """
    return (
        f"WITH spans AS (SELECT DISTINCT {identifier} AS i, party AS p,"
        f' coalesce("from", {FIRST_DAY}) AS f, coalesce("through", {LAST_DAY}) AS t'
        f" FROM {provider} WHERE {identifier} IS NOT NULL),"
        " marked AS (SELECT *, coalesce(f > max(t) OVER (PARTITION BY i, p ORDER BY f, t"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS begins FROM spans),"
        " islands AS (SELECT *, sum(begins::INTEGER) OVER (PARTITION BY i, p ORDER BY f, t"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island FROM marked)"
        " SELECT i, p, min(f) AS f, max(t) AS t FROM islands GROUP BY i, p, island"
    )


def with_party(lines: str, columns: str, *, day: str, tins: str, ccns: str) -> str:
    """Write the query that gives claim lines their party: the billing TIN's, else the facility's.

    Args:
        lines: SQL of the lines.
        columns: SQL of the columns to give, where `party` is the one that is found.
        day: SQL of a line's date.
        tins: SQL name of the spans of tax numbers.
        ccns: SQL name of the spans of facility numbers.
    """
    return (
        f"SELECT {columns} FROM (SELECT lines.* EXCLUDE (party), coalesce(tins.p, ccns.p) AS party"
        f" FROM (SELECT *, {day} AS _day FROM {lines}) AS lines"
        f" LEFT JOIN {tins} AS tins ON billing_tin = tins.i AND _day BETWEEN tins.f AND tins.t"
        f" LEFT JOIN {ccns} AS ccns ON facility_ccn = ccns.i AND _day BETWEEN ccns.f AND ccns.t)"
    )
