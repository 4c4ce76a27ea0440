"""One formula means one thing on Spark too: there as on exact rationals, and so as in DuckDB."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rules_engine.expressions import Expression, ExpressionError, Kind, Sites, Type, check
from rules_engine.warehouse.text import DialectError
from tests.expressions.formulas import COLUMNS, SCOPE, TABLES, edge_rows, written
from tests.expressions.harness import DATE, exactly, store
from tests.expressions.spark_harness import by_spark, select
from tests.expressions.test_equality import TIES, WIDTHS

LINE: Final = {**COLUMNS, DATE: Type(Kind.DATE)}
ROWS: Final = edge_rows(40)
TOGETHER: Final = 40
"""Formulas of one query; each query costs half a second, whatever it asks."""


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the rows and the tables of the formulas."""
    with duckdb.connect(config={"threads": 1}) as made:
        store(made, "line", LINE, ROWS)
        for name, table in TABLES.items():
            store(made, name, table.type.columns, table.rows)
        yield made


def exact_on_spark(text: str) -> Expression | None:
    """Check a formula; None where the checker refuses it, or the translation for its widths."""
    try:
        formula = check(text, SCOPE)
        select([formula], LINE, TABLES, Sites())
    except (ExpressionError, DialectError):
        return None
    return formula


def assert_equal_on_spark(
    texts: Iterable[str], session: Any, connection: duckdb.DuckDBPyConnection
) -> None:
    """Run formulas as one query and compare each row, rejections too."""
    found = {text: exact_on_spark(text) for text in texts}
    formulas = {text: formula for text, formula in found.items() if formula is not None}
    # Few are refused, or the test would pass by asking nothing.
    assert len(formulas) > len(found) / 2
    sites = Sites()
    query = select(list(formulas.values()), LINE, TABLES, sites)
    with tempfile.TemporaryDirectory() as folder:
        answers = by_spark(session, query, len(formulas), connection, TABLES, Path(folder))
    for (text, formula), answer in zip(formulas.items(), answers, strict=True):
        exact = exactly(formula, ROWS, TABLES, sites)
        for row, one, other in zip(ROWS, exact, answer, strict=True):
            assert one == other, (
                f"{text}\nexact, Spark: {one}, {other}\n{list(sites)}\n{row}\n"
                f"{select([formula], LINE, TABLES, Sites())}"
            )


@given(st.integers(0, 2**32))
@settings(
    max_examples=max(2, settings().max_examples // 25),
    # A query of Spark takes too long to look for the smallest seed that fails.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_a_formula_means_the_same_on_spark(
    spark: Any, connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    """Spark = exact rationals, for values and for the first reason of a rejection."""
    texts = [written(seed + number, 4 + number % 2) for number in range(TOGETHER)]
    checked = [text for text in texts if _is_right(text)]
    assert_equal_on_spark(checked, spark, connection)


def _is_right(text: str) -> bool:
    try:
        check(text, SCOPE)
    except ExpressionError:
        return False
    return True


@pytest.mark.parametrize(
    ("mode", "turn"), [("round", 0), ("round_half_even", 1), ("round_down", 2)]
)
def test_ties_round_alike_on_spark(
    spark: Any, connection: duckdb.DuckDBPyConnection, mode: str, turn: int
) -> None:
    """Halves of either sign, divisors of either sign, and zero."""
    # Each formula meets each number of places in one of the modes, because Spark is slow to plan.
    places = (0, 2, 5)
    texts = [f"{mode}({inner}, {places[(number + turn) % 3]})" for number, inner in enumerate(TIES)]
    assert_equal_on_spark(texts, spark, connection)


def test_widths_nulls_and_rejections_are_alike_on_spark(
    spark: Any, connection: duckdb.DuckDBPyConnection
) -> None:
    """Where scales meet, where an engine skips nulls, and what is read or left unread."""
    assert_equal_on_spark(WIDTHS, spark, connection)


def test_no_digit_is_lost_where_spark_counts_more_than_it_keeps(
    spark: Any, connection: duckdb.DuckDBPyConnection
) -> None:
    """Spark gives up places of products and sums beyond 38 digits, and -x has 34."""
    texts = [
        "abs(index)",
        "- index",
        "- abs(total)",
        "index * trend",
        "index + 0.5",
        "index - 0.0000000000000000000001",
        "total * rate",
        "total * units",
        "score * score",
        "score * score * 2",
        "total * 1.5 - total",
        "round(index, 2)",
        "round(total * rate, 0)",
        "round(total / trend, 1)",
        "note like 'A\\'",
        "note < 'a'",
        "note between 'A' and 'a_b'",
        "'😀x' > 'é'",
        "least(note, drg) = ''''",
    ]
    assert_equal_on_spark(texts, spark, connection)
