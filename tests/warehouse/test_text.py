"""Pricing queries in other dialects: complete, readable, parsed back, or refused."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from rules_engine import Engine, Kind, Ruleset, Type
from rules_engine.warehouse.target import DIALECTS, TARGETS
from rules_engine.warehouse.text import DialectError, translated

RULESETS = sorted(Path("rulesets").glob("*/*.yaml"))
PRICING = [path for path in RULESETS if any(rule.steps for rule in Engine().load(path).rules)]
OTHERS = sorted(TARGETS)

UNITS = "CAST(l.units AS DECIMAL(9, 0))"
COLUMNS = {
    "fee": Type.of(Kind.MONEY),
    "rate": Type.of(Kind.RATE),
    "wide": Type(Kind.NUMBER, scale=22, low=Decimal(f"-{'9' * 15}"), high=Decimal("9" * 15)),
    "units": Type.of(Kind.COUNT),
    "code": Type(Kind.CODE),
    "day": Type(Kind.DATE),
    "note": Type(Kind.TEXT, nullable=True),
}


@pytest.fixture(scope="module", params=PRICING, ids=str)
def ruleset(request: pytest.FixtureRequest) -> Ruleset:
    """A ruleset that ships with the engine and prices lines."""
    return Engine().load(request.param)


def written(formula: str, dialect: str) -> str:
    """Translate one formula of DuckDB's dialect."""
    step = ("step", f"SELECT {formula} AS found FROM line AS l", "")  # noqa: S608  the text under test
    sql = translated([step], "SELECT l.found FROM step AS l", {"line": COLUMNS}, dialect)
    found = re.search(r"\(\s*SELECT (.*) AS found FROM line AS l \)", " ".join(sql.split()))
    assert found is not None, sql
    return found[1].replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_ruleset_is_read_back_in_every_dialect(ruleset: Ruleset, dialect: str) -> None:
    """One query of the same named steps and columns, in which nothing is left unread."""
    (query,) = sqlglot.parse(ruleset.sql(dialect), read=dialect)
    (ours,) = sqlglot.parse(ruleset.sql(), read="duckdb")
    assert isinstance(query, exp.Select)
    assert isinstance(ours, exp.Select)
    assert not list(query.find_all(exp.Command))
    assert [cte.alias for cte in query.ctes] == [cte.alias for cte in ours.ctes]
    assert query.named_selects == ours.named_selects


@pytest.mark.parametrize("path", sorted({*RULESETS} - {*PRICING}), ids=str)
def test_a_ruleset_that_prices_no_lines_says_so(path: Path) -> None:
    """A query that gives nothing would look like one that prices."""
    with pytest.raises(ValueError, match="prices no lines"):
        Engine().load(path).sql()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_rule_and_its_source_stand_above_its_step(ruleset: Ruleset, dialect: str) -> None:
    """As comments of a line each, in every dialect."""
    notes = [line for line in ruleset.sql(dialect).splitlines() if line.startswith("-- ")]
    for rule in ruleset.rules:
        if rule.steps:
            assert [note for note in notes if f"{rule.id}: {rule.source}" in note], rule.id


