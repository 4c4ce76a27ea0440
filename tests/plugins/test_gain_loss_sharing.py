"""gain_loss_sharing: every common law, and what only this methodology promises."""

from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from rules_engine.testing import PARTIES, amounts, holds_to_every_law, rates, weights
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

_REVENUE: Final = (
    "sum(premium.premium_amount)",
    "sum(premium.premium_amount) * 0.85",
    "count(member_month) * pmpm",
    "sum(premium.premium_amount) / 3",
    "0.00",
)
_EXPENDITURE: Final = ("sum(care.paid)", "sum(care.allowed) * 1.005", "count(member_month) * administration", "sum(care.paid) / 7")


@st.composite
def parts(draw: DrawFn) -> dict[str, Any]:
    """How a gain or a loss is divided, in every way that the schema knows."""
    among = draw(st.lists(st.sampled_from(PARTIES), min_size=1, unique=True))
    if draw(st.booleans()):
        among = draw(st.permutations(["insurer", "providers"]))
    members = [p for name in among for p in {"insurer": ["payer"], "providers": PARTIES}.get(name, [name])]
    # An amount for each party, so that a year without one of them still has weights.
    by = st.sampled_from(("count(member_month) + 1", "count(premium) / 3 + 0.5"))
    share = draw(
        st.one_of(
            st.just("equal"),
            weights(members).map(lambda found: {"weights": found}),
            by.map(lambda formula: {"by": formula}),
        )
    )
    part: dict[str, Any] = {"share": share, "among": among, "nested": draw(st.booleans())}
    if draw(st.booleans()):
        part["gate"] = draw(st.sampled_from(("count(member_month) > 12", "sum(care.paid) >= 0.00", "1 = 2")))
    if draw(st.booleans()):
        part["rate"] = draw(rates())
    if draw(st.booleans()):
        part["cap"] = draw(amounts("0.00", "500.00"))
    if {"gate", "rate", "cap"} & set(part) or draw(st.booleans()):
        part["residual"] = draw(st.sampled_from(("payer", *PARTIES)))
    return part


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """Terms of a pool: one or two amounts in, one or two out."""
    names = ("first", "second")
    incoming = draw(st.lists(st.sampled_from(_REVENUE), min_size=1, max_size=2))
    outgoing = draw(st.lists(st.sampled_from(_EXPENDITURE), min_size=1, max_size=2))
    return {
        "revenue": {f"in_{name}": formula for name, formula in zip(names, incoming, strict=False)},
        "expenditure": {f"out_{name}": formula for name, formula in zip(names, outgoing, strict=False)},
        "gain": draw(parts()),
        "loss": draw(parts()),
    }


NUMBERS: Final = {
    "pmpm": {"type": "money", "value": Decimal("10.01")},
    "administration": {"type": "money", "value": Decimal("45.00")},
}

test_law = holds_to_every_law(GAIN_LOSS_SHARING, terms(), beside={"parameters": NUMBERS})
