"""The generated Python that prices one member-month by one rule."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules_engine.expressions.closure import Emitter, Index
from rules_engine.expressions.sites import Sites
from rules_engine.pricing.amounts import write_amount
from rules_engine.pricing.loading import write_loads
from rules_engine.pricing.months.plan import NO_PAYEE, OUTSIDE, amounts, payee
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.spreading import POSTING

__all__ = ["month_function"]

_TOTALS: Final = {"adjustment": "s_adjusted", "withheld": "s_withheld"}


def month_function(
    plan: Plan, tables: Mapping[str, Mapping[str, Index]], sites: Sites
) -> tuple[str, dict[str, Any]]:
    """Write `month(r, g_)`: payee, allowed, adjusted, withheld and paid amount, or None.

    None stands for a member-month that the rule does not pay for. The function raises `Reject`
    where the rule cannot say what it pays.

    Args:
        plan: The rule.
        tables: Indexes that lookups read.
        sites: Places that may reject a row.

    Returns:
        The text, and what its global names stand for.
    """
    emitter = Emitter(tables, sites)
    bound = emitter.bound
    bound |= {
        "Decimal_": Decimal,
        "date_": date,
        "fixed_": POSTING.quantize,
        "zero_": POSTING.quantize(Decimal(0), Decimal(1).scaleb(-plan.scale)),
        "unit_": Decimal(1).scaleb(-plan.scale),
    }
    write_loads(plan, emitter)
    sites.rule = ""
    emitter.write(f"s_date = {emitter.value(plan.row_date)}")
    first, last = emitter.const(plan.first), emitter.const(plan.last)
    outside = sites.number(*OUTSIDE)
    emitter.write(f"if not {first} <= s_date <= {last}: raise R_({outside}, s_date)")
    who = payee(plan)
    sites.rule = who.id
    for condition in who.conditions:
        emitter.write(f"if not ({emitter.true(condition)}): return None")
    emitter.write(f"s_payee = {emitter.value(who.step.expression)}")
    if who.step.expression.type.nullable:
        emitter.write(f"if s_payee is None: raise R_({sites.number(*NO_PAYEE)})")
    allowed, *later = amounts(plan)
    write_amount("s_allowed", allowed, emitter, plan.scale)
    emitter.write("s_remaining = s_allowed")
    emitter.write(f"{' = '.join(_TOTALS.values())} = zero_")
    for number, rule in enumerate(later):
        write_amount(f"v{number}", rule, emitter, plan.scale)
        total = _TOTALS[rule.step.sets]
        emitter.write(f"{total} = add_({total}, v{number})")
        emitter.write(f"s_remaining = sub_(s_remaining, v{number})")
    emitter.write("return s_payee, s_allowed, s_adjusted, s_withheld, s_remaining")
    return "\n".join(["def month(r, g_=None):", *emitter.lines, ""]), bound
