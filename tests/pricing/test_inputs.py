"""What a claim and what is known beside it may hold: read as a run reads it, or refused by name."""

import re
from datetime import date, datetime
from typing import Any

import pytest

from rules_engine import Engine, PricedLine, RejectedLine, Ruleset
from rules_engine.pricing.given import Given
from rules_engine.pricing.values import LINE_NUMBER
from tests.laws.contracts import D, claim_lines, contract

ENGINE = Engine()
BLANK = dict.fromkeys(claim_lines(0, 1)[0])
PLAIN = contract(
    [{"id": "visit", "methodology": "fee_schedule", "source": "s", "terms": {"allowed": "base"}}]
).load(ENGINE)

ONCE = contract(
    [
        {"id": "stay", "methodology": "fee_schedule", "source": "s",
         "terms": {"per": "claim", "allowed": "base"}}
    ]
)  # fmt: skip


def line(number: Any = 1, claim_id: Any = "c", **others: Any) -> dict[str, Any]:
    """Give a line that has a price."""
    head = {"claim_id": claim_id, "claim_line_number": number, "charge_amount": "10.00"}
    return BLANK | head | {"person_id": "m1", "claim_line_start_date": "2015-03-02"} | others


@pytest.mark.parametrize("text", ["20150302", "2015-W10-1", "2015W101", " 2015-03-02", "2015-3-2"])
def test_a_day_is_written_in_one_way(text: str) -> None:
    """Python reads several others, and a run does not."""
    written = line(claim_line_start_date=text)
    with PLAIN.run({"medical_claim": [written, line(2)]}, mappings=()) as run:
        assert (run.summary.lines_priced, run.rejects_count) == (1, 1)
    (alone,) = PLAIN.price(written).lines
    (found,) = PLAIN.price_rows([written])
    assert isinstance(alone, RejectedLine)
    assert (alone.code, found["reject"]) == ("RE608", "RE608")
    assert alone.detail == found["reject_detail"] == f"claim_line_start_date = {text}"


# -- rows that are given with a claim

