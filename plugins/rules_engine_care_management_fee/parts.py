"""Payers' parts of the fees: after minimum and maximum, and beyond what they paid before."""

from collections.abc import Mapping
from fractions import Fraction

from rules_engine import Money, Occasion, SettlementError
from rules_engine_care_management_fee.counting import Counted, quoted
from rules_engine_care_management_fee.terms import Terms

__all__ = ["due_of", "limited", "take_part"]


def limited(terms: Terms, occasion: Occasion, counted: Counted) -> dict[str, Money]:
    """Hold the fees of all payers to minimum and maximum, as `fees`; give each payer's part.

    Raises:
        SettlementError: A limit is below zero, they cross, or nobody has members to divide by.
    """
    sheet = occasion.worksheet
    formula = "counted_fees"
    for name, function, limit in (
        ("minimum", "greatest", terms.minimum),
        ("maximum", "least", terms.maximum),
    ):
        if limit is not None:
            if occasion.take(name, limit) < 0:
                msg = f"the {name} of {occasion.rule} is {sheet[name]}; it is 0 or more"
                raise SettlementError(msg)
            formula = f"{function}({formula}, {name})"
    both = terms.minimum is not None and terms.maximum is not None
    if both and sheet["minimum"] > sheet["maximum"]:
        msg = f"the minimum of {occasion.rule} is above its maximum"
        raise SettlementError(msg)
    money = occasion.post("fees", formula)
    if sheet["fees"] == sheet["counted_fees"]:
        for payer in counted.owed:
            sheet.let(f"part_{payer}", quoted(f"counted_{payer}"), kind="posted")
        return dict(counted.owed)
    weights = {payer: part.as_fraction() for payer, part in counted.owed.items()}
    if len(weights) == 1:
        # A single payer bears the minimum though it has no members.
        (payer,) = weights
        sheet.let(f"part_{payer}", "fees", kind="posted")
        return {payer: money}
    if not any(weights.values()):
        msg = (
            f"nobody has members in {occasion.rule} of {occasion.period.label}; its minimum of"
            f" {money} cannot be divided between {len(weights)} payers"
        )
        raise SettlementError(msg)
    parts = money.split(weights, occasion.unit_cents)
    for payer, part in parts.items():
        exact = f"fees * ({quoted(f'counted_{payer}')} / counted_fees)"
        take_part(occasion, f"part_{payer}", part, exact)
    return parts


def due_of(terms: Terms, occasion: Occasion, parts: Mapping[str, Money]) -> dict[str, Money]:
    """Take off what payers have paid before; what is too much comes back."""
    if terms.paid_before is None:
        return dict(parts)
    due = {}
    for payer in parts:
        before = f"paid_before_{payer}"
        occasion.take(before, terms.paid_before, payer)
        due[payer] = occasion.post(f"due_{payer}", f"{quoted(f'part_{payer}')} - {quoted(before)}")
    return due


def take_part(occasion: Occasion, name: str, part: Money, exact: str) -> Fraction:
    """Record a part that largest remainder gives, beside the exact part that it stands for."""
    occasion.worksheet.let(f"{name}_exact", exact)
    taken: Fraction = occasion.worksheet.take(
        name,
        part.as_fraction(),
        kind="posted",
        unit="money",
        formula=quoted(f"{name}_exact"),
        note="rounded by largest remainder; odd units go in the order of party ids",
    )
    return taken
