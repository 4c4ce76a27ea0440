"""The journal: what was settled, version by version, kept for ever and balanced at any day."""

from rules_engine.ledger.journal.entry import Entry
from rules_engine.ledger.journal.journal import Journal
from rules_engine.ledger.journal.opening import open_journal
from rules_engine.ledger.journal.posting import (
    Author,
    Batch,
    Change,
    Facts,
    JournalError,
    Key,
    Opened,
    Posted,
    Posting,
    Service,
)
from rules_engine.ledger.journal.reasons import Reason
from rules_engine.ledger.journal.verifying import Fault, Verified, verify

__all__ = [
    "Author",
    "Batch",
    "Change",
    "Entry",
    "Facts",
    "Fault",
    "Journal",
    "JournalError",
    "Key",
    "Opened",
    "Posted",
    "Posting",
    "Reason",
    "Service",
    "Verified",
    "open_journal",
    "verify",
]
