"""A methodology of tests: windows of days that open with a claim, and what is taken off within them."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_fee_schedule import FEE_SCHEDULE

from rules_engine import (
    Engine,
    Formula,
    Kind,
    Methodology,
    Occasion,
    Output,
    Query,
    Rows,
    Settlement,
    Step,
    Type,
    expression_schema,
)
from rules_engine.testing import engine_of
from rules_engine.testing.contracts import Contract
from tests.laws.contracts import FIRST, LAST, PERSONS, TURN, contract

__all__ = ["ENGINE", "ENROLMENT", "WINDOWS", "contracts_of_windows", "windowed"]

_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE)
_SEES: Final = ("allowed", "remaining")

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "opens": expression_schema(
            "boolean or null", rows="medical_claim", title="Lines that open a window"
        ),
        "services": expression_schema("boolean or null", "line", title="Services within it"),
        "amount": expression_schema("money", "line", title="Taken", sees=_SEES, posted=True),
        "code": {"type": "string"},
    },
    "required": ["opens"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Terms:
    """When a window opens, and what is taken off the lines within it."""

    opens: Formula
    services: Formula | None = None
    amount: Formula | None = None
    code: str = "CO-97"

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Take them as they are."""
        return cls(**terms)


def derive(terms: Terms) -> Mapping[str, Query]:
    """Derive a window a person, cut into two halves, and where the person is enrolled meanwhile."""
    return {
        "window": Query(
            select="""WITH opened AS (
SELECT c.person_id, min(c.day) AS first_day
  FROM claim AS c WHERE c.opens AND c.day IS NOT NULL GROUP BY c.person_id
)
SELECT o.person_id, o.first_day, CAST(o.first_day + 9 AS DATE) AS last_day, 'first' AS half,
  CAST(0.75 AS DECIMAL(7, 6)) AS share FROM opened AS o
UNION ALL
SELECT o.person_id, CAST(o.first_day + 10 AS DATE) AS first_day, CAST(NULL AS DATE) AS last_day,
  CAST(NULL AS VARCHAR) AS half, CAST(0.333333 AS DECIMAL(7, 6)) AS share FROM opened AS o""",
            columns={
                "person_id": _CODE,
                "first_day": _DATE,
                "last_day": _DATE.with_null(),
                "half": _CODE.with_null(),
                "share": Type.of(Kind.RATE),
            },
            rows={
                "claim": Rows(
                    table="medical_claim",
                    columns=("person_id",),
                    formulas={"opens": terms.opens},
                    day="day",
                )
            },
            key=("person_id",),
            effective=("first_day", "last_day"),
        ),
        "plan": Query(
            select="""SELECT e.person_id, coalesce(e.party, 'plan') AS party,
  count(*) AS spans FROM span AS e JOIN opened AS w ON e.person_id = w.person_id
  GROUP BY e.person_id, e.party""",
            columns={"person_id": _CODE, "party": _CODE, "spans": Type.of(Kind.COUNT)},
            rows={
                "span": Rows(table="eligibility", columns=("person_id", "party")),
                "opened": Rows(table="window", columns=("person_id",)),
            },
            key=("person_id", "party"),
        ),
    }


def price(terms: Terms) -> tuple[Step, ...]:
    """Take off what the terms say, of lines within a window."""
    if terms.amount is None:
        return ()
    group_code, carc = terms.code.split("-")
    return (
        Step(
            id="taken",
            sets="adjustment",
            expression=terms.amount.expression,
            when=terms.services.expression if terms.services is not None else None,
            group_code=group_code,
            carc=carc,
            within="window",
        ),
    )


def outputs(_: Terms) -> Mapping[str, Output]:
    """Give what was taken off each line."""
    return {"amount": Output(type=Type.of(Kind.MONEY), grain="line", meaning="what is taken off")}


def settle(_: Terms, __: Occasion) -> Settlement:
    """Move nothing."""
    return Settlement()


WINDOWS: Final[Methodology[Terms]] = Methodology(
    name="windows",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    derive=derive,
    price=price,
    settle=settle,
)

ENGINE: Final[Engine] = engine_of(FEE_SCHEDULE, WINDOWS)

