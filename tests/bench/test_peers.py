"""Peers: each does the job by one file, and none is dropped in silence."""

import ast
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench import environment, others
from bench.environment import Environment, NotThereError, requirements
from bench.exact import price
from bench.job import Job, make_job
from bench.peers import __main__ as runner
from bench.peers.names import PEERS, RIVALS
from bench.peers.way import Way, cents, dollars, in_cents, in_floats

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "bench" / "peers"
FEES = {"C010": Decimal("153.70")}
LINE = {
    "hcpcs_code": "C010",
    "hcpcs_modifier_1": None,
    "place_of_service_code": "11",
    "network_tier": "B",
    "service_unit_quantity": 1,
    "charge_amount": Decimal("12.30"),
}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Make a small reference job."""
    return make_job(tmp_path_factory.mktemp("job"), 1_000)


@pytest.mark.parametrize("module", sorted(PEERS.values()))
def test_a_peer_is_one_file_with_its_ways(module: str) -> None:
    """Each file is Python without its library, and offers `ways(fees)`."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    (ways,) = [function for function in functions if function.name == "ways"]
    assert [argument.arg for argument in ways.args.args] == ["fees"]


def test_what_is_compared_with_is_what_is_installed() -> None:
    """Every peer has a requirement of its own; nothing else is installed but what reads files."""
    found = requirements((ROOT / "bench" / "requirements.txt").read_text(encoding="utf-8"))
    assert set(found) == {*PEERS, "polars", "duckdb"}
    assert set(PEERS) > RIVALS


def test_comments_are_no_requirements() -> None:
    """A comment ends a line, and an empty line asks for nothing."""
    assert requirements("# of the bench\n\npolars  # by hand\nduckdb\n") == ["polars", "duckdb"]


def test_a_line_is_taken_and_read_back_without_a_cent_lost() -> None:
    """Floats are read to the nearest cent, whole cents as they are."""
    assert in_floats(LINE)["charge"] == 12.3
    assert in_cents(LINE)["charge"] == 1230
    expected = (Decimal("12.30"), Decimal("0.62"), Decimal("11.68"))
    assert dollars((12.3, 0.62, 12.3 - 0.62)) == expected
    assert cents((1230, 62, 1168)) == expected


def by_line(wrong: str = "") -> Way:
    """Do the job with the exact reference, and a cent off for one code."""

    def priced(line: Any) -> Any:
        allowed, withheld, paid = price(line, FEES | {"C000": Decimal(1), "C001": Decimal(2)})
        return allowed, withheld, paid + (line["hcpcs_code"] == wrong) * Decimal("0.01")

    return Way(lambda line: line, priced, lambda found: found)


def chunked() -> Iterator[list[dict[str, Any]]]:
    """Give five lines in two parts."""
    yield [LINE | {"hcpcs_code": code} for code in ("C000", "C001", "C000")]
    yield [LINE | {"hcpcs_code": code} for code in ("C001", "C010")]


def test_wrong_lines_of_a_peer_are_counted() -> None:
    """Every line counts, whether a way takes lines one at a time or all at once."""
    fees = FEES | {"C000": Decimal(1), "C001": Decimal(2)}
    one = by_line("C001")
    many = Way(list, lambda found: [one.price(line) for line in found], list, is_of_rows=True)
    for way in (one, many):
        found = runner.many_rows(way, chunked(), fees, seconds=60)
        assert (found["rows"], found["wrong"]) == (5, 2)


def test_a_peer_stops_when_its_time_is_over() -> None:
    """Lines that were priced until then are counted, and no others."""
    fees = FEES | {"C000": Decimal(1), "C001": Decimal(2)}
    found = runner.many_rows(by_line(), chunked(), fees, seconds=-1)
    assert (found["rows"], found["wrong"]) == (1, 0)


def test_lines_are_read_as_python_values(job: Job) -> None:
    """A peer gets the lines that this engine gets."""
    (rows,) = runner.chunks(str(job.lines))
    assert rows == job.rows(1_000)


def test_a_peer_that_does_not_run_is_a_row_with_its_reason(job: Job) -> None:
    """Neither one that did not install nor one that fails is left out."""
    missing = dict.fromkeys(PEERS, "does not install: no wheel")
    section = others.engines(job, Environment(Path(sys.executable), missing), 1.0, 1.0)
    assert [one.what for one in section.measures] == list(PEERS)
    assert {one.measured for one in section.measures} == {"did not run: does not install: no wheel"}
    assert {one.is_met for one in section.measures} == {None}


def test_polars_that_does_not_run_is_a_row_with_its_reason(job: Job, tmp_path: Path) -> None:
    """The reason stands where the figures would."""
    there = Environment(Path(sys.executable), {"polars": "does not install: no wheel"})
    (row,) = others.polars(job, there, tmp_path, 1)
    assert row.measured == "did not run: does not install: no wheel"


def test_this_engine_has_to_be_faster_than_a_rival() -> None:
    """Ratios to plain Python are compared; what takes rows at once has no verdict."""
    times = {"whole": [9e-6, 4e-6], "core": [2e-6, 1e-6], "plain": [3e-6, 2e-6]}
    way = {"name": "w", "rows": 10, "seconds": 1.0, **times}
    rows = {"name": "rows", "rows": 10, "seconds": 1.0, "wrong": 3}
    answer = {"version": "1.0", "ways": [way | {"wrong": 0}, rows]}
    for ours, is_met in ((1.9, True), (2.1, False)):
        one, many = others.ways_of("zen-engine", answer, ours)
        assert (one.is_met, one.ratio, many.is_met) == (is_met, "2.00 x plain", None)
        assert many.wrong == "3 of 10"
    one, _ = others.ways_of("openfisca-core", answer, 9.0)
    assert one.is_met is None


def test_the_last_word_of_a_failure_is_its_reason() -> None:
    """A module that fails or is not there says why."""
    there = Environment(Path(sys.executable), {})
    with pytest.raises(NotThereError, match="No module named"):
        there.ask("x", "bench.no_such_module", seconds=60)
    assert environment.last_line("Traceback\nValueError: no\n\n") == "ValueError: no"
    assert environment.last_line("") == "no reason given"
