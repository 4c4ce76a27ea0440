"""The engine of a run: Spark where it is, and what is said where it is not."""

import sys
from pathlib import Path
from typing import Any

import pytest

from rules_engine.warehouse import spark as on_spark
from tests.cli.conftest import Call

RUN = ("run", "ruleset.yaml", "--data", "data")


@pytest.mark.usefixtures("folder")
def test_spark_prints_what_duckdb_prints(call: Call, spark: Any) -> None:
    """One option, the same answer."""
    assert spark is not None
    ours = call(*RUN, "--format", "json")
    found = call(*RUN, "--format", "json", "--engine", "spark")
    assert (found.exit_code, found.stdout) == (0, ours.stdout)


@pytest.mark.usefixtures("folder")
def test_without_pyspark_the_run_says_how_to_get_it(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, and the name of the extra."""
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    done = call(*RUN, "--engine", "spark")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "pip install 'rules-engine[spark]'" in done.stderr


@pytest.mark.usefixtures("folder")
def test_without_java_the_run_says_so(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No traceback, and where Java is looked for."""
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is an extra")
    monkeypatch.setattr(pyspark.SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    done = call(*RUN, "--engine", "spark")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Java" in done.stderr
    assert "JAVA_HOME" in done.stderr


@pytest.mark.parametrize(("folder_", "said"), [("none", "is no folder"), (".", "has no bin/java")])
@pytest.mark.usefixtures("folder")
def test_a_wrong_home_of_java_is_named(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder_: str, said: str
) -> None:
    """Whoever set it wrong does not look for another Java."""
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is an extra")
    monkeypatch.setattr(pyspark.SparkSession, "getActiveSession", lambda: None)
    home = str(tmp_path / folder_)
    monkeypatch.setenv("JAVA_HOME", home)
    done = call(*RUN, "--engine", "spark")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"JAVA_HOME is {home}, which {said}" in done.stderr


def test_the_settings_and_views_of_the_callers_session_stay(spark: Any) -> None:
    """What runs is a session of our own, and the caller's goes on."""
    spark.conf.set("spark.sql.ansi.enabled", "false")
    with on_spark.session(spark) as ours:
        ours.range(1).createOrReplaceTempView("of_ours")
        assert ours.conf.get("spark.sql.ansi.enabled") == "true"
    assert spark.conf.get("spark.sql.ansi.enabled") == "false"
    assert not spark.catalog.tableExists("of_ours")
    spark.conf.unset("spark.sql.ansi.enabled")
    assert spark.range(3).count() == 3
