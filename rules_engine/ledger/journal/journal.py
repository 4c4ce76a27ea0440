"""The journal: numbered versions of what each key pays, in entries that are only ever added."""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Self

from attrs import define, field, frozen

from rules_engine.ledger.journal.entry import (
    ROOT,
    Entry,
    canonical,
    money_digest,
    packed,
    sha256,
    unpacked,
)
from rules_engine.ledger.journal.posting import (
    Batch,
    Change,
    Facts,
    JournalError,
    Key,
    Posted,
    Posting,
    Service,
)
from rules_engine.ledger.journal.reasons import add_up, difference, moves_of
from rules_engine.ledger.journal.store import Latest, Row, Store
from rules_engine.ledger.money import Money

__all__ = ["Journal"]

_NOTHING = money_digest((), {})


@frozen
class Journal:
    """What was settled, version by version.

    Attributes:
        store: Where the entries are.
    """

    store: Store

    # -- writing

    def post(self, batch: Batch, *, known_at: date, posted_at: datetime | None = None) -> Posted:
        """Post what a run settled: all of it, or nothing.

        A key whose latest version pays the same is left alone. Any other gets one entry, which
        reverses the version before and writes the next.

        Args:
            batch: What was settled.
            known_at: Day up to which the facts of the run were known.
            posted_at: When this is, with a time zone; None asks the clock.

        Raises:
            JournalError: Facts of a later day are posted already, a service period overlaps
                another one of its rule, a balance that the run opened with has changed, what is
                posted was not said to be covered, or the journal has another currency.
        """
        when = (posted_at or datetime.now(UTC)).astimezone(UTC)
        with self.store.writing():
            self._still(batch, known_at)
            latest = {one: self._latest(batch, *one, known_at) for one in batch.covered}
            number, head = self.store.last() or (0, ROOT)
            self._one_currency(batch, number)
            page = _Page(
                store=self.store,
                batch=batch,
                known_at=known_at,
                posted_at=when,
                number=number,
                head=head,
            )
            for posting in batch.postings:
                known = latest.get((posting.rule, posting.service))
                if known is None:
                    msg = f"{posting.rule} in {posting.service.label} is posted and not covered"
                    raise JournalError(msg)
                page.put(posting, known.pop(posting.grain, None))
            for (rule, service), left in latest.items():
                for grain, one in left.items():
                    gone = Posting(rule=rule, grain=grain, service=service, transfers=())
                    page.put(gone, one)
        return page.posted()

    def _latest(
        self, batch: Batch, rule: str, service: Service, known_at: date
    ) -> dict[tuple[str, ...], Latest]:
        about = batch.author.ruleset, rule, service.first, service.last
        later = self.store.known_at(*about)
        if later is not None and later > known_at.isoformat():
            msg = (
                f"{rule} in {service.label} is posted with facts known at {later};"
                f" those of {known_at} are older"
            )
            raise JournalError(msg)
        other = self.store.overlapping(*about)
        if other is not None:
            msg = (
                f"{rule} is posted for {other[0]} to {other[1]}, which shares days with"
                f" {service.label} ({service.first} to {service.last})"
            )
            raise JournalError(msg)
        return self.store.latest(*about)

    def _one_currency(self, batch: Batch, number: int) -> None:
        """Refuse amounts that no balance could be added to."""
        held = _read(self.store.content(number)[0]).currency if number else batch.currency
        if held != batch.currency:
            msg = (
                f"the journal is in {held}, and {batch.author.ruleset} pays in {batch.currency};"
                " a journal of its own may hold it"
            )
            raise JournalError(msg)

    def _still(self, batch: Batch, known_at: date) -> None:
        """Refuse a batch that opened with a balance which another process has changed since."""
        covered = frozenset(batch.covered)
        read: dict[tuple[str, Service], dict[str, Money]] = {}
        for one in batch.opened:
            about = one.rule, one.service
            if about not in read:
                read[about] = self.openings(batch.author.ruleset, *about, known_at, covered)
            found = read[about].get(one.account)
            if found != one.balance:
                msg = (
                    f"{one.account} opened {one.service.label} with {_said(one.balance)}, and the"
                    f" journal says {_said(found)} now; the run may be made again"
                )
                raise JournalError(msg)

    # -- reading

    def head(self) -> tuple[int, str]:
        """Give number and hash of the last entry: 0 and zeros where there is none."""
        return self.store.last() or (0, ROOT)

    def entries(self, as_of: date | None = None) -> Iterator[Entry]:
        """Give every entry in order; with a day, those whose facts were known by then."""
        for content in self.store.contents(as_of):
            yield _read(content)

    def balances(self, as_of: date | None = None) -> dict[str, Money]:
        """Give what every account holds; with a day, by what was known then."""
        cents: dict[str, int] = {}
        currency = "USD"
        for entry in self.entries(as_of):
            currency = entry.currency
            for account, moved in entry.moves.items():
                cents[account] = cents.get(account, 0) + moved
        return {account: Money(cents[account], currency) for account in sorted(cents)}

    def versions(self, as_of: date | None = None) -> dict[Key, Entry]:
        """Give the latest version of every key; with a day, of those known by then."""
        return {entry.key: entry for entry in self.entries(as_of)}

    def openings(
        self,
        ruleset: str,
        rule: str,
        service: Service,
        known_at: date | None,
        without: Collection[tuple[str, Service]] = (),
    ) -> dict[str, Money]:
        """Give what accounts hold when a rule settles a period; nobody's word on others.

        That is what the rule left in an account in the period before, and what other rules of the
        contract have moved into it since, for service up to the end of the period.
        """
        latest: dict[Key, Entry] = {}
        for content in self.store.of_ruleset(ruleset, service.last):
            entry = _read(content)
            known = known_at is None or entry.known_at <= known_at
            if known and (entry.key.rule, entry.key.service) not in without:
                latest[entry.key] = entry
        before = service.first - timedelta(days=1)
        found: dict[str, Money] = {}
        for key, entry in latest.items():
            if key.rule == rule and key.service.last == before:
                found |= entry.closing
        closed = frozenset(found)
        for key, entry in latest.items():
            if key.rule == rule:
                continue
            for account, cents in moves_of(entry.transfers).items():
                if account not in closed or key.service.last > before:
                    held = found.get(account, Money(0, entry.currency))
                    found[account] = held + Money(cents, entry.currency)
        return found

    # -- closing

    def close(self) -> None:
        """Close the journal."""
        self.store.close()

    def __enter__(self) -> Self:
        """Give the journal itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the journal."""
        self.close()


