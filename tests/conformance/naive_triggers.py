"""Claims, stays and triggers, and which of them open an episode: paragraphs 1 to 5 of the page."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction

from attrs import evolve, frozen

from tests.conformance.naive_claims import Line
from tests.conformance.naive_rules import CONDITIONS, YEARS, Condition, Rules


@frozen
class Claim:
    """The lines of one claim [1]."""

    lines: tuple[Line, ...]

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.lines[0].claim

    @property
    def admitted(self) -> date | None:
        """The earliest admission."""
        return earliest(line.admitted for line in self.lines)

    @property
    def discharged(self) -> date | None:
        """The latest discharge."""
        return latest(line.discharged for line in self.lines)

    @property
    def place(self) -> tuple[date, date, str] | None:
        """Where it is among the claims of stays; None of a claim that is of none [2]."""
        first, last = self.admitted, self.discharged
        is_stay = any(line.is_stay for line in self.lines)
        if not is_stay or first is None or last is None or last < first:
            return None
        return first, last, self.id


@frozen(kw_only=True)
class Trigger:
    """A stay that triggers a condition, and what becomes of it.

    Attributes:
        condition: The condition.
        person: Whose it is.
        claim: Its trigger claim.
        code: The trigger claim's group.
        provider: The trigger claim's hospital.
        day: The trigger day.
        admitted: First day of the stay.
        discharged: Last day of the stay.
        first: First day of the window.
        last: Last day of the window.
        year: The period that it belongs to.
        status: counted, excluded, suppressed or refused.
        reason: Why it is not counted.
        accountable: Who answers for it.
        risk: Its risk score.
        factors: Its risk factors.
        bundle: Amounts of its lines, in cents.
        prorated: What proration takes away, in cents.
        truncated: What truncation takes away, in cents.
    """

    condition: Condition
    person: str
    claim: str
    code: str | None
    provider: str | None
    day: date | None
    admitted: date | None
    discharged: date | None
    first: date | None
    last: date | None
    year: int | None
    status: str = "counted"
    reason: str | None = None
    accountable: str | None = None
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
        """What its lines cost in its window, in cents."""
        return self.bundle - self.prorated

    @property
    def actual(self) -> int:
        """What it costs after truncation, in cents."""
        return self.spent - self.truncated

    @property
    def place(self) -> int:
        """Place of the condition."""
        return CONDITIONS.index(self.condition)

    @property
    def days(self) -> tuple[date, date, date]:
        """First day, trigger day and last day, of which a trigger that is not refused has all."""
        assert self.first is not None
        assert self.day is not None
        assert self.last is not None
        return self.first, self.day, self.last

    @property
    def clean(self) -> date:
        """Last day that it occupies [5]."""
        return self.days[2] + timedelta(days=self.condition.clean)


def earliest(days: Iterable[date | None]) -> date | None:
    """Give the earliest of the days that are there."""
    return min((day for day in days if day), default=None)


def latest(days: Iterable[date | None]) -> date | None:
    """Give the latest of the days that are there."""
    return max((day for day in days if day), default=None)


def stays_of(lines: Sequence[Line], rules: Rules) -> Iterator[list[Claim]]:
    """Put lines together as claims [1], and join the claims of a person's stays [2]."""
    names = sorted({line.claim for line in lines})
    claims = [Claim(tuple(line for line in lines if line.claim == name)) for name in names]
    stay: list[Claim] = []
    until = date.min
    for place, claim in sorted((one.place, one) for one in claims if one.place):
        near = place[0] <= until + timedelta(days=rules.gap_days)
        if stay and not (near and _is_transferred(stay[-1], rules)):
            yield stay
            stay = []
        stay.append(claim)
        until = max(until, place[1])
    if stay:
        yield stay
    for claim in claims:
        if not claim.place:
            yield [claim]


def _is_transferred(claim: Claim, rules: Rules) -> bool:
    said = rules.transferred
    return said is None or any(line.diagnoses[1] == said for line in claim.lines)


