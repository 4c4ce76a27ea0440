"""Placing lines: which lines stand beside an episode, who is excluded, and what belongs to whom."""

from typing import Final

from rules_engine import Kind, Query, Rows, Type
from rules_engine_bundled_episode.finding import (
    BOOLEAN,
    CODE,
    COUNT,
    DATE,
    LINE_KEY,
    OPENED,
    WITHIN,
    after,
    days_later,
    service_rows,
)
from rules_engine_bundled_episode.schema import BESIDE
from rules_engine_bundled_episode.terms import Named, Terms
from rules_engine_bundled_episode.types import AMOUNT

__all__ = ["beside", "judged", "kept", "placed", "weighed"]

_KEY: Final = {"claim_id": CODE, "claim_line_number": COUNT}
_SCORE: Final = Type.of(Kind.FACTOR)
_WHOLE_SCORE: Final = 1_000_000
_WEIGHT_UNIT: Final = 10_000


def beside(terms: Terms) -> Query:
    """Each line with each episode that it stands beside, and how the two are related."""
    lines = service_rows(terms, "person_id", *LINE_KEY)
    columns = ("person_id", "episode_id", "place", "trigger_claim_id", "trigger_provider")
    days = ("trigger_day", "discharge_day", "first_day", "last_day")
    back = days_later("o.trigger_day", -terms.look_back_days)
    first = f"least(o.first_day, {back})" if terms.look_back_days else "o.first_day"
    select = f"""SELECT l.claim_id, l.claim_line_number, o.episode_id, o.place, o.episode_type,
  o.trigger_code, o.trigger_day, o.last_day, l.service_day,
  l.claim_id = o.trigger_claim_id AS is_trigger,
  date_diff('day', o.trigger_day, l.service_day) AS days_after_trigger,
  date_diff('day', o.discharge_day, l.service_day) AS days_after_discharge,
  coalesce(l.speaks_for = o.trigger_provider, false) AS at_trigger_provider,
  coalesce(l.service_day BETWEEN o.first_day AND o.last_day, false)
    OR l.claim_id = o.trigger_claim_id AS in_window
  FROM line AS l JOIN opened AS o ON o.person_id = l.person_id
    AND (l.service_day BETWEEN {first} AND o.last_day OR l.claim_id = o.trigger_claim_id)"""
    return Query(
        select=select,
        columns={
            **_KEY,
            "episode_id": CODE,
            "place": COUNT,
            **{name: Type.parse(said) for name, said in BESIDE.items()},
            "trigger_day": DATE,
            "last_day": DATE,
            "service_day": DATE.with_null(),
            "in_window": BOOLEAN,
        },
        rows={
            "line": lines,
            "opened": Rows(
                table="opened", columns=(*columns, "episode_type", "trigger_code", *days)
            ),
        },
    )


def _holds(terms: Terms) -> dict[str, Named]:
    """Give what is asked of lines beside an episode, by the column that answers."""
    asked = [(f"excludes_{k}", one) for k, one in enumerate(terms.exclusions)]
    asked += [(f"factor_{k}", one) for k, one in enumerate(terms.factors)]
    return {name: one for name, one in asked if one.line is not None}


def weighed(terms: Terms) -> Query:
    """Each line beside an episode: its amount, and what the contract says of the two."""
    formulas = {"amount": terms.amount, "speaks_for": terms.provider}
    if terms.includes is not None:
        formulas["includes"] = terms.includes
    formulas |= {f"leaves_{k}": one.line for k, one in enumerate(terms.excludes) if one.line}
    holds = _holds(terms)
    formulas |= {name: one.line for name, one in holds.items() if one.line}
    if terms.plurality is not None:
        formulas["counts"] = terms.plurality
    if "service_ends" in terms.days:
        formulas["service_ends"] = terms.days["service_ends"]
    rows, bundled = after(terms)
    left = " ".join(f"WHEN b.leaves_{k} THEN '{one.name}'" for k, one in enumerate(terms.excludes))
    includes = "coalesce(b.includes, false)" if terms.includes is not None else "true"
    flags = "".join(f",\n  coalesce(b.{name}, false) AS {name}" for name in holds)
    counts = "coalesce(b.counts, false)" if terms.plurality is not None else "false"
    columns = (*LINE_KEY, "episode_id", "place", "trigger_day", "last_day", "service_day")
    rows["pair"] = Rows(
        table="medical_claim", columns=(*columns, "in_window"), formulas=formulas, beside="beside"
    )
    head = f"WITH earlier AS ({bundled})\n" if bundled else ""
    join, other = "", "CAST(NULL AS VARCHAR)"
    if bundled:
        same = " AND ".join(f"e.{name} = b.{name}" for name in LINE_KEY)
        join = f"\n  LEFT JOIN earlier AS e ON {same}"
        other = "CASE WHEN e.claim_id IS NOT NULL THEN 'other_bundle' END"
    select = f"""{head}SELECT b.claim_id, b.claim_line_number, b.episode_id, b.place,
  b.trigger_day, b.in_window,
  CAST(coalesce(b.amount, 0) AS DECIMAL(18, 2)) AS amount, b.speaks_for,
  {_taken_away(terms)} AS prorated_amount, {counts} AS counts,
  {other} AS elsewhere,
  CASE {left} WHEN NOT {includes} THEN 'not_included' END AS left_out{flags}
  FROM pair AS b{join}"""
    return Query(
        select=select,
        columns={
            **_KEY,
            "episode_id": CODE,
            "place": COUNT,
            "trigger_day": DATE,
            "in_window": BOOLEAN,
            "amount": AMOUNT,
            "speaks_for": CODE.with_null(),
            "prorated_amount": AMOUNT,
            "counts": BOOLEAN,
            "elsewhere": CODE.with_null(),
            "left_out": CODE.with_null(),
            **dict.fromkeys(holds, BOOLEAN),
        },
        rows=rows,
    )