ENROLMENT: Final = tuple(
    {
        "person_id": person,
        "enrollment_start_date": FIRST,
        "enrollment_end_date": LAST,
        "party": party,
    }
    for person, party in zip(PERSONS, ("north", "south", None), strict=False)
)

_OPENS: Final = (
    "hcpcs_code = 'X1'",
    "claim_type = 'institutional' AND drg_code IN ('065', '470')",
    f"claim_line_start_date >= DATE '{TURN}'",
    "charge_amount > 1000",
    "FALSE",
)
_CONDITIONS: Final = (
    "has(care_window, person_id)",
    "NOT has(care_window, person_id)",
    "lookup(care_window.half, person_id) = 'first'",
    "has(care_window, person_id) AND lookup(care_window.share, person_id) > 0.5",
    "has(care_plan, person_id, coalesce(party, 'plan'))",
    "has(care_window, person_id) OR claim_type = 'professional'",
)
_ALLOWED: Final = (
    "charge_amount",
    "round(charge_amount * lookup(care_window.share, person_id), {p})",
    "CASE WHEN has(care_window, person_id) THEN 0.00 ELSE round(charge_amount * half, {p}) END",
    "round(base * lookup(care_plan.spans, person_id, party) / 3, {p})",
)
_TAKEN: Final = (
    "remaining",
    "round(remaining * half, {p})",
    "least(20.00, remaining)",
    "round(coalesce(copayment_amount, 0.00) * pct, {p})",
)
_SERVICES: Final = (None, "hcpcs_code <> 'X2'", "place_of_service_code = '11'", "charge_amount > 0")


def windowed(opens: str, services: str | None = None, **terms: Any) -> dict[str, Any]:
    """Give a rule `care` of windows."""
    said: dict[str, Any] = {"opens": opens, **terms}
    if services is not None:
        said["services"] = services
    return {"id": "care", "methodology": "windows", "source": "exhibit W", "terms": said}


@st.composite
def contracts_of_windows(draw: DrawFn) -> Contract:
    """Contracts whose prices read what a rule derives from the claims: in each stage, by either rule."""
    places = draw(st.sampled_from((2, 2, 2, 0)))

    def posted(formulas: tuple[str, ...]) -> str:
        formula = draw(st.sampled_from(formulas)).replace("{p}", str(places))
        return formula if places else f"round({formula}, 0)"

    care = windowed(draw(st.sampled_from(_OPENS)))
    if draw(st.booleans()):
        taken = {"amount": posted(_TAKEN), "code": draw(st.sampled_from(("CO-97", "CO-24")))}
        care = windowed(care["terms"]["opens"], draw(st.sampled_from(_SERVICES)), **taken)
    rules = [care]
    rules.append(
        {
            **_rule("fee"),
            "when": draw(st.sampled_from(_CONDITIONS)),
            "terms": {"allowed": posted(_ALLOWED)},
        }
    )
    if draw(st.booleans()):
        terms: dict[str, Any] = {"allowed": posted(_ALLOWED)}
        if draw(st.booleans()):
            terms["per"] = "claim"
        rules.append({**_rule("rest"), "otherwise": True, "terms": terms})
    for number in range(draw(st.integers(0, 2))):
        stage = draw(st.sampled_from(("member_share", "withheld", "limit")))
        amount = posted(_TAKEN) if stage != "limit" else posted(_ALLOWED)
        rules.append(
            {
                **_rule(f"later_{number}"),
                "when": draw(st.sampled_from(_CONDITIONS)),
                "terms": {stage: amount if stage == "limit" else {"amount": amount}},
            }
        )
    return contract(draw(st.permutations(rules)), places)


def _rule(name: str) -> dict[str, Any]:
    return {"id": name, "methodology": "fee_schedule", "source": f"exhibit {name}"}


def lines_of_a_person(
    *days: date, code: str = "X2", charge: str = "100.00"
) -> list[dict[str, Any]]:
    """Give lines of one person, one claim a day."""
    return [
        {
            "claim_id": f"c{number}",
            "claim_line_number": 1,
            "person_id": "m1",
            "claim_type": "professional",
            "claim_line_start_date": day,
            "hcpcs_code": code,
            "charge_amount": Decimal(charge),
        }
        for number, day in enumerate(days)
    ]


def after(days: int) -> date:
    """Give a day after the first one of the contracts."""
    return FIRST + timedelta(days=days)
