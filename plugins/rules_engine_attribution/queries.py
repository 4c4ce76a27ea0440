"""The tables that an attribution derives, each as one SELECT over claims and member-months."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from rules_engine import Kind, Query, Rows, Type
from rules_engine_attribution.terms import Step, Terms

__all__ = ["REASONS", "derive"]

REASONS: Final = {
    "too_few_months": "has fewer counted months than the terms ask for",
    "below_minimum": "has counted services, of nobody as many as the terms ask for",
    "no_provider": "has counted services that speak for nobody",
    "no_service": "has no counted service",
    "not_stated": "is stated to be nobody's, and no service counts",
}
"""Why a person is attributed to nobody; of several reasons the first holds."""

_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE)
_COUNT: Final = Type.of(Kind.COUNT)
_LARGEST: Final = Decimal(10) ** 16
_SPAN: Final = {"period_start": _DATE, "period_end": _DATE}


def derive(terms: Terms) -> Mapping[str, Query]:
    """Give the tables: who is looked at, who speaks for them, whose they are, and whose not."""
    return {
        "person": _person(terms),
        "candidate": _candidate(terms),
        "member": _member(terms),
        "unattributed": _unattributed(terms),
        "month": _month(terms),
    }


def _basis(terms: Terms) -> Type:
    if terms.amount is None:
        return _COUNT
    return Type(Kind.MONEY, scale=terms.amount.type.scale, low=-_LARGEST, high=_LARGEST)


def _spans(terms: Terms) -> str:
    """Write the periods, and the same days of the years before that are asked for."""
    made = []
    for years in range(terms.base_years + 1):
        back = f" - INTERVAL {years} YEAR" if years else ""
        # The day after the last one moves, because a February may end on another day.
        made.append(
            f"SELECT CAST(first_day{back} AS DATE) AS first_day,"
            f" CAST(last_day + INTERVAL 1 DAY{back} - INTERVAL 1 DAY AS DATE) AS last_day"
            " FROM period"
        )
    # A year before one period may be another period.
    return " UNION ".join(made)


def _months(terms: Terms, **formulas: Step) -> Rows:
    """The member-months, and what the terms say of each."""
    said = {name: step.stated for name, step in formulas.items() if step.stated is not None}
    if terms.members is not None:
        said["counted"] = terms.members
    return Rows(table="member_month", columns=("person_id", "month", "fraction"), formulas=said)


def _counted(terms: Terms) -> str:
    return " WHERE m.counted" if terms.members is not None else ""


def _person(terms: Terms) -> Query:
    select = f"""WITH span AS ({_spans(terms)})
