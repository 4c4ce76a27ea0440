"""pay_for_performance: every common law, and that a better rate never pays less."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_pay_for_performance import PAY_FOR_PERFORMANCE

from rules_engine.testing import Contract, engine_of, holds_to_every_law

_RATES: Final = st.sampled_from(("0.1", "0.25", "0.5", "0.731", "1"))
_SHARES: Final = st.sampled_from(("-0.09", "0", "0.02", "0.731"))
_PARTIES: Final = {"payer": "payer", "payee": "alder"}
_BASE: Final = "sum(premium.premium_amount)"
_STEPS: Final = {
    "achievement": {
        "most": 10,
        "between": "least(greatest(round(9 * share + 0.5, 0), 1), 9)",
    },
    "improvement": {
        "most": 9,
        "between": "least(greatest(round(10 * share - 0.5, 0), 0), 9)",
    },
}
_LINES: Final = {"achievement": {"most": 10}, "improvement": {"most": 9}}


@st.composite
def measures(draw: DrawFn) -> dict[str, Any]:
    """A rate, or events and cases; with points between two rates, or by gates."""
    made = draw(st.booleans())
    rate = {"numerator": "3", "denominator": draw(st.sampled_from(("0", "6", "30")))}
    given_rates = ("baseline", "threshold", "benchmark")
    gates = [{"rate": rate, "points": points} for rate, points in (("0.2", 2), ("0.5", "7.5"))]
    return {
        "kind": draw(st.sampled_from(("outcome", "process", "cost"))),
        "domain": draw(st.sampled_from(("care", "other"))),
        "better": draw(st.sampled_from(("higher", "lower"))),
        **(rate | {"minimum": 10} if made else {"performance": draw(_RATES)}),
        **({"gates": gates} if draw(st.booleans()) else {key: draw(_RATES) for key in given_rates}),
    }


@st.composite
def bonuses(draw: DrawFn) -> dict[str, Any]:
    """A bonus by steps or along a line; a rate below zero is owed.

    The judge of explanations has no exponential: `test_scores.py` holds an S to its laws.
    """
    shape = draw(st.sampled_from(("steps", "line")))
    corners = [(str(at), draw(_SHARES)) for at in (5, 40, 70)]
    key = "from" if shape == "steps" else "at"
    curve = [{key: at, "rate": rate} for at, rate in corners]
    return {"base": _BASE, shape: curve, **_PARTIES}


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """One or two measures in one or two domains, with or without a payment."""
    named = {
        name: draw(measures())
        for name in draw(st.lists(st.sampled_from(("first", "second")), min_size=1, unique=True))
    }
    found: dict[str, Any] = {
        "measures": named,
        "points": draw(st.sampled_from((_STEPS, _LINES))),
        "domains": {name: {"weight": draw(_RATES), "minimum": 1} for name in ("care", "other")},
        "domains_needed": 1,
    }
    if draw(st.booleans()):
        found["payment"] = {
            "base": _BASE,
            "withhold": draw(_RATES),
            "full": 100,
            **draw(
                st.sampled_from(
                    (
                        {"slope": "1.5", **_PARTIES},
                        {"pool": {"divides_by": "score"}, "payee": "alder"},
                        {"pool": {"divides_by": "rank", "places": [1]}, "payee": "alder"},
                    )
                )
            ),
        }
    if draw(st.booleans()):
        found["bonus"] = draw(bonuses())
    if draw(st.booleans()):
        cutoff = {"base": _BASE, "percentile": Decimal("0.75"), "worse": "lower", "rate": "0.01"}
        found["cutoff"] = {**cutoff, "strict": draw(st.booleans()), **_PARTIES}
    if draw(st.booleans()):
        ratio = {"kind": "outcome", "predicted": "0.2", "expected": draw(_RATES)}
        found["ratios"] = {"heart": {**ratio, "counts": "true", "limit": 1, "weight": "0.1"}}
        found["penalty"] = {"modifier": "0.95", "cap": "0.03", "places": 4}
        found["penalty"] |= {"base": _BASE, **_PARTIES} if draw(st.booleans()) else {}
    return found


test_law = holds_to_every_law(PAY_FOR_PERFORMANCE, terms())


def _total(rate: Decimal, points: dict[str, Any]) -> Fraction:
    measure = {
        "kind": "outcome",
        "domain": "care",
        "better": "higher",
        "performance": str(rate),
        "baseline": "0.4",
        "threshold": "0.5",
        "benchmark": "0.9",
    }
    rule = {
        "id": "score_rule",
        "methodology": "pay_for_performance",
        "source": "s",
        "terms": {
            "measures": {"one": measure},
            "points": points,
            "domains": {"care": {"weight": 1, "minimum": 1}},
            "domains_needed": 1,
        },
    }
    document = {
        "ruleset": "worked",
        "title": "A worked year",
        "version": "1",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"},
        "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"},
        "period": {"length": "year"},
        "parties": {"insurer": ["payer"]},
        "rules": [rule],
    }
    engine = engine_of(PAY_FOR_PERFORMANCE)
    with Contract(document=document).load(engine).run({}, mappings=()) as run:
        (one,) = run.settlements
        return Fraction(one.outputs["total"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=2), st.sampled_from((_STEPS, _LINES)))
def test_a_better_rate_never_has_a_lower_score(places: list[int], points: dict[str, Any]) -> None:
    """Over rates on both sides of baseline, threshold and benchmark."""
    worse, better = (Decimal(place) / 1000 for place in sorted(places))
    assert _total(worse, points) <= _total(better, points)
