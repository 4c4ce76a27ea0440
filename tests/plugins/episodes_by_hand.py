"""Episodes found one person after the other, as the page of bundled_episode says it, without SQL."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, Final

Row = Mapping[str, Any]
Condition = Callable[[Row, Row], Any]
HOLDS: Final[Mapping[str, Condition]] = {
    "drg_code = 'A'": lambda line, _: line["drg_code"] == "A",
    "drg_code = 'B'": lambda line, _: line["drg_code"] == "B",
    "claim_type = 'institutional'": lambda line, _: line["claim_type"] == "institutional",
    "discharge_disposition_code = '02'": lambda line, _: line["discharge_disposition_code"] == "02",
    "hcpcs_code = 'X' and not is_trigger": lambda line, one: (
        line["hcpcs_code"] == "X" and not one["is_trigger"]
    ),
    "hcpcs_code is null or at_trigger_provider": lambda line, one: (
        line["hcpcs_code"] is None or one["at_trigger_provider"]
    ),
    "hcpcs_code = 'R'": lambda line, _: line["hcpcs_code"] == "R",
    "is_trigger and discharge_disposition_code = '20'": lambda line, one: (
        one["is_trigger"] and line["discharge_disposition_code"] == "20"
    ),
    "days_after_trigger < 0": lambda _, one: (
        one["days_after_trigger"] is not None and one["days_after_trigger"] < 0
    ),
    "true": lambda _, __: True,
    "trigger_day < date '2014-12-20'": lambda _, one: one["day"] < date(2014, 12, 20),
    "episode_type = 'second'": lambda _, one: one["type"] == "second",
}
"""What the formulas of the tests mean."""

YEAR: Final = 2015
"""The one period of the tests' contracts."""


def rebuilt(said: Row, lines: Sequence[Row], months: Sequence[Row]) -> dict[str, Any]:
    """Give triggers, episodes and services by their ids."""
    claims = _claims(lines)
    found = [one for place in range(len(said["types"])) for one in _triggers(said, place, claims)]
    told = {one["id"]: ("refused", one["refused"]) for one in found if one["refused"]}
    opened, suppressed = _opened(said, [one for one in found if not one["refused"]])
    told |= suppressed
    for one in opened:
        _judge(said, one, lines, months)
    services = {}
    for line in lines:
        services[line["claim_id"], line["claim_line_number"]] = _placed(said, line, opened)
    _cost(said, opened, services)
    for one in opened:
        told[one["id"]] = ("excluded" if one["reason"] else "counted", one["reason"])
    return {
        "triggers": told,
        "episodes": {
            one["id"]: (one["owner"], one["risk"], one["bundle"], one["prorated"], one["actual"])
            for one in opened
            if not one["reason"]
        },
        "services": {key: _shown(one) for key, one in services.items()},
    }


def _least(values: Sequence[Any]) -> Any:
    return min((value for value in values if value is not None), default=None)


