"""Member-months: one row for each person and month of enrolment, with the days that count."""

from typing import Final

from rules_engine.tables.integrity import FIRST_DAY, LAST_DAY

__all__ = ["ON_15", "enrolled_through", "member_months"]

_ATTRIBUTES: Final = ("party", "product", "birth_date", "sex", "region", "risk_score")
ON_15: Final = ("enrolled_on_15", "party_on_15")
"""What is told of the 15th of a month; derived where somebody asks for it."""

# An end this long after the last enrolment stands for `not ended`: 2099-12-31, 9999-12-31.
_OPEN_YEARS: Final = 10


def enrolled_through(eligibility: str) -> str:
    """Write the query that gives the last day that enrolment is counted through, if nobody says it.

    It is the last day of the year of the latest enrolment, or the latest end if that is later; an
    end more than ten years after the latest enrolment stands for one that is not known.

    Args:
        eligibility: SQL name of the enrolment spans.
    """
    return (
        f"WITH latest AS (SELECT max(enrollment_start_date) AS day FROM {eligibility})"
        " SELECT greatest(make_date(year(max(day)), 12, 31), coalesce(max(enrollment_end_date)"
        f" FILTER (year(enrollment_end_date) <= year(day) + {_OPEN_YEARS}), {FIRST_DAY}))"
        f" FROM {eligibility}, latest"
    )


def member_months(
    eligibility: str,
    roster: str | None,
    through: str,
    *,
    first: str = FIRST_DAY,
    last: str = LAST_DAY,
    on_15: bool = False,
) -> str:
    """Write the query that derives member-months from enrolment.

    Spans that overlap count their days once. What a person is (product, region, risk score) is
    what the span says that covers the first enrolled day of the month; of two, the one that began
    later. Age is in whole years on the first day of the month. The party is the roster's on the
    first enrolled day where there is a roster, and the span's where there is none.

    Args:
        eligibility: SQL name of the enrolment spans.
        roster: SQL name of the roster, or None.
        through: SQL of the last day that counts; spans without an end go on to it.
        first: SQL of a day in the first month that somebody reads.
        last: SQL of a day in the last month that somebody reads.
        on_15: Whether to tell who is enrolled on the 15th and whose member that is: of spans that
            overlap, the one that began later says it, where there is no roster.
    """
    attributes = ", ".join(_ATTRIBUTES)
    party, join = "d.party", ""
    if roster is not None:
        party = "r.party"
        join = (
            f" LEFT JOIN {roster} AS r ON r.person_id = d.person_id AND d.first_day"
            f' BETWEEN coalesce(r."from", {FIRST_DAY}) AND coalesce(r."through", {LAST_DAY})'
        )
    counted_15 = single_15 = named_15 = given_15 = ""
    if on_15:
        there = "month + 14 BETWEEN f AND t"
        counted_15 = (
            f", bool_or({there}) AS enrolled_on_15, first(party ORDER BY s DESC, e DESC,"
            f" {attributes}) FILTER ({there}) AS party_on_15"
        )
        single_15 = f", {there} AS enrolled_on_15, CASE WHEN {there} THEN party END AS party_on_15"
        named_15 = ", enrolled_on_15, party_on_15"
        whose = "d.party_on_15" if roster is None else "r15.party"
        given_15 = f", enrolled_on_15, {whose} AS party_on_15"
    if roster is not None and on_15:
        join += (
            f" LEFT JOIN {roster} AS r15 ON r15.person_id = d.person_id AND d.enrolled_on_15"
            f' AND d.month + 14 BETWEEN coalesce(r15."from", {FIRST_DAY})'
            f' AND coalesce(r15."through", {LAST_DAY})'
        )
    pieces = (
        "SELECT *, CAST(unnest(generate_series("
        f"CAST(date_trunc('month', greatest(s, {first})) AS DATE), least(e, last_day({last})),"
        " INTERVAL 1 MONTH)) AS DATE) AS month"
    )
    return (
        "WITH spans AS (SELECT person_id, enrollment_start_date AS s,"
        f" least(coalesce(enrollment_end_date, {through}), {through}) AS e, {attributes}"
        f" FROM {eligibility} WHERE enrollment_start_date <= least({through}, last_day({last}))"
        # What ended in an earlier month shares no month that is read.
        f" AND coalesce(enrollment_end_date, {LAST_DAY}) >= date_trunc('month', {first})),"
        # Few persons have two spans in one month; the others need neither a sort nor a join.
        " near AS (SELECT *, last_day(coalesce(max(e) OVER (PARTITION BY person_id ORDER BY s, e"
        f" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), {FIRST_DAY})) >= s"
        " OR last_day(e) >= coalesce(min(s) OVER (PARTITION BY person_id ORDER BY s, e"
        f" ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), {LAST_DAY}) AS shares FROM spans),"
        f" single AS (SELECT *, greatest(s, month) AS f, least(e, last_day(month)) AS t"
        f" FROM ({pieces} FROM near WHERE NOT shares)),"
        " cut AS (SELECT *, greatest(s, month) AS f, least(e, last_day(month)) AS t"
        f" FROM ({pieces} FROM near WHERE shares)),"
        " ranked AS (SELECT *, coalesce(max(t) OVER (PARTITION BY person_id, month ORDER BY f, t"
        f" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), {FIRST_DAY}) AS before,"
        " row_number() OVER (PARTITION BY person_id, month"
        f" ORDER BY f, s DESC, e DESC, {attributes}) AS place FROM cut),"
        " counted AS (SELECT person_id, month,"
        " CAST(sum(greatest(0, date_diff('day', greatest(f, before + 1), t) + 1)) AS INTEGER)"
        f" AS days{counted_15}"
        " FROM ranked GROUP BY person_id, month),"
        f" d AS (SELECT person_id, month, days, f AS first_day, {attributes}{named_15}"
        " FROM ranked JOIN counted USING (person_id, month) WHERE place = 1"
        " UNION ALL SELECT person_id, month, CAST(date_diff('day', f, t) + 1 AS INTEGER),"
        f" f, {attributes}{single_15} FROM single)"
        " SELECT d.person_id, d.month, days AS days_enrolled,"
        " day(last_day(month))::INTEGER AS days_in_month,"
        # Whole numbers, because an engine divides decimals as binary fractions.
        " CAST(CAST((2000000 * days + day(last_day(month))) // (2 * day(last_day(month)))"
        " AS DECIMAL(9, 0)) * 0.000001 AS DECIMAL(18, 6)) AS fraction,"
        f" {party} AS party, product,"
        # An age that nobody knows is null, and not that of a child; who is born in the month is 0.
        " CAST(CASE WHEN birth_date <= last_day(month)"
        " THEN greatest(0, year(month) - year(birth_date)"
        " - CASE WHEN month(birth_date) > month(month)"
        " OR (month(birth_date) = month(month) AND day(birth_date) > 1) THEN 1 ELSE 0 END) END"
        f" AS INTEGER) AS age, sex, region, risk_score{given_15}"
        f" FROM d{join}"
    )
