"""Places: the caret below an expression points at the right character of the file."""

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rules_engine.language import read
from rules_engine.language.nodes import ScalarNode

words = st.text(alphabet="ab (,)'\"\\é#:|>\n\t-", min_size=1, max_size=40)


@given(words, st.sampled_from([None, "'", '"', "|", ">"]), st.sampled_from([12, 80]))
@example("  x\n y", "|", 80)
@example("a\n\n b\n  c\n", ">", 80)
@example("a b c d e f g h i j", '"', 12)
def test_every_character_is_found_in_every_style(text: str, style: str | None, width: int) -> None:
    """The file has, at the place of a character, that character or what stands for it."""
    written = yaml.safe_dump({"k": text}, default_style=style, width=width, allow_unicode=True)
    document = read(written)
    assume(document.value == {"k": text})
    node = document.node(("k",))
    assert isinstance(node, ScalarNode)
    lines = written.splitlines(keepends=True)
    last = (0, 0)
    for offset, character in enumerate(text):
        place = document.locate(("k",), offset=offset)
        found = lines[place.line - 1][place.column - 1]
        assert (place.line, place.column) > last or character in " \n"
        last = (place.line, place.column)
        stands_for = {"\n": "\n\\ ", "\t": "\t\\", " ": " \n\\", "'": "'", '"': '"\\'}
        assert found in stands_for.get(character, character + "\\")


@pytest.mark.parametrize(
    ("text", "word", "line", "column"),
    [
        ("k: least(a, 'A')", "'A'", 1, 13),
        ("k: 'it''s wrong'", "wrong", 1, 11),
        ('k: "a\\tb\\u00e9 wrong"', "wrong", 1, 16),
        ("k: least(a,\n    wrong,\n\n  b)", "wrong", 2, 5),
        ("k: least(a,\n    b,\n\n  wrong)", "wrong", 4, 3),
        ("k: >\n  least(a,\n  wrong)\n", "wrong", 3, 3),
        ("k: >-\n\n  least(a,\n    b,\n  wrong)\n", "wrong", 5, 3),
        ("k: |\n  least(a,\n\n  wrong)\n", "wrong", 4, 3),
        ("k: |2\n    least(a,\n   wrong)\n", "wrong", 3, 4),
        ('k: "least(a, \\\n      wrong)"\n', "wrong", 2, 7),
        ("k: least(a,\r\n  wrong)\r\n", "wrong", 2, 3),
    ],
)
def test_a_wrong_word_is_found_where_an_author_sees_it(
    text: str, word: str, line: int, column: int
) -> None:
    """Quotes, escapes, folds and blocks are looked through."""
    document = read(text)
    place = document.locate(("k",), offset=document.value["k"].index(word))
    assert (place.line, place.column) == (line, column)


def test_without_an_offset_a_value_begins_at_its_quote() -> None:
    """The value's place is what an editor selects; its first character is one further."""
    document = read("k: 'abc'")
    assert document.locate(("k",)).column == 4
    assert document.locate(("k",), offset=0).column == 5
    assert document.locate(("k",), offset=3).column == 8
    assert document.locate(("k",), offset=99).column == 8
    assert document.locate(("k",), key=True).column == 1


def test_what_is_missing_is_located_at_what_is_around_it() -> None:
    """A path that leads nowhere gives the nearest place on the way."""
    document = read("rules:\n  - id: a\n")
    assert str(document.locate(("rules", 0, "terms", "x"))) == "<text>:2:5"
    assert str(document.locate(("rules", 7))) == "<text>:2:3"
    assert str(document.locate(("nothing",), key=True)) == "<text>:1:1"
    assert str(document.locate(("rules", 0, "id"), key=True)) == "<text>:2:5"
    assert document.line(document.locate(("rules", 0))) == "  - id: a"
