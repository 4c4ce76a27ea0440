"""Which rule sets which stage of a line, worked out once for both compilations."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Final

from attrs import frozen

from rules_engine.expressions import Expression, Kind, TableType, Type
from rules_engine.expressions.tree import (
    ClaimFunction,
    Has,
    Interpolate,
    Lookup,
    Ref,
    Running,
    running_in,
    walk,
)
from rules_engine.methodology import STAGES, Step
from rules_engine.pricing.running import accumulator

__all__ = ["AMOUNT", "EXCEEDS", "LATER", "Plan", "PricingRule", "may_exceed"]

LATER: Final = STAGES[1:]
AMOUNT: Final = Type.of(Kind.MONEY)
"""What an amount of a line may be, in currency; a larger one is a slip, and rejects the line."""

EXCEEDS: Final = "the amount is larger than a line may hold"


def may_exceed(expression: Expression) -> bool:
    """Whether a value may be no amount of a line, because its proof is wider."""
    low, high = expression.type.low, expression.type.high
    if low is None or high is None or AMOUNT.low is None or AMOUNT.high is None:
        return True
    return low < AMOUNT.low or high > AMOUNT.high


@frozen(kw_only=True)
class PricingRule:
    """A rule that prices rows.

    Attributes:
        id: The rule.
        source: Where the contract says it.
        when: Lines it applies to; None for all.
        otherwise: Whether it takes the lines that no other rule takes.
        replaces: Rules that step back where this one applies too.
        step: What it sets.
        text: Its formula as written.
        place: Where the formula stands.
        when_text: Its condition as written.
    """

    id: str
    source: str
    when: Expression | None
    otherwise: bool
    replaces: frozenset[str]
    step: Step
    text: str = ""
    place: str = ""
    when_text: str = ""

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """The rule's own condition and the step's."""
        return tuple(c for c in (self.when, self.step.when) if c is not None)


@frozen(kw_only=True)
class Plan:
    """All that pricing rows of one kind needs to know of a ruleset.

    Attributes:
        rules: Pricing rules in file order.
        columns: Type of every column of a row: of `medical_claim`, or of `member_month`.
        tables: Shape of every table that expressions may read.
        row_date: The date at which a line is priced.
        first: First day of the ruleset.
        last: Its last day.
        scale: Decimal places of a posted amount.
        always: Columns that stand in every result, whether a formula reads them or not.
    """

    rules: tuple[PricingRule, ...]
    columns: Mapping[str, Type]
    tables: Mapping[str, TableType]
    row_date: Expression
    first: date
    last: date
    scale: int
    always: frozenset[str] = frozenset({"charge_amount"})

    @cached_property
    def choosing(self) -> tuple[PricingRule, ...]:
        """Rules that set the allowed amount; the ones for everything else at the end."""
        found = [rule for rule in self.rules if rule.step.sets == "allowed"]
        return tuple(sorted(found, key=lambda rule: rule.otherwise))

    @property
    def is_joint(self) -> bool:
        """Whether lines are looked at together: what is paid once a claim, or reads several."""
        pays_once = any(rule.step.per == "claim" for rule in self.choosing)
        return bool(pays_once or self.claim_functions or self.accumulators)

    @cached_property
    def later(self) -> tuple[PricingRule, ...]:
        """Rules of the later stages, stage by stage, in file order within one."""
        found = [rule for rule in self.rules if rule.step.sets in LATER]
        return tuple(sorted(found, key=lambda rule: LATER.index(rule.step.sets)))

    def expressions(self) -> Iterator[Expression]:
        """Give every expression that pricing evaluates."""
        yield self.row_date
        for rule in self.rules:
            yield from rule.conditions
            yield rule.step.expression

    @cached_property
    def only_dates(self) -> frozenset[str]:
        """Columns that nothing but the row's date reads; they may be absent."""
        rules = [e for rule in self.rules for e in (*rule.conditions, rule.step.expression)]
        return columns_of([self.row_date]) - columns_of(rules)

    @cached_property
    def needed_columns(self) -> tuple[str, ...]:
        """Columns of the row that pricing reads, in a stable order."""
        return tuple(sorted(columns_of(self.expressions()) | self.always))

    @cached_property
    def read_columns(self) -> Mapping[str, Type]:
        """Type of each column of the claim that pricing reads where it is given."""
        orders = {name: self.columns[name].with_null() for name in sorted(self.orders)}
        return orders | {name: self.columns[name] for name in self.needed_columns}

    @cached_property
    def given_columns(self) -> tuple[tuple[str, str], ...]:
        """Tables of the data that formulas read, with the column; empty to ask for presence."""
        found = set()
        for expression in self.expressions():
            for node in walk(expression):
                if isinstance(node, Lookup | Has) and self.tables[node.table].given:
                    found.add((node.table, node.column if isinstance(node, Lookup) else ""))
        return tuple(sorted(found))

    @cached_property
    def needed_tables(self) -> frozenset[str]:
        """Tables that pricing looks values up in."""
        return frozenset(
            node.table
            for expression in self.expressions()
            for node in walk(expression)
            if isinstance(node, Lookup | Has | Interpolate)
        )

    @cached_property
    def claim_functions(self) -> tuple[ClaimFunction, ...]:
        """Functions over the lines of a claim, each once."""
        nodes = (node for expression in self.expressions() for node in walk(expression))
        return tuple(dict.fromkeys(node for node in nodes if isinstance(node, ClaimFunction)))

    @cached_property
    def accumulators(self) -> Mapping[str, tuple[str, Running]]:
        """Running sums by name, each with its rule: the rule's id, and numbers for more of one."""
        found = {}
        for rule in self.rules:
            for number, node in enumerate(running_in(rule.step.expression), 1):
                found[accumulator(rule.id, number)] = (rule.id, node)
        return found

    @cached_property
    def orders(self) -> frozenset[str]:
        """Columns that put lines in the order in which they add to running sums, where given."""
        return frozenset({"sequence"} & set(self.columns) if self.accumulators else ())


def columns_of(expressions: Iterable[Expression]) -> frozenset[str]:
    """Give the columns of the row that expressions read."""
    return frozenset(
        node.name
        for expression in expressions
        for node in walk(expression)
        if isinstance(node, Ref) and node.space == "column"
    )
