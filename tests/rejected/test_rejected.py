"""Wrong rulesets: each line that is wrong says on the line what it deserves.

A comment `# error[RE200] text` stands at the end of the line that is wrong or, where a comment
cannot stand there, as `# ^ error[RE200] text` on a line below it. A file in which no comment can
stand has its findings in a file beside it, `name.expected`, as `line: error[RE200] text`; a finding
in another file, such as a table, names it: `tables/fees.csv:3: error[RE505] text`.
"""

import re
from pathlib import Path

import pytest

from rules_engine import Engine
from rules_engine.diagnostics import CODES

FOLDER = Path(__file__).parent
DESERVES = re.compile(r"# (?P<up>\^ )?(?P<severity>error|warning)\[(?P<code>\w+)\] (?P<text>.*)$")
EXPECTED = re.compile(
    r"(?:(?P<file>[\w/.]+):)?(?P<line>\d+): "
    r"(?P<severity>error|warning)\[(?P<code>\w+)\] (?P<text>.*)$"
)

Finding = tuple[Path, int, str, str, str]


def deserved(path: Path) -> set[Finding]:
    """Read what a file says of itself."""
    beside = path.with_suffix(".expected")
    if beside.exists():
        lines = beside.read_text(encoding="utf-8").splitlines()
        matches = [found for found in map(EXPECTED.match, lines) if found]
        return {
            (FOLDER / (m["file"] or path.name), int(m["line"]), m["severity"], m["code"], m["text"])
            for m in matches
        }
    said: set[Finding] = set()
    meant = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        found = DESERVES.search(line)
        if not (found and found["up"]):
            meant = number
        if found:
            said.add((path, meant, found["severity"], found["code"], found["text"]))
    return said


ENGINE = Engine()
WRONG = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_a_wrong_ruleset_gets_what_it_says_it_deserves(path: Path) -> None:
    """Line, severity, code and message; nothing more and nothing less."""
    found = {
        (Path(one.location.file), one.location.line, one.severity, one.code, one.message)
        for one in ENGINE.validate(path)
        # What stands in another ruleset is deserved there.
        if Path(one.location.file) == path or Path(one.location.file).suffix == ".csv"
    }
    assert found == deserved(path)
    assert found


def test_every_code_of_reading_and_of_the_schema_is_deserved_somewhere() -> None:
    """No code without a ruleset that shows it."""
    shown = {code for path in WRONG for _, _, _, code, _ in deserved(path)}
    # Both would take a file that is large or absent; the reader's tests make them.
    made_elsewhere = {"RE100", "RE105"}
    # Only a methodology's own schema has conditions without words of their own.
    made_elsewhere |= {"RE208"}
    family = {code for code in CODES if code.startswith(("RE1", "RE2"))}
    assert family - made_elsewhere <= shown


def test_a_finding_about_a_cell_shows_the_cell() -> None:
    """And not the beginning of its row."""
    found = ENGINE.validate(FOLDER / "table_with_dollar_signs.yaml")
    places = [(one.location.line, one.location.column) for one in found]
    assert places == [(2, 35), (3, 36), (4, 35), (6, 13), (7, 7)]
