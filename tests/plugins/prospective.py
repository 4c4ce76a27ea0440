"""Contracts of prospective bundles for tests: episodes found by a few lines of SQL, and their record."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from rules_engine_bundled_episode import PROSPECTIVE, Prospective, pricing
from rules_engine_fee_schedule import FEE_SCHEDULE

from rules_engine import (
    Engine,
    Formula,
    Kind,
    Methodology,
    Query,
    Rows,
    Settlement,
    Type,
    expression_schema,
)
from rules_engine.testing import engine_of
from rules_engine.testing.contracts import Contract

FIRST: Final = date(2026, 1, 1)
PARTIES: Final = ("hospital", "rehab", "surgeons")
PERSONS: Final = ("m1", "m2", "m3")
_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE)


def _episode(trigger: Formula) -> Mapping[str, Query]:
    """Find up to two episodes of thirty days a person: the second opens after the first ends."""
    found = """WITH found AS (
  SELECT person_id, claim_id, day, party,
    min(day) OVER (PARTITION BY person_id) AS opened FROM claim WHERE triggers
), numbered AS (
  SELECT person_id, claim_id, day, party, CASE WHEN day = opened THEN 1 ELSE 2 END AS number
    FROM found WHERE day = opened OR day > opened + 29
), first AS (
  SELECT person_id, claim_id, day, party, number, row_number() OVER
    (PARTITION BY person_id, number ORDER BY day, claim_id) AS turn FROM numbered
)
SELECT person_id || '-' || CAST(number AS VARCHAR) AS episode_id, 'knee' AS episode_type, person_id,
  claim_id AS trigger_claim_id, day AS first_day, CAST(day + 29 AS DATE) AS last_day,
  party AS provider
  FROM first WHERE turn = 1"""
    columns = {
        "episode_id": _CODE, "episode_type": _CODE, "person_id": _CODE, "trigger_claim_id": _CODE,
        "first_day": _DATE, "last_day": _DATE, "provider": _CODE.with_null(),
    }  # fmt: skip
    rows = Rows(
        table="medical_claim",
        columns=("person_id", "claim_id", "party"),
        formulas={"triggers": trigger},
        day="day",
    )
    return {
        "episode": Query(
            select=found,
            columns=columns,
            rows={"claim": rows},
            key=("person_id",),
            effective=("first_day", "last_day"),
        )
    }


EPISODES: Final[Methodology[Formula]] = Methodology(
    name="episodes",
    terms_schema={
        "type": "object",
        "properties": {
            "trigger": expression_schema("boolean or null", rows="medical_claim", title="Triggers")
        },
        "required": ["trigger"],
        "additionalProperties": False,
    },
    read_terms=lambda terms: terms["trigger"],
    outputs=lambda _: {},
    derive=_episode,
    settle=lambda _, __: Settlement(),
)

BUNDLES: Final[Methodology[Prospective]] = Methodology(
    name="bundles",
    terms_schema={
        "type": "object",
        "properties": {"prospective": PROSPECTIVE},
        "required": ["prospective"],
        "additionalProperties": False,
    },
    read_terms=lambda terms: Prospective.read(terms["prospective"]),
    outputs=pricing.outputs,
    derive=pricing.derive,
    price=pricing.price,
    experience=pricing.experience,
    settle_together=pricing.settle_together,
)

ENGINE: Final[Engine] = engine_of(FEE_SCHEDULE, EPISODES, BUNDLES)

PRICES: Final = (
    "episode_type,from,through,amount\nknee,,2026-06-30,20000.01\nknee,2026-07-01,,21000.02\n"
)


def contract(
    prospective: Mapping[str, Any], *more: Mapping[str, Any], period: str = "year"
) -> Contract:
    """Give a contract that pays charges, and bundles of knees under these terms."""
    rules = [
        _rule("visits", "fee_schedule", {"allowed": "charge_amount"}),
        _rule("knee", "episodes", {"trigger": "hcpcs_code = '27447'"}),
        _rule(
            "bundle",
            "bundles",
            {
                "prospective": {
                    "episodes": "knee_episode",
                    "payer": "plan",
                    "to": "network",
                    "price": "lookup(prices.amount, episode_type)",
                    "amount": "remaining",
                    **prospective,
                }
            },
        ),
        *more,
    ]
    document = {
        "ruleset": "knees", "title": "Knees", "version": "1",
        "effective": {"from": FIRST, "through": date(2026, 12, 31)}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": period},
        "parties": {"payers": ["plan"], "organized": ["network"], "providers": list(PARTIES)},
        "tables": {"prices": {"file": "prices.csv", "key": ["episode_type"],
                              "effective": ["from", "through"], "columns": {"amount": "money"}}},
        "rules": rules,
    }  # fmt: skip
    return Contract(document=document, files={"prices.csv": PRICES})


def _rule(name: str, methodology: str, terms: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": name, "methodology": methodology, "source": f"exhibit {name}", "terms": terms}


def line(name: str, day: int, code: str = "99213", **more: Any) -> dict[str, Any]:
    """Give a claim of one line on a day of the year, counted from 1."""
    return {
        "claim_id": name, "claim_line_number": 1, "person_id": "m1", "party": "hospital",
        "claim_type": "professional", "claim_line_start_date": FIRST + timedelta(days=day - 1),
        "hcpcs_code": code, "charge_amount": Decimal("100.00"), "known_date": None, **more,
    }  # fmt: skip


def claims() -> SearchStrategy[list[dict[str, Any]]]:
    """Some claims, close to the edges of thirty days, known at once or late."""
    return st.builds(_claims, st.integers(0, 2**32), st.integers(0, 25))


def _claims(seed: int, count: int) -> list[dict[str, Any]]:
    dice = Random(seed)  # noqa: S311  claims, not secrets
    days = (1, 2, 30, 31, 32, 60, 61, 180, 181, 182, 365)
    return [
        line(
            f"c{number:02}",
            dice.choice(days),
            dice.choice(("27447", "99213", "99213", "J1000")),
            person_id=dice.choice(PERSONS),
            party=dice.choice((*PARTIES, None)),
            charge_amount=Decimal(dice.randint(0, 300_000)).scaleb(-2),
            known_date=dice.choice((None, FIRST, date(2026, 7, 1), date(2027, 1, 31))),
        )
        for number in range(count)
    ]


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """Terms of a prospective bundle: with and without carve-outs, a split and a warranty."""
    found: dict[str, Any] = {
        "amount": draw(st.sampled_from(("remaining", "round(remaining / 3, 2)")))
    }
    if draw(st.booleans()):
        found["services"] = draw(st.sampled_from(("hcpcs_code <> 'J1000'", "charge_amount > 1000")))
    if draw(st.booleans()):
        found["counts"] = draw(st.sampled_from(("provider IS NOT NULL", "person_id <> 'm2'")))
    if draw(st.booleans()):
        found["code"] = draw(st.sampled_from(("CO-97", "CO-24")))
    if draw(st.booleans()):
        found["warranty_days"] = draw(st.sampled_from((1, 30, 90)))
    if draw(st.booleans()):
        among = draw(st.lists(st.sampled_from((*PARTIES, "network")), min_size=1, unique=True))
        found["split"] = {"among": among}
        if draw(st.booleans()):
            found["split"]["took_part"] = draw(st.booleans())
            found["split"]["by"] = draw(st.sampled_from(("1", "1 + count(visits)", "2 / 3")))
    return found
