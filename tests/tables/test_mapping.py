"""Mappings: other people's files fill tables, by formulas that an analyst can read."""

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine.diagnostics import RulesetError
from rules_engine.expressions.types import TableType, Type
from rules_engine.language.reader import read_bytes
from rules_engine.tables import Dataset, TableMapping, read_mapping

ROOT = Path(__file__).resolve().parents[2]
ORACLES = Path(os.environ.get("RULES_ENGINE_ORACLES", ROOT.parent / "shared" / "oracles"))

ACO = TableType(
    name="aco",
    key=("aco_id",),
    columns={
        "aco_id": Type.parse("code"),
        "benchmark": Type.parse("money or null"),
        "rate": Type.parse("rate or null"),
        "track": Type.parse("code or null"),
        "met": Type.parse("boolean or null"),
        "assigned": Type.parse("count or null"),
        "since": Type.parse("date or null"),
    },
)


def mapping(text: str) -> TableMapping:
    """Read a mapping of the table `aco` from its columns and whatever follows."""
    head = "mapping: puf\ntable: aco\n"
    return read_mapping(read_bytes((head + text).encode(), "puf.yaml"))


def filled(text: str, files: Mapping[str, Any], folder: Path, **options: Any) -> Dataset:
    """Fill the table `aco` from files."""
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return Dataset.open(folder, [mapping(text)], declared=[ACO], **options)


def rows_of(dataset: Dataset, query: str) -> list[tuple[Any, ...]]:
    """Run a query on the tables of a dataset."""
    return dataset.connection.execute(query).fetchall()


def wrong(text: str, files: Mapping[str, Any], folder: Path) -> list[str]:
    """Give what is wrong with a mapping and its files."""
    with pytest.raises(RulesetError) as caught:
        filled(text, files, folder)
    return [str(found) for found in caught.value.diagnostics]


def test_formulas_make_amounts_codes_and_dates(tmp_path: Path) -> None:
    """Other spellings of numbers, nulls and dates are read exactly, and zeros in front stay."""
    text = """
from: {file: "PY*.csv", match: ignore_case, nulls: ["*", "-", "N/A"]}
columns:
  aco_id: {first_of: [ACO_ID, ACO_Num]}
  benchmark: number(benchmark)
  rate: number(rate)
  track: case when current_track = '1' then 'BASIC' else 'ENHANCED' end
  met: standard = 'P'
  assigned: 12
  since: date(start, 'MM/DD/YYYY')
"""
    files = {
        "PY2020.csv": (
            "ACO_ID,Benchmark,RATE,Current_Track,standard,start\n"
            '01,"$1,234.50",70.63%,1,P,01/31/2020\n02,(5),*,2,F,-\n'
        ),
        "PY2014.csv": (
            "aco_num,benchmark,rate,current_track,Standard,start\n03,N/A,1,1,,02/28/2014\n"
        ),
        "other.csv": "x\n1\n",
    }
    with filled(text, files, tmp_path) as dataset:
        found = rows_of(dataset, "SELECT * REPLACE (since::VARCHAR AS since) FROM aco ORDER BY 1")
        assert found == [
            ("01", Decimal("1234.50"), Decimal("0.706300"), "BASIC", True, 12, "2020-01-31"),
            ("02", Decimal("-5.00"), None, "ENHANCED", False, 12, None),
            ("03", None, Decimal(1), "BASIC", None, 12, "2014-02-28"),
        ]
        assert dataset.rejects() == []
        assert [(i.file, i.mapping, i.rows_read) for i in dataset.inputs] == [
            ("PY2014.csv", "puf", 1),
            ("PY2020.csv", "puf", 2),
        ]


