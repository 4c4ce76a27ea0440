"""The journal on the command line: what is posted, shown, verified and refused."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from click.testing import Result

Call = Callable[..., Result]
EXAMPLE: Final = Path(__file__).parents[2] / "examples/journal"


@pytest.fixture
def post(call: Call, tmp_path: Path) -> Call:
    """Post periods of the example to a journal."""

    def posted(data: str, day: str, *periods: str, form: str = "text") -> Result:
        chosen = [part for period in periods for part in ("--period", period)]
        return call(
            "run", EXAMPLE, "--data", EXAMPLE / data, "--journal", tmp_path / "lakes.journal",
            "--known-at", day, "--format", form, *chosen,
        )  # fmt: skip

    return posted


def test_a_run_says_what_became_of_it(post: Call, call: Call, tmp_path: Path) -> None:
    """Text and JSON have the same counts; posted again, nothing is written."""
    first = json.loads(post("january", "2026-03-31", "2026-03", form="json").output)["posted"]
    assert (first["written"], first["net"]["lakes"]) == (3, "114.00")
    again = post("january", "2026-03-31", "2026-03")
    assert again.exit_code == 0
    assert "0 entries written, 0 corrected, 0 reversed, 3 unchanged" in again.output
    taken = post("july", "2026-07-05", "2026-03")
    assert "1 entry written, 0 corrected, 1 reversed, 2 unchanged" in taken.output
    shown = json.loads(call("journal", tmp_path / "lakes.journal", "--format", "json").output)
    assert shown["balances"] == {"lakes": "76.00", "plan": "-76.00"}
    assert shown["entries"][-1]["reasons"][0]["change"] == "went"
    before = call(
        "journal", tmp_path / "lakes.journal", "--as-of", "2026-06-30", "--format", "json"
    )
    assert json.loads(before.output)["balances"]["lakes"] == "114.00"


def test_verify_ends_with_one_where_a_byte_is_changed(
    post: Call, call: Call, tmp_path: Path
) -> None:
    """What is wrong is said with the entry's number, for people and for programs."""
    path = tmp_path / "lakes.journal"
    post("january", "2026-03-31", "2026-03")
    head = json.loads(call("journal", path, "--verify", "--format", "json").output)["head"]
    assert call("journal", path, "--verify", "--expect", head).exit_code == 0
    assert call("journal", path, "--verify", "--expect", "0" * 63 + "1").exit_code == 1
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entry_is_never_changed")
    connection.execute(
        "UPDATE entry SET content = replace(content, '3800', '3801') WHERE number = 2"
    )
    connection.commit()
    connection.close()
    found = call("journal", path, "--verify")
    assert found.exit_code == 1
    assert "entry 2: its hash is not that of its content" in found.output
    faults = json.loads(call("journal", path, "--verify", "--format", "json").output)["faults"]
    assert faults[0]["entry"] == 2


def test_a_damaged_journal_is_no_internal_error(post: Call, call: Call, tmp_path: Path) -> None:
    """Who only looks at it is told that it does not read."""
    path = tmp_path / "lakes.journal"
    post("january", "2026-03-31", "2026-03")
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entry_is_never_changed")
    connection.execute("UPDATE entry SET content = substr(content, 2) WHERE number = 2")
    connection.commit()
    connection.close()
    found = call("journal", path)
    assert found.exit_code == 1
    assert "an entry does not read" in found.output
    path.write_bytes(path.read_bytes()[:5_000])
    assert call("journal", path).exit_code in {1, 2}


def test_older_facts_end_with_one_and_post_nothing(post: Call) -> None:
    """A refusal is one line, and no traceback."""
    post("january", "2026-07-01", "2026-03")
    refused = post("july", "2026-06-30", "2026-03")
    assert refused.exit_code == 1
    assert refused.output.splitlines()[-1].endswith("those of 2026-06-30 are older")


def test_a_run_with_rejected_rows_posts_nothing(call: Call, tmp_path: Path) -> None:
    """A row that does not read is no member who left, unless the caller says so."""
    (tmp_path / "data").mkdir()
    text = (EXAMPLE / "january/eligibility.csv").read_text(encoding="utf-8")
    broken = text.replace("m2,2026-01-01", "m2,the first day")
    (tmp_path / "data/eligibility.csv").write_text(broken, encoding="utf-8")
    arguments = (
        "run", EXAMPLE, "--data", tmp_path / "data", "--period", "2026-03",
        "--journal", tmp_path / "lakes.journal", "--known-at", "2026-03-31",
    )  # fmt: skip
    refused = call(*arguments)
    assert refused.exit_code == 1
    assert "nothing was posted, because rows were rejected" in refused.output
    assert call("journal", tmp_path / "lakes.journal").output.startswith("0 entries; no entry yet")
    allowed = call(*arguments, "--allow-rejects")
    assert allowed.exit_code == 0
    assert "2 entries written" in allowed.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("journal", "absent"), "absent does not exist; the journal of a run may stand there"),
        (("journal", "absent", "--expect", "0" * 64), "--expect asks for --verify"),
        (("journal", "absent", "--verify", "--expect", "12"), "the 64 digits of a hash"),
        (
            ("run", EXAMPLE, "--data", EXAMPLE / "july", "--journal", "absent"),
            "--journal asks for --known-at",
        ),
        (("journal", "postgresql://nobody:secret@localhost:1/none"), "cannot be opened"),
    ],
)
def test_misuse_ends_with_two(call: Call, arguments: tuple[object, ...], message: str) -> None:
    """One line says what may stand there instead, and never a password."""
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "secret" not in result.output
