"""Episodes found again in plain loops, from docs/methodologies/bundled_episode.md alone.

Slow on purpose, and without the engine: what it finds is held against what the methodology finds.
The numbers in brackets are the paragraphs of the page. Amounts are whole cents.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from attrs import evolve, field, frozen

from tests.conformance.naive_claims import Line, Person

GAP: Final = timedelta(days=1)
LOOK_BACK: Final = timedelta(days=180)
YEARS: Final = (2008, 2009, 2010)
RENAL: Final = "5856"
PERCENTILE: Final = Fraction(99, 100)
READMITTED: Final = Fraction(125, 100)
SEEN_BEFORE: Final = Fraction(11, 10)
UNRELATED: Final = frozenset(
    {"001", "002", "005", "006", "007", "008", "010", "652"}
    | {"927", "928", "929", "933", "934", "935"}
    | {"955", "956", "957", "958", "959", "963", "964", "965"}
)
"""Transplants, burns and injuries to several parts of the body."""


@frozen
class Condition:
    """A type of episodes, in days."""

    name: str
    groups: tuple[str, ...]
    before: int
    after: int
    clean: int


CONDITIONS: Final = (
    Condition("bypass", ("231", "232", "233", "234", "235", "236"), 0, 90, 0),
    Condition("joint", ("469", "470"), 0, 90, 0),
    Condition("heart_attack", ("280", "281", "282"), 0, 30, 30),
    Condition("pneumonia", ("193", "194", "195"), 0, 30, 30),
    Condition("heart_failure", ("291", "292", "293"), 3, 90, 0),
)


@frozen
class Claim:
    """The lines of one claim."""

    lines: tuple[Line, ...]

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.lines[0].claim

    @property
    def admitted(self) -> date | None:
        """The earliest admission."""
        return min((one.admitted for one in self.lines if one.admitted), default=None)

    @property
    def discharged(self) -> date | None:
        """The latest discharge."""
        return max((one.discharged for one in self.lines if one.discharged), default=None)

    @property
    def is_of_a_stay(self) -> bool:
        """Whether it says that it is a stay, from a day to a day that is not before."""
        first, last = self.admitted, self.discharged
        says = any(line.is_stay for line in self.lines)
        return says and first is not None and last is not None and last >= first

    @property
    def place(self) -> tuple[date, date, str]:
        """What a person's claims of stays are ordered by."""
        assert self.admitted is not None
        assert self.discharged is not None
        return self.admitted, self.discharged, self.id


@frozen(kw_only=True)
class Trigger:
    """A stay that triggers a condition, and what becomes of it.

    Attributes:
        condition: The condition.
        person: Whose it is.
        claim: Its trigger claim.
        code: The trigger claim's group.
        hospital: The trigger claim's hospital, which is accountable.
        admitted: First day of the stay: the trigger day.
        discharged: Last day of the stay.
        first: First day of the window.
        last: Last day of the window.
        year: The period that it belongs to.
        status: counted, excluded, suppressed or refused.
        reason: Why it is not counted.
        risk: Its risk score.
        factors: Its risk factors.
        bundle: Amounts of its lines.
        prorated: What proration takes away.
        truncated: What truncation takes away.
    """

    condition: Condition
    person: str
    claim: str
    code: str | None
    hospital: str | None
    admitted: date | None
    discharged: date | None
    first: date | None
    last: date | None
    year: int | None
    status: str = "counted"
    reason: str | None = None
    risk: Fraction = Fraction(1)
    factors: tuple[str, ...] = ()
    bundle: int = 0
    prorated: int = 0
    truncated: int = 0

    @property
    def id(self) -> str:
        """Name of the episode that it opens."""
        return f"{self.claim}/{self.condition.name}"

    @property
    def is_open(self) -> bool:
        """Whether it opened an episode."""
        return self.status in {"counted", "excluded"}

    @property
    def spent(self) -> int:
        """What its lines cost in its window."""
        return self.bundle - self.prorated

    @property
    def actual(self) -> int:
        """What it costs after truncation."""
        return self.spent - self.truncated

    @property
    def order(self) -> tuple[date, int, str]:
        """Trigger day, place of the condition, trigger claim [5] or id of the episode [8]."""
        assert self.admitted is not None
        return self.admitted, CONDITIONS.index(self.condition), self.claim

    def days(self) -> tuple[date, date]:
        """Give trigger day and last day, which nothing that is refused lacks."""
        assert self.admitted is not None
        assert self.last is not None
        return self.admitted, self.last

    def has_in_window(self, line: Line) -> bool:
        """Whether a line of its person is in the window [6]."""
        assert self.first is not None
        assert self.last is not None
        day = line.admitted
        return line.claim == self.claim or (day is not None and self.first <= day <= self.last)

    def has_beside(self, line: Line) -> bool:
        """Whether exclusions and risk factors see a line of its person [6]."""
        trigger_day, last = self.days()
        day = line.admitted
        is_looked_back_to = day is not None and trigger_day - LOOK_BACK <= day <= last
        return self.has_in_window(line) or is_looked_back_to


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


