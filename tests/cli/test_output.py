"""Values on their way out: exact for programs, readable for people."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.cli.output import aligned, amount, counted, plain
from rules_engine.ledger import Money

CENTS = st.integers(-(10**14), 10**14)


@given(CENTS)
def test_money_survives_json(cents: int) -> None:
    """What a program reads back is the amount to the cent, at any size."""
    read = json.loads(json.dumps(plain({"paid": Money(cents)})))
    assert Money.of(read["paid"]) == Money(cents)


@given(st.fractions())
def test_fractions_survive_json(value: Fraction) -> None:
    """An exact value without a decimal form stays exact."""
    assert Fraction(json.loads(json.dumps(plain(value)))) == value


def test_a_float_is_no_result() -> None:
    """A binary float has lost something already, so that it is refused instead of printed."""
    with pytest.raises(TypeError, match="float"):
        plain({"paid": [0.1]})


@given(CENTS)
def test_people_read_the_same_amount(cents: int) -> None:
    """Money, Decimal and Fraction are written alike, and without the separators read back."""
    money = Money(cents)
    texts = {amount(money), amount(money.as_decimal()), amount(money.as_fraction())}
    assert len(texts) == 1
    assert Money.of(texts.pop().replace(",", "")) == money


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("-1234.50"), "-1,234.50"),
        (Fraction(-1, 100), "-0.01"),
        (Fraction(1, 3), "0.333333…"),
        (Fraction(-2, 3), "-0.666666…"),
        (Fraction(67, 2000), "0.0335"),
        (Fraction(1, 10**7), "0.000000…"),
        (Fraction(123456), "123,456.00"),
        (1234, "1,234"),
        (None, "none"),
        ("visits", "visits"),
        (True, "true"),
    ],
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    """Each kind of value has one form."""
    assert amount(value) == text


def test_words_agree_with_their_count() -> None:
    """One is singular; nothing and several are plural."""
    said = [counted(0, "line"), counted(1, "line"), counted(1200, "entry", "entries")]
    assert said == ["0 lines", "1 line", "1,200 entries"]


@given(st.lists(st.lists(st.text("abc", max_size=5), min_size=2, max_size=2), max_size=5))
def test_columns_stand_under_each_other(rows: list[list[str]]) -> None:
    """Numbers end in one column."""
    marked = [(left, f"{right}|") for left, right in rows]
    ends = {len(line) for line in aligned(marked, right={1}).split("\n") if line}
    assert len(ends) <= 1
