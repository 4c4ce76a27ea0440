"""Posts half a year of a contract to a journal, and what became known in July; then ends."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from rules_engine import Engine
from rules_engine.ledger.journal import open_journal

FOLDER = Path(__file__).parents[2] / "examples/journal"
POSTED = datetime(2026, 8, 1, tzinfo=UTC)


def main(place: str) -> None:
    """Post seven runs; whoever starts this again goes on where the journal ends."""
    ruleset = Engine().load(FOLDER)
    months = [f"2026-{month:02}" for month in range(1, 8)]
    runs = [("january", months[n : n + 1], date(2026, n + 1, 28)) for n in range(6)]
    runs.append(("july", months, date(2026, 7, 28)))
    with open_journal(place) as journal:
        # Older facts are refused, so that a run that was posted is not made again.
        known = max((entry.known_at for entry in journal.entries()), default=date.min)
        for folder, periods, day in runs:
            if day < known:
                continue
            with ruleset.run(FOLDER / folder, period=periods, known_at=day, journal=journal) as run:
                run.post(journal, known_at=day, posted_at=POSTED)


if __name__ == "__main__":
    main(sys.argv[1])
