"""Strategies: money, weights, parties and a year's facts, biased to where mistakes hide."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from rules_engine.ledger import Money

__all__ = [
    "PARTIES",
    "YEAR",
    "amounts",
    "days",
    "experience",
    "experiences",
    "money",
    "parties",
    "rates",
    "weights",
]

YEAR: Final = (date(2015, 1, 1), date(2015, 12, 31))
"""First and last day of the contracts of the law kit."""

PARTIES: Final = ("alder", "birch", "cedar", "dogwood")
"""Providers of the contracts of the law kit; their payer is `payer`."""

_DAY: Final = timedelta(1)
_EDGES: Final = (YEAR[0], YEAR[1], date(2015, 6, 30), date(2015, 7, 1), date(2015, 2, 28))
_OUTSIDE: Final = (YEAR[0] - _DAY, YEAR[1] + _DAY)
_TIES: Final = tuple(
    Decimal(text)
    for text in (
        "0.00", "0.01", "0.02", "0.05", "0.50", "1.00", "10.05", "33.33", "66.67", "99.99",
        "100.01",
    )
)  # fmt: skip


def amounts(low: str = "-10000.00", high: str = "1000000.00") -> SearchStrategy[Decimal]:
    """Amounts in currency with two decimal places, often such as do not divide evenly."""
    least, most = Decimal(low), Decimal(high)
    ties = [tie for tie in _TIES if least <= tie <= most]
    some = st.decimals(least, most, places=2, allow_nan=False, allow_infinity=False)
    return st.one_of(st.sampled_from(ties), some) if ties else some


def money(low: int = -(10**9), high: int = 10**9) -> SearchStrategy[Money]:
    """Money, in cents from `low` to `high`."""
    return st.one_of(st.integers(-3, 3), st.integers(low, high)).map(Money)


def rates() -> SearchStrategy[Decimal]:
    """Fractions from 0 to 1 with at most six places, often the ends, a half, or a third."""
    special = st.sampled_from([Decimal(t) for t in ("0", "1", "0.5", "0.333333", "0.125", "0.02")])
    return st.one_of(special, st.integers(0, 10**6).map(lambda n: Decimal(n).scaleb(-6)))


def weights(of: Sequence[str]) -> SearchStrategy[dict[str, Decimal]]:
    """A weight of zero or more for each party, at least one of them above zero."""
    one = st.one_of(st.integers(0, 3).map(Decimal), amounts("0.00", "100.00"))
    found = st.fixed_dictionaries(dict.fromkeys(of, one))
    return found.filter(lambda one: any(one.values()))


def parties(least: int = 1) -> SearchStrategy[list[str]]:
    """Some of the providers, in any order."""
    return st.lists(st.sampled_from(PARTIES), min_size=least, unique=True)


def days() -> SearchStrategy[date]:
    """Days of the year, often its edges."""
    return st.one_of(st.sampled_from(_EDGES), st.dates(*YEAR))


def experiences(
    persons: int = 6, lines: int = 24
) -> SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """What happened: rows of `medical_claim`, `member_month`, `premium` and `roster`.

    Args:
        persons: Members at most.
        lines: Claim lines at most.
    """
    return st.builds(
        experience, st.integers(0, 2**32), st.integers(1, persons), st.integers(0, lines)
    )


def experience(seed: int, persons: int, lines: int) -> dict[str, list[dict[str, Any]]]:
    """Give what happened to some persons; the same for the same seed."""
    dice = Random(seed)  # noqa: S311  facts of a test, not secrets
    names = [f"m{number}" for number in range(persons)]
    months = [
        {"person_id": name, "month": date(2015, month, 1),
         "fraction": dice.choice((1, Decimal("0.5"))),
         "party": party, "product": None, "age": dice.randint(0, 99), "sex": None, "region": None,
         "risk_score": None}
        for name in names
        for party in [dice.choice(PARTIES)]
        for month in range(1, dice.randint(1, 12) + 1)
    ]  # fmt: skip
    premiums = [
        {"person_id": row["person_id"], "party": row["party"], "product": None,
         "month": row["month"],
         "premium_amount": _amount(dice)}
        for row in months
    ]  # fmt: skip
    claims = [
        _line(dice, f"c{number // 2}", number % 2 + 1, number // 2, names)
        for number in range(lines)
    ]
    roster = [
        {"person_id": name, "party": dice.choice(PARTIES), "from": None,
         "through": dice.choice((None, YEAR[1]))}
        for name in names
    ]  # fmt: skip
    return {"medical_claim": claims, "member_month": months, "premium": premiums, "roster": roster}


def _line(
    dice: Random, claim: str, number: int, claim_number: int, names: Sequence[str]
) -> dict[str, Any]:
    # What belongs to the claim is the same on all of its lines.
    same = Random(claim_number)  # noqa: S311  facts of a test, not secrets
    day = dice.choice((*_EDGES, *_EDGES, *_OUTSIDE))
    return {
        "claim_id": claim,
        "claim_line_number": number,
        "person_id": same.choice(names),
        "party": same.choice((*PARTIES, None)),
        "claim_type": same.choice(("professional", "institutional", None)),
        "drg_code": same.choice(("065", "470", None)),
        "claim_line_start_date": day,
        "claim_start_date": None,
        "claim_end_date": None,
        "discharge_date": None,
        "hcpcs_code": dice.choice(("X1", "X2", None)),
        "place_of_service_code": dice.choice(("11", "21", None)),
        "service_unit_quantity": dice.choice((0, 1, 1, 2, 3, None)),
        "charge_amount": None if dice.random() < 0.1 else _amount(dice),  # noqa: PLR2004  one in ten
        "allowed_amount": _amount(dice),
        "paid_amount": _amount(dice),
    }


def _amount(dice: Random) -> Decimal:
    if dice.random() < 0.5:  # noqa: PLR2004  every other one
        return dice.choice(_TIES)
    return Decimal(dice.randint(-50_00, 5000_00)).scaleb(-2)
