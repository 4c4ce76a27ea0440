"""No formula grows without bound, in memory, text or depth, whatever it says."""

import duckdb
import pytest
from attrs import evolve

from rules_engine.expressions import Expression, ExpressionError, Scope, Sites, check
from rules_engine.expressions.closure import Emitter
from rules_engine.expressions.size import BRANCHES, DEEPEST, LARGEST, LONGEST_SQL
from rules_engine.expressions.sql import SqlWriter
from tests.expressions.formulas import SCOPE, TABLES
from tests.expressions.harness import compiled, query


def nested(start: str, shape: str, times: int) -> str:
    """Put a formula into itself."""
    for _ in range(times):
        start = shape.format(start)
    return start


def checked(text: str, scope: Scope) -> tuple[Expression | None, set[str]]:
    """Check a formula; else give the codes of what is wrong."""
    try:
        return check(text, scope), set()
    except ExpressionError as error:
        return None, {finding.code for finding in error.findings}


SHAPES = {
    "quotients": ("copay", "round({} / 7, 2)"),
    "quotients of a row": ("copay", "round({} / lines, 2)"),
    "half even": ("copay", "round_half_even({} / stay, 3)"),
    "sums of quotients": ("copay", "round({} / 7 + copay / 3, 2)"),
    "rounded down": ("copay", "round_down(({}) * 0.5, 2)"),
    "least of nulls": ("fee", "least({}, fee)"),
    "least of choices": ("fee", "least(coalesce({}, fee), fee)"),
    "case of itself": ("copay", "case when urgent then {} else 0 end"),
    "case of a condition": ("urgent", "case when {} then urgent else rate < 0.5 end"),
    "case of a subject": ("code", "case {} when 'A' then 'B' when 'B' then 'C' else 'A' end"),
    "case of quotients": ("copay", "round(case when urgent then ({}) / 7 else copay / 3 end, 2)"),
    "between": ("urgent", "({} = (lines between 1 and stay))"),
    "between its own": ("stay", "case when {} between 1 and 5 then stay else 2 end"),
    "in": ("lines", "case when {} in (lines, stay, 3) then 1 else 2 end"),
    "lookup": ("drg", "lookup(drgs.label, coalesce({}, 'A'))"),
    "lookup in a condition": ("lookup(drgs.base, drg)", "case when {} > 1 then fee else paid end"),
    "dates": ("admitted", "({} + 999999)"),
    "dates of dates": ("admitted", "(admitted + ({} - admitted))"),
    "not": ("urgent", "not ({})"),
    "coalesce": ("fee", "coalesce(lookup(drgs.base, drg), {})"),
    "or": ('"Is Member"', "(lookup(steps.open, rate) or ({} and urgent))"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("times", [1, 5, 12, 19, 30, 60])
def test_nesting_is_refused_before_it_explodes(shape: str, times: int) -> None:
    """Each construct in itself is compiled and computed, or refused with a finding."""
    text = nested(*SHAPES[shape], times)
    expression, codes = checked(text, SCOPE)
    assert codes <= {"RE402", "RE409", "RE414"}
    assert times > 1 or not codes
    if expression is None:
        return
    sites = Sites()
    assert len(query(expression, TABLES, sites)) <= 3 * LONGEST_SQL
    emitter = Emitter({name: table.indexes() for name, table in TABLES.items()}, sites)
    emitter.value(expression)
    assert sum(map(len, emitter.lines)) <= 500 * len(text)
    compiled(expression, TABLES, SCOPE.columns, sites)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_few_levels_of_everything_are_offered(shape: str) -> None:
    """Contracts that nest three roundings are not refused."""
    assert checked(nested(*SHAPES[shape], 3), SCOPE)[1] == set()


def test_names_that_stand_for_formulas_do_not_double_without_end() -> None:
    """Ten names, each the sum of two of the one before, are refused and not expanded."""
    scope = Scope(columns=SCOPE.columns)
    for step in range(60):
        text = "copay" if step == 0 else f"t{step - 1} + t{step - 1}"
        expression, codes = checked(text, scope)
        if expression is None:
            break
        scope = evolve(scope, locals={**scope.locals, f"t{step}": expression})
    assert codes == {"RE414"}
    assert step < LARGEST.bit_length() + 1


def test_names_that_stand_for_each_other_do_not_deepen_without_end() -> None:
    """A chain of names is as deep as its formulas together."""
    scope = Scope(columns=SCOPE.columns)
    for step in range(DEEPEST + 5):
        text = "copay" if step == 0 else f"t{step - 1} + 1"
        expression, codes = checked(text, scope)
        if expression is None:
            break
        scope = evolve(scope, locals={**scope.locals, f"t{step}": expression})
    assert codes == {"RE414"}
    assert step == DEEPEST


def test_a_case_of_too_many_branches_is_a_table() -> None:
    """The finding says so."""
    branches = " ".join(f"when drg = '{n:03}' then {n}" for n in range(BRANCHES + 1))
    with pytest.raises(ExpressionError) as caught:
        check(f"case {branches} end", SCOPE)
    (finding,) = caught.value.findings
    assert finding.code == "RE414"
    assert (
        finding.help == "put the values into a table and read them with lookup(table.column, key)"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"drg in ({', '.join(repr(str(n)) for n in range(1_000))})",
        " or ".join(f"drg = '{n}'" for n in range(600)),
        " and ".join(["drg is not null"] * 500),
        f"case {' '.join(f'when drg = {n!r} then {n}' for n in map(str, range(BRANCHES)))} end",
        " + ".join(["copay"] * DEEPEST),
        " or ".join(["(has(drgs, drg) and lookup(drgs.weight, drg) > 1)"] * BRANCHES),
        f"coalesce({', '.join(['lookup(drgs.base, drg)'] * 100)})",
        f"least({', '.join(['fee'] * 500)})",
    ],
)
def test_what_is_long_but_flat_is_computed(text: str) -> None:
    """Lists and chains are as long as a formula may be."""
    expression = check(text, SCOPE)
    sites = Sites()
    compiled(expression, TABLES, SCOPE.columns, sites)
    with duckdb.connect(config={"threads": 1}) as connection:
        columns = "NULL::VARCHAR AS drg, 1.00::DECIMAL(18, 2) AS copay, NULL::DECIMAL(18, 4) AS fee"
        connection.execute(f"CREATE TABLE line AS SELECT 1 AS place_, {columns}")
        connection.execute(
            "CREATE TABLE drgs (drg VARCHAR, weight DECIMAL(18, 4), base DECIMAL(18, 2))"
        )
        assert len(connection.execute(query(expression, TABLES, sites)).fetchall()) == 1


def test_what_one_formula_asks_of_a_writer_is_asked_once() -> None:
    """A row that two formulas read is joined once."""
    writer = SqlWriter({name: table.type for name, table in TABLES.items()}, Sites())
    for text in ("lookup(drgs.weight, drg) * 2", "has(drgs, drg)", "lookup(drgs.base, drg)"):
        expression = check(text, SCOPE)
        writer.failure(expression)
        writer.write(expression)
    assert [str(join) for join in writer.joins.values()] == [
        "LEFT JOIN drgs AS drgs_1 ON drgs_1.drg = drg"
    ]
