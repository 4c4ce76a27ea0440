"""The books of a run: what each rule settled, for whom and when."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from attrs import Factory, define, field, frozen

from rules_engine.ledger import Ledger, Money, Transfer
from rules_engine.methodology import Explained, Period

__all__ = ["Asked", "Books", "Settled", "Settlements"]


@frozen
class Asked:
    """A balance that a rule asked the journal for.

    Attributes:
        rule: The rule.
        account: The account.
        period: The period that it opened with it.
        balance: What the journal said; None where it said nothing.
    """

    rule: str
    account: str
    period: Period
    balance: Money | None


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
        opening: Account → what it held, for accounts that the rule opened.
        closing: Account → what it is left with, for accounts that the rule opened or carries.
    """

    rule: str
    source: str
    key: tuple[str, ...]
    period: Period
    outputs: Mapping[str, Any]
    transfers: tuple[Transfer, ...]
    explained: tuple[Explained, ...]
    opening: Mapping[str, Money] = Factory(dict)
    closing: Mapping[str, Money] = Factory(dict)


class Settlements(Protocol):
    """What formulas read of the rules that have settled before."""

    @property
    def settled(self) -> Sequence[Settled]:
        """All of them, in the order in which they were made."""

    def of(self, rule: str, key: tuple[str, ...], day: date) -> Settled | None:
        """Give what a rule settled for an entity, or for the contract, in the period of a day."""


@define(kw_only=True)
class Books:
    """All settlements of a run.

    Attributes:
        settled: In the order in which they were made.
        ledger: All their transfers, balanced.
        held: Accounts that rules open with → what they hold when their last period is settled.
        warnings: What a reader should know.
        queries: The SQL that gave the experience.
        covered: Rules with the periods that were settled, for whatever entities there are.
        opened: Balances that rules asked the journal for.
    """

    settled: list[Settled] = field(factory=list)
    ledger: Ledger = field(factory=lambda: Ledger(()))
    held: dict[str, Money] = field(factory=dict)
    warnings: list[str] = field(factory=list)
    queries: list[str] = field(factory=list)
    covered: list[tuple[str, Period]] = field(factory=list)
    opened: list[Asked] = field(factory=list)
    _by_key: dict[tuple[str, tuple[str, ...]], list[Settled]] = field(factory=dict, init=False)

    def post(self, settled: Settled) -> None:
        """Add a settlement."""
        self.settled.append(settled)
        self._by_key.setdefault((settled.rule, settled.key), []).append(settled)

    def of(self, rule: str, key: tuple[str, ...], day: date) -> Settled | None:
        """Give what a rule settled for an entity, or for the contract, in the period of a day."""
        for known in (key, ()):
            for one in reversed(self._by_key.get((rule, known), [])):
                if one.period.first <= day <= one.period.last:
                    return one
        return None
