"""Moving: settling again what one input decides, with that input at another value."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from attrs import evolve, frozen

from rules_engine.diagnostics import Diagnostic, RulesetError
from rules_engine.engine.cliffs.path import Decision, Recorder
from rules_engine.engine.cliffs.search import Point
from rules_engine.expressions import Kind
from rules_engine.expressions.exact import evaluate
from rules_engine.expressions.tree import Aggregate, Lookup, Ref, walk
from rules_engine.language.bind import bind
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.monotone import BoundPromise
from rules_engine.methodology import Formula, Host, Period, SettlementError
from rules_engine.methodology.host import Offer
from rules_engine.settlement.facts import key_columns
from rules_engine.settlement.held import Again, Cell, Entity, Held, Number, Total, exact_decimal
from rules_engine.settlement.reads import Reads, aggregated, reads_of

__all__ = ["Moving", "moving"]

Moved = Cell | Total | Number
Redo = tuple[tuple[str, Sequence[Entity] | None], ...]


@frozen
class Moving:
    """One promise, one entity, one period: a payment as a function of one input.

    Attributes:
        held: The facts.
        promise: What is promised.
        rule: The rule that settles the payment.
        entity: Whom it is promised.
        period: When.
        what: The input.
        unit: Its smallest step.
        redo: Rules that have to be settled again, each with its entities; None for all of them.
    """

    held: Held
    promise: BoundPromise
    rule: BoundRule
    entity: Entity
    period: Period
    what: Moved
    unit: Fraction
    redo: Redo

    def value(self, formula: Formula) -> Any:
        """Give what a formula of the promise says for this entity, from facts as they are.

        Raises:
            SettlementError: It has no value here.
        """
        found, _ = self.held.facts(self.rule, self.period, self.entity).evaluate(formula, None)
        return found

    def at(self, steps: int, recorder: Recorder) -> Point:
        """Settle with the input at a value, in smallest steps."""
        books = Again(self.held.base)
        paid: Fraction | None = None
        refused = ""
        try:
            held = self._moved(steps * self.unit)
            books = held.again(self.redo, recorder)
            paid = self._paid(held, books, recorder)
        except SettlementError as error:
            refused = str(error)
        recorder.settled(books.made)
        return Point(steps, paid, (Decision(bool(refused), None), *recorder.path()), refused)

    def _moved(self, value: Fraction) -> Held:
        if isinstance(self.what, Number):
            return evolve(self.held, ruleset=_rebound(self.held, self.promise, self.what, value))
        return self.held.moved(self.what, value)

    def _paid(self, held: Held, books: Again, recorder: Recorder) -> Fraction | None:
        formula = self.promise.formulas.get("paid")
        if formula is not None:
            facts = held.facts(self.rule, self.period, self.entity, books, recorder)
            value, _ = facts.evaluate(formula, None)
            if not isinstance(value, Fraction):
                msg = f"{formula.place}: {formula.text} has no value in {self.period.label}"
                raise SettlementError(msg)
            return value
        one = books.of(self.rule.id, self.entity.key, self.period.first)
        account = self.account
        moves = [] if one is None else one.transfers
        cents = sum(((t.target == account) - (t.source == account)) * t.amount.cents for t in moves)
        return Fraction(cents, 100)

    @property
    def account(self) -> str | None:
        """The account of whom is paid: a party, or the entity itself."""
        to = self.promise.declared.to
        return "/".join(self.entity.key) if to == self.rule.declared.for_each else to

    @property
    def odd(self) -> Fraction:
        """Rounding that counts for nothing: a posted unit for each amount that is part of it."""
        unit = self.held.ruleset.declaration.rounding.unit
        formula = self.promise.formulas.get("paid")
        if formula is None:
            one = self.held.base.of(self.rule.id, self.entity.key, self.period.first)
            moves = () if one is None else one.transfers
            mine = [t for t in moves if self.account in {t.source, t.target}]
            return unit * max(1, len(mine))
        if formula.type.kind is not Kind.MONEY:
            return Fraction(0)
        outputs = [n for n in walk(formula.expression) if isinstance(n, Ref | Aggregate)]
        return unit * max(1, len(outputs))


def moving(held: Held, promise: BoundPromise, entity: Entity, period: Period) -> Moving:
    """Find what has to be settled again when the input of a promise moves.

    Raises:
        RulesetError: The input cannot be moved.
        SettlementError: It is not there for this entity.
    """
    rule = held.ruleset.rule(promise.declared.rule)
    formula = promise.formulas["when_rises"]
    what = _input(held, rule, promise, entity, period)
    if promise.declared.by is not None:
        unit = Fraction(promise.declared.by)
    else:
        unit = Fraction(1, 10 ** (formula.type.scale or 0))
    return Moving(
        held=held,
        promise=promise,
        rule=rule,
        entity=entity,
        period=period,
        what=what,
        unit=unit,
        redo=tuple(_redo(held, promise, rule, entity, what)),
    )


def _input(
    held: Held, rule: BoundRule, promise: BoundPromise, entity: Entity, period: Period
) -> Moved:
    formula = promise.formulas["when_rises"]
    match formula.expression:
        case Ref(name=name):
            declared = held.ruleset.declaration.entities[rule.declared.for_each or ""]
            return Cell(declared.table, name, entity.place)
        case Aggregate() as node:
            key = entity.key if rule.declared.for_each is not None else ()
            return Total(node, key_columns(held.ruleset, rule, formula), key, period.label)
        case Lookup() as node:
            facts = held.facts(rule, period, entity)
            facts.evaluate(formula, None)
            keys = tuple(evaluate(key, facts) for key in node.keys)
            shape = held.ruleset.shapes[node.table]
            columns = held.columns(node.table)
            places = facts.places(node.table, shape.key).get(keys, ())
            (place,) = (p for p in places if facts.holds(shape, columns, p))
            return Cell(node.table, node.column, place)
    return Number(formula.text.strip())


# -- what has to be settled again


def _redo(
    held: Held, promise: BoundPromise, rule: BoundRule, entity: Entity, what: Moved
) -> Iterator[tuple[str, Sequence[Entity] | None]]:
    """Give the rules that the input reaches on its way to the payment, in their order."""
    ruleset = held.ruleset
    reads = {one.id: reads_of(ruleset, one) for one in ruleset.rules if one.settles}
    needed = _needed(reads, rule, promise)
    touched: set[str] = set()
    wide: set[str] = set()
    together = set().union(*(reads[name].together for name in needed))
    for one in ruleset.rules:
        if one.id not in needed:
            continue
        mine = reads[one.id]
        if not (_is_moved(mine, what) or mine.rules & touched):
            continue
        _measurable(held, promise, mine, what)
        touched.add(one.id)
        same = one.declared.for_each == rule.declared.for_each
        own_row = isinstance(what, Total) or (
            isinstance(what, Cell) and what.table == mine.entity_table and same
        )
        from_others = bool(mine.together & touched) or any(
            ruleset.rule(name).grain == "contract" or name in wide for name in mine.rules & touched
        )
        others = one.grain != "contract" and (not own_row or from_others or not same)
        if others and (one.id in together or not same):
            wide.add(one.id)
            yield one.id, None
        elif one.grain == "contract":
            yield one.id, None
        else:
            yield one.id, (entity,)


def _needed(reads: dict[str, Reads], rule: BoundRule, promise: BoundPromise) -> set[str]:
    needed: set[str] = set()
    waiting = [rule.id]
    paid = promise.formulas.get("paid")
    if paid is not None:
        waiting += [name for name in aggregated(paid) if name in reads]
        waiting += [
            node.name.split(".")[0]
            for node in walk(paid.expression)
            if isinstance(node, Ref) and node.space == "output"
        ]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += reads[name].rules
    return needed


def _is_moved(reads: Reads, what: Moved) -> bool:
    match what:
        case Number():
            return True
        case Cell():
            return what.table == reads.entity_table or what.table in reads.tables
        case Total():
            return what.node in reads.aggregates


def _measurable(held: Held, promise: BoundPromise, reads: Reads, what: Moved) -> None:
    """Refuse to move a value that was added up with others before.

    Raises:
        RulesetError: An aggregate was measured over it.
    """
    if not isinstance(what, Cell):
        return
    for node in reads.aggregates:
        parts = [part for part in (node.operand, node.condition) if part is not None]
        columns = {n.name for part in parts for n in walk(part) if isinstance(n, Ref)}
        if node.relation == what.table and node.peers is None and what.column in columns:
            raise _no_input(
                held, promise, f"{node.function} over {what.table} adds it up with others"
            )


def _no_input(held: Held, promise: BoundPromise, why: str) -> RulesetError:
    formula = promise.formulas["when_rises"]
    message = f"{formula.text.strip()} is no input that can be moved: {why}"
    document = held.ruleset.declaration.document
    location = document.locate((*promise.declared.path, "when_rises"))
    return RulesetError(
        [Diagnostic(location, "RE431", message, help="move that aggregate instead")]
    )


# -- a parameter


def _rebound(held: Held, promise: BoundPromise, what: Number, value: Fraction) -> BoundRuleset:
    """Bind the ruleset with a parameter at another value."""
    ruleset = held.ruleset
    declared = ruleset.declaration
    parameter = declared.parameters[what.name]
    whole = parameter.type.kind in {Kind.COUNT, Kind.DAYS}
    number = int(value) if whole else exact_decimal(value)
    parameters = {**declared.parameters, what.name: evolve(parameter, values=((None, number),))}
    offers = {r.methodology.name: Offer(r.methodology, r.distribution) for r in ruleset.rules}
    made = bind(
        evolve(declared, parameters=parameters, promises={}),
        Host(offers, {}, frozenset()),
        ruleset.tables,
        schemas=False,
    )
    for rule in made.rules:
        for node in reads_of(made, rule).aggregates if rule.settles else ():
            known = [e for (name, _), e in held.experiences.items() if name == rule.id]
            if (
                node.peers is None
                and any(all(node != n for n, _ in e.values) for e in known)
                and node.relation not in {r.id for r in made.rules if r.settles}
            ):
                raise _no_input(held, promise, f"{node.function} over {node.relation} reads it")
    return made
