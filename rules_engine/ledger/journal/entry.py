"""An entry: one version of one key, written in the place of the version before it."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from attrs import frozen

from rules_engine.ledger.journal.posting import Author, Facts, Key, Service
from rules_engine.ledger.journal.reasons import Reason, difference, moves_of
from rules_engine.ledger.money import Money
from rules_engine.ledger.transfers import Transfer

__all__ = ["FORMAT", "ROOT", "Entry", "canonical", "money_digest", "packed", "sha256", "unpacked"]

FORMAT: Final = 1
"""Which way entries are written; a reader of another number refuses them."""

ROOT: Final = "0" * 64
"""What stands for the hash of the entry before the first."""


# One for all, because the function that makes one each time takes as long as a short text.
_WRITER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> str:
    """Write JSON in the one way in which it is hashed: keys in order, no spaces, no escapes."""
    return _WRITER.encode(value)


def sha256(written: str | bytes) -> str:
    """Give the SHA-256 of text in UTF-8, or of bytes, in hexadecimal digits."""
    return hashlib.sha256(written.encode() if isinstance(written, str) else written).hexdigest()


def packed(facts: Facts) -> bytes:
    """Give facts as they are stored: nothing where there are none."""
    return zlib.compress(canonical(facts).encode(), 6) if facts else b""


def unpacked(stored: bytes) -> Facts | None:
    """Give stored facts back; None where none were kept."""
    found: Facts | None = json.loads(zlib.decompress(stored)) if stored else None
    return found


def money_digest(transfers: Iterable[Transfer], closing: Mapping[str, Money]) -> str:
    """Give the digest of what a version pays; words of reasons are no part of it."""
    paid = sorted(
        [t.source, t.target, t.amount.cents, t.amount.currency, t.stream or "", t.plb or ""]
        for t in transfers
    )
    left = sorted([account, held.cents, held.currency] for account, held in closing.items())
    return sha256(canonical([paid, left]))


@frozen(kw_only=True)
class Entry:
    """One entry of the journal; it reverses one version of a key and writes the next.

    Attributes:
        number: Its place in the journal, from 1.
        previous: Hash of the entry before it.
        author: The contract, as it was when this was settled.
        key: What it is a version of.
        version: Which, from 1.
        known_at: Day up to which facts were known, as the caller said.
        posted_at: When it was written, in UTC.
        reversed: Transfers of the version before, which do not hold any more.
        transfers: Transfers that hold from now on.
        closing: Account → what the settlement left in it.
        currency: ISO 4217 code of every amount.
        reasons: Rows that made the difference; their moves add up to it.
        facts: SHA-256 of the stored facts.
        digest: What `money_digest` gives of what the version pays.
    """

    number: int
    previous: str
    author: Author
    key: Key
    version: int
    known_at: date
    posted_at: datetime
    reversed: tuple[Transfer, ...]
    transfers: tuple[Transfer, ...]
    closing: Mapping[str, Money]
    currency: str
    reasons: tuple[Reason, ...]
    facts: str
    digest: str

    @property
    def moves(self) -> dict[str, int]:
        """Account → what the entry moves into it, in cents: the version without the one before."""
        return difference(moves_of(self.transfers), moves_of(self.reversed))

    def as_json(self) -> dict[str, Any]:
        """Give the entry as it is written and hashed; amounts are whole cents."""
        service = self.key.service
        return {
            "format": FORMAT,
            "number": self.number,
            "previous": self.previous,
            "ruleset": {
                "id": self.author.ruleset,
                "version": self.author.version,
                "sha256": self.author.digest,
            },
            "rule": self.key.rule,
            "key": list(self.key.grain),
            "period": {
                "label": service.label,
                "from": service.first.isoformat(),
                "through": service.last.isoformat(),
            },
            "version": self.version,
            "known_at": self.known_at.isoformat(),
            "posted_at": self.posted_at.isoformat(),
            "digest": self.digest,
            "currency": self.currency,
            "reversed": [_transfer_json(t) for t in self.reversed],
            "transfers": [_transfer_json(t) for t in self.transfers],
            "closing": {account: held.cents for account, held in self.closing.items()},
            "reasons": [reason.as_json() for reason in self.reasons],
            "facts": self.facts,
        }

    @classmethod
    def read(cls, content: str) -> "Entry":
        """Read an entry as it was written.

        Raises:
            ValueError: It is no entry of this format.
            KeyError: It lacks something.
        """
        found = json.loads(content)
        if found["format"] != FORMAT:
            msg = f"format is {found['format']}; {FORMAT} may stand there"
            raise ValueError(msg)
        period, ruleset = found["period"], found["ruleset"]
        service = Service(
            date.fromisoformat(period["from"]),
            date.fromisoformat(period["through"]),
            period["label"],
        )
        key = Key(ruleset["id"], found["rule"], tuple(found["key"]), service)
        currency = found["currency"]
        return cls(
            number=found["number"],
            previous=found["previous"],
            author=Author(
                ruleset=ruleset["id"], version=ruleset["version"], digest=ruleset["sha256"]
            ),
            key=key,
            version=found["version"],
            known_at=date.fromisoformat(found["known_at"]),
            posted_at=datetime.fromisoformat(found["posted_at"]),
            reversed=tuple(_transfer(t, key, currency) for t in found["reversed"]),
            transfers=tuple(_transfer(t, key, currency) for t in found["transfers"]),
            closing={a: Money(cents, currency) for a, cents in found["closing"].items()},
            currency=currency,
            reasons=tuple(Reason.read(reason) for reason in found["reasons"]),
            facts=found["facts"],
            digest=found["digest"],
        )


def _transfer_json(one: Transfer) -> dict[str, Any]:
    return {
        "from": one.source,
        "to": one.target,
        "cents": one.amount.cents,
        "reason": one.reason,
        "stream": one.stream,
        "plb": one.plb,
    }


def _transfer(written: Mapping[str, Any], key: Key, currency: str) -> Transfer:
    return Transfer(
        written["from"],
        written["to"],
        Money(written["cents"], currency),
        rule=key.rule,
        reason=written["reason"],
        key=key.grain,
        period=key.service.label,
        stream=written["stream"],
        plb=written["plb"],
    )
