"""A batch priced on Spark is the batch priced in DuckDB: every line, its order and its refusals."""

from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from rules_engine import Engine, Ruleset, Run
from rules_engine.testing import population
from rules_engine.testing.contracts import Contract
from tests.laws.contracts import ROSTER, claim_lines, contract, contracts

ENGINE = Engine()


def lines(run: Run) -> tuple[list[Any], list[Any]]:
    """Give the columns of the priced lines with their types, and the lines."""
    columns = run.connection.execute("DESCRIBE priced_line").fetchall()
    rows = run.connection.execute("SELECT * FROM priced_line ORDER BY ALL").fetchall()
    return columns, rows


def assert_same(ruleset: Ruleset, data: Any, spark: Any, **options: Any) -> None:
    """Run with both engines and compare what they decided."""
    with ruleset.run(data, **options) as ours:
        expected = (*lines(ours), ours.rejects(), ours.summary, ours.ledger.balances())
    with ruleset.run(data, **options, engine="spark", spark=spark) as run:
        found = (*lines(run), run.rejects(), run.summary, run.ledger.balances())
    assert found == expected


@given(contracts())
@settings(
    max_examples=max(3, settings().max_examples // 20),
    # A query of Spark takes too long to look for the smallest contract that fails.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_a_batch_on_spark_is_the_batch_in_duckdb(spark: Any, drawn: Contract) -> None:
    """Random contracts over every stage, on lines that lie in wait for them."""
    ruleset = drawn.load(ENGINE)
    seed = Random(ruleset.digest).randrange(2**32)  # noqa: S311  claims, not secrets
    data = {"medical_claim": claim_lines(seed, 60), "roster": list(ROSTER)}
    assert_same(ruleset, data, spark, mappings=())


def test_a_reference_ruleset_leaves_the_same_results_on_spark(spark: Any, tmp_path: Path) -> None:
    """The same lines in the same order and types, the same refusals, the same transfers."""
    population.generate(tmp_path / "data", members=300, seed=7)
    ruleset = ENGINE.load(Path("rulesets/vivity/ruleset.yaml"))
    found = []
    for engine in ("duckdb", "spark"):
        out = tmp_path / engine
        data = tmp_path / "data"
        with ruleset.run(data, out, period="2015", engine=engine, spark=spark) as run:
            assert run.summary.lines_priced > 1_000
            columns = run.connection.execute("DESCRIBE priced_line").fetchall()
            rows = run.connection.execute("SELECT * FROM priced_line").fetchall()
        texts = [(out / name).read_text() for name in ("rejects.csv", "transfers.csv")]
        found.append((columns, rows, texts))
        # What Spark worked on is gone.
        assert not [path for path in out.iterdir() if path.name.startswith(".")]
    assert found[0] == found[1]


def test_only_one_year_is_priced_on_spark(spark: Any) -> None:
    """Lines of other years are left out, and dates move, as in DuckDB."""
    data = {"medical_claim": claim_lines(5, 60), "roster": list(ROSTER)}
    rule = {
        "id": "visits",
        "methodology": "fee_schedule",
        "source": "exhibit A",
        "terms": {"allowed": "round(charge_amount * pct / 3, 2)", "per": "claim"},
    }
    ruleset = contract([rule]).load(ENGINE)
    assert_same(ruleset, data, spark, mappings=(), year=2014, as_year=2015)
    assert_same(ruleset, data, spark, mappings=(), year=2015)
