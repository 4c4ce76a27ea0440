"""`rules-engine certify`: what it prints, writes and checks, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import Result

from rules_engine.engine.certifying import engines
from rules_engine.engine.certifying.engines import ENGINES
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes
from rules_engine.engine.certifying.sample import Sample
from rules_engine.engine.contract import Contract

Call = Callable[..., Result]

FAST = ("--engine", "closure", "--engine", "duckdb")


@pytest.mark.usefixtures("folder")
def test_what_was_compared_and_met_is_printed(call: Call) -> None:
    """Engines with their versions, what the claims have met, and why lines are rejected."""
    done = call("certify", "ruleset.yaml", *FAST, "--claims", "200")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("small 1: the engines agree\n  200 claims with ")
    for word in ("closure", "duckdb", "exact evaluator", "boundaries", "RE610", "sha256"):
        assert word in done.stdout


def test_a_certificate_is_written_and_holds(call: Call, folder: Path) -> None:
    """The file is the JSON that is printed, and making it again finds no difference."""
    done = call(
        "certify", "ruleset.yaml", *FAST, "--claims", "150", "--seed", "7", "--date", "2026-01-02",
        "--out", "certificate.json", "--format", "json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    content = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == content
    assert (content["seed"], content["claims"]["asked"], content["date"]) == (7, 150, "2026-01-02")
    held = call("certify", "ruleset.yaml", *FAST, "--check", "certificate.json")
    assert held.exit_code == 0, held.output
    assert "certificate.json holds" in held.stdout


def test_a_certificate_of_another_contract_does_not_hold(call: Call, folder: Path) -> None:
    """What differs is named, in text and in JSON, and the exit code is 1."""
    call("certify", "ruleset.yaml", *FAST, "--claims", "100", "--out", "certificate.json")
    text = (folder / "ruleset.yaml").read_text(encoding="utf-8")
    (folder / "ruleset.yaml").write_text(text.replace("value: 0.50", "value: 0.51"), "utf-8")
    done = call("certify", "ruleset.yaml", *FAST, "--check", "certificate.json")
    assert done.exit_code == 1
    assert "certificate.json does not hold here" in done.stdout
    assert "ruleset.sha256 is " in done.stdout
    told = json.loads(
        call(
            "certify", "ruleset.yaml", *FAST, "--check", "certificate.json", "--format", "json"
        ).stdout
    )
    assert any(line.startswith("results.sha256") for line in told["contradicted"])


@pytest.mark.usefixtures("folder")
def test_a_difference_is_a_finding(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case to paste is printed, and the exit code is 1."""

    def price(held: Contract, sample: Sample) -> Outcomes:
        found = ENGINES[0].price(held, sample)
        return {
            key: one if one.is_rejected else Outcome({**one.values, "rule": "another"})
            for key, one in found.items()
        }

    wrong = evolve(ENGINES[0], name="wrong", price=price)
    monkeypatch.setattr(engines, "ENGINES", (wrong,))
    done = call("certify", "ruleset.yaml", "--claims", "50")
    assert done.exit_code == 1
    assert "small 1: the engines differ" in done.stdout
    assert '- case: "wrong and the exact evaluator differ"' in done.stdout


@pytest.mark.usefixtures("folder")
def test_nothing_compared_is_no_agreement(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no engine that was asked for is installed, the verdict says so: exit code 1."""
    absent = evolve(ENGINES[0], name="absent", library="no-such-library")
    monkeypatch.setattr(engines, "ENGINES", (absent,))
    done = call("certify", "ruleset.yaml", "--claims", "20")
    assert done.exit_code == 1
    assert done.stdout.startswith("small 1: no engine was compared")
    assert "no-such-library is not installed" in done.stdout
    told = json.loads(call("certify", "ruleset.yaml", "--claims", "20", "--format", "json").stdout)
    assert told["verdict"] == "not compared"


@pytest.mark.parametrize("content", ["{}", "no json", '{"seed": 1, "claims": {"asked": 0}}', "[]"])
def test_a_file_that_is_no_certificate_is_misuse(call: Call, folder: Path, content: str) -> None:
    """It is named, and the exit code is 2."""
    (folder / "certificate.json").write_text(content, encoding="utf-8")
    done = call("certify", "ruleset.yaml", *FAST, "--check", "certificate.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is no certificate" in done.stderr
    assert call("certify", "ruleset.yaml", *FAST, "--check", "absent.json").exit_code == 2
    assert call("certify", "ruleset.yaml", *FAST, "--claims", "0").exit_code == 2
