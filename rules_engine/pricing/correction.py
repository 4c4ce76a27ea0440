"""Corrections: what becomes of a line's price when more is known, with the reasons."""

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from rules_engine.expressions.types import EXACT
from rules_engine.pricing.priced import Adjustment, PricedClaim, PricedLine, RejectedLine

__all__ = ["Correction", "corrected", "corrections"]

_NOTHING = Decimal("0.00")


@frozen(kw_only=True)
class Correction:
    """The reversal of a line's earlier price, and the price that holds instead.

    Attributes:
        claim_id: The claim.
        claim_line_number: Its line.
        reversed: The earlier price, all of which is taken back; None for a line that had none.
        line: What holds now: a price, or the reason why there is none; None where the line is no
            more, as one whose claim was replaced.
    """

    claim_id: str
    claim_line_number: int
    reversed: PricedLine | None
    line: PricedLine | RejectedLine | None

    @property
    def paid(self) -> Decimal:
        """What is paid more than before, in currency; below zero where money comes back."""
        return EXACT.subtract(_paid(self.line), _paid(self.reversed))

    @property
    def reasons(self) -> tuple[Adjustment, ...]:
        """What is taken off the charge more than before, by rule and code; below zero for less.

        Where the charge is the same they sum to what is paid less.
        """
        before, after = _taken(self.reversed), _taken(self.line)
        found = []
        for key in dict.fromkeys((*before, *after)):
            more = EXACT.subtract(after.get(key, _NOTHING), before.get(key, _NOTHING))
            if more:
                rule, group_code, carc = key
                found.append(Adjustment(group_code, carc, more, rule))
        return tuple(found)


def corrections(before: PricedClaim | None, after: PricedClaim | None) -> tuple[Correction, ...]:
    """Say what a claim's price has become since it was priced before.

    Args:
        before: What it was priced then; None where it was not known.
        after: What it is priced now; None where it counts no more.

    Returns:
        A correction of each line whose price is another one, or is there for the first time; their
        paid amounts sum to the difference of the two.

    Raises:
        ValueError: They are two claims.
    """
    known = [claim for claim in (before, after) if claim is not None]
    if len({claim.claim_id for claim in known}) > 1:
        msg = f"{known[0].claim_id} and {known[1].claim_id} are two claims; one is corrected"
        raise ValueError(msg)
    earlier, later = _by_number(before), _by_number(after)
    return tuple(
        found
        for number in sorted({*earlier, *later})
        for found in corrected(known[0].claim_id, number, earlier.get(number), later.get(number))
    )


def corrected(
    claim_id: str,
    number: int,
    before: PricedLine | RejectedLine | None,
    after: PricedLine | RejectedLine | None,
) -> Iterator[Correction]:
    """Give the correction of a line, or nothing where its price is the same."""
    had = before if isinstance(before, PricedLine) else None
    has = after if isinstance(after, PricedLine) else None
    if had != has:
        yield Correction(claim_id=claim_id, claim_line_number=number, reversed=had, line=after)


def _by_number(claim: PricedClaim | None) -> dict[int, PricedLine | RejectedLine]:
    return {} if claim is None else {line.claim_line_number: line for line in claim.lines}


def _paid(line: PricedLine | RejectedLine | None) -> Decimal:
    return line.paid if isinstance(line, PricedLine) else _NOTHING


def _taken(line: PricedLine | RejectedLine | None) -> dict[tuple[str, str, str], Decimal]:
    found: dict[tuple[str, str, str], Decimal] = {}
    if isinstance(line, PricedLine):
        for one in line.adjustments:
            key = (one.rule, one.group_code, one.carc)
            found[key] = EXACT.add(found.get(key, _NOTHING), one.amount)
    return found
