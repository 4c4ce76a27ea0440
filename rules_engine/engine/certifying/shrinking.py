"""Shrinking: from a claim that engines price differently to the smallest one that does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules_engine.engine.certifying.interest import step
from rules_engine.engine.certifying.sample import Claim, Row, Sample
from rules_engine.expressions.types import EXACT, Kind, Type
from rules_engine.pricing.plan import Plan, columns_of

__all__ = ["shrunk"]

Differing = Callable[[Sample], Sequence[str]]
"""Gives the ids of the claims of a sample that engines price differently."""

_ROUNDS_MAX: Final = 200
_HUNDRED: Final = Decimal(100)


def shrunk(plan: Plan, sample: Sample, claim_id: str, differing: Differing) -> Sample:
    """Give the smallest claim near one, with the fewest rows of given tables, that still differs.

    Args:
        plan: What prices it.
        sample: A claim that engines price differently, and the claims that it needs beside it.
        claim_id: The claim.
        differing: Says which claims are priced differently.
    """
    claim = next(one for one in sample.claims if one.claim_id == claim_id)
    others = tuple(one for one in sample.claims if one.claim_id != claim_id)
    for _ in range(_ROUNDS_MAX):
        simpler = [one for one in _simpler(plan, claim) if _cost(one, plan) < _cost(claim, plan)]
        found = _first(simpler, others, sample.given, differing)
        if found is None:
            break
        claim = found
    rows = dict(sample.given)
    for table, before in sample.given.items():
        for row in before:
            fewer = rows | {table: tuple(one for one in rows[table] if one is not row)}
            if claim_id in differing(Sample((*others, claim), fewer)):
                rows = fewer
    return Sample((*others, claim), rows)


def _first(
    simpler: Sequence[Claim],
    others: tuple[Claim, ...],
    given: Mapping[str, tuple[Row, ...]],
    differing: Differing,
) -> Claim | None:
    """Give the first claim that still differs; all at once where none needs others beside it."""
    if others:
        for one in simpler:
            if one.claim_id in differing(Sample((*others, one), given)):
                return one
        return None
    named = [Claim(f"s{number:04}", one.lines) for number, one in enumerate(simpler)]
    failing = frozenset(differing(Sample(tuple(named), given))) if named else frozenset()
    places = [place for place, one in enumerate(named) if one.claim_id in failing]
    # Asked alone, because where sums run the claims of one question are not independent.
    for place in places:
        if simpler[place].claim_id in differing(Sample((simpler[place],), given)):
            return simpler[place]
    return None


def _simpler(plan: Plan, claim: Claim) -> Iterator[Claim]:
    """Give claims that are simpler by one step, the largest steps first."""
    lines = claim.lines
    if len(lines) > 1:
        for line in lines:
            yield Claim(claim.claim_id, ({**line, "claim_line_number": 1},))
        for place in range(len(lines)):
            yield Claim(claim.claim_id, (*lines[:place], *lines[place + 1 :]))
    yield Claim(
        claim.claim_id, tuple({**line, "claim_line_number": n} for n, line in enumerate(lines, 1))
    )
    for changed in _dated_plainly(plan, lines):
        yield Claim(claim.claim_id, changed)
    for place, line in enumerate(lines):
        for name, type_ in plan.read_columns.items():
            for value in _less(type_, line[name], plan.first):
                less = {**line, name: value}
                yield Claim(claim.claim_id, (*lines[:place], less, *lines[place + 1 :]))


def _dated_plainly(plan: Plan, lines: tuple[Row, ...]) -> Iterator[tuple[Row, ...]]:
    """Give lines that one date alone dates, which no change of a single column leads to."""
    read = sorted(columns_of([plan.row_date]))
    days = [name for name in read if plan.columns[name].kind is Kind.DATE]
    blank = {name: None for name in read if plan.columns[name].nullable}
    for name in days:
        for day in dict.fromkeys((plan.first, *(line[other] for line in lines for other in days))):
            if day is not None:
                yield tuple({**line, **blank, name: day} for line in lines)


def _less(type_: Type, value: Any, first: date) -> Iterator[Any]:
    """Give simpler values of a column, none the simplest."""
    if value is None:
        return
    if type_.nullable:
        yield None
    if type_.kind is Kind.DATE:
        yield first
        yield value.replace(day=1)
    elif type_.is_numeric:
        whole = type_.kind in {Kind.COUNT, Kind.DAYS}
        one = step(type_)
        exact = Decimal(value)
        parts = (
            Decimal(0), Decimal(1), _HUNDRED, exact.copy_abs(), one,
            exact.to_integral_value(context=EXACT), EXACT.divide(exact, Decimal(10)),
            EXACT.divide(exact, Decimal(2)), exact - _HUNDRED.copy_sign(exact),
            exact - Decimal(1).copy_sign(exact), exact - one.copy_sign(exact),
        )  # fmt: skip
        for part in parts:
            typed = part.quantize(one, context=EXACT)
            low, high = type_.low, type_.high
            if (low is None or low <= typed) and (high is None or typed <= high):
                yield int(typed) if whole else typed


def _cost(claim: Claim, plan: Plan) -> tuple[Any, ...]:
    """Say how large a claim is; the smaller of two is the simpler one."""
    held = [(name, line[name]) for line in claim.lines for name in plan.read_columns]
    numbers = [
        Decimal(v) for _, v in held if isinstance(v, Decimal | int) and not isinstance(v, bool)
    ]
    days = [v for _, v in held if isinstance(v, date)]
    return (
        len(claim.lines),
        sum(value is not None for _, value in held),
        sum(len(f"{abs(number):f}".strip("0").replace(".", "")) for number in numbers),
        sum(number < 0 for number in numbers),
        sum((abs(number) for number in numbers), Decimal(0)),
        sum(day != plan.first for day in days),
        sum(abs((day - plan.first).days) for day in days),
        sum(line["claim_line_number"] for line in claim.lines),
    )
