"""The judge: a claim's waterfall on exact rationals, by neither of the two compilations."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from rules_engine.engine.certifying.outcomes import Outcome, priced, rejected, takers
from rules_engine.engine.certifying.sample import Claim, Row
from rules_engine.expressions import Expression, Sites, TableType
from rules_engine.expressions.closure import Reject
from rules_engine.expressions.exact import Value, evaluate, plain
from rules_engine.expressions.tree import Aggregate, Ref
from rules_engine.ledger import allocate
from rules_engine.pricing.one import spread_weights
from rules_engine.pricing.plan import AMOUNT, EXCEEDS, Plan, PricingRule, may_exceed
from rules_engine.tables.lookup import LookupTable

__all__ = ["Judge", "Shelf", "Watch"]


NULL: Final = ("RE605", "a null reaches an amount")
NONE: Final = ("RE606", "no rule sets the allowed amount")
SEVERAL: Final = ("RE607", "more than one rule sets the allowed amount")
NO_DATE: Final = ("RE609", "the line has no date to be priced at")
OUTSIDE: Final = ("RE610", "the line's date is outside the ruleset's effective dates")
LARGE: Final = ("RE612", EXCEEDS)


class Watch(Protocol):
    """Who looks on while the judge works."""

    def value(self, node: Expression, value: Value) -> None:
        """See the value of a part of a formula."""

    def row(self, table: str, number: int) -> None:
        """See that a row of a table was read, by its place in the table."""


@frozen
class Shelf:
    """A table as the judge reads it: rows by key, each with its days and its place.

    Attributes:
        type: Its shape.
        rows: Its rows in the order of the table.
        places: Places of the rows of each key.
    """

    type: TableType
    rows: tuple[Row, ...]
    places: Mapping[tuple[Value, ...], tuple[int, ...]]

    @classmethod
    def of(cls, type_: TableType, rows: Sequence[Row]) -> "Shelf":
        """Sort rows by key."""
        places: dict[tuple[Value, ...], tuple[int, ...]] = {}
        for number, row in enumerate(rows):
            key = tuple(plain(row[name]) for name in type_.key)
            places[key] = (*places.get(key, ()), number)
        return cls(type_, tuple(rows), places)

    @classmethod
    def of_table(cls, table: LookupTable) -> "Shelf":
        """Sort the rows of a ruleset's own table."""
        columns = list(table.rows)
        rows = [
            dict(zip(columns, row, strict=True)) for row in zip(*table.rows.values(), strict=True)
        ]
        return cls.of(table.type, rows)

    def days(self, number: int) -> tuple[date, date]:
        """Give the first and the last day of a row."""
        if self.type.effective is None:
            return date.min, date.max
        first, last = (self.rows[number].get(name) for name in self.type.effective)
        return first or date.min, last or date.max

    def find(self, key: tuple[Value, ...], day: date) -> int | None:
        """Give the place of the row of a key at a day."""
        for number in self.places.get(key, ()):
            first, last = self.days(number)
            if first <= day <= last:
                return number
        return None

    def around(self, column: str, at: Fraction, day: date) -> tuple[tuple[Fraction, Fraction], ...]:
        """Give key and value of the rows next below and above a value of the one key, at a day."""
        points = []
        for number, row in enumerate(self.rows):
            first, last = self.days(number)
            if first <= day <= last:
                points.append((Fraction(row[self.type.key[0]]), Fraction(row[column])))
        below = [point for point in points if point[0] <= at]
        above = [point for point in points if point[0] >= at]
        return (max(below), min(above)) if below and above else ()


@define
class _Line:
    """What the names of a formula stand for on one line."""

    judge: "Judge"
    values: Row
    stages: dict[str, Value] = field(factory=dict)
    date: date = date.min

    @property
    def sites(self) -> Sites:
        return self.judge.sites

    @property
    def tables(self) -> Mapping[str, TableType]:
        return self.judge.plan.tables

    def ref(self, node: Ref) -> Value:
        return self.stages[node.name] if node.space == "stage" else plain(self.values[node.name])

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Any] | None:
        shelf = self.judge.shelves[table]
        number = shelf.find(keys, self.date)
        if number is None:
            return None
        if self.judge.watch is not None:
            self.judge.watch.row(table, number)
        return shelf.rows[number]

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        return self.judge.shelves[table].around(column, at, self.date)

    def aggregate(self, node: Aggregate) -> Value:
        raise KeyError(node.relation)


