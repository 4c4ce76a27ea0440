"""Many entities: a summary for people, and explanations that find the one that is asked for."""

import json
from pathlib import Path
from typing import Final

import pytest
from click.testing import Result

from tests.cli.conftest import Call

CLINICS: Final = """\
ruleset: clinics
title: Each clinic shares what is left of its budget
version: "1"
lan_category: 3A
effective: {from: 2015-01-01, through: 2015-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer}
entities: {clinic: {table: clinic, key: [number], role: provider}}
tables:
  clinic: {key: [number], columns: {number: code, budget: money, spent: money}}
rules:
  - id: savings
    methodology: gain_loss_sharing
    for_each: clinic
    source: exhibit B
    terms:
      revenue: {budget: clinic.budget}
      expenditure: {care: clinic.spent}
      gain:
        share: equal
        among: [clinic]
        residual: plan
        bands: [{through: 0.1, rate: 0.5}, {through: 0.2, rate: 0.4}, {rate: 0.3}]
      loss: {share: equal, among: [plan]}
"""


@pytest.fixture
def clinics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A contract with thirty clinics; clinic c07 spends 70.00 of 300.00, the others more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ruleset.yaml").write_text(CLINICS, encoding="utf-8")
    _write(tmp_path, 30)
    return tmp_path


def _write(folder: Path, count: int) -> None:
    rows = [f"c{n:02},300.00,{70 if n == 7 else 100 + n}.00" for n in range(count)]
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "clinic.csv").write_text(
        "\n".join(["number,budget,spent", *rows, ""]), encoding="utf-8"
    )


def _ran(call: Call, *more: str) -> Result:
    done = call("run", "ruleset.yaml", "--data", "data", "--out", "out", *more)
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.usefixtures("clinics")
def test_many_settlements_are_summed_up(call: Call) -> None:
    """Counts, totals and who has most: not a line for each output of each clinic."""
    told = _ran(call).stdout
    assert "savings 2015: 30 settlements" in told
    (revenue,) = (line.split() for line in told.splitlines() if line.split()[:1] == ["revenue"])
    assert revenue[:3] == ["revenue", "30", "9,000.00"]
    (result,) = (line.split() for line in told.splitlines() if line.split()[:1] == ["result"])
    assert result[-2:] == ["230.00", "c07"]
    assert len(told.splitlines()) < 50


@pytest.mark.usefixtures("clinics")
def test_programs_get_every_settlement_exactly(call: Call) -> None:
    """JSON leaves nothing out and shortens no number."""
    told = json.loads(_ran(call, "--format", "json").stdout)
    assert len(told["settlements"]) == 30
    rates = {tuple(one["key"]): one["outputs"]["result_rate"] for one in told["settlements"]}
    assert rates["c01",] == "199/300"


def test_a_few_settlements_are_listed(call: Call, clinics: Path) -> None:
    """Each with its outputs, rates as decimals."""
    _write(clinics, 2)
    told = _ran(call).stdout
    assert "savings c01 2015" in told
    assert "0.663333…" in told


@pytest.mark.usefixtures("clinics")
def test_a_key_that_is_not_there_gets_the_nearest_and_a_few(call: Call) -> None:
    """Thirty keys are no answer; the one that was meant is."""
    _ran(call)
    why = ("explain", "ruleset.yaml", "--result", "out", "--rule", "savings")
    refused = call(*why, "--key", "C07")
    assert refused.exit_code == 2
    assert "did you mean c07?" in refused.stderr
    assert "and 20 more" in refused.stderr
    assert call(*why).exit_code == 2


def test_the_only_key_needs_no_naming(call: Call, clinics: Path) -> None:
    """Where one clinic was settled, it is meant."""
    _write(clinics, 1)
    _ran(call)
    done = call("explain", "ruleset.yaml", "--result", "out", "--rule", "savings")
    assert done.exit_code == 0, done.output
    assert "200.00" in done.stdout


@pytest.mark.usefixtures("clinics")
def test_what_a_tree_has_shown_is_referred_to(call: Call) -> None:
    """Three bands read one amount: what it is made of is shown once, and whole for programs."""
    _ran(call)
    why = (
        "explain",
        "ruleset.yaml",
        "--result",
        "out",
        "--rule",
        "savings",
        "--key",
        "c07",
        "--party",
        "c07",
    )
    told = call(*why).stdout
    assert told.count("revenue_budget: ") == 1
    assert "counted: 230.00 (as above)" in told
    tree = json.loads(call(*why, "--format", "json").stdout)
    assert json.dumps(tree).count('"revenue_budget"') > 1


def test_what_an_account_holds_is_not_what_moved(call: Call, clinics: Path) -> None:
    """c00 was paid 20.00 before: netting moves 20.00 and leaves nothing in the account."""
    text = (clinics / "ruleset.yaml").read_text(encoding="utf-8")
    (clinics / "ruleset.yaml").write_text(f"{text}      nets: [interim]\n", encoding="utf-8")
    _write(clinics, 1)
    rows = ("account,as_of,balance_amount", "savings.interim/c00,2014-12-31,-20.00",
            "savings.interim/c00/plan,2014-12-31,0.00", "")  # fmt: skip
    (clinics / "data" / "opening_balance.csv").write_text("\n".join(rows), encoding="utf-8")
    told = json.loads(_ran(call, "--format", "json").stdout)
    assert told["balances"]["savings.interim/c00"] == "20.00"
    assert told["held"] == {"savings.interim/c00": "0.00", "savings.interim/c00/plan": "0.00"}
    held = _ran(call).stdout.partition("held at the end")[2].split()
    assert held[:2] == ["savings.interim/c00", "0.00"]
