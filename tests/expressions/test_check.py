"""Names, units, nulls and widths are settled before any row is seen."""

import decimal
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.expressions import (
    Expression,
    ExpressionError,
    Kind,
    Parameter,
    Relation,
    Scope,
    TableType,
    Type,
    check,
)
from rules_engine.expressions.codes import CODES
from tests.expressions.formulas import SCOPE, written

MONEY, RATE, COUNT, DATE = (
    Type.of(kind) for kind in (Kind.MONEY, Kind.RATE, Kind.COUNT, Kind.DATE)
)
COLUMNS = {
    "charge": MONEY,
    "fee": Type(Kind.MONEY, nullable=True, scale=2, low=Decimal(0), high=Decimal("999.99")),
    "rate": RATE,
    "trend": Type.of(Kind.RATIO),
    "weight": Type.of(Kind.FACTOR),
    "score": Type.of(Kind.NUMBER),
    "units": COUNT,
    "lines": Type(Kind.COUNT, scale=0, low=Decimal(0), high=Decimal(9)),
    "stay": Type.of(Kind.DAYS),
    "code": Type(Kind.CODE, codes=frozenset({"professional", "institutional"})),
    "drg": Type(Kind.CODE, nullable=True),
    "day": DATE,
    "out": Type(Kind.DATE, nullable=True),
    "urgent": Type(Kind.BOOLEAN),
    "from": MONEY,
    "wide": Type(Kind.NUMBER, scale=2, low=Decimal(0), high=Decimal(10) ** 30),
    "fine": Type(Kind.NUMBER, scale=20, low=Decimal(0), high=Decimal(1)),
}
ROW = Scope(
    columns=COLUMNS,
    stages={"allowed": MONEY},
    tables={
        "fees": TableType(
            name="fees",
            key=("hcpcs", "day"),
            columns={
                "hcpcs": Type(Kind.CODE),
                "day": DATE,
                "amount": MONEY,
                "note": Type(Kind.TEXT),
            },
        ),
        "curve": TableType(
            name="curve",
            key=("at",),
            columns={"at": Type.of(Kind.NUMBER), "factor": Type.of(Kind.FACTOR)},
        ),
    },
    parameters={
        "base": Parameter(type=MONEY, values=((None, Decimal("11200.00")),)),
        "none": Parameter(type=RATE, values=((None, Decimal(0)),)),
    },
)
SETTLEMENT = Scope(
    profile="settlement",
    grain="contract",
    tables=ROW.tables,
    parameters=ROW.parameters,
    entity=("aco", {"rate": RATE, "benchmark": MONEY}),
    outputs={"quality": {"score": RATE}},
    finer={"visits": "line"},
    relations={
        "premium": Relation(
            name="premium",
            grain="month",
            columns={"amount": MONEY, "tier": Type(Kind.CODE), "risk": Type.of(Kind.FACTOR)},
        )
    },
)
MAPPING = Scope(
    profile="mapping",
    grain="row of the file",
    columns=dict.fromkeys(("AMT", "DT", "YEAR"), Type(Kind.TEXT, nullable=True)),
)


