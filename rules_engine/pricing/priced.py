"""What pricing gives: lines that balance, or the reason why a line has no price."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import define, field

from rules_engine.expressions import Site
from rules_engine.expressions.types import EXACT
from rules_engine.pricing.running import Key

if TYPE_CHECKING:
    from rules_engine.pricing.trace import Trace

__all__ = ["Adjustment", "PricedClaim", "PricedLine", "RejectedLine", "detail_text"]

# `define` and not `frozen`: a frozen value takes five times as long to make; a claim makes many.


@define(slots=True, repr=True, eq=True)
class Adjustment:
    """Money taken off a line, as a remittance says it.

    Attributes:
        group_code: X12 group code: CO, PR, OA or PI.
        carc: X12 claim adjustment reason code.
        amount: In currency, two decimal places; CO-45 is negative where more than the charge is
            allowed.
        rule: Id of the rule that takes it.
    """

    group_code: str
    carc: str
    amount: Decimal
    rule: str

    @property
    def code(self) -> str:
        """`CO-45`."""
        return f"{self.group_code}-{self.carc}"


@define(slots=True, repr=True, eq=True)
class PricedLine:
    """One priced claim line; charge = paid + adjustments, always.

    Attributes:
        claim_line_number: Its number on the claim.
        rule: Id of the rule that set the allowed amount.
        charge: Charged amount; None where the claim states none, and then
            allowed = paid + adjustments.
        allowed: What the contract allows.
        member_share: What the member owes of it.
        withheld: What is kept back of it.
        paid: What is paid now.
        adjustments: All that stands between charge and paid amount.
    """

    claim_line_number: int
    rule: str
    charge: Decimal | None
    allowed: Decimal
    member_share: Decimal
    withheld: Decimal
    paid: Decimal
    adjustments: tuple[Adjustment, ...]


@define(slots=True, repr=True, eq=True)
class RejectedLine:
    """A line without a price, and why.

    Attributes:
        claim_line_number: Its number on the claim.
        code: Stable code of the reason.
        reason: The reason in words, without data of the member.
        rule: The rule that asked, or an empty text.
        detail: What of the row it is about: a key, the rules that clash.
        place: Where the rule's formula stands, `file:line:column`; empty where no rule is meant.
    """

    claim_line_number: int
    code: str
    reason: str
    rule: str
    detail: str = ""
    place: str = ""

    @classmethod
    def of(cls, number: int, site: Site, detail: object) -> "RejectedLine":
        """Make it from a place that rejects."""
        return cls(number, site.code, site.message, site.rule, detail_text(detail), site.place)


def detail_text(detail: object) -> str:
    """Write a key as text; commas join the parts of a composite key, a null is written NULL."""
    if detail is None:
        return "NULL"
    if isinstance(detail, tuple):
        return ", ".join(detail_text(part) for part in detail)
    return str(detail)


@define(slots=True, repr=True, eq=True)
class PricedClaim:
    """A claim line by line, in the order of the claim.

    Attributes:
        claim_id: The claim.
        lines: Its priced and rejected lines.
        given_after: What the running sums that the claim adds to have become; the accumulators that
            the next claim is given, beside those it does not add to.
        traces: How each line came about, in the order of the lines, where that was asked for.
    """

    claim_id: str
    lines: tuple[PricedLine | RejectedLine, ...]
    given_after: Mapping[Key, Decimal] = field(factory=dict)
    traces: "tuple[Trace, ...]" = field(default=(), eq=False, repr=False)

    @property
    def priced(self) -> Iterator[PricedLine]:
        """The lines that have a price."""
        return (line for line in self.lines if isinstance(line, PricedLine))

    @property
    def rejected(self) -> Iterator[RejectedLine]:
        """The lines that have none."""
        return (line for line in self.lines if isinstance(line, RejectedLine))

    @property
    def paid(self) -> Decimal:
        """Sum of the paid amounts."""
        return _total(line.paid for line in self.priced)

    @property
    def allowed(self) -> Decimal:
        """Sum of the allowed amounts."""
        return _total(line.allowed for line in self.priced)


def _total(amounts: Iterator[Decimal]) -> Decimal:
    total = Decimal("0.00")
    for amount in amounts:
        # The sum must not depend on the host's context.
        total = EXACT.add(total, amount)
    return total