def _taken_away(terms: Terms) -> str:
    """Write what a service that ends after the window loses: amount less its days within.

    Rounded half away from zero to the cent, on whole cents and days.
    """
    if not terms.prorates or "service_ends" not in terms.days:
        return "CAST(0 AS DECIMAL(18, 2))"
    cents = "CAST(CAST(coalesce(b.amount, 0) AS DECIMAL(18, 2)) * 100 AS HUGEINT)"
    within = "CAST(date_diff('day', b.service_day, b.last_day) + 1 AS HUGEINT)"
    days = "CAST(date_diff('day', b.service_day, b.service_ends) + 1 AS HUGEINT)"
    kept = (
        f"sign({cents}) * (CAST(2 * abs({cents}) * {within} + {days} AS HUGEINT)"
        f" // CAST(2 * {days} AS HUGEINT))"
    )
    away = f"CAST(CAST({cents} - {kept} AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2))"
    return (
        "CASE WHEN b.service_day <= b.last_day AND b.service_ends > b.last_day"
        f" THEN {away} ELSE CAST(0 AS DECIMAL(18, 2)) END"
    )


def judged(terms: Terms) -> Query:
    """Each opened episode: why it is excluded, and its risk, as far as no cost decides it."""
    asks: dict[str, Named] = {f"excludes_{k}": one for k, one in enumerate(terms.exclusions)}
    asks |= {f"factor_{k}": one for k, one in enumerate(terms.factors)}
    whens = {name: one.when for name, one in asks.items() if one.when is not None}
    if terms.enrolment_through is not None:
        whens["enrolled_through"] = terms.enrolment_through
    rows = {
        "opened": Rows(table="opened", columns=tuple(OPENED)),
        "within": Rows(table="within", columns=("episode_id",), formulas=whens),
    }
    holds = _holds(terms)
    parts, joins = [], ""
    if holds:
        found = ", ".join(f"count(*) FILTER (WHERE {n}) > 0 AS {n}" for n in holds)
        parts.append(f"seen AS (SELECT episode_id, {found} FROM weighed GROUP BY episode_id)")
        rows["weighed"] = Rows(table="weighed", columns=("episode_id", *holds))
        joins += "\n    LEFT JOIN seen AS s ON s.episode_id = o.episode_id"
    if terms.enrolment is not None:
        parts.append(_enrolled(terms))
        rows["month"] = Rows(
            table="member_month",
            columns=("person_id", "month"),
            formulas={"counted": terms.enrolment},
        )
        joins += "\n    LEFT JOIN enrolled AS n ON n.episode_id = o.episode_id"
    side = {name: "i" if name in whens else "s" for name in asks}
    reasons = ["WHEN i.episode_id IS NULL THEN 'no_period'"]
    if terms.enrolment is not None:
        reasons.append("WHEN n.episode_id IS NULL THEN 'enrolment_gap'")
    reasons += [
        f"WHEN {side[f'excludes_{k}']}.excludes_{k} THEN '{one.name}'"
        for k, one in enumerate(terms.exclusions)
    ]
    reason = f"CASE {' '.join(reasons)} END"
    factors = "".join(
        f",\n    coalesce({side[f'factor_{k}']}.factor_{k}, false) AS factor_{k}"
        for k in range(len(terms.factors))
    )
    own = ", ".join(f"o.{name}" for name in OPENED)
    parts.append(f"""scored_0 AS (
  SELECT {own}, {reason} AS reason, CAST({_WHOLE_SCORE} AS HUGEINT) AS score, '' AS named{factors}
    FROM opened AS o LEFT JOIN within AS i ON i.episode_id = o.episode_id{joins})""")
    for k, one in enumerate(terms.factors):
        parts.append(_scored(terms, k, one))
    head = ",\n".join(parts)
    select = f"""WITH {head}
SELECT {", ".join(OPENED)}, reason,
  CAST(CAST(score AS DECIMAL(18, 0)) * 0.000001 AS DECIMAL(18, 6)) AS risk_score,
  named AS risk_factors
  FROM scored_{len(terms.factors)}"""
    return Query(
        select=select,
        columns={
            **OPENED,
            "reason": CODE.with_null(),
            "risk_score": _SCORE,
            "risk_factors": Type.of(Kind.TEXT),
        },
        rows=rows,
        key=("episode_id",),
    )


