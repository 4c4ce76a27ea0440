"""The program as a whole: exit codes, streams, and failures."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rules_engine.cli import commands
from rules_engine.cli.codes import all_codes, page
from rules_engine.cli.output import amount
from rules_engine.ledger import Money

Call = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]
RULESET_COMMANDS = ("validate", "test", "sql", "run", "price", "explain", "compile")
REST = {
    "run": ("--data", "data"),
    "price": ("claim.json",),
    "explain": ("--claim", "claim.json"),
    "compile": ("out.json",),
}


def _process(*arguments: str, cwd: Path, **env: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-c", "from rules_engine.cli import main; main()", *arguments]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, check=False
    )


@pytest.mark.parametrize("command", sorted(commands.commands))
def test_every_command_has_help_and_a_section(command: str, call: Call) -> None:
    """What can be run is described, in the terminal and in the documentation."""
    shown = call(command, "--help")
    assert shown.exit_code == 0
    assert commands.commands[command].get_short_help_str().endswith(".")
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert f"\n## {command}\n" in text


@pytest.mark.parametrize("command", sorted(commands.commands))
def test_every_option_is_documented(command: str) -> None:
    """The section of a command names each of its options."""
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {command}\n")[1].split("\n## ")[0]
    options = [name for option in commands.commands[command].params for name in option.opts]
    missing = [name for name in options if name.startswith("--") and name not in section]
    assert [name for name in missing if name != "--format"] == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", RULESET_COMMANDS)
def test_a_missing_file_is_misuse_in_one_line(command: str, call: Call) -> None:
    """Nothing on stdout, one line on stderr, exit code 2."""
    done = call(command, "absent.yaml", *REST.get(command, ()))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "rules-engine: ruleset absent.yaml does not exist\n"


@pytest.mark.parametrize("command", RULESET_COMMANDS)
def test_a_wrong_ruleset_is_a_finding(command: str, call: Call, folder: Path) -> None:
    """Every command that needs a ruleset says where it is wrong and exits with 1."""
    (folder / "ruleset.yaml").write_text("ruleset: [\n", encoding="utf-8")
    done = call(command, "ruleset.yaml", *REST.get(command, ()))
    assert done.exit_code == 1
    said = done.stdout if command == "validate" else done.stderr
    assert re.search(r"^ruleset\.yaml:\d+:\d+: error\[RE104\] ", said, re.MULTILINE)
    assert said.endswith("1 error, no warnings in ruleset.yaml\n")


@pytest.mark.parametrize("command", RULESET_COMMANDS)
def test_a_wrong_ruleset_is_json_for_programs(command: str, call: Call, folder: Path) -> None:
    """With --format json stdout is one JSON value, also when the command could not begin."""
    (folder / "ruleset.yaml").write_text("ruleset: [\n", encoding="utf-8")
    done = call(command, "ruleset.yaml", *REST.get(command, ()), "--format", "json")
    assert (done.exit_code, done.stderr) == (1, "")
    assert json.loads(done.stdout)["errors"] == 1


@pytest.mark.parametrize("arguments", [(), ("fly",), ("validate",), ("run", "x", "--datum", "y")])
def test_misuse_exits_with_2(arguments: tuple[str, ...], call: Call) -> None:
    """Unknown commands and options, and absent arguments, are misuse and say how it goes."""
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Usage: " in done.output


@pytest.mark.usefixtures("folder")
def test_an_internal_error_is_one_line(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the program shows its kind and a way to report it, and no traceback."""

    def fail() -> None:
        msg = "the reason\nand more"
        raise AssertionError(msg)

    monkeypatch.setattr("rules_engine.cli.validating.new_engine", fail)
    done = call("validate", "ruleset.yaml")
    assert (done.exit_code, done.stdout) == (70, "")
    assert done.stderr == (
        "rules-engine: internal error: AssertionError: the reason; please report it with --debug\n"
    )
    with_debug = call("--debug", "validate", "ruleset.yaml")
    assert with_debug.exit_code == 70
    assert "Traceback" in with_debug.stderr


