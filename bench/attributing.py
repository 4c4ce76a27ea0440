"""How long attributing members takes, and how much memory: `python -m bench.attributing LINES`."""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from rules_engine import Engine

RULESET = Path(__file__).parents[1] / "examples" / "attribution" / "ruleset.yaml"
LINES_A_PERSON = 25
PRACTICES = 2_000


def write_claims(folder: Path, lines: int) -> None:
    """Write made-up claims of 2026 and the enrolment of their persons."""
    persons = max(1, lines // LINES_A_PERSON)
    connection = duckdb.connect()
    connection.execute(
        f"COPY (SELECT 'c' || i AS claim_id, 1 AS claim_line_number,"  # noqa: S608  numbers
        f" 'm' || (hash(i) % {persons}) AS person_id, 'professional' AS claim_type,"
        f" 'p' || (hash(hash(i) % {persons}, hash(i + 7) % 4) % {PRACTICES}) AS billing_tin,"
        " CASE WHEN hash(i + 1) % 3 = 0 THEN 'cardiology' ELSE 'family' END AS specialty,"
        " CASE WHEN hash(i + 2) % 2 = 0 THEN '99213' ELSE '80053' END AS hcpcs_code,"
        " DATE '2026-01-01' + CAST(hash(i + 3) % 365 AS INTEGER) AS claim_line_start_date,"
        " CAST(hash(i + 4) % 20000 AS DECIMAL(14, 2)) * 0.01::DECIMAL(3, 2) AS allowed_amount"
        f" FROM range({lines}) AS t(i)) TO '{folder / 'medical_claim.parquet'}' (FORMAT parquet)"
    )
    connection.execute(
        f"COPY (SELECT 'm' || i AS person_id, DATE '2026-01-01' AS enrollment_start_date,"  # noqa: S608  numbers
        " DATE '2026-12-31' AS enrollment_end_date FROM"
        f" range({persons}) AS t(i)) TO '{folder / 'eligibility.parquet'}' (FORMAT parquet)"
    )
    (folder / "choice.csv").write_text("person_id,practice_id\nm0,p1\n", encoding="utf-8")


def main() -> None:
    """Attribute and settle made-up claims once."""
    lines = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        write_claims(Path(made), lines)
        ruleset = Engine().load(RULESET)
        begun = time.perf_counter()
        with ruleset.run(made) as run:
            took = time.perf_counter() - begun
            outputs = run.settled("assignment").outputs
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{lines:,} lines: {took:.1f} s, {most:.1f} GiB at most,"
            f" {outputs['attributed']} of {outputs['considered']} persons attributed"
        )


if __name__ == "__main__":
    main()
