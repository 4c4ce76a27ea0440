"""Tables of a ruleset: exact values, and every finding at once."""

import csv
import gzip
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.expressions.types import TableType, Type
from rules_engine.tables import LookupTable, TableDeclaration, TableError, load_table

CENTS = st.integers(-999_999_999_999, 999_999_999_999)
CODES = st.text("0123456789ABCZ", min_size=1, max_size=6)
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


def declared(
    key: str, effective: tuple[str, str] | None = None, **columns: str
) -> TableDeclaration:
    """Declare a table of the file `fees.csv`."""
    types = {
        name: Type.parse(kind.replace("_or_null", " or null")) for name, kind in columns.items()
    }
    table = TableType(name="fees", key=tuple(key.split()), columns=types, effective=effective)
    return TableDeclaration(type=table, file="fees.csv")


def written(folder: Path, rows: list[list[Any]], name: str = "fees.csv") -> Path:
    """Write rows as CSV and give the folder."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


def findings(
    declaration: TableDeclaration, folder: Path
) -> list[tuple[int | None, str | None, str]]:
    """Give row, column and code of everything that is wrong with a table."""
    with pytest.raises(TableError) as caught:
        load_table(declaration, folder)
    return [(found.row, found.column, found.code) for found in caught.value.findings]


@given(st.dictionaries(CODES, CENTS, min_size=1, max_size=20))
def test_amounts_come_back_as_they_were_written(amounts: dict[str, int]) -> None:
    """No value is changed on its way from a file into the index, and no leading zero is lost."""
    exact = {code: Decimal(cents).scaleb(-2) for code, cents in amounts.items()}
    with TemporaryDirectory() as folder:
        rows: list[list[Any]] = [
            ["code", "amount"],
            *([code, f"{value:f}"] for code, value in exact.items()),
        ]
        table = load_table(declared("code", amount="money"), written(Path(folder), rows))
    assert table.index("amount") == exact
    type_ = table.type.columns["amount"]
    assert (type_.low, type_.high) == (min(exact.values()), max(exact.values()))
    assert type_.scale == max(
        -int(v.normalize().as_tuple().exponent) if v % 1 else 0 for v in exact.values()
    )


@given(
    st.lists(st.tuples(st.sampled_from("AB"), DAYS, st.integers(0, 400)), min_size=1, max_size=8)
)
def test_spans_overlap_where_a_naive_comparison_says_so(spans: list[tuple[str, date, int]]) -> None:
    """Exactly the rows that share a day with another row of their key are refused."""
    dated = [(key, first, first + timedelta(days)) for key, first, days in spans]
    expected = {
        place
        for place, (key, first, last) in enumerate(dated, start=1)
        for other, (also, begins, ends) in enumerate(dated, start=1)
        if place != other and key == also and first <= ends and begins <= last
    }
    rows: list[list[Any]] = [
        ["code", "from", "through", "amount"],
        *([k, a, b, 1] for k, a, b in dated),
    ]
    declaration = declared("code", ("from", "through"), amount="money")
    with TemporaryDirectory() as name:
        folder = written(Path(name), rows)
        if expected:
            assert {row for row, _, _ in findings(declaration, folder)} == expected
        else:
            index = load_table(declaration, folder).index("amount")
            assert sum(len(found) for found in index.values()) == len(spans)
            assert all(found == sorted(found) for found in index.values())


def test_every_bad_cell_is_reported_with_its_row(tmp_path: Path) -> None:
    """A file is read to its end, and the number of a row does not depend on rows before it."""
    written(
        tmp_path,
        [
            ["code", "amount", "since"],
            ["065", "1.005", "2015-01-01"],
            ["066", "1,234", "01/02/2015"],
            ["067", "1", "2015-01-01", "one too many"],
            ["068", "1e3", "2015-02-30"],
            ["", "12345678901.00", "2015-01-01"],
            ["069", "", "2015-01-01"],
        ],
    )
    assert findings(declared("code", amount="money", since="date"), tmp_path) == [
        (1, "amount", "RE502"),
        (2, "amount", "RE500"),
        (2, "since", "RE500"),
        (3, None, "RE508"),
        (4, "amount", "RE500"),
        (4, "since", "RE500"),
        (5, "amount", "RE501"),
        (5, "code", "RE503"),
        (6, "amount", "RE503"),
    ]


def test_a_key_stands_once(tmp_path: Path) -> None:
    """Every row of a key that stands twice is refused, because no one knows which is right."""
    written(tmp_path, [["code", "amount"], ["1", "2"], ["01", "3"], ["1", "4"]])
    assert findings(declared("code", amount="money"), tmp_path) == [
        (1, None, "RE505"),
        (3, None, "RE505"),
    ]


def test_a_span_ends_after_it_begins(tmp_path: Path) -> None:
    """A row that no day can find is a mistake."""
    written(tmp_path, [["code", "from", "through", "x"], ["1", "2015-02-01", "2015-01-31", "1"]])
    declaration = declared("code", ("from", "through"), x="count")
    assert findings(declaration, tmp_path) == [(1, None, "RE507")]


@pytest.mark.parametrize("file", ["../fees.csv", "link.csv", "/etc/hostname", "a/../../fees.csv"])
def test_a_table_lies_in_the_folder_of_its_ruleset(tmp_path: Path, file: str) -> None:
    """No path and no symbolic link leads out."""
    folder = tmp_path / "ruleset"
    (folder / "a").mkdir(parents=True)
    written(tmp_path, [["code", "amount"], ["1", "2"]])
    (folder / "link.csv").symlink_to(tmp_path / "fees.csv")
    declaration = TableDeclaration(type=declared("code", amount="money").type, file=file)
    assert findings(declaration, folder) == [(None, None, "RE512")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "RE511"),
        (b"code,amount\n\xff\xfe,1\n", "RE508"),
        (b"code,code\n1,2\n", "RE515"),
        (b"code,Code\n1,2\n", "RE515"),
        (b"code,ammount\n1,2\n", "RE513"),
        (b"\x1f\x8b broken", "RE511"),
    ],
)
def test_a_broken_file_is_a_finding(tmp_path: Path, content: bytes, code: str) -> None:
    """Whatever a file holds, the answer is a finding and no error of the database."""
    (tmp_path / "fees.csv").write_bytes(content)
    assert code in [found[2] for found in findings(declared("code", amount="money"), tmp_path)]


def test_an_absent_file_and_a_broken_archive_are_findings(tmp_path: Path) -> None:
    """What cannot be opened is named."""
    assert findings(declared("code", amount="money"), tmp_path) == [(None, None, "RE510")]
    for name, content in (("fees.csv.gz", b"plain"), ("fees.parquet", b"PAR1"), ("fees.xls", b"")):
        (tmp_path / name).write_bytes(content)
        declaration = TableDeclaration(type=declared("code", amount="money").type, file=name)
        assert findings(declaration, tmp_path) == [(None, None, "RE511")]


def test_the_nearest_column_is_suggested(tmp_path: Path) -> None:
    """A column that is absent is usually spelt otherwise."""
    written(tmp_path, [["code", "ammount"], ["1", "2"]])
    with pytest.raises(TableError, match=r"has no column amount; did you mean ammount\?"):
        load_table(declared("code", amount="money"), tmp_path)


def test_gzip_and_parquet_say_the_same_as_text(tmp_path: Path) -> None:
    """How a table is stored changes no value."""
    rows = [["code", "amount", "n", "day", "yes"], ["007", "1.50", "3", "2015-01-01", "true"]]
    written(tmp_path, [*rows, ["8", "-0.25", "", "", ""]])
    text = (tmp_path / "fees.csv").read_bytes()
    (tmp_path / "fees.csv.gz").write_bytes(gzip.compress(text))
    relation = duckdb.sql(
        "SELECT code, amount::DECIMAL(9, 2) AS amount, n::BIGINT AS n, day::DATE AS day,"
        " yes::BOOLEAN AS yes FROM read_csv($source, all_varchar = true)",
        params={"source": str(tmp_path / "fees.csv")},
    )
    assert relation is not None
    relation.write_parquet(str(tmp_path / "fees.parquet"))
    type_ = declared(
        "code", amount="money", n="count_or_null", day="date_or_null", yes="boolean_or_null"
    ).type
    tables = [
        load_table(TableDeclaration(type=type_, file=file), tmp_path)
        for file in ("fees.csv", "fees.csv.gz", "fees.parquet")
    ]
    assert tables[0].rows == {
        "code": ("007", "8"),
        "amount": (Decimal("1.50"), Decimal("-0.25")),
        "n": (3, None),
        "day": (date(2015, 1, 1), None),
        "yes": (True, None),
    }
    assert all(table.rows == tables[0].rows for table in tables)
    assert len({table.digest for table in tables}) == len(tables)


def test_amounts_in_binary_fractions_are_refused(tmp_path: Path) -> None:
    """A Parquet column of doubles is not exact, and the message says what is."""
    amounts = duckdb.sql("SELECT '1' AS code, 1.1::DOUBLE AS amount")
    assert amounts is not None
    amounts.write_parquet(str(tmp_path / "fees.parquet"))
    declaration = TableDeclaration(type=declared("code", amount="money").type, file="fees.parquet")
    with pytest.raises(TableError, match=r"stored as DOUBLE.*cast it to DECIMAL\(14, 2\)"):
        load_table(declaration, tmp_path)


def test_a_table_survives_json_and_a_connection(tmp_path: Path) -> None:
    """A compiled ruleset and a batch see the values of the file; an open end is a far day."""
    written(
        tmp_path,
        [
            ["a", "b", "from", "through", "w"],
            ["x", "1", "", "2015-01-31", "0.5"],
            ["x", "1", "2015-02-01", "", "2"],
        ],
    )
    table = load_table(declared("a b", ("from", "through"), b="count", w="factor"), tmp_path)
    assert table.index("w") == {
        ("x", 1): [(None, date(2015, 1, 31), Decimal("0.5")), (date(2015, 2, 1), None, Decimal(2))]
    }
    again = LookupTable.from_json(json.loads(json.dumps(table.as_json())))
    assert again == table
    with duckdb.connect() as connection:
        table.store(connection)
        assert connection.execute("FROM fees").fetchall() == [
            ("x", 1, Decimal("0.5"), date(1, 1, 1), date(2015, 1, 31)),
            ("x", 1, Decimal("2.0"), date(2015, 2, 1), date(9999, 12, 31)),
        ]


def test_an_empty_table_finds_nothing(tmp_path: Path) -> None:
    """A header without rows is a table in which every key is absent."""
    table = load_table(declared("code", amount="money"), written(tmp_path, [["code", "amount"]]))
    assert (len(table), table.index("amount")) == (0, {})
    with duckdb.connect() as connection:
        table.store(connection)
        assert connection.execute("FROM fees").fetchall() == []
