"""The check: what a promise declares, held against what the search finds."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby, pairwise
from math import ceil, floor
from operator import itemgetter
from typing import Any, Final

from attrs import define, evolve, field, frozen

from rules_engine.diagnostics import Diagnostic, in_order
from rules_engine.engine.cliffs.declared import Located, Range, located, number
from rules_engine.engine.cliffs.moving import Moving
from rules_engine.engine.cliffs.path import Recorder, Roundings
from rules_engine.engine.cliffs.report import Stretch, Sweep
from rules_engine.engine.cliffs.search import Fall, Found, Point, Step, evenly, search
from rules_engine.expressions import Kind
from rules_engine.language.document import Path
from rules_engine.methodology.explanation import number_text

__all__ = ["Effort", "sweep"]


@frozen(kw_only=True)
class Effort:
    """How closely a range is looked at.

    Attributes:
        samples: How many values, evenly spaced, are settled at least.
        steps_max: How many results a rounding may have within the range for each of them to be
            followed to its place.
        points_max: How many values are settled at most.
    """

    samples: int = 48
    steps_max: int = 500
    points_max: int = 20_000


def sweep(moving: Moving, facts: str, effort: Effort) -> Sweep:
    """Look at one promise for one entity and period."""
    return _Check(moving, effort).sweep(facts)


@define
class _Check:
    moving: Moving
    effort: Effort
    findings: list[Diagnostic] = field(factory=list)
    gaps: list[tuple[Fraction, Fraction]] = field(factory=list)

    def sweep(self, facts: str) -> Sweep:
        moving = self.moving
        promise = moving.promise
        low = number(moving, promise.formulas["from"])
        high = number(moving, promise.formulas["through"])
        range_ = Range(first=ceil(low / moving.unit), last=floor(high / moving.unit))
        stretches: tuple[Stretch, ...] = ()
        limits: tuple[str, ...] = ()
        settlements = 0
        if range_.first > range_.last:
            self.report(
                (*promise.declared.path, "through"),
                "RE435",
                f"the range begins at {shown(low)} and ends at {shown(high)}, before it",
            )
        else:
            self.whole_type(range_)
            places = self.inside(located(moving), range_)
            found, limits = self.search(places, range_)
            settlements = len(found.points)
            stretches = self.stretches(places, found, range_)
        return Sweep(
            promise=promise.name,
            says=self.says,
            facts=facts,
            entity=moving.entity.key,
            period=moving.period.label,
            moved=promise.formulas["when_rises"].text.strip(),
            unit=moving.unit,
            first=range_.first * moving.unit,
            last=range_.last * moving.unit,
            stretches=stretches,
            gaps=tuple(sorted(self.gaps)),
            settlements=settlements,
            limits=limits,
            findings=tuple(in_order(self.findings)),
        )

    # -- what is looked at

    def search(self, places: tuple[Located, ...], range_: Range) -> tuple[Found, tuple[str, ...]]:
        """Find what is rounded, and search with each of its results told apart."""
        moving, effort = self.moving, self.effort
        roundings = Roundings(moving.held.ruleset.declaration.rounding.unit)
        marks = {range_.first, range_.last}
        near: set[int] = set()
        for place in places:
            ends = set(place.ends(moving.unit, range_))
            marks |= ends
            near |= {value for end in ends for value in (end - 1, end + 1)}
        near = {value for value in near if range_.first <= value <= range_.last}
        # Steps that a rounding makes would be followed one by one if nothing were known of it.
        for value in evenly(marks, effort.samples):
            moving.at(value, Recorder(roundings, frozenset()))
        followed = self.coarse(roundings)
        found = self.once(marks, near, roundings, followed)
        while now := self.coarse(roundings) - followed:
            followed |= now
            found = self.once(marks, near, roundings, followed)
        counts = [roundings.steps(site) for site in roundings.seen]
        limits = [
            f"a formula is rounded to {count:,} different results in the range; the places where it"
            " changes were not looked at one by one"
            for count in counts
            if count > effort.steps_max
        ]
        if not found.is_whole:
            limits.append(f"after {effort.points_max:,} settlements the search was ended")
        return found, tuple(limits)

    def once(
        self,
        marks: Iterable[int],
        near: Iterable[int],
        roundings: Roundings,
        followed: frozenset[tuple[int, int]],
    ) -> Found:
        return search(
            lambda at: self.moving.at(at, Recorder(roundings, followed)),
            marks,
            near=near,
            sign=1 if self.moving.promise.declared.never == "falls" else -1,
            tolerance=self.moving.odd,
            samples=self.effort.samples,
            points_max=self.effort.points_max,
        )

    def coarse(self, roundings: Roundings) -> frozenset[tuple[int, int]]:
        """Give the rounded formulas that have few enough results for each to be followed."""
        steps = {site: roundings.steps(site) for site in roundings.seen}
        return frozenset(s for s, count in steps.items() if 0 < count <= self.effort.steps_max)

    # -- what is declared

    def whole_type(self, range_: Range) -> None:
        """Report what the range leaves out of a rate; the bounds of other types are no terms."""
        moving = self.moving
        if moving.promise.formulas["when_rises"].type.kind is not Kind.RATE:
            return
        whole = Range(first=0, last=floor(1 / moving.unit))
        for key, first, last in (
            ("from", whole.first, range_.first - 1),
            ("through", range_.last + 1, whole.last),
        ):
            if first <= last:
                self.uncovered((*self.path, key), first, last)

    def inside(self, places: tuple[Located, ...], range_: Range) -> tuple[Located, ...]:
        """Give the places that are in the range, and report those that are nowhere in it."""
        unit = self.moving.unit
        found = []
        for place in places:
            whole = place.whole(unit, range_)
            if place.first <= place.last and whole.first <= whole.last:
                found.append(place)
                continue
            where = shown(place.first)
            if not place.at_once:
                where = f"from {where} through {shown(place.last)}"
            self.report(
                place.path,
                "RE438",
                f"{place.kind} {place.name} is {where} for {self.who}, and the range goes from"
                f" {shown(range_.first * unit)} through {shown(range_.last * unit)}",
                "`when:` may say for whom it is there",
            )
        return tuple(found)

    # -- what was found

    def stretches(
        self, places: tuple[Located, ...], found: Found, range_: Range
    ) -> tuple[Stretch, ...]:
        unit = self.moving.unit
        cliffs = [place for place in places if place.kind == "cliff"]
        regions = [place for place in places if place.kind == "region"]
        made: list[Stretch] = []
        for owner, fall in self.owned(found.falls, cliffs):
            made.append(self.stretch("cliff", fall, owner))
            if owner is None:
                self.undeclared(fall, regions)
            else:
                self.promised(fall, owner, regions)
        made += self.steps([place for place in places if place.kind == "step"], found)
        for place in places:
            if place.kind != "region":
                self.compare(place, found)
        self.refused(found)
        by_value = {point.at: point for point in found.points}
        gaps = [(f.first.at, f.last.at) for f in found.falls]
        for name, first, last in self.regions(regions, cliffs, gaps, range_):
            made.append(
                Stretch(
                    kind="region",
                    name=name,
                    first=first * unit,
                    last=last * unit,
                    paid_first=by_value[first].paid if first in by_value else None,
                    paid_last=by_value[last].paid if last in by_value else None,
                )
            )
        return tuple(sorted(made, key=lambda one: (one.first, one.last, one.kind)))

    def owned(
        self, falls: Iterable[Fall], cliffs: list[Located]
    ) -> Iterator[tuple[Located | None, Fall]]:
        """Give each fall with the cliff it is declared as; what is told apart inside one is one."""
        open_: tuple[Located | None, Fall] | None = None
        for fall in falls:
            owner = next((place for place in cliffs if self.has(place, fall)), None)
            if open_ is not None:
                before, joined = open_
                if owner is before is not None and joined.last.at == fall.first.at:
                    open_ = owner, Fall(joined.first, fall.last)
                    continue
                yield open_
            open_ = owner, fall
        if open_ is not None:
            yield open_

    def steps(self, declared: list[Located], found: Found) -> Iterator[Stretch]:
        """Give each step; those that are declared together as one."""
        owners = [next((p for p in declared if self.has(p, one)), None) for one in found.steps]
        for owner, pairs in groupby(zip(owners, found.steps, strict=True), key=itemgetter(0)):
            steps = [step for _, step in pairs]
            if owner is None:
                yield from (self.stretch("step", step, None) for step in steps)
                continue
            whole = self.stretch("step", steps[0], owner)
            yield evolve(
                whole,
                last=steps[-1].last.at * self.moving.unit,
                paid_last=steps[-1].last.paid,
                amount=sum((step.size for step in steps), Fraction(0)),
                count=len(steps),
            )

    def has(self, place: Located, found: Fall | Step) -> bool:
        """Whether a declared place is where something was found."""
        first, last = found.first.at * self.moving.unit, found.last.at * self.moving.unit
        if place.at_once:
            return last - first == self.moving.unit and first <= place.first <= last
        return place.first - self.moving.unit <= first and last <= place.last + self.moving.unit

    def stretch(self, kind: str, found: Fall | Step, owner: Located | None) -> Stretch:
        return Stretch(
            kind=kind,
            name="" if owner is None else owner.name,
            first=found.first.at * self.moving.unit,
            last=found.last.at * self.moving.unit,
            paid_first=found.first.paid,
            paid_last=found.last.paid,
            amount=found.size,
            why="" if owner is None else owner.why,
        )

    def regions(
        self,
        regions: list[Located],
        cliffs: list[Located],
        falls: list[tuple[int, int]],
        range_: Range,
    ) -> Iterator[tuple[str, int, int]]:
        """Give the regions, as declared or between what falls, and report what they leave out."""
        unit = self.moving.unit
        if not regions:
            at = range_.first
            for first, last in sorted(falls):
                if first > at:
                    yield "", at, first
                at = max(at, last)
            if at < range_.last or not falls:
                yield "", at, range_.last
            return
        at = range_.first - 1
        covered = sorted(
            ((place.whole(unit, range_), place) for place in (*regions, *cliffs)),
            key=lambda pair: (pair[0].first, pair[0].last),
        )
        for whole, place in covered:
            if whole.first > at + 1:
                self.uncovered((*self.path, "regions"), at + 1, whole.first - 1)
            if place.kind == "region" and whole.first <= whole.last:
                yield place.name, whole.first, whole.last
            at = max(at, whole.last)
        if at < range_.last:
            self.uncovered((*self.path, "regions"), at + 1, range_.last)

    # -- findings

    def around(self, fall: Fall, regions: list[Located]) -> Located | None:
        """Give a region in which a payment falls."""
        first, last = fall.first.at * self.moving.unit, fall.last.at * self.moving.unit
        return next((r for r in regions if r.first < last and first < r.last), None)

    def promised(self, fall: Fall, owner: Located, regions: list[Located]) -> None:
        """Report a cliff that stands where a region promises that there is none."""
        region = self.around(fall, regions)
        if region is not None:
            first, last = fall.first.at * self.moving.unit, fall.last.at * self.moving.unit
            self.report(
                owner.path,
                "RE437",
                f"cliff {owner.name}, from {shown(first)} through {shown(last)} for {self.who},"
                f" lies in region {region.name}, where better never pays less",
                f"end {region.name} at one side of the cliff, and begin another at the other",
            )

    def undeclared(self, fall: Fall, regions: list[Located]) -> None:
        first, last = fall.first.at * self.moving.unit, fall.last.at * self.moving.unit
        inside = next((r for r in regions if r.first <= first and last <= r.last), None)
        where = "" if inside is None else f"in region {inside.name}, "
        self.report(
            self.path if inside is None else inside.path,
            "RE433",
            f"{where}{self.who} is paid {shown(fall.first.paid)} at {shown(first)} and"
            f" {shown(fall.last.paid)} at {shown(last)}: better pays {shown(fall.size)} less;"
            " a cliff may be declared there",
            f"add to cliffs: {{<name>: {{at: {shown(first)}, loses: {shown(fall.size)}, why: …}}}}",
        )

    def compare(self, place: Located, found: Found) -> None:
        """Report a declared cliff or step that is not there, or has other dollars."""
        mine: list[Any] = [
            one
            for one in (found.falls if place.kind == "cliff" else found.steps)
            if self.has(place, one)
        ]
        size = sum((one.size for one in mine), Fraction(0))
        # A declared place lies between two values of the input, each of which moves a little.
        near = self.moving.odd + 2 * sum((one.beside for one in mine), Fraction(0))
        if not place.at_once:
            near += self.at_ends(place, found)
        verb, less = ("loses", "less") if place.kind == "cliff" else ("gains", "more")
        if place.amount is None and not mine:
            why = f"{self.who} is paid no {less} there"
        elif place.amount is None or abs(size - place.amount) <= near:
            return
        else:
            why = f"it {verb} {shown(size)} and not {shown(place.amount)} for {self.who}"
        self.report(
            place.path,
            "RE434",
            f"{place.kind} {place.name} at {shown(place.first)}: {why}",
        )

    def at_ends(self, place: Located, found: Found) -> Fraction:
        """Give what the payment moves from one value to the next at the ends of a place."""
        unit = self.moving.unit
        ends = [(floor(end) - 1, ceil(end) + 1) for end in (place.first / unit, place.last / unit)]
        return sum(
            (
                abs(b.paid - a.paid)
                for a, b in pairwise(found.points)
                if a.paid is not None
                and b.paid is not None
                and any(low <= a.at and b.at <= high for low, high in ends)
            ),
            Fraction(0),
        )

    def refused(self, found: Found) -> None:
        for reason, points in groupby(found.points, key=lambda point: point.refused):
            if not reason:
                continue
            stretch: list[Point] = list(points)
            first, last = (point.at * self.moving.unit for point in (stretch[0], stretch[-1]))
            self.gaps.append((first, last))
            self.report(
                self.path,
                "RE436",
                f"{self.who} cannot be settled from {shown(first)} through {shown(last)}: {reason}",
            )

    def uncovered(self, path: Path, first: int, last: int) -> None:
        unit = self.moving.unit
        self.gaps.append((first * unit, last * unit))
        self.report(
            path,
            "RE435",
            f"from {shown(first * unit)} through {shown(last * unit)} nothing is declared"
            f" for {self.who}; a region or a cliff may stand there",
        )

    def report(self, path: Path, code: str, message: str, way_out: str | None = None) -> None:
        document = self.moving.held.ruleset.declaration.document
        where = document.locate(path, key=True)
        self.findings.append(
            Diagnostic(where, code, f"{self.moving.promise.name}: {message}", help=way_out)
        )

    @property
    def path(self) -> Path:
        return self.moving.promise.declared.path

    @property
    def who(self) -> str:
        key = "/".join(self.moving.entity.key)
        return f"{key} in {self.moving.period.label}" if key else self.moving.period.label

    @property
    def says(self) -> str:
        declared = self.moving.promise.declared
        paid = self.moving.promise.formulas.get("paid")
        what = f"what {declared.rule} pays {declared.to}" if paid is None else paid.text.strip()
        moved = self.moving.promise.formulas["when_rises"].text.strip()
        return f"{what} never {declared.never} when {moved} rises"


_PLACES: Final = 2


def shown(value: Fraction | None) -> str:
    """Write a number for people: money to the cent, an inexact fraction as one."""
    if value is None:
        return "nothing"
    cents = value * 10**_PLACES
    if cents.denominator != 1:
        return number_text(value)
    sign, size = "-" if cents < 0 else "", abs(cents.numerator)
    return f"{sign}{size // 100:,}.{size % 100:02}"
