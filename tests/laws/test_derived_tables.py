"""What a rule derives is read by prices: of one claim from `given`, in a batch from its own query."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rules_engine import (
    Given,
    Kind,
    NotGivenError,
    PricedLine,
    Query,
    Ruleset,
    RulesetError,
    Run,
    SettlementError,
    Step,
    Type,
)
from rules_engine.testing import engine_of
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch, explanations_give_the_amounts, lines_of
from tests.laws.contracts import LAST, claim_lines, claims, contract
from tests.laws.test_arrow import LINES, is_unread, priced
from tests.laws.test_spark import assert_same
from tests.laws.windows import (
    ENGINE,
    ENROLMENT,
    WINDOWS,
    after,
    contracts_of_windows,
    lines_of_a_person,
    windowed,
)

FEES = {
    "id": "visits",
    "methodology": "fee_schedule",
    "source": "exhibit F",
    "terms": {"allowed": "charge_amount"},
}


def data_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the data of a run of these lines."""
    return {"medical_claim": lines, "eligibility": list(ENROLMENT)}


def everybody(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Give every row of each table that prices read."""
    found = {}
    for name in run.ruleset.needs.given:
        cursor = run.connection.execute(f"FROM {name}")
        heads = [column[0] for column in cursor.description]
        found[name] = [dict(zip(heads, row, strict=True)) for row in cursor.fetchall()]
    return found


@settings(max_examples=settings().max_examples // 2)
@given(contracts_of_windows(), claims())
def test_a_claim_given_what_the_batch_derived_is_the_claim_in_the_batch(
    contract: Contract, lines: list[dict[str, Any]]
) -> None:
    """Every amount, the rule, and the reason of a rejection; and every explanation says why."""
    ruleset = contract.load(ENGINE)
    with ruleset.run(data_of(lines), mappings=()) as run:
        alone_as_in_the_batch(ruleset, run)
        explanations_give_the_amounts(ruleset, run)


@settings(max_examples=max(10, settings().max_examples // 4))
@given(contracts_of_windows(), st.builds(claim_lines, st.integers(0, 2**32), st.integers(1, 10)))
def test_streams_of_lines_are_the_batch(found: Contract, lines: list[dict[str, Any]]) -> None:
    """Rows of Python and an Arrow table, given what the batch derived for everybody."""
    ruleset = found.load(ENGINE)
    with ruleset.run(data_of(lines), mappings=()) as run:
        expected = priced(run.lines())
        tables = everybody(run)
        derived = {name: run.connection.sql(f"FROM {name}").to_arrow_table() for name in tables}
        names = {"paid_amount": "paid_amount", "allowed_amount": "allowed_amount"}
        rows = list(ruleset.price_rows(lines, Given(tables)))
        ours = {(row["claim_id"], row["claim_line_number"]): row for row in rows}
        for one in expected:
            own = ours[one["claim_id"], one["claim_line_number"]]
            code = None if one["reject"] is None else one["reject"]["code"]
            assert own["reject"] == code
            assert {name: own[name] for name in names} == {name: one[name] for name in names}
        table = priced(ruleset.price_table(pa.Table.from_pylist(lines, LINES), derived))
        assert [row for row in table if not is_unread(row)] == expected


@given(contracts_of_windows())
@settings(
    max_examples=max(3, settings().max_examples // 20),
    # A query of Spark takes too long to look for the smallest contract that fails.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_a_batch_on_spark_is_the_batch_in_duckdb(spark: Any, drawn: Contract) -> None:
    """What was derived where the data is goes to Spark with the lines."""
    ruleset = drawn.load(ENGINE)
    seed = Random(ruleset.digest).randrange(2**32)  # noqa: S311  claims, not secrets
    assert_same(ruleset, data_of(claim_lines(seed, 60)), spark, mappings=())


@settings(max_examples=max(10, settings().max_examples // 4))
@given(contracts_of_windows(), st.builds(claim_lines, st.integers(0, 2**32), st.integers(1, 10)))
def test_the_printed_query_prices_beside_the_derived_tables(
    found: Contract, lines: list[dict[str, Any]]
) -> None:
    """Who runs it where the tables are finds what the run found; its head says who derives them."""
    ruleset = found.load(ENGINE)
    written = ruleset.sql()
    for name in ruleset.needs.given:
        assert f"--   {name}, derived by care: " in written
    with ruleset.run(data_of(lines), mappings=()) as run:
        columns = ruleset.bound.line_columns
        present = run.dataset.tables["medical_claim"].columns
        nothing = ", ".join(f"NULL AS {name}" for name in columns if name not in present)
        run.connection.execute(
            f"CREATE TEMP VIEW whole AS SELECT *, {nothing} FROM medical_claim"  # noqa: S608  our names
        )
        asked = written.replace('FROM "medical_claim" AS l', "FROM whole AS l")
        cursor = run.connection.execute(
            f"SELECT claim_id, claim_line_number, paid_amount FROM ({asked})"  # noqa: S608  our own query
        )
        paid = {(claim, number): amount for claim, number, amount in cursor.fetchall()}
        assert paid == {key: row["paid_amount"] for key, row in lines_of(run).items()}


def _bundled() -> Ruleset:
    care = windowed("hcpcs_code = 'X1'", "hcpcs_code <> 'J9'", amount="remaining", code="CO-97")
    return contract([FEES, care]).load(ENGINE)


def _opening(*days: date) -> list[dict[str, Any]]:
    """Give a line that opens a window on the eleventh day, and others."""
    opener = {**lines_of_a_person(after(10), code="X1")[0], "claim_id": "opener"}
    return [opener, *lines_of_a_person(*days)]


def test_covered_services_are_priced_at_zero_and_others_are_not() -> None:
    """From the first day of the window to its last one, with the code; charge = paid + taken."""
    ruleset = _bundled()
    assert ruleset.needs.given == ("care_window",)
    carved = {**lines_of_a_person(after(20), code="J9")[0], "claim_id": "carved"}
    with ruleset.run(
        data_of([*_opening(after(9), after(10), after(200)), carved]), mappings=()
    ) as run:
        found = {key[0]: row for key, row in lines_of(run).items()}
        known = run.given("m1")
    paid = {name: str(row["paid_amount"]) for name, row in found.items()}
    assert paid == {
        "opener": "0.00",
        "c0": "100.00",
        "c1": "0.00",
        "c2": "0.00",
        "carved": "100.00",
    }
    (line,) = ruleset.price(_opening(after(20))[1], known).lines
    assert isinstance(line, PricedLine)
    taken = [(one.code, str(one.amount), one.rule) for one in line.adjustments]
    assert (str(line.paid), taken) == ("0.00", [("CO-97", "100.00", "care")])


def test_who_gives_nothing_is_told_and_an_empty_list_says_that_there_is_none() -> None:
    """A default would pay the full fee to somebody whose bundle is paid already."""
    ruleset = _bundled()
    (line,) = lines_of_a_person(after(20))
    for given_ in (None, Given(), Given({"roster": []})):
        with pytest.raises(NotGivenError, match="reads care_window and it is not given"):
            ruleset.price(line, given_)
    assert str(ruleset.price(line, Given({"care_window": []})).paid) == "100.00"
    with pytest.raises(RulesetError, match="care_window"):
        ruleset.price_table(pa.Table.from_pylist([{**dict.fromkeys(LINES.names), **line}], LINES))


def test_two_spans_of_one_day_are_an_error_that_names_both() -> None:
    """The lookup would take either of them."""
    rows = [
        {"person_id": "m1", "first_day": after(0), "last_day": after(30)},
        {"person_id": "m1", "first_day": after(30), "last_day": None},
    ]
    with pytest.raises(ValueError, match="2015-01-01 to 2015-01-31 and 2015-01-31 to 9999-12-31"):
        _bundled().price(lines_of_a_person(after(3))[0], Given({"care_window": rows}))


def _deriving(**changes: Any) -> Any:
    """Give an engine in which the test's methodology derives another table."""
    made = WINDOWS.derive
    assert made is not None

    def derive(terms: Any) -> dict[str, Query]:
        found = dict(made(terms))
        return {"window": evolve(found["window"], **changes)}

    fees = ENGINE.host.offers["fee_schedule"].methodology
    return engine_of(fees, evolve(WINDOWS, derive=derive))


def test_a_batch_that_derives_two_spans_of_one_day_stops_and_names_both() -> None:
    """Both halves begin on one day."""
    select = """SELECT person_id, CAST(min(day) AS DATE) + turn AS first_day,
  CAST(NULL AS DATE) AS last_day, 'x' AS half, CAST(1 AS DECIMAL(7, 6)) AS share
  FROM claim, (VALUES (0), (9)) AS t(turn) WHERE opens GROUP BY person_id, turn"""
    care = windowed("hcpcs_code = 'X1'", amount="remaining", code="CO-97")
    ruleset = contract([FEES, care]).load(_deriving(select=select))
    both = "person_id m1 hold on one day, 2015-01-11 to 9999-12-31 and 2015-01-20 to 9999-12-31"
    with pytest.raises(SettlementError, match=both):
        ruleset.run(data_of(_opening()), mappings=())


def test_a_batch_that_derives_a_span_that_ends_before_it_begins_stops() -> None:
    """No day lies in it, and nobody would notice."""
    select = """SELECT person_id, CAST(min(day) AS DATE) AS first_day,
  CAST(min(day) - 1 AS DATE) AS last_day, 'x' AS half, CAST(1 AS DECIMAL(7, 6)) AS share
  FROM claim WHERE opens GROUP BY person_id"""
    care = windowed("hcpcs_code = 'X1'", amount="remaining", code="CO-97")
    ruleset = contract([FEES, care]).load(_deriving(select=select))
    with pytest.raises(
        SettlementError, match="goes from 2015-01-11 to 2015-01-10; days go forward"
    ):
        ruleset.run(data_of(_opening()), mappings=())


@pytest.mark.parametrize("effective", [("first_day", "half"), ("first_day", "never")])
def test_a_table_holds_from_day_to_day(effective: tuple[str, str]) -> None:
    """A column that is no date, or is not there, is found before any data is."""
    with pytest.raises(RulesetError, match="says from or until when its rows hold"):
        contract([FEES, windowed("hcpcs_code = 'X1'")]).load(_deriving(effective=effective))


@pytest.mark.parametrize("within", ["nowhere", "unkeyed"])
def test_a_step_applies_within_a_table_whose_key_a_line_has(within: str) -> None:
    """Otherwise nobody could tell which lines are meant."""
    made = WINDOWS.price
    assert made is not None

    def price(terms: Any) -> list[Step]:
        return [evolve(step, within=within) for step in made(terms)]

    def derive(_: Any) -> dict[str, Query]:
        code = Type.of(Kind.CODE)
        return {"unkeyed": Query(select="SELECT 'x' AS who", columns={"who": code}, key=("who",))}

    fees = ENGINE.host.offers["fee_schedule"].methodology
    engine = engine_of(fees, evolve(WINDOWS, price=price, derive=derive))
    care = windowed("hcpcs_code = 'X1'", amount="remaining", code="CO-97")
    with pytest.raises(RulesetError, match=f"prices lines within {within}, which"):
        contract([FEES, care]).load(engine)


def test_prices_know_what_holds_in_periods_that_are_not_settled() -> None:
    """Of a quarter that is settled alone, the lines of the others are priced as in the whole year."""
    care = windowed("hcpcs_code = 'X1'", amount="remaining", code="CO-97")
    made = contract([FEES, care])
    document = {**made.document, "period": {"length": "quarter"}}
    ruleset = evolve(made, document=document).load(ENGINE)
    lines = data_of(_opening(after(20), LAST))
    with (
        ruleset.run(lines, mappings=()) as whole,
        ruleset.run(lines, mappings=(), period="2015-Q3") as one,
    ):
        assert lines_of(one) == lines_of(whole)


def test_a_compiled_ruleset_prices_what_is_given_without_a_database(tmp_path: Path) -> None:
    """Who embeds a price waits for no engine of batches."""
    _bundled().save(tmp_path / "compiled.json")
    program = f"""
import sys
from tests.laws.windows import ENGINE, lines_of_a_person, after
from rules_engine import Given
opened = ENGINE.open({str(tmp_path / "compiled.json")!r})
rows = [{{"person_id": "m1", "first_day": after(0), "last_day": None}}]
(line,) = lines_of_a_person(after(3))
print(opened.price(line, Given({{"care_window": rows}})).paid)
sys.exit("duckdb" in sys.modules)
"""
    made = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (made.stdout, made.stderr, made.returncode) == ("0.00\n", "", 0)
