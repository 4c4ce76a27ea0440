"""Settling: every rule, for each entity and period, on exact rationals."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from rules_engine.diagnostics import Diagnostic, RulesetError
from rules_engine.expressions import Sites, TableType
from rules_engine.expressions.closure import Reject
from rules_engine.expressions.exact import Inputs, Value, evaluate, plain
from rules_engine.expressions.tree import Aggregate, Dated, Ref, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.periods import periods
from rules_engine.language.soundness import read_once
from rules_engine.ledger import Ledger, Transfer
from rules_engine.methodology import (
    Explained,
    Formula,
    Occasion,
    Period,
    SettlementError,
    Worksheet,
)
from rules_engine.settlement.experience import Experience, Source, measure

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.tables.lookup import LookupTable

__all__ = ["Books", "Settled", "periods_of", "settle", "wanted_aggregates"]


@frozen(kw_only=True)
class Settled:
    """One rule, one entity, one period.

    Attributes:
        rule: The rule.
        source: Where the contract says it.
        key: The entity's key; empty for the contract.
        period: The performance period.
        outputs: Named results: exact numbers, or one for each party.
        transfers: Movements of money.
        explained: How each value came about.
    """

    rule: str
    source: str
    key: tuple[str, ...]
    period: Period
    outputs: Mapping[str, Any]
    transfers: tuple[Transfer, ...]
    explained: tuple[Explained, ...]


@define(kw_only=True)
class Books:
    """All settlements of a run.

    Attributes:
        settled: In the order in which they were made.
        ledger: All their transfers, balanced.
        warnings: What a reader should know.
        queries: The SQL that gave the experience.
    """

    settled: list[Settled] = field(factory=list)
    ledger: Ledger = field(factory=lambda: Ledger(()))
    warnings: list[str] = field(factory=list)
    queries: list[str] = field(factory=list)


def periods_of(ruleset: BoundRuleset, rule: BoundRule) -> tuple[Period, ...]:
    """Give the periods of a rule: its own, or the ruleset's.

    Raises:
        RulesetError: Neither says how long a period is.
    """
    length = rule.declared.period or ruleset.declaration.period
    if length is None:
        location = ruleset.declaration.document.locate(rule.declared.path)
        message = (
            f"{rule.id} settles, and no period is declared;"
            " period: {length: year} may stand in the ruleset"
        )
        raise RulesetError([Diagnostic(location, "RE323", message)])
    return periods(length, ruleset.declaration.effective)


def wanted_aggregates(
    ruleset: BoundRuleset, rule: BoundRule
) -> Iterator[tuple[Aggregate, tuple[str, ...]]]:
    """Give the aggregates of a rule's formulas with the key columns they are asked for."""
    for formula in rule.every_formula():
        keys = key_columns(ruleset, rule, formula)
        for node in walk(formula.expression):
            if isinstance(node, Aggregate):
                yield node, keys


def key_columns(ruleset: BoundRuleset, rule: BoundRule, formula: Formula) -> tuple[str, ...]:
    """Columns that tell apart what a formula has one value for."""
    keys: tuple[str, ...] = ()
    if rule.declared.for_each is not None:
        keys = ruleset.declaration.entities[rule.declared.for_each].key
    return (*keys, "party") if formula.grain == "party" else keys


def settle(
    ruleset: BoundRuleset,
    connection: "DuckDBPyConnection",
    sources: Mapping[str, Source],
    *,
    labels: Sequence[str] | None = None,
    known_at: date | None = None,
) -> Books:
    """Settle every rule that settles.

    Args:
        ruleset: What to settle by.
        connection: Where the tables are.
        sources: Relation → its rows.
        labels: Periods to settle; None for all of the contract.
        known_at: Day up to which facts are known; methodologies are told it.

    Raises:
        SettlementError: The facts do not allow a settlement.
        UnbalancedError: A pool is left with money in it that nobody declared.
    """
    books = Books()
    pools: set[str] = set()
    given = _Given(connection)
    for rule in ruleset.rules:
        if not rule.settles:
            continue
        for period in periods_of(ruleset, rule):
            if labels is not None and period.label not in labels:
                continue
            wanted = [w for w in wanted_aggregates(ruleset, rule) if w[0].relation in sources]
            experience = measure(connection, wanted, sources, ruleset.shapes, period)
            books.warnings += experience.warnings
            books.queries += experience.queries
            for key, row in _entities(ruleset, rule, given):
                _settle_one(
                    ruleset, rule, period, key, row, experience, given, known_at, books, pools
                )
    transfers = tuple(t for one in books.settled for t in one.transfers)
    books.ledger = Ledger(transfers, pools=frozenset(pools))
    books.ledger.check()
    return books


