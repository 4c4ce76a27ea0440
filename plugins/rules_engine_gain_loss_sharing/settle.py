"""Settling a pool: post what came in and went out, then empty it among the parties."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from rules_engine import (
    Kind,
    Money,
    Occasion,
    Output,
    Settlement,
    SettlementError,
    Transfer,
    Type,
)
from rules_engine_gain_loss_sharing.accounts import (
    accounts_outputs,
    bring,
    carry,
    pay,
    quoted,
)
from rules_engine_gain_loss_sharing.amount import shared_part, take_minimum
from rules_engine_gain_loss_sharing.expenditure import adjust
from rules_engine_gain_loss_sharing.terms import Part, Terms

__all__ = ["outputs", "settle"]

_MONEY: Final = Type(Kind.MONEY, scale=2)
_NUMBER: Final = Type(Kind.NUMBER, scale=None, nullable=True)


def outputs(terms: Terms) -> Mapping[str, Output]:
    """The pool's result and what became of it."""
    found = {
        "revenue": Output(type=_MONEY, meaning="all that came into the pool"),
        "expenditure": Output(type=_MONEY, meaning="all that was paid out of the pool"),
        "result": Output(
            type=_MONEY,
            meaning="revenue minus expenditure, and what was carried in; a loss is below zero",
        ),
        "result_rate": Output(type=_NUMBER, meaning="result as a fraction of revenue"),
        "minimum_rate": Output(
            type=_NUMBER, meaning="fraction of revenue that a result of this sign has to reach"
        ),
        "counted": Output(
            type=_MONEY, meaning="what counts of the result, with its sign; 0 below the minimum"
        ),
        "sharing_rate": Output(
            type=_NUMBER, meaning="fraction of it that is divided before reductions and caps"
        ),
        "shared": Output(type=_MONEY, meaning="what the parties divide of it, with its sign"),
        "share": Output(
            type=_MONEY, grain="party", meaning="what a party gets, or pays below zero"
        ),
    }
    return {**found, **accounts_outputs(terms)}


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Post revenue into the pool and expenditure out of it, then divide what the pool holds.

    The pool's balance is the result, so that a balanced ledger means a conserved pool.
    """
    sheet = occasion.worksheet
    pool = f"{occasion.rule}.pool"
    moves: list[Transfer | None] = []
    posted: dict[str, list[str]] = {"revenue": [], "expenditure": []}
    for kind, amounts in (("revenue", terms.revenue), ("expenditure", terms.expenditure)):
        for name, formula in amounts.items():
            occasion.take(f"{kind}_{name}", formula)
            money = occasion.post(f"{kind}_{name}_posted", f"{kind}_{name}")
            posted[kind].append(f"{kind}_{name}_posted")
            accounts = (f"outside.{name}", pool) if kind == "revenue" else (pool, f"outside.{name}")
            moves.append(occasion.move(*accounts, money, reason=f"{kind}: {name}"))
    revenue = sheet.let("revenue", " + ".join(posted["revenue"]))
    adjusted = adjust(terms, occasion, pool, " + ".join(posted["expenditure"]))
    moves += adjusted.moves
    expenditure = sheet.let("expenditure", adjusted.formula)
    brought = bring(terms, occasion, pool)
    moves += brought.moves
    result = sheet.let("result", f"revenue - expenditure{brought.formula}")
    # Of no revenue, or less, there is no rate; a minimum rate and bands then refuse the settlement.
    result_rate = sheet.let("result_rate", "result / revenue") if revenue > 0 else None
    part = terms.gain if result >= 0 else terms.loss
    minimum_rate = take_minimum(part, occasion)
    counted, sharing_rate = shared_part(part, occasion, gain=result >= 0)
    shared = Money.of(sheet["shared"], occasion.currency)
    shares = _shares(part, occasion, shared) if part.among else {}
    for party, amount in shares.items():
        moves.append(occasion.move(pool, party, amount, reason="share of the result"))
    rest = sheet.let("rest", "result - shared")
    kept = carry(terms, part, occasion, pool)
    moves += kept.moves
    if rest and part.residual is not None:
        left = Money.of(rest, occasion.currency)
        (keeper,) = occasion.parties([part.residual])
        moves.append(occasion.move(pool, keeper, left, reason="what is not divided"))
        name = f"share_{keeper}"
        sheet.let(name, f"{quoted(name)} + rest" if keeper in shares else "rest", kind="posted")
        shares[keeper] = shares.get(keeper, Money(0, occasion.currency)) + left
    paid = pay(terms, occasion, shares)
    moves += paid.moves
    return Settlement(
        transfers=tuple(move for move in moves if move is not None),
        outputs={
            "revenue": revenue,
            "expenditure": expenditure,
            "result": result,
            "result_rate": result_rate,
            "minimum_rate": minimum_rate,
            "counted": counted,
            "sharing_rate": sharing_rate,
            "shared": sheet["shared"],
            "share": {party: amount.as_fraction() for party, amount in shares.items()},
            **kept.outputs,
            **paid.outputs,
        },
        pools=frozenset({pool}),
        explained=sheet.steps,
        closing=kept.closing,
    )


def _shares(part: Part, occasion: Occasion, shared: Money) -> dict[str, Money]:
    """Divide by largest remainder; odd units go in the order of party ids."""
    if not part.nested:
        return _divided(part, occasion, "shared", shared, occasion.parties(part.among))
    groups = {name: occasion.groups.get(name, (name,)) for name in sorted(part.among)}
    weights = {
        name: sum((_weight(part, occasion, party) for party in parties), Fraction(0))
        if part.weights or part.by
        else Fraction(1)
        for name, parties in groups.items()
    }
    if part.weights or part.by:
        for name, parties in groups.items():
            if parties != (name,):
                formula = " + ".join(quoted(f"weight_{party}") for party in parties)
                occasion.worksheet.let(f"weight_{name}", formula)
    shares: dict[str, Money] = {}
    for name, amount in _split(occasion, shared, weights).items():
        label = f"shared_{name}"
        _note(occasion, label, "shared", weights, name, amount)
        shares |= _divided(part, occasion, label, amount, groups[name])
    return shares


def _divided(
    part: Part, occasion: Occasion, whole: str, amount: Money, parties: tuple[str, ...]
) -> dict[str, Money]:
    weights = {party: _weight(part, occasion, party) for party in parties}
    shares = _split(occasion, amount, weights)
    for party, money in shares.items():
        _note(occasion, f"share_{party}", whole, weights, party, money)
    return shares


def _split(occasion: Occasion, amount: Money, weights: Mapping[str, Fraction]) -> dict[str, Money]:
    if not any(weights.values()):
        if not amount.cents:
            return dict.fromkeys(weights, amount)
        where = f"{occasion.rule} in {occasion.period.label}"
        msg = f"every party of {where} has weight 0; {amount} cannot be divided"
        raise SettlementError(msg)
    return amount.split(weights, occasion.unit_cents)


def _note(
    occasion: Occasion,
    name: str,
    whole: str,
    weights: Mapping[str, Fraction],
    party: str,
    money: Money,
) -> None:
    """Record a share: the exact part, and what largest remainder makes of it."""
    sheet = occasion.worksheet
    total = sum(weights.values(), Fraction(0))
    if total:
        mine = weights[party]
        if mine == 1:
            sheet.let(
                f"{name}_exact",
                f"{quoted(whole)} * 1 / {total}"
                if total.denominator == 1
                else f"{quoted(whole)} * 1 / ({total})",
            )
        else:
            note = f"{total} is the sum of the weights"
            sheet.let(
                f"{name}_exact",
                f"{quoted(whole)} * {quoted(f'weight_{party}')} / ({total})",
                note=note,
            )
    sheet.take(
        name,
        money.as_fraction(),
        kind="posted",
        unit="money",
        formula=quoted(f"{name}_exact") if total else quoted(whole),
        note="rounded by largest remainder; odd units go in the order of party ids",
    )


def _weight(part: Part, occasion: Occasion, party: str) -> Fraction:
    if part.weights is not None:
        return _stated(part.weights, occasion, party)
    if part.by is None:
        return Fraction(1)
    name = f"weight_{party}"
    weight = occasion.take(name, part.by, party)
    if weight < 0:
        msg = f"the weight of {party} in {occasion.rule} is {weight}; it is 0 or more"
        raise SettlementError(msg)
    return Fraction(weight)


def _stated(weights: Mapping[str, Fraction], occasion: Occasion, party: str) -> Fraction:
    """Give the weight of a party, by its own name or by that of a group that it alone makes up."""
    for name, weight in weights.items():
        if name == party or occasion.groups.get(name) == (party,):
            occasion.worksheet.let(f"weight_{party}", f"{weight}", note="as the weights say")
            return weight
    msg = f"{party} divides in {occasion.rule} and has no weight"
    raise SettlementError(msg)
