"""The page of the type checker's rules: each has a right and a wrong example, and both are so."""

import re
from collections.abc import Iterator

import pytest

from rules_engine.expressions import ExpressionError, Kind, Type, check
from tests.docs import test_expression_page as page
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "type-rules.md"
PLACES = {
    "money": Type.of(Kind.MONEY),
    "a rate": Type.of(Kind.RATE),
    "a count": Type.of(Kind.COUNT),
}


def examples() -> Iterator[page.Example]:
    """Read the examples of the page."""
    for block in blocks(PAGE):
        for number, line in enumerate(block.text.splitlines(), start=block.line):
            text, _, said = line.partition("  -- ")
            if not said:
                text, _, said = line.partition(" -- ")
            yield page.Example(block.title or "row", text.strip(), said.strip(), number)


@pytest.mark.parametrize("example", list(examples()), ids=str)
def test_a_rule_is_kept_or_broken_as_the_page_says(example: page.Example) -> None:
    """Each formula of the page, at the place that its block names."""
    if example.profile in page.SCOPES:
        assert page.outcome(example) == example.said
        return
    posted = 2 if example.profile == "a posted amount" else None
    expected = PLACES.get(example.profile, Type.of(Kind.MONEY))
    try:
        typed = check(example.text, page.SCOPE, expected, posted=posted)
    except ExpressionError as error:
        (finding,) = error.findings
        assert f"error[{finding.code}] {finding.message}" == example.said
        return
    row = page.Example("row", example.text, example.said, example.line)
    _, _, value = page.outcome(row).partition(": ")
    shown = page.value(value, typed.type)
    assert page.value(example.said.partition(": ")[2], typed.type) == shown
    assert example.said.startswith(f"{typed.type}: ")


def test_every_rule_has_a_right_and_a_wrong_example() -> None:
    """A rule that nothing breaks is none."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for number, part in enumerate(parts, 1):
        assert part.startswith(f"{number}. ")
        said = [line.partition(" -- ")[2].strip() for line in part.splitlines() if " -- " in line]
        wrong = [one for one in said if one.startswith("error[")]
        assert wrong, part
        assert len(wrong) < len(said), part
