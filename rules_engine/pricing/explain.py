"""A line's waterfall on exact rationals, every part recorded: judge and explanation of a price."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from rules_engine.expressions import Sites, TableType
from rules_engine.expressions.closure import Index, Reject
from rules_engine.expressions.exact import Inputs, Value, evaluate, plain
from rules_engine.expressions.runtime import Curve
from rules_engine.expressions.tree import ClaimFunction, OfRows, Ref, Running
from rules_engine.ledger import allocate
from rules_engine.methodology import Explained
from rules_engine.pricing import steps
from rules_engine.pricing.claim_functions import REFUSED, LineValue, over_lines
from rules_engine.pricing.given import Given
from rules_engine.pricing.given_table import given_rows, given_tables
from rules_engine.pricing.plan import Plan, PricingRule
from rules_engine.pricing.priced import PricedClaim, PricedLine, RejectedLine
from rules_engine.pricing.running import Key, Share, add_exactly, before
from rules_engine.pricing.spreading import spread_weights
from rules_engine.pricing.values import numbered, read_value

__all__ = ["explain_lines"]


def explain_lines(
    plan: Plan,
    tables: Mapping[str, Mapping[str, Index]],
    claim: Mapping[str, Any],
    priced: PricedClaim,
    given: Given | None = None,
) -> dict[int, tuple[Explained, ...]]:
    """Recompute the priced lines of a claim step by step, with what each step read.

    The formulas are evaluated by the exact evaluator, not by the code that priced the lines; the
    last step of a line is its paid amount.

    Returns:
        The steps of each priced line, by its number.
    """
    known = given_rows(given_tables(plan), given or Given())
    facts = {row["claim_line_number"]: _RowFacts(plan, tables, row, known) for row in _rows(claim)}
    run_up = _RunUp(dict((given or Given()).opening(plan.accumulators)))
    for one in facts.values():
        one.claim = tuple(facts.values())
        one.run_up = run_up
    lines = {line.claim_line_number: line for line in priced.lines}
    found: dict[int, tuple[Explained, ...]] = {}
    # In the order in which they add to sums that run from line to line.
    for one in sorted(facts.values(), key=_RowFacts.place):
        line = lines[one.number]
        if isinstance(line, PricedLine):
            rule = next(r for r in plan.choosing if r.id == line.rule)
            found[one.number] = _explained(plan, facts, priced, one, rule)
        elif plan.accumulators and line.rule:
            _add_until_refused(plan, facts, priced, one, line.rule)
    return found


def _add_until_refused(
    plan: Plan,
    claim: Mapping[int, "_RowFacts"],
    priced: PricedClaim,
    facts: "_RowFacts",
    refused_by: str,
) -> None:
    """Add to running sums what the rules before the one that refuses a line have added."""
    with suppress(Reject):
        rule = facts.chosen()
        if rule is not None and (rule.step.per == "line" or refused_by != rule.id):
            _explained(plan, claim, priced, facts, rule, refused_by)


def _rows(claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the lines of a claim that are alone with their number; the others are refused."""
    rows = [dict(numbered({**claim, **row})) for row in claim.get("lines") or [claim]]
    numbers = [row["claim_line_number"] for row in rows]
    return [row for row in rows if numbers.count(row["claim_line_number"]) == 1]


