"""What the bench says of what it measured."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench import __main__ as command
from bench.__main__ import Size, verdict
from bench.batch import beside_hand
from bench.measure import Measure, Section, beside_plain, wrong_lines
from bench.page import page, show
from bench.timing import Seconds

KEPT = Measure(what="one line", measured="2 µs", ratio="1.0 x plain", bar="<= 2 x", is_met=True)
MISSED = Measure(what="a batch [all]", measured="9 s", bar="<= 1.3 x | by hand", is_met=False)
PLAIN = Measure(what="by hand", measured="1 s")


def section(*measures: Measure) -> Section:
    """Put measures under a heading."""
    return Section(title="Many lines", measures=measures, note="What *by hand* is.")


def test_the_page_has_a_row_for_each_measure() -> None:
    """A section is a heading, a note and a table; a stroke within a text is no column."""
    text = page([section(KEPT, MISSED, PLAIN)], "make bench", 5)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[0] == "| what | measured | ratio | bar | verdict | wrong lines |"
    assert rows[2] == "| one line | 2 µs | 1.0 x plain | <= 2 x | kept |  |"
    assert rows[3] == "| a batch [all] | 9 s |  | <= 1.3 x \\| by hand | MISSED |  |"
    assert len(rows) == 5
    assert "## Many lines\n\nWhat *by hand* is.\n\n|" in text
    assert "Command: `make bench`." in text


def test_a_table_is_plain_text_where_there_is_no_terminal() -> None:
    """Brackets stay, and there are neither colours nor lines."""
    shown = io.StringIO()
    show(section(KEPT, MISSED), Console(file=shown, width=200))
    text = shown.getvalue()
    assert "a batch [all]" in text
    assert "MISSED" in text
    assert "\x1b" not in text
    assert text.replace("µ", "u").isascii()


@pytest.mark.parametrize(
    ("taken", "bar", "is_met"),
    [(2.0, 3.0, True), (3.6, 3.0, False), (3.6, None, None)],
)
def test_a_bar_in_microseconds_is_a_ratio_to_plain_python(
    taken: float, bar: float | None, *, is_met: bool | None
) -> None:
    """Where plain Python takes 2 µs instead of 1.7, 3 µs become 3.53."""
    found = beside_plain("one", Seconds(9e-6, taken / 1e6), Seconds(3e-6, 2e-6), bar)
    assert found.is_met is is_met
    assert found.ratio == f"{taken / 2:.2f} x plain"


def test_a_ratio_to_the_sql_by_hand_is_judged_by_its_bar() -> None:
    """It is kept up to the bar; without a bar there is no verdict."""
    assert [beside_hand("b", 1.3, 1.0, 1.3).is_met, beside_hand("b", 1.4, 1.0, 1.3).is_met] == [
        True,
        False,
    ]
    assert beside_hand("b", 9.0, 1.0).verdict == ""


def test_a_wrong_line_misses_any_bar() -> None:
    """Speed does not make up for a cent."""
    assert wrong_lines(KEPT, 0, 10).is_met is True
    assert wrong_lines(KEPT, 1, 10).is_met is False
    assert wrong_lines(MISSED, 0, 10).is_met is False
    assert wrong_lines(PLAIN, 0, 10).bar == "0 wrong"
    assert wrong_lines(PLAIN, 1, 10).verdict == "MISSED"
    assert wrong_lines(PLAIN, 1, 1_000).wrong == "1 of 1,000"


def test_a_missed_bar_ends_the_command_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Each one is named."""
    assert verdict([section(KEPT, PLAIN)]) == 0
    assert verdict([section(KEPT), section(PLAIN, MISSED)]) == 1
    assert capsys.readouterr().err == "missed: a batch [all]\n"


@pytest.mark.parametrize(("measure", "code"), [(KEPT, 0), (MISSED, 1)])
def test_the_command_measures_shows_and_writes(
    measure: Measure, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is written whether bars are kept or missed, and by a quick run not at all."""
    asked: list[Size] = []

    def measured(_: Path, size: Size) -> list[Section]:
        asked.append(size)
        return [section(measure)]

    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(command, "PAGE", tmp_path / "performance.md")
    assert command.main(["--quick"]) == code
    assert not (tmp_path / "performance.md").exists()
    assert command.main([]) == code
    assert measure.what in (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert [size.lines for size in asked] == [1_000_000, 10_000_000]