def triggers_of(lines: Sequence[Line], rules: Rules) -> Iterator[Trigger]:
    """Find which stays trigger which conditions [3]."""
    for stay in stays_of(lines, rules):
        for condition in CONDITIONS:
            for claim in stay if rules.decided_by == "first" else reversed(stay):
                saying = [one for one in claim.lines if one.group in condition.groups]
                if saying:
                    yield _trigger(condition, stay, claim, saying, rules)
                    break


def _trigger(
    condition: Condition,
    stay: Sequence[Claim],
    claim: Claim,
    saying: Sequence[Line],
    rules: Rules,
) -> Trigger:
    """Say whose trigger it is, its window, whether it is refused [3, 4] and its period [13]."""
    days = {
        "admission": earliest(one.admitted for one in stay),
        "discharge": latest(one.discharged for one in stay),
        "procedure": earliest(line.discharged for line in saying),
    }
    day, counted_from = days[rules.begins], days[rules.ends]
    first = day - timedelta(days=condition.before) if day else None
    last = counted_from + timedelta(days=condition.after) if counted_from else None
    is_backwards = (
        claim.admitted is not None
        and claim.discharged is not None
        and claim.discharged < claim.admitted
    )
    is_refused = is_backwards or day is None or last is None or last < day
    belongs = {"last_day": last, "first_day": first, "trigger_day": day}[rules.belongs_by]
    belongs = belongs or day or days["discharge"] or days["admission"]
    return Trigger(
        condition=condition,
        person=claim.lines[0].person,
        claim=claim.id,
        code=min((line.group for line in saying if line.group), default=None),
        provider=min((line.hospital for line in saying if line.hospital), default=None),
        day=day,
        admitted=days["admission"],
        discharged=days["discharge"],
        first=first,
        last=last,
        year=belongs.year if belongs and belongs.year in YEARS else None,
        status="refused" if is_refused else "counted",
        reason="no_days" if is_refused else None,
    )


def opened(triggers: Sequence[Trigger], rules: Rules) -> list[Trigger]:
    """Say which triggers open an episode, and why others are suppressed [5]."""
    refused = [one for one in triggers if one.status == "refused"]
    others = [one for one in triggers if one.status != "refused"]
    groups = [others]
    if rules.one_open == "type":
        groups = [[one for one in others if one.condition == name] for name in CONDITIONS]
    choose = _restarted if rules.again == "restarts" else _ignored
    return [*refused, *(one for group in groups for one in choose(group, rules))]


def _ignored(triggers: Sequence[Trigger], rules: Rules) -> list[Trigger]:
    suppressed: list[Trigger] = []
    episodes: list[Trigger] = []
    for trigger in sorted(triggers, key=lambda one: _order(one, rules)):
        _, day, last = trigger.days
        reasons = set()
        for episode in episodes:
            _, its_day, its_last = episode.days
            if day <= its_last and its_day <= last:
                reasons.add("open_episode")
            elif day <= episode.clean and its_day <= trigger.clean:
                reasons.add("clean_period")
        if reasons:
            # Of the two names, the one of an open episode is the greater.
            suppressed.append(evolve(trigger, status="suppressed", reason=max(reasons)))
        else:
            episodes.append(trigger)
    return suppressed + episodes


def _restarted(triggers: Sequence[Trigger], rules: Rules) -> list[Trigger]:
    done: list[Trigger] = []
    staying: list[Trigger] = []
    for trigger in sorted(triggers, key=lambda one: _order(one, rules)):
        if staying and staying[-1].day == trigger.day:
            done.append(evolve(trigger, status="suppressed", reason="same_day"))
        else:
            staying.append(trigger)
    for place, trigger in enumerate(staying):
        following = staying[place + 1].days[1] if place + 1 < len(staying) else None
        if following and following <= trigger.days[2]:
            done.append(evolve(trigger, status="suppressed", reason="restarted"))
        else:
            done.append(trigger)
    return done


def _order(one: Trigger, rules: Rules) -> tuple[int, date, int, str]:
    _, day, _ = one.days
    return (one.place if rules.precedence == "type" else 0), day, one.place, one.claim
