"""Finding episodes: claims that trigger one, stays of several claims, and which of them open."""

from typing import Final

from rules_engine import Formula, Kind, Query, Rows, Type
from rules_engine_bundled_episode.terms import EpisodeType, Terms

__all__ = [
    "BOOLEAN",
    "CODE",
    "COUNT",
    "DATE",
    "LINE_KEY",
    "OPENED",
    "WITHIN",
    "after",
    "candidate",
    "claim",
    "days_later",
    "opened",
    "service_rows",
    "spans",
    "within",
]

CODE: Final = Type.of(Kind.CODE)
DATE: Final = Type.of(Kind.DATE)
COUNT: Final = Type.of(Kind.COUNT)
BOOLEAN: Final = Type.of(Kind.BOOLEAN)
LINE_KEY: Final = ("claim_id", "claim_line_number")
_NO_DAY: Final = "CAST(NULL AS DATE)"

_CANDIDATE: Final = {
    "episode_id": CODE,
    "episode_type": CODE,
    "place": COUNT,
    "person_id": CODE,
    "trigger_claim_id": CODE,
    "trigger_code": CODE.with_null(),
    "trigger_provider": CODE.with_null(),
    "trigger_day": DATE.with_null(),
    "admission_day": DATE.with_null(),
    "discharge_day": DATE.with_null(),
    "first_day": DATE.with_null(),
    "last_day": DATE.with_null(),
    "busy_through": DATE.with_null(),
    "refused": CODE.with_null(),
}
OPENED: Final = {
    name: DATE if name in {"trigger_day", "first_day", "last_day"} else type_
    for name, type_ in _CANDIDATE.items()
    if name not in {"busy_through", "refused"}
} | {"period_start": DATE.with_null(), "period_end": DATE.with_null()}
"""Columns of an opened episode; it belongs to a period, or to none."""

WITHIN: Final = {**OPENED, "period_start": DATE, "period_end": DATE}
"""Columns of an episode that belongs to a period."""

_FOUND: Final = tuple(name for name in OPENED if name not in {"period_start", "period_end"})


def days_later(day: str, days: int) -> str:
    """Write a day some days after another, or before it."""
    if not days:
        return day
    sign = "+" if days > 0 else "-"
    return f"CAST({day} {sign} INTERVAL {abs(days)} DAY AS DATE)"


def service_rows(terms: Terms, *columns: str, **more: Formula) -> Rows:
    """Give the lines with their `service_day`, whom they speak for, and other formulas."""
    formulas = {"speaks_for": terms.provider, **more}
    if "service" in terms.days:
        formulas["service_day"] = terms.days["service"]
        return Rows(table="medical_claim", columns=columns, formulas=formulas)
    return Rows(table="medical_claim", columns=columns, formulas=formulas, day="service_day")


def after(terms: Terms) -> tuple[dict[str, Rows], str]:
    """Give the lines that are in bundles of rules that come first, as rows and as a SELECT."""
    rows = {
        f"earlier_{place}": Rows(table=table, columns=(*LINE_KEY, "status"))
        for place, table in enumerate(terms.after)
    }
    key = ", ".join(LINE_KEY)
    parts = (f"SELECT {key} FROM {name} WHERE status = 'bundle'" for name in rows)
    return rows, " UNION ".join(parts)


def claim(terms: Terms) -> Query:
    """Of each claim that is a stay, or triggers an episode: its days, and what it triggers."""
    formulas = {
        "admission": terms.days["admission"],
        "discharge": terms.days["discharge"],
        "speaks_for": terms.provider,
    }
    formulas |= {f"triggers_{k}": one.trigger for k, one in enumerate(terms.types)}
    if "procedure" in terms.days:
        formulas["procedure_day"] = terms.days["procedure"]
    if terms.code is not None:
        formulas["code"] = terms.code
    asked = [f"triggers_{k}" for k in range(len(terms.types))]
    stay = transferred = "false"
    if terms.stays is not None:
        formulas["is_stay"] = terms.stays.when
        asked.append("is_stay")
        stay = "count(*) FILTER (WHERE l.is_stay) > 0"
        transferred = "true"
        if terms.stays.transferred is not None:
            formulas["is_transferred"] = terms.stays.transferred
            transferred = "count(*) FILTER (WHERE l.is_transferred) > 0"
    columns = {
        "person_id": CODE,
        "claim_id": CODE,
        "admission": DATE.with_null(),
        "discharge": DATE.with_null(),
        "is_stay": BOOLEAN,
        "is_transferred": BOOLEAN,
    }
    parts = []
    for k in range(len(terms.types)):
        taken = f"FILTER (WHERE l.triggers_{k})"
        code = f"min(l.code) {taken}" if terms.code is not None else "CAST(NULL AS VARCHAR)"
        day = f"min(l.procedure_day) {taken}" if "procedure" in terms.days else _NO_DAY
        parts.append(
            f"count(*) {taken} > 0 AS triggers_{k}, {code} AS code_{k},"
            f" min(l.speaks_for) {taken} AS provider_{k}, {day} AS procedure_{k}"
        )
        columns |= {
            f"triggers_{k}": BOOLEAN,
            f"code_{k}": CODE.with_null(),
            f"provider_{k}": CODE.with_null(),
            f"procedure_{k}": DATE.with_null(),
        }
    triggers = ",\n  ".join(parts)
    select = f"""WITH asked AS (
  SELECT DISTINCT person_id, claim_id FROM line WHERE {" OR ".join(asked)})
SELECT l.person_id, l.claim_id, min(l.admission) AS admission, max(l.discharge) AS discharge,
  {stay} AS is_stay, {transferred} AS is_transferred,
  {triggers}
  FROM line AS l JOIN asked AS a ON a.person_id = l.person_id AND a.claim_id = l.claim_id
  GROUP BY l.person_id, l.claim_id"""
    rows = Rows(table="medical_claim", columns=("person_id", "claim_id"), formulas=formulas)
    return Query(select=select, columns=columns, rows={"line": rows})