PLANS = """\
ruleset: plans
version: "2026.1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties: {plan: payer, north: provider}
tables:
  benefit:
    key: [person_id, visits]
    effective: [from, through]
    columns: {ded: money, visits: count, plan: code or null, from: date, kind: text or null, shared: boolean or null}
rules:
  - id: visit
    methodology: fee_schedule
    source: s
    terms: {allowed: "lookup(benefit.ded, person_id, service_unit_quantity)"}
"""
BENEFIT = {
    "person_id": "m1", "visits": 1, "from": date(2026, 1, 1), "through": None,
    "ded": D("75.50"), "plan": None, "kind": "a", "shared": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    """A ruleset that reads a table of the data."""
    path = tmp_path_factory.mktemp("plans") / "ruleset.yaml"
    path.write_text(PLANS, encoding="utf-8")
    return ENGINE.load(path)


VISIT = {
    "claim_id": "c", "claim_line_number": 1, "claim_line_start_date": date(2026, 3, 2),
    "person_id": "m1", "service_unit_quantity": 1, "charge_amount": D("90.00"),
}  # fmt: skip


def _run(plans: Ruleset, rows: list[dict[str, Any]]) -> tuple[Any, int]:
    """Give the allowed amount in a run, and how many rows it refuses."""
    with plans.run({"medical_claim": [VISIT], "benefit": rows}, mappings=()) as run:
        found = run.connection.execute("SELECT allowed_amount FROM priced_line").fetchall()
        return (found[0][0] if found else None), run.summary.rows_rejected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ded", "75.5"),
        ("ded", D("75.5")),
        ("ded", D("75.5000")),
        ("ded", 75),
        ("visits", "1"),
        ("visits", D("1.0")),
        ("from", "2026-01-01"),
        ("through", "2026-03-02"),
        ("through", "2026-03-01"),
        ("plan", "x"),
    ],
)
def test_a_given_value_reads_as_in_a_run(plans: Ruleset, column: str, value: Any) -> None:
    """Texts of numbers and days, and amounts of other places, are what they say."""
    rows = [{**BENEFIT, column: value}]
    (alone,) = plans.price(VISIT, Given({"benefit": rows})).lines
    (streamed,) = plans.price_rows([VISIT], Given({"benefit": rows}))
    allowed, refused = _run(plans, rows)
    assert refused == 0
    assert streamed["allowed_amount"] == allowed
    assert (alone.allowed if isinstance(alone, PricedLine) else None) == allowed
    if allowed is not None:
        assert str(streamed["allowed_amount"]) == str(allowed)
        explained = plans.explain_claim(VISIT, Given({"benefit": rows})).render()
        assert f"claim c: {allowed} = sum of its lines" in explained


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("ded", D("75.555"), "benefit.ded is 75.555; money with 2 decimal places at most"),
        ("ded", D("NaN"), "benefit.ded is NaN; money"),
        ("ded", "75,50", "benefit.ded is 75,50; money"),
        ("ded", D("1e20"), "benefit.ded is 1E+20; money"),
        ("ded", None, "benefit.ded: a value is needed; money"),
        ("visits", "one", "benefit.visits is one; a whole number"),
        ("person_id", None, "benefit.person_id: a value is needed; a code"),
        ("from", None, "benefit.from: a value is needed; a day (YYYY-MM-DD)"),
        ("from", "20260101", "benefit.from is 20260101; a day (YYYY-MM-DD)"),
        ("through", "2026-02-30", "benefit.through is 2026-02-30; a day (YYYY-MM-DD), or null"),
        ("shared", "maybe", "benefit.shared is maybe; a boolean, or null"),
    ],
)
def test_a_given_value_that_does_not_read_is_refused(
    plans: Ruleset, column: str, value: Any, said: str
) -> None:
    """A run refuses the row; one claim says table, column, value and what may stand there."""
    rows = [{**BENEFIT, column: value}]
    _, refused = _run(plans, rows)
    assert refused == 1
    for price in (
        lambda given: plans.price(VISIT, given),
        lambda given: plans.price_rows([VISIT], given),
        lambda given: plans.explain_claim(VISIT, given),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}.* may stand there$"):
            price(Given({"benefit": rows}))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ded", 75.5),
        ("ded", True),
        ("ded", []),
        ("person_id", 1),
        ("person_id", []),
        ("from", 2026),
        ("from", datetime(2026, 1, 1)),  # noqa: DTZ001  what some readers give for a day
        ("visits", 1.0),
    ],
)
def test_a_given_value_of_a_type_that_is_never_exact_is_a_type_error(
    plans: Ruleset, column: str, value: Any
) -> None:
    """It is named, and never what Python says of a comparison."""
    said = f"^benefit.{column} is {re.escape(repr(value))}: .* may stand there$"
    with pytest.raises(TypeError, match=said):
        plans.price(VISIT, Given({"benefit": [{**BENEFIT, column: value}]}))


def test_given_rows_are_mappings_with_the_columns_that_are_read(plans: Ruleset) -> None:
    """What nothing reads may be left out, as may a day that may be null."""
    rows: list[Any] = [{n: BENEFIT[n] for n in ("person_id", "visits", "from", "ded")}]
    assert plans.price(VISIT, Given({"benefit": rows})).allowed == D("75.50")
    for name in rows[0]:
        without = [{n: value for n, value in rows[0].items() if n != name}]
        with pytest.raises(ValueError, match=f"^benefit.{name}(:| is not there)"):
            plans.price(VISIT, Given({"benefit": without}))
    rows = [("m1", 1)]
    with pytest.raises(TypeError, match=r"benefit is given \('m1', 1\); a mapping of columns"):
        plans.price(VISIT, Given({"benefit": rows}))


def test_given_rows_of_one_key_share_no_day_and_go_forward(plans: Ruleset) -> None:
    """As a run, which refuses them."""
    for rows in (
        [BENEFIT, {**BENEFIT, "from": "2026-03-01"}],
        [BENEFIT | {"through": "2025-12-31"}],
    ):
        _, refused = _run(plans, rows)
        assert refused
        with pytest.raises(ValueError, match="benefit is given"):
            plans.price(VISIT, Given({"benefit": rows}))


# -- what tells lines apart


