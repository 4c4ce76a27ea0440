"""Arrow in and out is the batch: the same lines, amounts and reasons, whatever holds the rows."""

import json
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import Engine, Ruleset, RulesetError
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch
from tests.laws.contracts import FIRST, ROSTER, claim_lines, contract, contracts

FEW: Final = settings(max_examples=max(10, settings().max_examples // 4))
CENTS: Final = pa.decimal128(12, 2)
LINES: Final = pa.schema(
    {
        "claim_id": pa.string(), "claim_line_number": pa.int32(), "person_id": pa.string(),
        "claim_type": pa.string(), "party": pa.string(), "drg_code": pa.string(),
        "claim_start_date": pa.date32(), "claim_end_date": pa.date32(),
        "discharge_date": pa.date32(), "claim_line_start_date": pa.date32(),
        "claim_line_end_date": pa.date32(), "hcpcs_code": pa.string(),
        "service_unit_quantity": pa.int32(), "place_of_service_code": pa.string(),
        "charge_amount": CENTS, "allowed_amount": CENTS, "paid_amount": CENTS,
        "coinsurance_amount": CENTS, "copayment_amount": CENTS,
    }
)  # fmt: skip
SPANS: Final = pa.schema(
    {"person_id": pa.string(), "party": pa.string(), "from": pa.date32(), "through": pa.date32()}
)
TEXTS: Final = ("claim_id", "claim_line_number", "claim_line_start_date", "charge_amount")


def spans() -> pa.Table:
    """The roster of the generated contracts."""
    return pa.Table.from_pylist(list(ROSTER), SPANS)


def stream(table: pa.Table, rows_max: int = 7) -> pa.RecordBatchReader:
    """Give a table as a stream, which can be read once."""
    return pa.RecordBatchReader.from_batches(table.schema, iter(table.to_batches(rows_max)))


def priced(reader: pa.RecordBatchReader) -> list[dict[str, Any]]:
    """Give the lines in the order of their keys, with the reason in the place of its number."""
    reasons = json.loads((reader.schema.metadata or {})[b"reject_reasons"])
    rows: list[dict[str, Any]] = reader.read_all().to_pylist()
    for row in rows:
        found = row["reject"]
        row["reject"] = found if found is None else reasons[found] | {"reject": None}
    return sorted(rows, key=lambda row: (str(row["claim_id"]), row["claim_line_number"] or 0))


def is_unread(row: dict[str, Any]) -> bool:
    """Whether the row itself is wrong, so that no rule has seen it."""
    return row["reject"] is not None and row["reject"]["code"].startswith("RE5")


@FEW
@given(contracts(), st.builds(claim_lines, st.integers(0, 2**32), st.integers(1, 10)))
def test_arrow_in_and_out_is_the_batch(contract: Contract, lines: list[dict[str, Any]]) -> None:
    """A table, a stream, a file of either kind and rows of Python are priced alike."""
    ruleset = contract.load(Engine())
    table = pa.Table.from_pylist(lines, LINES)
    with TemporaryDirectory() as name:
        folder = Path(name)
        pq.write_table(table, folder / "lines.parquet")
        with ruleset.run({"medical_claim": lines, "roster": list(ROSTER)}, mappings=()) as run:
            expected = priced(run.lines())
            columns = run.lines().schema.names
        data = {"medical_claim": stream(table), "roster": stream(spans())}
        with ruleset.run(data, folder / "out", mappings=()) as run:
            assert priced(run.lines()) == expected
            alone_as_in_the_batch(ruleset, run)
        written = pq.read_table(folder / "out" / "lines.parquet")
        assert written.column_names == columns
        assert priced(written.to_reader()) == expected
        for form in (table, stream(table), folder / "lines.parquet"):
            found = ruleset.price_table(form, {"roster": spans()})
            assert found.schema.names == columns
            assert [row for row in priced(found) if not is_unread(row)] == expected


@FEW
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "claim_id": st.sampled_from(["A", "B", "C", "D", "007", None]),
                "claim_line_number": st.sampled_from(["1", "2", "3", "4", "x", "-1", None]),
                "claim_line_start_date": st.sampled_from(
                    ["2015-02-28", "2015-02-29", "2016-01-01"]
                ),
                "charge_amount": st.sampled_from(["1.00", "2.50", "1.005", "1e3", None]),
                "replaces_claim_id": st.sampled_from([None, None, None, "A", "B"]),
            }
        ),
        max_size=20,
    )
)
def test_every_row_comes_out_once_or_is_replaced(rows: list[dict[str, Any]]) -> None:
    """Priced, rejected by a rule, unreadable, twice there: each row has its line and its reason."""
    columns = (*TEXTS, "replaces_claim_id")
    table = pa.table({name: pa.array([r[name] for r in rows], pa.string()) for name in columns})
    table = table.append_column("person_id", pa.array(["m1"] * len(rows), pa.string()))
    ruleset = charges()
    with ruleset.run({"medical_claim": table}) as run:
        kept = priced(run.lines())
        rejects = run.dataset.rejects()
        (read,) = run.inputs
    out = priced(ruleset.price_table(table))
    unread = [row for row in out if is_unread(row)]
    assert [row for row in out if not is_unread(row)] == kept
    assert len(unread) == len({found.row for found in rejects})
    assert len(out) + read.rows_superseded == len(rows)
    known = {
        (found.code, " ".join(filter(None, (found.column, found.reason)))) for found in rejects
    }
    assert {(row["reject"]["code"], row["reject"]["reason"]) for row in unread} <= known
    assert all((row["paid_amount"] is None) == (row["reject"] is not None) for row in out)


