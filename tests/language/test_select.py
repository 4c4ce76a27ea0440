"""What may stand in a query of a methodology, and how a derived table is held to its word."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from attrs import evolve

from rules_engine import (
    Kind,
    Methodology,
    Query,
    Rows,
    RulesetError,
    Settlement,
    SettlementError,
    Type,
    expression_schema,
)
from rules_engine.language.select import faults
from rules_engine.testing import Contract, engine_of

WORDS: Final = (
    "SELECT 1 / 2 FROM claim",
    "SELECT CAST(x AS INTEGER) // y FROM claim",
    "SELECT x % 2 FROM claim",
    "SELECT avg(x) FROM claim",
    "SELECT median(x) FROM claim",
    "SELECT any_value(x) FROM claim",
    "SELECT random() FROM claim",
    "SELECT now() FROM claim",
    "SELECT current_date FROM claim",
    "SELECT today() FROM claim",
    "SELECT 1e3 FROM claim",
    "SELECT CAST(x AS DOUBLE) FROM claim",
    "SELECT x::float FROM claim",
    "SELECT try_cast(x AS INTEGER) FROM claim",
    "SELECT round(x, 2) FROM claim",
    "SELECT x ** 2 FROM claim",
    "SELECT getenv('HOME') FROM claim",
    "SELECT * FROM read_csv('x')",
    "SELECT * FROM 'x.csv'",
    "SELECT * FROM other",
    "SELECT * FROM a.claim",
    "SELECT * FROM range(3)",
    "SELECT x FROM claim LIMIT 1",
    "SELECT DISTINCT ON (x) x FROM claim",
    "SELECT x FROM claim USING SAMPLE 10",
    "INSERT INTO claim VALUES (1)",
    "SELECT 1; SELECT 2",
    "SELECT FROM WHERE",
)


@pytest.mark.parametrize("select", WORDS)
def test_what_divides_guesses_or_reads_the_world_is_refused(select: str) -> None:
    """Whatever engine runs it and whenever, a query gives the same rows."""
    assert faults(select, {"claim", "period"})


def test_what_joins_counts_and_compares_is_let_through() -> None:
    """The words of an attribution may stand in a query."""
    select = (
        "WITH a AS (SELECT x, count(*) FILTER (WHERE y > 0) AS n, lead(x) OVER (ORDER BY y) AS s,"
        " CAST(first_day - INTERVAL 15 MONTH AS DATE) AS d, CAST(x AS BIGINT) // 2 AS h"
        " FROM claim JOIN period ON d BETWEEN first_day AND last_day GROUP BY ALL)"
        " SELECT x, coalesce(sum(n), 0), CASE WHEN x IS NULL THEN 1 ELSE 2 END FROM a GROUP BY x"
    )
    assert faults(select, {"claim", "period"}) == []


PERSON: Final = Query(
    select="SELECT m.person_id, p.first_day AS period_start, p.last_day AS period_end,"
    " count(*) AS months FROM month AS m JOIN period AS p"
    " ON m.month BETWEEN p.first_day AND p.last_day GROUP BY ALL",
    columns={
        "person_id": Type.of(Kind.CODE),
        "period_start": Type.of(Kind.DATE),
        "period_end": Type.of(Kind.DATE),
        "months": Type.of(Kind.COUNT),
    },
    rows={"month": Rows(table="member_month", columns=("person_id", "month"))},
    key=("person_id",),
)


def run_with(query: Query, months: list[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Derive one table in a contract of two years; give its rows."""
    deriving = Methodology[None](
        name="deriving",
        terms_schema={"type": "object"},
        read_terms=lambda _: None,
        outputs=lambda _: {},
        derive=lambda _: {"person": query},
        settle=lambda _terms, _occasion: Settlement(),
    )
    document = {
        "ruleset": "derives", "title": "t", "version": "1",
        "effective": {"from": date(2014, 1, 1), "through": date(2015, 12, 31)}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer"},
        "rules": [{"id": "own", "methodology": "deriving", "source": "s", "terms": {}}],
    }  # fmt: skip
    ruleset = Contract(document=document).load(engine_of(deriving))
    with ruleset.run({"member_month": months}, mappings=()) as run:
        assert any("own_person" in sql for sql in run.books.queries)
        return run.connection.execute("FROM own_person ORDER BY ALL").fetchall()


MONTHS: Final[list[Mapping[str, Any]]] = [
    {"person_id": "m", "month": day, "fraction": 1}
    for day in (date(2014, 12, 1), date(2015, 1, 1), date(2015, 2, 1))
]


