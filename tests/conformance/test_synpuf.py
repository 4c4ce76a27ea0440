"""CMS DE-SynPUF: the published yearly sums are met, and a year of real-shaped claims is settled."""

import csv
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rules_engine import Engine
from rules_engine.engine.run import Run
from rules_engine.expressions import TableType, Type
from rules_engine.expressions.codes import CODES
from rules_engine.language import read_file
from rules_engine.tables import Dataset
from rules_engine.tables.mapping import read_mapping
from tests.conformance.oracles import ROOT, published

VIVITY = ROOT / "rulesets" / "vivity"
CLAIMS = VIVITY / "mappings" / "synpuf" / "medical_claim.yaml"
PERSON_YEARS = Path(__file__).with_name("person_year.yaml")
CONTRACT_YEAR = 2015
LEAST_SHARE = Decimal("0.998")
PERSON_YEAR = TableType(
    name="person_year",
    key=("person_id", "year"),
    columns={
        "person_id": Type.parse("code"),
        "year": Type.parse("count"),
        "inpatient_paid": Type.parse("money"),
    },
    given=True,
)


@pytest.fixture(scope="module")
def facts() -> Iterator[Dataset]:
    """Claims and yearly summaries, as their mappings read them."""
    mappings = [read_mapping(read_file(path)) for path in (CLAIMS, PERSON_YEARS)]
    needs = {
        "medical_claim": ["paid_amount", "claim_end_date"],
        "person_year": list(PERSON_YEAR.columns),
    }
    with Dataset.open(
        published("synpuf"), mappings, needs=needs, declared=[PERSON_YEAR]
    ) as dataset:
        yield dataset


