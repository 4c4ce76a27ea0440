"""What the names of a settlement's formulas stand for: for one rule, one entity and one period."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rules_engine.expressions import Expression, Sites, TableType
from rules_engine.expressions.closure import Reject
from rules_engine.expressions.combining import combine
from rules_engine.expressions.exact import Inputs, Trace, Value, evaluate, plain
from rules_engine.expressions.tree import Aggregate, Dated, OfRows, Ref, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.ruleset import Entity
from rules_engine.language.soundness import read_once
from rules_engine.methodology import Formula, Period, SettlementError
from rules_engine.methodology.explanation import number_text
from rules_engine.settlement.books import Settlements
from rules_engine.settlement.experience import Experience

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.tables.lookup import LookupTable

__all__ = ["Facts", "Given", "NotSettledError", "entities", "key_columns", "of_no_period"]


class NotSettledError(SettlementError):
    """A formula uses what an earlier rule did not settle for this entity and period."""


# Columns that tell apart the parts of a rule's entity, by the grain of a formula.
_PART_KEYS: Mapping[str, tuple[str, ...]] = {"party": ("party",), "member": ("person_id",)}


def key_columns(ruleset: BoundRuleset, rule: BoundRule, formula: Formula) -> tuple[str, ...]:
    """Columns that tell apart what a formula has one value for."""
    keys: tuple[str, ...] = ()
    if rule.declared.for_each is not None:
        keys = ruleset.declaration.entities[rule.declared.for_each].key
    return (*keys, *_PART_KEYS.get(formula.grain, ()))


def entities(
    ruleset: BoundRuleset, rule: BoundRule, given: "Given", period: Period
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Give key and row of each entity that a rule runs for; one without either for the contract.

    Raises:
        SettlementError: Two rows of one entity belong to the period.
    """
    if rule.declared.for_each is None:
        yield (), {}
        return
    entity = ruleset.declaration.entities[rule.declared.for_each]
    seen: set[tuple[str, ...]] = set()
    for row in _rows(ruleset, entity, given):
        if entity.period is not None and not _belongs(row[entity.period], period):
            continue
        key = tuple(str(row[k]) for k in entity.key)
        if entity.period is not None and key in seen:
            msg = (
                f"{entity.table} has two rows of {'/'.join(key)} in {period.label};"
                f" {', '.join((*entity.key, entity.period))} may name one"
            )
            raise SettlementError(msg)
        seen.add(key)
        yield key, row


def of_no_period(
    ruleset: BoundRuleset, rule: BoundRule, given: "Given", periods: Sequence[Period]
) -> Iterator[str]:
    """Say which entities of a rule have rows that none of its periods settles."""
    if rule.declared.for_each is None:
        return
    entity = ruleset.declaration.entities[rule.declared.for_each]
    column = entity.period
    if column is None:
        return
    found: dict[str, int] = {}
    for row in _rows(ruleset, entity, given):
        if not any(_belongs(row[column], period) for period in periods):
            found[str(row[column])] = found.get(str(row[column]), 0) + 1
    for value, count in sorted(found.items()):
        yield (
            f"{count} rows of {entity.table} have {column} {value}, which is no period of"
            f" {rule.id}; they are not settled"
        )


def _rows(ruleset: BoundRuleset, entity: Entity, given: "Given") -> Iterator[Mapping[str, Any]]:
    """Give the rows of an entity's table."""
    columns = (
        ruleset.tables[entity.table].rows
        if entity.table in ruleset.tables
        else given.columns(entity.table)
    )
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _belongs(value: Any, period: Period) -> bool:
    """Whether what stands in a row's period column names a period: by a day of it or its label."""
    if isinstance(value, date):
        return period.first <= value <= period.last
    return value is not None and str(value) == period.label


class Given:
    """Tables of the data, read whole when a formula or an entity asks for them."""

    def __init__(self, connection: "DuckDBPyConnection") -> None:
        """Keep the connection."""
        self.connection = connection
        self.read: dict[str, dict[str, tuple[Any, ...]]] = {}
        # What formulas of many entities ask for again and again.
        self.places: dict[str, dict[tuple[Value, ...], list[int]]] = {}
        self.curves: dict[Any, list[tuple[Fraction, Fraction]]] = {}
        self.peers: dict[Any, dict[tuple[Value, ...], Value]] = {}
        self.rows: dict[tuple[str, int], Mapping[str, Value]] = {}
        # By identity: the ruleset outlives a run, and hashing would read a whole tree.
        self.dated: dict[int, tuple[Dated, ...]] = {}

    def changed(self, table: str | None, columns: Mapping[str, Sequence[Any]] | None) -> "Given":
        """Give the same tables, one of them with other values in columns that are no keys.

        Args:
            table: The table whose values are others; None where none is.
            columns: Its columns; None where it is a table of the ruleset.
        """
        made = Given(self.connection)
        made.places = self.places
        made.read = self.read
        if table is not None and columns is not None:
            made.read = {**self.read, table: {n: tuple(values) for n, values in columns.items()}}
        made.curves = {known: curve for known, curve in self.curves.items() if known[0] != table}
        return made

    def columns(self, table: str) -> dict[str, tuple[Any, ...]]:
        """Give the columns of a table."""
        if table not in self.read:
            cursor = self.connection.execute(f'SELECT * FROM "{table}" ORDER BY ALL')
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
            self.read[table] = {
                name: tuple(row[place] for row in rows) for place, name in enumerate(names)
            }
        return self.read[table]