def _explained(
    plan: Plan,
    claim: Mapping[int, "_RowFacts"],
    priced: PricedClaim,
    facts: "_RowFacts",
    rule: PricingRule,
    last: str | None = None,
) -> tuple[Explained, ...]:
    """Lead a line from its allowed amount to what is paid, or to the rule that comes last."""
    found: list[Explained] = []
    if rule.step.per == "claim":
        found += _together(plan, claim, priced, facts, rule)
    else:
        found.append(_step("allowed", rule, facts))
    if rule.id == last:
        return tuple(found)
    facts.stages = {"allowed": plain(found[-1].value), "remaining": plain(found[-1].value)}
    for later in plan.later:
        if not facts.meets(later):
            continue
        step = _step(later.id, later, facts)
        found.append(step)
        if later.id == last:
            return tuple(found)
        amount = _number(step.value)
        allowed, remaining = _number(facts.stages["allowed"]), _number(facts.stages["remaining"])
        if later.step.sets == "limit":
            least = min(allowed, amount)
            found.append(steps.lowered(later.id, least))
            facts.stages = {"allowed": least, "remaining": least}
        else:
            facts.stages = {"allowed": allowed, "remaining": remaining - amount}
    taken = [
        r.id for r in plan.later if r.step.sets != "limit" and any(s.name == r.id for s in found)
    ]
    return (*found, steps.paid(taken, facts.stages["remaining"]))


def _number(value: Value) -> Fraction:
    if isinstance(value, Fraction):
        return value
    msg = f"{value!r} is no amount"
    raise TypeError(msg)


def _together(
    plan: Plan,
    claim: Mapping[int, "_RowFacts"],
    priced: PricedClaim,
    facts: "_RowFacts",
    rule: PricingRule,
) -> list[Explained]:
    """Explain what is paid once a claim, and this line's part of it."""
    known = {one.claim_line_number: one for one in priced.lines}
    numbers = sorted(
        number for number in claim if _shares(plan, claim[number], known[number], rule)
    )
    wholes = facts.run_up.wholes
    if rule.id not in wholes:
        wholes[rule.id] = _step("allowed_for_the_claim", rule, claim[numbers[0]])
    whole = wholes[rule.id]
    charges = {number: claim[number].charge() for number in numbers}
    units = _number(whole.value) * 10**plan.scale
    parts = allocate(units.numerator, spread_weights(list(charges.values())))
    own = Fraction(parts[numbers.index(facts.number)], 10**plan.scale)
    return [whole, steps.part(own, charges)]


def _shares(
    plan: Plan, facts: "_RowFacts", line: PricedLine | RejectedLine, rule: PricingRule
) -> bool:
    """Whether a line has a part in what a rule pays; one that a later rule refused has it too."""
    if isinstance(line, PricedLine):
        return line.rule == rule.id
    later = {one.id for one in plan.later}
    return line.rule in later and facts.chosen() is rule


def _step(name: str, rule: PricingRule, facts: "_RowFacts") -> Explained:
    inputs = Inputs(rule.text)
    formula = rule.step.expression
    facts.sums = add_exactly(
        rule.id,
        formula,
        lambda part, is_amount: evaluate(part, facts, inputs if is_amount else None),
        facts.run_up.sums,
    )
    value = evaluate(formula, facts, inputs)
    for number, (node, share) in enumerate(facts.sums.items(), 1):
        if share.before is not None:
            held = before(rule.id, number)
            inputs.values[held], inputs.units[held] = share.before, str(node.type.kind)
    return steps.term(name, rule, value, inputs.values, inputs.units)


@frozen
class _RunUp:
    """What the lines of a claim share while they are explained in their order.

    Attributes:
        sums: What has run up so far.
        wholes: What each rule pays once a claim.
    """

    sums: dict[Key, Any]
    wholes: dict[str, Explained] = field(factory=dict)


