"""Small books to post: what members of a clinic are paid for, month by month."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from rules_engine.ledger import Money, Transfer
from rules_engine.ledger.journal import Author, Batch, Journal, Posted, Posting, Service

POSTED: Final = datetime(2026, 8, 1, 12, tzinfo=UTC)
AUTHOR: Final = Author(ruleset="lakes", version="1", digest="0" * 64)

Paid = Mapping[tuple[str, int], int]
"""Member and month → cents; below zero the clinic pays back."""


def month(number: int) -> Service:
    """Give a month of 2026."""
    first = date(2026, number, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Service(first, last, f"2026-{number:02}")


def posting(member: str, service: Service, cents: int, **more: Any) -> Posting:
    """Give what is paid for a member."""
    source, target = ("plan", "lakes") if cents > 0 else ("lakes", "plan")
    moved = Transfer(
        source,
        target,
        Money(abs(cents) or 1),
        rule="monthly",
        reason="payment",
        key=(member,),
        period=service.label,
    )
    facts = {"rows": [[member, service.label, cents]]}
    return Posting(
        rule="monthly",
        grain=(member,),
        service=service,
        transfers=(moved,) if cents else (),
        facts=lambda: facts,
        **more,
    )


def batch(paid: Paid, months: Iterable[int], **more: Any) -> Batch:
    """Give what a run of some months posts."""
    services = {number: month(number) for number in months}
    return Batch(
        author=AUTHOR,
        currency="USD",
        covered=[("monthly", service) for service in services.values()],
        postings=[
            posting(member, services[number], cents)
            for (member, number), cents in sorted(paid.items())
            if number in services
        ],
        **more,
    )


def post(journal: Journal, paid: Paid, months: Iterable[int], known_at: date) -> Posted:
    """Post what a run of some months settled."""
    return journal.post(batch(paid, months), known_at=known_at, posted_at=POSTED)


def clinic(balances: Mapping[str, Money]) -> int:
    """Give what the clinic has, in cents."""
    return balances["lakes"].cents if "lakes" in balances else 0
