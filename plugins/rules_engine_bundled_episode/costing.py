"""Costing episodes: who answers for one, what it cost, where that is cut, and the tables of all."""

from fractions import Fraction
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
    service_rows,
    spans,
)
from rules_engine_bundled_episode.terms import Limit, Terms
from rules_engine_bundled_episode.types import AMOUNT, TOTAL

__all__ = ["answered", "cost", "cut", "episode", "service", "trigger"]

_SCORE: Final = Type.of(Kind.FACTOR)
_ANSWERED: Final = {**WITHIN, "provider": CODE, "risk_score": _SCORE}
_SIDES: Final = ("above", "below")
_NOTHING: Final = "CAST(NULL AS DECIMAL(18, 2))"


def answered(terms: Terms) -> Query:
    """The episodes that somebody answers for."""
    formulas = {} if terms.stated is None else {"stated": terms.stated}
    rows = {"kept": Rows(table="kept", columns=(*WITHIN, "risk_score"), formulas=formulas)}
    head, join, provider = "", "", "k.trigger_provider"
    if terms.stated is not None:
        provider = "k.stated"
    elif terms.plurality is not None:
        provider = "m.speaks_for"
        head = """WITH summed AS (
  SELECT episode_id, speaks_for, sum(amount) AS amount, count(*) AS lines
    FROM placed WHERE reason IS NULL AND counts AND speaks_for IS NOT NULL
    GROUP BY episode_id, speaks_for),
most AS (
  SELECT episode_id, speaks_for, row_number() OVER (
    PARTITION BY episode_id ORDER BY amount DESC, lines DESC, speaks_for) AS turn FROM summed)
"""
        join = " LEFT JOIN most AS m ON m.episode_id = k.episode_id AND m.turn = 1"
        rows["placed"] = Rows(
            table="placed", columns=("episode_id", "speaks_for", "amount", "counts", "reason")
        )
    own = ", ".join(f"k.{name}" for name in (*WITHIN, "risk_score"))
    select = f"""{head}SELECT {own}, {provider} AS provider
  FROM kept AS k{join} WHERE {provider} IS NOT NULL"""
    return Query(select=select, columns=_ANSWERED, rows=rows, key=("episode_id",))


def cost(terms: Terms) -> Query:
    """What each of them cost, what it may cost, and the limits that formulas give."""
    formulas = {}
    if terms.reconcile is not None:
        formulas["target"] = terms.reconcile.target
    for side, limit in _limits(terms):
        if limit.amount is not None:
            formulas[side] = limit.amount
    wanted = ", ".join(
        f"CAST(a.{name} AS DECIMAL(18, 2)) AS {called}"
        if name in formulas
        else f"{_NOTHING} AS {called}"
        for name, called in (("target", "target_amount"), ("above", "above"), ("below", "below"))
    )
    select = f"""WITH bundled AS (
  SELECT episode_id, sum(amount) AS bundle_amount, sum(prorated_amount) AS prorated_amount
    FROM placed WHERE reason IS NULL GROUP BY episode_id)
SELECT a.episode_id, a.episode_type, a.period_start, a.provider, {wanted},
  CAST(coalesce(b.bundle_amount, 0) AS DECIMAL(18, 2)) AS bundle_amount,
  CAST(coalesce(b.prorated_amount, 0) AS DECIMAL(18, 2)) AS prorated_amount,
  CAST(coalesce(b.bundle_amount - b.prorated_amount, 0) AS DECIMAL(18, 2)) AS spent_amount
  FROM answered AS a LEFT JOIN bundled AS b ON b.episode_id = a.episode_id"""
    columns = ("episode_id", "episode_type", "period_start", "provider")
    return Query(
        select=select,
        columns={
            "episode_id": CODE,
            "episode_type": CODE,
            "period_start": DATE,
            "provider": CODE,
            "target_amount": TOTAL.with_null(),
            "above": TOTAL.with_null(),
            "below": TOTAL.with_null(),
            "bundle_amount": TOTAL,
            "prorated_amount": TOTAL,
            "spent_amount": TOTAL,
        },
        rows={
            "answered": Rows(table="answered", columns=columns, formulas=formulas),
            "placed": Rows(
                table="placed", columns=("episode_id", "amount", "prorated_amount", "reason")
            ),
        },
        key=("episode_id",),
    )


def _limits(terms: Terms) -> list[tuple[str, Limit]]:
    found = ((side, getattr(terms, side)) for side in _SIDES)
    return [(side, limit) for side, limit in found if limit is not None]


