"""Claims as JSON."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.cli.claims import checked_claim, read_object
from rules_engine.cli.misuse import MisuseError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def _write(factory: pytest.TempPathFactory, content: bytes) -> Path:
    file = factory.getbasetemp() / "claim.json"
    file.write_bytes(content)
    return file


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
@example(Decimal("0.1"))
@example(Decimal("12345678901234567890.123456"))
def test_numbers_arrive_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, number: Decimal
) -> None:
    """No digit passes through a binary float."""
    file = _write(tmp_path_factory, f'{{"charge_amount": {number:f}}}'.encode())
    assert str(read_object(file, "claim")["charge_amount"]) == f"{number:f}"


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_objects_arrive_whole(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """What is JSON is read as what it says."""
    file = _write(tmp_path_factory, json.dumps(value).encode())
    assert read_object(file, "claim") == value


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"a": 1, "a": 2}')
@example(b'{"a": NaN}')
@example(b'{"a": 1e999999999999999999999}')
@example(b'{"a": ' + b"9" * 5000 + b"}")
@example(b"\xef\xbb\xbf{}")
@example(b'{"claim_id": "c", "lines": 5}')
def test_whatever_is_given_is_a_claim_or_misuse(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """No bytes are a traceback, and the message is one line."""
    file = _write(tmp_path_factory, content)
    try:
        claim = checked_claim(file)
    except MisuseError as error:
        said = error.message
        lines = said.splitlines()
    else:
        assert isinstance(claim["claim_id"], str)
        return
    assert lines == [said]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "is a JSON list; an object may stand here"),
        (b"\xff", "not UTF-8"),
        (b'{"a": 1, "a": 2}', 'the key "a" stands twice'),
        (b'{"a": NaN}', "NaN is no number"),
        (b"{}", "no claim_id"),
        (b'{"claim_id": "c", "lines": [1]}', "no list of objects"),
    ],
)
def test_misuse_says_what_is_wrong(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names what was found."""
    file = tmp_path / "claim.json"
    file.write_bytes(content)
    with pytest.raises(MisuseError, match=said):
        checked_claim(file)
