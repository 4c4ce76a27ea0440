"""Held facts: all that a settlement read, so that it can be made again with one input moved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, evolve, frozen

from rules_engine.expressions import Kind
from rules_engine.expressions.exact import Trace
from rules_engine.expressions.tree import Aggregate, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.methodology import Formula, Period
from rules_engine.settlement.balances import Balances
from rules_engine.settlement.books import Settled, Settlements
from rules_engine.settlement.deriving import ask, attributed
from rules_engine.settlement.experience import Experience, Source, measure
from rules_engine.settlement.facts import Facts, Given, entities, key_columns
from rules_engine.settlement.settle import periods_of, settle_each, wanted_aggregates

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Again", "Cell", "Entity", "Held", "Number", "Total", "exact_decimal"]

_WHOLE = frozenset({Kind.COUNT, Kind.DAYS})


@frozen
class Cell:
    """One value of a table: the column of an entity's row, or what a lookup gives.

    Attributes:
        table: The table.
        column: The column.
        place: Which row, from 0.
    """

    table: str
    column: str
    place: int


@frozen
class Total:
    """One aggregate of the facts of an entity, or of the contract.

    Attributes:
        node: The aggregate.
        keys: Columns that tell entities apart.
        key: The entity; empty for the contract.
        label: The period.
    """

    node: Aggregate
    keys: tuple[str, ...]
    key: tuple[str, ...]
    label: str


@frozen
class Number:
    """A parameter of the contract; the ruleset is bound again for each of its values."""

    name: str


@frozen
class Entity:
    """An entity for which a rule settles: its key and the place of its row in its table."""

    key: tuple[str, ...]
    place: int


@define
class Again:
    """Settlements as they were, with those of some rules and entities made again.

    Attributes:
        base: As they were.
        again: Rule and entity → period → what was settled again; None where the rule does not
            apply.
    """

    base: Settlements
    again: dict[tuple[str, tuple[str, ...]], dict[Period, Settled | None]] = Factory(dict)

    def put(self, rule: str, key: tuple[str, ...], period: Period, settled: Settled | None) -> None:
        """Keep what was settled again."""
        self.again.setdefault((rule, key), {})[period] = settled

    @property
    def made(self) -> Sequence[Settled | None]:
        """What was settled again, in the order in which it was."""
        return [one for periods in self.again.values() for one in periods.values()]

    @property
    def settled(self) -> Sequence[Settled]:
        """All of them, in the order in which they were made at first."""
        found: list[Settled | None] = []
        left = {key: dict(periods) for key, periods in self.again.items()}
        for one in self.base.settled:
            known = left.get((one.rule, one.key), {})
            found.append(known.pop(one.period) if one.period in known else one)
        found += [one for periods in left.values() for one in periods.values()]
        return [one for one in found if one is not None]

    def of(self, rule: str, key: tuple[str, ...], day: date) -> Settled | None:
        """Give what a rule settled for an entity, or for the contract, in the period of a day."""
        for known in (key, ()):
            for period, one in self.again.get((rule, known), {}).items():
                if period.first <= day <= period.last:
                    return one
        return self.base.of(rule, key, day)


@frozen(kw_only=True)
class Held:
    """The facts of a settlement, measured once.

    Attributes:
        ruleset: What was settled by.
        given: Tables of the data.
        experiences: Rule and label of a period → its aggregates.
        labels: Periods that were settled; None for all of the contract.
        known_at: Day up to which facts are known.
        base: What was settled.
    """

    ruleset: BoundRuleset
    given: Given
    experiences: dict[tuple[str, str], Experience]
    labels: tuple[str, ...] | None
    known_at: date | None
    base: Settlements

    @classmethod
    def of(
        cls,
        ruleset: BoundRuleset,
        connection: "DuckDBPyConnection",
        sources: Mapping[str, Source],
        base: Settlements,
        *,
        labels: tuple[str, ...] | None,
        known_at: date | None,
        beside: Mapping[str, Sequence[Formula]],
    ) -> "Held":
        """Measure what rules ask for, and what formulas beside their own do.

        Args:
            ruleset: What was settled by.
            connection: Where the tables are.
            sources: Relation → its rows.
            base: What was settled.
            labels: Periods that were settled; None for all of the contract.
            known_at: Day up to which facts are known.
            beside: Formulas at the grain of a rule, by the rule.
        """
        experiences = {}
        for rule in ruleset.rules:
            if not rule.settles:
                continue
            wanted = [
                *wanted_aggregates(ruleset, rule),
                *_aggregates(ruleset, rule, beside.get(rule.id, ())),
            ]
            there = [one for one in wanted if one[0].relation in sources]
            whose = attributed(ruleset, rule, sources)
            for period in _periods(ruleset, rule, labels):
                found = measure(connection, there, whose, ruleset.shapes, period)
                ask(connection, rule, period, found)
                experiences[rule.id, period.label] = found
        return cls(
            ruleset=ruleset,
            given=Given(connection),
            experiences=experiences,
            labels=labels,
            known_at=known_at,
            base=base,
        )

    def periods(self, rule: BoundRule) -> tuple[Period, ...]:
        """Give the periods of a rule that were settled."""
        return tuple(_periods(self.ruleset, rule, self.labels))

    def entities(self, rule: BoundRule, period: Period) -> Iterator[Entity]:
        """Give the entities of a rule; one without a key for the contract."""
        for key, row in entities(self.ruleset, rule, self.given, period):
            yield Entity(key, self.place(rule, row))

    def place(self, rule: BoundRule, row: Mapping[str, Any]) -> int:
        """Give where the row of an entity stands in its table; 0 for the contract."""
        if rule.declared.for_each is None:
            return 0
        entity = self.ruleset.declaration.entities[rule.declared.for_each]
        columns = self.columns(entity.table)
        keys = zip(*(columns[name] for name in entity.key), strict=True)
        mine = tuple(row[name] for name in entity.key)
        same = (place for place, key in enumerate(keys) if key == mine)
        return next(place for place in same if self.row(rule, place) == row)

    def facts(
        self,
        rule: BoundRule,
        period: Period,
        entity: Entity,
        books: Settlements | None = None,
        trace: Trace | None = None,
    ) -> Facts:
        """Give what names stand for in the formulas of a rule."""
        return Facts(
            self.ruleset,
            rule,
            period,
            entity.key,
            self.row(rule, entity.place),
            self.experiences[rule.id, period.label],
            self.given,
            self.base if books is None else books,
            trace,
        )

    def row(self, rule: BoundRule, place: int) -> Mapping[str, Any]:
        """Give the row of an entity; empty for the contract."""
        if rule.declared.for_each is None:
            return {}
        columns = self.columns(self.ruleset.declaration.entities[rule.declared.for_each].table)
        return {name: values[place] for name, values in columns.items()}

    def columns(self, table: str) -> Mapping[str, Sequence[Any]]:
        """Give the columns of a table of the ruleset or of the data."""
        own = self.ruleset.tables.get(table)
        return own.rows if own is not None else self.given.columns(table)

    # -- moving one input

    def moved(self, what: Cell | Total, value: Fraction) -> "Held":
        """Give the same facts with one of them another."""
        match what:
            case Cell():
                return self._cell(what, value)
            case Total():
                return self._total(what, value)

    def _cell(self, what: Cell, value: Fraction) -> "Held":
        own = self.ruleset.tables.get(what.table)
        columns = self.columns(what.table)
        values = list(columns[what.column])
        values[what.place] = self._typed(what, value)
        changed = {**columns, what.column: tuple(values)}
        given = self.given.changed(what.table, None if own is not None else changed)
        if own is None:
            return evolve(self, given=given)
        rows = {name: tuple(column) for name, column in changed.items()}
        tables = {**self.ruleset.tables, what.table: evolve(own, rows=rows)}
        return evolve(self, given=given, ruleset=evolve(self.ruleset, tables=tables))

    def _typed(self, what: Cell, value: Fraction) -> int | Decimal:
        known = self.ruleset.given.get(what.table)
        columns = self.ruleset.tables[what.table].type.columns if known is None else known.columns
        return int(value) if columns[what.column].kind in _WHOLE else exact_decimal(value)

    def _total(self, what: Total, value: Fraction) -> "Held":
        experiences = {}
        asked = what.node, what.keys
        for place, measured in self.experiences.items():
            if place[1] != what.label or asked not in measured.values:
                experiences[place] = measured
                continue
            known = {**measured.values[asked], what.key: value}
            experiences[place] = evolve(measured, values={**measured.values, asked: known})
        return evolve(self, experiences=experiences, given=self.given.changed(None, None))

    # -- settling again

    def again(
        self, redo: Iterable[tuple[str, Sequence[Entity] | None]], trace: Trace | None = None
    ) -> Again:
        """Settle some rules again.

        Args:
            redo: Each rule, in order, with its entities; None for all of them.
            trace: Called with every part of every formula and its value.

        Raises:
            SettlementError: The facts do not allow a settlement.
        """
        books = Again(self.base)
        balances = Balances(self.given, self.ruleset.declaration.currency)
        for name, chosen in redo:
            rule = self.ruleset.rule(name)
            # What one of them gets depends on the others where they are settled together.
            everyone = chosen is None or rule.methodology.settle_together is not None
            for period in self.periods(rule):
                entities = tuple(self.entities(rule, period) if everyone else chosen or ())
                facts = (self.facts(rule, period, one, books, trace) for one in entities)
                settled = settle_each(facts, self.known_at, balances)
                made = {one.key: one for one, _ in settled}
                for entity in entities:
                    books.put(name, entity.key, period, made.get(entity.key))
        return books


def exact_decimal(value: Fraction) -> Decimal:
    """Give a fraction that ends as a decimal, whatever the host's context is.

    Raises:
        ValueError: It does not end.
    """
    rest, places = value, 0
    while rest.denominator != 1:
        rest, places = rest * 10, places + 1
        if places > 60:  # noqa: PLR2004  more places than any column has
            msg = f"{value} does not end as a decimal"
            raise ValueError(msg)
    digits = tuple(int(digit) for digit in str(abs(rest.numerator)))
    return Decimal((int(rest < 0), digits, -places))


def _periods(
    ruleset: BoundRuleset, rule: BoundRule, labels: tuple[str, ...] | None
) -> Iterator[Period]:
    for period in periods_of(ruleset, rule):
        if labels is None or period.label in labels:
            yield period


def _aggregates(
    ruleset: BoundRuleset, rule: BoundRule, formulas: Sequence[Formula]
) -> Iterator[tuple[Aggregate, tuple[str, ...]]]:
    for formula in formulas:
        for node in walk(formula.expression):
            if isinstance(node, Aggregate) and node.peers is None:
                yield node, key_columns(ruleset, rule, formula)
