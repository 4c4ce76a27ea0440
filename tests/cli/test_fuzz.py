"""Whatever stands on the command line or in a file, the answer is an exit code and words."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rules_engine.cli import commands

CALM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
# No NUL, which no system hands over as an argument.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
OPTIONS = sorted(
    {name for command in commands.commands.values() for one in command.params for name in one.opts}
)
ARGUMENTS = st.lists(
    st.one_of(
        st.sampled_from([name for name in OPTIONS if name.startswith("--") and name != "--debug"]),
        st.sampled_from(["ruleset.yaml", "claim.json", "data", "absent", "-", ".", "json", "2015"]),
        WORDS,
    ),
    max_size=6,
)
# The demonstration writes a population; its own tests call it.
COMMANDS = sorted(set(commands.commands) - {"demo"})


def _call(arguments: list[str], stdin: bytes = b"") -> Result:
    done = CliRunner().invoke(commands, arguments, input=stdin)
    assert done.exit_code in {0, 1, 2}, (arguments, done.output, done.exception)
    assert "Traceback" not in done.output
    assert done.exit_code == 0 or done.output, "a failure says why"
    return done


@CALM
@pytest.mark.usefixtures("folder")
@given(st.sampled_from(COMMANDS), ARGUMENTS)
def test_any_arguments_are_answered(command: str, arguments: list[str]) -> None:
    """Random options and files are done, a finding, or misuse."""
    # Arguments must not write over what the next example reads.
    kept = [one for one in arguments if one != "--out"]
    _call([command, *kept] if command != "compile" else [command, *kept, "--help"])


def _mutated(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for at, length, put in cuts:
        place = at % (len(text) + 1)
        text = text[:place] + put + text[place + length :]
    return text


CUTS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.integers(0, 12),
        st.sampled_from(
            ["", "{", "]", ":", "\n", "\t", "'", '"', "&a", "*a", "!!x", "- ", " #", "0"]
        )
        | st.text(max_size=4),
    ),
    min_size=1,
    max_size=4,
)


@CALM
@given(CUTS, st.sampled_from(["validate", "test", "sql", "price", "run"]))
def test_mutated_rulesets_are_answered(
    folder: Path, cuts: list[tuple[int, int, str]], command: str
) -> None:
    """A ruleset with characters lost, doubled or strewn in is checked, and never a traceback."""
    text = _mutated((folder / "ruleset.yaml").read_text(encoding="utf-8"), cuts)
    (folder / "broken.yaml").write_bytes(text.encode("utf-8", errors="replace"))
    rest = {"price": ["claim.json"], "run": ["--data", "data"]}.get(command, [])
    _call([command, "broken.yaml", *rest])


@CALM
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"ruleset: " + b"[" * 5000)
def test_any_bytes_as_a_ruleset_are_a_finding(folder: Path, content: bytes) -> None:
    """A file that is no ruleset is a finding with a place."""
    (folder / "broken.yaml").write_bytes(content)
    done = _call(["validate", "broken.yaml"])
    assert done.exit_code == 1
    assert "broken.yaml:" in done.stdout


@CALM
@given(st.binary(max_size=200) | CUTS, st.sampled_from([[], ["--claim"]]))
def test_any_bytes_as_a_claim_are_answered(
    folder: Path, content: bytes | list[tuple[int, int, str]], option: list[str]
) -> None:
    """A claim that does not read is misuse; one that does is priced or rejected."""
    if isinstance(content, list):
        text = _mutated((folder / "claim.json").read_text(encoding="utf-8"), content)
        content = text.encode("utf-8", errors="replace")
    _call(["explain" if option else "price", "ruleset.yaml", *option, "-"], content)


VALUES: Any = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.just([]), st.just({}),
    st.sampled_from(["2015-03-02", "2015-13-01", "-0", "1e5", "0.001", "\N{FULLWIDTH DIGIT NINE}"]),
)  # fmt: skip


@CALM
@given(
    st.sampled_from(["claim_id", "claim_type", "claim_line_number", "claim_line_start_date"])
    | st.sampled_from(["charge_amount", "person_id", "lines"]),
    VALUES,
)
def test_any_value_of_a_claim_is_answered(folder: Path, name: str, value: object) -> None:
    """A column of another type is misuse or a rejected line, never a defect."""
    claim = json.loads((folder / "claim.json").read_text(encoding="utf-8"))
    (claim if name in {"claim_id", "lines"} else claim["lines"][0])[name] = value
    _call(["price", "ruleset.yaml", "-"], json.dumps(claim).encode())


@CALM
@given(st.binary(max_size=200) | CUTS)
def test_any_compiled_ruleset_is_answered(
    folder: Path, content: bytes | list[tuple[int, int, str]]
) -> None:
    """A compiled ruleset that was cut or changed is refused."""
    compiled = folder / "compiled.json"
    if not compiled.exists():
        assert _call(["compile", "ruleset.yaml", "compiled.json"]).exit_code == 0
    if isinstance(content, list):
        content = _mutated(compiled.read_text(encoding="utf-8"), content).encode(errors="replace")
    (folder / "changed.json").write_bytes(content)
    _call(["price", "changed.json", "claim.json"])


@CALM
@given(st.binary(max_size=200) | CUTS)
def test_any_data_is_answered(folder: Path, content: bytes | list[tuple[int, int, str]]) -> None:
    """A file of claims that is cut or strewn with characters gives rejects or a finding."""
    if isinstance(content, list):
        text = (folder / "data" / "medical_claim.csv").read_text(encoding="utf-8")
        content = _mutated(text, content).encode("utf-8", errors="replace")
    data = folder / "broken"
    data.mkdir(exist_ok=True)
    (data / "medical_claim.csv").write_bytes(content)
    premium = (folder / "data" / "premium.csv").read_bytes()
    (data / "premium.csv").write_bytes(premium)
    _call(["run", "ruleset.yaml", "--data", "broken"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_no_argument_at_all_is_answered(command: str) -> None:
    """A command alone says what it lacks."""
    _call([command])