@pytest.mark.parametrize("dialect", OTHERS)
def test_no_query_of_a_ruleset_divides_or_casts_to_floats(ruleset: Ruleset, dialect: str) -> None:
    """But for the exact multiple of a divisor, of which no dialect loses a digit."""
    query = sqlglot.parse_one(ruleset.sql(dialect), read=dialect)
    floats = {exp.DType.DOUBLE, exp.DType.FLOAT}
    assert not [cast for cast in query.find_all(exp.Cast) if cast.to.this in floats]
    for division in query.find_all(exp.Div):
        assert division.this.find(exp.Mod), division.sql(dialect)


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize(
    "formula",
    [
        "ln(l.fee)",
        "power(l.fee, 2)",
        "l.fee / 2",
        "random()",
        "now()",
        "dayofweek(l.day)",
        "l.day + INTERVAL 1 MONTH",
        "date_diff('month', l.day, l.day)",
        "CAST(l.fee AS DOUBLE)",
        "CAST(l.fee AS VARCHAR)",
        "CAST(l.code AS DATE)",
        "l.code || 'x'",
        "l.code LIKE l.note",
        "l.code ILIKE 'a%'",
        "sum(l.fee)",
        "sum(l.fee) OVER (PARTITION BY l.code ORDER BY l.units)",
        "sum(l.units) OVER (PARTITION BY l.code ORDER BY l.units ROWS 1 PRECEDING)",
        "row_number() OVER (PARTITION BY l.code)",
        "avg(l.fee) OVER (PARTITION BY l.code)",
        "l.fee % l.rate",
        "l.fee // 2",
        "l.fee = l.code",
        "l.unknown",
        "(SELECT 1)",
        "l.fee IN (SELECT 1)",
        "coalesce(l.fee, l.code)",
        "l.note IS TRUE",
    ],
)
def test_what_is_not_known_to_be_exact_is_refused(dialect: str, formula: str) -> None:
    """Nothing is passed through because it looks alike."""
    with pytest.raises(DialectError, match=f"^{dialect} is not known to compute this exactly"):
        written(formula, dialect)


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT l.fee FROM line AS l",
        "SELECT l.fee FROM line AS l ORDER BY l.fee",
        "SELECT l.fee FROM line AS l LIMIT 1",
        "SELECT l.fee FROM line AS l GROUP BY l.fee",
        "SELECT l.fee FROM line AS l JOIN line AS m ON l.fee = m.fee",
        "SELECT l.fee FROM line AS l LEFT JOIN line AS m USING (fee)",
        "SELECT l.fee FROM (SELECT DISTINCT l.fee FROM line AS l) AS l",
        "SELECT l.fee FROM other AS l",
        "SELECT l.fee FROM line AS l UNION SELECT l.fee FROM line AS l",
        "SELECT l.fee FROM line AS l UNION ALL SELECT l.rate FROM line AS l",
        "SELECT l.fee FROM line AS l UNION ALL SELECT l.code FROM line AS l",
        "DELETE FROM line",
    ],
)
def test_what_is_no_plain_select_is_refused(dialect: str, sql: str) -> None:
    """Steps are SELECTs over one row source, with tables looked up beside it."""
    with pytest.raises(DialectError):
        translated((), sql, {"line": COLUMNS}, dialect)


def test_a_refusal_names_the_rule_and_the_widths() -> None:
    """So that its author knows which formula to narrow."""
    step = ("allowed", "SELECT l.wide * l.fee AS allowed FROM line AS l", "visits: exhibit A")
    with pytest.raises(DialectError) as found:
        translated([step], "SELECT l.allowed FROM allowed AS l", {"line": COLUMNS}, "spark")
    assert str(found.value) == (
        "spark is not known to compute this exactly: visits: exhibit A: a product of"
        " DECIMAL(37, 22) and DECIMAL(12, 2), which it keeps in 38 digits"
    )


_PRODUCT = "round(charge_amount * 0.123456789012 * 0.123456789012, 2)"


@pytest.mark.parametrize(
    ("refused", "fine"),
    [(("second",), ("first", "third")), (("first", "third"), ("second",))],
)
def test_a_refusal_names_the_rules_that_hold_it_and_no_other(
    refused: tuple[str, ...], fine: tuple[str, ...], tmp_path: Path
) -> None:
    """One step computes the amounts of all of them."""
    rules = "".join(
        f"  - id: {name}\n    methodology: fee_schedule\n    source: exhibit {name}\n"
        f"    when: hcpcs_code = '{name}'\n"
        f"    terms: {{allowed: '{_PRODUCT if name in refused else 'charge_amount'}'}}\n"
        for name in ("first", "second", "third")
    )
    path = tmp_path / "acme.yaml"
    head = 'ruleset: acme\nversion: "1"\neffective: {from: 2026-01-01, through: 2026-12-31}\n'
    head += "currency: USD\nrounding: {to: 0.01, mode: half_up}\nparties: {plan: payer}\n"
    path.write_text(f"{head}rules:\n{rules}", encoding="utf-8")
    with pytest.raises(DialectError) as found:
        Engine().load(path).sql("snowflake")
    lines = str(found.value).splitlines()
    assert len(lines) == len(refused)
    for name, line in zip(refused, lines, strict=True):
        assert f"{name}: exhibit {name}: a product of" in line
    assert not any(f"exhibit {name}" in str(found.value) for name in fine)


def test_another_dialect_is_refused_with_those_that_are_exact() -> None:
    """A database that computes in binary floats is none of them."""
    with pytest.raises(ValueError, match="sqlite is no dialect") as found:
        Engine().load(PRICING[0]).sql("sqlite")
    assert all(dialect in str(found.value) for dialect in DIALECTS)