def test_a_text_that_does_not_read_rejects_its_row(tmp_path: Path) -> None:
    """The row, the texts and the reason are named; the other rows go on."""
    text = """
from: {file: a.csv}
where: number(n) > 0
columns: {aco_id: id, benchmark: number(amount), since: "date(day, 'YYYYMMDD')"}
"""
    files = {
        "a.csv": "id,n,amount,day\na,1,5.00,20150101\nb,1,x,20150230\nc,0,x,x\nd,?,1,20150101\n"
        "e,1,1.005,20150101\n"
    }
    with filled(text, files, tmp_path) as dataset:
        assert rows_of(dataset, "SELECT aco_id, benchmark FROM aco") == [("a", Decimal(5))]
        assert [(r.row, r.column, r.value, r.key) for r in dataset.rejects()] == [
            (2, "benchmark", "x", "aco_id=b"),
            (2, "since", "20150230", "aco_id=b"),
            (4, "where", "?", "aco_id=d"),
            (5, "benchmark", "1.005000", "aco_id=e"),
        ]
        (found,) = dataset.inputs
        assert (found.rows_read, found.rows_rejected, found.rows_left_out) == (5, 3, 1)


def test_numbers_that_are_added_keep_their_cents(tmp_path: Path) -> None:
    """A formula over numbers of a file is exact: nothing is rounded on the way."""
    text = """
from: {file: a.csv}
columns: {aco_id: id, benchmark: number(a) + number(b) * number(c) + 0.01, rate: number(r) * 0.5}
"""
    with filled(text, {"a.csv": "id,a,b,c,r\n1,0.25,1.50,0.5,0.25\n"}, tmp_path) as dataset:
        assert rows_of(dataset, "SELECT benchmark, rate FROM aco") == [
            (Decimal("1.01"), Decimal("0.125"))
        ]


def test_what_stands_in_a_name_is_a_column(tmp_path: Path) -> None:
    """The year that only the name of a file says is there for formulas."""
    text = """
from: {file: "py{year}_{kind}.csv"}
columns: {aco_id: "id || '-' || kind", since: "make_date(number(year), 1, 1)"}
"""
    files = {"py2015_a.csv": "id\n1\n", "py2016_b.csv": "id\n2\n", "py_c.csv": "id\n3\n"}
    with filled(text, files, tmp_path, years_shifted=1) as dataset:
        assert rows_of(dataset, "SELECT aco_id, since::VARCHAR FROM aco ORDER BY 1") == [
            ("1-a", "2016-01-01"),
            ("2-b", "2017-01-01"),
        ]


def test_a_wide_file_becomes_long(tmp_path: Path) -> None:
    """One row for each measure that a row has anything of; a bad one rejects itself alone."""
    text = """
mapping: wide
table: quality_result
from: {file: wide.csv}
unpivot: {pattern: "{measure} {field}", fields: {Rate: rate, Cases: n}, keep: [Facility]}
columns: {entity: '"Facility"', measure_id: measure, rate: number(rate), denominator: number(n)}
"""
    (tmp_path / "wide.csv").write_text(
        "Facility,MORT 30 Rate,MORT 30 Cases,HAI Rate,Other\nA,0.5,10,0.25,x\nB,,,bad,x\nC,,7,,\n"
    )
    wide = read_mapping(read_bytes(text.encode(), "wide.yaml"))
    with Dataset.open(tmp_path, [wide]) as dataset:
        query = "SELECT entity, measure_id, rate, denominator FROM quality_result ORDER BY 1, 2"
        assert rows_of(dataset, query) == [
            ("A", "HAI", Decimal("0.25"), None),
            ("A", "MORT 30", Decimal("0.5"), Decimal(10)),
            ("C", "MORT 30", None, Decimal(7)),
        ]
        assert [(r.row, r.column, r.value) for r in dataset.rejects()] == [(2, "rate", "bad")]


