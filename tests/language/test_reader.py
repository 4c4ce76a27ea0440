"""Reading: exact values, every trap of YAML, and no input that is too much."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Context, Decimal, Inexact, localcontext
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.diagnostics import CODES, RulesetError
from rules_engine.language import Document, read, read_bytes, read_file, reader
from rules_engine.language.reader import BYTES_MAX, DEPTH_MAX

PARSERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]

RULESET = """\
ruleset: acme
effective: {from: 2026-01-01, through: 2026-12-31}
parties:
  systems: [a, 'b', "c"]
rules:
  - id: savings
    terms:
      benchmark: 1_000_000.00   # USD
      allowed: >-
        least(charge_amount,
        5)
      when: |
        a = 'x'
"""


@contextmanager
def parser(loader: Any) -> Iterator[None]:
    """Read with one of PyYAML's two parsers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_loader", lambda: loader)
        yield


def codes_of(text: str | bytes) -> list[str]:
    """Give the codes of what is wrong with a text, in order of place."""
    try:
        read_bytes(text) if isinstance(text, bytes) else read(text)
    except RulesetError as error:
        return [found.code for found in error.diagnostics]
    return []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("065", "065"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("NULL", "NULL"),
        ("0.50", Decimal("0.50")),
        ("1_000_000.00", Decimal("1000000.00")),
        (".5", Decimal("0.5")),
        ("-1.5e3", Decimal(-1500)),
        ("1e3", Decimal(1000)),
        ("1_000", 1000),
        ("+7", 7),
        ("0", 0),
        ("1__0", "1__0"),
        ("1_", "1_"),
        ("00.5", "00.5"),
        ("5.", "5."),
        (".", "."),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("12:30:00", "12:30:00"),
        ("2026-01-01", date(2026, 1, 1)),
        ("2026-02-30", "2026-02-30"),
        ("2026-1-1", "2026-1-1"),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        ("'0.50'", "0.50"),
        ('"2026-01-01"', "2026-01-01"),
        ("٣", "٣"),
        ("E0100", "E0100"),
    ],
)
@pytest.mark.parametrize("loader", PARSERS)
def test_a_scalar_means_what_it_looks_like(written: str, value: object, loader: Any) -> None:
    """Codes stay as written, numbers are exact, and only true and false are truth values."""
    with parser(loader):
        found = read(f"k: {written}").value["k"]
    assert found == value
    assert type(found) is type(value)


def test_the_digits_of_a_fraction_are_kept() -> None:
    """0.50 has two decimal places, whatever context the host has set."""
    with localcontext(Context(prec=1, traps=[Inexact])):
        assert str(read("k: 1_234.50").value["k"]) == "1234.50"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12)))
def test_a_number_is_read_exactly(number: Decimal) -> None:
    """What is written is what is read; no number passes through a float."""
    text = format(number, "f")
    if sum(c.isdecimal() for c in text) <= 38:
        assert read(f"k: {text}").value["k"] == number


@given(st.dictionaries(st.text("abc01-. ", min_size=1), st.text("abc: #'(,)\n", max_size=20)))
def test_what_is_quoted_is_text(written: dict[str, str]) -> None:
    """A quoted value is never anything but its characters."""
    document = read(yaml.safe_dump(written, default_style='"', allow_unicode=True))
    assert document.value == written


def test_keys_are_text() -> None:
    """A date, a code or a number as a key stays as it is written."""
    assert read("{2015-01-01: 1.18, 065: a, 1.0: b, true: c}").value == {
        "2015-01-01": Decimal("1.18"),
        "065": "a",
        "1.0": "b",
        "true": "c",
    }


