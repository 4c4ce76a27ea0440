"""Every ledger sums to zero, and no pool keeps money unsaid."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.ledger import (
    CurrencyError,
    Ledger,
    Money,
    Transfer,
    UnbalancedError,
    outside,
    pool,
    transfer,
)

accounts = st.sampled_from(["anthem", "cedars_sinai", "huntington", "x.pool", "outside.care"])
moves = st.tuples(accounts, accounts, st.integers(-(10**9), 10**9)).filter(
    lambda move: move[0] != move[1]
)


def _move(source: str, target: str, cents: int) -> Transfer | None:
    return transfer(source, target, Money(cents), rule="x", reason="a test")


def _ledger(moved: list[tuple[str, str, int]], **kept: Any) -> Ledger:
    transfers = (_move(*move) for move in moved)
    return Ledger(tuple(each for each in transfers if each is not None), **kept)


@given(st.lists(moves))
def test_balances_sum_to_zero(moved: list[tuple[str, str, int]]) -> None:
    """What one account gains another loses."""
    assert Money.total(_ledger(moved).balances().values()) == Money(0)


@given(st.lists(moves))
def test_a_balance_is_what_came_less_what_went(moved: list[tuple[str, str, int]]) -> None:
    """Negative amounts move the other way."""
    expected: dict[str, int] = {}
    for source, target, cents in moved:
        if cents:
            expected[source] = expected.get(source, 0) - cents
            expected[target] = expected.get(target, 0) + cents
    found = _ledger(moved).balances()
    assert {account: amount.cents for account, amount in found.items()} == expected


@given(st.lists(moves), st.randoms(use_true_random=False))
def test_the_order_of_transfers_changes_no_balance(
    moved: list[tuple[str, str, int]], random: Any
) -> None:
    """Balances are sums, and come in the order of account names."""
    shuffled = random.sample(moved, len(moved))
    assert list(_ledger(shuffled).balances().items()) == list(_ledger(moved).balances().items())


@given(moves)
@example(("a", "b", -1))
@example(("a", "b", 0))
def test_a_transfer_is_always_above_zero(move: tuple[str, str, int]) -> None:
    """A negative amount swaps the accounts, and nothing moves nothing."""
    source, target, cents = move
    found = _move(source, target, cents)
    if found is None:
        assert cents == 0
    else:
        assert found.amount == Money(abs(cents))
        assert (found.source, found.target) == ((source, target) if cents > 0 else (target, source))


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 100), min_size=1).filter(any))
def test_a_pool_that_is_split_is_empty(gain: int, weights: list[int]) -> None:
    """The parts of the split take out exactly what came in, a gain or a loss."""
    shared = pool("profit")
    parts = Money(gain).split({f"party_{place}": each for place, each in enumerate(weights)})
    moved = [("outside.premium", shared, gain)]
    moved += [(shared, party, part.cents) for party, part in parts.items()]
    _ledger(moved, pools=frozenset({shared})).check()


@given(st.integers(-(10**9), 10**9).filter(bool))
@example(1)
@example(-1)
def test_a_pool_that_keeps_money_must_say_so(left: int) -> None:
    """A cent left in a pool is an error, unless it is declared to be carried."""
    ledger = _ledger([("payer", "x.pool", left)], pools=frozenset({"x.pool"}))
    with pytest.raises(UnbalancedError) as refused:
        ledger.check()
    assert refused.value.left == {"x.pool": Money(left)}
    assert f"x.pool holds {Money(left)}" in str(refused.value)
    _ledger(
        [("payer", "x.pool", left)], pools=frozenset({"x.pool"}), carries=frozenset({"x.pool"})
    ).check()


def test_all_pools_that_keep_money_are_named() -> None:
    """One error tells all."""
    ledger = _ledger(
        [("a", "x.pool", 1), ("y.pool", "a", 2)], pools=frozenset({"x.pool", "y.pool", "z.pool"})
    )
    with pytest.raises(UnbalancedError, match=r"x.pool holds 0.01 USD, y.pool holds -0.02 USD;"):
        ledger.check()


def test_an_empty_ledger_balances() -> None:
    """Nothing moved, nothing is left."""
    assert Ledger(()).balances() == {}
    Ledger((), pools=frozenset({"x.pool"})).check()


def test_a_ledger_has_one_currency() -> None:
    """A sum over currencies would mean nothing."""
    transfers = tuple(
        Transfer("a", "b", Money(1, currency), rule="x", reason="a test")
        for currency in ("USD", "EUR")
    )
    with pytest.raises(CurrencyError, match="EUR, USD; they may have one"):
        Ledger(transfers)


def test_balances_have_the_currency_of_the_transfers() -> None:
    """Euros stay euros."""
    moved = (Transfer("a", "b", Money(1, "EUR"), rule="x", reason="a test"),)
    assert Ledger(moved).balances() == {"a": Money(-1, "EUR"), "b": Money(1, "EUR")}


@pytest.mark.parametrize("cents", [0, -1])
def test_a_transfer_of_nothing_or_less_is_refused(cents: int) -> None:
    """Only transfer() turns signs."""
    with pytest.raises(ValueError, match="it may be any amount above zero"):
        Transfer("a", "b", Money(cents), rule="x", reason="a test")


@pytest.mark.parametrize(("source", "target"), [("a", "a"), ("", "a"), ("a", "")])
def test_a_transfer_has_two_accounts(source: str, target: str) -> None:
    """Money cannot move from nowhere, to nowhere, or not at all."""
    with pytest.raises(ValueError, match="it may be"):
        Transfer(source, target, Money(1), rule="x", reason="a test")


def test_a_transfer_keeps_what_it_was_told() -> None:
    """Why and for whom money moved is kept with it, whichever way it went."""
    about: dict[str, Any] = {
        "rule": "savings",
        "reason": "exhibit B",
        "key": ("aco_17",),
        "period": "2015",
        "stream": "ssp",
        "plb": "IP",
    }
    expected = Transfer("b", "a", Money(5), **about)
    assert transfer("a", "b", Money(-5), **about) == expected
    assert transfer("b", "a", Money(5), **about) == expected


def test_a_transfer_tells_nothing_that_it_was_not_told() -> None:
    """What a rule leaves out stays empty."""
    found = transfer("a", "b", Money(1), rule="x", reason="a test")
    assert found == Transfer("a", "b", Money(1), rule="x", reason="a test")
    assert found is not None
    assert (found.key, found.period, found.stream, found.plb) == ((), "", None, None)


def test_accounts_have_agreed_names() -> None:
    """A pool is named by its rule; outside accounts share a prefix."""
    assert (pool("savings"), outside("care")) == ("savings.pool", "outside.care")
