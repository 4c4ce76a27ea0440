"""Random contracts that pay for member-months, and member-months that lie in wait for them."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from rules_engine.testing.contracts import Contract

D: Final = Decimal
MONTHS: Final = tuple(date(2024, month, 1) for month in range(1, 13))
OUTSIDE: Final = (date(2023, 12, 1), date(2025, 1, 1))
RATES: Final = """\
product,sex,from,through,pmpm,adult
hmo,female,2024-01-01,2024-06-30,412.35,18
hmo,female,2024-07-01,,433.33,21
hmo,male,,,387.05,18
ppo,male,2024-02-29,2024-11-30,0.01,
ppo,female,,2024-05-31,-12.50,18
"""
_ENROLLED: Final = (True, True, False, None)
_WHEN: Final = (
    None,
    "product = 'hmo'",
    "age >= 18 AND party IS NOT NULL",
    "NOT (sex = 'male')",
    "fraction > 0.5",
    "has(rates, coalesce(product, 'hmo'), coalesce(sex, 'male'))",
    "age >= lookup(rates.adult, coalesce(product, 'hmo'), coalesce(sex, 'male'))",
    "lookup(member.tier, person_id) = 'high'",
    "month <> DATE '2024-02-01'",
)
_RATE: Final = (
    "base",
    "lookup(rates.pmpm, coalesce(product, 'ppo'), coalesce(sex, 'female'))",
    "case when age < 18 then round(base * 0.4, 2) when sex = 'female' then base + 31.17 else base end",
    "round(lookup(member.premium, person_id) * 0.85, 2)",
    "base - 412.36",
    "case when region = 'north' then base when region = 'south' then base * 1.0125 end",
    "base * 100000000",
    {"2024-01-01": "base", "2024-07-01": "base + 1.005"},
)
_RISK: Final = (
    None,
    "risk_score",
    "round(risk_score / normalization, 4)",
    "least(round(coalesce(risk_score, 1) * coding / normalization, 4), 3.5)",
    "lookup(member.factor, person_id)",
)
_PAYEE: Final = (
    None,
    "'west'",
    "party",
    "coalesce(party, 'nobody')",
    "case when age < 65 then party else party_on_15 end",
)
_DEDUCT: Final = (None, "12.345", "case when product = 'hmo' then 7.77 else 0 end")
_WITHHOLD: Final = (None, "0.02", "withheld", "case when age >= 65 then 0.015 else 0 end")


@st.composite
def contracts(draw: DrawFn, rules: int = 3) -> Contract:
    """Draw a contract of one to three rules that pay for member-months."""
    to = draw(st.sampled_from((D("0.01"), D(1), D("0.1"))))
    mode = draw(st.sampled_from(("half_up", "half_even", "down")))
    listed = [_rule(draw, f"pay_{n}") for n in range(draw(st.integers(1, rules)))]
    return contract(listed, {"to": to, "mode": mode})


def _rule(draw: DrawFn, name: str) -> dict[str, Any]:
    terms = {
        "payer": "plan",
        "rate": draw(st.sampled_from(_RATE)),
        "prorate": draw(st.sampled_from(("by_day", "on_15", "whole_month"))),
    }
    for term, choices in (
        ("risk", _RISK),
        ("payee", _PAYEE),
        ("deduct", _DEDUCT),
        ("withhold", _WITHHOLD),
    ):
        said = draw(st.sampled_from(choices))
        if said is not None:
            terms[term] = said
    when = draw(st.sampled_from(_WHEN))
    rule = {"id": name, "methodology": "global_capitation", "source": "exhibit A"}
    return rule | ({} if when is None else {"when": when}) | {"terms": terms}


def contract(rules: list[dict[str, Any]], rounding: Mapping[str, Any]) -> Contract:
    """Give a contract of these rules."""
    month = {"length": "month"}
    return Contract(
        document={
            "ruleset": "monthly",
            "version": "1",
            "effective": {"from": MONTHS[0], "through": date(2024, 12, 31)},
            "currency": "USD",
            "rounding": dict(rounding),
            "period": month,
            "parties": {"plan": "payer"},
            "tables": {
                "rates": {
                    "file": "rates.csv",
                    "key": ["product", "sex"],
                    "effective": ["from", "through"],
                    "columns": {
                        "product": "code",
                        "sex": "code",
                        "pmpm": "money",
                        "adult": "count or null",
                    },
                },
                "member": {
                    "key": ["person_id"],
                    "columns": {
                        "person_id": "code",
                        "tier": "code or null",
                        "premium": "money or null",
                        "factor": "factor",
                    },
                },
            },
            "parameters": {
                "base": {
                    "type": "money",
                    "values": {MONTHS[0]: D("412.35"), MONTHS[6]: D("433.10")},
                },
                "normalization": {
                    "type": "factor",
                    "values": {MONTHS[0]: D("1.018"), MONTHS[3]: D("0.997")},
                },
                "coding": {"type": "factor", "value": D("0.941")},
                "withheld": {"type": "rate", "values": {MONTHS[1]: D("0.0125")}},
            },
            "rules": rules,
        },
        files={"rates.csv": RATES},
    )


def member_months(seed: int, persons: int = 6) -> dict[str, list[dict[str, Any]]]:
    """Make the member-months of a few persons, with nulls, and what is known of the persons."""
    dice = Random(seed)  # noqa: S311  facts, not secrets

    def some(*values: Any) -> Any:
        return dice.choice(values)

    months = []
    for number in range(persons):
        for month in (*MONTHS, *OUTSIDE):
            if dice.random() < 0.2:
                continue
            days = monthrange(month.year, month.month)[1]
            enrolled = some(days, days, 1, 14, 15, dice.randint(1, days))
            months.append(
                {
                    "person_id": f"m{number}",
                    "month": month,
                    "days_enrolled": enrolled,
                    "days_in_month": days,
                    "fraction": some(D("0.5"), D("0.032258"), D(1)),
                    "party": some("north", "south", "north", None),
                    "product": some("hmo", "hmo", "ppo", None),
                    "age": some(0, 17, 18, 20, 21, 64, 65, 101, None),
                    "sex": some("female", "male", None),
                    "region": some("north", "south", "east", None),
                    "risk_score": some(D("1.000000"), D("0.505"), D("2.3333"), D(99), D(0), None),
                    "enrolled_on_15": some(*_ENROLLED),
                    "party_on_15": some("north", "west", None),
                }
            )
    members = [
        {
            "person_id": f"m{number}",
            "tier": some("high", "low", None),
            "premium": some(D("1000.05"), D("0.01"), None),
            "factor": some(D("1.05"), D("0.333333")),
        }
        for number in range(persons)
        if dice.random() < 0.8
    ]
    return {"member_month": months, "member": members}
