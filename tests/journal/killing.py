"""Kills a process that posts at a random instant, and lets the next one end; for each journal."""

import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.journal.poster import main


def _fork(place: str) -> int:
    """Start a process that posts; a fork, because what it imports takes longer than the posting."""
    process = os.fork()
    if process:
        return process
    try:
        main(place)
    except BaseException:  # noqa: BLE001  nothing may come back out of a fork
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def kill_each(straight: str, places: list[str]) -> None:
    """Post to one journal without a kill, which says how long that takes; to the others with one.

    Raises:
        RuntimeError: A process that was not killed did not end well.
    """
    dice = random.Random(2026)  # noqa: S311  no secret depends on it
    began = time.monotonic()
    ends = [_ended(_fork(straight))]
    whole = time.monotonic() - began
    for place in places:
        process = _fork(place)
        time.sleep(dice.uniform(0, whole))
        os.kill(process, signal.SIGKILL)
        _ended(process)
        ends.append(_ended(_fork(place)))
    if any(ends):
        message = f"{ends} are the exit codes of processes that nobody killed"
        raise RuntimeError(message)


if __name__ == "__main__":
    kill_each(sys.argv[1], sys.argv[2:])
