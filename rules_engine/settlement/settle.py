"""Settling: every rule, for each entity and period, on exact rationals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from rules_engine.diagnostics import Diagnostic, RulesetError
from rules_engine.expressions.tree import Aggregate, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.periods import periods
from rules_engine.ledger import Ledger
from rules_engine.methodology import Occasion, Period, Settlement, SettlementError, Worksheet
from rules_engine.settlement.balances import Balances, Opening, Posted
from rules_engine.settlement.books import Books, Settled
from rules_engine.settlement.deriving import ask, attributed, of_no_entity
from rules_engine.settlement.experience import Source, measure
from rules_engine.settlement.facts import Facts, Given, entities, key_columns, of_no_period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["covered", "periods_of", "settle", "settle_each", "wanted_aggregates"]


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


def covered(ruleset: BoundRuleset, labels: Sequence[str] | None) -> Iterator[tuple[str, Period]]:
    """Give the rules that settle with the periods of a run, in order."""
    for rule in ruleset.rules:
        if rule.settles:
            for period in periods_of(ruleset, rule):
                if labels is None or period.label in labels:
                    yield rule.id, period


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
    posted: Posted | None = None,
) -> Books:
    """Settle every rule that settles.

    Args:
        ruleset: What to settle by.
        connection: Where the tables are.
        sources: Relation → its rows.
        labels: Periods to settle; None for all of the contract.
        known_at: Day up to which facts are known; methodologies are told it.
        posted: What the journal says that accounts hold; None where there is none.

    Raises:
        SettlementError: The facts do not allow a settlement.
        UnbalancedError: A pool is left with money in it that nobody declared.
    """
    books = Books(covered=list(covered(ruleset, labels)))
    pools: set[str] = set()
    given = Given(connection)
    balances = Balances(given, ruleset.declaration.currency, posted=posted, asked=books.opened)
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
            found = list(entities(ruleset, rule, given, period))
            known = {key for key, _ in found}
            books.warnings += of_no_entity(ruleset, rule, connection, period, known)
            everyone = (
                Facts(ruleset, rule, period, key, row, experience, given, books)
                for key, row in found
            )
            for one, emptied in settle_each(everyone, known_at, balances):
                pools |= emptied
                books.post(one)
            books.held |= balances.closed
    transfers = tuple(t for one in books.settled for t in one.transfers)
    books.ledger = Ledger(transfers, pools=frozenset(pools))
    books.ledger.check()
    return books


def settle_each(
    everyone: Iterable[Facts], known_at: date | None, balances: Balances
) -> Iterator[tuple[Settled, frozenset[str]]]:
    """Settle one rule for entities, or the contract, in one period.

    Args:
        everyone: What the names of the rule's formulas stand for, for each entity; all of one
            rule and period. Where the methodology settles entities together, these are all.
        known_at: As for `settle`.
        balances: What accounts hold; what each settlement leaves in them is kept.

    Yields:
        What is settled for each to whom the rule applies, and the accounts that have to be empty
        when all is done.

    Raises:
        SettlementError: The facts do not allow a settlement; it names every entity for which they
            do not, so that all of them can be mended at once.
    """
    failed: list[SettlementError] = []
    occasions = _occasions(everyone, known_at, balances, failed)
    for (facts, opening, occasion), made in _settlements(occasions, failed):
        rule = facts.rule
        closing = balances.close(rule.id, opening, made)
        settled = Settled(
            rule=rule.id,
            source=rule.source,
            key=occasion.key,
            period=occasion.period,
            outputs=made.outputs,
            transfers=made.transfers,
            explained=made.explained,
            opening=dict(opening),
            closing=closing,
        )
        yield settled, made.pools
    if len(failed) > 1:
        listed = [f"\n  {error}" for error in failed[:_LISTED]]
        left = len(failed) - len(listed)
        more = f"\n  and {left:,} more" if left else ""
        msg = f"{len(failed):,} settlements cannot be made:{''.join(listed)}{more}"
        raise SettlementError(msg)
    for error in failed:
        raise error


_LISTED: Final = 20
"""Failures that a message lists at most."""

_Asked = tuple[Facts, Opening, Occasion]


def _occasions(
    everyone: Iterable[Facts],
    known_at: date | None,
    balances: Balances,
    failed: list[SettlementError],
) -> Iterator[_Asked]:
    """Give the occasion of each to whom the rule applies; add to `failed` where nobody can say."""
    for facts in everyone:
        try:
            found = _occasion(facts, known_at, balances)
        except SettlementError as error:
            failed.append(error)
            continue
        if found is not None:
            yield found


def _settlements(
    occasions: Iterable[_Asked], failed: list[SettlementError]
) -> Iterator[tuple[_Asked, Settlement]]:
    """Settle each entity by itself, or all of them together where the methodology says so."""
    everyone = iter(occasions)
    for first in everyone:
        rule = first[0].rule
        methodology = rule.methodology
        if methodology.settle_together is not None:
            together = (first, *everyone)
            made = methodology.settle_together(rule.terms, [one[2] for one in together])
            yield from zip(together, made, strict=True)
        elif methodology.settle is not None:
            try:
                one = methodology.settle(rule.terms, first[2])
            except SettlementError as error:
                failed.append(error)
                continue
            yield first, one


def _occasion(facts: Facts, known_at: date | None, balances: Balances) -> _Asked | None:
    """Give all that a settlement of one entity may know; None where the rule does not hold."""
    ruleset, rule = facts.ruleset, facts.rule
    # A condition of member-months says which of them are paid for, not whether anything is settled.
    applies = rule.when if not rule.months else None
    if applies is not None and facts.evaluate(applies, None)[0] is not True:
        return None
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
    return facts, opening, occasion
