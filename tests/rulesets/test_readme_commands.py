"""The commands in the READMEs of the reference rulesets: they run, and print what stands there."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from rules_engine.cli import commands
from tests.docs.pages import ROOT, blocks

READMES = sorted((ROOT / "rulesets").glob("*/README.md"))
# Those that bring a file of their own for their command.
WHOLE = [page for page in READMES if any(block.title.startswith("data/") for block in blocks(page))]
# Fees of published files, and the population of the demonstration: their pages name other commands.
ELSEWHERE = {"medicare-physician-fees", "vivity"}


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.parent.name)
def test_a_readme_says_how_to_run_its_program(page: Path) -> None:
    """Each has a command on its own ruleset."""
    name = page.parent.name
    command = f"$ rules-engine run rulesets/{name}/"
    assert name in ELSEWHERE or command in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", WHOLE, ids=lambda page: page.parent.name)
def test_a_command_with_its_file_prints_the_balances_of_the_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, the command and its last lines belong together."""
    (tmp_path / "rulesets").symlink_to(ROOT / "rulesets")
    monkeypatch.chdir(tmp_path)
    printed = ""
    for block in blocks(page):
        if block.title:
            Path(block.title).parent.mkdir(exist_ok=True)
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.kind == "console":
            command = shlex.split(block.text.splitlines()[0].removeprefix("$ rules-engine "))
            done = CliRunner().invoke(commands, command, catch_exceptions=False)
            assert done.exit_code == 0, done.output
            printed = done.stdout
        elif block.kind == "text" and block.text.startswith("moved, in this run"):
            told = [line.split() for line in block.text.splitlines()]
            assert len(told) > 1
            assert [
                line for line in told if line not in [p.split() for p in printed.splitlines()]
            ] == []


def test_some_readmes_are_whole() -> None:
    """The programs that read one small table."""
    assert {"aco-reach", "medicare-shared-savings", "next-generation-aco"} <= {
        p.parent.name for p in WHOLE
    }
