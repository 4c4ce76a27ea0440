"""Differences: what each row that came, went or changed moved, by settling again without it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import define, evolve, field, frozen

from rules_engine.expressions import Kind
from rules_engine.expressions.combining import combine
from rules_engine.expressions.tree import Aggregate, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.ledger import Money
from rules_engine.methodology import Period, SettlementError
from rules_engine.settlement.balances import Balances
from rules_engine.settlement.books import Settlements
from rules_engine.settlement.experience import Experience
from rules_engine.settlement.facts import Facts, Given
from rules_engine.settlement.rows import Asked, ReadRow
from rules_engine.settlement.settle import settle_each

__all__ = ["Settling", "Step", "steps"]

Moves = Mapping[str, int]
"""Account → what moves into it, in cents."""

_RowId = tuple[str, tuple[tuple[str, str | None], ...], tuple[tuple[str, str], ...], int]


def can_settle_alone(rule: BoundRule) -> bool:
    """Whether what an entity gets depends on its own rows and outputs alone, not on its peers."""
    if rule.methodology.settle is None:
        return False
    return not any(
        isinstance(node, Aggregate) and node.peers is not None
        for formula in rule.every_formula()
        for node in walk(formula.expression)
    )


@frozen
class Step:
    """One row, as it was and as it is, and what that moved.

    Attributes:
        before: The row as it was read before; None where it came.
        after: The row as it is read now; None where it went.
        moves: What it moved.
    """

    before: ReadRow | None
    after: ReadRow | None
    moves: Moves


@frozen(kw_only=True)
class Settling:
    """One settlement of one entity that can be made again with other rows.

    Attributes:
        ruleset: What is settled by.
        rule: The rule.
        period: The period.
        key: The entity's key; empty for the contract.
        entity: The entity's row.
        opening: What its accounts held before.
        known_at: Day up to which facts are known.
        asked: What the rule asks of rows.
        found: What its own queries found.
        given: Tables of the data.
        books: What the run settled.
    """

    ruleset: BoundRuleset
    rule: BoundRule
    period: Period
    key: tuple[str, ...]
    entity: Mapping[str, Any]
    opening: Mapping[str, Money]
    known_at: date | None
    asked: Sequence[Asked]
    found: Experience
    given: Given
    books: Settlements

    def moves(self, experience: Experience) -> dict[str, int] | None:
        """Settle, and give what that moves; None where these facts allow no settlement."""
        facts = Facts(
            self.ruleset,
            self.rule,
            self.period,
            self.key,
            self.entity,
            experience,
            self.given,
            self.books,
        )
        balances = Balances(self.given, self.ruleset.declaration.currency, dict(self.opening))
        moved: dict[str, int] = {}
        try:
            for settled, _ in settle_each([facts], self.known_at, balances):
                for one in settled.transfers:
                    moved[one.source] = moved.get(one.source, 0) - one.amount.cents
                    moved[one.target] = moved.get(one.target, 0) + one.amount.cents
        except SettlementError:
            return None
        return moved

    def with_entity(self, row: Mapping[str, str]) -> "Settling | None":
        """Give the same with the entity's row as it was; None where a column is another now."""
        name = self.ruleset.declaration.entities[self.rule.declared.for_each or ""].table
        shape = self.ruleset.given.get(name) or self.ruleset.tables[name].type
        if set(row) - set(shape.columns):
            return None
        values = {
            column: None if column not in row else _read(shape.columns[column].kind, row[column])
            for column in self.entity
        }
        return evolve(self, entity=values)


