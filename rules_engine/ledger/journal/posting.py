"""Postings: what a run asks the journal to hold, key by key."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any

from attrs import Factory, field, frozen

from rules_engine.ledger.journal.reasons import Reason
from rules_engine.ledger.money import Money
from rules_engine.ledger.transfers import Transfer

__all__ = [
    "Author",
    "Batch",
    "Change",
    "Facts",
    "JournalError",
    "Key",
    "Opened",
    "Posted",
    "Posting",
    "Service",
]

Facts = Mapping[str, Any]
"""What a settlement read, as JSON holds it; the journal keeps it and does not look into it."""


class JournalError(Exception):
    """The journal refuses: nothing was written, and what it holds is as it was."""


@frozen(order=True)
class Service:
    """A service period.

    Attributes:
        first: Its first day.
        last: Its last day.
        label: What the contract calls it, such as `2026-03`; two of the same days are the same.
    """

    first: date
    last: date
    label: str = field(eq=False, order=False)


@frozen
class Key:
    """What the journal holds numbered versions of.

    Attributes:
        ruleset: Id of the contract.
        rule: Id of the rule.
        grain: The entity's key, such as `("aco_17",)`; empty for the contract.
        service: The service period.
    """

    ruleset: str
    rule: str
    grain: tuple[str, ...]
    service: Service


@frozen(kw_only=True)
class Author:
    """The contract that a posting was settled by.

    Attributes:
        ruleset: Its id.
        version: Its version, as the document writes it.
        digest: SHA-256 of it and its tables.
    """

    ruleset: str
    version: str
    digest: str


@frozen(kw_only=True)
class Posting:
    """What one rule settled for one entity and period.

    Attributes:
        rule: The rule.
        grain: The entity's key.
        service: The service period.
        transfers: Movements of money.
        closing: Account → what it is left with, for accounts that the rule carries or nets.
        facts: Gives the rows that were read; called only where an entry is written.
    """

    rule: str
    grain: tuple[str, ...]
    service: Service
    transfers: tuple[Transfer, ...]
    closing: Mapping[str, Money] = Factory(dict)
    facts: Callable[[], Facts] = dict


@frozen
class Opened:
    """A balance that a run read from the journal, which must still hold when the run is posted.

    Attributes:
        rule: The rule that opened with it.
        account: The account.
        service: The period that was opened.
        balance: What the journal said; None where it said nothing.
    """

    rule: str
    account: str
    service: Service
    balance: Money | None


@frozen(kw_only=True)
class Change:
    """A version that takes the place of another, of which rows are to be named.

    Attributes:
        after: What is posted now; without transfers where the run did not settle it any more.
        before: Transfers of the version before; none where this is the first.
        facts: What that version was settled from; None where it is the first, or kept nothing.
    """

    after: Posting
    before: tuple[Transfer, ...]
    facts: Facts | None


Explain = Callable[[Change], Iterable[Reason]]
"""Says which rows made a difference."""


def _nothing(_change: Change) -> Iterable[Reason]:
    return ()


@frozen(kw_only=True)
class Batch:
    """All that one run posts.

    Attributes:
        author: The contract.
        currency: ISO 4217 code of every amount.
        covered: Rules with the periods that the run settled. What the journal holds of these and
            the run did not settle again, because the entity has no row or the rule does not apply
            any more, is reversed.
        postings: What it settled.
        opened: Balances that it read from the journal.
        explain: Says which rows made a difference.
    """

    author: Author
    currency: str
    covered: Collection[tuple[str, Service]]
    postings: Iterable[Posting]
    opened: Iterable[Opened] = ()
    explain: Explain = _nothing


@frozen(kw_only=True)
class Posted:
    """What became of a batch.

    Attributes:
        written: Entries that were written.
        reversed: Those of them that reverse a version and write nothing in its place.
        corrected: Those of them that replace a version by another.
        unchanged: Postings that the journal held already.
        net: Account → what the entries moved, in cents.
        currency: Of the amounts.
        last: Number of the journal's last entry; 0 where it is empty.
        head: Hash of that entry.
    """

    written: int
    reversed: int
    corrected: int
    unchanged: int
    net: Mapping[str, int]
    currency: str
    last: int
    head: str
