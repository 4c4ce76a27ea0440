"""The sums of each year and enrolment type, as one SELECT over the rows that the terms name."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from rules_engine import Kind, Query, Rows, Type
from rules_engine_regional_benchmark.terms import Group, Terms

__all__ = ["experience"]

_CODE: Final = Type.of(Kind.CODE)
_LARGEST: Final = Decimal(10) ** 18
_SUM: Final = Type(Kind.NUMBER, scale=12, low=-_LARGEST, high=_LARGEST)
_EXACT: Final = "DECIMAL(38, 12)"


def experience(terms: Terms) -> Mapping[str, Query]:
    """Ask for the sums of each group of rows."""
    found = {
        "history": _sums(terms.history, terms.truncate),
        "performance": _sums(terms.performance, None),
    }
    if terms.region is not None:
        found["region"] = _sums(terms.region, terms.truncate)
    return found


def _sums(group: Group, truncate: Fraction | None) -> Query:
    spent = "r.expenditure" if "expenditure" in group.said else "0"
    risk = "r.risk" if "risk" in group.said else "0"
    rows, head = "population", ""
    added, columns = "", {}
    if truncate is not None and "expenditure" in group.said:
        rows, head = "truncated", _truncated(truncate, risk="risk" in group.said)
        added = f"""
  CAST(sum(CAST(r.uncut AS {_EXACT})) AS {_EXACT}) AS uncut,
  CAST(min(r.most) AS BIGINT) AS limit_cents,"""
        columns = {"uncut": _SUM, "limit_cents": Type.of(Kind.COUNT)}
    select = f"""{head}SELECT r.entity, r.year, r.type,{added}
  CAST(sum(CAST(r.person_years AS DECIMAL(28, 6))) AS {_EXACT}) AS person_years,
  CAST(sum(CAST({spent} AS {_EXACT})) AS {_EXACT}) AS expenditure,
  CAST(sum(CAST({risk} AS DECIMAL(12, 6)) * CAST(r.person_years AS DECIMAL(18, 6)))
    AS {_EXACT}) AS risk
  FROM {rows} AS r GROUP BY r.entity, r.year, r.type"""
    return Query(
        select=select,
        columns={
            "entity": _CODE.with_null(),
            "year": Type.of(Kind.COUNT),
            "type": _CODE,
            **columns,
            "person_years": _SUM,
            "expenditure": _SUM,
            "risk": _SUM,
        },
        rows={"population": Rows(table=group.table, formulas=group.said, entity="entity")},
    )


def _truncated(truncate: Fraction, *, risk: bool) -> str:
    """Write the rows with their cost cut at a percentile of all rows of their year and type.

    The cost per person-year is rounded half up to the cent to be compared; what is kept of a row
    that is cut is the cost at the percentile, for its person-years.
    """
    more = ", risk" if risk else ""
    cents = "CAST(CAST(expenditure AS DECIMAL(28, 2)) * 100 AS HUGEINT)"
    years = "CAST(CAST(person_years AS DECIMAL(18, 6)) * 1000000 AS HUGEINT)"
    yearly = f"CAST(2 * {cents} * 1000000 + {years} AS HUGEINT) // CAST(2 * {years} AS HUGEINT)"
    return f"""WITH yearly AS (
  SELECT entity, year, type, person_years, expenditure{more}, {yearly} AS cents
    FROM population WHERE person_years > 0),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY year, type ORDER BY cents) AS turn,
    count(*) OVER (PARTITION BY year, type) AS persons FROM yearly),
threshold AS (
  SELECT year, type, min(cents) AS most FROM ranked
    WHERE turn * {truncate.denominator} >= persons * {truncate.numerator} GROUP BY year, type),
truncated AS (
  SELECT y.entity, y.year, y.type, y.person_years{", y.risk" if risk else ""},
    y.expenditure AS uncut, t.most,
    CASE WHEN y.cents > t.most THEN CAST(CAST(t.most AS DECIMAL(18, 0)) * 0.01
      * CAST(y.person_years AS DECIMAL(18, 6)) AS {_EXACT})
      ELSE CAST(y.expenditure AS {_EXACT}) END AS expenditure
    FROM yearly AS y JOIN threshold AS t ON t.year = y.year AND t.type = y.type)
"""
