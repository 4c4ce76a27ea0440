"""Expenditure as the contract counts it: cut for costly members, completed for late claims."""

from fractions import Fraction

from rules_engine import Formula, Occasion, SettlementError, Transfer
from rules_engine_gain_loss_sharing.accounts import Moved
from rules_engine_gain_loss_sharing.terms import Terms

__all__ = ["adjust"]


def adjust(terms: Terms, occasion: Occasion, pool: str, formula: str) -> Moved:
    """Take off what lies above members' limits, then add what claims are still to come.

    Args:
        terms: The rule's terms.
        occasion: The entity and period.
        pool: The pool that expenditure is paid from.
        formula: What was paid, as a formula of the worksheet.

    Raises:
        SettlementError: A limit or the factor is below zero, or rows name no member.
    """
    moves: list[Transfer | None] = []
    if terms.truncate_of is not None and terms.truncate_at is not None:
        above, count = _above(terms.truncate_of, terms.truncate_at, occasion)
        occasion.worksheet.take(
            "above_limits",
            above,
            formula="members_above",
            unit="money",
            inputs={"members_above": above},
            units={"members_above": "money"},
            place=terms.truncate_at.place,
            note=f"{terms.truncate_of.text} above {terms.truncate_at.text}: {count} members",
        )
        money = occasion.post("truncation", "above_limits")
        moves.append(occasion.move("outside.truncation", pool, money, reason="truncation"))
        formula = f"{formula} - truncation"
    if terms.completion is not None:
        factor = occasion.take("completion_factor", terms.completion)
        if factor < 0:
            msg = f"the completion of {occasion.rule} is {factor}; it is 0 or more"
            raise SettlementError(msg)
        money = occasion.post("completion", f"({formula}) * (completion_factor - 1)")
        moves.append(occasion.move(pool, "outside.completion", money, reason="completion"))
        formula = f"{formula} + completion"
    return Moved(moves=tuple(moves), formula=formula)


def _above(of: Formula, at: Formula, occasion: Occasion) -> tuple[Fraction, int]:
    """Give what lies above the limits of all members, and of how many of them."""
    above = Fraction(0)
    count = 0
    for member in occasion.members((of,)):
        cost, limit = occasion.value(of, member), occasion.value(at, member)
        if cost is None or limit is None:
            msg = (
                f"{of.place}: truncation of a member in {occasion.rule} of {occasion.period.label}"
                " has no value; say what holds then: coalesce(…, 0)"
            )
            raise SettlementError(msg)
        if limit < 0:
            msg = f"the limit of a member in {occasion.rule} is {limit}; it is 0 or more"
            raise SettlementError(msg)
        if cost > limit:
            above += cost - limit
            count += 1
    return above, count
