"""The reference job of the benchmarks: what is timed gives the exact answer."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bench.batch import batch
from bench.claim import CLAIM
from bench.exact import differing, differing_of_sample
from bench.job import Job, make_job

LINES = 3_000


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Make a small reference job."""
    return make_job(tmp_path_factory.mktemp("job"), LINES)


def test_every_line_of_a_batch_that_is_timed_is_right(job: Job, tmp_path: Path) -> None:
    """No line of any path is wrong at any size; of speed, the bench alone judges."""
    measures = batch(job, tmp_path, rounds=1)
    assert len(measures) == 4
    assert {one.wrong for one in measures} == {f"0 of {LINES:,}"}


def test_a_cent_is_seen_by_both_references(job: Job, tmp_path: Path) -> None:
    """A result in which one line is a cent off differs in one line, whoever compares."""
    connection = duckdb.connect()
    good, wrong = tmp_path / "good.parquet", tmp_path / "wrong.parquet"
    connection.execute(job.baseline.replace(":out", str(good)))
    one = "claim_id = 'CLM0000000007' AND claim_line_number = 2"
    paid = f"CASE WHEN {one} THEN paid_amount + 0.01 ELSE paid_amount END AS paid_amount"
    connection.read_parquet(str(good)).project(f"* REPLACE ({paid})").write_parquet(str(wrong))
    for path, count in ((good, 0), (wrong, 1)):
        assert differing(connection, job.lines, job.fees_file, path) == count
        compared = differing_of_sample(connection, job.lines, job.fees, path, every=1)
        assert compared == (LINES, count)


def test_a_price_of_a_compiled_ruleset_loads_no_engine_of_tables(job: Job, tmp_path: Path) -> None:
    """Embedding a price imports neither DuckDB nor sqlglot nor jsonschema."""
    compiled = tmp_path / "compiled.json"
    job.ruleset.save(compiled)
    claim = {name: str(value) for name, value in CLAIM.items()} | {"claim_line_number": 1}
    script = (
        "import sys; from rules_engine import Engine; "
        f"paid = Engine().open({str(compiled)!r}).price({claim!r}).paid; "
        "heavy = {'duckdb', 'sqlglot', 'jsonschema', 'pyarrow', 'rich', 'click'}; "
        "print(paid, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(job.ruleset.price(CLAIM).paid), "[]"]


def test_the_face_loads_a_name_at_its_first_use() -> None:
    """`import rules_engine` loads nothing of the floors below; every public name is found later."""
    script = (
        "import sys, rules_engine; "
        "assert not [n for n in sys.modules if n.startswith('rules_engine.')]; "
        "found = [getattr(rules_engine, name) for name in rules_engine.__all__]; "
        "print(len(found) == len(rules_engine.__all__) and "
        "set(rules_engine.__all__) <= set(dir(rules_engine)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "True\n"
