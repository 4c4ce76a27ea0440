"""A query on Apache Spark: tables in as Parquet, rows out as Parquet; in local mode by default."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

__all__ = ["SparkError", "query", "require", "session"]

_SETTINGS: Final[Mapping[str, str]] = {
    # Days before 1582 are the same days in DuckDB.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.session.timeZone": "UTC",
    # A number that does not fit is an error and never a null.
    "spark.sql.ansi.enabled": "true",
}
_LOG: Final = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""


class SparkError(ValueError):
    """Spark cannot run here; the message says what is missing."""


def require(given: Any = None) -> Any:
    """Make sure that Spark can run here.

    Args:
        given: A SparkSession of the caller, or None.

    Returns:
        The session that runs already, given or active in this process, or None.

    Raises:
        SparkError: pyspark is not installed, or there is no Java to run it.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415  it is an extra
    except ImportError:
        msg = "engine spark asks for pyspark: pip install 'rules-engine[spark]'"
        raise SparkError(msg) from None
    running = given or SparkSession.getActiveSession()
    if running is None and not _has_java():
        raise SparkError(_without_java())
    return running


@contextmanager
def session(given: Any = None) -> Iterator[Any]:
    """Give a Spark session of our own; what was running before goes on running.

    Args:
        given: A SparkSession of the caller; None takes the one that is active in this process, or
            starts one in local mode on all cores and stops it afterwards.

    Raises:
        SparkError: pyspark is not installed, or there is no Java to run it.
    """
    running = require(given)
    if running is not None:
        yield _own(running)
        return
    from pyspark.sql import SparkSession  # noqa: PLC0415  it is an extra

    with tempfile.TemporaryDirectory(prefix="rules-engine-") as folder:
        log = Path(folder, "log4j2.properties")
        log.write_text(_LOG, encoding="utf-8")
        started = (
            SparkSession.builder.master("local[*]")
            .appName("rules-engine")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.host", "localhost")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={log.as_uri()}")
            .config("spark.sql.warehouse.dir", folder)
            .getOrCreate()
        )
        try:
            yield _own(started)
        finally:
            started.stop()


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    if home:
        return shutil.which("java", path=str(Path(home, "bin"))) is not None
    return shutil.which("java") is not None


def _without_java() -> str:
    """Say what is looked for, and where."""
    home = os.environ.get("JAVA_HOME")
    if not home:
        return "engine spark asks for Java, and none is found: install one, or set JAVA_HOME"
    said = "is no folder" if not Path(home).is_dir() else "has no bin/java"
    wrong = f"JAVA_HOME is {home}, which {said}"
    return f"engine spark asks for Java, and {wrong}: set it right, or unset it"


def _own(running: Any) -> Any:
    # Settings and views of its own, on the same engine.
    made = running.newSession()
    for name, value in _SETTINGS.items():
        made.conf.set(name, value)
    return made


def query(spark: Any, text: str, tables: Mapping[str, Path], out: Path) -> None:
    """Run a query and write its rows.

    Args:
        spark: What `session` gave.
        text: The query, in Spark's dialect.
        tables: Parquet file of each table that it reads.
        out: Folder for the rows, as Parquet files; it must not exist.
    """
    for name, path in tables.items():
        spark.read.parquet(str(path)).createOrReplaceTempView(f"`{name}`")
    spark.sql(text).write.parquet(str(out))
