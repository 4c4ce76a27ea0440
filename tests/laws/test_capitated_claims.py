"""Services that a fixed payment covers are priced at zero with CO-24, and carve-outs are not."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_engine_fee_schedule import FEE_SCHEDULE

from rules_engine import (
    Given,
    Kind,
    Methodology,
    Output,
    PricedLine,
    Query,
    Rows,
    Ruleset,
    SettlementError,
    Step,
    Type,
    expression_schema,
)
from rules_engine.cli import pricing
from rules_engine.testing import engine_of
from rules_engine.testing.contracts import Contract
from rules_engine.testing.laws import alone_as_in_the_batch, lines_of
from tests.laws.contracts import FIRST, LAST, claims, contract

_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE, nullable=True)
_SPAN: Final = ("enrollment_start_date", "enrollment_end_date")


def _derive(_: Mapping[str, Any]) -> Mapping[str, Query]:
    """Give the spans of each member as they come in."""
    return {
        "span": Query(
            select="SELECT * FROM enrolment",
            columns={"person_id": _CODE, **dict.fromkeys(_SPAN, _DATE)},
            rows={"enrolment": Rows(table="eligibility", columns=("person_id", *_SPAN))},
            key=("person_id",),
            effective=_SPAN,
        )
    }


def _price(terms: Mapping[str, Any]) -> list[Step]:
    step = Step(
        id="covered",
        sets="adjustment",
        expression=terms["amount"].expression,
        when=terms["covers"].expression,
        group_code="CO",
        carc="24",
        within="span",
    )
    return [step]


CAPITATED: Final[Methodology[Mapping[str, Any]]] = Methodology(
    name="capitated",
    terms_schema={
        "type": "object",
        "properties": {
            "covers": expression_schema("boolean or null", "line", title="Covered services"),
            "amount": expression_schema(
                "money", "line", title="Taken off", sees=("allowed", "remaining"), posted=True
            ),
        },
        "required": ["covers", "amount"],
        "additionalProperties": False,
    },
    read_terms=lambda terms: terms,
    outputs=lambda _: {"amount": Output(type=Type.of(Kind.MONEY), grain="line")},
    derive=_derive,
    price=_price,
)
ENGINE: Final = engine_of(FEE_SCHEDULE, CAPITATED)
COVERS: Final = "hcpcs_code <> 'J1'"
RULES: Final = (
    {
        "id": "visits",
        "methodology": "fee_schedule",
        "source": "exhibit F",
        "terms": {"allowed": "coalesce(charge_amount, 1.00)"},
    },
    {
        "id": "panel",
        "methodology": "capitated",
        "source": "exhibit C",
        "terms": {"covers": COVERS, "amount": "remaining"},
    },
)


def _span(first: date | None, last: date | None, person: str = "m1") -> dict[str, Any]:
    return {"person_id": person, **dict(zip(_SPAN, (first, last), strict=True))}


SPANS: Final = (
    _span(date(2015, 3, 1), date(2015, 6, 30)),
    _span(date(2015, 7, 2), LAST),
    _span(FIRST, LAST, "m2"),
)


def _line(name: str, day: date, code: str = "X1") -> dict[str, Any]:
    return {
        "claim_id": name, "claim_line_number": 1, "person_id": "m1", "claim_type": "professional",
        "claim_line_start_date": day, "hcpcs_code": code, "charge_amount": Decimal("80.00"),
    }  # fmt: skip


def _capitated(*cases: Mapping[str, Any]) -> Contract:
    made = contract(RULES)
    return evolve(
        made, document={**made.document, "cases": list(cases)} if cases else made.document
    )


def _loaded() -> Ruleset:
    return _capitated().load(ENGINE)


@settings(max_examples=max(10, settings().max_examples // 4))
@given(claims(), st.sampled_from((COVERS, "place_of_service_code = '11'", "TRUE")))
def test_a_capitated_claim_alone_is_the_claim_in_the_batch(
    lines: list[dict[str, Any]], covers: str
) -> None:
    """From the member's spans in `given`, or from enrolment where the data is."""
    rules = [RULES[0], {**RULES[1], "terms": {"covers": covers, "amount": "remaining"}}]
    ruleset = contract(rules).load(ENGINE)
    data = {"medical_claim": lines, "eligibility": list(SPANS)}
    with ruleset.run(data, mappings=()) as run:
        alone_as_in_the_batch(ruleset, run)