WRONG = [
    ("a: 1\na: 2", "RE110", 2, 1),
    ("{amount: least(a, 5)}", "RE112", 1, 10),
    ("x: [least(a, 5), b]", "RE112", 1, 5),
    ("{a, b: 1}", "RE112", 1, 2),
    ("? [a]\n: b", "RE111", 1, 3),
    ("? {a: b}\n: c", "RE111", 1, 3),
    ("{: b}", "RE104", 1, 2),
    ("x: least(a # b)", "RE113", 1, 12),
    ("x: code = 'a #1'", "RE113", 1, 14),
    ("x: least(a, # why\n  b)", "RE113", 1, 13),
    ("x: note = 'a: b'", "RE114", 1, 13),
    ("- note = 'a: b'", "RE114", 1, 12),
    ("{x: note = 'a: b'}", "RE114", 1, 14),
    ("x: .inf", "RE115", 1, 4),
    ("x: -.NaN", "RE115", 1, 4),
    ("x: 1e999999999999", "RE116", 1, 4),
    ("x: " + "1" * 39, "RE116", 1, 4),
    ("x: !!python/object/apply:os.system [a]", "RE108", 1, 4),
    ("x: != 3", "RE108", 1, 4),
    ("x: &a 1", "RE109", 1, 4),
    ("x: *a", "RE109", 1, 4),
    ("a: 1\n---\nb: 2", "RE107", 2, 1),
    ("a:\n\tb: 1", "RE103", 2, 1),
    ("a:\n  \tb: 1", "RE103", 2, 3),
    ("a: \x07", "RE102", 1, 4),
    ("a: b\u2028c: d", "RE102", 1, 5),
    ('a: "\\x00"', "RE102", 1, 4),
    ("a: \ud800", "RE102", 1, 4),
    ("a: 'b", "RE104", 1, 4),
    ("a: [1, 2\nb: 3", "RE104", 1, 4),
    ("a: 'b' = c", "RE104", 1, 8),
    ("a:\n  b: 1\n c: 2", "RE104", 3, 2),
    ("a: b\nc\nd: e", "RE104", 2, 1),
    ("a: @b", "RE104", 1, 4),
    ("a: - b", "RE104", 1, 4),
    ("a: >= 5", "RE104", 1, 4),
    ("a: 1\n- b", "RE104", 2, 1),
    ("- a\nb: 1", "RE104", 2, 1),
    ("%TAG ! x\n", "RE104", 1, 1),
    ("[" * (DEPTH_MAX + 1), "RE106", 1, DEPTH_MAX + 1),
    ("a: " * 3, "RE114", 1, 5),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), WRONG)
@pytest.mark.parametrize("loader", PARSERS)
def test_a_trap_is_a_finding(text: str, code: str, line: int, column: int, loader: Any) -> None:
    """Both parsers of PyYAML lead to the same finding at the same place."""
    with parser(loader), pytest.raises(RulesetError) as caught:
        read(text)
    (found,) = caught.value.diagnostics
    assert (found.code, found.location.line, found.location.column) == (code, line, column)
    assert len(found.message.splitlines()) == 1


def test_a_lost_comma_is_explained() -> None:
    """The finding shows the quoted form that was meant."""
    with pytest.raises(RulesetError) as caught:
        read("{amount: least(a, 5), rate: 1}")
    (found,) = caught.value.diagnostics
    assert found.message.startswith("`least(a` is cut by the comma")
    assert found.help is not None
    assert '`amount: "least(a, 5)"`' in found.help


def test_prose_with_apostrophes_and_comments_is_fine() -> None:
    """Only a bracket or quote that is opened and never closed is a cut expression."""
    text = "a: the payer's # own\nb: systems' share # 'x'\nc: f(x) # (y\nd: a) b # c\n"
    assert codes_of(text) == []


def test_a_duplicate_shows_both_places() -> None:
    """Which of the two was meant, only the author knows."""
    with pytest.raises(RulesetError) as caught:
        read("a: 1\nb: 2\na: 3")
    (found,) = caught.value.diagnostics
    assert [place.line for place, _ in found.related] == [1]


def test_all_findings_of_a_pass_are_collected() -> None:
    """An author mends a file once."""
    assert codes_of("a: &x 1\nb: *x\nc: !t 3\nd: .nan\na: 2\ne: 'f") == [
        "RE109",
        "RE109",
        "RE108",
        "RE115",
        "RE104",
    ]


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    """No alias is followed, and a long list of findings ends."""
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
    )
    codes = codes_of(bomb)
    assert set(codes) == {"RE109"}
    assert len(codes) <= 101


