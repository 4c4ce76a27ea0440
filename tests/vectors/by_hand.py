"""Vectors that a person worked out: file, expression, row, answer, and how it was found."""

from typing import Any, Final

from attrs import frozen


@frozen
class Hand:
    """One vector worked out by hand.

    Attributes:
        construct: Its file.
        expression: The text.
        row: Values as JSON holds them; `date` is the row's date.
        answer: The value as JSON holds it, or `rejected RE…` or `refused RE…`.
        why: How it was found.
        others: The other lines of the claim.
        claims: Other claims, of one line each.
    """

    construct: str
    expression: str
    row: dict[str, Any]
    answer: Any
    why: str
    others: tuple[dict[str, Any], ...] = ()
    claims: tuple[dict[str, Any], ...] = ()


_UP = "half up goes away from zero"
_EVEN = "a tie goes to the even neighbour"
_DOWN = "down cuts off, towards zero"
_DATED = "the value is that of the last first day not after the row's date"


def _line(number: int, charge: str | None, day: str = "2015-03-31") -> dict[str, Any]:
    return {"claim_line_number": str(number), "claim_line_start_date": day, "charge_amount": charge}


def _of(person: str, charge: str, day: str = "2015-03-31") -> dict[str, Any]:
    return {**_line(1, charge, day), "person": person}


_YEAR = "running(charge_amount, 100.00, person, 'year')"

