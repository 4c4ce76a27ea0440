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


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """One or two measures in one or two domains, with or without a payment."""
    measures = {
        name: {
            "kind": draw(st.sampled_from(("outcome", "process", "cost"))),
            "domain": draw(st.sampled_from(("care", "other"))),
            "better": draw(st.sampled_from(("higher", "lower"))),
            **{key: draw(_RATES) for key in ("performance", "baseline", "threshold", "benchmark")},
        }
        for name in draw(st.lists(st.sampled_from(("first", "second")), min_size=1, unique=True))
    }
    found: dict[str, Any] = {
        "measures": measures,
        "points": {"achievement": 10, "improvement": 9},
        "domains": {name: {"weight": draw(_RATES), "minimum": 1} for name in ("care", "other")},
        "domains_needed": 1,
    }
    if draw(st.booleans()):
        found["payment"] = {
            "base": "sum(premium.premium_amount)",
            "withhold": draw(_RATES),
            "slope": draw(_RATES),
            "full": 100,
            "payer": "payer",
            "payee": "alder",
        }
    return found


test_law = holds_to_every_law(PAY_FOR_PERFORMANCE, terms())


def _total(rate: Decimal) -> Fraction:
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
            "points": {"achievement": 10, "improvement": 9},
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
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=2))
def test_a_better_rate_never_has_a_lower_score(places: list[int]) -> None:
    """Over rates on both sides of baseline, threshold and benchmark."""
    worse, better = (Decimal(place) / 1000 for place in sorted(places))
    assert _total(worse) <= _total(better)