class Facts:
    """What the names of a rule's formulas stand for, for one entity and period."""

    def __init__(
        self,
        ruleset: BoundRuleset,
        rule: BoundRule,
        period: Period,
        key: tuple[str, ...],
        row: Mapping[str, Any],
        experience: Experience,
        given: Given,
        books: Settlements,
        trace: Trace | None = None,
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
        self.trace = trace
        self.sites = Sites()
        self.tables: Mapping[str, TableType] = ruleset.shapes
        self.keys: tuple[str, ...] = ()
        self.party: str | None = None
        self.known: dict[tuple[int, str | None], tuple[Value, Inputs]] = {}
        # What a table was asked for last without having it.
        self.missed: tuple[str, tuple[tuple[str, Value], ...]] = ("", ())

    # -- what a methodology calls

    def evaluate(self, formula: Formula, party: str | None) -> tuple[Value, Inputs]:
        """Give the value of a formula of the rule, and what it read."""
        # Nothing that a formula reads changes while one entity is settled.
        known = self.known.get((id(formula.expression), party))
        if known is not None:
            return known
        self.keys = key_columns(self.ruleset, self.rule, formula)
        self.party = party
        self.missed = ("", ())
        self.check_dated(formula)
        inputs = Inputs(formula.text)
        try:
            value = evaluate(formula.expression, self, self.tracing(inputs))
        except Reject as reject:
            site = self.sites[reject.site]
            who = f" for {'/'.join(self.key)}" if self.key else ""
            # What is asked for a member may tell who it is.
            asked = self.asked(site.message) if formula.grain != "member" else ""
            where = f"{formula.place}: {self.rule.id} in {self.period.label}{who}"
            msg = f"{where}: {site.message}{asked}"
            raise SettlementError(msg) from None
        self.known[id(formula.expression), party] = value, inputs
        return value, inputs

    def asked(self, message: str) -> str:
        """Say with which keys a table was asked that has no row for them."""
        table, keys = self.missed
        if not table or not message.startswith(f"{table} has no row"):
            return ""
        return "".join(f"; {name} is {_shown(value)}" for name, value in keys)

    def tracing(self, inputs: Inputs) -> Trace:
        """Keep what a formula reads, and tell whoever follows its decisions."""
        follow = self.trace
        if follow is None:
            return inputs

        def both(node: Expression, value: Value) -> None:
            inputs(node, value)
            follow(node, value)

        return both

    def check_dated(self, formula: Formula) -> None:
        """A value that changes inside the period has no one meaning for it."""
        cache = self.given.dated
        known = id(formula.expression)
        if known not in cache:
            read = read_once(formula.expression)
            cache[known] = tuple(node for node in read if isinstance(node, Dated))
        for node in cache[known]:
            for day, _ in node.entries:
                if self.period.first < day <= self.period.last:
                    msg = (
                        f"{formula.place}: {node.name} changes on {day}, inside the period"
                        f" {self.period.label}; a settlement reads one value: let it change on"
                        " a period's first day"
                    )
                    raise SettlementError(msg)

    def members(self, formulas: Sequence[Formula]) -> tuple[str, ...]:
        """Give the members that formulas at member grain have rows of, for this entity.

        Raises:
            SettlementError: A row names no member.
        """
        found: set[Any] = set()
        own = self.key if self.rule.declared.for_each is not None else ()
        for formula in formulas:
            keys = key_columns(self.ruleset, self.rule, formula)
            for node in walk(formula.expression):
                if isinstance(node, Aggregate) and (node, keys) in self.experience.values:
                    values = self.experience.values[node, keys]
                    found.update(key[-1] for key in values if key[:-1] == own)
        if None in found:
            msg = (
                f"{self.rule.id} in {self.period.label} reads rows without person_id; what is"
                " summed by member needs one"
            )
            raise SettlementError(msg)
        return tuple(sorted(found))

    # -- the environment of the evaluator

    def ref(self, node: Ref) -> Value:
        """Give a column of the entity, or what another rule has settled."""
        if node.space == "entity":
            return plain(self.entity[node.name])
        rule, _, name = node.name.partition(".")
        found = self.books.of(rule, self.key, self.period.first)
        if found is not None:
            return plain(found.outputs[name])
        msg = f"{self.rule.id} in {self.period.label} uses {node.name}, which was not settled"
        raise NotSettledError(msg)

    def columns(self, table: str) -> Mapping[str, Sequence[Any]]:
        """Give the columns of a table of the ruleset or of the data."""
        found: LookupTable | None = self.ruleset.tables.get(table)
        return found.rows if found is not None else self.given.columns(table)

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Value] | None:
        """Give the row with these keys on the period's first day."""
        columns = self.columns(table)
        type_ = self.tables[table]
        for place in self.places(table, type_.key).get(keys, ()):
            if not self.holds(type_, columns, place):
                continue
            rows = self.given.rows
            if (table, place) not in rows:
                rows[table, place] = {name: plain(of[place]) for name, of in columns.items()}
            return rows[table, place]
        self.missed = (table, tuple(zip(type_.key, keys, strict=True)))
        return None

    def places(self, table: str, key: tuple[str, ...]) -> Mapping[tuple[Value, ...], list[int]]:
        """Give where the rows of each key stand."""
        cache = self.given.places
        if table not in cache:
            columns = self.columns(table)
            found: dict[tuple[Value, ...], list[int]] = {}
            for place, values in enumerate(zip(*(columns[name] for name in key), strict=True)):
                found.setdefault(tuple(plain(v) for v in values), []).append(place)
            cache[table] = found
        return cache[table]

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        """Give the rows next below and above a value; one row where it is met exactly."""
        points = self.curve(table, column)
        place = bisect_left(points, (at, Fraction(-(10**40))))
        if place < len(points) and points[place][0] == at:
            return (points[place],)
        if 0 < place < len(points):
            return points[place - 1], points[place]
        self.missed = (table, ((self.tables[table].key[0], at),))
        return ()

    def curve(self, table: str, column: str) -> list[tuple[Fraction, Fraction]]:
        """Give a column by its key, in order, of the rows that hold on the period's first day."""
        type_ = self.tables[table]
        cache = self.given.curves
        known = (table, column, self.date if type_.effective else None)
        if known not in cache:
            columns = self.columns(table)
            cache[known] = sorted(
                (Fraction(columns[type_.key[0]][place]), Fraction(value))
                for place, value in enumerate(columns[column])
                if self.holds(type_, columns, place)
            )
        return cache[known]

    def holds(self, type_: TableType, columns: Mapping[str, Sequence[Any]], place: int) -> bool:
        """Whether a row is valid on the period's first day."""
        if type_.effective is None:
            return True
        first, last = (columns[name][place] for name in type_.effective)
        return (first is None or first <= self.date) and (last is None or self.date <= last)

    def aggregate(self, node: OfRows) -> Value:
        """Give a sum, count or other aggregate at this grain."""
        if not isinstance(node, Aggregate):
            raise KeyError(node)
        if node.peers is not None:
            return self.over_peers(node, node.peers)
        if (node, self.keys) in self.experience.values:
            key: tuple[Any, ...] = self.key if self.rule.declared.for_each is not None else ()
            if (
                self.keys
                and self.keys[-1] in {"party", "person_id"}
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
            if (
                node.condition is not None
                and evaluate(node.condition, values, self.trace) is not True
            ):
                continue
            operand = node.operand
            value = Fraction(1) if operand is None else evaluate(operand, values, self.trace)
            if isinstance(value, Fraction):
                found.append(value)
        return combine(node, found)

    def over_peers(self, node: Aggregate, peers: Sequence[Expression]) -> Value:
        """Combine a formula over the entities that have the same as this one in common."""
        cache = self.given.peers
        known = (self.rule.id, self.period, node)
        if known not in cache:
            groups: dict[tuple[Value, ...], list[Fraction]] = {}
            for key, row in entities(self.ruleset, self.rule, self.given, self.period):
                one = self.like(key, row)
                members = groups.setdefault(tuple(evaluate(peer, one) for peer in peers), [])
                # Whom an earlier rule leaves out has nothing that could be compared.
                with suppress(NotSettledError):
                    if node.condition is None or evaluate(node.condition, one) is True:
                        value = Fraction(1) if node.operand is None else evaluate(node.operand, one)
                        if isinstance(value, Fraction):
                            members.append(value)
            cache[known] = {group: combine(node, values) for group, values in groups.items()}
        return cache[known][tuple(evaluate(peer, self) for peer in peers)]

    def like(self, key: tuple[str, ...], row: Mapping[str, Any]) -> "Facts":
        """Give what the names stand for of another entity."""
        return Facts(
            self.ruleset, self.rule, self.period, key, row, self.experience, self.given, self.books
        )


class _Outputs:
    """A settled entity's outputs as the columns of a row."""

    def __init__(self, facts: Facts, outputs: Mapping[str, Any]) -> None:
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

    def aggregate(self, node: OfRows) -> Value:
        return self.facts.aggregate(node)


def _shown(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else number_text(value)