class _RowFacts:
    """What the names of a row formula stand for on one line."""

    def __init__(
        self,
        plan: Plan,
        tables: Mapping[str, Mapping[str, Index]],
        row: Mapping[str, Any],
        given: Mapping[tuple[str, str], Mapping[Any, Any]],
    ) -> None:
        self.plan = plan
        self.indexes = tables
        self.values = row
        self.given = given
        self.sites = Sites()
        self.tables: Mapping[str, TableType] = plan.tables
        self.stages: dict[str, Value] = {}
        self.claim: tuple[_RowFacts, ...] = (self,)
        self.run_up = _RunUp({})
        self.sums: dict[Running, Share] = {}
        self.date = date.min
        found = evaluate(plan.row_date, self) if self.reads() else None
        self.has_date = isinstance(found, date)
        if isinstance(found, date):
            self.date = found

    @property
    def number(self) -> int:
        """Give the line's number."""
        number: int = self.values["claim_line_number"]
        return number

    def place(self) -> tuple[Any, ...]:
        """Say when the line comes within its claim: by its sequence, its day, its number."""
        sequence = None
        for name in self.plan.orders:
            with suppress(ValueError):
                sequence = read_value(self.values.get(name), self.plan.read_columns[name])
        return (sequence is None, sequence or 0, self.date, self.number)

    def chosen(self) -> PricingRule | None:
        """Give the rule that sets the allowed amount, where one does."""
        ordinary = [rule for rule in self.plan.choosing if not rule.otherwise and self.meets(rule)]
        over = {name for rule in ordinary for name in rule.replaces}
        others = (rule for rule in self.plan.choosing if rule.otherwise and self.meets(rule))
        return next((rule for rule in ordinary if rule.id not in over), None) or next(others, None)

    def meets(self, rule: PricingRule) -> bool:
        """Whether all conditions of a rule are true of the line."""
        return all(evaluate(condition, self) is True for condition in rule.conditions)

    def charge(self) -> Decimal | None:
        """Give the line's charge."""
        type_ = self.plan.columns["charge_amount"].with_null()
        found: Decimal | None = read_value(self.values.get("charge_amount"), type_)
        return found

    def ref(self, node: Ref) -> Value:
        if node.space == "stage":
            return self.stages[node.name]
        if node.space == "date":
            return self.date
        value = self.values.get(node.name)
        return plain(read_value(value, self.plan.columns[node.name].with_null()))

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Value] | None:
        type_ = self.tables[table]
        key = keys if len(keys) > 1 else keys[0]
        found: dict[str, Value] = {}
        for column, rows in self.columns(type_):
            if type_.effective is None:
                values = [rows[key]] if key in rows else []
            else:
                values = [v for first, last, v in rows.get(key, ()) if first <= self.date <= last]
            if not values:
                return None
            found[column] = plain(values[0])
        return found

    def columns(self, table: TableType) -> Iterator[tuple[str, Mapping[Any, Any]]]:
        """Give the columns of a table that formulas read, `""` for its presence, by key."""
        if table.given:
            for (name, column), rows in self.given.items():
                if name == table.name:
                    yield column, rows
            return
        for column, index in self.indexes[table.name].items():
            yield column, index.rows

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        index = self.indexes[table][column]
        found = Curve(index).around(self.date, at)
        if found is None:
            return ()
        low, first, high, last = map(Fraction, found)
        return ((low, first),) if low == at else ((low, first), (high, last))

    def aggregate(self, node: OfRows) -> Value:
        if isinstance(node, Running):
            return self.sums[node].within
        if not isinstance(node, ClaimFunction):
            raise KeyError(node)
        # A line that does not read, or has no date, is none of the claim's.
        lines = [line.of_claim(node) for line in self.claim if line.reads() and line.has_date]
        values = over_lines(node.function, lines)
        places = {line.number: place for place, line in enumerate(lines)}
        found: Value = values[places[self.number]]
        return found

    def of_claim(self, node: ClaimFunction) -> LineValue:
        """Give what the line gives to a function of its claim."""
        try:
            taken = node.condition is None or evaluate(node.condition, self) is True
            value = evaluate(node.operand, self) if taken and node.operand is not None else None
        except Reject:
            return LineValue(self.number, REFUSED)
        return LineValue(self.number, value, taken)

    def reads(self) -> bool:
        """Whether every value of the line that prices read is one."""
        try:
            for name, type_ in self.plan.read_columns.items():
                read_value(self.values.get(name), type_)
        except (ValueError, TypeError):
            return False
        return True