@cache
def charges() -> Ruleset:
    """A contract that pays what is charged."""
    rule = {
        "id": "fee",
        "methodology": "fee_schedule",
        "source": "exhibit A",
        "terms": {"allowed": "charge_amount"},
    }
    return contract([rule]).load(Engine())


def table_of(count: int = 3, **columns: pa.Array) -> pa.Table:
    """Give lines of a claim each, some columns replaced."""
    given = {
        "claim_id": pa.array([f"C{number}" for number in range(count)]),
        "claim_line_number": pa.array([1] * count, pa.int64()),
        "person_id": pa.array(["m1"] * count),
        "claim_line_start_date": pa.array([FIRST] * count, pa.date32()),
        "charge_amount": pa.array([Decimal(number) for number in range(count)], CENTS),
    }
    return pa.table({**given, **columns})


def test_a_stream_is_read_once_and_checked_like_a_table() -> None:
    """What comes once is kept, so that two rows of one key are found and none is lost."""
    table = table_of(claim_id=pa.array(["C1", "C2", "C1"]))
    for form in (table, stream(table, 1), table.to_batches()[0]):
        rows = priced(charges().price_table(form))
        assert [(r["claim_id"], r["paid_amount"]) for r in rows] == [
            ("C1", None), ("C1", None), ("C2", Decimal("1.00")),
        ]  # fmt: skip
        assert rows[0]["reject"]["code"] == "RE505"
    assert priced(charges().price_table(table.slice(0, 0))) == []


def test_a_query_of_another_connection_is_a_stream() -> None:
    """A relation of DuckDB, which knows its length, is not held in the memory of the host."""
    with duckdb.connect() as connection:
        lines = table_of()
        rows = priced(charges().price_table(connection.from_arrow(lines)))
    assert [row["paid_amount"] for row in rows] == [Decimal(number) for number in range(3)]


def test_a_column_of_nothing_is_absent_values() -> None:
    """A data frame types a column without values as null, and a file cannot say so."""
    lines = table_of(claim_line_end_date=pa.nulls(3), hcpcs_code=pa.nulls(3))
    for form in (lines, stream(lines)):
        assert [row["reject"] for row in priced(charges().price_table(form))] == [None] * 3


def test_lines_that_are_not_arrow_are_refused() -> None:
    """The message says what may stand there."""
    for lines in ([{"claim_id": "C1"}], "lines.csv", 5):
        with pytest.raises(TypeError, match="Arrow table or stream"):
            charges().price_table(lines)
    with pytest.raises(TypeError, match=r"RecordBatchReader\.from_batches"):
        charges().run({"medical_claim": iter([table_of()])})
    with pytest.raises(RulesetError, match="RE514"):
        charges().price_table(table_of(charge_amount=pa.array([1.0, 2.0, 3.0])))


def test_given_rows_that_do_not_read_stop_the_price() -> None:
    """A line priced without them might have another price, and nobody would see it."""
    rule = {
        "id": "fee",
        "methodology": "fee_schedule",
        "source": "exhibit A",
        "when": "lookup(roster.party, person_id) = 'north'",
        "terms": {"allowed": "charge_amount"},
    }
    ruleset = contract([rule]).load(Engine())
    span = {"person_id": "m1", "party": "north", "from": FIRST, "through": None}
    with pytest.raises(ValueError, match=r"2 rows of the given tables do not read: .*RE506"):
        ruleset.price_table(table_of(), {"roster": [span, span]})
    rows = priced(ruleset.price_table(table_of(), {"roster": pa.Table.from_pylist([span], SPANS)}))
    assert [row["paid_amount"] for row in rows] == [Decimal(number) for number in range(3)]


def test_prices_come_while_they_are_taken() -> None:
    """Nobody waits for the last line to see the first, and a reader may stop early."""
    count = 500_000
    reader = charges().price_table(table_of(count))
    first = reader.read_next_batch()
    assert 0 < first.num_rows < count
    assert first.schema.field("service_date").type == pa.date32()
    assert first.to_pylist()[1]["service_date"] == date(2015, 1, 1)


def test_the_lines_of_a_run_can_be_read_while_it_is_asked_other_things() -> None:
    """A stream of lines has a cursor of its own."""
    with charges().run({"medical_claim": table_of(300_000)}) as run:
        reader = run.lines()
        first = reader.read_next_batch()
        assert run.connection.execute("SELECT count(*) FROM priced_line").fetchone() == (300_000,)
        assert first.num_rows + reader.read_all().num_rows == run.summary.lines
