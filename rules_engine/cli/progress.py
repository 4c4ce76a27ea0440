"""Progress: a bar on a terminal for work that takes a while, and silence everywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SECONDS_BEFORE_BAR: Final = 2.0


class Report(Protocol):
    """How the engine says how far it is."""

    def __call__(self, phase: str, done: int | None = None, total: int | None = None) -> None:
        """Say that `done` of `total` units of a phase are done; None where nobody knows."""


class _Bar:
    """A bar that appears once the work has taken two seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._state: tuple[str, int | None, int | None] = ("", None, None)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._closed = False
        self._timer = Timer(_SECONDS_BEFORE_BAR, self._appear)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, phase: str, done: int | None = None, total: int | None = None) -> None:
        with self._lock:
            self._state = (phase, done, total)
            self._show()

    def close(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._bar is not None:
                self._bar.stop()

    def _appear(self) -> None:
        from rich.console import Console  # noqa: PLC0415  most commands never need it
        from rich.progress import Progress  # noqa: PLC0415

        with self._lock:
            if self._closed:
                return
            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
            self._show()

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            phase, done, total = self._state
            self._bar.update(self._task, description=phase, completed=done or 0, total=total)


def _silent(phase: str, done: int | None = None, total: int | None = None) -> None:
    """Say nothing."""


@contextmanager
def progress() -> Iterator[Report]:
    """Give what the engine reports to while a piece of work runs."""
    if not sys.stderr.isatty():
        yield _silent
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()
