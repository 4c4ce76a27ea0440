"""The bar of long work: on a terminal only, and gone when the work is."""

import io
import threading

import pytest

from rules_engine.cli import progress as module
from rules_engine.cli.progress import progress


class _Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bar, no thread and no import of one where stderr is no terminal."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    before = threading.active_count()
    with progress() as report:
        report("read")
        report("price", 1, 2)
        assert threading.active_count() == before
    assert stream.getvalue() == ""


def test_short_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that ends before the bar is due leaves a terminal as it was."""
    stream = _Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(module, "_SECONDS_BEFORE_BAR", 3600.0)
    with progress() as report:
        report("read")
    assert stream.getvalue() == ""


def test_long_work_shows_its_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar that is due names the phase, also when nothing was reported since."""
    stream = _Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(module, "_SECONDS_BEFORE_BAR", 0.0)
    with progress() as report:
        while "price" not in stream.getvalue():
            report("price", 1, 2)
    assert "price" in stream.getvalue()
