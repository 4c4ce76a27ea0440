"""A whole run: timed by phases, and in processes of their own."""

from pathlib import Path

import pytest

from bench import whole
from bench.claim import CLAIM
from bench.compiling import compiled
from bench.exact import price
from bench.job import make_job


def test_phases_of_a_run_are_named(tmp_path: Path) -> None:
    """The ratio leaves digests out, and shows what a run spends its time on."""
    job = make_job(tmp_path, 300)
    ratio, digests, phases = whole.whole_run(job, tmp_path)
    assert ratio.ratio.endswith(" x by hand")
    assert digests.measured.endswith(" s")
    assert [part.split()[0] for part in phases.measured.split(", ")] == [
        "read",
        "price",
        "settle",
        "write",
    ]


def test_each_size_runs_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds per million and memory are those of that size alone; nothing is left behind."""
    monkeypatch.setattr(whole, "SIZES", (300, 600))
    section = whole.scale(tmp_path)
    assert [one.what for one in section.measures] == [
        "whole `Ruleset.run`, 300 lines",
        "whole `Ruleset.run`, 600 lines",
    ]
    assert all(one.ratio.endswith(" s per million") for one in section.measures)
    assert not list(tmp_path.iterdir())


def test_the_formula_that_is_compiled_gives_the_fee(tmp_path: Path) -> None:
    """What is timed from text to function is a function of a row."""
    job = make_job(tmp_path, 300)
    formula = compiled(job, job.ruleset.plan.rules[0].text)
    row = CLAIM | {"charge_amount": CLAIM["charge_amount"] * 1000}
    assert formula(row) == price(row, job.fees)[0]