@define
class Judge:
    """Prices claims by the meaning of the formulas alone.

    Attributes:
        plan: What to price.
        shelves: The tables that formulas read.
        watch: Who looks on.
        sites: Why lines are rejected.
    """

    plan: Plan
    shelves: Mapping[str, Shelf]
    watch: Watch | None = None
    sites: Sites = field(factory=Sites)

    def price(self, claim: Claim) -> dict[int, Outcome]:
        """Give the outcome of each line by its number."""
        found: dict[int, Outcome] = {}
        waiting: dict[str, list[_Line]] = {}
        for row in sorted(claim.lines, key=_number):
            line = _Line(self, row)
            try:
                rule = self._chosen(line)
                if rule.step.per == "claim":
                    waiting.setdefault(rule.id, []).append(line)
                    continue
                found[_number(row)] = self._paid(rule, line, self._amount(rule, line))
            except Reject as reject:
                found[_number(row)] = self._rejected(reject)
        for rule in self.plan.choosing:
            found |= self._spread(rule, waiting.get(rule.id, []))
        return found

    def _spread(self, rule: PricingRule, lines: Sequence[_Line]) -> Iterator[tuple[int, Outcome]]:
        """Pay once, by the first line, and give each line its part."""
        if not lines:
            return
        try:
            whole = self._amount(rule, lines[0])
        except Reject as reject:
            for line in lines:
                yield _number(line.values), self._rejected(reject)
            return
        scale = 10**self.plan.scale
        units = whole * scale
        parts = allocate(
            units.numerator, spread_weights([line.values["charge_amount"] for line in lines])
        )
        for line, part in zip(lines, parts, strict=True):
            try:
                yield _number(line.values), self._paid(rule, line, Fraction(part, scale))
            except Reject as reject:
                yield _number(line.values), self._rejected(reject)

    def _rejected(self, reject: Reject) -> Outcome:
        site = self.sites[reject.site]
        return rejected(site.code, site.rule, site.message)

    # -- one line

    def _chosen(self, line: _Line) -> PricingRule:
        """Give the rule that sets the line's allowed amount."""
        self.sites.rule = ""
        day = self._value(self.plan.row_date, line)
        if not isinstance(day, date):
            raise self._reject(NO_DATE)
        if not self.plan.first <= day <= self.plan.last:
            raise self._reject(OUTSIDE)
        line.date = day
        ordinary = [rule for rule in self.plan.choosing if not rule.otherwise]
        met = {rule.id for rule in ordinary if self._met(rule, line)}
        self.sites.rule = ""
        chosen = [
            rule
            for rule in ordinary
            if rule.id in met and not any(r.id in met and rule.id in r.replaces for r in ordinary)
        ]
        if len(chosen) > 1:
            raise self._reject(SEVERAL)
        for rule in chosen:
            return rule
        for rule in self.plan.choosing:
            if rule.otherwise and self._met(rule, line):
                return rule
        self.sites.rule = ""
        raise self._reject(NONE)

    def _paid(self, rule: PricingRule, line: _Line, allowed: Fraction) -> Outcome:
        """Lead a line from its allowed amount to what is paid."""
        remaining = allowed
        taken = dict.fromkeys(takers(self.plan), Fraction(0))
        totals = {"member_share": Fraction(0), "withheld": Fraction(0)}
        for later in self.plan.later:
            line.stages = {"allowed": allowed, "remaining": remaining}
            if not self._met(later, line):
                continue
            amount = self._amount(later, line)
            if later.step.sets == "limit":
                allowed = remaining = min(allowed, amount)
                continue
            remaining -= amount
            taken[later.id] += amount
            if later.step.sets in totals:
                totals[later.step.sets] += amount
        charge = plain(line.values["charge_amount"])
        stages = {"allowed": allowed, **totals, "paid": remaining}
        return priced(rule.id, charge if isinstance(charge, Fraction) else None, stages, taken)

    def _met(self, rule: PricingRule, line: _Line) -> bool:
        self.sites.rule = rule.id
        return all(self._value(condition, line) is True for condition in rule.conditions)

    def _amount(self, rule: PricingRule, line: _Line) -> Fraction:
        self.sites.rule = rule.id
        found = self._value(rule.step.expression, line)
        if not isinstance(found, Fraction):
            raise self._reject(NULL)
        low, high = AMOUNT.low, AMOUNT.high
        is_large = low is not None and high is not None and not low <= found <= high
        if is_large and may_exceed(rule.step.expression):
            raise self._reject(LARGE)
        return found

    def _value(self, node: Expression, line: _Line) -> Value:
        return evaluate(node, line, None if self.watch is None else self.watch.value)

    def _reject(self, reason: tuple[str, str]) -> Reject:
        return Reject(self.sites.number(*reason))


def _number(row: Row) -> int:
    number = row["claim_line_number"]
    if isinstance(number, int):
        return number
    msg = f"{number!r} is no line number"
    raise TypeError(msg)