def _settle_one(
    ruleset: BoundRuleset,
    rule: BoundRule,
    period: Period,
    key: tuple[str, ...],
    row: Mapping[str, Any],
    experience: Experience,
    given: "_Given",
    known_at: date | None,
    books: Books,
    pools: set[str],
) -> None:
    facts = _Facts(ruleset, rule, period, key, row, experience, given, books)
    if rule.when is not None and facts.evaluate(rule.when, None)[0] is not True:
        return
    declared = ruleset.declaration
    groups = {**declared.groups, **{p: (p,) for p in declared.parties}}
    if rule.declared.for_each is not None:
        groups[rule.declared.for_each] = ("/".join(key),)
    occasion = Occasion(
        rule=rule.id,
        key=key,
        row=row,
        period=period,
        known_at=known_at,
        groups=groups,
        opening={},
        unit=declared.rounding.unit,
        mode=declared.rounding.mode,
        currency=declared.currency,
        worksheet=Worksheet(),
        evaluate=facts.evaluate,
    )
    function = rule.methodology.settle
    if function is None:
        return
    made = function(rule.terms, occasion)
    pools |= made.pools
    books.settled.append(
        Settled(
            rule=rule.id,
            source=rule.source,
            key=key,
            period=period,
            outputs=made.outputs,
            transfers=made.transfers,
            explained=made.explained,
        )
    )


