"""What payers were charged, and how far that is from approved rates."""

from collections.abc import Sequence

from rules_engine import Money, Occasion, SettlementError
from rules_engine_global_budget.terms import Corridor, Terms

__all__ = ["Charged", "quoted", "take_charges", "take_corridor"]

Charged = dict[str, Money]
"""What each payer was charged, as posted."""


def take_charges(terms: Terms, occasion: Occasion, payers: Sequence[str]) -> Charged:
    """Record what each payer was charged, and all of them together as `charged`.

    Raises:
        SettlementError: Charges are below zero.
    """
    found = {}
    for payer in payers:
        value = occasion.take(f"charges_{payer}", terms.charges, payer)
        if value < 0:
            msg = f"{payer} was charged {value} in {occasion.rule}; it is 0 or more"
            raise SettlementError(msg)
        found[payer] = occasion.post(f"charged_{payer}", quoted(f"charges_{payer}"))
    parts = " + ".join(quoted(f"charged_{payer}") for payer in payers)
    occasion.worksheet.let("charged", parts, kind="posted")
    return found


def take_corridor(corridor: Corridor | None, occasion: Occasion) -> None:
    """Record what lies above the corridor, the penalty on it, and what is lost below.

    Sets `excess`, `penalty` and `forfeited`, all 0 where nothing limits rates. What is forgone
    below counts up to what the budget allowed: nobody loses what was never permitted.

    Raises:
        SettlementError: The volume at approved rates is below zero.
    """
    sheet = occasion.worksheet
    if corridor is None:
        for name in ("excess", "penalty", "forfeited"):
            sheet.let(name, "0 * budget", kind="posted")
        return
    at_rates = occasion.take("at_rates", corridor.at_rates)
    if at_rates < 0:
        msg = f"the volume at approved rates of {occasion.rule} is {at_rates}; it is 0 or more"
        raise SettlementError(msg)
    occasion.take("width", corridor.width)
    sheet.let("corridor_ends", "at_rates * (1 + width)")
    occasion.post("excess", "least(greatest(charged - corridor_ends, 0), charged)")
    penalty = "0 * excess"
    if corridor.penalty is not None:
        occasion.take("penalty_rate", corridor.penalty)
        penalty = "excess * penalty_rate"
    occasion.post("penalty", penalty)
    if corridor.forfeits:
        sheet.let("corridor_begins", "at_rates * (1 - width)")
        forgone = "least(corridor_begins, permitted) - charged"
        occasion.post("forfeited", f"greatest({forgone}, 0)")
    else:
        sheet.let("forfeited", "0 * budget", kind="posted")


def quoted(name: str) -> str:
    """Write a name of the worksheet in a formula; ids of payers may hold any character."""
    return name if name.isidentifier() else f'"{name}"'
