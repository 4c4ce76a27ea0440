"""Money is exact, whatever the host does."""

import decimal
from decimal import Decimal
from fractions import Fraction
from operator import add, lt, sub
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.ledger import CurrencyError, Money, round_to

cents = st.integers(-(10**15), 10**15)
amounts = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)

# Contexts that a host may have set: too few digits, another rounding, traps on all that is inexact.
contexts = st.builds(
    decimal.Context,
    prec=st.integers(1, 5),
    rounding=st.sampled_from([decimal.ROUND_UP, decimal.ROUND_FLOOR, decimal.ROUND_05UP]),
    traps=st.sampled_from([[], [decimal.Inexact, decimal.Rounded, decimal.FloatOperation]]),
)


@given(cents)
@example(-5)
def test_an_amount_is_read_back_as_it_was_written(value: int) -> None:
    """Text and decimals lose nothing."""
    money = Money(value)
    assert Money.of(money.as_decimal()) == money
    assert Money.of(str(money).removesuffix(" USD")) == money
    assert Money.of(money.as_fraction()) == money


@given(cents, amounts, contexts)
@example(123456789, Fraction(1, 3), decimal.Context(prec=3))
def test_the_decimal_context_of_the_host_does_not_matter(
    value: int, amount: Fraction, context: decimal.Context
) -> None:
    """The same cents come out under any precision, rounding mode and traps."""
    text = str(Money(value)).removesuffix(" USD")
    ours = (Money.of(text), Money.rounded(amount), Money(value).as_decimal().as_tuple())
    with decimal.localcontext(context):
        theirs = (
            Money.of(Decimal(text)),
            Money.rounded(amount, Decimal("0.01")),
            Money(value).as_decimal().as_tuple(),
        )
    assert theirs == ours


@given(amounts, st.sampled_from([1, 5, 100]), st.sampled_from(["half_up", "half_even", "down"]))
def test_a_posted_amount_is_the_exact_one_rounded_once(
    amount: Fraction, unit_cents: int, mode: str
) -> None:
    """Rounding happens where it is asked for, by the unit and mode that are asked for."""
    unit = Fraction(unit_cents, 100)
    posted = Money.rounded(amount, unit, mode)
    assert posted.as_fraction() == round_to(amount, unit, mode)
    assert abs(posted.as_fraction() - amount) < unit


@given(cents, cents, cents)
def test_adding_money_is_adding_cents(a: int, b: int, c: int) -> None:
    """Sums are the same in every order, and subtracting undoes adding."""
    assert Money(a) + Money(b) + Money(c) == Money(c) + (Money(b) + Money(a))
    assert Money(a) + Money(b) - Money(b) == Money(a)
    assert Money(a) - Money(b) == Money(a) + -Money(b)
    assert Money.total([Money(a), Money(b), Money(c)]) == Money(a + b + c)


@given(cents, st.integers(-1000, 1000))
def test_multiplying_is_adding_repeatedly(value: int, count: int) -> None:
    """A count of equal amounts is their sum, from either side."""
    assert Money(value) * count == count * Money(value) == Money(value * count)


@given(st.lists(cents))
def test_amounts_are_ordered_by_cents(values: list[int]) -> None:
    """More money is more."""
    assert sorted(map(Money, values)) == [Money(value) for value in sorted(values)]


@given(cents, cents)
def test_equal_amounts_are_one_amount(a: int, b: int) -> None:
    """Amounts can be keys and members of sets."""
    assert len({Money(a), Money(b), Money(a)}) == len({a, b})
    assert (Money(a) <= Money(b)) == (a <= b)
    assert (Money(a) > Money(b)) == (a > b)
    assert not Money(a) < Money(a)


@pytest.mark.parametrize(
    ("written", "value"),
    [("1.20", 120), ("1_000_000.00", 100_000_000), ("-0.05", -5), ("7", 700), ("1.100", 110)],
)
def test_amounts_are_read_as_they_stand(written: str, value: int) -> None:
    """Trailing zeros and grouping change nothing."""
    assert Money.of(written) == Money(value)


