"""Datasets: every row is kept, rejected with its reason, or superseded, and is unchanged."""

import csv
import gc
import gzip
import io
import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import feather

from rules_engine.diagnostics import RulesetError
from rules_engine.expressions.types import TableType, Type
from rules_engine.tables import STANDARD, Dataset, check_data
from rules_engine.tables.storage import storage

CLAIM = {
    "claim_id": "C1",
    "claim_line_number": "1",
    "claim_type": "professional",
    "person_id": "P1",
    "claim_line_start_date": "2015-03-01",
    "charge_amount": "10.00",
}


def claim(**changes: Any) -> dict[str, Any]:
    """Give a claim line that reads, with changes."""
    return CLAIM | changes


def rows_of(dataset: Dataset, query: str) -> list[tuple[Any, ...]]:
    """Run a query on the tables of a dataset."""
    return dataset.connection.execute(query).fetchall()


def reasons(dataset: Dataset) -> list[tuple[int | None, str | None, str | None, str]]:
    """Give row, column, value and code of each reject."""
    return [(r.row, r.column, r.value, r.code) for r in dataset.rejects()]


def query(text: str, **given: str) -> duckdb.DuckDBPyRelation:
    """Give the rows of a query that begins with SELECT."""
    relation = duckdb.sql(text, params=given)
    assert relation is not None
    return relation


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


# Each example opens a database.
FEW = settings(max_examples=20)

AMOUNTS = st.one_of(
    st.integers(-(10**13), 10**13).map(lambda cents: f"{Decimal(cents).scaleb(-2):f}"),
    st.sampled_from(
        ["1.005", "1,234", "1e3", "abc", "", " 5 ", "-.5", "+7.", "0x1", "NaN", "1_0", "٣"]
    ),
    st.text(max_size=6),
)
CLAIMS = st.lists(
    st.fixed_dictionaries(
        {
            "claim_id": st.sampled_from(["A", "B", "007", ""]),
            "claim_line_number": st.sampled_from(["1", "2", "3", "x", "-1"]),
            "claim_type": st.sampled_from(["professional", "institutional", "other", ""]),
            "person_id": st.sampled_from(["P", ""]),
            "claim_line_start_date": st.sampled_from(["2015-02-28", "2015-02-29", "28/2/2015", ""]),
            "charge_amount": AMOUNTS,
        }
    ),
    min_size=1,
    max_size=12,
)


@FEW
@given(CLAIMS)
def test_rows_in_are_rows_kept_and_rows_rejected(claims: list[dict[str, str]]) -> None:
    """No row disappears, and a row that is rejected is not in its table as well."""
    with Dataset.open({"medical_claim": claims}) as dataset:
        (found,) = dataset.inputs
        rejected = {reject.row for reject in dataset.rejects()}
        assert rows_of(dataset, "SELECT count(*) FROM medical_claim") == [(found.rows_kept,)]
        assert found.rows_read == len(claims)
        assert found.rows_rejected == len(rejected)
        assert found.rows_superseded == 0


@FEW
@given(CLAIMS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    claims: list[dict[str, str]], dice: random.Random
) -> None:
    """The same rows are kept and the same values rejected, wherever they stand."""
    shuffled = claims[:]
    dice.shuffle(shuffled)
    seen = []
    for rows in (claims, shuffled):
        with Dataset.open({"medical_claim": rows}) as dataset:
            kept = rows_of(dataset, "FROM medical_claim ORDER BY ALL")
            lost = sorted(str((r.key, r.column, r.value, r.code)) for r in dataset.rejects())
            seen.append((kept, lost))
    assert seen[0] == seen[1]


@FEW
@given(st.lists(AMOUNTS, min_size=1, max_size=10))
def test_an_amount_is_read_exactly_or_not_at_all(texts: list[str]) -> None:
    """A value that is kept is the decimal number that was written, to the cent."""
    lines = [claim(claim_line_number=n, charge_amount=text) for n, text in enumerate(texts)]
    with Dataset.open({"medical_claim": lines}) as dataset:
        kept = dict(rows_of(dataset, "SELECT claim_line_number, charge_amount FROM medical_claim"))
    assert kept == {n: amount(text) for n, text in enumerate(texts) if amount(text) is not REJECTED}


