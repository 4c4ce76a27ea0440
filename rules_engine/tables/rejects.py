"""Rejects: rows and files that did not read, with the reason, and a file of them."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TextIO

from attrs import asdict, fields, frozen

__all__ = ["Reject", "TableError", "write_rejects"]

# What a spreadsheet takes for a formula, or for the start of one after a tab or a line break.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@frozen(kw_only=True)
class Reject:
    """One thing that did not read.

    Attributes:
        table: The table that it was meant for.
        file: The file, relative to the folder of the data; the table's name where there is none.
        row: Number of the row among the rows of the file, from 1 and without the header; None
            where the file as a whole did not read.
        key: The row's key where it is readable, such as `claim_id=C7, claim_line_number=1`.
        column: The column, or None where the row as a whole is meant.
        value: What was found, as text; None where nothing was.
        code: Diagnostic code, RE5xx.
        reason: What is wrong and what may stand there.
    """

    table: str
    file: str
    row: int | None = None
    key: str | None = None
    column: str | None = None
    value: str | None = None
    code: str
    reason: str

    def __str__(self) -> str:
        """Give it on one line."""
        place = self.file if self.row is None else f"{self.file}: row {self.row}"
        words = [self.column, None if self.value is None else repr(self.value)]
        found = "".join(f"{word} " for word in words if word is not None)
        return f"{place}: error[{self.code}] {found}{self.reason}"


class TableError(Exception):
    """A table of a ruleset does not read.

    Attributes:
        findings: All that is wrong with it, by row; at least one.
    """

    findings: tuple[Reject, ...]

    def __init__(self, findings: Iterable[Reject]) -> None:
        """Carry the findings."""
        self.findings = tuple(findings)
        super().__init__(self.findings)

    def __str__(self) -> str:
        """Give every finding, one a line."""
        return "\n".join(str(found) for found in self.findings)


def write_rejects(path: Path, rejects: Iterable[Reject]) -> int:
    """Write rejects as CSV that a spreadsheet opens without running anything.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Returns:
        How many were written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        return _write(file, rejects)


def _write(file: TextIO, rejects: Iterable[Reject]) -> int:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(field.name for field in fields(Reject))
    count = 0
    for reject in rejects:
        writer.writerow(_safe(cell) for cell in asdict(reject).values())
        count += 1
    return count


def _safe(cell: str | int | None) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
