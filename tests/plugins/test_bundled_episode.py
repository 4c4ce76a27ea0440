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

from rules_engine import Ruleset, Run
from rules_engine.testing import engine_of, holds_to_every_law
from tests.plugins.episodes_by_hand import rebuilt
from tests.plugins.loaded import loaded

ENGINE: Final = engine_of(BUNDLED_EPISODE)
FIRST, LAST = date(2015, 1, 1), date(2015, 12, 31)
FEW: Final = settings(max_examples=max(20, settings().max_examples // 2))
FEWER: Final = settings(max_examples=max(6, settings().max_examples // 8))
Row = Mapping[str, Any]
# Days, windows and stays are mostly of fives, so that many begin on the very day that ends another.
FIVES: Final = st.one_of(st.sampled_from((0, 5, 5, 10, 15)), st.integers(0, 20))
WHEN: Final = st.one_of(st.integers(0, 14).map(lambda n: 5 * n), st.integers(0, 70)).map(
    lambda n: date(2014, 12, 10) + timedelta(n)
)


@st.composite
def lines(draw: DrawFn) -> list[dict[str, Any]]:
    """Claims of some persons with one or two lines, crowded into ten weeks about a new year."""
    made = []
    persons = draw(st.integers(1, 3))
    for number in range(draw(st.one_of(st.integers(0, 9), st.integers(10, 24)))):
        for line in range(draw(st.integers(1, 2))):
            begins = draw(WHEN)
            made.append(
                {
                    "claim_id": f"c{number}",
                    "claim_line_number": line,
                    "person_id": f"m{number % persons}",
                    "claim_type": draw(st.sampled_from(("institutional", "professional"))),
                    "billing_tin": draw(st.sampled_from(("p1", "p2", None))),
                    "drg_code": draw(st.sampled_from(("A", "B", None))),
                    "hcpcs_code": draw(st.sampled_from(("X", "R", None))),
                    "discharge_disposition_code": draw(st.sampled_from(("02", "20", None, None))),
                    "admission_date": draw(st.sampled_from((begins, begins, begins, None))),
                    "discharge_date": begins
                    + timedelta(draw(st.sampled_from((-1, 0, 0, 1, 5, 6)))),
                    "claim_start_date": draw(
                        st.one_of(st.just(begins), st.just(begins), st.none(), WHEN)
                    ),
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
    st.sampled_from((1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0)), min_size=18, max_size=18
).map(
    lambda whole: [
        {
            "person_id": f"m{place % 3}",
            "month": date(2014 + (place + 30) // 36, (place // 3 + 10) % 12 + 1, 1),
            "fraction": Decimal(1) if one else Decimal("0.5"),
        }
        for place, one in enumerate(whole)
    ]
)
"""Member-months of three persons from November to April, most of them whole."""


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
    days = FIVES
    restarts = draw(st.sampled_from((True, False, False, False)))
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
                "begins": draw(
                    st.sampled_from(("admission", "admission", "admission", "procedure"))
                ),
                "ends": draw(st.sampled_from(("discharge", "discharge", "admission", "procedure"))),
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
    return loaded(ENGINE, document)


NOBODY: Final = {
    "claim_id": "none", "claim_line_number": 1, "person_id": "nobody", "claim_type": "professional",
    "billing_tin": None, "drg_code": None, "hcpcs_code": None, "discharge_disposition_code": None,
    "admission_date": None, "discharge_date": None, "claim_start_date": FIRST,
    "claim_line_start_date": FIRST, "claim_line_end_date": None, "allowed_amount": None,
}  # fmt: skip


def found(ruleset: Ruleset, claims: Sequence[Row], months: Sequence[Row]) -> list[dict[str, Any]]:
    """Give triggers, episodes and services of each rule by their ids, as the tables have them."""
    data = {"medical_claim": [*claims, NOBODY], "member_month": list(months)}
    with ruleset.run(data, mappings=()) as run:
        rules = dict.fromkeys(one.rule for one in run.settlements)
        return [found_by(run, rule) for rule in rules]


def found_by(run: Run, rule: str) -> dict[str, Any]:
    """Give what one rule has found."""

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


@FEW
@given(said=terms(), claims=lines(), months=MONTHS, dice=st.randoms(), add=lines())
def test_episodes_are_those_of_a_recomputation_by_hand(
    said: dict[str, Any], claims: list[Row], months: list[Row], dice: Any, add: list[Row]
) -> None:
    """Which triggers open, what belongs to whom, and what it costs: the same without SQL.

    The recomputation sees the claims in their order; the engine sees them shuffled, among claims of
    another time. Neither changes an episode or a service in it.
    """
    far = [
        {**line, "claim_id": f"far{line['claim_id']}", "drg_code": None, "claim_type": "professional",
         "claim_line_start_date": line["claim_line_start_date"] + timedelta(400)}
        for line in add
    ]  # fmt: skip
    shuffled = [*claims, *far]
    dice.shuffle(shuffled)
    (made,) = found(contract(said), shuffled, months)
    services = made["services"]
    for line in far:
        assert services.pop((line["claim_id"], line["claim_line_number"]))[0] == "outside"
    assert made == rebuilt(said, claims, months)


@pytest.mark.parametrize("precedence", ["earliest", "type"])
@pytest.mark.parametrize("one_open", ["person", "type"])
def test_the_last_day_that_an_episode_occupies_is_occupied(precedence: str, one_open: str) -> None:
    """Another opens on the day after it: not on its last day, nor on the last of its clean days."""
    said = {
        "amount": "allowed_amount",
        "provider": "billing_tin",
        "days": {"admission": "admission_date", "discharge": "discharge_date"},
        "types": [{"type": "first", "trigger": "drg_code = 'A'", "days_after": 9, "clean_days": 5}],
        "precedence": precedence,
        "one_open": one_open,
    }
    opens = date(2015, 3, 1)
    told = {
        9: ("suppressed", "open_episode"),
        10: ("suppressed", "clean_period"),
        14: ("suppressed", "clean_period"),
        15: ("counted", None),
    }
    claims = [
        {**NOBODY, "claim_id": f"{after}-{place}", "person_id": f"m{after}", "drg_code": "A",
         "billing_tin": "p1", "admission_date": day, "discharge_date": day}
        for after in told
        for place, day in enumerate((opens, opens + timedelta(after)))
    ]  # fmt: skip
    (made,) = found(contract(said), claims, [{"person_id": "m9", "month": opens, "fraction": 1}])
    assert made["triggers"] == {
        f"{after}-{place}/first": fate
        for after, second in told.items()
        for place, fate in enumerate((("counted", None), second))
    }


@FEWER
@given(first=terms(), second=terms(), claims=lines(), months=MONTHS)
def test_a_service_is_in_the_bundle_of_one_rule_at_most(
    first: dict[str, Any], second: dict[str, Any], claims: list[Row], months: list[Row]
) -> None:
    """What an earlier rule has in a bundle, a later one neither counts nor is triggered by."""
    ruleset = contract(first, {**second, "after": ["rule_0_service"]})
    one, two = found(ruleset, claims, months)
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
    told = found(contract(said), [claim], months)[0]["triggers"]["c1/first"]
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
            ("c5", 4, 2, {"drg_code": "A", "billing_tin": "p1"}),
            ("c6", 40, 8, {"drg_code": "A"}),
        )
    ]  # fmt: skip
    with contract(said).run({"medical_claim": claims}, mappings=()) as run:
        shown = run.explain("rule_0").render()
    assert "result: 43.00" in shown
    assert "c5/first of 2015-03-05 suppressed as open_episode: 0.00" in shown
    assert "c6/first of 2015-04-10 excluded as no_provider: 0.00" in shown
    assert "c1/first, 2015-03-01 to 2015-03-10" in shown
    assert "c1 line 1 of 2015-03-01 in as trigger: 40.00" in shown
    assert "c2 line 1 of 2015-03-06 in as included, 15.00 cut: 30.00" in shown
    assert "c3 line 1 of 2015-03-07 out as far: 99.00" in shown
    assert "c4" not in shown


def test_no_episodes_are_paid_nothing_even_where_none_are_enough() -> None:
    """They have no average, and nothing is divided by their number."""
    one = {"type": "first", "commendable": Decimal("10.00"), "acceptable": Decimal("20.00"),
           "gain_share": Decimal("0.5"), "loss_share": Decimal("0.5")}  # fmt: skip
    said = {
        "amount": "allowed_amount",
        "provider": "billing_tin",
        "days": {"admission": "claim_line_start_date", "discharge": "claim_line_start_date"},
        "types": [{"type": "first", "trigger": "drg_code = 'A'", "days_after": 9}],
        "thresholds": {
            "payer": "payer", "to": "clinic", "types": [one], "minimum_episodes": 0,
        },
    }  # fmt: skip
    claims = [{**NOBODY, "drg_code": "B"}]
    with contract(said).run({"medical_claim": claims}, mappings=()) as run:
        (settled,) = run.settlements
        assert settled.outputs["result"] == 0


TARGETS: Final = st.fixed_dictionaries(
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
test_law = holds_to_every_law(BUNDLED_EPISODE, st.one_of(TARGETS, THRESHOLDS))
