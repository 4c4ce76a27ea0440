"""How fast settlements are posted: `python -m bench.posting MEMBERS [URL]`, beside bare inserts.

Seconds are of the processor, so that they mean something where others are at work.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from time import process_time

from rules_engine.ledger import Money, Transfer
from rules_engine.ledger.journal import (
    Author,
    Batch,
    Journal,
    Posting,
    Service,
    open_journal,
    verify,
)

MONTH = Service(date(2026, 1, 1), date(2026, 1, 31), "2026-01")
DAY = date(2026, 2, 1)
CHANGED = 100
"""One of so many members is paid another amount in the correction."""


def batch(members: int, changed: int) -> Batch:
    """Give a month of payments, one a member, some of them changed."""

    def posting(number: int) -> Posting:
        key = (f"m{number:07}",)
        cents = 3800 + (number % CHANGED == 0) * changed
        paid = Transfer(
            "plan",
            "lakes",
            Money(cents),
            rule="monthly",
            reason="payment",
            key=key,
            period="2026-01",
        )
        row = [
            "member_month",
            [],
            [["person_id", key[0]], ["month", "2026-01-01"]],
            {"fraction": "1"},
        ]
        return Posting(
            rule="monthly",
            grain=key,
            service=MONTH,
            transfers=(paid,),
            facts=lambda: {"entity": row, "rows": []},
        )

    return Batch(
        author=Author(ruleset="lakes", version="1", digest="0" * 64),
        currency="USD",
        covered=[("monthly", MONTH)],
        postings=map(posting, range(members)),
    )


def bare(journal: Path, folder: Path) -> float:
    """Copy the stored rows into an empty file by SQLite alone, in one transaction."""
    with sqlite3.connect(journal) as source:
        rows = source.execute("SELECT * FROM entry").fetchall()
    source.close()
    target = sqlite3.connect(folder / "bare.db", isolation_level=None)
    target.execute(
        "CREATE TABLE entry (number INTEGER PRIMARY KEY, a, b, c, d, e, f, g, h, i, j, k,"
        " UNIQUE (a, b, d, e, c, f))"
    )
    target.execute("PRAGMA synchronous = EXTRA")
    begun = process_time()
    target.execute("BEGIN IMMEDIATE")
    target.executemany(f"INSERT INTO entry VALUES ({', '.join('?' * 12)})", rows)  # noqa: S608  marks
    target.execute("COMMIT")
    took = process_time() - begun
    target.close()
    return took


def timed(what: str, count: int, job: Callable[[], object]) -> None:
    """Print how long a job takes, and how many it does a second."""
    begun = process_time()
    job()
    took = process_time() - begun
    print(f"{what}: {took:.2f} s, {count / took:,.0f} a second")


def main() -> None:
    """Post a month, post it again, correct it, and read it back."""
    members = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "lakes.journal"
        place = sys.argv[2] if sys.argv[2:] else path
        journal: Journal = open_journal(place)
        days = [DAY + timedelta(days=number) for number in range(3)]
        timed("first posting", members, lambda: journal.post(batch(members, 0), known_at=days[0]))
        if place == path:
            took = bare(path, Path(made))
            print(f"the same rows by bare SQLite: {took:.2f} s, {members / took:,.0f} a second")
            print(f"bytes an entry: {path.stat().st_size / members:,.0f}")
        timed("posted again", members, lambda: journal.post(batch(members, 0), known_at=days[1]))
        timed(
            "one in a hundred corrected",
            members,
            lambda: journal.post(batch(members, -19), known_at=days[2]),
        )
        count = journal.head()[0]
        timed("balances", count, journal.balances)
        timed("verify", count, lambda: verify(journal))
        journal.close()


if __name__ == "__main__":
    main()
