"""Pages of the codes: every wrong example gets what it says it deserves, every right one nothing.

An example is completed with the keys of the smallest ruleset that it leaves out. A block with a
title is written to a file of that name beside it, for `extends` and tables. Blocks of text are not
run: what they show needs data, or a plugin that misbehaves, and has tests of its own.
"""

import re
from pathlib import Path

import pytest

from rules_engine import Engine
from rules_engine.cli.codes import all_codes

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "codes"
CODES = all_codes()
ENGINE = Engine()
SMALLEST = {
    "ruleset": "acme",
    "version": '"1"',
    "effective": "{from: 2026-01-01, through: 2026-12-31}",
    "currency": "USD",
    "rounding": "{to: 0.01, mode: half_up}",
    "parties": "{plan: payer, systems: [north, south]}",
    "rules": "[{id: office, methodology: fee_schedule, source: exhibit A, "
    "terms: {allowed: charge_amount}}]",
}
BLOCK = re.compile(
    r'^```(yaml|text|csv)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL
)
DESERVES = re.compile(r"# (?P<up>\^ )?(?:error|warning)\[(?P<code>\w+)\] (?P<text>.*)$")
PAGED = sorted(path.stem for path in PAGES.glob("*[0-9].md"))


def completed(example: str) -> str:
    """Add the keys that the smallest ruleset has and the example leaves out."""
    keys = set(re.findall(r"^([a-z_]+):", example, re.MULTILINE))
    if not keys or "extends" in keys:
        return example
    missing = {key: value for key, value in SMALLEST.items() if key not in keys}
    return example + "".join(f"{key}: {value}\n" for key, value in missing.items())


def deserved(example: str) -> set[tuple[int, str, str]]:
    """Read what an example says of itself: line, code and message."""
    said = set()
    meant = 0
    for number, line in enumerate(example.splitlines(), start=1):
        found = DESERVES.search(line)
        if not (found and found["up"]):
            meant = number
        if found:
            said.add((meant, found["code"], found["text"]))
    return said


def examples(section: str, folder: Path) -> list[tuple[Path, str]]:
    """Write the YAML blocks of a section to files; give those that are to be checked."""
    written = []
    for place, (kind, title, text) in enumerate(BLOCK.findall(section)):
        # Tables stand beside the ruleset that names them.
        own = "ruleset.yaml" if "```csv" in section else f"example{place}/ruleset.yaml"
        path = folder / (title or own)
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind != "text":
            path.write_text(completed(text) if kind == "yaml" else text, encoding="utf-8")
        if kind == "yaml":
            written.append((path, text))
    return written


@pytest.mark.parametrize("code", PAGED)
def test_the_examples_of_a_page_do_what_the_page_says(code: str, tmp_path: Path) -> None:
    """The page shows a ruleset that deserves the code, and the same ruleset put right."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}: {CODES.get(code, '')}")
    _, wrong, right = re.split(r"^## (?:Wrong|Right)$", page, flags=re.MULTILINE)
    assert BLOCK.search(wrong)
    assert BLOCK.search(right)
    for path, text in examples(wrong, tmp_path / "wrong"):
        found = ENGINE.validate(path)
        here = [one for one in found if not one.location.file.endswith(".csv")]
        assert {(one.location.line, one.code, one.message) for one in here} == deserved(text)
        assert path.name != "ruleset.yaml" or not found or code in {f.code for f in found}
    for path, _ in examples(right, tmp_path / "right"):
        assert ENGINE.validate(path) == []


def test_every_code_that_is_reported_is_registered_and_has_a_page() -> None:
    """Every text of the sources that looks like a code is one, and every code can be looked up."""
    core = {
        code
        for path in (ROOT / "rules_engine").rglob("*.py")
        for code in re.findall(r"\bRE[1-9][0-9]{2}\b", path.read_text(encoding="utf-8"))
    }
    assert core <= CODES.keys()
    plugins = {
        code
        for path in (ROOT / "plugins").rglob("*.py")
        for code in re.findall(r'"([A-Z]{2}[1-9][0-9]{2})"', path.read_text(encoding="utf-8"))
    }
    assert plugins | CODES.keys() <= set(PAGED)
