"""What was measured, beside what it may be."""

from typing import Final

from attrs import evolve, frozen

from bench.timing import Seconds

__all__ = ["PLAIN", "Measure", "Section", "beside_plain", "micro", "wrong_lines"]

PLAIN: Final = 1.7
"""Microseconds of a line in plain Python where the bars were set: a bar in µs is a ratio to it."""
_SHORT: Final = 100


@frozen(kw_only=True)
class Measure:
    """One row of a table.

    Attributes:
        what: What was measured.
        measured: The figure, with its unit.
        ratio: The figure divided by its yardstick, or an empty text.
        bar: What it may be at most or at least, or an empty text.
        is_met: Whether it keeps its bar; None where there is none.
        wrong: Lines that differ from the exact answer, of how many; or an empty text.
    """

    what: str
    measured: str
    ratio: str = ""
    bar: str = ""
    is_met: bool | None = None
    wrong: str = ""

    @property
    def verdict(self) -> str:
        """What a table says of its bar."""
        if self.is_met is None:
            return ""
        return "kept" if self.is_met else "MISSED"


@frozen(kw_only=True)
class Section:
    """Measures under one heading.

    Attributes:
        title: The heading.
        measures: The rows.
        note: What to know in order to read them, in Markdown.
    """

    title: str
    measures: tuple[Measure, ...]
    note: str = ""


def micro(seconds: float) -> str:
    """Show seconds as microseconds."""
    shown = seconds * 1e6
    return f"{shown:,.2f} µs" if shown < _SHORT else f"{shown:,.0f} µs"


def beside_plain(what: str, taken: Seconds, plain: Seconds, bar: float | None = None) -> Measure:
    """Judge a time by a bar in microseconds, as a ratio to plain Python in the same run.

    The least of many short turns is compared: microseconds are what other work of the machine
    disturbs most, and it only ever adds to them.
    """
    ratio = taken.least / plain.least
    found = Measure(
        what=what,
        measured=f"{micro(taken.least)}, median {micro(taken.median)}",
        ratio=f"{ratio:.2f} x plain",
    )
    if bar is None:
        return found
    most = bar / PLAIN
    return evolve(found, bar=f"<= {most:.3g} x plain ({bar:g} µs)", is_met=ratio <= most)


def wrong_lines(measure: Measure, wrong: int, count: int) -> Measure:
    """Say how many lines are wrong; where any is, the bar is missed whatever the speed."""
    shown = evolve(measure, wrong=f"{wrong:,} of {count:,}")
    if wrong:
        return evolve(shown, bar=measure.bar or "0 wrong", is_met=False)
    return shown if measure.bar else evolve(shown, bar="0 wrong", is_met=True)
