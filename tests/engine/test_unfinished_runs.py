"""A run that does not come to its end: what stands in the folder of results, and what does not."""

from pathlib import Path
from typing import Any

import pytest

from rules_engine import Engine, Ruleset

CONTRACT = """
ruleset: charges
version: "1"
effective: {from: 2015-01-01, through: 2015-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
rules:
  - id: care
    methodology: fee_schedule
    source: made up
    terms: {allowed: charge_amount}
"""


@pytest.fixture
def ruleset(tmp_path: Path) -> Ruleset:
    """A contract that pays what is charged."""
    path = tmp_path / "ruleset.yaml"
    path.write_text(CONTRACT, encoding="utf-8")
    return Engine().load(path)


def lines(charge: str) -> dict[str, Any]:
    """Give one claim line."""
    line = {
        "claim_id": "c1", "claim_line_number": "1", "person_id": "m",
        "claim_line_start_date": "2015-05-05", "charge_amount": charge,
    }  # fmt: skip
    return {"medical_claim": [line]}


@pytest.mark.parametrize("phase", ["read", "price", "settle", "write"])
def test_an_interrupted_run_leaves_no_lines(ruleset: Ruleset, tmp_path: Path, phase: str) -> None:
    """Who finds `lines.parquet` has all of a run's lines, or those of the run before."""
    out = tmp_path / "out"

    def interrupt(name: str, _done: int | None, _total: int | None) -> None:
        if name == phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ruleset.run(lines("10.00"), out, progress=interrupt)
    assert not out.exists() or list(out.iterdir()) == []
    with ruleset.run(lines("10.00"), out):
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert out / "lines.parquet" in before
    with pytest.raises(KeyboardInterrupt):
        ruleset.run(lines("99.00"), out, progress=interrupt)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_lines_are_read_under_their_final_name(ruleset: Ruleset, tmp_path: Path) -> None:
    """What a run wrote under another name is found where it is in the end."""
    out = tmp_path / "out"
    with ruleset.run(lines("10.00"), out) as run:
        assert [path.name for path in out.glob("*lines*")] == ["lines.parquet"]
        assert run.lines().read_all().num_rows == 1
        assert run.connection.execute("SELECT paid_amount FROM priced_line").fetchall()


def test_rejects_come_one_after_the_other(ruleset: Ruleset) -> None:
    """Rows that did not read, then lines without a price, whether listed or taken singly."""
    (line,) = lines("10.00")["medical_claim"]
    rows = [
        line,
        {**line, "claim_id": "c2", "charge_amount": "1.005"},
        {**line, "claim_id": "c3", "charge_amount": None},
        {**line, "claim_id": "c4", "claim_line_start_date": "2016-01-01"},
    ]
    with ruleset.run({"medical_claim": rows}) as run:
        each = run.each_reject()
        first = next(each)
        assert run.connection.execute("SELECT count(*) FROM priced_line").fetchone() == (3,)
        assert [first, *each] == run.rejects()
        assert [(r.key, r.code) for r in run.rejects()] == [
            ("claim_id=c2, claim_line_number=1", "RE502"),
            ("claim_id=c3, claim_line_number=1", "RE605"),
            ("claim_id=c4, claim_line_number=1", "RE610"),
        ]


def test_memory_that_is_no_amount_is_refused(ruleset: Ruleset) -> None:
    """Nothing is read by a run that was asked for what nobody can give."""
    with pytest.raises(ValueError, match="'a lot' is no amount of memory; it may be such as 512MB"):
        ruleset.run(lines("10.00"), memory="a lot")
