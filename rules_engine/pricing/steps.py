"""The steps of a line's waterfall, as explanations and traces tell them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from rules_engine.expressions.exact import Value
from rules_engine.methodology import Explained
from rules_engine.methodology.explanation import Explanation, number_text, tree_of
from rules_engine.pricing.plan import PricingRule
from rules_engine.pricing.priced import PricedLine, RejectedLine

__all__ = ["line_tree", "lowered", "paid", "part", "term"]


def term(
    name: str,
    rule: PricingRule,
    value: Value,
    inputs: Mapping[str, Value],
    units: Mapping[str, str],
) -> Explained:
    """Say what a rule's formula gives, and what it read."""
    note = f"{rule.id}: {rule.source}" if rule.source else rule.id
    if rule.when_text:
        note += f" (when {rule.when_text})"
    return Explained(
        name=name,
        formula=rule.text,
        value=value,
        unit="money",
        inputs=inputs,
        units=units,
        kind="term",
        place=rule.place,
        note=note,
    )


def part(value: Value, charges: Mapping[int, Decimal | None]) -> Explained:
    """Say what a line's part of its claim's amount is, by the charges of the lines."""
    inputs: dict[str, Value] = {
        f"charge of line {number}": None if charge is None else Fraction(charge)
        for number, charge in charges.items()
    }
    return Explained(
        name="allowed",
        formula="allowed_for_the_claim",
        value=value,
        unit="money",
        inputs=inputs,
        units=dict.fromkeys(inputs, "money"),
        kind="posted",
        note="largest remainder on the lines' charges, ties by line number",
    )


def lowered(rule: str, value: Value) -> Explained:
    """Say what is allowed once a rule has limited it."""
    return Explained(name="allowed", formula=f"least(allowed, {rule})", value=value, unit="money")


def paid(taken: Sequence[str], value: Value) -> Explained:
    """Say what is paid once rules have taken their amounts."""
    formula = " - ".join(["allowed", *taken])
    return Explained(name="paid", formula=formula, value=value, unit="money", kind="posted")


def line_tree(line: PricedLine | RejectedLine, steps: Sequence[Explained]) -> Explanation:
    """Say why a line is paid what it is paid, or rejected."""
    name = f"line {line.claim_line_number}"
    if isinstance(line, RejectedLine):
        note = f"{line.code}: {line.reason}" + (f" ({line.detail})" if line.detail else "")
        return Explanation(name=name, value="rejected", note=note, place=line.rule)
    taken = "; ".join(f"{a.code} {number_text(a.amount)} ({a.rule})" for a in line.adjustments)
    charge = "no charge stated"
    if line.charge is not None:
        charge = f"charge {number_text(line.charge)}"
    return Explanation(
        name=name,
        value=number_text(line.paid),
        formula="paid",
        note=f"{charge}; {taken}" if taken else charge,
        children=(tree_of(steps, "paid"),),
    )
