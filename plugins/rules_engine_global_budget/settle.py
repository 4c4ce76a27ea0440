"""Settling a budget: what the corridor gives back, and what was charged above or below it."""

from collections.abc import Mapping, Sequence
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
from rules_engine_global_budget.budget import set_budget
from rules_engine_global_budget.charges import quoted, take_charges, take_corridor
from rules_engine_global_budget.parts import amount_of, divided, weights_of
from rules_engine_global_budget.terms import Terms

__all__ = ["outputs", "settle"]

_MONEY: Final = Type(Kind.MONEY, scale=2)
_NUMBER: Final = Type(Kind.NUMBER, scale=None)


def outputs(terms: Terms) -> Mapping[str, Output]:
    """The budget, what was charged, and what became of the difference."""
    found = {
        "growth": Output(type=_NUMBER, meaning="factor on the prior budget"),
        "budget": Output(type=_MONEY, meaning="budget of the period"),
        "permitted": Output(
            type=_MONEY, meaning="budget and what earlier periods left; overcharges lessen it"
        ),
        "charged": Output(type=_MONEY, meaning="what all payers were charged"),
        "excess": Output(type=_MONEY, meaning="charges above the corridor, which are given back"),
        "penalty": Output(type=_MONEY, meaning="what is paid to the payers beside them"),
        "forfeited": Output(type=_MONEY, meaning="charges forgone below the corridor and lost"),
        "difference": Output(
            type=_MONEY, meaning="permitted and not charged; an overcharge is below zero"
        ),
        "share": Output(type=_MONEY, grain="party", meaning="a payer's part of what is permitted"),
        "returned": Output(
            type=_MONEY, grain="party", meaning="what a payer gets back of its charges, and penalty"
        ),
    }
    if terms.carry is not None:
        found["brought"] = Output(type=_MONEY, meaning="balance of earlier periods")
        found["carried"] = Output(type=_MONEY, meaning="balance that the next period settles")
    else:
        found["settled"] = Output(
            type=_MONEY, grain="party", meaning="what a payer pays beyond its charges, or gets back"
        )
    return found


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Set the budget against charges; the pool holds the difference until it is settled.

    Raises:
        SettlementError: An amount is out of range, or nothing says how payers divide the budget.
    """
    sheet = occasion.worksheet
    pool = f"{occasion.rule}.pool"
    (provider,) = occasion.parties([terms.provider])
    payers = occasion.parties(terms.payers)
    set_budget(terms, occasion)
    moves = [occasion.move("outside.budget", pool, amount_of(occasion, "budget"), "budget")]
    moves += _brought(terms, occasion, pool)
    charged = take_charges(terms, occasion, payers)
    for payer, money in charged.items():
        moves.append(occasion.move(pool, "outside.charges", money, f"charges of {payer}"))
    take_corridor(terms.corridor, occasion)
    weights = weights_of(terms, occasion, charged)
    shares = divided(occasion, "share", "permitted", weights)
    by_charges = {payer: money.as_fraction() for payer, money in charged.items()}
    excess = divided(occasion, "part_excess", "excess", by_charges)
    penalty = divided(occasion, "part_penalty", "penalty", by_charges)
    for payer in payers:
        moves.append(occasion.move(provider, payer, excess[payer], "charges above the corridor"))
        moves.append(occasion.move("outside.charges", pool, excess[payer], "given back"))
        moves.append(occasion.move(provider, payer, penalty[payer], "penalty"))
    forfeited = amount_of(occasion, "forfeited")
    moves.append(occasion.move(pool, "outside.forfeited", forfeited, "forgone below the corridor"))
    sheet.let("difference", "permitted - charged + excess - forfeited", kind="posted")
    found: dict[str, object] = {}
    closing: dict[str, Money] = {}
    if terms.carry is not None:
        carried = amount_of(occasion, "difference")
        sheet.let("carried", "difference", kind="posted")
        moves.append(occasion.move(pool, _account(terms, occasion), carried, "carried forward"))
        closing[_account(terms, occasion)] = carried
        found = {"brought": sheet["brought"], "carried": sheet["carried"]}
    else:
        settled = _settled(occasion, pool, provider, payers, moves)
        found = {"settled": settled}
    names = [name for name, output in outputs(terms).items() if output.grain == "rule"]
    return Settlement(
        transfers=tuple(move for move in moves if move is not None),
        outputs={
            **{name: sheet[name] for name in names},
            **found,
            "share": {payer: money.as_fraction() for payer, money in shares.items()},
            "returned": {p: (excess[p] + penalty[p]).as_fraction() for p in payers},
        },
        pools=frozenset({pool}),
        explained=sheet.steps,
        closing=closing,
    )


def _brought(terms: Terms, occasion: Occasion, pool: str) -> list[Transfer | None]:
    """Bring in what earlier periods left, and record what may be charged."""
    sheet = occasion.worksheet
    if terms.carry is None:
        sheet.let("permitted", "budget", kind="posted")
        return []
    account = _account(terms, occasion)
    balance = occasion.opening[account]
    sheet.take(
        "brought",
        balance.as_fraction(),
        formula="opening_balance",
        unit="money",
        inputs={"opening_balance": balance.as_fraction()},
        units={"opening_balance": "money"},
        note=f"what {account} holds before {occasion.period.label}",
    )
    if sheet.let("permitted", "budget + brought", kind="posted") < 0:
        msg = (
            f"{occasion.rule} in {occasion.period.label} has overcharges of {-balance} to settle,"
            f" more than its budget"
        )
        raise SettlementError(msg)
    return [occasion.move(account, pool, balance, f"brought forward: {terms.carry}")]


def _settled(
    occasion: Occasion,
    pool: str,
    provider: str,
    payers: Sequence[str],
    moves: list[Transfer | None],
) -> dict[str, Fraction]:
    """Let each payer pay its part, or get back what it was charged beyond it."""
    sheet = occasion.worksheet
    found: dict[str, Fraction] = {}
    forfeits = sheet["forfeited"] > 0
    if forfeits:
        weights = {payer: Fraction(sheet[f"share_{payer}"]) for payer in payers}
        divided(occasion, "part_forfeited", "forfeited", weights)
    for payer in payers:
        share, charged, back = (
            quoted(f"{name}_{payer}") for name in ("share", "charged", "part_excess")
        )
        formula = f"{share} - {charged} + {back}"
        if forfeits:
            formula += f" - {quoted(f'part_forfeited_{payer}')}"
        found[payer] = sheet.let(f"settled_{payer}", formula, kind="posted")
        money = Money.of(found[payer], occasion.currency)
        moves.append(occasion.move(payer, provider, money, "part of the budget"))
        moves.append(occasion.move(pool, "outside.charges", money, "settled"))
    return found


def _account(terms: Terms, occasion: Occasion) -> str:
    return "/".join((f"{occasion.rule}.{terms.carry}", *occasion.key))
