"""What a settlement reads of the derived tables: counts, sums, and the episodes that it pays."""

from collections.abc import Mapping
from typing import Final

from rules_engine import Kind, Query, Rows, Type
from rules_engine_bundled_episode.terms import Terms
from rules_engine_bundled_episode.types import AMOUNT, TOTAL

__all__ = ["experience"]

_CODE: Final = Type.of(Kind.CODE)
_COUNT: Final = Type.of(Kind.COUNT)
_OWNER: Final = {"entity": _CODE.with_null()}
_AMOUNTS: Final = ("bundle_amount", "prorated_amount", "truncated_amount", "actual_amount")


def experience(terms: Terms) -> Mapping[str, Query]:
    """Ask for triggers by what became of them, lines by where they belong, and episodes."""
    found = {"triggers": _triggers(), "lines": _lines(), "sums": _sums()}
    if terms.reconcile is not None or terms.thresholds is not None:
        found |= {"episodes": _episodes(), "told": _told(), "uncounted": _uncounted()}
    return found


def _triggers() -> Query:
    return Query(
        select="""SELECT t.entity, t.episode_type, t.status, t.reason, count(*) AS triggers
  FROM trigger AS t JOIN period AS p ON t.period_start = p.first_day
  GROUP BY t.entity, t.episode_type, t.status, t.reason""",
        columns={
            **_OWNER,
            "episode_type": _CODE,
            "status": _CODE,
            "reason": _CODE.with_null(),
            "triggers": _COUNT,
        },
        rows={
            "trigger": Rows(
                table="trigger",
                columns=("episode_type", "status", "reason", "period_start"),
                entity="entity",
            )
        },
    )


def _lines() -> Query:
    return Query(
        select="""SELECT s.entity, s.status, s.reason, count(*) AS lines,
  count(*) FILTER (WHERE s.is_unmeasured) AS unmeasured, sum(s.amount) AS amount
  FROM service AS s JOIN period AS p ON s.service_day BETWEEN p.first_day AND p.last_day
  GROUP BY s.entity, s.status, s.reason""",
        columns={
            **_OWNER,
            "status": _CODE,
            "reason": _CODE,
            "lines": _COUNT,
            "unmeasured": _COUNT,
            "amount": TOTAL,
        },
        rows={
            "service": Rows(
                table="service",
                columns=("status", "reason", "is_unmeasured", "amount", "service_day"),
                entity="entity",
            )
        },
    )


def _sums() -> Query:
    sums = ", ".join(f"sum(e.{name}) AS {name}" for name in _AMOUNTS)
    return Query(
        select=f"""SELECT e.entity, e.episode_type, count(*) AS episodes, {sums}
  FROM episode AS e JOIN period AS p ON e.period_start = p.first_day
  WHERE e.status = 'counted' GROUP BY e.entity, e.episode_type""",
        columns={
            **_OWNER,
            "episode_type": _CODE,
            "episodes": _COUNT,
            **dict.fromkeys(_AMOUNTS, TOTAL),
        },
        rows={
            "episode": Rows(
                table="episode",
                columns=("episode_type", "status", "period_start", *_AMOUNTS),
                entity="entity",
            )
        },
    )


def _episodes() -> Query:
    columns = {
        "episode_id": _CODE,
        "episode_type": _CODE,
        "person_id": _CODE,
        "first_day": Type.of(Kind.DATE),
        "last_day": Type.of(Kind.DATE),
        "risk_score": Type.of(Kind.FACTOR),
        "target_amount": TOTAL.with_null(),
        **dict.fromkeys(_AMOUNTS, TOTAL),
    }
    own = ", ".join(f"e.{name}" for name in columns)
    return Query(
        select=f"""SELECT e.entity, {own}
  FROM episode AS e JOIN period AS p ON e.period_start = p.first_day
  WHERE e.status = 'counted'""",
        columns={**_OWNER, **columns},
        rows={
            "episode": Rows(
                table="episode", columns=("status", "period_start", *columns), entity="entity"
            )
        },
    )


def _told() -> Query:
    """What is told of each line in the window of a counted episode."""
    columns = {
        "episode_id": _CODE,
        "claim_id": _CODE,
        "claim_line_number": _COUNT,
        "service_day": Type.of(Kind.DATE).with_null(),
        "status": _CODE,
        "reason": _CODE,
        "amount": AMOUNT,
        "prorated_amount": AMOUNT,
    }
    own = ", ".join(f"s.{name}" for name in columns)
    return Query(
        select=f"""SELECT e.entity, {own}
  FROM service AS s JOIN episode AS e ON e.episode_id = s.episode_id
  JOIN period AS p ON e.period_start = p.first_day
  WHERE e.status = 'counted'""",
        columns={**_OWNER, **columns},
        rows={
            "service": Rows(table="service", columns=tuple(columns)),
            "episode": Rows(
                table="episode", columns=("episode_id", "status", "period_start"), entity="entity"
            ),
        },
    )


def _uncounted() -> Query:
    """Each trigger of the period that is not paid, and why."""
    columns = {
        "episode_id": _CODE,
        "episode_type": _CODE,
        "trigger_day": Type.of(Kind.DATE).with_null(),
        "status": _CODE,
        "reason": _CODE.with_null(),
    }
    own = ", ".join(f"t.{name}" for name in columns)
    return Query(
        select=f"""SELECT t.entity, {own}
  FROM trigger AS t JOIN period AS p ON t.period_start = p.first_day
  WHERE t.status <> 'counted'""",
        columns={**_OWNER, **columns},
        rows={
            "trigger": Rows(table="trigger", columns=("period_start", *columns), entity="entity")
        },
    )
