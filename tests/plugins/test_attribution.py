"""attribution: the same members as a recomputation by hand, and what more care may change."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_attribution import ATTRIBUTION

from rules_engine import Ruleset
from rules_engine.testing import Contract, engine_of, holds_to_every_law

ENGINE: Final = engine_of(ATTRIBUTION)
FIRST, LAST = date(2015, 1, 1), date(2015, 12, 31)
PEOPLE: Final = ("m1", "m2", "m3")
PLACES: Final = ("p1", "p2", "p3")
WINDOWS: Final[Mapping[str, tuple[Any, date, date]]] = {
    "period": ("period", FIRST, LAST),
    # Twelve months that end three months before the year.
    "before": ({"months": 12, "ends_months_before": 3}, date(2013, 10, 1), date(2014, 9, 30)),
}
MEASURES: Final[Mapping[str, Any]] = {
    "visits": "visits", "services": "services", "amount": {"amount": "allowed_amount"},
}  # fmt: skip
Row = Mapping[str, Any]


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """A voluntary step or none, and one or two that count services."""
    measure = draw(st.sampled_from(sorted(MEASURES)))
    ties = draw(st.permutations([t for t in ("services", "visits", "latest") if t != measure]))
    steps: list[dict[str, Any]] = [
        {"step": "first", "counts": "hcpcs_code = 'A'", "minimum": draw(st.integers(1, 2))},
        {"step": "second", "counts": "hcpcs_code = 'B'"},
    ]
    if draw(st.booleans()):
        steps.insert(
            0,
            {
                "step": "chosen",
                "stated": "party",
                "month": draw(st.sampled_from(("first", "last"))),
            },
        )
    return {
        "as": "practice",
        "to": "billing_tin",
        "measure": MEASURES[measure],
        "window": WINDOWS[draw(st.sampled_from(sorted(WINDOWS)))][0],
        "steps": steps,
        "ties": ties[: draw(st.integers(0, 2))],
        "minimum_months": draw(st.integers(1, 2)),
    }


DAYS: Final = st.sampled_from(
    [
        d + timedelta(n)
        for d in (date(2013, 10, 1), date(2014, 10, 1), FIRST, date(2016, 1, 1))
        for n in (-1, 0, 1)
    ]
)
CLAIMS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "person_id": st.sampled_from(PEOPLE),
            "billing_tin": st.sampled_from((*PLACES, None)),
            "hcpcs_code": st.sampled_from(("A", "B", "C", None)),
            "claim_line_start_date": DAYS,
            "allowed_amount": st.sampled_from(
                (Decimal("0.00"), Decimal("10.00"), Decimal("10.01"), None)
            ),
        }
    ),
    max_size=14,
)
MONTHS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "person_id": st.sampled_from(PEOPLE),
            "month": st.sampled_from([date(2014, 12, 1), *(date(2015, n, 1) for n in (1, 2, 12))]),
            "party": st.sampled_from((None, None, "p1", "p3")),
        }
    ),
    max_size=8,
    unique_by=lambda row: (row["person_id"], row["month"]),
)


def contract(said: Mapping[str, Any]) -> Ruleset:
    """A contract of one attribution."""
    document = {
        "ruleset": "attributing", "title": "t", "version": "1",
        "effective": {"from": FIRST, "through": LAST}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer"},
        "rules": [{"id": "whose", "methodology": "attribution", "source": "s", "terms": said}],
    }  # fmt: skip
    return Contract(document=document).load(ENGINE)


def found(ruleset: Ruleset, claims: Sequence[Row], months: Sequence[Row]) -> dict[str, Any]:
    """Give whom each person is attributed to and by which step, or why to nobody."""
    lines = [{"claim_id": f"c{n}", "claim_line_number": 1, **row} for n, row in enumerate(claims)]
    data = {
        "medical_claim": lines or [dict.fromkeys(("person_id", "billing_tin", "hcpcs_code", "allowed_amount")) | {"claim_id": "none", "claim_line_number": 1, "person_id": "nobody", "claim_line_start_date": FIRST}],
        "member_month": [{**row, "fraction": 1} for row in months] or [{"person_id": "nobody", "month": date(2010, 1, 1), "fraction": 1, "party": None}],
    }  # fmt: skip
    with ruleset.run(data, mappings=()) as run:
        rows = run.connection.execute(
            "SELECT person_id, practice, step FROM whose_member"
        ).fetchall()
        none = run.connection.execute("SELECT person_id, reason FROM whose_unattributed").fetchall()
        assert len({row[0] for row in rows}) == len(rows), "somebody is attributed twice"
        (one,) = run.settlements
        assert one.outputs["attributed"] == len(rows)
        assert one.outputs["considered"] == len(rows) + len(none)
    return {person: (practice, step) for person, practice, step in rows} | dict(none)


def by_hand(
    said: Mapping[str, Any], claims: Sequence[Row], months: Sequence[Row]
) -> dict[str, Any]:
    """Attribute as the page of the methodology says it, one person after the other."""
    _, first, last = next(w for w in WINDOWS.values() if w[0] == said["window"])
    answer: dict[str, Any] = {}
    for person in {row["person_id"] for row in months}:
        own = sorted(
            (m["month"], m["party"])
            for m in months
            if m["person_id"] == person and FIRST <= m["month"] <= LAST
        )
        if own:
            served = [
                c
                for c in claims
                if c["person_id"] == person and first <= c["claim_line_start_date"] <= last
            ]
            answer[person] = (
                "too_few_months" if len(own) < said["minimum_months"] else _one(said, served, own)
            )
    return answer


def _one(
    said: Mapping[str, Any], served: Sequence[Row], own: Sequence[tuple[date, str | None]]
) -> Any:
    counted = [c for c in served if c["hcpcs_code"] in {"A", "B"}]
    for step in said["steps"]:
        if "stated" in step:
            stated = [party for _, party in own if party is not None]
            if stated:
                return stated[0 if step["month"] == "first" else -1], step["step"]
            continue
        code = step["counts"][-2]
        groups: dict[str, list[Row]] = defaultdict(list)
        for claim in counted:
            if claim["hcpcs_code"] == code and claim["billing_tin"] is not None:
                groups[claim["billing_tin"]].append(claim)
        enough = {
            place: rows for place, rows in groups.items() if len(rows) >= step.get("minimum", 1)
        }
        if enough:
            measure = said["measure"] if isinstance(said["measure"], str) else "amount"
            order = (measure, *said["ties"])
            return max(
                sorted(enough), key=lambda place: [_measured(enough[place], by) for by in order]
            ), step["step"]
    if not counted:
        return "no_service"
    return "below_minimum" if any(c["billing_tin"] for c in counted) else "no_provider"


def _measured(rows: Sequence[Row], by: str) -> Any:
    days = [row["claim_line_start_date"] for row in rows]
    return {
        "services": len(rows),
        "visits": len(set(days)),
        "latest": max(days),
        "amount": sum((row["allowed_amount"] or Decimal(0)) for row in rows),
    }[by]


@settings(deadline=None, max_examples=15)  # each example is a run
@given(said=terms(), claims=CLAIMS, months=MONTHS)
def test_members_are_those_of_a_recomputation_by_hand(
    said: dict[str, Any], claims: list[Row], months: list[Row]
) -> None:
    """Whose each person is, by which step, and why nobody's: the same without SQL."""
    assert found(contract(said), claims, months) == by_hand(said, claims, months)


