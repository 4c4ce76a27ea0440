"""`rules-engine show`: the merged ruleset, with the origin of each value."""

from pathlib import Path

from click.testing import CliRunner

from rules_engine.cli.program import commands
from rules_engine.language import read

BASE = """\
ruleset: base
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
parameters:
  fee: {type: money, value: 87.00}
rules:
  - id: visits
    methodology: fee_schedule
    source: Exhibit A
    terms: {allowed: fee}
"""


def test_a_merged_ruleset_names_the_origin_of_what_it_replaces(tmp_path: Path) -> None:
    """An amendment's value stands with its place and the place of the value it replaces."""
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    amendment = tmp_path / "amendment.yaml"
    amendment.write_text(
        "extends: base.yaml\nruleset: amended\nparameters: {fee: {value: 90.00}}\n"
    )
    found = CliRunner().invoke(commands, ["show", str(amendment)])
    assert found.exit_code == 0
    line = next(one for one in found.stdout.splitlines() if "90.00" in one)
    assert "amendment.yaml:3 instead of 87.00 at" in line
    assert "base.yaml:8" in line
    assert read(found.stdout).value["parameters"]["fee"]["value"] == 90


def test_a_ruleset_that_is_absent_is_misuse(tmp_path: Path) -> None:
    """A missing file exits with 2 and one line on stderr."""
    found = CliRunner().invoke(commands, ["show", str(tmp_path / "nothing.yaml")])
    assert found.exit_code == 2
