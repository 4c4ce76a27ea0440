"""fee_schedule: every common law, in each stage of the waterfall."""

from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st
from rules_engine_fee_schedule import FEE_SCHEDULE

from rules_engine.testing import holds_to_every_law

NUMBERS: Final = {
    "part": {"type": "rate", "values": {"2015-01-01": Decimal("0.125"), "2015-07-01": Decimal("0.333333")}},
    "base": {"type": "money", "value": Decimal("1234.57")},
}  # fmt: skip
TABLES: Final = {
    "fees": {
        "file": "tables/fees.csv", "key": ["hcpcs_code"], "effective": ["from", "through"],
        "columns": {"amount": "money"},
    },
}  # fmt: skip
FILES: Final = {
    "tables/fees.csv": "hcpcs_code,from,through,amount\nX1,,2015-06-30,10.05\nX1,2015-07-01,,10.15\nX2,,2015-12-30,0.01\n"
}

ALLOWED: Final = (
    "coalesce(charge_amount, 0.00)",
    "charge_amount",
    "round(charge_amount * part, 2)",
    "round_half_even(coalesce(charge_amount, base) * part / 3, 2)",
    "round(lookup(fees.amount, hcpcs_code) * coalesce(service_unit_quantity, 1) * (1 + part), 2)",
    "CASE WHEN has(fees, hcpcs_code) THEN lookup(fees.amount, hcpcs_code) ELSE round_down(charge_amount * part, 2) END",
    "least(base, lookup(fees.amount, hcpcs_code), coalesce(charge_amount, 1.00))",
    "CASE lookup(roster.party, person_id) WHEN 'alder' THEN base ELSE paid_amount END",
)
TAKEN: Final = (
    "round(allowed * part, 2)",
    "least(20.00, remaining)",
    "round(remaining / 3, 2)",
    "CASE WHEN allowed > base THEN round(allowed - base, 2) ELSE 0.00 END",
    "coalesce(paid_amount, 0.00)",
)


def _taken(stage: str, *, code: str | None) -> st.SearchStrategy[dict[str, Any]]:
    more = {} if code is None else {"code": code}
    return st.sampled_from(TAKEN).map(lambda amount: {stage: {"amount": amount, **more}})


terms = st.one_of(
    st.sampled_from(ALLOWED).map(lambda amount: {"allowed": amount}),
    st.sampled_from(ALLOWED).map(lambda amount: {"allowed": amount, "per": "claim"}),
    st.sampled_from(("base", "coalesce(charge_amount, 0.00)")).map(
        lambda amount: {"limit": amount}
    ),
    _taken("adjustment", code="CO-253"),
    _taken("member_share", code=None),
    _taken("withheld", code="CO-104"),
)

test_law = holds_to_every_law(
    FEE_SCHEDULE, terms, beside={"parameters": NUMBERS, "tables": TABLES}, files=FILES
)