def cut(terms: Terms) -> Query:
    """The limits of each type and period that are found among its episodes."""
    made: dict[str, str] = dict.fromkeys(_SIDES, _NOTHING)
    parts, joins = [], ""
    for side, limit in _limits(terms):
        if limit.percentile is not None:
            share = limit.percentile
            made[side] = (
                f"min(CASE WHEN r.turn * {share.denominator} >= r.episodes * {share.numerator}"
                " THEN r.spent_amount END)"
            )
        elif limit.deviations is not None:
            parts.append(_deviating(side, limit.deviations))
            joins += (
                f"\n  JOIN found_{side} AS f_{side} ON f_{side}.episode_type = r.episode_type"
                f" AND f_{side}.period_start = r.period_start"
            )
            made[side] = f"max(f_{side}.amount)"
    deviating = "".join(f",\n{part}" for part in parts)
    priced = "WHERE target_amount IS NOT NULL" if terms.reconcile is not None else ""
    select = f"""WITH RECURSIVE ranked AS (
  SELECT episode_type, period_start, spent_amount,
    CAST(spent_amount * 100 AS HUGEINT) AS cents, row_number() OVER (
      PARTITION BY episode_type, period_start ORDER BY spent_amount) AS turn,
    count(*) OVER (PARTITION BY episode_type, period_start) AS episodes FROM cost {priced}),
grouped AS (
  SELECT episode_type, period_start, CAST(count(*) AS HUGEINT) AS episodes,
    CAST(sum(cents) AS HUGEINT) AS whole, CAST(sum(cents * cents) AS HUGEINT) AS squares
    FROM ranked GROUP BY episode_type, period_start){deviating}
SELECT r.episode_type, r.period_start, {made["above"]} AS above, {made["below"]} AS below
  FROM ranked AS r{joins} GROUP BY r.episode_type, r.period_start"""
    return Query(
        select=select,
        columns={
            "episode_type": CODE,
            "period_start": DATE,
            "above": TOTAL.with_null(),
            "below": TOTAL.with_null(),
        },
        rows={
            "cost": Rows(
                table="cost",
                columns=("episode_type", "period_start", "spent_amount", "target_amount"),
            )
        },
    )


def _deviating(side: str, deviations: Fraction) -> str:
    """Write the mean of each group, and some standard deviations more or less, in whole numbers.

    With n amounts of the sum S and the sum of squares Q, the mean is S / n and the deviation is
    the root of (nQ - S²) / n². The root is found bit by bit: the largest whole number whose square
    is not more; what comes after its point decides no cent that is rounded half up.
    """
    above, below = deviations.numerator, deviations.denominator
    root = "CASE WHEN r.root * r.root = r.square THEN r.root ELSE r.root + 1 END"
    moved = "+ r.root" if side == "above" else f"- ({root})"
    top = f"(2 * g.whole * {below} + g.episodes * {below} {moved})"
    bottom = f"(2 * g.episodes * {below})"
    return f"""root_{side} AS (
  SELECT episode_type, period_start,
    CAST({4 * above * above} * (episodes * squares - whole * whole) AS HUGEINT) AS square,
    CAST(0 AS HUGEINT) AS root, CAST(4611686018427387904 AS HUGEINT) AS bit FROM grouped
  UNION ALL
  SELECT episode_type, period_start, square,
    CASE WHEN (root + bit) * (root + bit) <= square THEN root + bit ELSE root END,
    CAST(bit AS HUGEINT) // 2 FROM root_{side} WHERE bit > 0),
found_{side} AS (
  SELECT g.episode_type, g.period_start, CAST(CAST(CASE WHEN {top} >= 0
      THEN CAST({top} AS HUGEINT) // CAST({bottom} AS HUGEINT)
      ELSE -(CAST({bottom} - 1 - {top} AS HUGEINT) // CAST({bottom} AS HUGEINT)) END
    AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(20, 2)) AS amount
    FROM grouped AS g JOIN root_{side} AS r ON r.episode_type = g.episode_type
      AND r.period_start = g.period_start AND r.bit = 0)"""


