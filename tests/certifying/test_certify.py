"""Certificates: engines agree on what a ruleset decides, and one that does not is shown."""

import json
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules_engine import Engine, Ruleset
from rules_engine.engine.certifying import ENGINES, certify
from rules_engine.engine.certifying.engines import NotOfferedError, PricingEngine
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes
from rules_engine.engine.certifying.sample import Sample
from rules_engine.engine.contract import Contract as EngineContract
from rules_engine.testing.contracts import Contract
from tests.laws.contracts import contract, contracts

ROOT: Final = Path(__file__).parents[2]
ENGINE: Final = Engine()
CLOSURE, DUCKDB = ENGINES[0], ENGINES[1]
FAST: Final = ("closure", "duckdb")
RULESETS: Final = [
    ROOT / name
    for name in (
        "rulesets/vivity/ruleset.yaml",
        "rulesets/vivity/synpuf.yaml",
        "rulesets/medicare-physician-fees/ruleset.yaml",
        "examples/clinic/ruleset.yaml",
    )
]

VISITS: Final = """\
ruleset: visits
version: "1"
effective: {from: 2015-01-01, through: 2015-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer}
rules:
  - id: large
    methodology: fee_schedule
    source: exhibit A
    when: charge_amount >= 100.00
    terms: {allowed: "round(charge_amount * 0.75, 2)"}
  - id: small
    methodology: fee_schedule
    source: exhibit A
    when: charge_amount < 100.00
    terms: {allowed: charge_amount}
  - id: share
    methodology: fee_schedule
    source: exhibit B
    terms: {member_share: {amount: "least(allowed, 20.00)"}}
cases:
"""


def load(folder: Path, text: str) -> Ruleset:
    """Load a ruleset of this text."""
    path = folder / "ruleset.yaml"
    path.write_text(text, encoding="utf-8")
    return ENGINE.load(path)


def visits(folder: Path, cases: str = "  []") -> Ruleset:
    """Load the small contract of this file."""
    return load(folder, VISITS + cases)


def changed(engine: PricingEngine, name: str, change: Any) -> PricingEngine:
    """Give an engine that prices otherwise: `change` sees a line and its outcome's values."""

    def price(held: EngineContract, sample: Sample) -> Outcomes:
        found = dict(engine.price(held, sample))
        for claim in sample.claims:
            for line in claim.lines:
                key = (claim.claim_id, line["claim_line_number"])
                found[key] = Outcome(change(line, dict(found[key].values)))
        return found

    return evolve(engine, name=name, price=price)


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_reference_ruleset_is_certified(path: Path) -> None:
    """Every engine agrees, every rule prices, and every condition has had every verdict."""
    made = ENGINE.load(path).certify(claims=1_500, engines=FAST)
    assert made.verdict == "agree", made.counterexample and made.counterexample.case
    assert all(one.differences == 0 for one in made.engines if one.version)
    for kind in ("rules", "conditions", "boundaries"):
        for tally in getattr(made.met, kind):
            assert tally.ways_met == len(tally.met), (kind, tally)
    assert any(tally.met["above zero"] for tally in made.met.roundings)
    _fits_its_schema(made.as_json())


