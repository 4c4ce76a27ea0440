"""Rulesets in pages: every example does what its page says, and its worked cases pass."""

from pathlib import Path

import pytest

from rules_engine import Engine
from tests.docs.pages import ROOT, Block, blocks, completed, deserved, found

# Pages of codes and of plugins have tests of their own.
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "ruleset.md",
    ROOT / "docs" / "data.md",
    *sorted((ROOT / "docs" / "methodologies").glob("*.md")),
]
RULESETS = [
    (page, block)
    for page in PAGES
    for block in blocks(page)
    if block.kind == "yaml" and not block.text.startswith("mapping:")
]
NAMES = [f"{page.relative_to(ROOT).as_posix()}:{block.line}" for page, block in RULESETS]


def written(page: Path, block: Block, folder: Path) -> Path:
    """Write the files of a page, and a ruleset of it beside them."""
    frame = ""
    for other in blocks(page):
        if other.title:
            path = folder / other.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(other.text, encoding="utf-8")
        if other.title == "ruleset.yaml":
            frame = other.text
    path = folder / (block.title or "example.yaml")
    if not block.title:
        path.write_text(completed(block.text, frame), encoding="utf-8")
    return path


@pytest.mark.parametrize(("page", "block"), RULESETS, ids=NAMES)
def test_a_ruleset_of_a_page_deserves_what_it_says(
    page: Path, block: Block, tmp_path: Path
) -> None:
    """It has the findings that stand on its lines, and no other; its cases pass."""
    engine = Engine()
    path = written(page, block, tmp_path)
    diagnostics = engine.validate(path)
    assert found(diagnostics) == deserved(path.read_text(encoding="utf-8"))
    if any(one.severity == "error" for one in diagnostics):
        return
    for result in engine.load(path).test():
        missed = [one for one in result.comparisons if not one.passed]
        assert result.passed, (result.name, result.error, missed)
