"""The law of member-months: one priced alone is the one in the batch."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from rules_engine.engine import Ruleset, Run
from rules_engine.pricing.months.priced import PricedMonth, RejectedMonth

__all__ = ["months_alone_as_in_the_batch", "months_of", "priced_months_of"]

_AMOUNTS = ("allowed", "adjusted", "withheld", "paid")


def months_alone_as_in_the_batch(ruleset: Ruleset, run: Run) -> int:
    """Law 4: a member-month priced alone, knowing its member, is the batch's, by every rule.

    Returns:
        How many payments and rejections were compared.

    Raises:
        AssertionError: The law is broken.
    """
    batch = priced_months_of(run)
    compared = 0
    for row in months_of(run):
        given = run.given(row["person_id"]) if ruleset.needs.given else None
        for alone in ruleset.price_month(row, given):
            key = alone.rule, alone.person_id, alone.month
            assert key in batch, f"{alone} is not in the batch"
            assert _alone(alone) == batch[key], f"{row}: {alone} is {batch[key]}"
            compared += 1
    assert compared == len(batch), f"the batch pays or refuses {len(batch)}, one by one {compared}"
    return compared


def months_of(run: Run) -> Iterator[dict[str, Any]]:
    """Give the member-months of the contract that the batch read, as `price_month` takes them."""
    if run.months is None:
        return
    plans = list(run.ruleset.month_plans.values())
    cursor = run.connection.execute("SELECT * FROM member_month ORDER BY person_id, month")
    names = [column[0] for column in cursor.description]
    blank = dict.fromkeys(run.ruleset.needs.month)
    for values in cursor.fetchall():
        row = {**blank, **dict(zip(names, values, strict=True))}
        if plans[0].first <= row["month"] <= plans[0].last:
            yield row


def priced_months_of(run: Run) -> dict[tuple[str, str, Any], tuple[Any, ...]]:
    """Give what the batch pays, or why it does not, by rule, person and month.

    Raises:
        AssertionError: A member-month stands twice, or a refused one has an amount.
    """
    if run.months is None:
        return {}
    sites = list(run.sites)
    amounts = ", ".join(f"{name}_amount" for name in _AMOUNTS)
    rows = run.connection.execute(
        f"SELECT rule, person_id, month, reject, payee, {amounts} FROM priced_month"  # noqa: S608  names of our own
    ).fetchall()
    found = {}
    for rule, person, month, number, payee, *paid in rows:
        if number is None:
            whole = sum((Fraction(amount) for amount in paid[1:]), Fraction(0))
            assert Fraction(paid[0]) == whole, f"{rule} of {person} in {month} does not balance"
            found[rule, person, month] = (payee, *paid)
            continue
        assert not any(value is not None for value in (payee, *paid)), f"{rule} refuses and pays"
        site = sites[number]
        found[rule, person, month] = (site.code, site.rule, site.message, site.place)
    assert len(found) == len(rows), "a member-month was priced twice"
    return found


def _alone(one: PricedMonth | RejectedMonth) -> tuple[Any, ...]:
    if isinstance(one, RejectedMonth):
        return (one.code, one.rule, one.reason, one.place)
    return (one.payee, one.allowed, one.adjusted, one.withheld, one.paid)
