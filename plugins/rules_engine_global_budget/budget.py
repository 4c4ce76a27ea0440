"""The budget of a period: the prior one, grown by what the contract names."""

from fractions import Fraction

from rules_engine import Occasion, SettlementError
from rules_engine_global_budget.terms import Terms

__all__ = ["set_budget"]


def set_budget(terms: Terms, occasion: Occasion) -> None:
    """Record the growth and the budget, as `growth` and `budget`.

    Raises:
        SettlementError: The prior budget or the new one is below zero, or growth takes more than
            all of it away.
    """
    sheet = occasion.worksheet
    _at_least_zero(occasion, "prior", occasion.take("prior", terms.prior))
    names = []
    for name, formula in terms.adjustments.items():
        occasion.take(f"adjustment_{name}", formula)
        names.append(f"adjustment_{name}")
    if terms.multiplies:
        growth = " * ".join(f"(1 + {name})" for name in names)
    else:
        growth = " + ".join(("1", *names))
    _at_least_zero(occasion, "growth", sheet.let("growth", growth, note="factor on the prior one"))
    sheet.let("grown", "prior * growth")
    amounts = []
    for name, formula in terms.amounts.items():
        occasion.take(f"amount_{name}", formula)
        amounts.append(f"amount_{name}")
    money = occasion.post("budget", " + ".join(("grown", *amounts)))
    _at_least_zero(occasion, "budget", money.as_fraction())


def _at_least_zero(occasion: Occasion, name: str, value: Fraction) -> None:
    if value < 0:
        msg = (
            f"the {name} of {occasion.rule} in {occasion.period.label} is {value}; it is 0 or more"
        )
        raise SettlementError(msg)