@pytest.mark.parametrize(
    "written", ["", "1,000", "$5", "1e3", ".5", "5.", "NaN", "1__0", "٣", "1 "]
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="it may be digits with a point"):
        Money.of(written)


@pytest.mark.parametrize("amount", ["0.005", Decimal("1.999"), Fraction(1, 3)])
def test_a_part_of_a_cent_is_refused(amount: str | Decimal | Fraction) -> None:
    """What is not whole cents must be rounded on purpose."""
    with pytest.raises(ValueError, match="it may be whole cents"):
        Money.of(amount)


@pytest.mark.parametrize("amount", [1.2, 0.0, True])
def test_a_float_is_no_amount(amount: Any) -> None:
    """Binary fractions are not cents."""
    with pytest.raises(TypeError, match="it may be int, Fraction or Decimal"):
        Money.of(amount)
    with pytest.raises(TypeError, match="it may be int, Fraction or Decimal"):
        Money.rounded(amount)
    with pytest.raises(TypeError, match="it may be a whole number of cents"):
        Money(amount)


@pytest.mark.parametrize("count", [0.5, Decimal("0.5"), Fraction(1, 2), True])
def test_only_whole_numbers_multiply_money(count: Any) -> None:
    """A rate leaves parts of cents, so it must say how it rounds."""
    with pytest.raises(TypeError):
        Money(1) * count


@pytest.mark.parametrize("other", [1, 2.5, Decimal(3), "4"])
def test_money_meets_only_money(other: Any) -> None:
    """Adding a bare number would leave its unit to chance."""
    for operation in (add, sub, lt):
        with pytest.raises(TypeError):
            operation(Money(1), other)
    assert Money(1) != other


def test_currencies_do_not_mix() -> None:
    """Neither sums nor comparisons of different currencies exist."""
    euro, dollar = Money(1, "EUR"), Money(1)
    assert euro != dollar
    for operation in (add, sub, lt):
        with pytest.raises(CurrencyError, match=r"0.01 EUR and 0.01 USD have different currencies"):
            operation(euro, dollar)


@pytest.mark.parametrize("currency", ["usd", "", "US", "DOLLAR", "U$D"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    """As ISO 4217 writes them."""
    with pytest.raises(ValueError, match="it may be three capital letters"):
        Money(1, currency)


@pytest.mark.parametrize("to", [Fraction(1, 1000), Decimal("0.005"), Fraction(1, 3)])
def test_a_posted_amount_is_whole_cents(to: Fraction | Decimal) -> None:
    """No contract posts a part of a cent."""
    with pytest.raises(ValueError, match="it may be a whole number of cents"):
        Money.rounded(Fraction(1), to)


def test_every_result_keeps_the_currency() -> None:
    """Euros stay euros, however they are made."""
    euro = Money(150, "EUR")
    made = [Money.of("1.50", "EUR"), Money.rounded(Fraction(3, 2), currency="EUR")]
    made += [-Money(-150, "EUR"), euro + Money(0, "EUR"), euro - Money(0, "EUR"), euro * 1]
    assert made == [euro] * len(made)


def test_zero_has_no_sign() -> None:
    """Nothing is neither paid nor owed."""
    assert str(Money(0)) == str(-Money(0)) == "0.00 USD"
    assert not Money(0).as_decimal().is_signed()
    assert (str(Money(1)), str(Money(-1))) == ("0.01 USD", "-0.01 USD")
    assert not Money(1).as_decimal().is_signed()


def test_whole_dollars_are_posted_when_the_contract_says_so() -> None:
    """`to: 1` posts 2.50 as 3, or as 2 when halves go to even."""
    assert Money.rounded(Decimal("2.50"), to=1) == Money.of(3)
    assert Money.rounded(Decimal("2.50"), to=1, mode="half_even") == Money.of(2)


def test_no_amounts_add_up_to_nothing() -> None:
    """The sum of nothing has a currency too."""
    assert Money.total([], currency="EUR") == Money(0, "EUR")


def test_an_amount_cannot_be_changed() -> None:
    """Values are frozen."""
    with pytest.raises(AttributeError):
        Money(1).cents = 2  # type: ignore[misc]  # that it is an error is what is tested
