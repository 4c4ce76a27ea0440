"""How long a year of capitation takes, and how much memory: `python -m bench.capitation MEMBERS`.

Enrolment is made up as raw spans by a seeded generator: most members have one span, some have
gaps, overlaps, joins and leaves in the middle of a month, or ends that became known later.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from rules_engine import Engine

RULESET = Path(__file__).parents[1] / "rulesets" / "hmo-capitation" / "ruleset.yaml"
GROUPS = 500
SEED = 2026
YEAR = "2026"


def write_enrolment(folder: Path, members: int, seed: int = SEED) -> int:
    """Write made-up enrolment of 2025 and 2026 and its groups; give the number of spans."""
    connection = duckdb.connect()
    path = folder / "eligibility.parquet"
    person = (
        f"SELECT i, hash(i, {seed}) AS h, hash(i, {seed}, 1) AS k"  # noqa: S608  numbers
        f" FROM range({members}) AS t(i)"
    )
    # A third has a second span; it begins before the first one ends, or after a gap.
    spans = (
        "SELECT i, h, k, DATE '2025-01-01' + (h % 500)::INTEGER AS s,"
        " CASE WHEN k % 3 < 2 THEN DATE '2026-01-20' + (k % 300)::INTEGER END AS e FROM person"
        " UNION ALL SELECT i, h, k, DATE '2026-01-10' + (k % 300)::INTEGER"
        " + ((h % 40)::INTEGER - 10), NULL FROM person WHERE k % 3 = 0"
    )
    connection.execute(
        f"COPY (WITH person AS ({person}), spans AS ({spans})"  # noqa: S608  numbers of our own
        " SELECT 'm' || i AS person_id, s AS enrollment_start_date, e AS enrollment_end_date,"
        f" 'g' || (h % {GROUPS}) AS party, 'hmo' AS product,"
        " DATE '1936-01-01' + (k % 32000)::INTEGER AS birth_date,"
        " CASE WHEN h % 2 = 0 THEN 'female' ELSE 'male' END AS sex,"
        " CASE WHEN h % 5 = 0 THEN 'rural' ELSE 'metro' END AS region,"
        " ((k % 4000) * 0.001::DECIMAL(4, 3))::DECIMAL(18, 6) AS risk_score FROM spans)"
        f" TO '{path}' (FORMAT parquet)"
    )
    found = connection.execute(f"SELECT count(*) FROM '{path}'").fetchone()  # noqa: S608  a path of our own
    rows = "".join(f"g{n},{YEAR},0.8,0.9\n" for n in range(GROUPS))
    (folder / "group_year.csv").write_text(f"party,year,visited,quality\n{rows}", encoding="utf-8")
    return int(found[0]) if found else 0


def main() -> None:
    """Derive, price and settle twelve months, and the year, once."""
    members = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "data")
        folder.mkdir()
        spans = write_enrolment(folder, members)
        ruleset = Engine().load(RULESET)
        labels = [YEAR, *(f"{YEAR}-{month:02}" for month in range(1, 13))]
        begun = time.perf_counter()

        def tell(phase: str, _done: int | None, _total: int | None) -> None:
            print(f"  {time.perf_counter() - begun:6.1f} s  {phase}", file=sys.stderr)

        out = Path(made, "out")
        with ruleset.run(folder, out, period=labels, progress=tell) as run:
            took = time.perf_counter() - begun
            months = run.months
            if months is None:
                raise SystemExit(1)
            found = months.summary
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu, most = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
        print(
            f"{members:,} members, {spans:,} spans, {found.priced:,} member-months,"
            f" {found.rejected:,} rejected: {took:.1f} s, {cpu:.1f} s of processor,"
            f" {most:.2f} GiB at most, {found.paid:,} paid"
        )


if __name__ == "__main__":
    main()