def candidate(terms: Terms) -> Query:
    """Every trigger: a stay and a type, with its window; and why it is refused, if it is."""
    rows, bundled = after(terms)
    columns = ["person_id", "claim_id", "admission", "discharge", "is_stay", "is_transferred"]
    for k in range(len(terms.types)):
        columns += [f"{name}_{k}" for name in ("triggers", "code", "provider", "procedure")]
    rows["claim"] = Rows(table="claim", columns=tuple(columns))
    order = "DESC" if terms.stays is not None and terms.stays.is_last else "ASC"
    by = ", ".join(f"{name} {order}" for name in ("admission", "discharge", "claim_id"))
    triggers = "\n  UNION ALL ".join(_of_type(k, one) for k, one in enumerate(terms.types))
    head = f"earlier AS ({bundled}),\n" if bundled else ""
    elsewhere = ""
    if bundled:
        elsewhere = "WHEN claim_id IN (SELECT claim_id FROM earlier) THEN 'other_bundle' "
    select = f"""WITH {head}{_stays(terms)},
triggering AS (
  {triggers}),
chosen AS (
  SELECT *, row_number() OVER (
    PARTITION BY person_id, stay, alone, episode_type ORDER BY {by}) AS turn FROM triggering)
SELECT claim_id || '/' || episode_type AS episode_id, episode_type, place, person_id,
  claim_id AS trigger_claim_id, trigger_code, trigger_provider, trigger_day, admission_day,
  discharge_day, first_day, last_day, busy_through,
  CASE WHEN first_day IS NULL OR last_day IS NULL OR discharge_day < admission_day
      OR last_day < trigger_day THEN 'no_days' {elsewhere}END AS refused
  FROM chosen WHERE turn = 1"""
    return Query(select=select, columns=_CANDIDATE, rows=rows, key=("episode_id",))


def _stays(terms: Terms) -> str:
    """Write the claims with the stay that each belongs to, and its days."""
    valid = "is_stay AND admission IS NOT NULL AND discharge IS NOT NULL AND discharge >= admission"
    order = "PARTITION BY person_id ORDER BY admission, discharge, claim_id"
    joins = days_later("latest", terms.stays.gap_days if terms.stays is not None else 0)
    return f"""followed AS (
  SELECT *, max(discharge) OVER (
    {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest,
    lag(is_transferred) OVER ({order}) AS is_joined
    FROM claim WHERE {valid}),
begun AS (
  SELECT *, CASE WHEN is_joined AND admission <= {joins} THEN 0 ELSE 1 END AS begins
    FROM followed),
numbered AS (
  SELECT *, sum(begins) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS stay
    FROM begun),
stayed AS (
  SELECT *, min(admission) OVER (PARTITION BY person_id, stay) AS admission_day,
    max(discharge) OVER (PARTITION BY person_id, stay) AS discharge_day FROM numbered),
single AS (
  SELECT * FROM claim WHERE NOT ({valid}) OR ({valid}) IS NULL)"""


def _of_type(place: int, one: EpisodeType) -> str:
    """Write the claims of both sorts that trigger one type, with the window of each."""
    day = {"procedure": f"procedure_{place}"}
    parts = []
    for source, stay, alone, first, last in (
        ("stayed", "stay", "''", "admission_day", "discharge_day"),
        ("single", "0", "claim_id", "admission", "discharge"),
    ):
        days = {**day, "admission": first, "discharge": last}
        begins, ends = days[one.begins], days[one.ends]
        closes = days_later(ends, one.days_after)
        parts.append(
            f"SELECT '{one.name}' AS episode_type, {place} AS place, person_id, claim_id,"
            f" admission, discharge, {stay} AS stay, {alone} AS alone,"
            f" code_{place} AS trigger_code, provider_{place} AS trigger_provider,"
            f" {begins} AS trigger_day,"
            f" {first} AS admission_day, {last} AS discharge_day,"
            f" {days_later(begins, -one.days_before)} AS first_day, {closes} AS last_day,"
            f" {days_later(ends, one.days_after + one.clean_days)} AS busy_through"
            f"\n    FROM {source} WHERE triggers_{place}"
        )
    return "\n  UNION ALL ".join(parts)


