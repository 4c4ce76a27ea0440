"""`rules-engine cliffs`: what it prints and how it leaves."""

import json
from pathlib import Path

from click.testing import CliRunner

from rules_engine.cli.program import commands

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "cliffs"


def test_it_prints_what_the_page_shows() -> None:
    """The listing of the page on cliffs is the one of its example."""
    done = CliRunner().invoke(commands, ["cliffs", str(EXAMPLE)])
    assert done.exit_code == 0, done.output
    page = (ROOT / "docs" / "cliffs.md").read_text(encoding="utf-8")
    shown = page.split("```text\nmore_savings:")[1].split("```")[0]
    assert f"more_savings:{shown}".rstrip() in done.output


def test_json_has_every_stretch_with_exact_numbers() -> None:
    """Programs read numbers as text."""
    done = CliRunner().invoke(commands, ["cliffs", str(EXAMPLE), "--format", "json"])
    said = json.loads(done.output)
    assert said["holds"]
    first = said["sweeps"][0]
    assert [one["kind"] for one in first["stretches"]] == ["region", "cliff", "region", "step"]
    assert first["stretches"][1]["amount"].replace(",", "") == "8000"


def test_a_cliff_that_is_not_declared_exits_with_1(tmp_path: Path) -> None:
    """The finding has its place and its way out."""
    text = (EXAMPLE / "ruleset.yaml").read_text(encoding="utf-8")
    path = tmp_path / "ruleset.yaml"
    start, end = text.index("    regions:"), text.index("    steps:")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    done = CliRunner().invoke(commands, ["cliffs", str(path)])
    assert done.exit_code == 1
    assert "error[RE433]" in done.output
    assert "loses: 8,000.00" in done.output


def test_a_period_that_is_none_is_misuse() -> None:
    """The message names those that are."""
    done = CliRunner().invoke(
        commands, ["cliffs", str(EXAMPLE), "--data", str(EXAMPLE), "--period", "1999"]
    )
    assert done.exit_code == 2
