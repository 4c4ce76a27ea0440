"""One formula means one thing: as a closure, in DuckDB and on exact rationals."""

import decimal
from collections.abc import Iterator
from typing import Final

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules_engine.expressions import Expression, ExpressionError, Kind, Sites, Type, check
from tests.expressions.formulas import COLUMNS, SCOPE, TABLES, edge_rows, formulas, rows, written
from tests.expressions.harness import DATE, Row, by_closure, by_query, exactly, query, store

LINE = {**COLUMNS, DATE: Type(Kind.DATE)}

TIES: Final = (
    "fee",
    "copay * trend",
    "- copay * 0.5",
    "copay / 2",
    "copay / -8",
    "- copay / stay",
    "copay / trend",
    "charge * rate / (lines + 1)",
    "score / trend",
    "score / 3",
    "total / 7",
    "copay / 4 - fee / 8 + 0.005",
    "case when urgent then copay / 2 else fee / stay end",
    "abs(copay / trend) * rate",
    "copay * 0.001 / 0.0002",
    "base_rate / (1 + lines)",
    "5 / (stay * 2)",
    "lookup(fees.amount, code, lines) * units / 8",
    "interpolate(curve.fee, score)",
    "charge * interpolate(curve.share, lines) / 8",
    "interpolate(curve.fee, weight) / (lines + 1) - copay",
    "1 - interpolate(bands.share, lines)",
    "case when urgent then interpolate(bands.share, lines) else 1 / lines end",
)
"""Formulas whose halves are rounded."""

WIDTHS: Final = (
    "coalesce(fee, total)",
    "coalesce(weight, score, index)",
    "least(total, fee)",
    "greatest(score, index, 0.5)",
    "least(paid, fee, copay)",
    "case when urgent then index else units end",
    "total = fee",
    "index < score",
    "index in (0.0000000000000000000001, units)",
    "units + 1 > 999999999",
    "units * units",
    "charge * units",
    "total - fee",
    "1 - share",
    "cap * rate",
    'case when "Is Member" then 1 when not "Is Member" then 2 else 3 end',
    '"Is Member" and lookup(drgs.weight, drg) > 1',
    '"Is Member" or lookup(drgs.weight, drg) > 1',
    'not ("Is Member" or paid > 0)',
    "paid in (0.01, fee, copay)",
    "paid not in (0.01, 0.05)",
    "drg like '0%' or drg like '_'",
    "has(fees, drg, lines) and lookup(fees.rate, drg, lines) > 0",
    "coalesce(lookup(drgs.base, drg), 5)",
    "admitted + gap",
    "admitted + 999999 - 999999",
    "(discharged - admitted) * 2",
    "discharged between admitted and '2015-12-31'",
    "discharged - stay > cutoff",
    "conversion_factor * 2",
    "round(exp(trend), 4) * charge",
    "round(power(1.02, lines), 12)",
    "round_down(power(lookup(drgs.weight, drg), 0.5), 6)",
    "round_half_even(ln(lines), 3)",
    "round(ln(lookup(drgs.weight, drg) - 1), 3)",
    "round(power(trend, lines), 2)",
    "admitted + INTERVAL '1' MONTH",
    "admitted - INTERVAL 13 MONTHS",
    "discharged + INTERVAL '-1' YEAR - INTERVAL 1 DAY",
    "add_months(discharged, gap)",
    "add_years(admitted, gap)",
    "months_between(admitted, discharged) * 2",
    "years_between(discharged, admitted)",
    "year(discharged) * 10000 + month(discharged) * 100 + day(discharged)",
    "last_day(discharged) - admitted",
)
"""Formulas in which widths, nulls and refusals meet."""


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
    text: str,
    expression: Expression,
    found: list[Row],
    connection: duckdb.DuckDBPyConnection,
    *,
    stored: bool = False,
) -> None:
    """Evaluate in three ways and compare, rejections too."""
    sites = Sites()
    if not stored:
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


@given(st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_large_formulas_mean_the_same_in_every_engine(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    """Deep formulas over the edges of every column."""
    found = edge_rows(24)
    store(connection, "line", LINE, found)
    for number in range(10):
        text = written(seed + number, 5)
        expression = checked(text)
        if expression is not None:
            assert_equal(text, expression, found, connection, stored=True)


@pytest.mark.parametrize("mode", ["round", "round_half_even", "round_down"])
@pytest.mark.parametrize("inner", TIES)
def test_ties_round_alike(connection: duckdb.DuckDBPyConnection, mode: str, inner: str) -> None:
    """Halves of either sign, divisors of either sign, and zero."""
    found = edge_rows()
    store(connection, "line", LINE, found)
    for places in (0, 2, 5):
        text = f"{mode}({inner}, {places})"
        assert_equal(text, check(text, SCOPE), found, connection, stored=True)


@pytest.mark.parametrize("text", WIDTHS)
def test_widths_nulls_and_rejections_are_alike(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    """Where scales meet, where an engine skips nulls, and what is read or left unread."""
    assert_equal(text, check(text, SCOPE), edge_rows(), connection)
