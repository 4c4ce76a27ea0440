"""Reasons: the rows that came, went or changed, and what each of them moved."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine.ledger.transfers import Transfer

__all__ = ["OTHER", "Reason", "add_up", "moves_of"]

OTHER: Final = "other"
"""The change of a reason that is no row: terms, other rules, opening balances."""


@frozen(kw_only=True)
class Reason:
    """One row that made a difference.

    Attributes:
        change: `came`, `went`, `changed`, or `other` for what no row explains.
        table: The table or relation of the row.
        row: What names the row, column by column.
        before: What the settlement read of it before; empty where it came.
        after: What it reads of it now; empty where it went.
        moves: Account → what the row moved into it, in cents; accounts that it did not move are
            left out.
    """

    change: str
    table: str
    row: Mapping[str, str]
    before: Mapping[str, str]
    after: Mapping[str, str]
    moves: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Give it as the journal writes it."""
        return {
            "change": self.change,
            "table": self.table,
            "row": dict(self.row),
            "before": dict(self.before),
            "after": dict(self.after),
            "moves": dict(self.moves),
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Reason":
        """Read what the journal wrote."""
        return cls(**{name: written[name] for name in cls.__annotations__})


def moves_of(transfers: Iterable[Transfer]) -> dict[str, int]:
    """Add up what transfers move into each account, in cents; zeros are left out."""
    moves: dict[str, int] = {}
    for one in transfers:
        moves[one.source] = moves.get(one.source, 0) - one.amount.cents
        moves[one.target] = moves.get(one.target, 0) + one.amount.cents
    return {account: cents for account, cents in moves.items() if cents}


def difference(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Take moves from moves, account by account."""
    left = {a: after.get(a, 0) - before.get(a, 0) for a in sorted({*after, *before})}
    return {account: cents for account, cents in left.items() if cents}


def add_up(reasons: Iterable[Reason], moved: Mapping[str, int], other: str) -> tuple[Reason, ...]:
    """Give reasons that add up to what was moved, with one more for what no row explains.

    Args:
        reasons: The rows.
        moved: Account → what the entry moves, in cents.
        other: What the rest comes from, for people.
    """
    rows = tuple(reasons)
    explained: dict[str, int] = {}
    for one in rows:
        for account, cents in one.moves.items():
            explained[account] = explained.get(account, 0) + cents
    rest = difference(moved, explained)
    if not rest:
        return rows
    left = Reason(change=OTHER, table=other, row={}, before={}, after={}, moves=rest)
    return (*rows, left)
