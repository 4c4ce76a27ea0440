"""The plan of one rule that pays for member-months."""

from datetime import date
from typing import Final

from rules_engine.expressions import Scope, check
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.monthly import MONTH
from rules_engine.pricing.plan import Plan, PricingRule

__all__ = ["KEYS", "NO_PAYEE", "OUTSIDE", "amounts", "month_plan", "payee"]

KEYS: Final = ("person_id", "month")
"""Columns that tell member-months apart."""

OUTSIDE: Final = ("RE610", "the month is outside the ruleset's effective dates")
NO_PAYEE: Final = ("RE615", "nobody is named who is paid")


def month_plan(bound: BoundRuleset, rule: BoundRule, scale: int) -> Plan:
    """Give what pricing needs to know of one rule.

    Args:
        bound: The ruleset.
        rule: A rule with stages for a member-month.
        scale: Decimal places of a posted amount.
    """
    table = bound.given[MONTH]
    effective = bound.declaration.effective
    stages = tuple(
        PricingRule(
            id=rule.id,
            source=rule.source,
            when=rule.when.expression if rule.when else None,
            otherwise=False,
            replaces=frozenset(),
            step=step,
        )
        for step in rule.months
    )
    return Plan(
        rules=stages,
        columns=table.columns,
        tables=bound.shapes,
        row_date=check(table.period_date, Scope(columns=table.columns)),
        # A contract that begins in the middle of a month pays for that month.
        first=date(effective.first.year, effective.first.month, 1),
        last=effective.through,
        scale=scale,
        always=frozenset(KEYS),
    )


def payee(plan: Plan) -> PricingRule:
    """Give the stage that says who is paid."""
    return next(rule for rule in plan.rules if rule.step.sets == "payee")


def amounts(plan: Plan) -> tuple[PricingRule, ...]:
    """Give the stages that set amounts, in their order; the first is what is allowed."""
    return tuple(rule for rule in plan.rules if rule.step.sets != "payee")
