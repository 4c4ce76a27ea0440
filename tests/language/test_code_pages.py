"""Pages of the codes: every wrong example gets what it says it deserves, every right one nothing.

An example is completed with the keys of the smallest ruleset that it leaves out. A block with a
title is written to a file of that name, for `extends`. Blocks that are not YAML are not run.
"""

import re
from pathlib import Path

import pytest

from rules_engine.diagnostics import CODES, Diagnostic, RulesetError
from rules_engine.language import declare, load_schema, read_extended, validate

PAGES = Path(__file__).parents[2] / "docs" / "codes"
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
BLOCK = re.compile(r'^```(yaml|text)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
DESERVES = re.compile(r"# (?P<up>\^ )?(?:error|warning)\[(?P<code>\w+)\] (?P<text>.*)$")
READING = sorted(code for code in CODES if code.startswith(("RE1", "RE2")))


def diagnose(path: Path) -> list[Diagnostic]:
    """Give every finding of the first pass that has any."""
    try:
        document = read_extended(path)
        return validate(document, load_schema("ruleset")) or list(declare(document).warnings)
    except RulesetError as error:
        return list(error.diagnostics)


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
        path = folder / (title or f"example{place}/ruleset.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "yaml":
            path.write_text(completed(text), encoding="utf-8")
            written.append((path, text))
    return written


@pytest.mark.parametrize("code", READING)
def test_the_examples_of_a_page_do_what_the_page_says(code: str, tmp_path: Path) -> None:
    """The page shows a ruleset that deserves the code, and the same ruleset put right."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}: {CODES[code]}\n")
    _, wrong, right = re.split(r"^## (?:Wrong|Right)$", page, flags=re.MULTILINE)
    assert BLOCK.search(wrong)
    assert BLOCK.search(right)
    for path, text in examples(wrong, tmp_path / "wrong"):
        found = diagnose(path)
        assert {(one.location.line, one.code, one.message) for one in found} == deserved(text)
        assert path.name != "ruleset.yaml" or not found or code in {one.code for one in found}
    for path, _ in examples(right, tmp_path / "right"):
        assert diagnose(path) == []