@pytest.fixture(scope="module")
def year(facts: Dataset) -> int:
    """The year of the files that stands for the contract's."""
    rows = facts.connection.execute("SELECT DISTINCT year FROM person_year ORDER BY 1").fetchall()
    return int(rows[len(rows) // 2][0])


@pytest.fixture(scope="module")
def settled(year: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The Vivity rules on that year."""
    ruleset = Engine().load(VIVITY / "synpuf.yaml")
    out = tmp_path_factory.mktemp("synpuf")
    with ruleset.run(published("synpuf"), out=out, year=year, as_year=CONTRACT_YEAR) as made:
        yield made


def rows(found: Run | Dataset, sql: str) -> list[tuple[Any, ...]]:
    """Ask the tables of a run."""
    return list(found.connection.execute(sql).fetchall())


def result(made: Run) -> Mapping[str, Any]:
    """Read the settlement of a run as a user would."""
    assert made.out is not None
    read = json.loads((made.out / "settlement.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def test_claims_add_up_to_the_published_sum_of_each_person_and_year(facts: Dataset) -> None:
    """Of the person-years with a sum, 99.8 % and more are met to the cent in every year."""
    found = rows(
        facts,
        "WITH summed AS (SELECT person_id, year(claim_end_date) AS year, sum(paid_amount) AS paid"
        " FROM medical_claim GROUP BY ALL)"
        " SELECT p.year, count(*) FILTER (inpatient_paid <> 0),"
        " count(*) FILTER (inpatient_paid <> 0 AND inpatient_paid = coalesce(paid, 0)),"
        " count(*) FILTER (inpatient_paid = 0),"
        " count(*) FILTER (inpatient_paid = 0 AND coalesce(paid, 0) = 0)"
        " FROM person_year AS p LEFT JOIN summed AS s"
        " ON s.person_id = p.person_id AND s.year = p.year GROUP BY p.year ORDER BY p.year",
    )
    for one, paid, met, unpaid, none in found:
        print(  # noqa: T201  the counts are what the test is read for
            f"{one}: {met:,} of {paid:,} sums are met, and {none:,} of {unpaid:,} without a sum"
        )
    assert found
    for one, paid, met, unpaid, none in found:
        assert paid, f"{one} has no sums"
        assert Decimal(met) / paid >= LEAST_SHARE, f"{one}: {met} of {paid} sums are met"
        assert Decimal(none) / max(unpaid, 1) >= LEAST_SHARE or not unpaid, one


def test_every_published_row_is_read(facts: Dataset) -> None:
    """No claim and no person-year is rejected or left out, whatever files there are."""
    assert facts.rejects() == []
    for found in facts.inputs:
        assert found.rows_kept == found.rows_read > 0, found.file
    # A summary of a person and year that stood in two files would be counted twice.
    assert rows(facts, "SELECT count(*) FROM person_year") == rows(
        facts, "SELECT count(DISTINCT (person_id, year)) FROM person_year"
    )


def test_nothing_that_was_read_is_lost(settled: Run) -> None:
    """Rows read are kept, rejected, superseded or left out; lines kept are priced or refused."""
    tables: dict[str, int] = {}
    for found in settled.inputs:
        lost = found.rows_rejected + found.rows_superseded + found.rows_left_out
        assert found.rows_read == found.rows_kept + lost
        tables[found.table] = tables.get(found.table, 0) + found.rows_kept
    for name, kept in tables.items():
        assert rows(settled, f"SELECT count(*) FROM {name}") == [(kept,)]  # noqa: S608  names of tables
    lines = settled.summary
    assert lines.lines + lines.lines_of_other_years == tables["medical_claim"]
    assert lines.lines == lines.lines_priced + lines.lines_rejected
    # Of each file the tables take whole rows, so that every mapping has read as many.
    read = {(i.file, i.rows_read) for i in settled.inputs}
    assert len(read) == len({i.file for i in settled.inputs})


def test_every_refused_line_says_why(settled: Run) -> None:
    """The rejects file has a row for each, with its claim, its group and a reason."""
    refused = rows(
        settled,
        "SELECT claim_id, drg_code FROM medical_claim"  # noqa: S608  a constant
        f" WHERE year(discharge_date) = {CONTRACT_YEAR} AND drg_code IS NOT NULL"
        " AND drg_code NOT IN (SELECT drg_code FROM drgs) ORDER BY claim_id",
    )
    with settled.files["rejects.csv"].open(encoding="utf-8", newline="") as file:
        written = sorted(csv.DictReader(file), key=lambda row: row["key"])
    assert [(row["key"], row["value"]) for row in written] == [
        (f"claim_id={claim}, claim_line_number=1", drg) for claim, drg in refused
    ]
    assert len(written) == settled.rejects_count
    for row in written:
        assert row["code"] in CODES
        assert row["reason"] == "inpatient: drgs has no row for this drg_code at the row's date"


def test_the_result_says_that_dates_were_moved(settled: Run, year: int) -> None:
    """Whole years, in the options and in the warnings; no line of another year is paid."""
    shown = result(settled)
    assert shown["options"]["years_shifted"] == CONTRACT_YEAR - year
    moved = f"every date of the data was moved by {CONTRACT_YEAR - year:+d} years"
    assert moved in shown["warnings"]
    assert shown["lines"]["of_other_years"] == settled.summary.lines_of_other_years
    assert rows(settled, "SELECT DISTINCT year(service_date) FROM priced_line") == [
        (CONTRACT_YEAR,)
    ]


def test_premiums_months_and_care_are_of_the_one_year(settled: Run) -> None:
    """What the pool took in and paid out is what the tables of that year add up to."""
    of_year = f"WHERE year(month) = {CONTRACT_YEAR}"
    (premiums,) = rows(settled, f"SELECT sum(premium_amount) FROM premium {of_year}")[0]  # noqa: S608  a constant
    (months,) = rows(settled, "SELECT count(*) FROM member_month")[0]
    (care,) = rows(settled, "SELECT sum(paid_amount) FROM priced_line")[0]
    assert rows(settled, "SELECT DISTINCT year(month) FROM member_month") == [(CONTRACT_YEAR,)]
    # The mappings invent both from one count: 350.00 for each month of hospital coverage.
    assert premiums == months * 350
    outputs = settled.settled("profit_and_loss").outputs
    assert outputs["revenue"] == premiums
    assert outputs["expenditure"] == care + months * 45


def test_eight_shares_add_up_to_the_pooled_result(settled: Run) -> None:
    """No share differs from another by more than a cent, and the ledger sums to zero."""
    one = settled.settled("profit_and_loss")
    balances = settled.ledger.balances()
    shares = [
        money.cents
        for name, money in balances.items()
        if not name.startswith("outside.") and not name.endswith(".pool")
    ]
    assert len(shares) == 8
    assert sum(shares) == one.outputs["result"] * 100
    assert max(shares) - min(shares) <= 1
    assert sum(money.cents for money in balances.values()) == 0
