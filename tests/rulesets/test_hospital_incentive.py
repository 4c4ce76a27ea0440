"""The incentive payments of value-based purchasing, by the command that its README gives."""

import json
from pathlib import Path

from click.testing import CliRunner

from rules_engine.cli import commands

PROGRAM = Path(__file__).parents[2] / "rulesets" / "hospital-value-based-purchasing"


def test_the_command_of_the_readme_pays_the_pool(tmp_path: Path) -> None:
    """Given the one table that it asks for, it divides what is withheld, as in its first case."""
    told = (PROGRAM / "README.md").read_text(encoding="utf-8")
    assert f"$ rules-engine run rulesets/{PROGRAM.name}/incentive.yaml --data FOLDER" in told
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    (data / "hospitals.csv").write_text(
        "fiscal_year,facility_id,base,total\n"
        "2024,000001,10000000.00,50\n"
        "2024,000002,30000000.00,20\n",
        encoding="utf-8",
    )
    ruleset = str(PROGRAM / "incentive.yaml")
    options = ["--data", str(data), "--period", "2024", "--out", str(out)]
    done = CliRunner().invoke(commands, ["run", ruleset, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads((out / "settlement.json").read_text(encoding="utf-8"))["settlements"]
    earned = {one["key"][1]: one["outputs"]["earned"] for one in found}
    assert earned == {"000001": "363636.36", "000002": "436363.64"}