def _entities(
    ruleset: BoundRuleset, rule: BoundRule, given: "_Given"
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if rule.declared.for_each is None:
        yield (), {}
        return
    entity = ruleset.declaration.entities[rule.declared.for_each]
    rows = (
        ruleset.tables[entity.table].rows
        if entity.table in ruleset.tables
        else given.columns(entity.table)
    )
    names = list(rows)
    for values in zip(*rows.values(), strict=True):
        row = dict(zip(names, values, strict=True))
        yield tuple(str(row[k]) for k in entity.key), row


class _Given:
    """Tables of the data, read whole when a formula or an entity asks for them."""

    def __init__(self, connection: "DuckDBPyConnection") -> None:
        self.connection = connection
        self.read: dict[str, dict[str, tuple[Any, ...]]] = {}

    def columns(self, table: str) -> dict[str, tuple[Any, ...]]:
        if table not in self.read:
            cursor = self.connection.execute(f'SELECT * FROM "{table}" ORDER BY ALL')
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
            self.read[table] = {
                name: tuple(row[place] for row in rows) for place, name in enumerate(names)
            }
        return self.read[table]


class _Facts:
    """What the names of a rule's formulas stand for, for one entity and period."""

    def __init__(
        self,
        ruleset: BoundRuleset,
        rule: BoundRule,
        period: Period,
        key: tuple[str, ...],
        row: Mapping[str, Any],
        experience: Experience,
        given: _Given,
        books: Books,
    ) -> None:
        self.ruleset = ruleset
        self.rule = rule
        self.period = period
        self.date = period.first
        self.key = key
        self.entity = row
        self.experience = experience
        self.given = given
        self.books = books
        self.sites = Sites()
        self.tables: Mapping[str, TableType] = ruleset.shapes
        self.keys: tuple[str, ...] = ()
        self.party: str | None = None

    # -- what a methodology calls

    def evaluate(self, formula: Formula, party: str | None) -> tuple[Value, Inputs]:
        self.keys = key_columns(self.ruleset, self.rule, formula)
        self.party = party
        self.check_dated(formula)
        inputs = Inputs(formula.text)
        try:
            value = evaluate(formula.expression, self, inputs)
        except Reject as reject:
            site = self.sites[reject.site]
            who = f" for {'/'.join(self.key)}" if self.key else ""
            msg = f"{formula.place}: {self.rule.id} in {self.period.label}{who}: {site.message}"
            raise SettlementError(msg) from None
        return value, inputs

    def check_dated(self, formula: Formula) -> None:
        """A value that changes inside the period has no one meaning for it."""
        for node in read_once(formula.expression):
            if isinstance(node, Dated):
                for day, _ in node.entries:
                    if self.period.first < day <= self.period.last:
                        msg = (
                            f"{formula.place}: {node.name} changes on {day}, inside the period"
                            f" {self.period.label}; a settlement reads one value: let it change on"
                            " a period's first day"
                        )
                        raise SettlementError(msg)

    # -- the environment of the evaluator

    def ref(self, node: Ref) -> Value:
        if node.space == "entity":
            return plain(self.entity[node.name])
        rule, _, name = node.name.partition(".")
        for one in reversed(self.books.settled):
            if (
                one.rule == rule
                and one.period.first <= self.period.first <= one.period.last
                and one.key in {self.key, ()}
            ):
                return plain(one.outputs[name])
        msg = f"{self.rule.id} in {self.period.label} uses {node.name}, which was not settled"
        raise SettlementError(msg)

    def columns(self, table: str) -> Mapping[str, Sequence[Any]]:
        found: LookupTable | None = self.ruleset.tables.get(table)
        return found.rows if found is not None else self.given.columns(table)

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Value] | None:
        columns = self.columns(table)
        type_ = self.tables[table]
        for place in self.places(table, type_.key).get(keys, ()):
            if type_.effective is not None:
                first, last = (columns[name][place] for name in type_.effective)
                if (first is not None and first > self.date) or (
                    last is not None and last < self.date
                ):
                    continue
            return {name: values[place] for name, values in columns.items()}
        return None

    def places(self, table: str, key: tuple[str, ...]) -> Mapping[tuple[Value, ...], list[int]]:
        cache: dict[str, Any] = self.given.__dict__.setdefault("places", {})
        if table not in cache:
            columns = self.columns(table)
            found: dict[tuple[Value, ...], list[int]] = {}
            for place, values in enumerate(zip(*(columns[name] for name in key), strict=True)):
                found.setdefault(tuple(plain(v) for v in values), []).append(place)
            cache[table] = found
        found_places: Mapping[tuple[Value, ...], list[int]] = cache[table]
        return found_places

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        columns = self.columns(table)
        key = self.tables[table].key[0]
        points = sorted(
            (Fraction(k), Fraction(v)) for k, v in zip(columns[key], columns[column], strict=True)
        )
        place = bisect_left(points, (at, Fraction(-(10**40))))
        if place < len(points) and points[place][0] == at:
            return (points[place],)
        if 0 < place < len(points):
            return points[place - 1], points[place]
        return ()

    def aggregate(self, node: Aggregate) -> Value:
        if (node, self.keys) in self.experience.values:
            key: tuple[Any, ...] = self.key if self.rule.declared.for_each is not None else ()
            if (
                self.keys
                and self.keys[-1] == "party"
                and self.party is not None
                and len(self.keys) > len(key)
            ):
                key = (*key, self.party)
            return self.experience.value(node, self.keys, key)
        return self.over_outputs(node)

    def over_outputs(self, node: Aggregate) -> Value:
        """Combine outputs of a rule that has settled at a finer grain."""
        found: list[Fraction] = []
        for one in self.books.settled:
            if one.rule != node.relation or one.period.label != self.period.label:
                continue
            values = _Outputs(self, one.outputs)
            if node.condition is not None and evaluate(node.condition, values) is not True:
                continue
            value = Fraction(1) if node.operand is None else evaluate(node.operand, values)
            if isinstance(value, Fraction):
                found.append(value)
        match node.function:
            case "count":
                return Fraction(len(found))
            case "sum":
                return sum(found, Fraction(0))
            case "mean":
                return sum(found, Fraction(0)) / len(found) if found else None
            case "min":
                return min(found, default=None)
        return max(found, default=None)


class _Outputs:
    """A settled entity's outputs as the columns of a row."""

    def __init__(self, facts: _Facts, outputs: Mapping[str, Any]) -> None:
        self.facts = facts
        self.outputs = outputs
        self.date = facts.date
        self.sites = facts.sites
        self.tables = facts.tables

    def ref(self, node: Ref) -> Value:
        return plain(self.outputs[node.name])

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Value] | None:
        return self.facts.row(table, keys)

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        return self.facts.around(table, column, at)

    def aggregate(self, node: Aggregate) -> Value:
        return self.facts.aggregate(node)