def find(people: Mapping[str, Person]) -> Found:
    """Find the episodes of all people."""
    found = Found()
    for person in people.values():
        triggers = excluded(person, opened(list(triggers_of(person.lines))))
        services = [serviced(line, triggers) for line in person.lines]
        services = [taken_out(service, triggers) for service in services]
        found.services.extend(services)
        found.triggers.extend(priced(trigger, services) for trigger in triggers)
    return Found(truncated(found.triggers), found.services)


def claims_of(lines: Sequence[Line]) -> Iterator[Claim]:
    """Put the lines of a person's claims together [1]."""
    for name in sorted({line.claim for line in lines}):
        yield Claim(tuple(line for line in lines if line.claim == name))


def stays_of(lines: Sequence[Line]) -> Iterator[list[Claim]]:
    """Join the claims of a person's stays [2]."""
    claims = list(claims_of(lines))
    stay: list[Claim] = []
    latest = date.min
    for claim in sorted((one for one in claims if one.is_of_a_stay), key=lambda one: one.place):
        first, last, _ = claim.place
        if stay and first > latest + GAP:
            yield stay
            stay = []
        stay.append(claim)
        latest = max(latest, last)
    if stay:
        yield stay
    for claim in claims:
        if not claim.is_of_a_stay:
            yield [claim]


def triggers_of(lines: Sequence[Line]) -> Iterator[Trigger]:
    """Find which stays trigger which conditions [3], and the windows [4]."""
    for stay in stays_of(lines):
        for condition in CONDITIONS:
            for claim in stay:
                saying = [one for one in claim.lines if one.group in condition.groups]
                if saying:
                    yield trigger_by(condition, stay, claim, saying)
                    break


def trigger_by(
    condition: Condition, stay: Sequence[Claim], claim: Claim, saying: Sequence[Line]
) -> Trigger:
    """Say whose trigger it is, its window and whether it is refused [3, 4, 13]."""
    admitted = min((one.admitted for one in stay if one.admitted), default=None)
    discharged = max((one.discharged for one in stay if one.discharged), default=None)
    first = admitted - timedelta(days=condition.before) if admitted else None
    last = discharged + timedelta(days=condition.after) if discharged else None
    is_backwards = (
        claim.admitted is not None
        and claim.discharged is not None
        and claim.discharged < claim.admitted
    )
    has_window = admitted is not None and last is not None and last >= admitted
    is_refused = is_backwards or not has_window
    day = last or admitted or discharged
    return Trigger(
        condition=condition,
        person=claim.lines[0].person,
        claim=claim.id,
        code=min((line.group for line in saying if line.group), default=None),
        hospital=min((line.hospital for line in saying if line.hospital), default=None),
        admitted=admitted,
        discharged=discharged,
        first=first,
        last=last,
        year=day.year if day and day.year in YEARS else None,
        status="refused" if is_refused else "counted",
        reason="no_days" if is_refused else None,
    )


def opened(triggers: Sequence[Trigger]) -> list[Trigger]:
    """Open one episode of a person at a time, earliest first [5]."""
    done = [one for one in triggers if one.status == "refused"]
    others = [one for one in triggers if one.status != "refused"]
    episodes: list[Trigger] = []
    for trigger in sorted(others, key=lambda one: one.order):
        first, last = trigger.days()
        clean = last + timedelta(days=trigger.condition.clean)
        reason = None
        for episode in episodes:
            its_first, its_last = episode.days()
            its_clean = its_last + timedelta(days=episode.condition.clean)
            if first <= its_last and its_first <= last:
                reason = "open_episode"
            elif first <= its_clean and its_first <= clean:
                reason = reason or "clean_period"
        if reason:
            done.append(evolve(trigger, status="suppressed", reason=reason))
        else:
            episodes.append(trigger)
    return done + episodes


def excluded(person: Person, triggers: Sequence[Trigger]) -> list[Trigger]:
    """Say why episodes are not counted [7], and their risk [10]."""
    done = []
    for trigger in triggers:
        if not trigger.is_open:
            done.append(trigger)
            continue
        reason = reason_of(person, trigger)
        score, factors = risk_of(person.lines, trigger)
        status = "excluded" if reason else "counted"
        done.append(evolve(trigger, status=status, reason=reason, risk=score, factors=factors))
    return done


