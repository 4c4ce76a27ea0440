"""A checked contract: what it says, what it needs, and its rules compiled for prices."""

import threading
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import Factory, frozen

from rules_engine.engine.compiled import digest_of
from rules_engine.expressions import Scope, Sites, check
from rules_engine.expressions.closure import Index
from rules_engine.expressions.tree import Aggregate, Has, Interpolate, Lookup, walk
from rules_engine.language import DateRange
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.derived import BoundQuery, columns_read
from rules_engine.language.monthly import MONTH
from rules_engine.language.names import LINE
from rules_engine.language.trial import tables_of
from rules_engine.methodology import Formula
from rules_engine.pricing.months.plan import month_plan
from rules_engine.pricing.months.pricer import MonthPricer
from rules_engine.pricing.one import ClaimPricer
from rules_engine.pricing.plan import Plan, PricingRule, columns_of
from rules_engine.settlement.balances import TABLE
from rules_engine.tables.lookup import LookupTable

__all__ = ["Contract", "Needs", "beside"]


@frozen(kw_only=True)
class Needs:
    """What a ruleset has to be told.

    Attributes:
        claim: Columns of a claim line that pricing reads; they may be None where the table says so.
        month: Columns of a member-month that pricing reads.
        given: Tables that prices of claims and of member-months read and that come with the data
            or are derived from it; `price` and `price_month` take them as `given`.
        accumulators: Names of the running sums; `price` takes what has run up as `given`.
        tables: Columns that a run reads, by table.
    """

    claim: tuple[str, ...]
    month: tuple[str, ...]
    given: tuple[str, ...]
    accumulators: tuple[str, ...]
    tables: Mapping[str, frozenset[str]] = Factory(dict)


