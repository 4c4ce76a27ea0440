"""What a rule pays for a member-month: its stages, checked over the formulas of its terms."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from rules_engine.expressions import Expression, ExpressionError, Kind, Scope, Type, check
from rules_engine.methodology import MonthStep, Step
from rules_engine.tables.standard import STANDARD

__all__ = ["MONTH", "MONTH_STAGES", "PAID", "AmountWidth", "checked_months", "priced_columns"]

MONTH: Final = "member_month"
"""The table whose rows are priced by month, and the grain of what is asked of one."""

MONTH_STAGES: Final = ("when", "payee", "allowed", "adjustment", "withheld")
"""What a rule may set of a member-month: `when` at most once and first, then who is paid and what
is allowed, then what is taken off it."""

PAID: Final = "priced"
"""What the queries of a rule call the member-months that it pays for."""

_ROUND: Final = {"half_up": "round", "half_even": "round_half_even", "down": "round_down"}
_AMOUNTS: Final = ("allowed", "adjusted", "withheld", "paid")


@frozen
class AmountWidth:
    """How the ruleset posts an amount, and what its stages may be.

    Attributes:
        scale: Decimal places.
        mode: How it is rounded: half_up, half_even or down.
        allowed: Type of the allowed amount.
        remaining: Type of what is left of it.
    """

    scale: int
    mode: str
    allowed: Type
    remaining: Type


def checked_months(
    steps: Sequence[MonthStep], scope: Scope, width: AmountWidth
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Check the stages of a rule for a member-month.

    Args:
        steps: As the methodology wrote them.
        scope: Names of a formula of a member-month.
        width: How amounts are posted.

    Returns:
        The stages with their expressions, and what is wrong with them.
    """
    faults = list(_order(steps))
    if faults:
        return (), tuple(faults)
    made: list[Step] = []
    when = None
    for step in steps:
        named = {name: formula.expression for name, formula in step.names.items()}
        stages = {"allowed": width.allowed, "remaining": width.remaining}
        late = step.sets in {"adjustment", "withheld"}
        here = evolve(scope, locals=named, stages=stages if late else {})
        try:
            expression = _checked(step, here, width)
            if step.sets == "when":
                when = expression
            else:
                made.append(Step(id=step.id, sets=step.sets, expression=expression, when=when))
        except ExpressionError as error:
            faults += [f"{step.id}: {found.message}" for found in error.findings]
    return tuple(made), tuple(faults)


def _checked(step: MonthStep, scope: Scope, width: AmountWidth) -> Expression:
    if step.sets == "when":
        return check(step.text, scope, Type.of(Kind.BOOLEAN, nullable=True))
    if step.sets == "payee":
        return check(step.text, scope, Type.of(Kind.CODE, nullable=True))
    text = f"{_ROUND[width.mode]}({step.text}, {width.scale})"
    return check(text, scope, Type.of(Kind.MONEY, nullable=True), posted=width.scale)


def _order(steps: Sequence[MonthStep]) -> Iterator[str]:
    """Say why steps are no waterfall."""
    sets = tuple(step.sets for step in steps)
    sets = sets[1:] if sets[:1] == MONTH_STAGES[:1] else sets
    if sets[:2] != MONTH_STAGES[1:3]:
        yield f"it sets {', '.join(sets) or 'nothing'}; payee and allowed come first"
    if any(name not in MONTH_STAGES[3:] for name in sets[2:]):
        yield f"it sets {', '.join(sets)}; adjustment and withheld may follow"
    if len({step.id for step in steps}) < len(steps):
        yield "two of its stages have one name"


def priced_columns(amount: Type) -> Mapping[str, Type]:
    """Give the columns of the member-months that a rule pays for."""
    own = STANDARD[MONTH].columns
    amounts = dict.fromkeys(_AMOUNTS, amount)
    return {**own, "payee": Type.of(Kind.CODE), **amounts}
