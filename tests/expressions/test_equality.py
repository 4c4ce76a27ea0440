"""One formula means one thing: as a closure, in DuckDB and on exact rationals."""

import decimal
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings

from rules_engine.expressions import Expression, ExpressionError, Kind, Sites, Type, check
from tests.expressions.formulas import COLUMNS, SCOPE, TABLES, formulas, rows
from tests.expressions.harness import DATE, Row, by_closure, by_query, exactly, query, store

LINE = {**COLUMNS, DATE: Type(Kind.DATE)}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the tables of the formulas."""
    with duckdb.connect(config={"threads": 1}) as made:
        for name, table in TABLES.items():
            store(made, name, table.type.columns, table.rows)
        yield made


def checked(text: str) -> Expression | None:
    """Check a formula; None where it is refused."""
    try:
        return check(text, SCOPE)
    except ExpressionError:
        return None


def assert_equal(
    text: str, expression: Expression, found: list[Row], connection: duckdb.DuckDBPyConnection
) -> None:
    """Evaluate in three ways and compare, rejections too."""
    sites = Sites()
    store(connection, "line", LINE, found)
    exact = exactly(expression, found, TABLES, sites)
    closed = by_closure(expression, found, TABLES, sites)
    queried = by_query(expression, connection, TABLES, sites)
    for place, row in enumerate(found):
        three = (exact[place], closed[place], queried[place])
        assert len(set(three)) == 1, (
            f"{text}\nexact, closure, DuckDB: {three}\n{list(sites)}\n{row}\n"
            f"{query(expression, TABLES, sites)}"
        )


@given(formulas(), rows())
@settings(
    suppress_health_check=[
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ]
)
def test_a_formula_means_the_same_in_every_engine(
    connection: duckdb.DuckDBPyConnection, text: str, found: list[Row]
) -> None:
    """Closure = DuckDB = exact rationals, for values and for the first reason of a rejection."""
    expression = checked(text)
    assume(expression is not None)
    assert expression is not None
    assert_equal(text, expression, found, connection)


@given(formulas(), rows(2))
@settings(suppress_health_check=list(HealthCheck))
def test_the_decimal_context_of_the_host_does_not_matter(text: str, found: list[Row]) -> None:
    """A host may compute with three digits, round up and trap everything."""
    expression = checked(text)
    assume(expression is not None)
    assert expression is not None
    sites = Sites()
    calm = by_closure(expression, found, TABLES, sites)
    narrow = decimal.Context(
        prec=3,
        rounding=decimal.ROUND_UP,
        Emax=4,
        Emin=-4,
        traps=[decimal.Inexact, decimal.Rounded, decimal.Overflow, decimal.Subnormal],
    )
    with decimal.localcontext(narrow):
        assert by_closure(expression, found, TABLES, sites) == calm
        assert exactly(expression, found, TABLES, sites) == calm