def found(text: str, scope: Scope = ROW, expected: Type | None = None) -> list[str]:
    """Give the codes of what is wrong."""
    try:
        check(text, scope, expected)
    except ExpressionError as error:
        return [finding.code for finding in error.findings]
    return []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("charge * rate", Kind.MONEY),
        ("rate * charge", Kind.MONEY),
        ("charge * weight * units", Kind.MONEY),
        ("charge + 5", Kind.MONEY),
        ("5 - charge", Kind.MONEY),
        ("- charge", Kind.MONEY),
        ("charge + allowed - base", Kind.MONEY),
        ("1 - rate", Kind.RATE),
        ("rate * rate", Kind.RATE),
        ("rate + rate", Kind.FACTOR),
        ("rate - rate", Kind.RATIO),
        ("abs(trend)", Kind.FACTOR),
        ("least(1, weight)", Kind.RATE),
        ("greatest(0, trend)", Kind.FACTOR),
        ("units * units", Kind.COUNT),
        ("stay + 1", Kind.DAYS),
        ("units * rate", Kind.NUMBER),
        ("score * 2", Kind.NUMBER),
        ("day - out", Kind.DAYS),
        ("day + 30", Kind.DATE),
        ("day - stay", Kind.DATE),
        ("round(charge / lines, 2)", Kind.MONEY),
        ("round(charge / allowed, 4)", Kind.RATIO),
        ("round(lines / 9, 4)", Kind.RATE),
        ("case when urgent then charge else 0 end", Kind.MONEY),
        ("coalesce(fee, 0)", Kind.MONEY),
        ("charge > 5", Kind.BOOLEAN),
        ("code", Kind.CODE),
        ("'x'", Kind.TEXT),
        ("lookup(fees.amount, drg, day)", Kind.MONEY),
        ("has(fees, drg, '2015-01-31')", Kind.BOOLEAN),
        ('"from"', Kind.MONEY),
    ],
)
def test_units_combine(text: str, kind: Kind) -> None:
    """Each unit that comes of others."""
    assert check(text, ROW).type.kind == kind


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("chrage", "RE403"),
        ("CHARGE", "RE403"),
        ("fees", "RE403"),
        ("fees.amount", "RE403"),
        ("a.b.c", "RE403"),
        ("lookup(fees.price, code, day)", "RE403"),
        ("lookup(feez.amount, code, day)", "RE403"),
        ("median(charge, 5)", "RE404"),
        ("sum(charge)", "RE404"),
        ("min(charge, 5)", "RE404"),
        ("interpolate(curve.factor, score)", "RE411"),
        ("round(interpolate(fees.amount, score), 2)", "RE405"),
        ("power(rate, 2)", "RE411"),
        ("round(1 + exp(rate), 2)", "RE411"),
        ("round(exp(score), 2)", "RE416"),
        ("round(ln(charge), 2)", "RE406"),
        ("round(power(rate), 2)", "RE405"),
        ("day + INTERVAL '1' WEEK", "RE402"),
        ("INTERVAL '1' DAY", "RE406"),
        ("charge + INTERVAL '1' DAY", "RE406"),
        ("add_months(day, rate)", "RE405"),
        ("add_months(day, charge)", "RE405"),
        ("year(charge)", "RE405"),
        ("months_between(day)", "RE405"),
        ("number('5')", "RE404"),
        ("round(charge)", "RE405"),
        ("round(charge, 1.5)", "RE405"),
        ("round(charge, 13)", "RE405"),
        ("round(charge, lines)", "RE405"),
        ("least(charge)", "RE405"),
        ("abs(charge, 1)", "RE405"),
        ("lookup(fees.amount, code)", "RE405"),
        ("lookup(fees, code, day)", "RE405"),
        ("has(fees.amount, code, day)", "RE405"),
        ("abs(charge) filter (where urgent)", "RE405"),
        ("charge + rate", "RE406"),
        ("charge * charge", "RE406"),
        ("rate / charge", "RE411"),
        ("round(rate / charge, 2)", "RE406"),
        ("charge + code", "RE406"),
        ("- code", "RE406"),
        ("abs(day)", "RE406"),
        ("day + day", "RE406"),
        ("day + 1.5", "RE406"),
        ("day + units", "RE406"),
        ("code = 5", "RE406"),
        ("charge = rate", "RE406"),
        ("day = 'soon'", "RE406"),
        ("code in ('professional', 5)", "RE406"),
        ("charge like '5%'", "RE406"),
        ("drg like code", "RE406"),
        ("urgent < urgent", "RE406"),
        ("least(urgent, urgent)", "RE406"),
        ("case when urgent then charge else rate end", "RE406"),
        ("coalesce(charge, 'none')", "RE406"),
        ("lookup(fees.amount, 5, day)", "RE406"),
        ("charge + null", "RE406"),
        ("charge and urgent", "RE407"),
        ("not charge", "RE407"),
        ("case when charge then 1 end", "RE407"),
        ("wide * wide", "RE409"),
        ("wide + fine", "RE409"),
        ("wide < fine", "RE409"),
        ("wide in (1, fine)", "RE409"),
        ("coalesce(wide, fine)", "RE409"),
        ("case when urgent then wide else fine end", "RE409"),
        ("round_half_even(wide * 10000000, 0)", "RE409"),
        ("round(wide / fine, 2)", "RE409"),
        ("999999999999999999999999999999999999999", "RE409"),
        ("0.000000000000000000000000000000000000001", "RE409"),
        ("charge / lines", "RE411"),
        ("charge / lines > 5", "RE411"),
        ("round(least(1, charge / allowed), 2)", "RE411"),
        ("round(charge / (charge / allowed), 2)", "RE411"),
        ("round(case when charge / lines > 2 then 1 else 0 end, 2)", "RE411"),
        ("round(charge / 0, 2)", "RE411"),
        ("round(charge / none, 2)", "RE411"),
        ("drg = null", "RE412"),
        ("drg in ('470', null)", "RE412"),
        ("code = 'profesional'", "RE413"),
        ("'inpatient' = code", "RE413"),
        ("code in ('professional', 'inpatient')", "RE413"),
        ("code || code", "RE415"),
    ],
)
def test_what_does_not_go_together_is_a_finding(text: str, code: str) -> None:
    """Each rule that a formula can break."""
    assert found(text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "sum(premium.amount)",
        "sum(premium.amount) filter (where premium.tier = 'gold')",
        "sum(premium.amount * premium.risk) / count(premium)",
        "sum(premium.amount * risk)",
        "count(premium) * base",
        "mean(premium.risk)",
        "median(premium.risk) + percentile(premium.risk, none)",
        "aco.rate / mean(aco.rate) over peers(aco.benchmark, quality.score > 0.5)",
        "percentile(aco.benchmark / 3, 0.9) filter (where aco.rate > 0) over peers()",
        "count(aco) over peers()",
        "round(power(1 + quality.score, quality.score / 12), 6)",
        "min(premium.amount) - max(premium.amount)",
        "aco.benchmark * (1 - aco.rate) * quality.score",
        "interpolate(curve.factor, quality.score)",
        "base / count(premium)",
        "least(base / count(premium), base)",
    ],
)
def test_settlements_divide_and_combine_rows(text: str) -> None:
    """A settlement computes on exact rationals, over the rows that its words name."""
    assert not found(text, SETTLEMENT)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("premium.amount", "RE410"),
        ("visits.paid", "RE410"),
        ("aco.name", "RE403"),
        ("quality.points", "RE403"),
        ("qality.score", "RE403"),
        ("quality", "RE403"),
        ("sum(5)", "RE403"),
        ("sum(claims.amount)", "RE403"),
        ("sum(premium)", "RE405"),
        ("sum(premium.amount, 2)", "RE405"),
        ("sum(premium.tier)", "RE406"),
        ("sum(premium.amount / 2)", "RE411"),
        ("sum(premium.amount) over peers(aco.benchmark)", "RE403"),
        ("interpolate(fees.note, quality.score)", "RE405"),
        ("percentile(premium.amount, 90)", "RE405"),
        ("percentile(premium.amount, quality.score)", "RE405"),
        ("median(premium.tier)", "RE406"),
        ("mean(aco.name) over peers()", "RE403"),
        ("mean(aco.rate) over peers(rate)", "RE403"),
        ("sum(aco) over peers()", "RE405"),
        ("sum(sum(premium.amount)) over peers()", "RE403"),
        ("sum(sum(premium.amount))", "RE404"),
    ],
)
def test_settlements_say_how_rows_are_combined(text: str, code: str) -> None:
    """Coarse never meets fine without a word."""
    assert found(text, SETTLEMENT) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "number(AMT) * 100",
        "date(DT, 'YYYYMMDD')",
        "make_date(YEAR, '1', '31')",
        "last_day(make_date(YEAR, 1, 1))",
        "first_of(trim(AMT), upper(DT), 'x')",
        "substring(AMT, 1, 4) || '-' || DT",
        "case when number(AMT) > 0 then 'a' end",
    ],
)
def test_mappings_read_texts(text: str) -> None:
    """Other people's files hold texts."""
    assert not found(text, MAPPING)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AMT + 1", "RE406"),
        ("number(5)", "RE405"),
        ("date(DT, 'MMDD')", "RE405"),
        ("date(DT, AMT)", "RE405"),
        ("last_day(DT)", "RE405"),
        ("AMT || 5", "RE406"),
        ("upper(AMT, DT)", "RE405"),
    ],
)
def test_mappings_say_what_a_text_is(text: str, code: str) -> None:
    """A text becomes a number or date by a word."""
    assert found(text, MAPPING) == [code]


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ("50", RATE, "RE407"),
        ("1.01", RATE, "RE407"),
        ("charge", RATE, "RE407"),
        ("trend", Type.of(Kind.FACTOR), "RE407"),
        ("rate", MONEY, "RE407"),
        ("1.5", COUNT, "RE407"),
        ("null", MONEY, "RE407"),
        ("charge", DATE, "RE407"),
    ],
)
def test_a_place_asks_for_a_unit(text: str, expected: Type, code: str) -> None:
    """A term takes what its schema says."""
    assert found(text, ROW, expected) == [code]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.5", RATE), ("45.00", MONEY), ("3", COUNT), ("1.2", Type.of(Kind.FACTOR))],
)
def test_a_literal_takes_the_unit_of_its_place(text: str, expected: Type) -> None:
    """A bare number is what is asked for."""
    typed = check(text, ROW, expected)
    assert typed.type.kind == expected.kind
    assert not typed.type.free


