"""Services that a capitation has paid for: the days that it covers, and what claims get of it."""

from collections.abc import Mapping
from typing import Final

from rules_engine import Kind, Query, Rows, Step, Type
from rules_engine_global_capitation.terms import Terms

__all__ = ["derive", "price"]

COVERED: Final = "covered"
"""What the rule's table of days on which members are covered is called: `<rule>_covered`."""

_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE)

# Spans that overlap, or follow each other without a day between them, are one; an end that is not
# known is later than every day.
_SELECT: Final = """WITH span AS (
  SELECT person_id, enrollment_start_date AS f,
    coalesce(enrollment_end_date, CAST('9999-12-31' AS DATE)) AS t FROM eligibility WHERE members
), turn AS (
  SELECT person_id, f, t, CASE WHEN f <= 1 + max(t) OVER (PARTITION BY person_id ORDER BY f, t
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS begins
    FROM span WHERE f <= t
), numbered AS (
  SELECT person_id, f, t, sum(begins) OVER (PARTITION BY person_id ORDER BY f, t
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS number FROM turn
)
SELECT person_id, min(f) AS first_day, nullif(max(t), CAST('9999-12-31' AS DATE)) AS last_day
  FROM numbered GROUP BY person_id, number"""


def derive(terms: Terms) -> Mapping[str, Query]:
    """Give the days on which each member is covered, from enrolment and not from claims."""
    if terms.covers is None:
        return {}
    rows = Rows(
        table="eligibility",
        columns=("person_id", "enrollment_start_date", "enrollment_end_date"),
        formulas={"members": terms.covers.members},
    )
    return {
        COVERED: Query(
            select=_SELECT,
            columns={"person_id": _CODE, "first_day": _DATE, "last_day": _DATE.with_null()},
            rows={"eligibility": rows},
            key=("person_id",),
            effective=("first_day", "last_day"),
        )
    }


def price(terms: Terms) -> tuple[Step, ...]:
    """Take off what the capitation pays for, of covered services on a covered day."""
    covers = terms.covers
    if covers is None:
        return ()
    step = Step(
        id="covered",
        sets="adjustment",
        expression=covers.amount.expression,
        when=None if covers.services is None else covers.services.expression,
        unless=None if covers.carve_outs is None else covers.carve_outs.expression,
        group_code=covers.group_code,
        carc=covers.carc,
        within=COVERED,
    )
    return (step,)
