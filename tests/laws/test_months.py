"""Laws of member-months: one alone is the one in the batch, in DuckDB and on Spark."""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rules_engine import Engine, Run
from rules_engine.testing.contracts import Contract
from rules_engine.testing.months import months_alone_as_in_the_batch
from tests.laws.monthly import contracts, member_months

ENGINE = Engine()


@settings(max_examples=settings().max_examples // 2)
@given(contracts(), st.integers(0, 2**32))
def test_a_member_month_priced_alone_is_the_one_in_the_batch(drawn: Contract, seed: int) -> None:
    """Who is paid, every amount to the cent, and the reason of a rejection, by every rule."""
    ruleset = drawn.load(ENGINE)
    with ruleset.run(member_months(seed), mappings=()) as run:
        months_alone_as_in_the_batch(ruleset, run)


def months(run: Run) -> tuple[list[Any], list[Any]]:
    """Give the columns of the priced member-months with their types, and the rows."""
    columns = run.connection.execute("DESCRIBE priced_month").fetchall()
    rows = run.connection.execute("SELECT * FROM priced_month ORDER BY ALL").fetchall()
    return columns, rows


@given(contracts(rules=2), st.integers(0, 2**32))
@settings(
    max_examples=max(3, settings().max_examples // 20),
    # A query of Spark takes too long to look for the smallest contract that fails.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_member_months_on_spark_are_those_in_duckdb(spark: Any, drawn: Contract, seed: int) -> None:
    """The same rows in the same types, the same refusals, the same balances."""
    ruleset = drawn.load(ENGINE)
    data = member_months(seed)
    with ruleset.run(data, mappings=()) as ours:
        expected = (*months(ours), ours.rejects(), ours.ledger.balances())
    with ruleset.run(data, mappings=(), engine="spark", spark=spark) as run:
        found = (*months(run), run.rejects(), run.ledger.balances())
    assert found == expected
