"""Outcomes: what an engine made of a line, so that engines can be compared."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import frozen

from rules_engine.engine.certifying.sample import written
from rules_engine.expressions import Sites
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.priced import PricedLine, RejectedLine

__all__ = ["Outcome", "Outcomes", "of_batch", "of_claim", "priced", "rejected"]

_TOTALS = {"member_share": "member_amount", "withheld": "withheld_amount"}


@frozen
class Outcome:
    """What became of one line.

    Attributes:
        values: `rule` and the amounts of a line with a price, each as an exact fraction or None;
            `rejected`, `rule` and `reason` of a line without one.
    """

    values: Mapping[str, Fraction | str | None]

    @property
    def is_rejected(self) -> bool:
        """Whether the line has no price."""
        return "rejected" in self.values

    def texts(self) -> dict[str, Any]:
        """Give its values as JSON holds them."""
        return {name: written(value) for name, value in self.values.items()}

    def differences(self, other: "Outcome") -> tuple[str, ...]:
        """Name the values in which two outcomes differ."""
        names = dict.fromkeys((*self.values, *other.values))
        absent = object()
        return tuple(
            name
            for name in names
            if self.values.get(name, absent) != other.values.get(name, absent)
        )


Outcomes = Mapping[tuple[str, int], Outcome]
"""Outcomes by claim and line number."""


def rejected(code: str, rule: str, reason: str) -> Outcome:
    """Give the outcome of a line without a price."""
    return Outcome({"rejected": code, "rule": rule, "reason": reason})


def priced(
    rule: str,
    charge: Fraction | None,
    stages: Mapping[str, Fraction],
    taken: Mapping[str, Fraction],
) -> Outcome:
    """Give the outcome of a line with a price.

    Args:
        rule: The rule that set the allowed amount.
        charge: What was charged.
        stages: `allowed`, `member_share`, `withheld` and `paid`.
        taken: What each later rule takes; nothing is zero.
    """
    contractual = None if charge is None else charge - stages["allowed"]
    amounts = {f"taken by {name}": amount for name, amount in taken.items()}
    return Outcome(
        {"rule": rule, "charge": charge, **stages, "contractual adjustment": contractual} | amounts
    )


def takers(plan: Plan) -> dict[str, str]:
    """Give the rules that take something off a line, with their stage."""
    return {rule.id: rule.step.sets for rule in plan.later if rule.step.sets != "limit"}


def of_claim(plan: Plan, line: PricedLine | RejectedLine) -> Outcome:
    """Read what the claim pricer gives."""
    if isinstance(line, RejectedLine):
        return rejected(line.code, line.rule, line.reason)
    taken = dict.fromkeys(takers(plan), Fraction(0))
    for one in line.adjustments:
        if one.rule in taken:
            taken[one.rule] += Fraction(one.amount)
    charge = None if line.charge is None else Fraction(line.charge)
    stages = {
        "allowed": Fraction(line.allowed),
        "member_share": Fraction(line.member_share),
        "withheld": Fraction(line.withheld),
        "paid": Fraction(line.paid),
    }
    found = priced(line.rule, charge, stages, taken)
    contractual = sum((Fraction(a.amount) for a in line.adjustments if a.rule == line.rule), _ZERO)
    said = None if charge is None else contractual
    return Outcome({**found.values, "contractual adjustment": said})


_ZERO = Fraction(0)


def of_batch(plan: Plan, row: Mapping[str, Any], sites: Sites) -> Outcome:
    """Read a row of a batch; a rejected row that has an amount keeps it, as a difference."""
    if row["reject"] is not None:
        site = sites[row["reject"]]
        left = {
            name: _fraction(row[name])
            for name in ("allowed_amount", "member_amount", "withheld_amount", "paid_amount")
            if row[name] is not None
        }
        return Outcome({**rejected(site.code, site.rule, site.message).values, **left})
    taken = {
        rule: row.get(f"{rule}_amount", row.get(_TOTALS.get(stage, "")))
        for rule, stage in takers(plan).items()
    }
    return Outcome(
        {
            "rule": row["rule"],
            "charge": _fraction(row["charge_amount"]),
            "allowed": _fraction(row["allowed_amount"]),
            "member_share": _fraction(row["member_amount"]),
            "withheld": _fraction(row["withheld_amount"]),
            "paid": _fraction(row["paid_amount"]),
            "contractual adjustment": _fraction(row["contractual_adjustment"]),
        }
        | {f"taken by {rule}": _fraction(amount) for rule, amount in taken.items()}
    )


def _fraction(value: Decimal | int | None) -> Fraction | None:
    return None if value is None else Fraction(value)
