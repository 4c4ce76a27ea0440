"""A finding about a cell shows the cell."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules_engine.tables.cells import Cells

FILE = 'code,note,amount\nA,"one, two",1.00\n\nB,"two\nlines",$5\nC,"said ""so""","1,087.00"\nD\n'


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [
        (1, "code", (2, 1)),
        (1, "note", (2, 4)),
        (1, "amount", (2, 14)),
        (2, "note", (4, 4)),
        (2, "amount", (5, 8)),
        (3, "note", (6, 4)),
        (3, "amount", (6, 18)),
        (3, None, (6, 1)),
        (3, "other", (6, 1)),
        (4, "amount", (7, 1)),
        (9, "amount", (10, 1)),
    ],
)
def test_a_cell_is_found_by_its_row_and_its_column(
    row: int, column: str | None, place: tuple[int, int], tmp_path: Path
) -> None:
    """Quotes, commas and line breaks in cells before it do not move it."""
    path = tmp_path / "fees.csv"
    path.write_text(FILE, encoding="utf-8")
    assert Cells(path).at(row, column) == place


def test_a_file_that_is_no_text_has_no_cells_to_show(tmp_path: Path) -> None:
    """Neither has one that is not there."""
    assert Cells(tmp_path / "fees.parquet").at(3, "amount") == (4, 1)
    assert Cells(tmp_path / "absent.csv").at(3, "amount") == (4, 1)


cells = st.text(alphabet='a1,"\n ', min_size=1, max_size=6)


@given(rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_cell_of_every_file_is_found(rows: list[list[str]], tmp_path: Path) -> None:
    """What a writer of CSV wrote stands at the place that is given."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    path = tmp_path / "fees.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    lines = text.getvalue().split("\n")
    found = Cells(path)
    for number, row in enumerate(rows, start=1):
        for name, cell in zip("abc", row, strict=True):
            line, column = found.at(number, name)
            rest = "\n".join(lines[line - 1 :])[column - 1 :]
            assert rest.startswith((cell, cell.replace('"', '""')))
