"""The reference job: its lines and fees, and the ruleset that says the same as the SQL by hand."""

import csv
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
from attrs import frozen

from rules_engine import Engine, Ruleset

__all__ = ["Job", "make_job", "open_job", "write_job"]

HERE: Final = Path(__file__).parent / "reference"


@frozen(kw_only=True)
class Job:
    """What is priced, and by which ruleset.

    Attributes:
        lines: Parquet file of the claim lines, alone in its folder.
        fees_file: Parquet file of the fees.
        fees: Fee by code, in dollars.
        ruleset: The job as a ruleset.
        count: How many lines there are.
    """

    lines: Path
    fees_file: Path
    fees: dict[str, Decimal]
    ruleset: Ruleset
    count: int

    @property
    def baseline(self) -> str:
        """The job by hand, with `:out` left to be replaced."""
        sql = (HERE / "baseline.sql").read_text(encoding="utf-8")
        return sql.replace(":lines", str(self.lines)).replace(":fees", str(self.fees_file))

    def rows(self, count: int) -> list[dict[str, Any]]:
        """Give the first lines as claims of one line each."""
        cursor = duckdb.connect().execute(f"SELECT * FROM '{self.lines}' LIMIT {int(count)}")  # noqa: S608  a path of ours
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def make_job(folder: Path, count: int) -> Job:
    """Write the job and open it."""
    write_job(folder, count)
    return open_job(folder, count)


def write_job(folder: Path, count: int) -> None:
    """Write lines, fees, and the ruleset over these fees."""
    lines, fees = _files(folder)
    lines.parent.mkdir(parents=True, exist_ok=True)
    sql = (HERE / "lines.sql").read_text(encoding="utf-8").replace(":n", str(count))
    connection = duckdb.connect()
    connection.execute(sql.replace(":lines", str(lines)).replace(":fees", str(fees)))
    tables = folder / "ruleset" / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "ruleset.yaml", tables.parent)
    with (tables / "fees.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["hcpcs_code", "amount"])
        writer.writerows(_fees(fees))


def open_job(folder: Path, count: int) -> Job:
    """Load what was written."""
    lines, fees = _files(folder)
    ruleset = Engine().load(folder / "ruleset" / "ruleset.yaml")
    return Job(lines=lines, fees_file=fees, fees=dict(_fees(fees)), ruleset=ruleset, count=count)


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / "data" / "medical_claim.parquet", folder / "fees.parquet"


def _fees(path: Path) -> list[tuple[str, Decimal]]:
    return duckdb.execute(f"SELECT * FROM '{path}' ORDER BY 1").fetchall()  # noqa: S608  a path of ours
