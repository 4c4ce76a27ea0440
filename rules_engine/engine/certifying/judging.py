"""The judge: a claim's waterfall on exact rationals, by neither of the two compilations."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from rules_engine.engine.certifying.outcomes import Outcome, priced, rejected, takers
from rules_engine.engine.certifying.sample import Claim, Row
from rules_engine.expressions import Expression, Sites, TableType
from rules_engine.expressions.closure import Reject
from rules_engine.expressions.exact import Value, evaluate, plain
from rules_engine.expressions.runtime import NO_CLAIM, line_without_value
from rules_engine.expressions.tree import (
    ClaimFunction,
    OfRows,
    Ref,
    Running,
)
from rules_engine.ledger import allocate
from rules_engine.pricing.plan import AMOUNT, EXCEEDS, Plan, PricingRule, may_exceed
from rules_engine.pricing.running import Key, Share, add_exactly
from rules_engine.pricing.spreading import spread_weights
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


@define(eq=False)
class _Line:
    """What the names of a formula stand for on one line.

    Attributes:
        judge: Who asks.
        values: The line's columns.
        claim: The lines of its claim, itself among them.
        stages: Amounts of the waterfall so far.
        sums: What lies within the limit of each running sum of the present rule.
        day: Its date; None where it has none.
    """

    judge: "Judge"
    values: Row
    claim: "list[_Line]" = field(factory=list)
    stages: dict[str, Value] = field(factory=dict)
    sums: dict[Running, Share] = field(factory=dict)
    day: date | None = None

    @property
    def date(self) -> date:
        return self.day or date.min

    @property
    def number(self) -> int:
        number = self.values["claim_line_number"]
        if isinstance(number, int):
            return number
        msg = f"{number!r} is no line number"
        raise TypeError(msg)

    @property
    def sites(self) -> Sites:
        return self.judge.sites

    @property
    def tables(self) -> Mapping[str, TableType]:
        return self.judge.plan.tables

    def ref(self, node: Ref) -> Value:
        if node.space == "date":
            return self.date
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

    def aggregate(self, node: OfRows) -> Value:
        if isinstance(node, Running):
            return self.sums[node].within
        if isinstance(node, ClaimFunction):
            return self._of_claim(node)
        raise KeyError(node)

    def _of_claim(self, node: ClaimFunction) -> Value:
        """Give a function over the lines of the claim; one of them without a value rejects all."""
        try:
            # A line without a date is none of its claim's.
            given = {line.number: line.gives(node) for line in self.claim if line.day is not None}
        except Reject:
            reason = (NO_CLAIM, line_without_value(node.function))
            raise Reject(self.sites.number(*reason)) from None
        taken = {number: value for number, (is_taken, value) in given.items() if is_taken}
        known = {number: value for number, value in taken.items() if value is not None}
        match node.function:
            case "claim_count":
                return Fraction(len(taken))
            case "claim_any":
                return True in known.values()
            case "claim_all":
                return all(value is True for value in taken.values())
            case "claim_sum":
                return sum((Fraction(str(value)) for value in known.values()), Fraction(0))
            case "claim_rank":
                return self._rank(known)
        values: list[Any] = list(known.values())
        choose: Any = min if node.function == "claim_min" else max
        found: Value = choose(values, default=None)
        return found

    def _rank(self, known: Mapping[int, Any]) -> Value:
        """Count the lines with more, and those with as much that come before."""
        if self.number not in known:
            return None
        own = known[self.number]
        before = [n for n, v in known.items() if v > own or (v == own and n < self.number)]
        return Fraction(len(before) + 1)

    def gives(self, node: ClaimFunction) -> tuple[bool, Value]:
        """Give whether the line counts in a function of its claim, and its value."""
        value = self.judge.value
        taken = node.condition is None or value(node.condition, self) is True
        # The operand is asked of lines that are taken.
        asked = node.operand if taken else None
        return taken, None if asked is None else value(asked, self)


@define
class Judge:
    """Prices claims by the meaning of the formulas alone.

    Claims that share running sums are priced in the order that `in_order` gives.

    Attributes:
        plan: What to price.
        shelves: The tables that formulas read.
        watch: Who looks on.
        sites: Why lines are rejected.
        sums: What has run up so far: name of the sum, whose, and within what.
    """

    plan: Plan
    shelves: Mapping[str, Shelf]
    watch: Watch | None = None
    sites: Sites = field(factory=Sites)
    sums: dict[Key, Fraction] = field(factory=dict)

    def in_order(self, claims: Sequence[Claim]) -> list[Claim]:
        """Put claims in the order in which they add to running sums."""
        if not self.plan.accumulators:
            return list(claims)

        def place(claim: Claim) -> tuple[Any, ...]:
            lines = self._lines(claim)
            comes = [s for line in lines if (s := line.values.get("sequence")) is not None]
            days = [line.day for line in lines if line.day is not None]
            begins = min(days, default=date.max)
            return (not comes, min(comes, default=0), not days, begins, claim.claim_id)

        return sorted(claims, key=place)

    def price(self, claim: Claim) -> dict[int, Outcome]:
        """Give the outcome of each line by its number."""
        found: dict[int, Outcome] = {}
        chosen: list[tuple[_Line, PricingRule]] = []
        for line in self._lines(claim):
            try:
                chosen.append((line, self._chosen(line)))
            except Reject as reject:
                found[line.number] = self._rejected(reject)
        parts: dict[int, Fraction] = {}
        for rule in self.plan.choosing:
            lines = [line for line, one in chosen if one is rule]
            if rule.step.per == "claim" and lines:
                try:
                    parts |= self._parts(rule, lines)
                except Reject as reject:
                    found |= {line.number: self._rejected(reject) for line in lines}
        for line, rule in sorted(chosen, key=_place):
            if line.number in found:
                continue
            try:
                allowed = parts.get(line.number)
                if allowed is None:
                    allowed = self._amount(rule, line)
                found[line.number] = self._paid(rule, line, allowed)
            except Reject as reject:
                found[line.number] = self._rejected(reject)
        return found

    def _lines(self, claim: Claim) -> list[_Line]:
        lines = [_Line(self, row) for row in claim.lines]
        lines.sort(key=lambda line: line.number)
        for line in lines:
            line.claim = lines
            day = self.value(self.plan.row_date, line)
            line.day = day if isinstance(day, date) else None
        return lines

    def _parts(self, rule: PricingRule, lines: Sequence[_Line]) -> dict[int, Fraction]:
        """Pay once, by the first line, and give each line its part."""
        scale = 10**self.plan.scale
        units = self._amount(rule, lines[0]) * scale
        weights = spread_weights([line.values["charge_amount"] for line in lines])
        shares = allocate(units.numerator, weights)
        numbers = [line.number for line in lines]
        return {n: Fraction(share, scale) for n, share in zip(numbers, shares, strict=True)}

    def _rejected(self, reject: Reject) -> Outcome:
        site = self.sites[reject.site]
        return rejected(site.code, site.rule, site.message)

    # -- one line

    def _chosen(self, line: _Line) -> PricingRule:
        """Give the rule that sets the line's allowed amount."""
        self.sites.rule = ""
        if line.day is None:
            raise self._reject(NO_DATE)
        if not self.plan.first <= line.day <= self.plan.last:
            raise self._reject(OUTSIDE)
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
        return all(self.value(condition, line) is True for condition in rule.conditions)

    def _amount(self, rule: PricingRule, line: _Line) -> Fraction:
        self.sites.rule = rule.id
        formula = rule.step.expression
        line.sums = add_exactly(rule.id, formula, lambda part, _: self.value(part, line), self.sums)
        found = self.value(formula, line)
        if not isinstance(found, Fraction):
            raise self._reject(NULL)
        low, high = AMOUNT.low, AMOUNT.high
        is_large = low is not None and high is not None and not low <= found <= high
        if is_large and may_exceed(rule.step.expression):
            raise self._reject(LARGE)
        return found

    def value(self, node: Expression, line: _Line) -> Value:
        """Give the value of a formula on a line."""
        return evaluate(node, line, None if self.watch is None else self.watch.value)

    def _reject(self, reason: tuple[str, str]) -> Reject:
        return Reject(self.sites.number(*reason))


def _place(chosen: tuple[_Line, PricingRule]) -> tuple[Any, ...]:
    """Say when a line of a claim comes: by its sequence, its day, its number."""
    line, _ = chosen
    sequence = line.values.get("sequence")
    return (sequence is None, sequence or 0, line.day or date.max, line.number)