class Contract:
    """A checked contract. It is never changed; threads may share it."""

    def __init__(self, bound: BoundRuleset, path: Path) -> None:
        """Keep the checked ruleset; `Engine.load` and `Engine.open` make it."""
        self.bound = bound
        self.path = path
        self._lock = threading.Lock()
        self._pricer: ClaimPricer | None = None

    # -- what it says

    @property
    def id(self) -> str:
        """Its id."""
        return self.bound.declaration.id

    @property
    def title(self) -> str:
        """One line for people."""
        return self.bound.declaration.title or self.id

    @property
    def version(self) -> str:
        """Its version, as the document writes it."""
        return self.bound.declaration.version

    @property
    def lan_category(self) -> str | None:
        """HCP-LAN category, where the document says one."""
        return self.bound.declaration.lan_category

    @property
    def effective(self) -> DateRange:
        """First and last day of the contract."""
        return self.bound.declaration.effective

    @property
    def rules(self) -> tuple[BoundRule, ...]:
        """Its rules, as the document lists them."""
        return self.bound.in_file_order

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the merged document and its tables, in hexadecimal."""
        return digest_of(self.bound)

    @cached_property
    def needs(self) -> Needs:
        """What a claim, `given` and the data of a run have to have."""
        plan = self.plan
        return Needs(
            claim=tuple(c for c in plan.needed_columns if c not in plan.only_dates),
            month=tuple(sorted({c for p in self.month_plans.values() for c in p.needed_columns})),
            given=tuple(sorted({t for p in self._plans for t, _ in p.given_columns})),
            accumulators=tuple(plan.accumulators),
            tables=self._needed_tables(),
        )

    def _needed_tables(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        if self.plan.rules:
            found[LINE] = set(self.plan.needed_columns) - self.plan.only_dates
        for months in self.month_plans.values():
            found.setdefault(MONTH, set()).update(months.needed_columns)
        read = {table for plan in self._plans for table in plan.needed_tables}
        for table in read & set(self.bound.given):
            found.setdefault(table, set()).update(self.bound.given[table].columns)
        for rule in self.bound.rules:
            self._needed_of_formulas(rule, found)
            entity = self.bound.declaration.entities.get(rule.declared.for_each or "")
            if entity is not None and entity.table in self.bound.given:
                found.setdefault(entity.table, set()).update(self.bound.given[entity.table].columns)
            self._needed_of_queries(rule, found)
            if rule.opens:
                found.setdefault(TABLE, set()).update(self.bound.given[TABLE].required)
        return {name: frozenset(columns) for name, columns in found.items()}

    def _needed_of_queries(self, rule: BoundRule, found: dict[str, set[str]]) -> None:
        for query in (*rule.derived, *rule.experience):
            for read in query.reads.values():
                self._needed_of(read.table, set(columns_read(query, read)), found)

    def _needed_of_formulas(self, rule: BoundRule, found: dict[str, set[str]]) -> None:
        for formula in rule.every_formula():
            for node in walk(formula.expression):
                if isinstance(node, Aggregate):
                    parts = [p for p in (node.operand, node.condition) if p is not None]
                    columns = {*columns_of(parts), *self._keys(rule, formula)}
                    self._needed_of(node.relation, columns, found)
                elif isinstance(node, Lookup | Has | Interpolate):
                    shape = self.bound.shapes[node.table]
                    columns = {*shape.key, *(shape.effective or ())}
                    if not isinstance(node, Has):
                        columns.add(node.column)
                    self._needed_of(node.table, columns, found)

    def _keys(self, rule: BoundRule, formula: Formula) -> frozenset[str]:
        """Columns by which the rows of a formula are told apart."""
        entity = self.bound.declaration.entities.get(rule.declared.for_each or "")
        keys = frozenset(entity.key) if entity is not None else frozenset()
        if entity is not None and entity.members is not None:
            keys |= {"person_id"}
        part = {"party": {"party"}, "member": {"person_id"}}.get(formula.grain, set())
        return keys | part

    def _needed_of(self, relation: str, columns: set[str], found: dict[str, set[str]]) -> None:
        if relation in self.bound.given:
            # A key that the table of members gives need not be among the columns.
            known = columns & set(self.bound.given[relation].columns)
            found.setdefault(relation, set()).update(known)
        elif relation in self.month_plans:
            found[MONTH] |= columns & set(self.bound.given[MONTH].columns)
        elif any(rule.id == relation and rule.steps for rule in self.bound.rules):
            found[LINE] |= columns & set(self.bound.line_columns)

    @cached_property
    def carried(self) -> tuple[str, ...]:
        """Columns of the claim that settlement reads beside the amounts."""
        found: set[str] = set()
        lines = {rule.id for rule in self.bound.rules if rule.steps and not rule.months}
        for rule in self.bound.rules:
            for formula in rule.every_formula():
                for node in walk(formula.expression):
                    if isinstance(node, Aggregate) and node.relation in lines:
                        parts = [p for p in (node.operand, node.condition) if p is not None]
                        found |= columns_of(parts) & set(self.bound.line_columns)
                        found |= self._keys(rule, formula) & set(self.bound.line_columns)
        return tuple(sorted(found))

    @cached_property
    def derived(self) -> Mapping[str, BoundQuery]:
        """The tables that its rules derive, by name, in the order in which they are made."""
        return {query.table: query for rule in self.bound.rules for query in rule.derived}

    @cached_property
    def derived_for_prices(self) -> frozenset[str]:
        """The derived tables that prices read, and those that these are made of."""
        found: set[str] = set()
        asked = {name for name, _ in self.plan.given_columns}
        for name, query in reversed(tuple(self.derived.items())):
            if name in asked:
                found.add(name)
                asked |= tables_of(query)
        return frozenset(found)

    # -- pricing

    @cached_property
    def plan(self) -> Plan:
        """Which rule sets which stage of a line."""
        bound = self.bound
        rules = []
        for rule in bound.in_file_order:
            when = None if rule.settles else rule.when
            for step in rule.steps:
                formula = next((f for f in rule.formulas if f.expression is step.expression), None)
                rules.append(
                    PricingRule(
                        id=rule.id,
                        source=rule.source,
                        when=when.expression if when else None,
                        otherwise=rule.declared.otherwise,
                        replaces=frozenset(rule.declared.replaces),
                        step=step,
                        text=formula.text if formula else "",
                        place=formula.place if formula else "",
                        when_text=when.text if when else "",
                    )
                )
        line = bound.given[LINE]
        row_date = check(line.period_date, Scope(columns=line.columns))
        effective = bound.declaration.effective
        return Plan(
            rules=tuple(rules),
            columns=line.columns,
            tables=bound.shapes,
            row_date=row_date,
            first=effective.first,
            last=effective.through,
            scale=self._scale,
        )

    @property
    def _scale(self) -> int:
        """Decimal places of a posted amount."""
        return max(0, -int(self.bound.declaration.rounding.to.as_tuple().exponent))

    @cached_property
    def month_plans(self) -> Mapping[str, Plan]:
        """What each rule that pays for member-months pays, by rule, in file order."""
        return {
            rule.id: month_plan(self.bound, rule, self._scale)
            for rule in self.bound.in_file_order
            if rule.months
        }

    @property
    def _plans(self) -> tuple[Plan, ...]:
        return (self.plan, *self.month_plans.values())

    def sites(self) -> Sites:
        """Begin the numbers of what refuses a row; places are told from the ruleset's folder."""
        places = {rule.id: rule.place for rule in self.plan.rules}
        # What pays for a month is written by the methodology; the first formula of its terms stands
        # nearest to what the author can change.
        places |= {
            rule.id: next((f.place for f in rule.formulas), "")
            for rule in self.bound.rules
            if rule.months
        }
        return Sites({name: beside(place, self.path.parent) for name, place in places.items()})

    @cached_property
    def indexes(self) -> dict[str, dict[str, Index]]:
        """The tables that prices of claims look values up in, by column."""
        return self._indexes(self.plan)

    def _indexes(self, plan: Plan) -> dict[str, dict[str, Index]]:
        found: dict[str, dict[str, Index]] = {}
        for name in sorted(plan.needed_tables):
            shape = plan.tables[name]
            dated = shape.effective is not None
            if shape.given:
                columns = {c for t, c in plan.given_columns if t == name}
                found[name] = {c: Index({}, shape.key, dated, given=True) for c in columns}
                continue
            table = self.bound.tables[name]
            found[name] = {c: Index(closed(table, c), shape.key, dated) for c in shape.columns}
            found[name][""] = Index(closed(table, shape.key[0]), shape.key, dated)
        return found

    @property
    def pricer(self) -> ClaimPricer:
        """The generated function that prices one claim; made at the first price."""
        if self._pricer is None:
            with self._lock:
                if self._pricer is None:
                    self._pricer = ClaimPricer(self.plan, self.indexes, self.sites())
        return self._pricer

    @cached_property
    def month_pricers(self) -> tuple[MonthPricer, ...]:
        """The generated function of each rule that pays for member-months, in file order."""
        return tuple(
            MonthPricer(plan, self._indexes(plan), self.sites())
            for plan in self.month_plans.values()
        )


def beside(place: str, folder: Path) -> str:
    """Write a place relative to the ruleset's folder, so that machines write the same result."""
    return place.removeprefix(f"{folder}/") if str(folder) != "." else place


def closed(table: LookupTable, column: str) -> dict[Any, Any]:
    """Give a column by key, with the first and last day that there is where an interval is open."""
    found = table.index(column)
    if table.type.effective is None:
        return found
    return {
        key: [(first or date.min, last or date.max, value) for first, last, value in spans]
        for key, spans in found.items()
    }