@define(kw_only=True)
class _Page:
    """The entries that one batch adds, and what they come to."""

    store: Store
    batch: Batch
    known_at: date
    posted_at: datetime
    number: int
    head: str
    written: int = 0
    reversed: int = 0
    corrected: int = 0
    unchanged: int = 0
    net: dict[str, int] = field(factory=dict)

    def put(self, posting: Posting, latest: Latest | None) -> None:
        """Add an entry, unless the latest version pays the same."""
        digest = money_digest(posting.transfers, posting.closing)
        if digest == (_NOTHING if latest is None else latest.digest):
            self.unchanged += latest is not None and digest != _NOTHING
            return
        before, stored = None, None
        if latest is not None:
            content, blob = self.store.content(latest.number)
            before, stored = _read(content), unpacked(blob)
        self._add(posting, digest, before, stored)
        self.written += 1
        if before is not None and before.digest != _NOTHING:
            self.reversed += digest == _NOTHING
            self.corrected += digest != _NOTHING

    def _add(
        self, posting: Posting, digest: str, before: Entry | None, stored: Facts | None
    ) -> None:
        batch = self.batch
        held = () if before is None else before.transfers
        moved = difference(moves_of(posting.transfers), moves_of(held))
        other = _other(before, batch)
        facts = packed(posting.facts())
        entry = Entry(
            number=self.number + 1,
            previous=self.head,
            author=batch.author,
            key=Key(batch.author.ruleset, posting.rule, posting.grain, posting.service),
            version=1 if before is None else before.version + 1,
            known_at=self.known_at,
            posted_at=self.posted_at,
            reversed=held,
            transfers=posting.transfers,
            closing=posting.closing,
            currency=batch.currency,
            reasons=add_up(
                batch.explain(Change(after=posting, before=held, facts=stored)), moved, other
            ),
            facts=sha256(facts),
            digest=digest,
        )
        content = canonical(entry.as_json())
        self.number, self.head = entry.number, sha256(content)
        self.store.add(Row.of(entry, content, facts, self.head))
        for account, cents in moved.items():
            self.net[account] = self.net.get(account, 0) + cents

    def posted(self) -> Posted:
        """Say what became of the batch."""
        return Posted(
            written=self.written,
            reversed=self.reversed,
            corrected=self.corrected,
            unchanged=self.unchanged,
            net={account: self.net[account] for account in sorted(self.net)},
            currency=self.batch.currency,
            last=self.number,
            head=self.head,
        )


def _read(content: str) -> Entry:
    """Read a stored entry.

    Raises:
        JournalError: It is not as entries are written.
    """
    try:
        return Entry.read(content)
    except (ValueError, KeyError, TypeError) as error:
        msg = f"an entry does not read ({error}); a check of the whole journal says which"
        raise JournalError(msg) from error


def _other(before: Entry | None, batch: Batch) -> str:
    """Say where a difference comes from that no row explains."""
    if before is None:
        return "first posting"
    if before.author.digest != batch.author.digest:
        return "the ruleset"
    return "other facts"


def _said(balance: Money | None) -> str:
    return "nothing" if balance is None else str(balance)