@settings(max_examples=settings().max_examples // 4)
@given(contracts(), st.integers(0, 2**32))
def test_engines_agree_on_the_claims_of_any_contract(made: Contract, seed: int) -> None:
    """Whatever a contract says, its own claims are priced alike by every engine."""
    found = made.load(ENGINE).certify(claims=80, seed=seed, engines=FAST)
    assert found.verdict == "agree", found.counterexample and found.counterexample.case


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    """Nothing but ruleset, seed, count and date is in a certificate."""

    def made(seed: int) -> str:
        return json.dumps(
            visits(tmp_path)
            .certify(claims=200, seed=seed, day=date(2026, 1, 2), engines=FAST)
            .as_json()
        )

    assert made(1) == made(1)
    assert json.loads(made(1))["claims"]["sha256"] != json.loads(made(2))["claims"]["sha256"]


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_there_are_as_many_claims_as_asked_for(tmp_path: Path, count: int) -> None:
    """Few claims take the most telling lines, many are mixed from them."""
    made = visits(tmp_path).certify(claims=count, engines=FAST)
    assert (made.claims, made.asked) == (count, count)
    assert made.lines >= count


def test_no_claims_are_refused(tmp_path: Path) -> None:
    """A certificate of nothing would say nothing."""
    with pytest.raises(ValueError, match="one at least"):
        visits(tmp_path).certify(claims=0, engines=FAST)


# -- an engine that differs


def _a_cent_more(line: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if line["charge_amount"] == 100 and "paid" in values:
        return {**values, "paid": values["paid"] + Fraction(1, 100)}
    return values


@pytest.mark.parametrize("engine", [CLOSURE, DUCKDB], ids=lambda engine: engine.name)
def test_a_cent_on_one_boundary_is_found_and_shrunk_to_one_line(
    tmp_path: Path, engine: PricingEngine
) -> None:
    """An engine that is off by a cent where the charge is exactly 100.00."""
    wrong = changed(engine, "wrong", _a_cent_more)
    made = certify(visits(tmp_path), claims=300, engines=(CLOSURE, wrong))
    assert made.verdict == "differ"
    assert [bool(one.differences) for one in made.engines] == [False, True]
    found = made.counterexample
    assert found is not None
    assert found.engine == "wrong"
    ((line,),) = (claim.lines for claim in found.sample.claims)
    kept = {name: value for name, value in line.items() if value is not None}
    assert kept.pop("charge_amount") == 100
    assert kept.pop("claim_line_number") == 1
    assert list(kept.values()) == [date(2015, 1, 1)]
    assert found.expected[1].differences(found.found[1]) == ("paid",)
    _fits_its_schema(made.as_json())


def test_the_pasted_case_passes_where_the_ruleset_is_right(tmp_path: Path) -> None:
    """The case expects what the exact evaluator says, and the closure gives it."""
    wrong = changed(DUCKDB, "wrong", _a_cent_more)
    made = certify(visits(tmp_path), claims=300, engines=(wrong,))
    assert made.counterexample is not None
    (result,) = visits(tmp_path, _indented(made.counterexample.case)).test()
    assert result.passed, result
    assert "line 1" in result.note


def test_the_pasted_case_fails_where_an_engine_is_wrong(tmp_path: Path) -> None:
    """An engine that reads `>=` as `>` is shown at 100.00, and the case fails by its reading."""
    other = load(
        tmp_path, VISITS.replace(">= 100.00", "> 100.00").replace("< 100", "<= 100") + "  []"
    )
    wrong = evolve(CLOSURE, name="wrong", price=lambda _held, sample: CLOSURE.price(other, sample))
    made = certify(visits(tmp_path), claims=300, engines=(wrong,))
    assert made.counterexample is not None
    case = _indented(made.counterexample.case)
    assert visits(tmp_path, case).test()[0].passed
    misread = VISITS.replace(">= 100.00", "> 100.00").replace("< 100", "<= 100") + case
    (result,) = load(tmp_path, misread).test()
    assert not result.passed
    assert not result.error


def test_a_wrong_reason_is_a_difference(tmp_path: Path) -> None:
    """Rejections are compared as amounts are: code, rule and reason."""

    def other(_line: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "reason": "because"} if "rejected" in values else values

    made = certify(visits(tmp_path), claims=300, engines=(changed(CLOSURE, "wrong", other),))
    assert made.engines[0].differences == made.lines - made.priced
    assert made.counterexample is not None
    assert '"because"' in json.dumps(made.as_json())


def test_a_price_for_a_rejected_line_is_a_difference(tmp_path: Path) -> None:
    """A row of a batch that is rejected and still has an amount is not taken for rejected alone."""

    def left(_line: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "paid_amount": Fraction(1)} if "rejected" in values else values

    made = certify(visits(tmp_path), claims=300, engines=(changed(DUCKDB, "wrong", left),))
    assert made.verdict == "differ"


def test_an_engine_that_fails_is_shown_with_its_claim(tmp_path: Path) -> None:
    """An exception is a finding about the engine, narrowed down to one claim."""

    def price(held: EngineContract, sample: Sample) -> Outcomes:
        for claim in sample.claims:
            if any(line["charge_amount"] == 0 for line in claim.lines):
                message = "zero is no charge"
                raise ArithmeticError(message)
        return CLOSURE.price(held, sample)

    made = certify(
        visits(tmp_path), claims=300, engines=(evolve(CLOSURE, name="wrong", price=price),)
    )
    assert made.verdict == "differ"
    assert made.counterexample is not None
    ((line,),) = (claim.lines for claim in made.counterexample.sample.claims)
    assert line["charge_amount"] == 0
    assert made.counterexample.found[1].values == {"failed": "ArithmeticError: zero is no charge"}


def test_an_engine_that_is_not_installed_is_named(tmp_path: Path) -> None:
    """It is not compared, the certificate says why, and the others count."""
    absent = evolve(DUCKDB, name="elsewhere", library="a-library-of-no-registry")
    made = certify(visits(tmp_path), claims=100, engines=(CLOSURE, absent))
    assert made.verdict == "agree"
    told = made.as_json()["engines"][1]
    assert (told["version"], told["differences"]) == (None, None)
    assert told["why_not"] == "a-library-of-no-registry is not installed"
    _fits_its_schema(made.as_json())


def test_an_engine_that_does_not_offer_a_ruleset_says_why(tmp_path: Path) -> None:
    """It is not compared, and no difference is made of it."""

    def price(_held: EngineContract, _sample: Sample) -> Outcomes:
        message = "it has no decimals of 38 digits"
        raise NotOfferedError(message)

    made = certify(
        visits(tmp_path), claims=100, engines=(CLOSURE, evolve(DUCKDB, name="narrow", price=price))
    )
    assert made.verdict == "agree"
    told = made.as_json()["engines"][1]
    assert (told["why_not"], told["differences"]) == ("it has no decimals of 38 digits", None)


# -- what it says


def test_a_certificate_is_contradicted_by_another_contract(tmp_path: Path) -> None:
    """What was computed has to come out again; the date and versions may be others."""
    said = visits(tmp_path).certify(claims=200, day=date(2026, 1, 2), engines=FAST).as_json()
    said["engine"]["version"] = "0.0.9"
    assert visits(tmp_path).certify(claims=200, engines=FAST).contradicts(said) == ()
    dearer = load(tmp_path, VISITS.replace("20.00", "20.01") + "  []").certify(
        claims=200, engines=FAST
    )
    found = dearer.contradicts(said)
    assert any(line.startswith("ruleset.sha256 is") for line in found)
    assert any(line.startswith("results.sha256 is") for line in found)
    assert dearer.contradicts({}) != ()


def test_a_ruleset_that_only_settles_says_so(tmp_path: Path) -> None:
    """Nothing is priced, so that nothing is compared, and the verdict says it."""
    text = VISITS[: VISITS.index("rules:")] + (
        "period: {length: year}\n"
        "rules:\n"
        "  - id: savings\n"
        "    methodology: gain_loss_sharing\n"
        "    source: exhibit C\n"
        "    terms:\n"
        "      revenue: {premiums: sum(premium.premium_amount)}\n"
        "      expenditure: {care: sum(premium.premium_amount) * 0.5}\n"
        "      gain: {share: equal, among: [plan]}\n"
        "      loss: {share: equal, among: [plan]}\n"
    )
    made = load(tmp_path, text.replace("plan: payer", "plan: payer")).certify(engines=FAST)
    assert (made.verdict, made.claims, made.lines) == ("nothing to price", 0, 0)
    _fits_its_schema(made.as_json())


@pytest.mark.parametrize(
    "amount",
    [
        "round(charge_amount * 0.125, 2)",
        "round_half_even(charge_amount * 0.5, 2)",
        "round_down(charge_amount * 0.333333 + 0.005, 2)",
        "round(charge_amount / 8, 2)",
        "round(charge_amount * service_unit_quantity / 4, 2)",
        "round(base / (service_unit_quantity + 1), 2)",
        "round(least(charge_amount, 40.00) * half, 2)",
        "round(lookup(sites.factor, place_of_service_code) * service_unit_quantity * base, 2)",
    ],
)
def test_ties_are_met(amount: str) -> None:
    """Where some claim makes a half of what is rounded, one is made."""
    rule = {
        "id": "fee",
        "methodology": "fee_schedule",
        "source": "exhibit",
        "terms": {"allowed": amount},
    }
    made = contract([rule]).load(ENGINE).certify(claims=300, engines=FAST)
    assert made.verdict == "agree"
    assert made.met.roundings
    assert all(tally.met["above zero"] for tally in made.met.roundings)


def test_what_is_paid_once_a_claim_is_spread_in_every_engine() -> None:
    """Claims of several lines are priced together, odd cents and negative charges among them."""
    rule = {
        "id": "stay", "methodology": "fee_schedule", "source": "a", "when": "drg_code IS NOT NULL",
        "terms": {"per": "claim", "allowed": "round(lookup(drgs.weight, drg_code) * base, 2)"},
    }  # fmt: skip
    made = contract([rule]).load(ENGINE).certify(claims=300, engines=FAST)
    assert made.verdict == "agree"
    assert made.lines > made.claims
    (drgs,) = made.met.tables
    assert drgs.met["read"] == drgs.met["rows"]


PER_CLAIM: Final = {
    "id": "fee",
    "methodology": "fee_schedule",
    "source": "a",
    "terms": {
        "allowed": "round(charge_amount * CASE WHEN claim_rank(charge_amount) = 1 THEN 1.00 "
        "ELSE 0.505 END, 2)"
    },
}


def _share(amount: str, when: str | None = None) -> dict[str, Any]:
    rule = {"id": "share", "methodology": "fee_schedule", "source": "b"}
    return {
        **rule,
        **({"when": when} if when else {}),
        "terms": {"member_share": {"amount": f"round({amount}, 2)"}},
    }


@pytest.mark.parametrize(
    "share",
    [
        _share("remaining * 0.5", "claim_sum(charge_amount) > 50 AND claim_any(party = 'north')"),
        _share("running(remaining, 100.00, person_id, 'year')"),
        _share("running(remaining, base, party, 'month')", "claim_all(charge_amount > 0)"),
        _share(
            "running(remaining, 100.00, person_id, 'year') * 0.5 + "
            "running(round(remaining / service_unit_quantity, 2), 50.00, person_id, 'month') * 0.1"
        ),
    ],
    ids=["of the claim", "running", "running where", "two that run"],
)
def test_what_reads_other_lines_and_claims_is_certified(share: Mapping[str, Any]) -> None:
    """Functions of a claim and running sums agree, whatever refuses a line before they add."""
    made = contract([PER_CLAIM, share]).load(ENGINE).certify(claims=600, engines=FAST)
    assert made.verdict == "agree", made.counterexample and made.counterexample.as_json()
    assert all(tally.met["lines"] for tally in made.met.rules)


def test_a_difference_that_needs_earlier_claims_comes_with_them() -> None:
    """What has run up stands in the case, and the claims that ran it up beside it."""
    share = _share("running(remaining, 100.00, person_id, 'year')")

    def forgets(_line: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        taken = values.get("taken by share")
        is_partial = taken and values["allowed"] > taken
        return {**values, "paid": values["paid"] + 1} if is_partial else values

    ruleset = contract([PER_CLAIM, share]).load(ENGINE)
    made = certify(ruleset, claims=300, engines=(changed(DUCKDB, "wrong", forgets),))
    assert made.counterexample is not None
    assert "accumulators: {" in made.counterexample.case
    _fits_its_schema(made.as_json())


def _indented(case: str) -> str:
    return "".join(f"  {line}\n" for line in case.splitlines())


def _fits_its_schema(content: Mapping[str, Any]) -> None:
    schema = json.loads((ROOT / "schemas" / "certificate.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(content)), schema, cls=Draft202012Validator)
    assert list(schema["properties"]) == list(content)