def test_a_posted_amount_is_rounded_by_its_author() -> None:
    """The contract says where it rounds, and how."""
    with pytest.raises(ExpressionError) as caught:
        check("charge * rate", ROW, MONEY, posted=2)
    (finding,) = caught.value.findings
    assert finding.code == "RE408"
    assert finding.help == "say where the contract rounds: round(…, 2)"
    assert check("round(charge * rate, 2)", ROW, MONEY, posted=2).type.scale == 2


# -- nulls


@pytest.mark.parametrize(
    ("text", "nullable"),
    [
        ("fee", True),
        ("fee + 1", True),
        ("coalesce(fee, 0)", False),
        ("coalesce(fee, fee)", True),
        ("least(fee, charge)", True),
        ("drg is null", False),
        ("drg = '470'", True),
        ("drg is not null and drg = '470'", False),
        ("drg is null or drg = '470'", False),
        ("drg = '470' and drg <> '065'", True),
        ("case when drg is not null then drg else 'x' end", False),
        ("case when drg is null then 'x' else drg end", False),
        ("case when drg = '470' then drg else 'x' end", False),
        ("case when not drg = '470' then drg else 'x' end", False),
        ("case when drg = '470' or urgent then drg else 'x' end", True),
        ("case when urgent then charge end", True),
        ("has(fees, drg, day)", False),
        ("lookup(fees.amount, drg, day)", False),
        ("fee between 1 and 2", True),
    ],
)
def test_null_is_known_before_any_row(text: str, nullable: bool) -> None:  # noqa: FBT001  a column of the cases
    """What a condition has tested is known where it holds, and what is unknown stays so."""
    assert check(text, ROW).type.nullable is nullable


