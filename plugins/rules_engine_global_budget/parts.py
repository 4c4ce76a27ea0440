"""Payers' parts of an amount: by their charges, or by what the contract says."""

from collections.abc import Mapping
from fractions import Fraction

from rules_engine import Money, Occasion, SettlementError
from rules_engine_global_budget.charges import quoted
from rules_engine_global_budget.terms import Terms

__all__ = ["amount_of", "divided", "weights_of"]


def amount_of(occasion: Occasion, name: str) -> Money:
    """Give a posted amount of the worksheet."""
    return Money.of(occasion.worksheet[name], occasion.currency)


def weights_of(
    terms: Terms, occasion: Occasion, charged: Mapping[str, Money]
) -> dict[str, Fraction]:
    """Say what each payer's part of the budget goes by."""
    weights = {}
    for payer, money in charged.items():
        if terms.by is None:
            weights[payer] = money.as_fraction()
            continue
        weights[payer] = Fraction(occasion.take(f"weight_{payer}", terms.by, payer))
        if weights[payer] < 0:
            msg = f"the weight of {payer} in {occasion.rule} is {weights[payer]}; it is 0 or more"
            raise SettlementError(msg)
    return weights


def divided(
    occasion: Occasion, name: str, whole: str, weights: Mapping[str, Fraction]
) -> dict[str, Money]:
    """Divide an amount of the worksheet between payers by largest remainder."""
    sheet = occasion.worksheet
    money = amount_of(occasion, whole)
    total = sum(weights.values(), Fraction(0))
    if not money.cents:
        for payer in weights:
            sheet.let(f"{name}_{payer}", whole, kind="posted")
        return dict.fromkeys(weights, money)
    if not total:
        msg = (
            f"{whole} of {occasion.rule} in {occasion.period.label} is {money}, and no payer has"
            " charges or a weight to divide it by"
        )
        raise SettlementError(msg)
    parts = money.split(weights, occasion.unit_cents)
    for payer, part in parts.items():
        weight = Fraction(weights[payer], total)
        exact = f"{whole} * {weight.numerator} / {weight.denominator}"
        sheet.let(f"{name}_exact_{payer}", exact)
        sheet.take(
            f"{name}_{payer}",
            part.as_fraction(),
            kind="posted",
            unit="money",
            formula=quoted(f"{name}_exact_{payer}"),
            note="rounded by largest remainder; odd units go in the order of party ids",
        )
    return parts