def test_a_text_that_is_not_utf_8_is_refused_where_it_begins() -> None:
    """Latin-1 and UTF-16 are named at their first byte."""
    with pytest.raises(RulesetError) as caught:
        read_bytes("a: é\nb: ü".encode("latin-1"))
    assert str(caught.value.diagnostics[0].location) == "<text>:1:4"
    assert codes_of("a: b".encode("utf-16")) == ["RE101"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    """Editors write them; they mean nothing."""
    document = read_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert document.value == {"a": 1, "b": 2}
    assert str(document.locate(("b",))) == "<text>:2:4"


def test_what_is_too_large_is_refused() -> None:
    """A file has a limit of bytes, and of keys and values."""
    assert codes_of(b"#" * (BYTES_MAX + 1)) == ["RE105"]
    assert codes_of("- a\n" * 260_000) == ["RE105"]


def test_nesting_has_a_limit() -> None:
    """Fifty levels pass and fifty-one do not."""
    assert codes_of("[" * DEPTH_MAX + "]" * DEPTH_MAX) == []
    assert codes_of("[" * 100_000) == ["RE106"]
    assert codes_of("{a: " * 100_000) == ["RE106"]
    assert codes_of("".join(f"{' ' * n}a:\n" for n in range(60)))[-1:] == ["RE106"]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_nothing_is_a_document_without_a_value(text: str) -> None:
    """Whether something has to stand there is the schema's question."""
    assert read(text).value is None


def test_a_file_that_cannot_be_opened_is_a_finding(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe and an impossible name."""
    os.mkfifo(tmp_path / "pipe")
    for name in map(str, [tmp_path / "missing.yaml", tmp_path, tmp_path / "pipe", "a\0b"]):
        with pytest.raises(RulesetError) as caught:
            read_file(name)
        assert [found.code for found in caught.value.diagnostics] == ["RE100"]
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    assert read_file(path).value == {"a": 1}


def reads_or_says_why(text: str | bytes) -> Document | None:
    """Read a text; anything but a document or findings that can be printed is a failure."""
    try:
        document = read_bytes(text) if isinstance(text, bytes) else read(text)
    except RulesetError as error:
        for found in error.diagnostics:
            assert found.code in CODES
            assert found.message.isprintable()
        return None
    check_places(document, (), document.value)
    return document


def check_places(document: Document, path: tuple[str | int, ...], value: object) -> None:
    """Every key and value has a place."""
    document.locate(path, key=True)
    document.locate(path, offset=1)
    if isinstance(value, dict):
        for key, inner in value.items():
            assert isinstance(key, str)
            check_places(document, (*path, key), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            check_places(document, (*path, place), inner)
    else:
        assert value is None or isinstance(value, str | int | Decimal | bool | date)


pieces = st.lists(
    st.sampled_from([*"{}[],:#&*!|>'\"%@`?-\n\t ab0.~()=\\\r", "---", "...", ": ", "\n  ", "- "])
).map("".join)


@given(st.text() | pieces)
@example("? a\n? b")
@example('"\\U00110000"')
@example("{a: b, a}")
@example("? |\n  a\n: b")
@example("? 'a\n  b'\n: c")
@example("[a: b, c]")
@example("{? a : b}")
@example("a: >\r\n  b\r  c")
@pytest.mark.parametrize("loader", PARSERS)
def test_no_text_is_a_traceback(loader: Any, text: str) -> None:
    """Any text is a document or findings."""
    with parser(loader):
        reads_or_says_why(text)


@given(st.binary())
def test_no_bytes_are_a_traceback(data: bytes) -> None:
    """Any file is a document or findings."""
    reads_or_says_why(data)


@given(st.data())
def test_no_slip_of_the_keyboard_is_a_traceback(data: st.DataObject) -> None:
    """A ruleset with some characters changed, lost or added is a document or findings."""
    text = RULESET
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 4)))
        text = text[:start] + data.draw(pieces) + text[stop:]
    reads_or_says_why(text)
