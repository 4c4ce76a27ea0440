"""The tables: on a terminal, as plain text, and as the page docs/performance.md."""

import os
import platform
from collections.abc import Iterable
from typing import Final

import duckdb
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.measure import Measure, Section

__all__ = ["machine", "missed", "page", "show", "terminal"]

_HEADS: Final = ("what", "measured", "ratio", "bar", "verdict", "wrong lines")
_STYLES: Final = {None: "", True: "", False: "bold red"}
_PAPER: Final = 200
"""Columns where there is no terminal to ask."""
_HEAD: Final = """\
# Performance

Written by `make bench`. Both sides of a ratio are measured in one run, in turns, as medians of \
{rounds} rounds after a warm-up; ratios say more than seconds, because machines differ. A bar in \
microseconds is judged as a ratio to plain Python, which took 1.7 µs where the bars were set. A \
bar that is missed ends the command with 1. `bench/README.md` says how to read the tables.

{machine}. Command: `{command}`.

The reference job prices professional lines by three rules: the fee of the code times units and \
three modifiers, never more than the charge, and 5 % of it withheld. By hand it is \
`bench/reference/baseline.sql`; as a contract it is `bench/reference/ruleset.yaml`.
"""


def show(section: Section, console: Console) -> None:
    """Print one section: in colour on a terminal, as plain text elsewhere."""
    table = Table(
        title=escape(section.title),
        title_justify="left",
        title_style="bold",
        box=box.ROUNDED if console.is_terminal else None,
        padding=(0, 1) if console.is_terminal else (0, 2, 0, 0),
    )
    for head in _HEADS:
        table.add_column(head, overflow="fold")
    for one in section.measures:
        table.add_row(*map(escape, cells(one)), style=_STYLES[one.is_met])
    console.print(table)


def terminal() -> Console:
    """Give a console that is wide enough where nobody looks at it."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PAPER)


def cells(one: Measure) -> tuple[str, ...]:
    """Give the texts of one row."""
    return one.what, one.measured, one.ratio, one.bar, one.verdict, one.wrong


def page(sections: Iterable[Section], command: str, rounds: int) -> str:
    """Write the page: what was measured, where, and how to do it again."""
    parts = [_HEAD.format(rounds=rounds, machine=machine(), command=command)]
    for section in sections:
        lines = [f"## {section.title}", ""]
        if section.note:
            lines += [section.note, ""]
        lines += [f"| {' | '.join(_HEADS)} |", "|---" * len(_HEADS) + "|"]
        lines += [f"| {' | '.join(map(_cell, cells(one)))} |" for one in section.measures]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def missed(sections: Iterable[Section]) -> list[str]:
    """Name what missed its bar."""
    return [one.what for section in sections for one in section.measures if one.is_met is False]


def machine() -> str:
    """Describe the machine in general words."""
    cores = os.cpu_count() or 1
    return (
        f"Measured on {platform.system()} {platform.machine()} with {cores} cores, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )
