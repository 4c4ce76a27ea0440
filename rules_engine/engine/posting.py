"""Posting: what a run settled, as the journal takes it."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from rules_engine.engine.contract import Contract
from rules_engine.ledger.journal import Author, Batch, Journal, Opened, Posted, Posting, Service
from rules_engine.ledger.journal.entry import canonical, sha256
from rules_engine.methodology import Period
from rules_engine.settlement.balances import Posted as Openings
from rules_engine.settlement.settle import covered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules_engine.engine.reasons import RunRows
    from rules_engine.engine.run import Run

__all__ = ["openings_of", "post"]


def openings_of(
    journal: Journal, ruleset: Contract, labels: "Sequence[str]", known_at: date | None
) -> Openings:
    """Give what accounts hold by a journal, without what a run of some periods will post anew."""
    without = frozenset(
        (rule, service_of(period)) for rule, period in covered(ruleset.bound, labels)
    )
    return lambda rule, period: journal.openings(
        ruleset.id, rule, service_of(period), known_at, without
    )


def post(
    run: "Run", journal: Journal, *, known_at: date, posted_at: datetime | None = None
) -> Posted:
    """Do what `Run.post` says."""
    from rules_engine.engine.reasons import RunRows  # noqa: PLC0415  it stands on `running`

    books, rows = run.books, RunRows(run)
    batch = Batch(
        author=author_of(run.ruleset),
        currency=run.ruleset.bound.declaration.currency,
        covered=[(rule, service_of(period)) for rule, period in books.covered],
        postings=_postings(run, rows),
        explain=rows.explain,
        opened=[
            Opened(one.rule, one.account, service_of(one.period), one.balance)
            for one in books.opened
        ],
    )
    return journal.post(batch, known_at=known_at, posted_at=posted_at)


def service_of(period: Period) -> Service:
    """Give a period as the journal keys it."""
    return Service(period.first, period.last, period.label)


def author_of(ruleset: Contract) -> Author:
    """Name a contract as the journal notes it: with the digest of it and its tables."""
    tables = sorted((name, table.digest) for name, table in ruleset.bound.tables.items())
    digest = sha256(canonical([ruleset.digest, tables]))
    return Author(ruleset=ruleset.id, version=ruleset.version, digest=digest)


def _postings(run: "Run", rows: "RunRows") -> Iterator[Posting]:
    for one in run.settlements:
        yield Posting(
            rule=one.rule,
            grain=one.key,
            service=service_of(one.period),
            transfers=one.transfers,
            closing=one.closing,
            facts=partial(rows.facts, one.rule, service_of(one.period), one.key),
        )
