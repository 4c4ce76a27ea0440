"""How long building episodes takes, and how much memory: `python -m bench.episodes LINES`."""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from rules_engine import Engine

RULESET = Path(__file__).parents[1] / "examples" / "episodes" / "ruleset.yaml"
LINES_A_PERSON = 25
HOSPITALS = 500
SEED = 7


def write_claims(folder: Path, lines: int) -> None:
    """Write made-up claims of 2026, of which one in fifty is a stay, and who is enrolled."""
    persons = max(1, lines // LINES_A_PERSON)
    connection = duckdb.connect()
    stays = (
        f"SELECT i, hash(i, {SEED}) AS a, hash(i, {SEED + 1}) AS b, hash(i, {SEED + 2}) AS c,"  # noqa: S608  numbers
        f" hash(i, {SEED + 3}) % 50 = 0 AS is_stay FROM range({lines}) AS t(i)"
    )
    day = "DATE '2026-01-01' + CAST(c % 365 AS INTEGER)"
    ends = f"{day} + CASE WHEN is_stay THEN CAST(a % 7 AS INTEGER) ELSE 0 END"
    connection.execute(
        f"COPY (SELECT 'c' || i AS claim_id, 1 AS claim_line_number,"  # noqa: S608  numbers
        f" 'm' || (b % {persons}) AS person_id,"
        " CASE WHEN is_stay THEN 'institutional' ELSE 'professional' END AS claim_type,"
        f" 'h' || (hash(b % {persons}, c % 4) % {HOSPITALS}) AS billing_tin,"
        " CASE WHEN is_stay"
        " THEN ['470', '291', '292', '871', '194'][1 + CAST(a % 5 AS INTEGER)] END"
        " AS drg_code,"
        f" CASE WHEN is_stay THEN {day} END AS admission_date,"
        f" CASE WHEN is_stay THEN {ends} END AS discharge_date,"
        f" {day} AS claim_line_start_date, {ends} AS claim_line_end_date,"
        f" {day} AS claim_start_date, {ends} AS claim_end_date,"
        " CASE WHEN a % 40 = 0 THEN 'S72' ELSE 'I50' END AS diagnosis_code_1,"
        " CASE WHEN is_stay THEN CASE WHEN c % 20 = 0 THEN '02' ELSE '01' END END"
        " AS discharge_disposition_code,"
        " CAST(CASE WHEN is_stay THEN 500000 + a % 2000000 ELSE a % 30000 END AS DECIMAL(14, 2))"
        f" * 0.01::DECIMAL(3, 2) AS allowed_amount FROM ({stays}))"
        f" TO '{folder / 'medical_claim.parquet'}' (FORMAT parquet)"
    )
    connection.execute(
        f"COPY (SELECT 'm' || i AS person_id, DATE '2026-01-01' AS enrollment_start_date,"  # noqa: S608  numbers
        " DATE '2026-12-31' AS enrollment_end_date FROM"
        f" range({persons}) AS t(i)) TO '{folder / 'eligibility.parquet'}' (FORMAT parquet)"
    )
    connection.execute(
        f"COPY (SELECT 'h' || i AS provider, 1 AS quality FROM range({HOSPITALS}) AS t(i))"  # noqa: S608  numbers
        f" TO '{folder / 'hospital.parquet'}' (FORMAT parquet)"
    )


def main() -> None:
    """Build and reconcile episodes of made-up claims once."""
    lines = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        write_claims(Path(made), lines)
        ruleset = Engine().load(RULESET)
        begun, used = time.perf_counter(), time.process_time()
        with ruleset.run(made) as run:
            took, used = time.perf_counter() - begun, time.process_time() - used
            episodes = sum(int(one.outputs["episodes"]) for one in run.settlements)
            triggers = sum(int(one.outputs["triggers"]) for one in run.settlements)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{lines:,} lines: {took:.1f} s, {used:.1f} s of processors, {most:.1f} GiB at most,"
            f" {episodes:,} episodes of {triggers:,} triggers"
        )


if __name__ == "__main__":
    main()
