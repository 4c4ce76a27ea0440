"""The queries that find episodes, read by the parsers of other databases.

DuckDB runs them, and no other engine is asked here: what is held is that nothing stands in them that
another database has no word for.
"""

from decimal import Decimal
from typing import Any, Final

import pytest
import sqlglot
import sqlglot.expressions as g
from sqlglot.errors import ErrorLevel

from rules_engine import Period
from tests.plugins.test_bundled_episode import FIRST, LAST, contract

DIALECTS: Final = ("duckdb", "spark", "postgres", "bigquery", "snowflake")
ONE: Final[dict[str, Any]] = {
    "amount": "allowed_amount",
    "provider": "billing_tin",
    "days": {
        "admission": "admission_date",
        "discharge": "discharge_date",
        "procedure": "claim_start_date",
        "service": "claim_line_start_date",
        "service_ends": "claim_line_end_date",
    },
    "stays": {"when": "claim_type = 'institutional'", "gap_days": 1},
    "types": [
        {"type": "first", "trigger": "drg_code = 'A'", "days_after": 9, "days_before": 3},
        {"type": "second", "trigger": "drg_code = 'B'", "days_after": 30, "ends": "procedure"},
    ],
    "look_back_days": 30,
    "excludes": [{"reason": "far", "when": "hcpcs_code = 'X'"}],
    "enrolment": {"counts": "fraction = 1", "days_before": 40},
    "exclusions": [{"reason": "rare", "line": "hcpcs_code = 'R'"}],
    "accountable": {"plurality": "true"},
    "risk": {"factors": [{"factor": "rare", "line": "hcpcs_code = 'R'", "weight": Decimal("1.1")}]},
    "prorate": True,
    "truncate": {"above": {"deviations": Decimal("1.5")}, "below": {"percentile": Decimal("0.1")}},
    "base_years": 1,
    "reconcile": {"payer": "payer", "to": "clinic", "target": Decimal("100.00")},
}
SHAPES: Final = {
    "earliest": ONE,
    "by type": {**ONE, "precedence": "type"},
    "restarts": {**ONE, "again": "restarts", "one_open": "type"},
}


def queries(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """Give the queries of a rule by name, as DuckDB gets them."""
    (rule,) = contract(said).bound.rules
    year = Period(label="2015", first=FIRST, last=LAST)
    return [
        (one.name, sqlglot.parse_one(one.written([year]).sql, read="duckdb"))
        for one in (*rule.derived, *rule.experience)
    ]


def without_hints(query: Any, dialect: str) -> Any:
    """Leave out what is DuckDB's and changes no answer: hints, and where a null would stand."""
    for hinted in query.find_all(g.CTE):
        hinted.set("materialized", None)
    for ordered in query.find_all(g.Ordered):
        # No key of an order is ever null here, and BigQuery takes no word of it in windows.
        ordered.set("nulls_first", dialect in {"bigquery", "spark"})
    for cast in query.find_all(g.DataType):
        if cast.this is g.DataType.Type.INT128:
            cast.replace(g.DataType.build("DECIMAL(38, 0)"))
    return query


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_query_is_written_for_other_databases(shape: str, dialect: str) -> None:
    """It is translated without a word of what the database lacks, and reads as SQL there."""
    for name, query in queries(SHAPES[shape]):
        written = without_hints(query, dialect).sql(
            dialect=dialect, unsupported_level=ErrorLevel.RAISE
        )
        assert isinstance(sqlglot.parse_one(written, read=dialect), g.Query), name


@pytest.mark.parametrize("shape", SHAPES)
def test_columns_are_named_in_rows_and_not_after_a_relation(shape: str) -> None:
    """BigQuery refuses `WITH relation(column, …) AS`."""
    for name, query in queries(SHAPES[shape]):
        named = [one.alias for one in query.find_all(g.CTE) if one.args["alias"].columns]
        assert not named, name
