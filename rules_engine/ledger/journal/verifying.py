"""Verifying: whether every byte of a journal is what was written, and every entry follows."""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from rules_engine.ledger.journal.entry import ROOT, Entry, canonical, money_digest, sha256
from rules_engine.ledger.journal.journal import Journal
from rules_engine.ledger.journal.posting import Key
from rules_engine.ledger.journal.reasons import add_up
from rules_engine.ledger.journal.store import Row
from rules_engine.ledger.transfers import Transfer

__all__ = ["Fault", "Verified", "verify"]


@frozen
class Fault:
    """Something that is not as it was written.

    Attributes:
        number: Place of the entry, from 1; 0 for the journal as a whole.
        message: What is wrong.
    """

    number: int
    message: str

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        return {"entry": self.number, "message": self.message}


@frozen(kw_only=True)
class Verified:
    """What a check of the whole journal found.

    Attributes:
        entries: Entries that were read.
        head: Hash of the last one; zeros where there is none.
        faults: What is wrong; the first of a place may bring others behind it.
    """

    entries: int
    head: str
    faults: tuple[Fault, ...]


def verify(journal: Journal, expect: str | None = None) -> Verified:
    """Read every byte of a journal and say what is not as it was written.

    Args:
        journal: What to check.
        expect: Hash that somebody noted as the last of the journal, once. It has to stand in it;
            that is the only way to notice entries that were cut off its end.
    """
    faults: list[Fault] = []
    count, head, met = 0, ROOT, expect in {None, ROOT}
    newest: dict[Key, tuple[int, tuple[Transfer, ...]]] = {}
    try:
        faults += [Fault(0, message) for message in journal.store.faults()]
        for row in journal.store.rows():
            count += 1
            faults += [Fault(count, m) for m in _row_faults(row, count, head, newest)]
            head = row.hash
            met = met or head == expect
    except Exception as error:  # noqa: BLE001  a database that is damaged fails in ways of its own
        faults.append(Fault(count + 1, f"it cannot be read: {error}"))
    if not met:
        faults.append(Fault(0, f"no entry has the hash {expect}; entries may have been cut off"))
    return Verified(entries=count, head=head, faults=tuple(faults))


def _row_faults(
    row: Row, number: int, head: str, newest: dict[Key, tuple[int, tuple[Transfer, ...]]]
) -> Iterator[str]:
    """Say what is wrong with one entry, given its place and the hash of the one before."""
    if sha256(row.content) != row.hash:
        yield "its hash is not that of its content"
        return
    try:
        entry = Entry.read(row.content)
        written = canonical(entry.as_json())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"it does not read: {error}"
        return
    if entry.digest != money_digest(entry.transfers, entry.closing):
        yield "its digest is not that of what it pays"
    if written != row.content:
        yield "its content is not written as entries are"
    yield from _stored_faults(row, entry)
    yield from _order_faults(entry, number, head, newest)
    if add_up(entry.reasons, entry.moves, "") != entry.reasons:
        yield "its reasons do not add up to its difference"


def _stored_faults(row: Row, entry: Entry) -> Iterator[str]:
    """Say what is stored beside the content and is not what the content says."""
    known = Row.of(entry, row.content, row.facts, row.hash).columns
    for name, value in row.columns.items():
        if value != known[name]:
            yield f"its column {name} is {value!r} and its content says {known[name]!r}"
    if sha256(row.facts) != entry.facts:
        yield "its facts are not those that it was settled from"


def _order_faults(
    entry: Entry,
    number: int,
    head: str,
    newest: dict[Key, tuple[int, tuple[Transfer, ...]]],
) -> Iterator[str]:
    """Say what does not follow from the entries before."""
    if entry.previous != head:
        yield f"it follows {entry.previous}, and the entry before it is {head}"
    if entry.number != number:
        yield f"its number is {entry.number}; {number} may stand there"
    version, held = newest.get(entry.key, (0, ()))
    newest[entry.key] = entry.version, entry.transfers
    if entry.version != version + 1:
        yield f"its version is {entry.version}; {version + 1} may stand there"
    elif entry.reversed != held:
        yield "what it reverses is not what the version before it paid"