def test_a_tie_that_nothing_decides_goes_to_the_first_id() -> None:
    """Two places with as many services: the order of their ids decides, and none of the rows."""
    said = {"as": "practice", "to": "billing_tin", "measure": "services", "window": "period",
            "steps": [{"step": "first", "counts": "hcpcs_code = 'A'", "minimum": 1}],
            "minimum_months": 1}  # fmt: skip
    claims = [
        {"person_id": PEOPLE[0], "billing_tin": place, "hcpcs_code": "A",
         "claim_line_start_date": FIRST, "allowed_amount": Decimal("10.00")}
        for place in ("p2", "p3", "p1")
    ]  # fmt: skip
    months = [{"person_id": PEOPLE[0], "month": FIRST, "party": None}]
    assert found(contract(said), claims, months) == {PEOPLE[0]: ("p1", "first")}


@settings(deadline=None, max_examples=15)  # each example is a run
@given(said=terms(), claims=CLAIMS, months=MONTHS, dice=st.randoms(), add=CLAIMS)
def test_only_counted_services_in_the_window_matter(
    said: dict[str, Any], claims: list[Row], months: list[Row], dice: Any, add: list[Row]
) -> None:
    """Another order of claims, and claims outside the window or of no counted code, change nothing."""
    ruleset = contract(said)
    _, first, last = next(w for w in WINDOWS.values() if w[0] == said["window"])
    idle = [
        c
        for c in add
        if not first <= c["claim_line_start_date"] <= last or c["hcpcs_code"] not in {"A", "B"}
    ]
    other = [*claims, *idle]
    dice.shuffle(other)
    assert found(ruleset, other, months) == found(ruleset, claims, months)


@settings(deadline=None, max_examples=15)  # each example is a run
@given(said=terms(), claims=CLAIMS, months=MONTHS, add=CLAIMS)
def test_more_services_of_a_provider_never_lose_it_a_member(
    said: dict[str, Any], claims: list[Row], months: list[Row], add: list[Row]
) -> None:
    """Whose somebody is by services stays so when that provider gives that person more of them."""
    ruleset = contract(said)
    before = found(ruleset, claims, months)
    has = {person: one[0] for person, one in before.items() if isinstance(one, tuple)}
    more = [
        c
        for c in add
        if c["billing_tin"] is not None and has.get(c["person_id"]) == c["billing_tin"]
    ]
    after = found(ruleset, [*claims, *more], months)
    assert {person: after[person][0] for person in has} == has


LAW_TERMS: Final = st.fixed_dictionaries(
    {
        "as": st.just("practice"),
        "to": st.just("party"),
        "measure": st.sampled_from(list(MEASURES.values())),
        "window": st.just("period"),
        "steps": st.sampled_from(
            (
                [
                    {"step": "roster", "stated": "party"},
                    {"step": "seen", "counts": "charge_amount > 0"},
                ],
                [{"step": "seen", "counts": "charge_amount > 10.00", "minimum": 2}],
            )
        ),
    }
)
test_law = holds_to_every_law(ATTRIBUTION, LAW_TERMS)