# -- findings


def test_all_findings_of_a_formula_come_together() -> None:
    """One wrong part does not hide another."""
    assert found("chrage + code > 5 and drg = null or round(charge, x) < 1") == [
        "RE403",
        "RE412",
        "RE405",
    ]


LINE = evolve(ROW, of_claim=True)


def message(text: str, scope: Scope = ROW) -> tuple[str, str | None]:
    """Give the message and the help of the one thing that is wrong."""
    with pytest.raises(ExpressionError) as caught:
        check(text, scope)
    (finding,) = caught.value.findings
    return finding.message, finding.help


@pytest.mark.parametrize(
    ("text", "said", "way_out"),
    [
        ("day between 2026-01-01 and '2026-12-31'", "2026-01-01 stands", "write '2026-01-01'"),
        ("day > '2026-13-01'", "'2026-13-01' is no date", None),
        ("'31.12.2026' < day", "'31.12.2026' is no date", None),
        ("day in ('2026-02-30')", "'2026-02-30' is no date", None),
        ("year('2026')", "'2026' is no date", None),
        ("has(fees, code, '1/31/2026')", "'1/31/2026' is no date", None),
        ("charge ≥ 5", "'≥' is", "write >="),
        ("charge ≤ 5", "'≤' is", "write <="),
        ("charge ≠ 5", "'≠' is", "write <>"),
        ("charge \N{MULTIPLICATION SIGN} 5", "'\N{MULTIPLICATION SIGN}' is", "write *"),
        ("charge ÷ 5", "'÷' is", "write /"),
        ("charge \N{EN DASH} 5", "'\N{EN DASH}' is", "write -"),
        ("charge \N{EM DASH} 5", "'\N{EM DASH}' is", "write -"),
        ("charge \N{MINUS SIGN} 5", "'\N{MINUS SIGN}' is", "write -"),
        ("charge\xa0* 5", "'\\xa0' is", "write a plain space"),
        ("charge == 5", "'==' is", "write ="),
        ("charge => 5", "'=>' is", "write >="),
        ("charge =< 5", "'=<' is", "write <="),
        ("charge ** 2", "'**' is", "write x * x; powers stand inside ROUND(POWER(x, y), n)"),
        ("rate::x", "'::' is", "a column has its type already; leave out :: and what follows"),
        ("urgent && urgent", "'&&' is", "write AND"),
        ("charge // 5", "'//' is", "write round_down(a / b, 0)"),
        ("urgent || urgent", "|| joins texts", "write OR between two conditions"),
        ("! urgent", "'!' is", "write NOT or <>"),
        ("running(charge, 5, drg, year)", "year stands without quotes", "write 'year'"),
        ("round(charge / (5 - 5), 2)", "the divisor is always zero", None),
        ("round(charge / abs(0), 2)", "the divisor is always zero", None),
        ("claim_sum(charge) over peers()", "claim_sum has no OVER; ", None),
        ("abs(charge) filter (where urgent)", "abs has no FILTER; ", None),
    ],
)  # fmt: skip
def test_what_is_written_otherwise_elsewhere_has_a_way_out(
    text: str, said: str, way_out: str | None
) -> None:
    """Habits of spreadsheets, programs and word processors are told what is written here."""
    found_, help_ = message(text, LINE)
    assert found_.startswith(said)
    assert help_ == way_out