REJECTED = object()


def amount(text: str) -> Decimal | object | None:
    """Read an amount as Python does, where it is plain digits that fit."""
    if text == "":
        return None
    try:
        exact = Decimal(text.strip(" "))
    except ArithmeticError:
        return REJECTED
    if not text.isascii() or not exact.is_finite() or set(text) & set("eE_\n\r\t\v\f"):
        return REJECTED
    is_cents = (exact * 100) == (exact * 100).to_integral_value()
    return exact if is_cents and abs(exact) <= Decimal("9999999999.99") else REJECTED


def test_a_reject_says_where_and_why() -> None:
    """A person can find the cell in the file and knows what may stand there."""
    lines = [claim(), claim(claim_id="C2", charge_amount="1.005", claim_type="profesional")]
    with Dataset.open({"medical_claim": lines}) as dataset:
        texts = [str(reject) for reject in dataset.rejects()]
        keys = {reject.key for reject in dataset.rejects()}
    assert texts == [
        "medical_claim: row 2: error[RE502] charge_amount '1.005' has more decimal places than 2",
        (
            "medical_claim: row 2: error[RE504] claim_type 'profesional' may be dental,"
            " institutional, pharmacy, professional, undetermined, vision"
        ),
    ]
    assert keys == {"claim_id=C2, claim_line_number=1"}


def test_two_live_versions_of_a_line_are_both_refused() -> None:
    """No one can tell which of two rows is the claim, so that neither is paid."""
    lines = [claim(), claim(claim_id="C2"), claim(charge_amount="11.00")]
    with Dataset.open({"medical_claim": lines}) as dataset:
        assert rows_of(dataset, "SELECT claim_id FROM medical_claim") == [("C2",)]
        assert reasons(dataset) == [(1, None, None, "RE505"), (3, None, None, "RE505")]
    with Dataset.open({"medical_claim": lines}, check_duplicates=False) as dataset:
        assert rows_of(dataset, "SELECT count(*) FROM medical_claim") == [(3,)]


KEYS = st.lists(st.tuples(st.sampled_from("ABCDEF"), st.integers(1, 4)), min_size=1, max_size=16)


@FEW
@given(st.one_of(KEYS, KEYS.map(sorted)), st.integers(0, 16))
@example([("A", 1), ("A", 2), ("B", 1)], 2)
@example([("A", 1), ("A", 1), ("B", 1)], 1)
@example([("B", 1), ("A", 1), ("B", 1)], 0)
def test_a_key_stands_once_in_whatever_order(keys: list[tuple[str, int]], split: int) -> None:
    """All rows of a key that stands twice are refused and no others, in one file or in two."""
    with TemporaryDirectory() as name:
        pq.write_table(keyed(keys[split:]), Path(name) / "medical_claim.parquet")
        feather.write_feather(keyed(keys[:split]), Path(name) / "medical_claim.feather")
        with Dataset.open(name) as dataset:
            kept = rows_of(dataset, "SELECT claim_id, claim_line_number FROM medical_claim")
            codes = {reject.code for reject in dataset.rejects()}
    once = [key for key in keys if keys.count(key) == 1]
    assert sorted(kept) == sorted(once)
    assert codes == ({"RE505"} if len(once) < len(keys) else set())


def keyed(keys: list[tuple[str, int]]) -> pa.Table:
    """Give claim lines of these keys."""
    return pa.table(
        {
            "claim_id": pa.array([claim_id for claim_id, _ in keys], pa.string()),
            "claim_line_number": pa.array([number for _, number in keys], pa.int32()),
            "person_id": pa.array(["P1"] * len(keys), pa.string()),
            "claim_line_start_date": pa.array([date(2015, 3, 1)] * len(keys), pa.date32()),
        }
    )


