"""Episodes found again in plain loops, from docs/methodologies/bundled_episode.md alone.

Slow on purpose, and without the engine: what it finds is held against what the methodology finds.
The numbers in brackets are the paragraphs of the page. Amounts are whole cents.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from math import isqrt

from attrs import evolve, field, frozen

from tests.conformance.naive_claims import Line, Person
from tests.conformance.naive_rules import READMITTED, RENAL, SEEN_BEFORE, UNRELATED, Rules
from tests.conformance.naive_triggers import Trigger, opened, triggers_of

LATE_REASONS = frozenset({"no_provider", "cost_outlier"})
"""Reasons that are found after lines have gone into bundles [8]."""


@frozen(kw_only=True)
class Service:
    """Where a line belongs, and why."""

    line: Line
    status: str
    reason: str
    episode: str | None = None
    prorated: int = 0


@frozen
class Found:
    """Everything that is found in the claims of some people."""

    triggers: list[Trigger] = field(factory=list)
    services: list[Service] = field(factory=list)


def find(people: Mapping[str, Person], rules: Rules) -> Found:
    """Find the episodes of all people."""
    triggers: list[Trigger] = []
    services: list[Service] = []
    for person in people.values():
        episodes = [
            excluded(person, one, rules) if one.is_open else one
            for one in opened(list(triggers_of(person.lines, rules)), rules)
        ]
        lines = [serviced(line, episodes, rules) for line in person.lines]
        triggers += [priced(one, lines, rules) if one.is_open else one for one in episodes]
        services += lines
    triggers = truncated(triggers, rules)
    late = {one.id: one.reason for one in triggers if one.reason in LATE_REASONS}
    return Found(
        [evolve(one, bundle=0, prorated=0) if one.id in late else one for one in triggers],
        [
            evolve(one, status="excluded", reason=f"episode_{late[one.episode]}", prorated=0)
            if one.status == "bundle" and one.episode in late
            else one
            for one in services
        ],
    )


def is_in_window(line: Line, episode: Trigger) -> bool:
    """Say whether a line of the person is in the window [6]."""
    first, _, last = episode.days
    day = line.admitted
    return line.claim == episode.claim or (day is not None and first <= day <= last)


def beside(lines: Sequence[Line], episode: Trigger, rules: Rules) -> list[Line]:
    """Give the lines that exclusions and risk factors see [6]."""
    _, day, last = episode.days
    back = day - timedelta(days=rules.look_back_days)
    return [
        line
        for line in lines
        if is_in_window(line, episode)
        or (line.admitted is not None and back <= line.admitted <= last)
    ]


def excluded(person: Person, episode: Trigger, rules: Rules) -> Trigger:
    """Say why an episode is not counted [7], and its risk [10]."""
    reason = reason_of(person, episode, rules)
    score, factors = risk_of(person.lines, episode, rules)
    status = "excluded" if reason else "counted"
    return evolve(episode, status=status, reason=reason, risk=score, factors=factors)


def reason_of(person: Person, episode: Trigger, rules: Rules) -> str | None:
    """Give the first reason that holds, but those that depend on the bundle [7]."""
    first, _, last = episode.days
    if episode.year is None:
        return "no_period"
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        if month > person.covered.get(year, 0):
            return "enrolment_gap"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    if any(first <= day <= last for day in person.died):
        return "died"
    if any(RENAL in line.diagnoses for line in beside(person.lines, episode, rules)):
        return "renal"
    return None


def risk_of(
    lines: Sequence[Line], episode: Trigger, rules: Rules
) -> tuple[Fraction, tuple[str, ...]]:
    """Multiply or add the weights of the factors that an episode has [10]."""
    _, day, _ = episode.days
    seen = [line for line in beside(lines, episode, rules) if line.admitted]
    has = {
        "readmitted": any(
            one.claim != episode.claim and one.admitted and one.admitted > day for one in seen
        ),
        "seen_before": any(one.admitted and one.admitted < day for one in seen),
    }
    score = Fraction(1)
    for name, weight in (("readmitted", READMITTED), ("seen_before", SEEN_BEFORE)):
        if has[name]:
            added = rules.combine == "add"
            score = score + weight if added else rounded(score * weight, 6)
    return score, tuple(name for name, holds in has.items() if holds)


def serviced(line: Line, triggers: Sequence[Trigger], rules: Rules) -> Service:
    """Put a line into the bundle of the first episode that takes it [8]."""
    around = sorted(
        (one for one in triggers if one.is_open and is_in_window(line, one)),
        key=lambda one: (one.days[1], one.place, one.id),
    )
    if not around:
        reason = "no_episode" if line.admitted else "no_day"
        return Service(line=line, status="outside", reason=reason)
    for episode in around:
        if episode.reason is None and left_out(line, episode, rules) is None:
            return Service(
                line=line,
                status="bundle",
                reason="trigger" if line.claim == episode.claim else "included",
                episode=episode.id,
                prorated=after_window(line, episode) if rules.prorate else 0,
            )
    first = around[0]
    why = f"episode_{first.reason}" if first.reason else left_out(line, first, rules)
    assert why is not None
    return Service(line=line, status="excluded", reason=why, episode=first.id)


def left_out(line: Line, episode: Trigger, rules: Rules) -> str | None:
    """Say why a line in the window is none of the episode's, None where it is one [8]."""
    if line.claim != episode.claim and line.group in UNRELATED:
        return "unrelated"
    if rules.included is not None and line.diagnoses[0] != rules.included:
        return "not_included"
    return None