def _claims(lines: Sequence[Row]) -> list[dict[str, Any]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        groups[line["claim_id"]].append(line)
    return [
        {
            "id": name,
            "person": rows[0]["person_id"],
            "lines": rows,
            "admission": _least([row["admission_date"] for row in rows]),
            "discharge": max(
                (r["discharge_date"] for r in rows if r["discharge_date"] is not None), default=None
            ),
        }
        for name, rows in sorted(groups.items())
    ]


def _any(condition: str, lines: Sequence[Row]) -> bool:
    return any(HOLDS[condition](line, {}) for line in lines)


def _order(claim: Row) -> tuple[Any, ...]:
    return claim["admission"], claim["discharge"], claim["id"]


def _stays(said: Row, claims: Sequence[Row]) -> list[list[Row]]:
    """Join the claims of stays; every other claim is a stay by itself."""
    stays: list[list[Row]] = []
    rule = said.get("stays")
    for person in sorted({claim["person"] for claim in claims}):
        own = [claim for claim in claims if claim["person"] == person]
        joined = [
            claim
            for claim in own
            if rule is not None
            and _any(rule["when"], claim["lines"])
            and None not in {claim["admission"], claim["discharge"]}
            and claim["admission"] <= claim["discharge"]
        ]
        latest, before = None, None
        for claim in sorted(joined, key=_order):
            near = latest is not None and claim["admission"] <= latest + timedelta(
                rule["gap_days"] if rule else 0
            )
            if near and before and rule and "transferred" in rule:
                near = _any(rule["transferred"], before["lines"])
            if near:
                stays[-1].append(claim)
            else:
                stays.append([claim])
            latest = claim["discharge"] if latest is None else max(latest, claim["discharge"])
            before = claim
        stays += [[claim] for claim in own if claim not in joined]
    return stays


def _triggers(said: Row, place: int, claims: Sequence[Row]) -> list[dict[str, Any]]:
    one, found = said["types"][place], []
    for stay in _stays(said, claims):
        triggering = [claim for claim in stay if _any(one["trigger"], claim["lines"])]
        if not triggering:
            continue
        last = said.get("stays", {}).get("decided_by") == "last"
        claim = triggering[-1 if last else 0]
        if len(stay) > 1:
            days = {
                "admission": min(c["admission"] for c in stay),
                "discharge": max(c["discharge"] for c in stay),
            }
        else:
            days = {"admission": claim["admission"], "discharge": claim["discharge"]}
        lines = [line for line in claim["lines"] if HOLDS[one["trigger"]](line, {})]
        days["procedure"] = _least([line["claim_start_date"] for line in lines])
        begins, ends = days[one.get("begins", "admission")], days[one.get("ends", "discharge")]
        made = {
            "id": f"{claim['id']}/{one['type']}",
            "type": one["type"],
            "place": place,
            "claim": claim["id"],
            "person": claim["person"],
            "provider": _least([line["billing_tin"] for line in lines]),
            "day": begins,
            "discharge": days["discharge"],
            "first": begins and begins - timedelta(one.get("days_before", 0)),
            "last": ends and ends + timedelta(one["days_after"]),
            "clean": one.get("clean_days", 0),
            "refused": None,
        }
        both = days["admission"], days["discharge"]
        if (
            begins is None
            or ends is None
            or made["last"] < begins
            or (None not in both and both[1] < both[0])
        ):
            made["refused"] = "no_days"
        found.append(made)
    return found


def _opened(
    said: Row, found: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    lanes: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for one in found:
        lane = one["type"] if said.get("one_open") == "type" else None
        lanes[one["person"], lane].append(one)
    opened: list[dict[str, Any]] = []
    told: dict[str, Any] = {}
    for lane in lanes.values():
        if said.get("again") == "restarts":
            _restart(lane, opened, told)
        else:
            _take(said, lane, opened, told)
    return opened, told


def _by_day(one: Row) -> tuple[Any, ...]:
    return one["day"], one["place"], one["claim"]


def _restart(
    lane: list[dict[str, Any]], opened: list[dict[str, Any]], told: dict[str, Any]
) -> None:
    once: dict[date, dict[str, Any]] = {}
    for one in sorted(lane, key=_by_day):
        if one["day"] in once:
            told[one["id"]] = ("suppressed", "same_day")
        else:
            once[one["day"]] = one
    stay = list(once.values())
    for one, following in zip(stay, [*stay[1:], None], strict=True):
        if following is not None and following["day"] <= one["last"]:
            told[one["id"]] = ("suppressed", "restarted")
        else:
            opened.append(one)


def _take(
    said: Row, lane: list[dict[str, Any]], opened: list[dict[str, Any]], told: dict[str, Any]
) -> None:
    by_type = said.get("precedence") == "type"
    own: list[dict[str, Any]] = []
    for one in sorted(lane, key=lambda o: ((o["place"],) if by_type else ()) + _by_day(o)):
        through = one["last"] + timedelta(one["clean"])
        if any(one["day"] <= other["last"] and other["day"] <= one["last"] for other in own):
            told[one["id"]] = ("suppressed", "open_episode")
        elif any(
            one["day"] <= other["last"] + timedelta(other["clean"]) and other["day"] <= through
            for other in own
        ):
            told[one["id"]] = ("suppressed", "clean_period")
        else:
            own.append(one)
    opened += own


def _beside(one: Row, line: Row) -> dict[str, Any]:
    day = line["claim_line_start_date"]
    is_trigger = line["claim_id"] == one["claim"]
    return {
        "is_trigger": is_trigger,
        "days_after_trigger": None if day is None else (day - one["day"]).days,
        "at_trigger_provider": line["billing_tin"] is not None
        and line["billing_tin"] == one["provider"],
        "in_window": is_trigger or (day is not None and one["first"] <= day <= one["last"]),
    }


def _seen(said: Row, one: Row, lines: Sequence[Row]) -> list[Row]:
    back = timedelta(said.get("look_back_days", 0))
    return [
        line
        for line in lines
        if line["person_id"] == one["person"]
        and (
            line["claim_id"] == one["claim"]
            or (
                line["claim_line_start_date"] is not None
                and min(one["first"], one["day"] - back)
                <= line["claim_line_start_date"]
                <= one["last"]
            )
        )
    ]


def _enrolled(said: Row, one: Row, months: Sequence[Row]) -> bool:
    """Whether each month that needs it is counted."""
    at = (one["first"] - timedelta(said.get("days_before", 0))).replace(day=1)
    own = {m["month"] for m in months if m["person_id"] == one["person"] and m["fraction"] == 1}
    through = one["last"]
    if "through" in said and one["discharge"] is not None:
        through = max(one["first"], min(through, one["discharge"]))
    wanted = set()
    while at <= through:
        wanted.add(at)
        at = (at + timedelta(32)).replace(day=1)
    return wanted <= own


def _judge(said: Row, one: dict[str, Any], lines: Sequence[Row], months: Sequence[Row]) -> None:
    seen = _seen(said, one, lines)
    day = {"last_day": "last", "first_day": "first", "trigger_day": "day"}
    one["reason"] = None
    one["year"] = one[day[said.get("belongs_by", "last_day")]].year
    if not YEAR - said.get("base_years", 0) <= one["year"] <= YEAR:
        one["reason"] = "no_period"
    elif "enrolment" in said and not _enrolled(said["enrolment"], one, months):
        one["reason"] = "enrolment_gap"
    for exclusion in said.get("exclusions", ()):
        if one["reason"] is None and _holds(exclusion, one, seen):
            one["reason"] = exclusion["reason"]
    score = Fraction(1)
    for factor in said.get("risk", {}).get("factors", ()):
        if _holds(factor, one, seen):
            if said["risk"].get("combine") == "add":
                score += Fraction(factor["weight"])
            else:
                score = Fraction(
                    floor(score * Fraction(factor["weight"]) * 1_000_000 + Fraction(1, 2)),
                    1_000_000,
                )
    one["risk"] = score


def _holds(asked: Row, one: Row, seen: Sequence[Row]) -> bool:
    """Whether an episode has a reason or a factor: by itself, or by a line beside it."""
    if "when" in asked:
        return bool(HOLDS[asked["when"]]({}, one))
    return any(HOLDS[asked["line"]](line, _beside(one, line)) for line in seen)


def _placed(said: Row, line: Row, opened: Sequence[dict[str, Any]]) -> dict[str, Any]:
    asked = [
        (one, _beside(one, line))
        for one in sorted(opened, key=lambda o: (o["day"], o["place"], o["id"]))
        if one["person"] == line["person_id"] and _beside(one, line)["in_window"]
    ]
    made: dict[str, Any] = {"line": line, "episode": None, "prorated": Fraction(0)}
    for one, beside in asked:
        why = "episode_" + one["reason"] if one["reason"] else None
        for exclude in said.get("excludes", ()):
            if why is None and HOLDS[exclude["when"]](line, beside):
                why = exclude["reason"]
        if why is None and not HOLDS[said.get("includes", "true")](line, beside):
            why = "not_included"
        if why is None:
            reason = "trigger" if beside["is_trigger"] else "included"
            return made | {"status": "bundle", "reason": reason, "episode": one}
        if made["episode"] is None:
            made |= {"status": "excluded", "reason": why, "episode": one}
    if made["episode"] is None:
        reason = "no_day" if line["claim_line_start_date"] is None else "no_episode"
        made |= {"status": "outside", "reason": reason}
    return made


def _half_up(value: Fraction) -> Fraction:
    cents = floor(abs(value) * 100 + Fraction(1, 2))
    return Fraction(-cents if value < 0 else cents, 100)


def _amount(line: Row) -> Fraction:
    return Fraction(line["allowed_amount"] or Decimal(0))


def _prorated(said: Row, line: Row, one: Row) -> Fraction:
    begins, ends = line["claim_line_start_date"], line["claim_line_end_date"]
    if not said.get("prorate") or None in {begins, ends} or begins > one["last"]:
        return Fraction(0)
    if ends <= one["last"]:
        return Fraction(0)
    amount = _amount(line)
    days = Fraction((one["last"] - begins).days + 1, (ends - begins).days + 1)
    return amount - _half_up(amount * days)


def _owner(said: Row, one: Row, bundle: Sequence[Row]) -> Any:
    if "accountable" not in said:
        return one["provider"]
    if "stated" in said["accountable"]:
        return "p9" if one["type"] == "second" else one["provider"]
    sums: dict[str, list[Fraction]] = defaultdict(list)
    for service in bundle:
        line = service["line"]
        counts = HOLDS[said["accountable"]["plurality"]](line, _beside(one, line))
        if counts and line["billing_tin"] is not None:
            sums[line["billing_tin"]].append(_amount(line))
    return min(sums, key=lambda who: (-sum(sums[who]), -len(sums[who]), who), default=None)


def _cost(
    said: Row, opened: Sequence[dict[str, Any]], services: Mapping[Any, dict[str, Any]]
) -> None:
    for one in opened:
        bundle = [s for s in services.values() if s["status"] == "bundle" and s["episode"] is one]
        for service in bundle:
            service["prorated"] = _prorated(said, service["line"], one)
        one["bundle"] = sum((_amount(s["line"]) for s in bundle), Fraction(0))
        one["prorated"] = sum((s["prorated"] for s in bundle), Fraction(0))
        one["spent"] = one["bundle"] - one["prorated"]
        one["owner"] = _owner(said, one, bundle)
        if one["reason"] is None and one["owner"] is None:
            one["reason"] = "no_provider"
    counted = [one for one in opened if one["reason"] is None]
    for group in {(one["type"], one["year"]) for one in counted}:
        own = [one for one in counted if (one["type"], one["year"]) == group]
        _cut(said.get("truncate", {}), own)
    for service in services.values():
        one = service["episode"]
        if service["status"] == "bundle" and one["reason"]:
            service |= {"status": "excluded", "reason": "episode_" + one["reason"]}
            service["prorated"] = Fraction(0)


def _cut(truncate: Row, own: Sequence[dict[str, Any]]) -> None:
    spent = sorted(one["spent"] for one in own)
    above = _limit(truncate.get("above"), spent, 1)
    below = _limit(truncate.get("below"), spent, -1)
    for one in own:
        kept = one["spent"]
        if above is not None and kept > above:
            kept = above
        elif below is not None and kept < below:
            kept = below
        one["actual"] = kept
        if kept != one["spent"] and truncate.get("does") == "exclude":
            one["reason"] = "cost_outlier"


def _limit(limit: Row | None, spent: Sequence[Fraction], sign: int) -> Fraction | None:
    if limit is None or not spent:
        return None
    if "amount" in limit:
        return Fraction(limit["amount"])
    if "percentile" in limit:
        share = Fraction(limit["percentile"])
        return next(a for n, a in enumerate(spent, 1) if n >= share * len(spent))
    number = len(spent)
    mean = sum(spent, Fraction(0)) / number
    variance = sum(((one - mean) ** 2 for one in spent), Fraction(0)) / number
    # Half up to the cent: c is the largest number of cents with c - 1/2 <= the limit in cents.
    cents = floor(mean * 100) + sign * floor(
        Fraction(limit["deviations"]) * 100 * (_root(variance))
    )
    while _reaches(cents + 1, mean, variance, limit, sign):
        cents += 1
    while not _reaches(cents, mean, variance, limit, sign):
        cents -= 1
    return Fraction(cents, 100)


def _root(value: Fraction) -> Fraction:
    return Fraction(int(Decimal(value.numerator / value.denominator).sqrt() * 1000), 1000)


def _reaches(cents: int, mean: Fraction, variance: Fraction, limit: Row, sign: int) -> bool:
    """Whether cents - 1/2 is not above mean ± k·deviation, compared by squares."""
    gap = Fraction(2 * cents - 1, 200) - mean
    square = Fraction(limit["deviations"]) ** 2 * variance
    if sign > 0:
        return gap <= 0 or gap**2 <= square
    return gap <= 0 and gap**2 >= square


def _shown(one: Row) -> tuple[Any, ...]:
    episode = one["episode"]["id"] if one["episode"] else None
    return one["status"], one["reason"], episode, one["prorated"]