def test_keys_with_nothing_in_them_are_compared_too() -> None:
    """Two premiums of one month for nobody in particular are two rows of one key."""
    month = {"month": "2015-01-01", "premium_amount": "5.00"}
    rows = [{**month, "party": party} for party in ("a", "a", "b", "")]
    for some in (rows, rows[1:], rows[2:], [*rows[2:], rows[3]]):
        twice = {row["party"] for row in some if some.count(row) > 1}
        with Dataset.open({"premium": some}) as dataset:
            kept = rows_of(dataset, "SELECT coalesce(party, '') FROM premium ORDER BY 1")
        assert kept == [(p,) for p in sorted(r["party"] for r in some if r["party"] not in twice)]


def test_tables_of_arrow_are_read_one_after_the_other() -> None:
    """A count of the first, of which one row is fetched, keeps the second from nothing."""
    eligibility = pa.table({"person_id": ["P1"], "enrollment_start_date": [date(2015, 1, 1)]})
    lines = keyed([("A", 1)])
    for first in (lines, lines.to_reader(), lines.to_batches()[0]):
        with Dataset.open({"medical_claim": first, "eligibility": eligibility}) as dataset:
            assert set(dataset.tables) == {"medical_claim", "eligibility", "member_month"}


def test_a_list_longer_than_what_is_loaded_at_once_keeps_its_order() -> None:
    """Rows keep their numbers, whether they lack columns or not."""
    rows = [claim(claim_id=f"C{number:06}") for number in range(50_001)]
    rows[50_000] = claim(claim_id="last", charge_amount="1.005", hcpcs_code="X1")
    del rows[7]["claim_type"]
    with Dataset.open({"medical_claim": rows}) as dataset:
        assert [(r.row, r.column) for r in dataset.rejects()] == [(50_001, "charge_amount")]
        assert rows_of(dataset, "SELECT count(claim_type), max(claim_id) FROM medical_claim") == [
            (49_999, "C049999")
        ]


