"""What pricing a member-month gives: a payment, or the reason why there is none."""

from datetime import date
from decimal import Decimal

from attrs import frozen

__all__ = ["PricedMonth", "RejectedMonth"]


@frozen(kw_only=True)
class PricedMonth:
    """What a rule pays for one member-month; allowed = adjusted + withheld + paid, always.

    Attributes:
        rule: The rule.
        person_id: The member.
        month: First day of the month.
        payee: Who is paid.
        allowed: What the contract allows, in currency; below zero where the payee owes it.
        adjusted: What is taken off it for good.
        withheld: What is kept back of it until a settlement.
        paid: What is paid now.
    """

    rule: str
    person_id: str
    month: date
    payee: str
    allowed: Decimal
    adjusted: Decimal
    withheld: Decimal
    paid: Decimal


@frozen(kw_only=True)
class RejectedMonth:
    """A member-month that a rule cannot price, and why; it is never priced at zero.

    Attributes:
        rule: The rule.
        person_id: The member; None where that does not read.
        month: First day of the month; None where that does not read.
        code: Stable code of the reason.
        reason: The reason in words, without data of the member.
        detail: What of the row it is about, such as a key that a table does not have.
        place: Where the rule's formula stands, `file:line:column`.
    """

    rule: str
    person_id: str | None
    month: date | None
    code: str
    reason: str
    detail: str = ""
    place: str = ""
