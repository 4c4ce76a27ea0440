"""Certificates with Spark: it agrees, and where it differs it is shown as any other engine is."""

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from rules_engine import Engine
from rules_engine.engine.certifying import ENGINES, certify
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes
from rules_engine.warehouse.spark import SparkError

ROOT: Final = Path(__file__).parents[2]
ENGINE: Final = Engine()
SPARK: Final = ENGINES[2]


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    "name", ["rulesets/vivity", "rulesets/medicare-physician-fees", "examples/procedures"]
)
def test_spark_prices_as_the_judge_does(name: str) -> None:
    """Boundaries, ties, missing rows and running sums of the reference rulesets."""
    made = ENGINE.load(ROOT / name / "ruleset.yaml").certify(claims=600, engines=["spark"])
    assert made.verdict == "agree", made.counterexample and made.counterexample.case
    assert [(one.name, one.differences) for one in made.engines] == [("spark", 0)]


@pytest.mark.usefixtures("spark")
def test_a_cent_that_spark_would_lose_is_shown() -> None:
    """The smallest claim, as a case to paste."""
    ruleset = ENGINE.load(ROOT / "examples" / "clinic" / "ruleset.yaml")
    known = certify(ruleset, claims=300, engines=(SPARK,))
    assert known.verdict == "agree"
    wrong = evolve(SPARK, price=lambda contract, sample: _shifted(SPARK.price(contract, sample)))
    made = certify(ruleset, claims=60, engines=(wrong,))
    assert made.verdict == "differ"
    assert made.counterexample is not None
    assert made.counterexample.case.startswith('- case: "spark and the exact evaluator differ"')


def _shifted(found: Outcomes) -> Outcomes:
    return {
        key: one
        if one.is_rejected
        else Outcome({**one.values, "paid": Fraction(one.values["paid"] or 0) + Fraction(1, 100)})
        for key, one in found.items()
    }


def test_a_machine_without_java_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate says why Spark was not compared."""

    def session(_: Any = None) -> Any:
        msg = "engine spark asks for Java, and none is found"
        raise SparkError(msg)

    monkeypatch.setattr("rules_engine.warehouse.spark.session", session)
    ruleset = ENGINE.load(ROOT / "examples" / "clinic" / "ruleset.yaml")
    made = ruleset.certify(claims=20, engines=["closure", "spark"])
    told = {one.name: one.why_not for one in made.engines}
    assert told["closure"] is None
    assert told["spark"] in {
        "engine spark asks for Java, and none is found",
        "pyspark is not installed",
    }
    with pytest.raises(ValueError, match="spork is no engine; closure, duckdb, spark are"):
        ruleset.certify(engines=["spork"])