def test_memory_is_bounded_and_spills_into_a_folder_of_its_own() -> None:
    """Two gibibytes unless somebody says otherwise; the folder is nobody else's and goes away."""
    with Dataset.open({"medical_claim": [claim()]}, memory="512MiB") as dataset:
        ((most, spilled),) = rows_of(
            dataset, "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        )
        folder = Path(spilled).parent
        assert most == "512.0 MiB"
        assert folder.stat().st_mode & 0o077 == 0
    del dataset
    gc.collect()
    assert not folder.exists()
    with Dataset.open({"medical_claim": [claim()]}) as dataset:
        ((most,),) = rows_of(dataset, "SELECT current_setting('memory_limit')")
        number, unit = most.split()
        assert unit == "MiB" or (unit == "GiB" and float(number) <= 2)
    for wrong in ("much", "8", "-1GB", "8 gigabytes", ""):
        with pytest.raises(ValueError, match="is no amount of memory"):
            Dataset.open({"medical_claim": [claim()]}, memory=wrong)


def test_a_replacement_supersedes_and_a_void_takes_back() -> None:
    """A replaced claim, a void one and the claim that voids it are counted and not paid."""
    more = {"frequency_code": "1", "replaces_claim_id": None}
    lines = [
        claim(claim_id="first", **more),
        claim(claim_id="second", frequency_code="7", replaces_claim_id="first"),
        claim(claim_id="third", frequency_code="7", replaces_claim_id="second"),
        claim(claim_id="mistake", **more),
        claim(claim_id="undo", frequency_code="8", replaces_claim_id="mistake"),
        claim(claim_id="old", **more),
        claim(claim_id="new-1", frequency_code="7", replaces_claim_id="old"),
        claim(claim_id="new-2", frequency_code="7", replaces_claim_id="old"),
    ]
    with Dataset.open({"medical_claim": lines}) as dataset:
        assert rows_of(dataset, "SELECT claim_id FROM medical_claim ORDER BY 1") == [
            ("old",),
            ("third",),
        ]
        (found,) = dataset.inputs
        assert (found.rows_superseded, found.rows_rejected, found.rows_kept) == (4, 2, 2)
        assert {r.code for r in dataset.rejects()} == {"RE509"}


FORMS = (
    "medical_claim.csv",
    "medical_claim.csv.gz",
    "medical_claim.parquet",
    "medical_claim.arrow",
    "all.duckdb",
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows_and_the_same_rejects(tmp_path: Path, form: str) -> None:
    """How a table is stored changes neither a value nor a reason nor the number of a row."""
    lines = [
        claim(claim_id="065", charge_amount="1234.5"),
        claim(claim_id="", charge_amount="1.00"),
        claim(claim_id="066", charge_amount="10000000000.00"),
        claim(claim_id="067", charge_amount="-0.01"),
    ]
    write_csv(tmp_path / "source.csv", lines)
    select = (
        "SELECT * REPLACE (coalesce(claim_id, '') AS claim_id, claim_line_number::BIGINT AS"
        " claim_line_number, claim_line_start_date::DATE AS claim_line_start_date,"
        " charge_amount::DECIMAL(18, 2) AS charge_amount)"
        " FROM read_csv($source, all_varchar = true)"
    )
    given = {"source": str(tmp_path / "source.csv")}
    data = tmp_path / "data"
    data.mkdir()
    target = data / form
    if form.endswith(".csv"):
        write_csv(target, lines)
    elif form.endswith(".gz"):
        target.write_bytes(gzip.compress((tmp_path / "source.csv").read_bytes()))
    elif form.endswith(".parquet"):
        query(select, **given).write_parquet(str(target))
    elif form.endswith(".arrow"):
        table = query(select, **given).to_arrow_table()
        with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    else:
        with duckdb.connect(str(target)) as database:
            database.execute(f"CREATE TABLE medical_claim AS {select}", given)
        data = target
    with Dataset.open(data) as dataset:
        assert rows_of(dataset, "SELECT claim_id, charge_amount FROM medical_claim") == [
            ("065", Decimal("1234.50")),
            ("067", Decimal("-0.01")),
        ]
        assert [(row, column, code) for row, column, _, code in reasons(dataset)] == [
            (2, "claim_id", "RE503"),
            (3, "charge_amount", "RE501"),
        ]
        (found,) = dataset.inputs
        assert (found.rows_read, found.rows_rejected) == (4, 2)
        assert found.sha256 is not None


def test_a_parquet_file_that_fits_stays_a_thin_view(tmp_path: Path) -> None:
    """No row is read before somebody asks: the file's own statistics prove what is needed."""
    query(
        "SELECT 'C' || i AS claim_id, 1::INTEGER AS claim_line_number, 'P' AS person_id,"
        " DATE '2015-01-01' AS claim_line_start_date, (i * 1.25)::DECIMAL(18, 2) AS charge_amount"
        " FROM range(1000) t(i)"
    ).write_parquet(str(tmp_path / "medical_claim.parquet"))
    with Dataset.open(tmp_path) as dataset:
        plan = rows_of(dataset, "EXPLAIN SELECT claim_id, charge_amount FROM medical_claim")[0][1]
        assert "FILTER" not in plan.upper().replace("FILTERS", "")
        assert "JOIN" not in plan.upper()
        assert rows_of(dataset, "SELECT sum(charge_amount) FROM medical_claim") == [
            (Decimal("624375.00"),)
        ]
        assert rows_of(
            dataset, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'raw%'"
        ) == [(0,)]


def test_amounts_in_binary_fractions_are_refused(tmp_path: Path) -> None:
    """A column of doubles is a diagnostic that says what to cast it to."""
    query(
        "SELECT 'C' AS claim_id, 1 AS claim_line_number, 'P' AS person_id,"
        " DATE '2015-01-01' AS claim_line_start_date, 2.0::DOUBLE AS service_unit_quantity,"
        " 1.1::DOUBLE AS charge_amount"
    ).write_parquet(str(tmp_path / "medical_claim.parquet"))
    with pytest.raises(RulesetError, match=r"RE514.*cast it to DECIMAL\(14, 2\)"):
        Dataset.open(tmp_path)
    needs = {"medical_claim": ["service_unit_quantity"]}
    with Dataset.open(tmp_path, needs=needs) as dataset:
        assert rows_of(dataset, "SELECT service_unit_quantity FROM medical_claim") == [(2,)]


def test_binary_fractions_of_a_host_are_rejected() -> None:
    """A float in a list of rows is no exact amount; an integer is one."""
    lines = [claim(charge_amount=1.1), claim(claim_id="C2", charge_amount=5)]
    with Dataset.open({"medical_claim": lines}) as dataset:
        assert rows_of(dataset, "SELECT charge_amount FROM medical_claim") == [(Decimal(5),)]
        assert reasons(dataset) == [(1, "charge_amount", "float 1.1", "RE500")]


def test_broken_rows_do_not_stop_the_others(tmp_path: Path) -> None:
    """A row that does not split is rejected, and the rows after it keep their numbers."""
    (tmp_path / "roster.csv").write_bytes(
        b'\xef\xbb\xbfperson_id,party\r\n1,a\r\n2,b,c\r\n3\r\n"4\r\n",d\r\n5,\r\n\xff,x\r\n6,f'
    )
    with Dataset.open(tmp_path) as dataset:
        assert [(r.row, r.code) for r in dataset.rejects()] == [
            (2, "RE508"), (3, "RE508"), (5, "RE503"), (6, "RE508"),
        ]  # fmt: skip
        assert rows_of(dataset, "SELECT person_id, party FROM roster ORDER BY 2") == [
            ("1", "a"), ("4\r\n", "d"), ("6", "f"),
        ]  # fmt: skip
        assert dataset.inputs[0].rows_read == 7


DAYS = st.dates(date(2014, 11, 1), date(2016, 4, 30))
SPANS = st.lists(
    st.tuples(
        st.sampled_from("PQ"),
        DAYS,
        st.one_of(st.none(), st.integers(0, 200)),
        st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=6,
)
THROUGH = date(2016, 3, 31)


@FEW
@given(SPANS)
@example([("P", date(2015, 4, 4), None, "a")])
def test_member_months_are_the_days_that_a_person_is_enrolled(
    spans: list[tuple[str, date, int | None, str]],
) -> None:
    """Counting days one by one gives the same months, days and products."""
    rows: list[dict[str, Any]] = [
        {"person_id": person, "enrollment_start_date": first, "product": product,
         "enrollment_end_date": None if days is None else first + timedelta(days),
         "birth_date": date(1980, 2, 29)}
        for person, first, days, product in spans
    ]  # fmt: skip
    naive: dict[tuple[str, date], set[date]] = defaultdict(set)
    for row in rows:
        day = row["enrollment_start_date"]
        while day <= min(row["enrollment_end_date"] or THROUGH, THROUGH):
            naive[row["person_id"], day.replace(day=1)].add(day)
            day += timedelta(1)
    with Dataset.open({"eligibility": rows}, months_through=THROUGH) as dataset:
        found = rows_of(dataset, "FROM member_month ORDER BY 1, 2")
        names = [column[0] for column in dataset.connection.description or ()]
        months = [dict(zip(names, row, strict=True)) for row in found]
    assert {(m["person_id"], m["month"]): m["days_enrolled"] for m in months} == {
        key: len(days) for key, days in naive.items()
    }
    for month in months:
        first = min(naive[month["person_id"], month["month"]])
        covering = [
            (row["enrollment_start_date"], row["product"])
            for row in rows
            if row["person_id"] == month["person_id"]
            and row["enrollment_start_date"] <= first <= (row["enrollment_end_date"] or THROUGH)
        ]
        latest = max(start for start, _ in covering)
        assert month["product"] in {product for start, product in covering if start == latest}
        size = ((month["month"] + timedelta(31)).replace(day=1) - month["month"]).days
        assert month["days_in_month"] == size
        exact = Decimal(month["days_enrolled"]) / Decimal(size)
        assert month["fraction"] == exact.quantize(Decimal("0.000001"), "ROUND_HALF_UP")
        began = (month["month"].month, 1) >= (2, 29)
        assert month["age"] == month["month"].year - 1980 - (0 if began else 1)
    # Who asks for some months alone gets the same.
    read = (date(2015, 2, 17), date(2015, 4, 3))
    with Dataset.open({"eligibility": rows}, months_through=THROUGH, months_read=read) as dataset:
        some = rows_of(dataset, "FROM member_month ORDER BY 1, 2")
    at = names.index("month")
    assert some == [row for row in found if date(2015, 2, 1) <= row[at] <= read[1]]


def test_the_roster_says_who_answers_for_a_member() -> None:
    """The party of a month is the roster's on its first enrolled day; two at once are refused."""
    data = {
        "eligibility": [
            {
                "person_id": "P",
                "enrollment_start_date": "2015-01-10",
                "enrollment_end_date": "2015-03-31",
            },
            {
                "person_id": "Q",
                "enrollment_start_date": "2015-03-01",
                "enrollment_end_date": "9999-12-31",
            },
        ],
        "roster": [
            {"person_id": "P", "party": "east", "from": None, "through": "2015-02-01"},
            {"person_id": "P", "party": "west", "from": "2015-02-02", "through": None},
            {"person_id": "Q", "party": "east", "from": "2015-01-01", "through": "2015-06-30"},
            {"person_id": "Q", "party": "west", "from": "2015-06-30", "through": None},
        ],
    }
    with Dataset.open(data, months_through=date(2015, 3, 31)) as dataset:
        text = "SELECT person_id, month(month), party FROM member_month ORDER BY 1, 2"
        assert rows_of(dataset, text) == [
            ("P", 1, "east"), ("P", 2, "east"), ("P", 3, "west"), ("Q", 3, None),
        ]  # fmt: skip
        assert [(r.row, r.code) for r in dataset.rejects()] == [(3, "RE506"), (4, "RE506")]


def test_an_end_far_away_is_no_end() -> None:
    """Without a last day, enrolment counts to the end of the year of the latest enrolment."""
    spans = [
        {
            "person_id": "P",
            "enrollment_start_date": "2015-11-05",
            "enrollment_end_date": "2999-12-31",
        }
    ]
    with Dataset.open({"eligibility": spans}) as dataset:
        assert rows_of(dataset, "SELECT count(*), max(month) FROM member_month") == [
            (2, date(2015, 12, 1))
        ]


def test_the_providers_say_who_is_paid() -> None:
    """A line without a party gets that of its tax number on its date, else of its facility."""
    providers = [
        {"tin": "1", "ccn": None, "party": "east", "from": None, "through": "2015-06-30"},
        {"tin": "1", "ccn": None, "party": "east", "from": "2015-06-01", "through": "2015-12-31"},
        {"tin": "2", "ccn": None, "party": "east", "from": None, "through": None},
        {"tin": "2", "ccn": None, "party": "west", "from": None, "through": None},
        {"tin": None, "ccn": "9", "party": "west", "from": None, "through": None},
    ]
    lines = [
        claim(claim_id="A", billing_tin="1", facility_ccn="9", claim_line_start_date="2015-06-15"),
        claim(claim_id="B", billing_tin="1", facility_ccn="9", claim_line_start_date="2016-01-01"),
        claim(claim_id="C", billing_tin="2", facility_ccn=None),
    ]
    with Dataset.open({"medical_claim": lines, "provider": providers}) as dataset:
        assert rows_of(dataset, "SELECT claim_id, party FROM medical_claim ORDER BY 1") == [
            ("A", "east"), ("B", "west"), ("C", None),
        ]  # fmt: skip
        assert [(r.row, r.code) for r in dataset.rejects()] == [(3, "RE506"), (4, "RE506")]


@FEW
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(-20, 20))
def test_years_are_shifted_whole(day: date, years: int) -> None:
    """Month and day stay; 29 February becomes 28 in a year that has none."""
    with Dataset.open(
        {"medical_claim": [claim(claim_line_start_date=day)]}, years_shifted=years
    ) as dataset:
        ((found,),) = rows_of(dataset, "SELECT claim_line_start_date FROM medical_claim")
    try:
        expected = day.replace(year=day.year + years)
    except ValueError:
        expected = date(day.year + years, 2, 28)
    assert found == expected


def test_what_stands_for_never_is_not_shifted() -> None:
    """An open end stays open, whatever years are added."""
    roster = [{"person_id": "P", "party": "a", "from": "2008-01-01", "through": "9999-12-31"}]
    with Dataset.open({"roster": roster}, years_shifted=7) as dataset:
        assert rows_of(dataset, 'SELECT "from", through FROM roster') == [
            (date(2015, 1, 1), date(9999, 12, 31))
        ]


def test_a_column_that_is_needed_and_absent_is_named() -> None:
    """A run does not begin with a hole in its data; the nearest column is suggested."""
    lines = [{k: v for k, v in CLAIM.items() if k != "charge_amount"} | {"charge_amt": "1"}]
    needs = {"medical_claim": ["charge_amount", "drg_code"], "premium": ["premium_amount"]}
    with pytest.raises(RulesetError) as caught:
        Dataset.open({"medical_claim": lines}, needs=needs)
    assert [(d.code, d.help) for d in caught.value.diagnostics] == [
        ("RE513", "did you mean charge_amt?"),
        ("RE513", caught.value.diagnostics[1].help),
        ("RE510", "add premium.csv or a mapping"),
    ]
    with Dataset.open({"medical_claim": lines}, needs=needs, strict=False) as dataset:
        found = check_data(needs, dataset)
    assert not found.is_complete
    assert [(t.table, t.present, t.missing) for t in found.tables] == [
        ("medical_claim", (), ("charge_amount", "drg_code")),
        ("premium", (), ("premium_amount",)),
    ]
    assert "missing: charge_amount, drg_code" in str(found)
    assert found.as_json()["complete"] is False


def test_a_check_counts_what_a_run_would_reject() -> None:
    """Everything is there, and one of two rows would not be read."""
    lines = [claim(), claim(claim_id="C2", charge_amount="x")]
    needs = {"medical_claim": ["charge_amount"]}
    with Dataset.open({"medical_claim": lines}, needs=needs, strict=False) as dataset:
        found = check_data(needs, dataset)
    assert found.is_complete
    assert "medical_claim: medical_claim: 2 rows, 1 would be rejected" in str(found)


def test_columns_that_nobody_needs_reject_nothing() -> None:
    """A bad value matters where a rule reads it, and a column that is not read is not there."""
    lines = [claim(paid_amount="x")]
    with Dataset.open(
        {"medical_claim": lines}, needs={"medical_claim": ["charge_amount"]}
    ) as dataset:
        assert dataset.inputs[0].rows_kept == 1
        assert "paid_amount" not in dataset.tables["medical_claim"].columns


def test_tables_of_a_ruleset_are_read_like_standard_ones() -> None:
    """A ruleset declares tables that come with the data, and columns of standard tables."""
    aco = TableType(
        name="aco",
        key=("aco_id",),
        columns={
            "aco_id": Type.parse("code"),
            "benchmark": Type.parse("money"),
            "quality": Type.parse("rate or null"),
        },
    )
    more = TableType(name="medical_claim", key=(), columns={"related": Type.parse("count or null")})
    rows: list[dict[str, Any]] = [
        {"aco_id": "A1", "benchmark": "9999999999.99", "quality": "0.9083"},
        {"aco_id": "A2", "benchmark": "", "quality": "1.2"},
    ]
    with Dataset.open(
        {"aco": rows, "medical_claim": [claim(related="1")]}, declared=[aco, more]
    ) as dataset:
        assert rows_of(dataset, "FROM aco") == [("A1", Decimal("9999999999.99"), Decimal("0.9083"))]
        assert reasons(dataset) == [(2, "benchmark", None, "RE503"), (2, "quality", "1.2", "RE501")]
        assert rows_of(dataset, "SELECT related FROM medical_claim") == [(1,)]


def test_a_rejects_file_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    """A cell that begins like a formula begins with an apostrophe, and every cell reads back."""
    values = ['=HYPERLINK("x")', "+1x", "-2x", "@x", "\tx", "\rx", 'a "quoted", one', "a\nb"]
    lines = [claim(claim_id=f"C{i}", charge_amount=value) for i, value in enumerate(values)]
    with Dataset.open({"medical_claim": lines}) as dataset:
        assert dataset.write_rejects(tmp_path / "rejects.csv") == len(values)
    text = (tmp_path / "rejects.csv").read_bytes().decode("utf-8")
    found = [row["value"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert found == ["'" + v if v[0] in "=+-@\t\r" else v for v in values]


@settings(max_examples=30)
@given(st.binary(max_size=60), st.sampled_from([".csv", ".csv.gz", ".parquet", ".arrow"]))
def test_no_bytes_of_a_file_are_an_error_of_the_database(content: bytes, suffix: str) -> None:
    """Whatever a file holds, the answer is a diagnostic or a reject."""
    head = b"person_id,party\n" if suffix == ".csv" else b""
    with TemporaryDirectory() as folder:
        (Path(folder) / f"roster{suffix}").write_bytes(head + content)
        with Dataset.open(folder, strict=False) as dataset:
            if not dataset.diagnostics:
                (found,) = dataset.inputs
                assert rows_of(dataset, "SELECT count(*) FROM roster") == [(found.rows_kept,)]
                assert found.rows_rejected == len({reject.row for reject in dataset.rejects()})


def test_a_name_that_rows_are_numbered_by_is_not_free() -> None:
    """A column of the file and one that is added to it are never taken for each other."""
    with pytest.raises(RulesetError, match="RE515"):
        Dataset.open({"roster": [{"person_id": "1", "party": "a", "_row": "7"}]})


def test_a_table_that_is_called_otherwise_is_suggested() -> None:
    """A needed table that is absent is usually spelt otherwise."""
    with pytest.raises(RulesetError, match=r"did you mean medical_claims\?"):
        Dataset.open({"medical_claims": []}, needs={"medical_claim": ["claim_id"]})


def test_data_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    """A wrong argument of Python raises; a wrong file is a diagnostic."""
    with pytest.raises(FileNotFoundError):
        Dataset.open(tmp_path / "nowhere")
    (tmp_path / "data.xls").touch()
    with pytest.raises(TypeError, match="no folder and no DuckDB file"):
        Dataset.open(tmp_path / "data.xls")
    with pytest.raises(TypeError, match="may be an Arrow table"):
        Dataset.open({"roster": 5})
    for name in ("roster.csv", "roster.parquet", "roster.arrow", "roster.csv.gz"):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).write_bytes(b"")
        with pytest.raises(RulesetError, match="RE511"):
            Dataset.open(folder)


@pytest.mark.parametrize("name", list(STANDARD))
def test_a_standard_table_says_what_it_needs(name: str) -> None:
    """Keys, dates and required columns are columns; what is required is never null."""
    table = STANDARD[name]
    assert set(table.key) | table.required | set(table.interval or ()) <= set(table.columns)
    assert {n for n, type_ in table.columns.items() if not type_.nullable} == table.required
    assert all(storage(type_) for type_ in table.columns.values())
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{n}" {storage(type_)}' for n, type_ in table.columns.items())
        connection.execute(f"CREATE TABLE t ({columns})")
        text = f"DESCRIBE SELECT {table.period_date} FROM t"  # noqa: S608  a constant
        described = connection.execute(text).fetchall()
    assert described[0][1] == "DATE"


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (None, None),
        (date(2015, 4, 12), None),
        (date(2015, 3, 31), 0),
        (date(2014, 3, 2), 0),
        (date(2014, 3, 1), 1),
    ],
)
def test_an_age_that_nobody_knows_is_none(born: date | None, age: int | None) -> None:
    """A rate of children is not paid for whoever has no date of birth, or a later one."""
    row = {"person_id": "P", "enrollment_start_date": date(2015, 3, 1),
           "enrollment_end_date": date(2015, 3, 31), "birth_date": born}  # fmt: skip
    with Dataset.open({"eligibility": [row]}, months_through=THROUGH) as dataset:
        assert rows_of(dataset, "SELECT age FROM member_month") == [(age,)]
