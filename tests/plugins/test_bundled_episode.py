"""bundled_episode: the same episodes as a recomputation by hand, and no service in two bundles."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_bundled_episode import BUNDLED_EPISODE

from rules_engine import Ruleset
from rules_engine.testing import Contract, engine_of, holds_to_every_law
from tests.plugins.episodes_by_hand import rebuilt

ENGINE: Final = engine_of(BUNDLED_EPISODE)
FIRST, LAST = date(2015, 1, 1), date(2015, 12, 31)
Row = Mapping[str, Any]
WHEN: Final = st.integers(0, 70).map(lambda n: date(2014, 12, 10) + timedelta(n))


@st.composite
def lines(draw: DrawFn) -> list[dict[str, Any]]:
    """Claims of two persons with one to three lines, crowded into ten weeks about a new year."""
    made = []
    for number in range(draw(st.integers(0, 9))):
        for line in range(draw(st.integers(1, 2))):
            begins = draw(WHEN)
            made.append(
                {
                    "claim_id": f"c{number}",
                    "claim_line_number": line,
                    "person_id": f"m{number % 2}",
                    "claim_type": draw(st.sampled_from(("institutional", "professional"))),
                    "billing_tin": draw(st.sampled_from(("p1", "p2", None))),
                    "drg_code": draw(st.sampled_from(("A", "B", None))),
                    "hcpcs_code": draw(st.sampled_from(("X", "R", None))),
                    "discharge_disposition_code": draw(st.sampled_from(("02", "20", None, None))),
                    "admission_date": draw(st.sampled_from((begins, begins, None))),
                    "discharge_date": begins + timedelta(draw(st.integers(-1, 6))),
                    "claim_start_date": draw(st.one_of(st.none(), WHEN)),
                    "claim_line_start_date": begins + timedelta(draw(st.integers(0, 3))),
                    "claim_line_end_date": draw(st.one_of(st.none(), WHEN)),
                    "allowed_amount": draw(
                        st.sampled_from(
                            (None, *(Decimal(c) / 100 for c in (-5, 0, 1, 333, 1000, 99999)))
                        )
                    ),
                }
            )
    return made


MONTHS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "person_id": st.sampled_from(("m0", "m1")),
            "month": st.sampled_from(
                [date(2014, 11, 1), date(2014, 12, 1), *(date(2015, n, 1) for n in range(1, 5))]
            ),
            "fraction": st.sampled_from((Decimal(1), Decimal(1), Decimal("0.5"))),
        }
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: (row["person_id"], row["month"]),
)


def limits(draw: DrawFn) -> dict[str, Any]:
    """One of the three ways to say where costs are cut."""
    return draw(
        st.sampled_from(
            (
                {"percentile": Decimal("0.5")},
                {"percentile": Decimal("0.99")},
                {"deviations": Decimal("1.5")},
                {"deviations": Decimal(0)},
                {"amount": Decimal("10.00")},
            )
        )
    )


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """Terms with every word that decides how episodes are built."""
    days = st.integers(0, 20)
    restarts = draw(st.booleans())
    said: dict[str, Any] = {
        "amount": "allowed_amount",
        "provider": "billing_tin",
        "days": {
            "admission": "admission_date",
            "discharge": "discharge_date",
            "procedure": "claim_start_date",
            "service": "claim_line_start_date",
            "service_ends": "claim_line_end_date",
        },
        "types": [
            {
                "type": name,
                "trigger": f"drg_code = '{code}'",
                "days_after": draw(days),
                "days_before": draw(st.integers(0, 5)),
                "begins": draw(st.sampled_from(("admission", "admission", "procedure"))),
                "ends": draw(st.sampled_from(("discharge", "discharge", "procedure"))),
            }
            | ({} if restarts else {"clean_days": draw(days)})
            for name, code in (("first", "A"), ("second", "B"))
        ],
        "one_open": draw(st.sampled_from(("person", "type"))),
        "belongs_by": draw(st.sampled_from(("last_day", "trigger_day", "first_day"))),
        "look_back_days": draw(st.integers(0, 15)),
        "prorate": draw(st.booleans()),
        "base_years": draw(st.integers(0, 1)),
    }
    said |= (
        {"again": "restarts"}
        if restarts
        else {"precedence": draw(st.sampled_from(("earliest", "type")))}
    )
    if draw(st.booleans()):
        said["stays"] = {
            "when": "claim_type = 'institutional'",
            "gap_days": draw(st.integers(0, 2)),
            "decided_by": draw(st.sampled_from(("first", "last"))),
        }
        if draw(st.booleans()):
            said["stays"]["transferred"] = "discharge_disposition_code = '02'"
    parts: dict[str, Any] = {
        "excludes": [{"reason": "far", "when": "hcpcs_code = 'X' and not is_trigger"}],
        "includes": "hcpcs_code is null or at_trigger_provider",
        "enrolment": {"counts": "fraction = 1", "days_before": draw(st.integers(0, 40))}
        | ({"through": "discharge_day"} if draw(st.booleans()) else {}),
        "exclusions": [
            {"reason": "died", "line": "is_trigger and discharge_disposition_code = '20'"},
            {"reason": "early", "when": "trigger_day < date '2014-12-20'"},
            {"reason": "rare", "line": "hcpcs_code = 'R'"},
        ],
        "accountable": draw(
            st.sampled_from(
                (
                    {"plurality": "true"},
                    {
                        "stated": "case when episode_type = 'second' then 'p9' else trigger_provider end"
                    },
                )
            )
        ),
        "risk": {
            "combine": draw(st.sampled_from(("multiply", "add"))),
            "factors": [
                {"factor": "seen", "line": "days_after_trigger < 0", "weight": Decimal("1.2345")},
                {"factor": "rare", "line": "hcpcs_code = 'R'", "weight": Decimal("0.3333")},
                {"factor": "kind", "when": "episode_type = 'second'", "weight": Decimal("1.1")},
            ],
        },
    }
    said |= {name: part for name, part in parts.items() if draw(st.booleans())}
    if draw(st.booleans()):
        sides = draw(st.sampled_from((("above",), ("below",), ("above", "below"))))
        said["truncate"] = {side: limits(draw) for side in sides}
        said["truncate"]["does"] = draw(st.sampled_from(("cut", "exclude")))
    return said


def contract(*rules: Mapping[str, Any]) -> Ruleset:
    """A contract of some episode rules."""
    document = {
        "ruleset": "episodes", "title": "t", "version": "1",
        "effective": {"from": FIRST, "through": LAST}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer", "clinic": "provider"},
        "rules": [
            {"id": f"rule_{n}", "methodology": "bundled_episode", "source": "s", "terms": said}
            for n, said in enumerate(rules)
        ],
    }  # fmt: skip
    return Contract(document=document).load(ENGINE)


NOBODY: Final = {
    "claim_id": "none", "claim_line_number": 1, "person_id": "nobody", "claim_type": "professional",
    "billing_tin": None, "drg_code": None, "hcpcs_code": None, "discharge_disposition_code": None,
    "admission_date": None, "discharge_date": None, "claim_start_date": FIRST,
    "claim_line_start_date": FIRST, "claim_line_end_date": None, "allowed_amount": None,
}  # fmt: skip


def found(
    ruleset: Ruleset, claims: Sequence[Row], months: Sequence[Row], rule: str = "rule_0"
) -> dict[str, Any]:
    """Give triggers, episodes and services by their ids, as the tables have them."""
    data = {"medical_claim": [*claims, NOBODY], "member_month": list(months)}
    with ruleset.run(data, mappings=()) as run:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return list(run.connection.execute(sql).fetchall())

        held(rows, rule)
        return {
            "triggers": {
                one: (status, reason)
                for one, status, reason in rows(
                    f"SELECT episode_id, status, reason FROM {rule}_trigger"
                )
            },
            "episodes": {
                one: (who, *map(Fraction, numbers))
                for one, who, *numbers in rows(
                    "SELECT episode_id, provider, risk_score, bundle_amount, prorated_amount,"
                    f" actual_amount FROM {rule}_episode WHERE status = 'counted'"
                )
            },
            "services": {
                (claim, line): (status, reason, episode, Fraction(cut))
                for claim, line, status, reason, episode, cut in rows(
                    "SELECT claim_id, claim_line_number, status, reason, episode_id,"
                    f" prorated_amount FROM {rule}_service WHERE claim_id <> 'none'"
                )
            },
        }


def held(rows: Any, rule: str) -> None:
    """Hold the tables to the law of the bundle: nothing is counted twice, and nothing is lost."""
    assert rows(f"SELECT count(*) FROM {rule}_service") == rows(
        "SELECT count(*) FROM medical_claim"
    )
    ((told, all_of_it),) = rows(
        f"SELECT (SELECT sum(amount) FROM {rule}_service),"
        " (SELECT coalesce(sum(allowed_amount), 0) FROM medical_claim)"
    )
    assert told == all_of_it
    assert (
        rows(
            "SELECT * FROM (SELECT e.episode_id, e.bundle_amount, e.prorated_amount,"
            " coalesce(sum(s.amount), 0) AS amount, coalesce(sum(s.prorated_amount), 0) AS cut"
            f" FROM {rule}_episode AS e LEFT JOIN {rule}_service AS s"
            " ON s.episode_id = e.episode_id AND s.status = 'bundle' GROUP BY ALL)"
            " WHERE bundle_amount <> amount OR prorated_amount <> cut"
        )
        == []
    )
    assert (
        rows(
            f"SELECT episode_id FROM {rule}_episode"
            " WHERE bundle_amount <> prorated_amount + truncated_amount + actual_amount"
        )
        == []
    )


@settings(deadline=None, max_examples=60)  # each example is a run
@given(said=terms(), claims=lines(), months=MONTHS)
def test_episodes_are_those_of_a_recomputation_by_hand(
    said: dict[str, Any], claims: list[Row], months: list[Row]
) -> None:
    """Which triggers open, what belongs to whom, and what it costs: the same without SQL."""
    assert found(contract(said), claims, months) == rebuilt(said, claims, months)


@settings(deadline=None, max_examples=15)  # each example is a run
@given(said=terms(), claims=lines(), months=MONTHS, dice=st.randoms(), add=lines())
def test_the_order_of_claims_and_claims_outside_every_window_change_nothing(
    said: dict[str, Any], claims: list[Row], months: list[Row], dice: Any, add: list[Row]
) -> None:
    """Neither a shuffle nor a claim of another time changes an episode or a service in it."""
    ruleset = contract(said)
    before = found(ruleset, claims, months)
    far = [
        {**line, "claim_id": f"far{line['claim_id']}", "drg_code": None, "claim_type": "professional",
         "claim_line_start_date": line["claim_line_start_date"] + timedelta(400)}
        for line in add
    ]  # fmt: skip
    other = [*claims, *far]
    dice.shuffle(other)
    after = found(ruleset, other, months)
    assert after["episodes"] == before["episodes"]
    assert after["triggers"] == before["triggers"]
    assert {key: after["services"][key] for key in before["services"]} == before["services"]
    assert all(
        after["services"][line["claim_id"], line["claim_line_number"]][0] == "outside"
        for line in far
    )


@settings(deadline=None, max_examples=15)  # each example is a run
@given(first=terms(), second=terms(), claims=lines(), months=MONTHS)
def test_a_service_is_in_the_bundle_of_one_rule_at_most(
    first: dict[str, Any], second: dict[str, Any], claims: list[Row], months: list[Row]
) -> None:
    """What an earlier rule has in a bundle, a later one neither counts nor is triggered by."""
    ruleset = contract(first, {**second, "after": ["rule_0_service"]})
    one, two = (found(ruleset, claims, months, f"rule_{n}") for n in (0, 1))
    taken = {key for key, service in one["services"].items() if service[0] == "bundle"}
    assert not [key for key in taken if two["services"][key][0] == "bundle"]
    bundled = {claim for claim, _ in taken}
    for name, (status, reason) in two["triggers"].items():
        if name.split("/")[0] in bundled:
            assert (status, reason) in {("refused", "other_bundle"), ("refused", "no_days")}


@pytest.mark.parametrize(
    ("through", "reason"),
    [
        (None, "enrolment_gap"),
        ("discharge_day", None),
        ("date '2015-02-01'", "enrolment_gap"),
        ("date '2014-11-30'", None),
        ("date '2015-12-31'", "enrolment_gap"),
    ],
)
def test_nobody_needs_to_be_enrolled_after_the_day_that_ends_it(
    through: str | None, reason: str | None
) -> None:
    """But in the month in which the window begins, and not beyond that in which it ends."""
    said: dict[str, Any] = {
        "amount": "allowed_amount",
        "provider": "billing_tin",
        "days": {"admission": "admission_date", "discharge": "discharge_date"},
        "types": [{"type": "first", "trigger": "drg_code = 'A'", "days_after": 20}],
        "enrolment": {"counts": "fraction = 1"} | ({"through": through} if through else {}),
    }
    claim = {**NOBODY, "claim_id": "c1", "person_id": "m0", "billing_tin": "p1", "drg_code": "A",
             "admission_date": date(2015, 1, 20), "discharge_date": date(2015, 1, 25)}  # fmt: skip
    months = [{"person_id": "m0", "month": date(2015, 1, 1), "fraction": Decimal(1)}]
    told = found(contract(said), [claim], months)["triggers"]["c1/first"]
    assert told == ("excluded" if reason else "counted", reason)


def test_a_reconciliation_explains_itself_service_by_service() -> None:
    """Each episode names its services: why in, why out, and what was cut."""
    said = {
        "amount": "allowed_amount",
        "provider": "billing_tin",
        "days": {
            "admission": "claim_line_start_date",
            "discharge": "claim_line_start_date",
            "service_ends": "claim_line_end_date",
        },
        "types": [{"type": "first", "trigger": "drg_code = 'A'", "days_after": 9}],
        "excludes": [{"reason": "far", "when": "hcpcs_code = 'X'"}],
        "prorate": True,
        "reconcile": {"payer": "payer", "to": "clinic", "target": Decimal("100.00")},
    }
    day = date(2015, 3, 1)
    claims = [
        {**NOBODY, "claim_id": name, "person_id": "m0", "allowed_amount": Decimal(amount),
         "claim_line_start_date": day + timedelta(after), **more}
        for name, after, amount, more in (
            ("c1", 0, 40, {"drg_code": "A", "billing_tin": "p1"}),
            ("c2", 5, 30, {"claim_line_end_date": day + timedelta(14)}),
            ("c3", 6, 99, {"hcpcs_code": "X"}),
            ("c4", 10, 7, {}),
        )
    ]  # fmt: skip
    with contract(said).run({"medical_claim": claims}, mappings=()) as run:
        shown = run.explain("rule_0").render()
    assert "result: 45.00" in shown
    assert "c1/first, 2015-03-01 to 2015-03-10" in shown
    assert "c1 line 1 of 2015-03-01 in as trigger: 40.00" in shown
    assert "c2 line 1 of 2015-03-06 in as included, 15.00 cut: 30.00" in shown
    assert "c3 line 1 of 2015-03-07 out as far: 99.00" in shown
    assert "c4" not in shown


LAW_TERMS: Final = st.fixed_dictionaries(
    {
        "amount": st.sampled_from(
            ("charge_amount", "case when charge_amount > 0 then charge_amount end")
        ),
        "provider": st.just("party"),
        "days": st.just(
            {"admission": "claim_line_start_date", "discharge": "claim_line_start_date"}
        ),
        "types": st.sampled_from(
            (
                [{"type": "seen", "trigger": "charge_amount > 0", "days_after": 20}],
                [
                    {"type": "dear", "trigger": "charge_amount > 100.00", "days_after": 3},
                    {"type": "cheap", "trigger": "charge_amount <= 100.00", "days_after": 300},
                ],
            )
        ),
    },
    optional={
        "precedence": st.sampled_from(("earliest", "type")),
        "truncate": st.sampled_from(({"above": {"percentile": Decimal("0.5")}},)),
        "reconcile": st.fixed_dictionaries(
            {
                "payer": st.just("payer"),
                "to": st.just("alder"),
                "target": st.sampled_from(
                    (Decimal("0.01"), Decimal("100.00"), "case when risk_score = 1 then 33.33 end")
                ),
            },
            optional={
                "discount": st.just(Decimal("0.03")),
                "episode_gain_cap": st.just(Decimal("0.333333")),
                "episode_loss_cap": st.just(Decimal("0.2")),
                "gain_quality": st.just("1 / 3"),
                "loss_quality": st.just("2 / 3"),
                "stop_gain": st.just(Decimal("0.1")),
                "stop_loss": st.just(Decimal("0.05")),
                "minimum_episodes": st.integers(0, 3),
            },
        ),
    },
)
test_law = holds_to_every_law(BUNDLED_EPISODE, LAW_TERMS)

THRESHOLDS: Final = st.fixed_dictionaries(
    {
        "amount": st.just("charge_amount"),
        "provider": st.just("party"),
        "days": st.just(
            {"admission": "claim_line_start_date", "discharge": "claim_line_start_date"}
        ),
        "types": st.just([{"type": "seen", "trigger": "charge_amount > 0", "days_after": 20}]),
        "risk": st.just(
            {
                "factors": [
                    {"factor": "dear", "line": "charge_amount > 50.00", "weight": Decimal("1.3")}
                ]
            }
        ),
        "thresholds": st.fixed_dictionaries(
            {
                "payer": st.just("payer"),
                "to": st.just("birch"),
                "types": st.sampled_from((Decimal("10.00"), Decimal("80.01"))).map(
                    lambda amount: [
                        {
                            "type": "seen",
                            "commendable": amount,
                            "acceptable": amount * 2,
                            "gain_limit": amount / 2,
                            "gain_share": "1 / 3",
                            "loss_share": Decimal("0.5"),
                        }
                    ]
                ),
            },
            optional={"loss_cap": st.just(Decimal("5.00")), "minimum_episodes": st.integers(0, 3)},
        ),
    }
)
test_law_of_thresholds = holds_to_every_law(BUNDLED_EPISODE, THRESHOLDS)