def test_the_name_of_a_wide_file_is_a_column_of_each_of_its_rows(tmp_path: Path) -> None:
    """A year in the file's name dates the rows, although `keep` lists columns of the file."""
    text = """
mapping: wide
table: quality_result
from: {file: "wide_{year}.csv"}
unpivot: {pattern: "{measure} {field}", fields: {Rate: rate}, keep: [Facility]}
columns:
  entity: '"Facility"'
  measure_id: measure
  rate: number(rate)
  from: make_date(number(year), 1, 1)
"""
    (tmp_path / "wide_2026.csv").write_text("Facility,HAI Rate\nA,0.25\n")
    wide = read_mapping(read_bytes(text.encode(), "wide.yaml"))
    with Dataset.open(tmp_path, [wide]) as dataset:
        query = 'SELECT entity, measure_id, "from"::VARCHAR FROM quality_result'
        assert rows_of(dataset, query) == [("A", "HAI", "2026-01-01")]


def test_several_mappings_fill_one_table(tmp_path: Path) -> None:
    """Inpatient and outpatient files are both claims, and one file is read once for both."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    texts = [
        f"mapping: m{n}\ntable: aco\nfrom: {{file: a.csv}}\ncolumns: {{aco_id: \"id || '{n}'\"}}"
        for n in (1, 2)
    ]
    mappings = [read_mapping(read_bytes(text.encode(), "m.yaml")) for text in texts]
    with Dataset.open(tmp_path, mappings, declared=[ACO]) as dataset:
        assert rows_of(dataset, "SELECT aco_id FROM aco ORDER BY 1") == [("11",), ("12",)]
        assert [found.mapping for found in dataset.inputs] == ["m1", "m2"]


def test_what_is_wrong_is_said_at_its_place(tmp_path: Path) -> None:
    """Absent columns, columns that a table lacks, wrong units: all at once, with a way out."""
    text = """