def opened(terms: Terms) -> Query:
    """The triggers that open an episode, each with the period that it belongs to."""
    columns = tuple(name for name in _CANDIDATE if name != "refused")
    rows = {"candidate": Rows(table="candidate", columns=(*columns, "refused"))}
    lane = "episode_type" if terms.one_a_type else "''"
    head = f"""free AS MATERIALIZED (
  SELECT *, {lane} AS lane FROM candidate WHERE refused IS NULL)"""
    if terms.restarts:
        parts, found = _restarting()
    elif terms.by_type and not terms.one_a_type:
        parts, found = _by_type(len(terms.types))
    else:
        parts, found = _chain("free", ""), _listed("free", "")
    own = ", ".join(f"o.{name}" for name in _FOUND)
    select = f"""WITH RECURSIVE {head},
{parts},
found AS (
{found}),
span AS ({spans(terms)})
SELECT {own}, s.first_day AS period_start, s.last_day AS period_end
  FROM found AS o LEFT JOIN span AS s ON o.{terms.belongs_by} BETWEEN s.first_day AND s.last_day"""
    return Query(select=select, columns=OPENED, rows=rows, key=("episode_id",))


def _chain(source: str, suffix: str) -> str:
    """Write which of some triggers open, each after the one before it is over.

    From each trigger to the first one after the days that it occupies; who is reached from the
    first trigger of all, opens.
    """
    return f"""ranked{suffix} AS MATERIALIZED (
  SELECT person_id, lane, episode_id, trigger_day, busy_through, row_number() OVER (
    PARTITION BY person_id, lane ORDER BY trigger_day, place, trigger_claim_id) AS turn
    FROM {source}),
next{suffix} AS MATERIALIZED (
  SELECT a.person_id, a.lane, a.turn, min(b.turn) AS following
    FROM ranked{suffix} AS a JOIN ranked{suffix} AS b
      ON b.person_id = a.person_id AND b.lane = a.lane AND b.trigger_day > a.busy_through
    GROUP BY a.person_id, a.lane, a.turn),
chain{suffix} AS (
  SELECT person_id, lane, turn FROM ranked{suffix} WHERE turn = 1
  UNION ALL
  SELECT n.person_id, n.lane, n.following FROM chain{suffix} AS c JOIN next{suffix} AS n
    ON n.person_id = c.person_id AND n.lane = c.lane AND n.turn = c.turn)"""


def _listed(source: str, suffix: str) -> str:
    columns = ", ".join(f"s.{name}" for name in _FOUND)
    return f"""SELECT {columns}
  FROM chain{suffix} AS c
  JOIN ranked{suffix} AS r ON r.person_id = c.person_id AND r.lane = c.lane AND r.turn = c.turn
  JOIN {source} AS s ON s.episode_id = r.episode_id"""


def _by_type(types: int) -> tuple[str, str]:
    """Write the triggers that open where each type comes before the next one."""
    parts = []
    for k in range(types):
        free = f"FROM free AS f WHERE f.place = {k}"
        if k:
            before = " UNION ALL ".join(
                f"SELECT r.person_id, r.trigger_day, r.busy_through FROM chain_{n} AS c"
                f" JOIN ranked_{n} AS r ON r.person_id = c.person_id AND r.lane = c.lane"
                f" AND r.turn = c.turn"
                for n in range(k)
            )
            parts.append(f"busy_{k} AS MATERIALIZED (\n  {before})")
            free = f"""FROM free AS f WHERE f.place = {k} AND f.episode_id NOT IN (
    SELECT g.episode_id FROM free AS g JOIN busy_{k} AS b ON b.person_id = g.person_id
      AND b.trigger_day <= g.busy_through AND g.trigger_day <= b.busy_through)"""
        parts.append(f"free_{k} AS MATERIALIZED (\n  SELECT f.* {free})")
        parts.append(_chain(f"free_{k}", f"_{k}"))
    listed = "\nUNION ALL\n".join(_listed(f"free_{k}", f"_{k}") for k in range(types))
    return ",\n".join(parts), listed


def _restarting() -> tuple[str, str]:
    """Write the triggers of which no next one comes before they are over."""
    parts = """once AS (
  SELECT *, row_number() OVER (
    PARTITION BY person_id, lane, trigger_day ORDER BY place, trigger_claim_id) AS turn FROM free),
led AS (
  SELECT *, lead(trigger_day) OVER (PARTITION BY person_id, lane ORDER BY trigger_day) AS again
    FROM once WHERE turn = 1)"""
    return parts, f"SELECT {', '.join(_FOUND)} FROM led WHERE again IS NULL OR again > last_day"


def spans(terms: Terms) -> str:
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


def within(terms: Terms) -> Query:
    """The opened episodes that belong to a period: of them alone the contract is asked."""
    del terms
    return Query(
        select=f"SELECT {', '.join(WITHIN)} FROM opened WHERE period_start IS NOT NULL",
        columns=WITHIN,
        rows={"opened": Rows(table="opened", columns=tuple(OPENED))},
        key=("episode_id",),
    )