def test_a_derived_table_has_the_rows_of_each_period() -> None:
    """One month of the first year, two of the second; auditors can read the query."""
    years = [(date(y, 1, 1), date(y, 12, 31)) for y in (2014, 2015)]
    assert run_with(PERSON, MONTHS) == [("m", *years[0], 1), ("m", *years[1], 2)]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (evolve(PERSON, select=PERSON.select.replace("count(*)", "count(*) / 2")), "divides"),
        (evolve(PERSON, columns={**PERSON.columns, "months": Type.of(Kind.CODE)}), "is said to be"),
        (evolve(PERSON, columns={**PERSON.columns, "age": Type.of(Kind.COUNT)}), "no column age"),
        (evolve(PERSON, rows={"month": Rows(table="nowhere")}), "nowhere is no table"),
        (evolve(PERSON, key=("nobody",)), "nobody is in its key"),
        (evolve(PERSON, select=PERSON.select.replace("m.month", "m.moon")), "moon"),
    ],
)
def test_a_query_that_would_not_run_is_found_before_the_run(query: Query, why: str) -> None:
    """The finding names the methodology, its query, and what is wrong with it."""
    with pytest.raises(RulesetError, match="RE325") as error:
        run_with(query, MONTHS)
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("GROUP BY ALL", "GROUP BY m.person_id, p.first_day, p.last_day, m.month", "have the key"),
        ("m.person_id,", "nullif(m.person_id, 'm') AS person_id,", "have no value where they must"),
    ],
)
def test_a_table_that_breaks_its_word_stops_the_run(old: str, new: str, why: str) -> None:
    """Two rows of one key, or a null where none may be, would be summed into an amount."""
    with pytest.raises(SettlementError, match=why):
        run_with(evolve(PERSON, select=PERSON.select.replace(old, new)), MONTHS)


PAIR: Final = Query(
    select="SELECT person_id, month, 2 AS turn FROM month UNION ALL"
    " SELECT person_id, month, 1 AS turn FROM month",
    columns={
        "person_id": Type.of(Kind.CODE),
        "month": Type.of(Kind.DATE),
        "turn": Type.of(Kind.COUNT),
    },
    rows={"month": Rows(table="member_month", columns=("person_id", "month"))},
)


def paired(said: Mapping[str, Any], columns: Mapping[str, str]) -> Any:
    """Ask a formula of each month beside each row of a derived table, and of its rows alone."""

    def derive(terms: Mapping[str, Any]) -> Mapping[str, Query]:
        both = Rows(
            table="member_month",
            columns=("person_id", "turn"),
            formulas={"asked": terms["beside"]},
            beside="pair",
        )
        alone = Rows(table="pair", columns=("turn",), formulas={"asked": terms["alone"]})
        boolean = {"turn": Type.of(Kind.COUNT), "asked": Type.of(Kind.BOOLEAN).with_null()}
        return {
            "pair": PAIR,
            "both": Query(select="SELECT turn, asked FROM m", columns=boolean, rows={"m": both}),
            "alone": Query(select="SELECT turn, asked FROM m", columns=boolean, rows={"m": alone}),
        }

    boolean = "boolean or null"
    asked = {
        "beside": expression_schema(
            boolean, rows="member_month", columns=columns, dated=False, title="Beside"
        ),
        "alone": expression_schema(boolean, columns=columns, dated=False, title="Alone"),
    }
    deriving = Methodology[Mapping[str, Any]](
        name="deriving",
        terms_schema={"type": "object", "properties": asked},
        read_terms=lambda terms: terms,
        outputs=lambda _: {},
        derive=derive,
        settle=lambda _terms, _occasion: Settlement(),
    )
    document = {
        "ruleset": "pairing", "title": "Two rows a month", "version": "1",
        "effective": {"from": date(2014, 1, 1), "through": date(2015, 12, 31)}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer"},
        "rules": [{"id": "own", "methodology": "deriving", "source": "s", "terms": said}],
    }  # fmt: skip
    ruleset = Contract(document=document).load(engine_of(deriving))
    with ruleset.run({"member_month": MONTHS[:1]}, mappings=()) as run:
        return [
            run.connection.execute(f"FROM own_{name} ORDER BY ALL").fetchall()
            for name in ("both", "alone")
        ]


def test_a_formula_sees_derived_rows_alone_and_beside_a_table() -> None:
    """Columns of the table and of the derived row stand in one formula, asked of each pair."""
    said = {"beside": "turn = 1 and fraction = 1", "alone": "turn > 1"}
    both, alone = paired(said, {"turn": "count"})
    assert both == [(1, True), (2, False)]
    assert alone == [(1, False), (2, True)]


def test_a_column_that_both_have_is_refused() -> None:
    """A formula would not say whose it means."""
    with pytest.raises(RulesetError, match="RE210"):
        paired({"beside": "turn = 1", "alone": "turn = 1"}, {"turn": "count", "fraction": "rate"})
