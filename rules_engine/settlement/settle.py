"""Settling: every rule, for each entity and period, on exact rationals."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rules_engine.diagnostics import Diagnostic, RulesetError
from rules_engine.expressions.tree import Aggregate, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.periods import periods
from rules_engine.ledger import Ledger
from rules_engine.methodology import Occasion, Period, Worksheet
from rules_engine.settlement.balances import Balances, Opening
from rules_engine.settlement.books import Books, Settled
from rules_engine.settlement.deriving import ask, attributed
from rules_engine.settlement.experience import Source, measure
from rules_engine.settlement.facts import Facts, Given, entities, key_columns, of_no_period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["periods_of", "settle", "settle_one", "wanted_aggregates"]


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
            # What is compared with peers has been settled, or stands in the entity's own table.
            if isinstance(node, Aggregate) and node.peers is None:
                yield node, keys


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
    given = Given(connection)
    balances = Balances(given, ruleset.declaration.currency)
    for rule in ruleset.rules:
        if not rule.settles:
            continue
        books.warnings += of_no_period(ruleset, rule, given, periods_of(ruleset, rule))
        for period in periods_of(ruleset, rule):
            if labels is not None and period.label not in labels:
                balances.forget(rule.id)
                continue
            wanted = [w for w in wanted_aggregates(ruleset, rule) if w[0].relation in sources]
            whose = attributed(ruleset, rule, sources)
            experience = measure(connection, wanted, whose, ruleset.shapes, period)
            ask(connection, rule, period, experience)
            books.warnings += experience.warnings
            books.queries += experience.queries
            for key, row in entities(ruleset, rule, given, period):
                facts = Facts(ruleset, rule, period, key, row, experience, given, books)
                one, emptied = settle_one(facts, known_at, balances)
                pools |= emptied
                if one is not None:
                    books.post(one)
    transfers = tuple(t for one in books.settled for t in one.transfers)
    books.ledger = Ledger(transfers, pools=frozenset(pools))
    books.ledger.check()
    return books


def settle_one(
    facts: Facts, known_at: date | None, balances: Balances
) -> tuple[Settled | None, frozenset[str]]:
    """Settle one rule for one entity, or the contract, and one period.

    Args:
        facts: What the names of the rule's formulas stand for there.
        known_at: As for `settle`.
        balances: What accounts hold; what the settlement leaves in them is kept.

    Returns:
        What is settled, None where the rule does not apply, and the accounts that have to be empty
        when all is done.

    Raises:
        SettlementError: The facts do not allow a settlement.
    """
    ruleset, rule = facts.ruleset, facts.rule
    function = rule.methodology.settle
    if function is None:
        return None, frozenset()
    if rule.when is not None and facts.evaluate(rule.when, None)[0] is not True:
        return None, frozenset()
    declared = ruleset.declaration
    groups = {**declared.groups, **{p: (p,) for p in declared.parties}}
    if rule.declared.for_each is not None:
        groups[rule.declared.for_each] = ("/".join(facts.key),)
    opening = Opening(balances, rule.id, facts.period)
    occasion = Occasion(
        rule=rule.id,
        key=facts.key,
        row=facts.entity,
        period=facts.period,
        known_at=known_at,
        groups=groups,
        opening=opening,
        unit=declared.rounding.unit,
        mode=declared.rounding.mode,
        currency=declared.currency,
        worksheet=Worksheet(facts.trace),
        evaluate=facts.evaluate,
        members=facts.members,
        experience=facts.experience.of_entity(facts.key),
    )
    made = function(rule.terms, occasion)
    balances.close(rule.id, opening, made)
    settled = Settled(
        rule=rule.id,
        source=rule.source,
        key=facts.key,
        period=facts.period,
        outputs=made.outputs,
        transfers=made.transfers,
        explained=made.explained,
    )
    return settled, made.pools