@pytest.mark.parametrize(
    ("formula", "dialect", "expected"),
    [
        # Spark gives up places beyond 38 digits, so each factor has what is proven for it.
        (
            "CAST(CAST(l.fee AS DECIMAL(38, 2)) * l.rate AS DECIMAL(38, 8))",
            "spark",
            "CAST(CAST(l.fee AS DECIMAL(12, 2)) * CAST(l.rate AS DECIMAL(7, 6)) AS DECIMAL(18, 8))",
        ),
        # -x rounds to 34 digits in Spark.
        ("-l.wide", "spark", "0 - CAST(l.wide AS DECIMAL(37, 22))"),
        ("-l.wide", "postgres", "-CAST(l.wide AS DECIMAL(37, 22))"),
        (
            "sign(l.units)",
            "spark",
            "CASE WHEN l.units < 0 THEN -1 WHEN l.units > 0 THEN 1 WHEN l.units = 0 THEN 0 END",
        ),
        ("l.units // 7", "spark", "CAST(CAST(l.units AS DECIMAL(9, 0)) DIV 7 AS DECIMAL(9, 0))"),
        ("l.units // 7", "postgres", "DIV(CAST(l.units AS DECIMAL(9, 0)), 7)"),
        ("l.units // 7", "bigquery", "DIV(CAST(l.units AS BIGNUMERIC), 7)"),
        (
            "l.units // 7",
            "snowflake",
            f"CAST(({UNITS} - ({UNITS} % 7)) / 7 AS DECIMAL(9, 0))",
        ),
        ("l.rate * 0.5", "bigquery", "CAST(l.rate AS BIGNUMERIC) * CAST('0.5' AS BIGNUMERIC)"),
        ("CAST(l.day + 3 AS DATE)", "spark", "DATE_ADD(l.day, 3)"),
        ("CAST(l.day - l.units AS DATE)", "spark", "DATE_SUB(l.day, l.units)"),
        ("CAST(l.day + 3 AS DATE)", "postgres", "l.day + 3"),
        ("date_diff('day', l.day, DATE '9999-12-31')", "spark",
         "DATEDIFF(CAST('9999-12-31' AS DATE), l.day)"),
        ("date_diff('day', l.day, DATE '9999-12-31')", "postgres",
         "(CAST('9999-12-31' AS DATE) - l.day)"),
        (r"l.code LIKE 'A\%'", "spark", r"l.code LIKE 'A\\\\%'"),
        (r"l.code LIKE 'A\%'", "bigquery", r"l.code LIKE 'A\\\\%'"),
        (r"l.code LIKE 'A\%'", "snowflake", r"l.code LIKE 'A\\%'"),
        (r"l.code LIKE 'A\%'", "postgres", r"l.code LIKE 'A\%' ESCAPE ''"),
        ("l.code = 'it''s é'", "spark", r"l.code = 'it\'s é'"),
        ("l.code < 'b'", "postgres", "l.code COLLATE \"C\" < 'b'"),
        ("l.code < 'b'", "spark", "l.code < 'b'"),
        ("l.code IS DISTINCT FROM 'b'", "spark", "l.code IS DISTINCT FROM 'b'"),
    ],
)  # fmt: skip
def test_a_formula_is_written_so_that_nothing_is_lost(
    formula: str, dialect: str, expected: str
) -> None:
    """Where dialects differ in what they would lose."""
    assert written(formula, dialect) == expected


@pytest.mark.parametrize(
    ("order", "spark", "postgres"),
    [
        ("l.units", "l.units NULLS LAST", "l.units"),
        ("l.units DESC", "l.units DESC", "l.units DESC NULLS LAST"),
    ],
)
def test_nulls_are_last_in_every_order(order: str, spark: str, postgres: str) -> None:
    """As they are in DuckDB, whichever the direction."""
    formula = f"row_number() OVER (PARTITION BY l.code ORDER BY {order})"
    for dialect, expected in (("spark", spark), ("postgres", postgres)):
        assert written(formula, dialect).endswith(f"ORDER BY {expected})")


def test_nulls_are_last_where_a_window_cannot_say_so() -> None:
    """In BigQuery nulls are the least of all: last in a falling order, first in a rising one."""
    formula = "row_number() OVER (PARTITION BY l.code ORDER BY l.units DESC, l.code)"
    assert written(formula, "bigquery").endswith(
        "ORDER BY l.units DESC, CASE WHEN l.code IS NULL THEN 1 ELSE 0 END, l.code)"
    )