def episode(terms: Terms) -> Query:
    """Every opened episode: whose it is, whether it counts, and what it cost."""
    above = "coalesce(c.above, u.above)"
    below = "coalesce(c.below, u.below)"
    outlier = f"c.spent_amount > {above} OR c.spent_amount < {below}"
    reasons = "WHEN j.reason IS NOT NULL THEN j.reason WHEN c.episode_id IS NULL THEN 'no_provider'"
    if terms.reconcile is not None:
        reasons += " WHEN c.target_amount IS NULL THEN 'no_target'"
    actual = "c.spent_amount"
    if terms.outliers_go:
        reasons += f" WHEN {outlier} THEN 'cost_outlier'"
    else:
        actual = (
            f"CASE WHEN c.spent_amount > {above} THEN {above}"
            f" WHEN c.spent_amount < {below} THEN {below} ELSE c.spent_amount END"
        )
    # Who answers by its trigger is known of every episode, and else only of one with a bundle.
    by_trigger = terms.stated is None and terms.plurality is None
    answers = "j.trigger_provider" if by_trigger else "a.provider"
    days = ("period_start", "period_end")
    own = ", ".join(f"j.{name}" for name in OPENED if name not in {"place", *days})
    names = ", ".join(name for name in OPENED if name not in {"place", *days})
    amounts = ("bundle_amount", "prorated_amount", "spent_amount", "actual_amount")
    shown = ",\n  ".join(
        f"CASE WHEN reason IS NULL THEN {name} ELSE CAST(0 AS DECIMAL(18, 2)) END AS {name}"
        for name in amounts
    )
    select = f"""WITH told AS (
  SELECT {own}, j.period_start, j.period_end, j.risk_score, j.risk_factors,
    {answers} AS answers, c.target_amount, c.bundle_amount, c.prorated_amount, c.spent_amount,
    CAST({actual} AS DECIMAL(18, 2)) AS actual_amount,
    CASE {reasons} END AS reason
    FROM judged AS j
    LEFT JOIN answered AS a ON a.episode_id = j.episode_id
    LEFT JOIN cost AS c ON c.episode_id = j.episode_id
    LEFT JOIN cut AS u ON u.episode_type = c.episode_type AND u.period_start = c.period_start)
SELECT {names}, period_start, period_end, answers AS {terms.named},
  CASE WHEN reason IS NULL THEN 'counted' ELSE 'excluded' END AS status, reason,
  risk_score, risk_factors, target_amount,
  {shown},
  CASE WHEN reason IS NULL THEN CAST(spent_amount - actual_amount AS DECIMAL(18, 2))
    ELSE CAST(0 AS DECIMAL(18, 2)) END AS truncated_amount
  FROM told"""
    return Query(
        select=select,
        columns={
            **{name: type_ for name, type_ in OPENED.items() if name != "place"},
            terms.named: CODE.with_null(),
            "status": CODE,
            "reason": CODE.with_null(),
            "risk_score": _SCORE,
            "risk_factors": Type.of(Kind.TEXT),
            "target_amount": TOTAL.with_null(),
            **dict.fromkeys((*amounts, "truncated_amount"), TOTAL),
        },
        rows={
            "judged": Rows(
                table="judged", columns=(*OPENED, "reason", "risk_score", "risk_factors")
            ),
            "answered": Rows(table="answered", columns=("episode_id", "provider")),
            "cost": Rows(
                table="cost",
                columns=(
                    *("episode_id", "episode_type", "period_start", "target_amount", "above"),
                    *("below", "bundle_amount", "prorated_amount", "spent_amount"),
                ),
            ),
            "cut": Rows(table="cut", columns=("episode_type", "period_start", *_SIDES)),
        },
        key=("episode_id",),
    )


def service(terms: Terms) -> Query:
    """Every claim line: in which bundle it is, or why in none."""
    lines = service_rows(terms, "person_id", *LINE_KEY, amount=terms.amount)
    bundle = "p.reason IS NULL AND e.reason IS NULL"
    select = f"""SELECT l.claim_id, l.claim_line_number, l.person_id, l.service_day,
  l.speaks_for AS {terms.named}, CAST(coalesce(l.amount, 0) AS DECIMAL(18, 2)) AS amount,
  l.amount IS NULL AS is_unmeasured,
  CASE WHEN p.claim_id IS NULL THEN 'outside' WHEN {bundle} THEN 'bundle' ELSE 'excluded' END
    AS status,
  CASE WHEN p.claim_id IS NULL THEN CASE WHEN l.service_day IS NULL THEN 'no_day'
      ELSE 'no_episode' END
    WHEN {bundle} THEN CASE WHEN l.claim_id = e.trigger_claim_id THEN 'trigger'
      ELSE 'included' END
    ELSE coalesce(p.reason, 'episode_' || e.reason) END AS reason,
  p.episode_id,
  CASE WHEN p.claim_id IS NOT NULL AND {bundle} THEN p.prorated_amount
    ELSE CAST(0 AS DECIMAL(18, 2)) END AS prorated_amount
  FROM line AS l
  LEFT JOIN placed AS p ON p.claim_id = l.claim_id AND p.claim_line_number = l.claim_line_number
  LEFT JOIN episode AS e ON e.episode_id = p.episode_id"""
    return Query(
        select=select,
        columns={
            "claim_id": CODE,
            "claim_line_number": COUNT,
            "person_id": CODE,
            "service_day": DATE.with_null(),
            terms.named: CODE.with_null(),
            "amount": AMOUNT,
            "is_unmeasured": BOOLEAN,
            "status": CODE,
            "reason": CODE,
            "episode_id": CODE.with_null(),
            "prorated_amount": AMOUNT,
        },
        rows={
            "line": lines,
            "placed": Rows(
                table="placed", columns=(*LINE_KEY, "episode_id", "reason", "prorated_amount")
            ),
            "episode": Rows(table="episode", columns=("episode_id", "trigger_claim_id", "reason")),
        },
        key=LINE_KEY,
    )