def test_typographic_quotes_are_no_quotes() -> None:
    """Each of them is marked."""
    single = "\N{LEFT SINGLE QUOTATION MARK}", "\N{RIGHT SINGLE QUOTATION MARK}"
    double = "\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}"
    for begin, end in (single, double):
        text = f"code = {begin}professional{end}"
        with pytest.raises(ExpressionError) as caught:
            check(text, ROW)
        helps = {finding.help for finding in caught.value.findings}
        assert helps == {"a text stands in straight quotes: '…'"}


@pytest.mark.parametrize("text", ["2026 - 01 - 01", "2026 -01-01", "2026-01-011", "12026-01-01"])
def test_a_subtraction_is_no_date(text: str) -> None:
    """Only what is written as a date is one."""
    assert not found(text)


@pytest.mark.parametrize("text", ["allowed", "allowd", "claim_sum(allowed)", "charge - remaining"])
def test_an_amount_of_a_later_stage_is_no_column_of_a_name_like_it(text: str) -> None:
    """What another system allowed is another amount, and nobody is led to it."""
    columns = {**COLUMNS, "allowed_amount": MONEY, "remaining_amount": MONEY}
    scope = evolve(LINE, columns=columns, stages={}, later=frozenset({"allowed", "remaining"}))
    said, help_ = message(text, scope)
    assert "_amount" not in f"{said} {help_}"
    assert "stages only" in f"{said} {help_}" or "functions of a claim" in said


