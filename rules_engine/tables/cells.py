"""Cells of a CSV file: the line and the column where each stands."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["Cells"]

_CELL: Final = re.compile(r'\s*"(?P<quoted>(?:[^"]|"")*)(?:"[^,]*)?|(?P<plain>[^,]*)')


class Cells:
    """The places of a file's cells."""

    def __init__(self, path: Path) -> None:
        """Read the file; one that is no plain CSV has no lines to show."""
        self._rows: list[tuple[int, str]] = []
        self._names: list[str] = []
        if path.suffix != ".csv":
            return
        try:
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            self._rows = list(_rows(text.split("\n")))
        except (OSError, csv.Error):
            # The finding itself says what is wrong with the file.
            return
        if self._rows:
            first = next(csv.reader([self._rows[0][1]]), [])
            self._names = [name.strip() for name in first]

    def at(self, row: int, column: str | None) -> tuple[int, int]:
        """Give the line and the column of a cell's text, both from 1.

        Args:
            row: Number of the row, from 1 and without the header.
            column: Name of the cell's column; None for the row.

        Returns:
            The beginning of the row where it has no such cell.
        """
        if row >= len(self._rows):
            return row + 1, 1
        line, text = self._rows[row]
        if column not in self._names:
            return line, 1
        start = 0
        for _ in range(self._names.index(column)):
            start = _cell(text, start).end() + 1
            if start > len(text):
                return line, 1
        cell = _cell(text, start)
        start = cell.start(cell.lastgroup or 0)
        return line + text.count("\n", 0, start), start - text.rfind("\n", 0, start)


def _rows(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Give the first line, from 1, and the text of the header and of each row."""
    reader = csv.reader(f"{line}\n" for line in lines)
    begin = 0
    for cells in reader:
        # A line without anything is no row.
        if cells:
            yield begin + 1, "\n".join(lines[begin : reader.line_num])
        begin = reader.line_num


def _cell(text: str, start: int) -> re.Match[str]:
    found = _CELL.match(text, start)
    if found is None:
        msg = f"no cell at {start}"  # the pattern takes no characters too
        raise ValueError(msg)
    return found