SELECT m.person_id, s.first_day AS period_start, s.last_day AS period_end, count(*) AS months
  FROM span AS s JOIN month AS m ON m.month BETWEEN s.first_day AND s.last_day{_counted(terms)}
  GROUP BY m.person_id, s.first_day, s.last_day"""
    return Query(
        select=select,
        columns={"person_id": _CODE, **_SPAN, "months": _COUNT},
        rows={"month": _months(terms)},
        key=("person_id",),
    )


def _candidate(terms: Terms) -> Query:
    """Who speaks for a person in each step, with the measures; one who is nobody too."""
    parts, rows = [], {"person": Rows(table="person", columns=("person_id", *_SPAN))}
    if terms.stating:
        steps = {f"stated_{place}": step for place, step in terms.stating}
        rows["month"] = _months(terms, **steps)
        parts += [_stated(terms, place, step) for place, step in terms.stating]
    head = ""
    if terms.counting:
        said = {f"counts_{place}": step.counts for place, step in terms.counting}
        formulas = {name: formula for name, formula in said.items() if formula is not None}
        if terms.to is not None:
            formulas["speaks_for"] = terms.to
        if terms.amount is not None:
            formulas["amount"] = terms.amount
        rows["claim"] = Rows(
            table="medical_claim", columns=("person_id",), formulas=formulas, day="service_day"
        )
        head = f"WITH measured AS ({_measured(terms)})\n"
        parts += [_counting(terms, place) for place, _ in terms.counting]
    return Query(
        select=head + "\nUNION ALL\n".join(parts),
        columns={
            "person_id": _CODE,
            **_SPAN,
            "step": _COUNT,
            terms.named: _CODE.with_null(),
            "basis": _basis(terms),
            "services": _COUNT,
            "visits": _COUNT,
            "latest": _DATE.with_null(),
            "unmeasured": _COUNT,
        },
        rows=rows,
    )


def _stated(terms: Terms, place: int, step: Step) -> str:
    order = "DESC" if step.is_last else "ASC"
    counted = " AND m.counted" if terms.members is not None else ""
    return f"""SELECT person_id, period_start, period_end, {place} AS step,
  stated AS {terms.named}, 0 AS basis, 0 AS services, 0 AS visits, CAST(NULL AS DATE) AS latest,
  0 AS unmeasured
  FROM (SELECT p.person_id, p.period_start, p.period_end, m.stated_{place} AS stated,
      row_number() OVER (PARTITION BY p.person_id, p.period_start ORDER BY m.month {order}) AS turn
    FROM person AS p JOIN month AS m ON m.person_id = p.person_id
      AND m.month BETWEEN p.period_start AND p.period_end
    WHERE m.stated_{place} IS NOT NULL{counted})
  WHERE turn = 1"""


def _measured(terms: Terms) -> str:
    """Write one pass over the claims that measures every step at once."""
    columns = []
    for place, _ in terms.counting:
        taken = f"FILTER (WHERE c.counts_{place})"
        columns += [
            f"count(*) {taken} AS services_{place}",
            f"count(DISTINCT c.service_day) {taken} AS visits_{place}",
            f"max(c.service_day) {taken} AS latest_{place}",
        ]
        if terms.amount is not None:
            columns += [
                f"coalesce(sum(c.amount) {taken}, 0) AS amount_{place}",
                f"count(*) {taken} - count(c.amount) {taken} AS unmeasured_{place}",
            ]
    first, last = "p.period_start", "p.period_end"
    if terms.window is not None:
        ends = terms.window.ends_months_before
        begins = ends + terms.window.months
        first = f"CAST(p.period_start - INTERVAL {begins} MONTH AS DATE)"
        last = f"CAST(p.period_start - INTERVAL {ends} MONTH - INTERVAL 1 DAY AS DATE)"
    counts = " OR ".join(f"c.counts_{place}" for place, _ in terms.counting)
    return f"""SELECT p.person_id, p.period_start, p.period_end, c.speaks_for,
    {", ".join(columns)}
  FROM claim AS c JOIN person AS p ON p.person_id = c.person_id
    AND c.service_day BETWEEN {first} AND {last}
  WHERE {counts}
  GROUP BY p.person_id, p.period_start, p.period_end, c.speaks_for"""


def _counting(terms: Terms, place: int) -> str:
    basis = f"{terms.measure}_{place}"
    unmeasured = f"unmeasured_{place}" if terms.amount is not None else "0"
    return f"""SELECT person_id, period_start, period_end, {place} AS step,
  speaks_for AS {terms.named}, {basis} AS basis, services_{place} AS services,
  visits_{place} AS visits, latest_{place} AS latest, {unmeasured} AS unmeasured
  FROM measured WHERE services_{place} > 0"""


def _qualifies(terms: Terms) -> str:
    """Write whether a candidate may have a person: it is somebody, with enough services."""
    enough = " ".join(f"WHEN {place} THEN {step.minimum}" for place, step in terms.counting)
    least = f"CASE c.step {enough} ELSE 0 END" if enough else "0"
    return f"c.{terms.named} IS NOT NULL AND c.services >= {least}"


def _named_step(terms: Terms) -> str:
    names = " ".join(f"WHEN {place} THEN '{step.name}'" for place, step in enumerate(terms.steps))
    return f"CASE step {names} END"


def _member(terms: Terms) -> Query:
    ties = "".join(f", {tie} DESC" for tie in terms.ties)
    window = f"(PARTITION BY person_id, period_start ORDER BY basis DESC{ties}, {terms.named})"
    seconds = "".join(f", lead({tie}) OVER {window} AS second_{tie}" for tie in terms.ties)
    decided = "".join(f" WHEN {tie} <> second_{tie} THEN '{tie}'" for tie in terms.ties)
    states = ", ".join(str(place) for place, _ in terms.stating)
    stated = f"WHEN step IN ({states}) THEN 'stated' " if states else ""
    select = f"""WITH qualified AS (
  SELECT c.*, p.months, min(c.step) OVER (PARTITION BY c.person_id, c.period_start) AS first_step
    FROM candidate AS c
    JOIN person AS p ON p.person_id = c.person_id AND p.period_start = c.period_start
    WHERE p.months >= {terms.minimum_months} AND {_qualifies(terms)}),
ranked AS (
  SELECT *, row_number() OVER {window} AS turn, lead({terms.named}) OVER {window} AS second,
    lead(basis) OVER {window} AS second_basis{seconds}
    FROM qualified WHERE step = first_step)
SELECT person_id, period_start, period_end, {terms.named}, {_named_step(terms)} AS step, basis,
  services, visits, latest, second, second_basis,
  CASE {stated}WHEN second IS NULL THEN 'alone' WHEN basis <> second_basis THEN '{terms.measure}'
    {decided} ELSE 'id' END AS decided_by, months
  FROM ranked WHERE turn = 1"""
    basis = _basis(terms)
    return Query(
        select=select,
        columns={
            "person_id": _CODE,
            **_SPAN,
            terms.named: _CODE,
            "step": _CODE,
            "basis": basis,
            "services": _COUNT,
            "visits": _COUNT,
            "latest": _DATE.with_null(),
            "second": _CODE.with_null(),
            "second_basis": basis.with_null(),
            "decided_by": _CODE,
            "months": _COUNT,
        },
        rows={
            "candidate": Rows(
                table="candidate",
                columns=(
                    "person_id",
                    *_SPAN,
                    "step",
                    terms.named,
                    "basis",
                    "services",
                    "visits",
                    "latest",
                ),
            ),
            "person": Rows(table="person", columns=("person_id", "period_start", "months")),
        },
        key=("person_id",),
    )


def _unattributed(terms: Terms) -> Query:
    counting = ", ".join(str(place) for place, _ in terms.counting)
    # Of who is stated nothing is asked but that; where services count too, their lack is said.
    nobody = "no_service" if terms.counting else "not_stated"
    services = f"count(*) FILTER (WHERE c.step IN ({counting}))" if counting else "0"
    select = f"""WITH spoken AS (
  SELECT c.person_id, c.period_start, {services} AS services,
    count(c.{terms.named}) AS somebody
    FROM candidate AS c GROUP BY c.person_id, c.period_start)
SELECT p.person_id, p.period_start, p.period_end,
  CASE WHEN p.months < {terms.minimum_months} THEN 'too_few_months'
    WHEN coalesce(s.services, 0) = 0 THEN '{nobody}'
    WHEN s.somebody = 0 THEN 'no_provider' ELSE 'below_minimum' END AS reason, p.months
  FROM person AS p
  LEFT JOIN spoken AS s ON s.person_id = p.person_id AND s.period_start = p.period_start
  LEFT JOIN member AS m ON m.person_id = p.person_id AND m.period_start = p.period_start
  WHERE m.person_id IS NULL"""
    return Query(
        select=select,
        columns={"person_id": _CODE, **_SPAN, "reason": _CODE, "months": _COUNT},
        rows={
            "candidate": Rows(
                table="candidate", columns=("person_id", "period_start", "step", terms.named)
            ),
            "person": Rows(table="person", columns=("person_id", *_SPAN, "months")),
            "member": Rows(table="member", columns=("person_id", "period_start")),
        },
        key=("person_id",),
    )


def _month(terms: Terms) -> Query:
    select = f"""SELECT m.person_id, m.month, m.fraction, a.period_start, a.period_end,
  a.{terms.named}
  FROM month AS m JOIN member AS a ON a.person_id = m.person_id
    AND m.month BETWEEN a.period_start AND a.period_end{_counted(terms)}"""
    return Query(
        select=select,
        columns={
            "person_id": _CODE,
            "month": _DATE,
            "fraction": Type.of(Kind.RATE),
            **_SPAN,
            terms.named: _CODE,
        },
        rows={
            "month": _months(terms),
            "member": Rows(table="member", columns=("person_id", *_SPAN, terms.named)),
        },
        key=("person_id", "month"),
    )