def test_line_numbers_are_those_of_the_standard_table() -> None:
    """One claim and a batch refuse the same numbers."""
    assert PLAIN.plan.columns["claim_line_number"].with_null(nullable=False) == LINE_NUMBER


BAD_NUMBERS = ("1.5", -1, None, 10**12, 10**6, "one", "", D("1.5"), "-2")


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_a_row_that_does_not_tell_its_number_is_rejected_alone(number: Any) -> None:
    """The others of its claim go on, as in a run."""
    rows = [line(1), line(number, service_unit_quantity="x"), line(2)]
    first, refused, last = PLAIN.price_rows(rows)
    assert (first["reject"], last["reject"]) == (None, None)
    assert (refused["claim_id"], refused["claim_line_number"]) == ("c", None)
    assert (refused["reject"], refused["reject_rule"]) == ("RE608", "")
    whole = "claim_line_number does not read as a whole number from 0 to 999999"
    assert refused["reject_reason"] == whole
    assert refused["reject_detail"] == f"claim_line_number = {number}"
    texts = [{**row, "claim_line_number": _text(row["claim_line_number"])} for row in rows]
    with PLAIN.run({"medical_claim": texts}, mappings=()) as run:
        assert (run.summary.lines_priced, run.summary.rows_rejected) == (2, 1)
    for claim in (line(number), {"claim_id": "c", "lines": [line(number)]}):
        with pytest.raises(ValueError, match=r"claim_line_number is .* may stand there"):
            PLAIN.price(claim)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@pytest.mark.parametrize("claim_id", ["", None])
def test_a_row_of_no_claim_is_rejected_alone(claim_id: Any) -> None:
    """It ends no claim: what is paid once for the lines around it is paid once."""
    rows = [line(1), line(2, claim_id), line(3), line(4, claim_id)]
    ruleset = ONCE.load(ENGINE)
    for given in (rows, [rows[1], *rows]):
        found = list(ruleset.price_rows(given))
        paid = [row["paid_amount"] for row in found if row["reject"] is None]
        assert sum(paid) == D("1234.57")
        assert [row["claim_id"] for row in found] == [row["claim_id"] for row in given]
        assert {
            (row["reject"], row["reject_reason"], row["reject_detail"])
            for row in found
            if row["claim_id"] != "c"
        } == {("RE608", "claim_id does not read as a code", f"claim_id = {claim_id}")}
    with ruleset.run({"medical_claim": rows}, mappings=()) as run:
        assert (run.summary.lines_priced, run.summary.rows_rejected) == (2, 2)


def test_the_text_of_a_line_number_will_do() -> None:
    """As the text of any other number; the result has the number."""
    claim = {"claim_id": "c", "lines": [line("1"), line("02")]}
    for one, numbers in ((claim, [1, 2]), (line("1"), [1]), (line(D("1.0")), [1])):
        for trace in (False, True):
            priced = PLAIN.price(one, trace=trace)
            assert [found.claim_line_number for found in priced.lines] == numbers
        assert len(PLAIN.explain_claim(one).children) == len(numbers)


@pytest.mark.parametrize("number", [1.0, True, [1]])
def test_a_line_number_is_no_float(number: Any) -> None:
    """As no other number is."""
    with pytest.raises(TypeError, match="claim_line_number is "):
        PLAIN.price(line(number))
    with pytest.raises(TypeError, match="claim_line_number is "):
        list(PLAIN.price_rows([line(number)]))


@pytest.mark.parametrize("row", [5, None, "c", ["c", 1]])
def test_a_row_is_a_mapping(row: Any) -> None:
    """Another value is named."""
    for rows in ([row], [line(), row]):
        with pytest.raises(TypeError, match="is no row; a mapping with the columns of a claim"):
            list(PLAIN.price_rows(rows))


def test_a_text_that_is_none_is_named_with_its_row() -> None:
    """Half of a pair of surrogates cannot be written anywhere."""
    rows = [line(1), line(2, hcpcs_code="\ud800")]
    said = r"row 2: hcpcs_code is '\\ud800', which is no text"
    with pytest.raises(ValueError, match=said):
        PLAIN.run({"medical_claim": rows}, mappings=())