def test_covered_services_are_priced_at_zero_and_carve_outs_are_not() -> None:
    """From the first day of enrolment to the last; the day between two spans is paid by the fee."""
    lines = [
        _line("before", date(2015, 2, 28)),
        _line("first", date(2015, 3, 1)),
        _line("carved", date(2015, 3, 1), "J1"),
        _line("last", date(2015, 6, 30)),
        _line("between", date(2015, 7, 1)),
        _line("again", date(2015, 7, 2)),
    ]
    ruleset = _loaded()
    with ruleset.run({"medical_claim": lines, "eligibility": list(SPANS)}, mappings=()) as run:
        paid = {claim: str(row["paid_amount"]) for (claim, _), row in lines_of(run).items()}
        known = run.given("m1")
    assert paid == {
        "again": "0.00",
        "before": "80.00",
        "between": "80.00",
        "carved": "80.00",
        "first": "0.00",
        "last": "0.00",
    }
    (line,) = ruleset.price(lines[1], known).lines
    assert isinstance(line, PricedLine)
    assert [(one.code, str(one.amount)) for one in line.adjustments] == [("CO-24", "80.00")]


def test_a_member_who_is_enrolled_twice_on_a_day_is_named_with_both_spans() -> None:
    """Nobody knows which of the two pays, whether one claim is priced or all."""
    spans = [*SPANS, _span(date(2015, 6, 30), None)]
    both = "2015-03-01 to 2015-06-30 and 2015-06-30 to 9999-12-31"
    ruleset = _loaded()
    with pytest.raises(SettlementError, match=both):
        ruleset.run({"medical_claim": [], "eligibility": spans}, mappings=())
    own = [row for row in spans if row["person_id"] == "m1"]
    own.remove(SPANS[1])
    with pytest.raises(ValueError, match=both):
        ruleset.price(_line("c", FIRST), Given({"panel_span": own}))


def test_a_case_gives_the_spans_of_a_member() -> None:
    """An analyst writes what a claim may know beside it, as a batch would derive it."""
    claim = {"claim": {"lines": [_line("c", date(2015, 3, 1))]}}
    covered = {
        "case": "A covered visit",
        "price": {**claim, "tables": {"panel_span": [SPANS[0]]}},
        "expect": {"lines": [{"claim_line_number": 1, "paid": Decimal("0.00")}]},
    }
    untold = {**covered, "case": "Nobody says", "price": claim}
    first, second = _capitated(covered, untold).load(ENGINE).test()
    assert first.passed, first
    assert "reads panel_span and it is not given" in second.error


def test_the_command_line_takes_the_spans_of_a_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--given` has the rows of derived tables as it has those of a roster."""
    ruleset = _loaded()
    monkeypatch.setattr(pricing, "open_ruleset", lambda _: ruleset)
    claim = '{"claim_id": "c", "claim_line_number": 1, "person_id": "m1", "hcpcs_code": "X1",'
    claim += ' "claim_type": "professional", "claim_line_start_date": "2015-03-01",'
    claim += ' "discharge_date": null, "claim_end_date": null, "claim_start_date": null,'
    claim += ' "charge_amount": "80.00"}'
    (tmp_path / "claim.json").write_text(claim, encoding="utf-8")
    span = '{"person_id": "m1", "enrollment_start_date": "2015-03-01", "enrollment_end_date": null}'
    (tmp_path / "given.json").write_text(f'{{"panel_span": [{span}]}}', encoding="utf-8")
    (tmp_path / "ruleset.yaml").write_text("", encoding="utf-8")
    arguments = [str(tmp_path / name) for name in ("ruleset.yaml", "claim.json")]
    found = CliRunner().invoke(pricing.price, [*arguments, "--given", str(tmp_path / "given.json")])
    assert "CO-24 80.00" in found.output