def test_an_amount_of_an_earlier_stage_stands_in_no_function_of_a_claim() -> None:
    """Every line has one of its own."""
    said, help_ = message("claim_sum(allowed)", LINE)
    assert said.startswith("allowed is an amount of the waterfall")
    assert help_ is None


@pytest.mark.parametrize(
    ("text", "scope", "marked"),
    [
        ("lesat(chrge, unitz * 2)", ROW, ["lesat(chrge, unitz * 2)", "chrge", "unitz"]),
        ("lesat(chrge / unitz)", ROW, ["lesat(chrge / unitz)", "chrge", "unitz"]),
        ("min(chrge, 5)", ROW, ["min(chrge, 5)", "chrge"]),
        ("lookup(feez.amount, drgg, day)", ROW, ["feez.amount", "drgg"]),
        ("lookup(fees.price, drgg, 5)", ROW, ["fees.price", "drgg"]),
        ("lookup(fees.price, 5, 5)", ROW, ["fees.price", "5", "5"]),
        ("lookup(fees.price, drgg)", ROW, ["lookup(fees.price, drgg)", "fees.price", "drgg"]),
        ("lookup(fees.amount)", ROW, ["lookup(fees.amount)"]),
        ("has(feez)", ROW, ["has(feez)", "feez"]),
        ("lookup(drgg, codee)", ROW, ["drgg", "codee"]),
        ("round(chrge, unitz)", ROW, ["chrge", "unitz"]),
        ("round(chrge)", ROW, ["round(chrge)", "chrge"]),
        ("round(power(chrge))", ROW, ["round(power(chrge))", "power(chrge)", "chrge"]),
        ("round(power(charge, code), 2)", ROW, ["charge", "code"]),
        ("power(chrge, 2)", ROW, ["power(chrge, 2)", "chrge"]),
        ("lesat(power(rate, 2), rate / weight)", ROW, ["lesat(power(rate, 2), rate / weight)"]),
        ("lesat(INTERVAL '1' DAY)", ROW, ["lesat(INTERVAL '1' DAY)"]),
        ("chrge / unitz", ROW, ["chrge", "chrge / unitz", "unitz"]),
        ("round(chrge / unitz, 2)", ROW, ["chrge", "unitz"]),
        ("abs(chrge) over peers(urgnt)", ROW, ["abs(chrge) over peers(urgnt)", "chrge"]),
        ("lesat() filter (where urgnt)", ROW, ["lesat() filter (where urgnt)", "urgnt"]),
        ("chrge between lowest and highest", ROW, ["chrge", "lowest", "highest"]),
        ("charge between rate and day", ROW, ["rate", "day"]),
        ("code in (5, day)", ROW, ["5", "day"]),
        ("months_between(charge, code)", ROW, ["charge", "code"]),
        ("running(code, day, drg, 'year')", LINE, ["code", "day"]),
        ("running(chrge, 5, drg, 'yaer')", LINE, ["chrge", "'yaer'"]),
        ("claim_sum(chrge) filter (where urgnt)", LINE, ["chrge", "urgnt"]),
        ("claim_sum(chrge)", ROW, ["claim_sum(chrge)", "chrge"]),
        ("sum(premium.am) filter (where premium.t)", SETTLEMENT, ["premium.am", "premium.t"]),
        ("sum(premium.amount, premium.risk)", SETTLEMENT, ["sum(premium.amount, premium.risk)"]),
        ("mean(aco.rat) over peers(aco.naem)", SETTLEMENT, ["aco.rat", "aco.naem"]),
        ("substring(5, AMT, AMOUNT)", MAPPING, ["AMOUNT"]),
        ("make_date(DT, DT = 'x', DT = 'y')", MAPPING, ["DT = 'x'", "DT = 'y'"]),
    ],
)  # fmt: skip
def test_a_part_that_is_wrong_hides_nothing_within_it(
    text: str, scope: Scope, marked: list[str]
) -> None:
    """Arguments are checked where their function is not; what follows from it is not reported."""
    with pytest.raises(ExpressionError) as caught:
        check(text, scope)
    findings = caught.value.findings
    assert [text[one.offset : one.offset + one.length] for one in findings] == marked


