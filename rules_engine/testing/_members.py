"""The made-up members of a year: who they are, when they are enrolled and where they belong."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from attrs import frozen

from rules_engine.testing._catalogue import PRODUCTS, REGIONS, SYSTEMS, System
from rules_engine.testing._dice import Dice

__all__ = ["DAYS", "MONTHS", "Member", "day_text", "enrol", "merged"]

YEAR = 2015
DAYS = 365
_ORIGIN = date(YEAR, 1, 1).toordinal()
_ISO = tuple(date.fromordinal(_ORIGIN + day).isoformat() for day in range(DAYS))
_STARTS = tuple(
    date(YEAR + month // 12, month % 12 + 1, 1).toordinal() - _ORIGIN for month in range(13)
)

# First and last day of each month of the year, days counted from 0.
MONTHS = tuple((first, after - 1) for first, after in pairwise(_STARTS))

_HOMES = tuple(system for system in SYSTEMS for _ in range(system.weight))
_PRODUCTS = tuple(PRODUCTS)
_PATTERNS = tuple(
    pattern
    for pattern, thousandths in {
        "stays": 770,
        "joins": 90,
        "leaves": 70,
        "joins inside a month": 20,
        "leaves inside a month": 15,
        "comes back": 20,
        "overlaps": 15,
    }.items()
    for _ in range(thousandths)
)

Span = tuple[int, int]


@frozen(kw_only=True)
class Member:
    """One person.

    Attributes:
        person_id: Identifier.
        birth_date: ISO date.
        sex: `female` or `male`.
        region: Where the person lives.
        product: What the premium is paid for.
        risk: Expected cost beside the average, in thousandths.
        spans: First and last days of enrolment as the rows say it: they may overlap.
        homes: Systems the person belongs to, each from a day on.
    """

    person_id: str
    birth_date: str
    sex: str
    region: str
    product: str
    risk: int
    spans: tuple[Span, ...]
    homes: tuple[tuple[int, System], ...]

    def home(self, day: int) -> System:
        """Give the system the person belongs to on a day."""
        return next(system for first, system in reversed(self.homes) if first <= day)


def day_text(day: int) -> str:
    """Give the ISO date of a day counted from the first of the year, which is 0."""
    if 0 <= day < DAYS:
        return _ISO[day]
    return date.fromordinal(_ORIGIN + day).isoformat()


def merged(spans: Sequence[Span]) -> list[Span]:
    """Give the days of the year that `spans` cover, each once, in order."""
    covered: list[Span] = []
    for first, last in sorted((max(0, first), last) for first, last in spans):
        if covered and first <= covered[-1][1] + 1:
            covered[-1] = (covered[-1][0], max(last, covered[-1][1]))
        else:
            covered.append((first, last))
    return covered


def enrol(dice: Dice, number: int) -> Member:
    """Draw one member."""
    newborn = dice.chance(12)
    birth = dice.between(5, 350) if newborn else -dice.between(200, 64 * 365)
    first_home = dice.pick(_HOMES)
    homes = [(-DAYS, first_home)]
    if dice.chance(40):
        homes.append((MONTHS[dice.between(1, 11)][0], dice.pick(_HOMES)))
    return Member(
        person_id=f"M{number:06}",
        birth_date=day_text(birth),
        sex=dice.pick(("female", "male")),
        region=dice.pick(REGIONS),
        product=dice.pick(_PRODUCTS),
        risk=max(20, dice.skewed() * _age_factor(-birth // 365) // 1000),
        spans=((birth, DAYS - 1),) if newborn else _spans(dice),
        homes=tuple(homes),
    )


def _age_factor(age: int) -> int:
    """Give the cost of an age beside the average, in thousandths."""
    return next(
        factor for limit, factor in ((1, 1900), (18, 480), (45, 830), (200, 1620)) if age <= limit
    )


def _spans(dice: Dice) -> tuple[Span, ...]:
    """Draw the enrolment rows of one person."""
    start = -dice.pick((0, 0, 31, 92, 184))
    end = DAYS - 1
    month = dice.between(1, 10)
    first, last = MONTHS[month]
    inside = first + dice.between(4, 20)
    patterns: Mapping[str, tuple[Span, ...]] = {
        "stays": ((start, end),),
        "joins": ((first, end),),
        "leaves": ((start, last),),
        "joins inside a month": ((inside, end),),
        "leaves inside a month": ((start, inside),),
        "comes back": ((start, MONTHS[month - 1][1]), (MONTHS[month + 1][0] + inside - first, end)),
        "overlaps": ((start, last), (inside, end)),
    }
    return patterns[dice.pick(_PATTERNS)]
