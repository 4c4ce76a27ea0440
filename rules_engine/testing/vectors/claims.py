"""Vectors of claims: amounts that read other lines, or what has run up, in three engines."""

from collections.abc import Callable
from datetime import date
from typing import Final

from rules_engine.engine.certifying.engines import alone, together
from rules_engine.engine.certifying.judging import Judge
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes
from rules_engine.engine.certifying.sample import Claim, Sample
from rules_engine.expressions import Expression, ExpressionError, Kind, Sites, Type, check
from rules_engine.expressions.tree import Ref
from rules_engine.methodology import Step
from rules_engine.pricing.one import ClaimPricer
from rules_engine.pricing.plan import Plan, PricingRule
from rules_engine.testing.vectors.vector import Answer, Setting, Vector

__all__ = ["by_closure", "by_judge", "by_query", "claim_answer"]

_OWN: Final = "own"
_RULE: Final = "vector"
_CENTS: Final = 2

Pricing = Callable[[Plan, Sample], Outcomes]


def by_judge(plan: Plan, sample: Sample) -> Outcomes:
    """Price on exact rationals."""
    judge = Judge(plan, {})
    found: dict[tuple[str, int], Outcome] = {}
    for claim in judge.in_order(sample.claims):
        found |= {(claim.claim_id, number): one for number, one in judge.price(claim).items()}
    return found


def by_closure(plan: Plan, sample: Sample) -> Outcomes:
    """Price one claim after the other."""
    return alone(plan, ClaimPricer(plan, {}, Sites()), sample)


def by_query(plan: Plan, sample: Sample) -> Outcomes:
    """Price all claims as a batch."""
    return together(plan, {}, sample)


def claim_answer(setting: Setting, vector: Vector, pricing: Pricing) -> Answer:
    """Check an amount and price the line of a vector among the others."""
    try:
        expression = check(vector.expression, setting.scope(), Type.of(Kind.MONEY), posted=_CENTS)
    except ExpressionError as error:
        first = error.findings[0]
        return Answer(kind="refused", code=first.code, message=first.message)
    plan = _plan(expression, setting)
    outcome = pricing(plan, _sample(vector))[_OWN, vector.row["claim_line_number"]]
    values = outcome.values
    if outcome.is_rejected:
        return Answer(kind="rejected", code=str(values["rejected"]), message=str(values["reason"]))
    return Answer(kind="value", value=values["allowed"])


def _plan(expression: Expression, setting: Setting) -> Plan:
    day = setting.columns["claim_line_start_date"]
    rule = PricingRule(
        id=_RULE,
        source="",
        when=None,
        otherwise=False,
        replaces=frozenset(),
        step=Step(id=_RULE, sets="allowed", expression=expression),
    )
    return Plan(
        rules=(rule,),
        columns={"claim_id": Type(Kind.CODE), **setting.columns},
        tables={},
        row_date=Ref(type=day, space="column", name="claim_line_start_date"),
        first=date.min,
        last=date.max,
        scale=_CENTS,
    )


def _sample(vector: Vector) -> Sample:
    """Make claims: those before in their order, each of one line, then the vector's own."""
    before = [Claim(f"before {n:03}", (row,)) for n, row in enumerate(vector.claims)]
    own = Claim(_OWN, (vector.row, *vector.others))
    return Sample((*before, own), {})