HANDS: Final = (
    Hand("claim", "claim_sum(charge_amount)", _line(1, "1.00"), "3.00", "1.00 + 2.00; the null counts for nothing", others=(_line(2, "2.00"), _line(3, None))),
    Hand("claim", "charge_amount * claim_rank(charge_amount)", _line(2, "5.00"), "10.00", "as much as line 1, which comes first: the second, and twice 5.00", others=(_line(1, "5.00"), _line(3, "4.00"))),
    Hand("claim", "charge_amount * claim_count()", _line(1, "1.00"), "2.00", "two lines, and twice 1.00", others=(_line(2, None),)),
    Hand("running", _YEAR, _of("P1", "60.00"), "40.00", "60.00 of the limit is used up", claims=(_of("P1", "60.00"),)),
    Hand("running", _YEAR, _of("P1", "60.00"), "60.00", "another person's claim uses up nothing", claims=(_of("P2", "60.00"),)),
    Hand("running", _YEAR, _of("P1", "60.00", "2016-01-01"), "60.00", "another year begins anew", claims=(_of("P1", "60.00"),)),
    Hand("rounding", "round(copay, 1)", {"copay": "0.05"}, "0.1", f"0.05 is a tie of 0.0 and 0.1; {_UP}"),
    Hand("rounding", "round(copay, 1)", {"copay": "-0.05"}, "-0.1", f"-0.05 is a tie of -0.1 and 0.0; {_UP}"),
    Hand("rounding", "round(copay, 1)", {"copay": "0.04"}, "0", "0.04 is nearer to 0.0"),
    Hand("rounding", "round(copay * 0.5, 2)", {"copay": "0.01"}, "0.01", f"0.005 is a tie; {_UP}"),
    Hand("rounding", "round(copay * 0.5, 2)", {"copay": "-0.01"}, "-0.01", f"-0.005 is a tie; {_UP}"),
    Hand("rounding", "round(copay * 0.5, 2)", {"copay": "0.03"}, "0.02", f"0.015 is a tie; {_UP}"),
    Hand("rounding", "round_half_even(copay * 0.5, 2)", {"copay": "0.01"}, "0", f"0.005: {_EVEN}, 0.00"),
    Hand("rounding", "round_half_even(copay * 0.5, 2)", {"copay": "0.03"}, "0.02", f"0.015: {_EVEN}, 0.02"),
    Hand("rounding", "round_half_even(copay * 0.5, 2)", {"copay": "0.05"}, "0.02", f"0.025: {_EVEN}, 0.02"),
    Hand("rounding", "round_half_even(copay * 0.5, 2)", {"copay": "-0.03"}, "-0.02", f"-0.015: {_EVEN}, -0.02"),
    Hand("rounding", "round_half_even(copay * 0.5, 2)", {"copay": "-0.05"}, "-0.02", f"-0.025: {_EVEN}, -0.02"),
    Hand("rounding", "round_half_even(fee, 2)", {"fee": "0.0051"}, "0.01", "0.0051 is no tie: above the half"),
    Hand("rounding", "round_down(copay * 0.5, 2)", {"copay": "0.03"}, "0.01", f"0.015: {_DOWN}"),
    Hand("rounding", "round_down(copay * 0.5, 2)", {"copay": "-0.03"}, "-0.01", f"-0.015: {_DOWN}"),
    Hand("rounding", "round_down(copay, 0)", {"copay": "-9.99"}, "-9", f"-9.99: {_DOWN}"),
    Hand("rounding", "round(charge, 0)", {"charge": "2.50"}, "3", f"2.50 is a tie; {_UP}"),
    Hand("rounding", "round(charge, 0)", {"charge": "-2.50"}, "-3", f"-2.50 is a tie; {_UP}"),
    Hand("rounding", "round_half_even(charge, 0)", {"charge": "2.50"}, "2", f"2.50: {_EVEN}, 2"),
    Hand("rounding", "round_half_even(charge, 0)", {"charge": "3.50"}, "4", f"3.50: {_EVEN}, 4"),
    Hand("division", "round(copay / 8, 2)", {"copay": "0.04"}, "0.01", f"0.04 / 8 = 0.005, a tie; {_UP}"),
    Hand("division", "round(copay / 8, 2)", {"copay": "-0.04"}, "-0.01", f"-0.04 / 8 = -0.005, a tie; {_UP}"),
    Hand("division", "round_half_even(copay / 8, 2)", {"copay": "0.04"}, "0", f"0.005: {_EVEN}, 0.00"),
    Hand("division", "round_down(copay / 8, 2)", {"copay": "9.99"}, "1.24", f"9.99 / 8 = 1.24875; {_DOWN}"),
    Hand("division", "round(charge / 3, 2)", {"charge": "100.00"}, "33.33", "33.333… is nearer to 33.33"),
    Hand("division", "round(charge / 3, 2)", {"charge": "200.00"}, "66.67", "66.666… is nearer to 66.67"),
    Hand("division", "round(charge / units, 2)", {"charge": "100.00", "units": "-3"}, "-33.33", "-33.333… is nearer to -33.33"),
    Hand("division", "round(charge / units, 2)", {"charge": "100.00", "units": "0"}, "rejected RE603", "a divisor of zero"),
    Hand("division", "round(paid / units, 2)", {"paid": None, "units": "0"}, "rejected RE603", "a divisor of zero rejects even where a null is divided"),
    Hand("division", "round(charge / lines, 2)", {"charge": "100.00", "lines": None}, None, "a null divisor gives null"),
    Hand("nulls", "charge + paid", {"charge": "1.00", "paid": None}, None, "a sum with a null is null"),
    Hand("nulls", "paid = paid", {"paid": None}, None, "a null is not even equal to itself"),
    Hand("nulls", "paid IS NULL", {"paid": None}, True, "IS NULL is never unknown"),
    Hand("nulls", "least(charge, paid)", {"charge": "1.00", "paid": None}, None, "LEAST with a null is null; it skips none"),
    Hand("logic", "member AND paid > 0", {"member": True, "paid": "1.00"}, True, "true AND true"),
    Hand("logic", "member AND paid > 0", {"member": True, "paid": "0.00"}, False, "true AND false"),
    Hand("logic", "member AND paid > 0", {"member": True, "paid": None}, None, "true AND unknown"),
    Hand("logic", "member AND paid > 0", {"member": False, "paid": None}, False, "false AND unknown: false alone decides"),
    Hand("logic", "member AND paid > 0", {"member": None, "paid": "0.00"}, False, "unknown AND false: false alone decides"),
    Hand("logic", "member AND paid > 0", {"member": None, "paid": "1.00"}, None, "unknown AND true"),
    Hand("logic", "member AND paid > 0", {"member": None, "paid": None}, None, "unknown AND unknown"),
    Hand("logic", "member OR paid > 0", {"member": True, "paid": None}, True, "true OR unknown: true alone decides"),
    Hand("logic", "member OR paid > 0", {"member": None, "paid": "1.00"}, True, "unknown OR true: true alone decides"),
    Hand("logic", "member OR paid > 0", {"member": False, "paid": None}, None, "false OR unknown"),
    Hand("logic", "member OR paid > 0", {"member": False, "paid": "0.00"}, False, "false OR false"),
    Hand("logic", "NOT member", {"member": None}, None, "NOT unknown is unknown"),
    Hand("in_list", "drg IN ('A', note)", {"drg": "A", "note": None}, True, "found, whatever the null is"),
    Hand("in_list", "drg IN ('A', note)", {"drg": "B", "note": None}, None, "not found, but the null may be it"),
    Hand("in_list", "drg NOT IN ('A', note)", {"drg": "B", "note": None}, None, "NOT of unknown"),
    Hand("in_list", "drg NOT IN ('A', note)", {"drg": "A", "note": None}, False, "NOT of true"),
    Hand("in_list", "drg IN ('A', 'B')", {"drg": None}, None, "a null is in no list and out of none"),
    Hand("between", "charge BETWEEN 1 AND 2", {"charge": "1.00"}, True, "the lower end is included"),
    Hand("between", "charge BETWEEN 1 AND 2", {"charge": "2.00"}, True, "the upper end is included"),
    Hand("between", "charge BETWEEN 1 AND 2", {"charge": "2.01"}, False, "a cent above"),
    Hand("like", "note LIKE 'J1%'", {"note": "J1"}, True, "% may be empty"),
    Hand("like", "note LIKE 'J1%'", {"note": "j1"}, False, "capitals differ from small letters"),
    Hand("like", "note LIKE '_'", {"note": "é"}, True, "_ is one character, of however many bytes"),
    Hand("like", "note LIKE 'a.b'", {"note": "axb"}, False, "a full stop is a full stop"),
    Hand("case", "CASE WHEN member THEN 1 WHEN NOT member THEN 2 ELSE 3 END", {"member": None}, "3", "neither unknown condition is true"),
    Hand("case", "CASE code WHEN 'A' THEN charge END", {"code": "B", "charge": "1.00"}, None, "no branch and no ELSE"),
    Hand("dates", "admitted + 1", {"admitted": "2016-02-28"}, "2016-02-29", "2016 is a leap year"),
    Hand("dates", "admitted + 1", {"admitted": "2015-02-28"}, "2015-03-01", "2015 is none"),
    Hand("dates", "discharged - admitted", {"discharged": "2016-03-01", "admitted": "2016-02-28"}, "2", "28 to 29 February, 29 February to 1 March"),
    Hand("dates", "admitted + 1", {"admitted": "9999-12-31"}, "rejected RE611", "the calendar ends with the year 9999"),
    Hand("dates", "admitted - 1", {"admitted": "0001-01-01"}, "rejected RE611", "the calendar begins with the year 1"),
    Hand("calendar", "add_months(admitted, 1)", {"admitted": "2016-01-31"}, "2016-02-29", "the last day of February of a leap year"),
    Hand("calendar", "add_months(admitted, 1)", {"admitted": "2015-01-31"}, "2015-02-28", "the last day of February"),
    Hand("calendar", "add_months(admitted, -1)", {"admitted": "2015-03-31"}, "2015-02-28", "backwards too"),
    Hand("calendar", "add_years(admitted, 1)", {"admitted": "2016-02-29"}, "2017-02-28", "2017 has no 29 February"),
    Hand("calendar", "last_day(admitted)", {"admitted": "1900-02-10"}, "1900-02-28", "1900 was no leap year: it is divided by 100 and not by 400"),
    Hand("calendar", "months_between(admitted, discharged)", {"admitted": "2015-01-31", "discharged": "2015-02-28"}, "1", "the last day of February is a month after 31 January"),
    Hand("calendar", "months_between(admitted, discharged)", {"admitted": "2015-01-31", "discharged": "2015-02-27"}, "0", "a day before the month has passed"),
    Hand("calendar", "years_between(admitted, discharged)", {"admitted": "2000-03-15", "discharged": "2026-03-14"}, "25", "a day before the 26th birthday"),
    Hand("dated_parameters", "conversion_factor * 2", {"date": "2015-06-30"}, "2.36", f"{_DATED}: 1.18"),
    Hand("dated_parameters", "conversion_factor * 2", {"date": "2015-07-01"}, "2.401", f"{_DATED}: 1.2005"),
    Hand("dated_parameters", "conversion_factor * 2", {"date": "2014-12-31"}, "rejected RE602", "the first value begins a day later"),
    Hand("lookup", "lookup(fees.amount, code, lines)", {"code": "A", "lines": "0", "date": "2015-06-30"}, "50.125", "the last day of the first row"),
    Hand("lookup", "lookup(fees.amount, code, lines)", {"code": "A", "lines": "0", "date": "2015-07-01"}, "-0.5", "the first day of the second row"),
    Hand("lookup", "lookup(fees.amount, code, lines)", {"code": "B", "lines": "1", "date": "2016-01-01"}, "rejected RE601", "a day after the last day of the only row"),
    Hand("lookup", "lookup(drgs.drg_weight, drg)", {"drg": "65"}, "rejected RE601", "a code is a text: 065 is another one"),
    Hand("lookup", "lookup(drgs.drg_weight, drg)", {"drg": None}, "rejected RE601", "no row has a null for its key"),
    Hand("has", "has(drgs, drg)", {"drg": None}, False, "no row has a null for its key, and HAS is never unknown"),
    Hand("interpolate", "round(interpolate(curve.points, grade), 4)", {"grade": "5.0"}, "0.025", "half way from 0 to 0.05"),
    Hand("interpolate", "round(interpolate(curve.payment, grade), 2)", {"grade": "12.5"}, "25", "a quarter of the way from 0 to 100"),
    Hand("powers", "round(power(2, lines), 0)", {"lines": "9"}, "512", "2 to the ninth"),
    Hand("powers", "round_half_even(power(0.5, lines), 3)", {"lines": "4"}, "0.062", "0.0625 is a tie; the even neighbour is 0.062"),
    Hand("powers", "round(ln(lines), 6)", {"lines": "0"}, "rejected RE613", "zero has no logarithm"),
    Hand("widths", "total + 0.01", {"total": "9999999999999999999999999999.98"}, "9999999999999999999999999999.99", "no digit of 30 is lost"),
    Hand("rejections", "CASE WHEN units = 0 THEN 0.00 ELSE round(charge / units, 2) END", {"units": "0", "charge": "1.00"}, "0", "the branch that divides is not read"),
    Hand("settlement", "units / 112", {"units": "13"}, "13/112", "a fraction stays one"),
    Hand("settlement", "charge / 3 * 3", {"charge": "100.00"}, "100", "nothing is lost on the way"),
    Hand("refused", "charge + rate", {}, "refused RE406", "a rate is no money"),
    Hand("refused", "charge / 2", {}, "refused RE411", "a quotient over rows stands within a ROUND"),
    Hand("mapping", "number(amount)", {"amount": "1,234.50"}, "1234.5", "commas separate thousands"),
    Hand("mapping", "number(amount)", {"amount": "(5)"}, "-5", "brackets stand for a minus sign"),
    Hand("mapping", "number(amount)", {"amount": "$12.50"}, "12.5", "a sign of currency is left out"),
    Hand("mapping", "number(percent)", {"percent": "70.63%"}, "0.7063", "a percentage is a fraction"),
    Hand("mapping", "number(amount)", {"amount": "n/a"}, "rejected RE604", "no number"),
    Hand("mapping", "number(amount)", {"amount": None}, None, "an absent text is an absent number"),
    Hand("mapping", "date(day, 'YYYYMMDD')", {"day": "20150301"}, "2015-03-01", "by the pattern"),
    Hand("mapping", "date(day)", {"day": "2015-02-29"}, "rejected RE604", "2015 has no 29 February"),
    Hand("mapping", "make_date(year, month, 1)", {"year": "2015", "month": "7"}, "2015-07-01", "year, month and day"),
    Hand("mapping", "upper(trim(name)) || '!'", {"name": " ab "}, "AB!", "without blanks around it, in capitals"),
    Hand("mapping", "substring(day, 5, 2)", {"day": "20150301"}, "03", "two characters from the fifth"),
    Hand("mapping", "first_of(name, amount)", {"name": None, "amount": "x"}, "x", "the first that is there"),
)  # fmt: skip