def after_window(line: Line, episode: Trigger) -> int:
    """Give the part of a line's amount that falls after the window [11]."""
    _, _, last = episode.days
    begun, ended = line.admitted, line.discharged
    if begun is None or ended is None or not begun <= last < ended:
        return 0
    cents = line.cents or 0
    share = Fraction((last - begun).days + 1, (ended - begun).days + 1)
    return cents - int(rounded(cents * share, 0))


def priced(episode: Trigger, services: Sequence[Service], rules: Rules) -> Trigger:
    """Sum up a bundle [8, 11] and say who is accountable [9]."""
    lines = [one for one in services if one.status == "bundle" and one.episode == episode.id]
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in lines:
        if one.line.hospital:
            sums[one.line.hospital][0] += one.line.cents or 0
            sums[one.line.hospital][1] += 1
    who = episode.provider
    if rules.plurality:
        order = sorted(sums, key=lambda name: (-sums[name][0], -sums[name][1], name))
        who = order[0] if order else None
    priced_one = evolve(
        episode,
        accountable=who,
        bundle=sum(one.line.cents or 0 for one in lines),
        prorated=sum(one.prorated for one in lines),
    )
    if episode.status == "counted" and who is None:
        return evolve(priced_one, status="excluded", reason="no_provider")
    return priced_one


def truncated(triggers: Sequence[Trigger], rules: Rules) -> list[Trigger]:
    """Cut or exclude what is above or below the limits of a condition and year [12]."""
    amounts: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for one in triggers:
        if one.status == "counted":
            amounts[one.condition.name, one.year].append(one.spent)
    most = {of: limit(some, rules.above, 1) for of, some in amounts.items()}
    least = {of: limit(some, rules.below, -1) for of, some in amounts.items()}
    done = []
    for one in triggers:
        of = (one.condition.name, one.year)
        above, below = most.get(of), least.get(of)
        actual = one.spent
        if one.status == "counted":
            actual = actual if above is None else min(actual, above)
            actual = actual if below is None else max(actual, below)
        if actual == one.spent:
            done.append(one)
        elif rules.does == "exclude":
            done.append(evolve(one, status="excluded", reason="cost_outlier"))
        else:
            done.append(evolve(one, truncated=one.spent - actual))
    return done


def limit(amounts: Sequence[int], term: tuple[str, Fraction] | None, sign: int) -> int | None:
    """Give a limit in cents, above (sign 1) or below (sign -1) the mean [12]."""
    if term is None:
        return None
    kind, number = term
    if kind == "amount":
        return int(number * 100)
    count = len(amounts)
    if kind == "percentile":
        places = (place for place in range(1, count + 1) if place >= number * count)
        return sorted(amounts)[next(places) - 1]
    total, squares = sum(amounts), sum(amount * amount for amount in amounts)
    # A count of deviations is the root of a whole number, of which only the floor matters.
    scale = 2 * number.numerator
    under_root = scale * scale * (count * squares - total * total)
    root = isqrt(under_root)
    if sign < 0:
        root = -root if root * root == under_root else -root - 1
    halves = count * number.denominator
    return (2 * total * number.denominator + root + halves) // (2 * halves)


def rounded(number: Fraction, places: int) -> Fraction:
    """Round to some decimal places, a half away from zero."""
    shifted = abs(number) * 10**places
    whole = (2 * shifted.numerator + shifted.denominator) // (2 * shifted.denominator)
    return Fraction(whole if number >= 0 else -whole, 10**places)