def trigger(terms: Terms) -> Query:
    """Every trigger: whether it opened an episode, and why not."""
    lane = " AND o.episode_type = c.episode_type" if terms.one_a_type else ""
    days = ("trigger_day", "admission_day", "discharge_day", "first_day", "last_day")
    codes = ("episode_id", "episode_type", "person_id", "trigger_claim_id")
    names = (*codes, "trigger_code", "trigger_provider", *days)
    own = ", ".join(f"c.{name}" for name in names)
    if terms.restarts:
        suppressed = "CASE WHEN t.turn > 1 THEN 'same_day' ELSE 'restarted' END"
        by = f"c.person_id{', c.episode_type' if terms.one_a_type else ''}, c.trigger_day"
        head = f"""turning AS (
  SELECT c.episode_id, row_number() OVER (
    PARTITION BY {by} ORDER BY c.place, c.trigger_claim_id) AS turn
    FROM candidate AS c WHERE c.refused IS NULL)"""
    else:
        suppressed = "CASE WHEN t.turn > 0 THEN 'open_episode' ELSE 'clean_period' END"
        head = f"""turning AS (
  SELECT c.episode_id, count(*) AS turn FROM candidate AS c JOIN opened AS o
    ON o.person_id = c.person_id{lane} AND ({_before(terms)})
      AND c.trigger_day <= o.last_day AND o.trigger_day <= c.last_day
    WHERE c.refused IS NULL GROUP BY c.episode_id)"""
    day = f"coalesce(c.{terms.belongs_by}, c.trigger_day, c.discharge_day, c.admission_day)"
    select = f"""WITH span AS ({spans(terms)}),
{head}
SELECT {own}, s.first_day AS period_start, s.last_day AS period_end,
  coalesce(e.{terms.named}, c.trigger_provider) AS {terms.named},
  CASE WHEN c.refused IS NOT NULL THEN 'refused' WHEN e.episode_id IS NULL THEN 'suppressed'
    ELSE e.status END AS status,
  CASE WHEN c.refused IS NOT NULL THEN c.refused WHEN e.episode_id IS NULL THEN {suppressed}
    ELSE e.reason END AS reason
  FROM candidate AS c
  LEFT JOIN episode AS e ON e.episode_id = c.episode_id
  LEFT JOIN turning AS t ON t.episode_id = c.episode_id
  LEFT JOIN span AS s ON {day} BETWEEN s.first_day AND s.last_day"""
    return Query(
        select=select,
        columns={
            **dict.fromkeys(codes, CODE),
            **dict.fromkeys(("trigger_code", "trigger_provider"), CODE.with_null()),
            **dict.fromkeys((*days, "period_start", "period_end"), DATE.with_null()),
            terms.named: CODE.with_null(),
            "status": CODE,
            "reason": CODE.with_null(),
        },
        rows={
            "candidate": Rows(table="candidate", columns=(*names, "place", "refused")),
            "opened": Rows(
                table="opened",
                columns=(
                    *("episode_id", "episode_type", "place", "person_id", "trigger_claim_id"),
                    *("trigger_day", "last_day"),
                ),
            ),
            "episode": Rows(
                table="episode", columns=("episode_id", terms.named, "status", "reason")
            ),
        },
        key=("episode_id",),
    )


def _before(terms: Terms) -> str:
    """Write that an episode comes before a trigger, in the order in which they open."""
    names = ("trigger_day", "place", "trigger_claim_id")
    if terms.by_type:
        names = ("place", "trigger_day", "trigger_claim_id")
    ways = (
        " AND ".join((*(f"o.{same} = c.{same}" for same in names[:place]), f"o.{name} < c.{name}"))
        for place, name in enumerate(names)
    )
    return " OR ".join(ways)