@pytest.mark.parametrize(
    ("text", "operand"),
    [
        ("1 + (charge + (rate)) * 2", "rate"),
        ("charge\n+ rate", "rate"),
        ("charge + units * 2", "units * 2"),
        ("units * 2 + charge", "units * 2"),
        ("charge - allowed - (units + 1)", "units + 1"),
        ("charge * rate * allowed", "allowed"),
        ("charge + code", "code"),
        ("code * charge", "code"),
        ("day + charge", "charge"),
        ("charge - day", "charge"),
        ("round(rate / charge, 2)", "rate"),
    ],
)
def test_a_finding_marks_the_operand_that_is_wrong(text: str, operand: str) -> None:
    """A caret stands under what is wrong and not beside it."""
    with pytest.raises(ExpressionError) as caught:
        check(text, ROW)
    (finding,) = caught.value.findings
    assert text[finding.offset : finding.offset + finding.length] == operand


def test_a_finding_about_two_parts_marks_both_with_their_brackets() -> None:
    """Where no part alone is wrong, the whole is marked."""
    text = "1 + (charge between (rate) and null)"
    with pytest.raises(ExpressionError) as caught:
        check(text, ROW)
    marked = [text[one.offset : one.offset + one.length] for one in caught.value.findings]
    assert marked == ["charge between (rate) and null", "rate"]


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("chrage", "did you mean charge?"),
        ("code = professional", None),
        ("code = 470", "a code is text: write '470'"),
        ("code = 'profesional'", "did you mean 'professional'?"),
        ("min(charge, 5)", "did you mean least?"),
        ("nvl(fee, 0)", "did you mean coalesce?"),
        ("fees.amount", "read it with lookup(fees.amount, hcpcs, day)"),
        ("charge / lines", "write round(a / b, 2), or as many places as the contract says"),
        ("round(charge / (rate / weight), 2)", "write a * c / b instead of a / (b / c)"),
    ],
)
def test_a_finding_shows_the_way_out(text: str, help_: str | None) -> None:
    """The nearest name, or how to say it."""
    with pytest.raises(ExpressionError) as caught:
        check(text, ROW)
    assert caught.value.findings[0].help == help_


def test_every_code_has_a_meaning() -> None:
    """What the tests of this file meet, and what rows may be refused for."""
    assert {f"RE4{n:02}" for n in range(1, 16)} <= set(CODES)
    assert all(meaning[0].islower() and meaning[-1] != "." for meaning in CODES.values())


# -- the host


@given(st.integers(0, 2**32))
def test_the_decimal_context_of_the_host_does_not_matter(seed: int) -> None:
    """A host may compute with three digits and trap everything; types stay the same."""

    def outcome() -> Expression | list[str]:
        try:
            return check(text, SCOPE)
        except ExpressionError as error:
            return [finding.message for finding in error.findings]

    text = written(seed, 4)
    calm = outcome()
    narrow = decimal.Context(
        prec=3,
        rounding=decimal.ROUND_UP,
        Emax=4,
        Emin=-4,
        traps=[decimal.Inexact, decimal.Rounded, decimal.Overflow, decimal.Subnormal],
    )
    with decimal.localcontext(narrow):
        hostile = outcome()
    assert calm == hostile