def _scored(terms: Terms, place: int, one: Named) -> str:
    """Write the score after one more factor, in millionths."""
    weight = int(one.weight * _WEIGHT_UNIT)
    score = f"score + {weight * _WHOLE_SCORE // _WEIGHT_UNIT}"
    if terms.multiplies:
        product = f"2 * score * {weight} + {_WEIGHT_UNIT}"
        score = f"CAST({product} AS HUGEINT) // {2 * _WEIGHT_UNIT}"
    others = "".join(f", factor_{k}" for k in range(place + 1, len(terms.factors)))
    columns = ", ".join((*OPENED, "reason"))
    listed = f"CASE WHEN named = '' THEN '{one.name}' ELSE named || ' {one.name}' END"
    return f"""scored_{place + 1} AS (
  SELECT {columns}, CASE WHEN factor_{place} THEN CAST({score} AS HUGEINT) ELSE score END AS score,
    CASE WHEN factor_{place} THEN {listed} ELSE named END AS named{others}
    FROM scored_{place})"""


def _enrolled(terms: Terms) -> str:
    """Write the episodes of whose months each is counted."""
    first = days_later("o.first_day", -terms.enrolment_days_before)
    through, source = "o.last_day", "opened AS o"
    if terms.enrolment_through is not None:
        through = "o.enrolled_through"
        source = """(SELECT e.episode_id, e.person_id, e.first_day,
      greatest(least(e.last_day, coalesce(w.enrolled_through, e.last_day)), e.first_day)
        AS enrolled_through
    FROM opened AS e JOIN within AS w ON w.episode_id = e.episode_id) AS o"""
    return f"""enrolled AS (
  SELECT o.episode_id FROM {source} JOIN month AS m ON m.person_id = o.person_id AND m.counted
    AND m.month BETWEEN CAST(date_trunc('month', {first}) AS DATE) AND {through}
    GROUP BY o.episode_id, o.first_day, {through}
    HAVING count(DISTINCT m.month) = 12 * (year({through}) - year({first}))
      + month({through}) - month({first}) + 1)"""


def kept(terms: Terms) -> Query:
    """The episodes that nothing has excluded yet."""
    del terms
    columns = (*WITHIN, "risk_score")
    return Query(
        select=f"SELECT {', '.join(columns)} FROM judged WHERE reason IS NULL",
        columns={**WITHIN, "risk_score": _SCORE},
        rows={"judged": Rows(table="judged", columns=(*columns, "reason"))},
        key=("episode_id",),
    )


def placed(terms: Terms) -> Query:
    """Each line in a window: the one episode that it is told of, in its bundle or not."""
    del terms
    select = """WITH told AS (
  SELECT w.claim_id, w.claim_line_number, w.episode_id, w.place, w.trigger_day, w.amount,
    w.prorated_amount, w.speaks_for, w.counts,
    CASE WHEN w.elsewhere IS NOT NULL THEN w.elsewhere
      WHEN j.reason IS NOT NULL THEN 'episode_' || j.reason ELSE w.left_out END AS reason
    FROM weighed AS w JOIN judged AS j ON j.episode_id = w.episode_id WHERE w.in_window),
ordered AS (
  SELECT *, row_number() OVER (
    PARTITION BY claim_id, claim_line_number
    ORDER BY CASE WHEN reason IS NULL THEN 0 ELSE 1 END, trigger_day, place, episode_id) AS turn
    FROM told)
SELECT claim_id, claim_line_number, episode_id, amount, prorated_amount, speaks_for, counts, reason
  FROM ordered WHERE turn = 1"""
    return Query(
        select=select,
        columns={
            **_KEY,
            "episode_id": CODE,
            "amount": AMOUNT,
            "prorated_amount": AMOUNT,
            "speaks_for": CODE.with_null(),
            "counts": BOOLEAN,
            "reason": CODE.with_null(),
        },
        rows={
            "weighed": Rows(
                table="weighed",
                columns=(
                    *LINE_KEY,
                    *("episode_id", "place", "trigger_day", "in_window", "amount"),
                    *("prorated_amount", "speaks_for", "counts", "elsewhere", "left_out"),
                ),
            ),
            "judged": Rows(table="judged", columns=("episode_id", "reason")),
        },
        key=LINE_KEY,
    )
