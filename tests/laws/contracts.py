"""Random contracts of fee schedules, and claims that lie in wait for them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from rules_engine.testing.contracts import Contract

D: Final = Decimal
FIRST: Final = date(2015, 1, 1)
TURN: Final = date(2015, 7, 1)
LAST: Final = date(2015, 12, 31)
DAY: Final = timedelta(1)

PARTIES: Final = ("north", "south", "plan")
CODES: Final = ("X1", "X2", "X3", "065")
DRGS: Final = ("065", "65", "470")
PERSONS: Final = ("m1", "m2", "m3", "m4")
INSIDE: Final = (FIRST, TURN - DAY, TURN, TURN + DAY, LAST, date(2015, 3, 15))
DATES: Final = (*INSIDE, *INSIDE, *INSIDE, FIRST - DAY, LAST + DAY)
TIES: Final = tuple(
    D(text)
    for text in (
        "0.00", "0.01", "0.02", "0.03", "0.05", "0.50", "1.00", "10.05", "33.33", "66.67", "100.01",
        "100.05", "99.99", "12345.67", "999999.99", "-0.01", "-10.05", "-100.00",
    )
)  # fmt: skip

FEES: Final = """\
party,hcpcs_code,from,through,amount,share
north,X1,2015-01-01,2015-06-30,10.05,0.5
north,X1,2015-07-01,2015-12-31,10.15,
north,X2,,,0.01,0.125
south,X1,,2015-06-30,33.33,0.333333
south,X1,2015-07-02,,99.99,1
south,X2,2015-01-01,2015-12-31,0.05,0.005
south,065,2015-01-01,2015-12-31,-1.05,0.5
plan,X1,2015-12-31,2015-12-31,50.00,0
"""
SITES: Final = "place_of_service_code,factor,floor\n11,1.0,5.00\n21,0.5,\n22,1.125,0.05\n"
DRG_WEIGHTS: Final = "drg_code,from,through,weight\n065,2014-10-01,2015-09-30,1.0845\n065,2015-10-01,,1.0655\n470,,,2.1205\n"

_NULLABLE_CONDITIONS: Final = (
    "claim_type = 'professional'",
    "claim_type <> 'professional'",
    "claim_type = 'institutional' AND drg_code IS NOT NULL",
    "claim_type IN ('institutional', 'pharmacy')",
    "hcpcs_code LIKE 'X%'",
    "service_unit_quantity > 1",
    "charge_amount >= 100.01",
    "charge_amount < 0.05 OR party = 'south'",
    "NOT (place_of_service_code = '11')",
    "drg_code BETWEEN '1' AND '5'",
    "claim_line_start_date >= DATE '2015-07-01'",
    "claim_line_end_date - claim_line_start_date > 1",
    "has(fees, coalesce(party, 'north'), coalesce(hcpcs_code, 'X1'))",
    "has(roster, person_id)",
    "lookup(roster.party, person_id) = 'north'",
    "CASE WHEN party IS NULL THEN TRUE ELSE charge_amount > 1 END",
)
_WIDE: Final = (
    "claim_type = 'professional'",
    "claim_type IS NULL OR claim_type <> 'professional'",
    "charge_amount IS NOT NULL",
    "place_of_service_code IS NOT NULL",
)
_PRESENT: Final = (
    "party IS NOT NULL AND hcpcs_code IS NOT NULL AND service_unit_quantity IS NOT NULL"
)

# Formulas that no null reaches, and formulas that a null may reach; {p} is how many places are posted.
_ALLOWED: Final = (
    "charge_amount",
    "round(charge_amount * pct, {p})",
    "round_half_even(charge_amount * half, {p})",
    "round_down(charge_amount * pct, {p})",
    "round(lookup(fees.amount, party, hcpcs_code) * service_unit_quantity * cf, {p})",
    "least(charge_amount, round(lookup(fees.amount, party, hcpcs_code) * service_unit_quantity * cf, {p}))",
    "round(lookup(fees.amount, lookup(roster.party, person_id), hcpcs_code) * cf, {p})",
    "round(lookup(drgs.weight, drg_code) * base, {p})",
    "round(charge_amount * lookup(fees.share, party, hcpcs_code), {p})",
    "round(base * lookup(sites.factor, place_of_service_code) / 3, {p})",
    "greatest(round(charge_amount * half, {p}), lookup(sites.floor, place_of_service_code))",
    "round(coalesce(allowed_amount, charge_amount, 0.00) * cf, {p})",
    "CASE WHEN has(fees, coalesce(party, 'x'), coalesce(hcpcs_code, 'x')) THEN round(base * half, {p}) ELSE round(charge_amount * pct, {p}) END",
    "round(abs(charge_amount) * half * half, {p})",
    "CASE party WHEN 'north' THEN round(base * 1.005, {p}) WHEN 'south' THEN charge_amount END",
    "round((charge_amount - coalesce(paid_amount, 0.00)) / coalesce(service_unit_quantity, 1), {p})",
)
_TAKEN: Final = (
    "round(allowed * pct, {p})",
    "round_half_even(remaining * half, {p})",
    "least(20.00, remaining)",
    "greatest(0.00, least(allowed, 10.00))",
    "round(coalesce(coinsurance_amount, 0.00), {p})",
    "copayment_amount",
    "round(remaining * lookup(sites.factor, place_of_service_code), {p})",
    "CASE WHEN service_unit_quantity > 1 THEN 1.00 ELSE 0.00 END",
    "round(remaining / 3, {p})",
    "0.00",
)
_LIMITS: Final = (
    "charge_amount",
    "base",
    "greatest(coalesce(charge_amount, 0.00), 0.00)",
    "round(allowed * half, {p})",
    "least(allowed, 50.00)",
)

# Formulas that read the other lines of a claim, and sums that run from claim to claim.
_CONDITIONS_OF_CLAIMS: Final = (
    "claim_any(hcpcs_code = 'X1')",
    "claim_all(charge_amount > 0)",
    "claim_count() > 1",
    "claim_count(place_of_service_code = '21') = 0",
    "claim_rank(charge_amount) = 1",
    "claim_max(claim_line_start_date) >= DATE '2015-07-01'",
    "charge_amount = claim_max(charge_amount) FILTER (WHERE party IS NOT NULL)",
    "claim_any(has(fees, party, hcpcs_code))",
)
_ALLOWED_OF_CLAIMS: Final = (
    "round(charge_amount * CASE WHEN claim_rank(charge_amount) = 1 THEN 1 ELSE half END, {p})",
    "round(claim_sum(charge_amount) / claim_count(), {p})",
    "round(coalesce(claim_sum(charge_amount) FILTER (WHERE hcpcs_code = 'X1'), 0) * pct, {p})",
    "coalesce(claim_min(charge_amount), 0.00)",
    "round(claim_sum(lookup(sites.factor, place_of_service_code)) * base * half, {p})",
    "round(coalesce(claim_rank(lookup(sites.floor, place_of_service_code)), 9) * base, {p})",
    "round(claim_sum(charge_amount * cf) * half, {p})",
    "round(charge_amount * coalesce(claim_rank(- charge_amount) FILTER (WHERE party = 'north'), 3) / 8, {p})",
    "running(round(charge_amount * half, {p}), base, person_id, 'year')",
)
_RUNNING: Final = (
    "running(remaining, 150.00, person_id, 'year')",
    "running(remaining, base, person_id, 'contract')",
    "running(round(remaining * half, {p}), 75.05, person_id, 'month')",
    "running(allowed, 100.00, party, 'quarter') - running(allowed, 50.00, party, 'quarter')",
    "round(running(remaining, 33.33, person_id, place_of_service_code) * half, {p})",
    "least(remaining, round(running(service_unit_quantity * 1.005, 3, person_id, 'year') * base, {p}))",
    "running(remaining, lookup(sites.floor, place_of_service_code), person_id, 'year')",
    "running(charge_amount, 20.00, coalesce(party, 'x'), claim_line_start_date)",
    "least(remaining, running(claim_sum(charge_amount), 500.00, person_id, 'year'))",
)


@st.composite
def contracts(draw: DrawFn, *, joint: bool = False) -> Contract:
    """Contracts over every stage: conditions, `otherwise`, `replaces`, dated numbers, lookups, `per: claim`.

    Args:
        draw: Given by Hypothesis.
        joint: Whether lines know of the others of their claim, and of what has run up before.
    """
    places = draw(st.sampled_from((2, 2, 2, 0)))
    if joint:
        return draw(_joint(places))
    rules = []
    names: list[str] = []
    for number in range(draw(st.integers(1, 3))):
        rule = {**_rule(f"fee_{number}"), "terms": _allowed(draw, places)}
        condition = draw(st.sampled_from((*_NULLABLE_CONDITIONS, *_WIDE, *_WIDE)))
        if draw(st.integers(0, 2)) == 0:
            condition = f"{_PRESENT} AND ({condition})"
        rule["when"] = condition
        replaces: bool = draw(st.booleans())
        if names and replaces:
            rule["replaces"] = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        names.append(str(rule["id"]))
        rules.append(rule)
    if draw(st.integers(0, 3)):
        rule = {**_rule("rest"), "otherwise": True, "terms": _allowed(draw, places)}
        if draw(st.integers(0, 3)) == 0:
            rule["when"] = draw(st.sampled_from(_NULLABLE_CONDITIONS))
        rules.append(rule)
    rules += [_later(draw, number, places) for number in range(draw(st.integers(0, 4)))]
    return contract(draw(st.permutations(rules)), places)


@st.composite
def _joint(draw: DrawFn, places: int) -> Contract:
    rules = []
    for number in range(draw(st.integers(1, 2))):
        conditions = (*_CONDITIONS_OF_CLAIMS, *_WIDE, *_NULLABLE_CONDITIONS)
        amount = draw(st.sampled_from((*_ALLOWED_OF_CLAIMS, *_ALLOWED_OF_CLAIMS, *_ALLOWED)))
        terms = {"allowed": _posted(amount, places)}
        if "running" not in amount and draw(st.integers(0, 3)) == 0:
            terms["per"] = "claim"
        rules.append(
            {**_rule(f"fee_{number}"), "terms": terms, "when": draw(st.sampled_from(conditions))}
        )
    if draw(st.integers(0, 3)):
        rules.append(
            {
                **_rule("rest"),
                "otherwise": True,
                "terms": {"allowed": _posted("coalesce(charge_amount, 1.00)", places)},
            }
        )
    for number in range(draw(st.integers(0, 3))):
        rule = _rule(f"later_{number}")
        if draw(st.booleans()):
            rule["when"] = draw(st.sampled_from((*_CONDITIONS_OF_CLAIMS, *_NULLABLE_CONDITIONS)))
        stage = draw(st.sampled_from(("member_share", "member_share", "withheld", "limit")))
        formula = _posted(draw(st.sampled_from((*_RUNNING, *_RUNNING, *_TAKEN))), places)
        rules.append(
            {**rule, "terms": {stage: formula if stage == "limit" else {"amount": formula}}}
        )
    return contract(draw(st.permutations(rules)), places)


def _rule(name: str) -> dict[str, Any]:
    return {"id": name, "methodology": "fee_schedule", "source": f"exhibit {name}"}


def _allowed(draw: DrawFn, places: int) -> dict[str, Any]:
    amount = draw(st.sampled_from(_ALLOWED))
    found = {"allowed": _posted(amount, places)}
    return found | ({"per": "claim"} if draw(st.integers(0, 2)) == 0 else {})


def _later(draw: DrawFn, number: int, places: int) -> dict[str, Any]:
    stage = draw(st.sampled_from(("limit", "adjustment", "member_share", "withheld")))
    rule = _rule(f"later_{number}")
    if draw(st.booleans()):
        rule["when"] = draw(st.sampled_from(_NULLABLE_CONDITIONS))
    if stage == "limit":
        return {**rule, "terms": {"limit": _posted(draw(st.sampled_from(_LIMITS)), places)}}
    amount: dict[str, Any] = {"amount": _posted(draw(st.sampled_from(_TAKEN)), places)}
    if stage == "adjustment":
        amount["code"] = draw(st.sampled_from(("CO-253", "OA-23", "CO-45")))
    return {**rule, "terms": {stage: amount}}


def _posted(formula: str, places: int) -> str:
    """A contract that posts whole dollars has to round what a column has in cents."""
    formula = formula.replace("{p}", str(places))
    return formula if places else f"round({formula}, 0)"


def contract(rules: Sequence[Mapping[str, Any]], places: int = 2) -> Contract:
    """Give a contract of these rules over the tables and numbers of this file."""
    tables = {
        "fees": {
            "file": "tables/fees.csv", "key": ["party", "hcpcs_code"], "effective": ["from", "through"],
            "columns": {"amount": "money", "share": "rate or null"},
        },
        "sites": {
            "file": "tables/sites.csv", "key": ["place_of_service_code"],
            "columns": {"factor": "factor", "floor": "money or null"},
        },
        "drgs": {
            "file": "tables/drgs.csv", "key": ["drg_code"], "effective": ["from", "through"],
            "columns": {"weight": "factor"},
        },
    }  # fmt: skip
    numbers = {
        "cf": {"type": "factor", "values": {FIRST: D("1.005"), TURN: D("1.2")}},
        "pct": {"type": "rate", "values": {FIRST: D("0.125"), LAST: D("0.333333")}},
        "half": {"type": "rate", "value": D("0.5")},
        "base": {"type": "money", "value": D("1234.57")},
    }
    document = {
        "ruleset": "generated", "title": "A generated contract", "version": "1",
        "effective": {"from": FIRST, "through": LAST}, "currency": "USD",
        "rounding": {"to": D("0.01") if places == 2 else 1, "mode": "half_up"},
        "period": {"length": "year"}, "parties": {"payer": ["plan"], "systems": ["north", "south"]},
        "tables": tables, "parameters": numbers, "rules": list(rules),
    }  # fmt: skip
    files = {"tables/fees.csv": FEES, "tables/sites.csv": SITES, "tables/drgs.csv": DRG_WEIGHTS}
    return Contract(document=document, files=files)


ROSTER: Final = (
    {"person_id": "m1", "party": "north", "from": FIRST, "through": TURN - DAY},
    {"person_id": "m1", "party": "south", "from": TURN, "through": None},
    {"person_id": "m2", "party": "south", "from": None, "through": None},
    {"person_id": "m3", "party": "plan", "from": LAST, "through": LAST},
)


def claims() -> SearchStrategy[list[dict[str, Any]]]:
    """Lines of up to forty claims, biased to ties, nulls, edges of dates and missing keys."""
    return st.builds(claim_lines, st.integers(0, 2**32), st.integers(1, 40))


def claim_lines(seed: int, count: int) -> list[dict[str, Any]]:
    """Give the lines of some claims; the same ones for the same seed."""
    dice = Random(seed)  # noqa: S311  claims, not secrets
    rows = []
    for number in range(count):
        claim = {
            "claim_id": f"c{number:03}",
            "person_id": dice.choice(PERSONS),
            "claim_type": dice.choice(("professional", "professional", "institutional", "pharmacy", None)),
            "party": dice.choice((*PARTIES, *PARTIES, "north", "south", "nobody", None)),
            "drg_code": dice.choice((*DRGS, None, "999")),
            "claim_start_date": _maybe(dice, dice.choice(DATES)),
            "claim_end_date": _maybe(dice, dice.choice(DATES)),
            "discharge_date": _maybe(dice, dice.choice(DATES)),
        }  # fmt: skip
        numbers = dice.sample(range(1, 12), dice.choice((1, 1, 2, 3, 5)))
        rows += [{**claim, "claim_line_number": place, **_line(dice)} for place in numbers]
    return rows


def _line(dice: Random) -> dict[str, Any]:
    start = dice.choice(DATES)
    return {
        "claim_line_start_date": start if dice.random() < 0.95 else None,
        "claim_line_end_date": _maybe(dice, start + DAY * dice.choice((0, 0, 1, 2, 40))),
        "hcpcs_code": dice.choice((*CODES, "X1", "X1", "X2", None, "missing")),
        "service_unit_quantity": dice.choice((0, 1, 1, 1, 2, 2, 3, 7, -1, None)),
        "place_of_service_code": dice.choice(("11", "21", "22", "99", None)),
        "charge_amount": _money(dice),
        "allowed_amount": _money(dice),
        "paid_amount": _maybe(dice, dice.choice(TIES)),
        "coinsurance_amount": _maybe(dice, dice.choice(TIES)),
        "copayment_amount": dice.choice((None, D("20.00"), D("0.00"), D("0.01"))),
    }


def _money(dice: Random) -> Decimal | None:
    if dice.random() < 0.08:
        return None
    if dice.random() < 0.6:
        return dice.choice(TIES)
    return Decimal(dice.randint(-500, 2_000_000)).scaleb(-2)


def _maybe(dice: Random, value: Any) -> Any:
    return value if dice.random() < 0.6 else None