def reason_of(person: Person, episode: Trigger) -> str | None:
    """Give the first reason that an episode is not counted [7]."""
    first, last = episode.first, episode.last
    assert first is not None
    assert last is not None
    if episode.year is None:
        return "no_period"
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        if month > person.covered.get(year, 0):
            return "enrolment_gap"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    if any(first <= day <= last for day in person.died):
        return "died"
    if any(RENAL in one.diagnoses for one in person.lines if episode.has_beside(one)):
        return "renal"
    return None if episode.hospital else "no_provider"


def risk_of(lines: Sequence[Line], episode: Trigger) -> tuple[Fraction, tuple[str, ...]]:
    """Multiply the weights of the factors that an episode has [10]."""
    trigger_day, _ = episode.days()
    beside = [line for line in lines if episode.has_beside(line) and line.admitted]
    is_readmitted = any(
        one.claim != episode.claim and one.admitted and one.admitted > trigger_day for one in beside
    )
    is_known = any(one.admitted and one.admitted < trigger_day for one in beside)
    score, factors = Fraction(1), []
    if is_readmitted:
        score, factors = rounded(score * READMITTED, 6), [*factors, "readmitted"]
    if is_known:
        score, factors = rounded(score * SEEN_BEFORE, 6), [*factors, "seen_before"]
    return score, tuple(factors)


def serviced(line: Line, triggers: Sequence[Trigger]) -> Service:
    """Put a line into the bundle of the first episode that takes it [8]."""
    around = sorted(
        (one for one in triggers if one.is_open and one.has_in_window(line)),
        key=lambda one: one.order,
    )
    if not around:
        reason = "no_episode" if line.admitted else "no_day"
        return Service(line=line, status="outside", reason=reason)
    for episode in around:
        is_trigger = line.claim == episode.claim
        is_taking = episode.reason in {None, "no_provider"}
        if is_taking and (is_trigger or line.group not in UNRELATED):
            return Service(
                line=line,
                status="bundle",
                reason="trigger" if is_trigger else "included",
                episode=episode.id,
                prorated=after_window(line, episode),
            )
    first = around[0]
    is_whole = first.status == "counted" or first.reason == "no_provider"
    return Service(
        line=line,
        status="excluded",
        reason="unrelated" if is_whole else f"episode_{first.reason}",
        episode=first.id,
    )


def taken_out(service: Service, triggers: Sequence[Trigger]) -> Service:
    """Take lines out of the bundle of an episode that nobody answers for [8]."""
    for episode in triggers:
        if service.status == "bundle" and service.episode == episode.id and episode.reason:
            reason = f"episode_{episode.reason}"
            return evolve(service, status="excluded", reason=reason, prorated=0)
    return service


def after_window(line: Line, episode: Trigger) -> int:
    """Give the part of a line's amount that falls after the window [11]."""
    begun, ended, last = line.admitted, line.discharged, episode.last
    assert last is not None
    if begun is None or ended is None or not begun <= last < ended:
        return 0
    cents = line.cents or 0
    share = Fraction((last - begun).days + 1, (ended - begun).days + 1)
    return cents - int(rounded(cents * share, 0))


def priced(trigger: Trigger, services: Sequence[Service]) -> Trigger:
    """Sum up the bundle of an episode that is counted [8, 11]."""
    within = [one for one in services if one.status == "bundle" and one.episode == trigger.id]
    return evolve(
        trigger,
        bundle=sum(one.line.cents or 0 for one in within),
        prorated=sum(one.prorated for one in within),
    )


def truncated(triggers: Sequence[Trigger]) -> list[Trigger]:
    """Cut what is above the percentile of a condition's counted episodes of a year [12]."""
    limits = {}
    for condition in CONDITIONS:
        for year in YEARS:
            amounts = sorted(
                one.spent
                for one in triggers
                if one.status == "counted" and one.condition == condition and one.year == year
            )
            places = (place for place in range(1, len(amounts) + 1))
            least = (place for place in places if place >= PERCENTILE * len(amounts))
            limits[condition, year] = amounts[next(least) - 1] if amounts else 0
    done = []
    for one in triggers:
        if one.status == "counted" and one.year is not None:
            limit = limits[one.condition, one.year]
            done.append(evolve(one, truncated=max(one.spent - limit, 0)))
        else:
            done.append(one)
    return done


def rounded(number: Fraction, places: int) -> Fraction:
    """Round to some decimal places, a half away from zero."""
    shifted = abs(number) * 10**places
    whole = (2 * shifted.numerator + shifted.denominator) // (2 * shifted.denominator)
    return Fraction(whole if number >= 0 else -whole, 10**places)