from: {file: a.csv}
columns:
  aco_id: aco_nmu
  bench: number(x)
  met: number(x)
  track: upper(track
"""
    good = text.replace("upper(track", "upper(x)")
    with pytest.raises(RulesetError) as caught:
        mapping(text)
    assert {d.location.line for d in caught.value.diagnostics} == {9}
    found = wrong(good, {"a.csv": "aco_num,x\n1,2\n"}, tmp_path)
    assert found == [
        (
            "puf.yaml:6:11: error[RE513] aco_nmu is needed and a.csv has no such column\n"
            "  help: did you mean aco_num?"
        ),
        "puf.yaml:7:3: error[RE521] aco has no column bench\n  help: did you mean benchmark?",
        "puf.yaml:8:3: error[RE522] met is a boolean and the formula gives a number",
    ]


def test_a_pattern_that_finds_no_file_is_a_diagnostic(tmp_path: Path) -> None:
    """An empty table is never the answer to a wrong name."""
    text = "from: {file: PY*.csv}\ncolumns: {aco_id: x}\n"
    assert wrong(text, {"a.csv": "x\n1\n"}, tmp_path) == [
        "puf.yaml:3:14: error[RE523] no file of the data is called PY*.csv"
    ]


@pytest.mark.parametrize("file", ["../a.csv", "/etc/passwd", "x/../../a.csv"])
def test_a_pattern_stays_within_the_data(file: str) -> None:
    """A mapping names files of the data and no others."""
    with pytest.raises(RulesetError, match="leaves the folder of the data"):
        mapping(f"from: {{file: {file}}}\ncolumns: {{aco_id: x}}\n")


WRONG = {
    "- 1": "is no mapping",
    "mapping: m\ntable: aco\nfrom: {fil: a}\ncolumns: {a: b}": "did you mean file?",
    "mapping: m\ntable: aco\nfrom: {file: a}\ncolumns: {a: [b]}": "a is empty",
    "mapping: m\ntable: aco\nfrom: {file: a}\ncolumns: {a: {firstof: [b]}}": "a is no formula",
    "mapping: m\ntable: aco\nfrom: {file: a, nulls: 5}\ncolumns: {a: b}": "nulls is no list",
    "mapping: m\ntable: aco\nfrom: {file: a, delimiter: ';;'}\ncolumns: {a: b}": "one character",
    "mapping: m\ntable: aco\nfrom: {file: a, match: any}\ncolumns: {a: b}": "ignore_case or exact",
    "mapping: m\ntable: aco\nfrom: 3\ncolumns: {a: b}": "from is no mapping",
    "mapping: m\ntable: aco\ncolumns: {a: b}": "from is absent",
    "mapping: m\ntable: aco\nfrom: {file: a}\ncolumns: {a: b}\nunpivot: {pattern: x, fields: {}}": (
        "{field} once"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", list(WRONG))
def test_a_wrong_mapping_is_refused_by_the_reader_and_by_the_schema(text: str) -> None:
    """Editors that know the schema and the engine agree on what a mapping is."""
    document = read_bytes(text.encode(), "m.yaml")
    with pytest.raises(RulesetError) as caught:
        read_mapping(document)
    assert WRONG[text] in str(caught.value)
    schema = json.loads((ROOT / "schemas" / "mapping.schema.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document.value, schema)


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.glob("rulesets/**/mappings/**/*.yaml")),
    ids=lambda path: path.relative_to(ROOT / "rulesets").as_posix(),
)
def test_every_mapping_that_ships_reads(path: Path) -> None:
    """The mappings of the reference rulesets are right by the schema and by the reader."""
    document = read_bytes(path.read_bytes(), path.name)
    assert read_mapping(document).columns
    schema = json.loads((ROOT / "schemas" / "mapping.schema.json").read_text(), parse_float=Decimal)
    jsonschema.validate(document.value, schema)


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.text(max_size=5), st.text("0123456789.,$%()- x", max_size=6)), max_size=6)
)
def test_no_text_of_a_file_is_an_error_of_the_database(cells: list[tuple[str, str]]) -> None:
    """Whatever the cells hold, each row is kept or rejected."""
    rows = [{"id": str(n), "name": name, "n": number} for n, (name, number) in enumerate(cells)]
    text = """
from: {file: x}
columns: {aco_id: id, track: "upper(substring(name, 1, 2))", benchmark: number(n),
  assigned: number(n), rate: "round(number(n) * 0.5, 6)", since: date(n)}
"""
    with Dataset.open(
        {"x": rows or [{"id": "0", "name": "", "n": ""}]}, [mapping(text)], declared=[ACO]
    ) as dataset:
        (found,) = dataset.inputs
        assert rows_of(dataset, "SELECT count(*) FROM aco") == [(found.rows_kept,)]
        assert found.rows_rejected == len({reject.row for reject in dataset.rejects()})


SYNPUF = ORACLES / "synpuf" / "desynpuf_inpatient_claims_18x10k.csv.gz"


@pytest.mark.skipif(
    not SYNPUF.is_file(), reason="the published files of CMS DE-SynPUF are not there"
)
def test_published_inpatient_claims_are_read_whole() -> None:
    """102,933 lines of CMS DE-SynPUF: none is lost, and none is rejected."""
    text = """
mapping: synpuf
table: medical_claim
from: {file: "*_inpatient_claims_18x10k.csv.gz", match: ignore_case}
columns:
  claim_id: clm_id
  claim_line_number: number(segment)
  claim_type: "'institutional'"
  person_id: desynpuf_id
  claim_line_start_date: date(clm_from_dt, 'YYYYMMDD')
  claim_end_date: date(clm_thru_dt, 'YYYYMMDD')
  discharge_date: date(nch_bene_dschrg_dt, 'YYYYMMDD')
  drg_code: clm_drg_cd
  paid_amount: number(clm_pmt_amt)
"""
    claims = read_mapping(read_bytes(text.encode(), "synpuf.yaml"))
    needs = {"medical_claim": ["paid_amount", "drg_code"]}
    with Dataset.open(SYNPUF.parent, [claims], needs=needs, years_shifted=6) as dataset:
        (found,) = dataset.inputs
        assert (found.rows_read, found.rows_kept) == (102_933, 102_933)
        assert rows_of(
            dataset,
            "SELECT count(DISTINCT person_id), count(DISTINCT drg_code), min(len(drg_code)),"
            " min(year(discharge_date)), max(year(discharge_date)) FROM medical_claim",
        ) == [(58_460, 740, 3, 2014, 2016)]