def steps(
    settling: Settling,
    before: Sequence[ReadRow],
    after: Sequence[ReadRow],
    entity: tuple[ReadRow, ReadRow] | None = None,
) -> Iterator[Step]:
    """Take a settlement back to the rows that it was made of before, one row after the other.

    What a row moved is the difference between the settlement with it as it is now and with it as it
    was, when the rows in front of it are as they were already. The sum of all is the whole
    difference that rows make, whatever the rule is; where a rule pays by a sum of its rows, each
    is exactly the row's own amount. A state between that allows no settlement is passed over: the
    next row that does has both amounts. Of a rule that does not settle entities one by one, rows
    are named and move nothing.

    Args:
        settling: The settlement as it is now.
        before: Rows that were read for the version before.
        after: Rows that are read now.
        entity: The entity's own row, as it was and as it is.
    """
    state = _Rows(settling.asked, settling.found, after)
    alone = can_settle_alone(settling.rule)
    held = settling.moves(state.experience()) if alone else None
    old, new = dict(_numbered(before)), dict(_numbered(after))
    for place in sorted({*old, *new}, key=repr):
        was, now = old.get(place), new.get(place)
        if was == now:
            continue
        state.replace(now, was)
        made = None if held is None else settling.moves(state.experience())
        yield Step(was, now, _less(held, made))
        held = held if made is None else made
    if entity is not None and entity[0] != entity[1]:
        earlier = settling.with_entity(entity[0].values)
        made = earlier.moves(state.experience()) if held is not None and earlier else None
        yield Step(*entity, _less(held, made))


@define
class _Combined:
    """The values of the rows of one key, and what an aggregate makes of them."""

    node: Aggregate
    total: Fraction = Fraction(0)
    values: Counter[Fraction] = field(factory=Counter)

    def change(self, value: Fraction, by: int) -> None:
        """Count a value once more, or once less."""
        self.total += by * value
        self.values[value] += by
        if not self.values[value]:
            del self.values[value]

    def value(self) -> Fraction | None:
        """Combine them; sums without going through all of them again."""
        if self.node.function == "sum" and self.values:
            return self.total
        return combine(self.node, list(self.values.elements())) if self.values else None


class _Rows:
    """The rows of one entity as its aggregates combine them."""

    def __init__(self, asked: Sequence[Asked], found: Experience, rows: Sequence[ReadRow]) -> None:
        """Sort the values of rows by what asks for them."""
        self.found = found
        self.asked = {(one.relation, one.keys): one.nodes for one in asked}
        self.values: dict[tuple[Aggregate, tuple[str, ...]], dict[tuple[Any, ...], _Combined]] = {
            (node, one.keys): {} for one in asked for node in one.nodes.values()
        }
        for row in rows:
            self.replace(None, row)

    def replace(self, gone: ReadRow | None, come: ReadRow | None) -> None:
        """Take a row out and put another in its place."""
        for row, by in ((gone, -1), (come, 1)):
            if row is None:
                continue
            keys = tuple(name for name, _ in row.keys)
            key = tuple(value for _, value in row.keys)
            # What an older ruleset asked for and this one does not, makes no difference.
            for text, node in self.asked.get((row.relation, keys), {}).items():
                if text in row.values:
                    groups = self.values[node, keys]
                    one = groups.setdefault(key, _Combined(node))
                    one.change(Fraction(row.values[text]), by)

    def experience(self) -> Experience:
        """Combine the rows."""
        made = {}
        for about, groups in self.values.items():
            combined = ((key, one.value()) for key, one in groups.items())
            made[about] = {key: value for key, value in combined if value is not None}
        return Experience(values=made, asked=self.found.asked)


def _numbered(rows: Sequence[ReadRow]) -> Iterator[tuple[_RowId, ReadRow]]:
    """Give rows by what tells them apart; those that nothing tells apart get numbers."""
    seen: dict[Any, int] = {}
    for row in rows:
        place = row.relation, row.keys, row.name
        seen[place] = seen.get(place, -1) + 1
        yield (*place, seen[place]), row


def _less(moves: Moves | None, other: Moves | None) -> dict[str, int]:
    """Take moves from moves; nothing where one of them is not known."""
    if moves is None or other is None:
        return {}
    left = {a: moves.get(a, 0) - other.get(a, 0) for a in {*moves, *other}}
    return {account: cents for account, cents in sorted(left.items()) if cents}


def _read(kind: Kind, text: str) -> Any:
    """Read what was written of a column."""
    match kind:
        case Kind.DATE:
            return date.fromisoformat(text)
        case Kind.BOOLEAN:
            return text == "true"
        case Kind.CODE | Kind.TEXT:
            return text
    return Decimal(text)