@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_read_is_misuse(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is said in its words, with the name of the file."""

    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "fees.csv")

    monkeypatch.setattr("rules_engine.cli.validating.new_engine", refuse)
    done = call("validate", "ruleset.yaml")
    assert (done.exit_code, done.stderr) == (2, "rules-engine: fees.csv: Permission denied\n")


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    """It is printed without loading the engine, its database or its tables."""
    script = (
        "import sys\n"
        "from rules_engine.cli import main\n"
        "try:\n    main(['--version'])\n"
        "finally:\n"
        "    heavy = {'duckdb', 'sqlglot', 'jsonschema', 'rich', 'rules_engine.engine'}\n"
        "    print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"rules-engine \d+\.\d+\.\d+\S*\n\[\]\n", done.stdout), done.stdout


def test_a_pipe_gets_no_colour_and_no_bar(folder: Path) -> None:
    """What is not a terminal gets plain text, whatever TERM says."""
    (folder / "ruleset.yaml").write_text("ruleset: [\n", encoding="utf-8")
    done = _process("validate", "ruleset.yaml", cwd=folder, TERM="xterm-256color")
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\x1b" not in done.stdout


def test_a_stream_without_a_character_is_no_error(folder: Path) -> None:
    """Text that the stream cannot encode is escaped."""
    (folder / "ruleset.yaml").write_text("už: 1\n", encoding="utf-8")
    done = _process(
        "validate", "ruleset.yaml", cwd=folder, PYTHONIOENCODING="latin-1", PYTHONUTF8="0"
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"u\\u017e is" in done.stdout


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    """`rules-engine code | head -1` prints a line and nothing else."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from rules_engine.cli import main; main()", "code"]
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(command, cwd=folder, stdout=gone, stderr=subprocess.PIPE, check=False)
    assert b"Traceback" not in done.stderr
    assert b"internal error" not in done.stderr


def test_no_color_wins_over_a_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR switches colour off even where the output is a terminal."""
    (folder / "ruleset.yaml").write_text("ruleset: [\n", encoding="utf-8")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = CliRunner().invoke(commands, ["validate", "ruleset.yaml"], color=True)
    assert "\x1b" not in shown.output
    monkeypatch.delenv("NO_COLOR")
    coloured = CliRunner().invoke(commands, ["validate", "ruleset.yaml"], color=True)
    assert "\x1b" in coloured.output


@pytest.mark.parametrize("name", sorted(all_codes()))
def test_every_code_can_be_asked_for(name: str, call: Call) -> None:
    """A code prints its page, or its one line where it has none yet."""
    done = call("code", name.lower())
    assert done.exit_code == 0
    assert all_codes()[name] in done.stdout or (page(name) or "") in done.stdout


def test_all_codes_are_listed(call: Call) -> None:
    """Without a name the list has every code once, in order."""
    lines = call("code").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(all_codes())
    told = json.loads(call("code", "--format", "json").stdout)
    assert [one["code"] for one in told["codes"]] == sorted(all_codes())


def test_an_unknown_name_gets_a_way_out(call: Call) -> None:
    """What is misspelt is misuse that says what there is."""
    for arguments, near in (
        (("code", "RE20I"), "`rules-engine code` lists them all"),
        (("schema", "rulset"), "did you mean ruleset?"),
        (("methodologies", "fee_shedule"), "did you mean fee_schedule?"),
    ):
        done = call(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert near in done.stderr


def test_schemas_are_printed_as_json(call: Call) -> None:
    """Editors read what is printed: rulesets, findings, and the terms of each methodology."""
    for name in ("ruleset", "diagnostics", "fee_schedule", "gain_loss_sharing"):
        assert json.loads(call("schema", name).stdout)["type"] == "object"


def test_zero_is_no_debt() -> None:
    """An amount of nothing is written without a sign."""
    assert amount(Money(0)) == "0.00"
