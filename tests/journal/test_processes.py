"""Processes: killed at any instant, or two at once, they leave the journal of one that was not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rules_engine.ledger import Money
from rules_engine.ledger.journal import open_journal, verify

Places = Callable[[], str]

POSTER: Final = Path(__file__).parent / "poster.py"
KILLING: Final = Path(__file__).parent / "killing.py"
KILLS: Final = int(os.environ.get("RULES_ENGINE_KILLS", "3"))
"""How many processes each test kills; `nox -s journal` asks for 200."""

PAID: Final = Money((7 * 2 + 2) * 3800)
"""Two members for seven months, and the one who left for two, at 38.00."""


def _entries(place: str) -> list[str]:
    with open_journal(place, create=False) as journal:
        assert verify(journal).faults == ()
        assert journal.balances()["lakes"] == PAID
        return list(journal.store.contents())


def test_a_killed_process_leaves_the_same_journal_once_run_again(places: Places) -> None:
    """Whenever it is killed, the next run ends in the journal of one that never was."""
    straight, *killed = (places() for _ in range(KILLS + 1))
    subprocess.run([sys.executable, str(KILLING), straight, *killed], check=True, text=True)
    expected = _entries(straight)
    assert [place for place in killed if _entries(place) != expected] == []


def test_processes_at_once_pay_once(places: Places) -> None:
    """Who comes second finds what the first has posted, and writes nothing."""
    place = places()
    open_journal(place).close()
    processes = [subprocess.Popen([sys.executable, str(POSTER), place]) for _ in range(3)]
    # One that asks for March when another has posted July knows less, and is refused.
    assert 0 in [process.wait() for process in processes]
    _entries(place)
