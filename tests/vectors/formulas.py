"""Formulas of every construct; the exact evaluator gives their answers on rows chosen for them.

To publish vectors of a new construct, add a list of formulas here and run the generator.
"""

from typing import Final

from attrs import Factory, frozen

from rules_engine.testing.vectors import Setting
from tests.vectors.settings import CLAIM, MAPPING, ROW, SETTLEMENT


@frozen(kw_only=True)
class Construct:
    """One file of vectors.

    Attributes:
        name: The name of the file.
        meaning: What it is about, in a sentence.
        formulas: Formulas to compute on chosen rows.
        setting: What their names stand for.
    """

    name: str
    meaning: str
    formulas: tuple[str, ...] = Factory(tuple)
    setting: Setting = ROW


CONSTRUCTS: Final = (
    Construct(
        name="arithmetic",
        meaning="Sums, differences, products and signs, exact at every scale.",
        formulas=(
            "charge + copay", "charge - paid", "charge * rate", "fee * weight", "- copay", "+copay",
            "- - copay", "abs(copay * trend)", "abs(trend)", "charge * units", "units * stay",
            "(charge + paid) * (1 - rate)", "charge + copay * trend - fee", "1 - share",
            "base_rate * weight", "rate * share * weight", "score - trend", "units + 1", "stay - 30",
            "charge * 1.005", "1_000 * trend",
        ),
    ),
    Construct(
        name="rounding",
        meaning="ROUND (half away from zero), ROUND_HALF_EVEN and ROUND_DOWN of sums and products.",
        formulas=(
            "round(copay, 0)", "round(copay, 1)", "round(copay * 0.5, 2)", "round(copay * trend, 2)",
            "round_half_even(copay, 0)", "round_half_even(copay, 1)", "round_half_even(copay * 0.5, 2)",
            "round_down(copay, 0)", "round_down(copay, 1)", "round_down(copay * 0.5, 2)",
            "round(fee, 2)", "round_half_even(fee, 2)", "round_down(fee * weight, 2)",
            "round(charge * rate * 0.5, 2)", "round(score, 4)", "round(- copay * 0.5, 2)",
            "round(round(copay * 0.5, 2) * 0.5, 2)", "round(charge, 4)", "round(score * 0.5, 0)",
        ),
    ),
    Construct(
        name="division",
        meaning="Quotients, which over rows stand within a ROUND, and divisors of zero.",
        formulas=(
            "round(copay / 2, 2)", "round(copay / -8, 2)", "round(copay / 3, 2)", "round(charge / units, 2)",
            "round(paid / lines, 2)", "round(copay / trend, 2)", "round_half_even(copay / 4, 2)",
            "round_down(copay / 3, 2)", "round(charge * rate / (lines + 1), 2)", "round(copay / 4 - fee / 8, 2)",
            "round(abs(copay / trend) * rate, 2)", "round(score / 7, 9)", "round(total / 7, 2)",
            "round(case when urgent then copay / 2 else fee / stay end, 2)", "round(5 / (stay * 2), 3)",
            "round(- copay / stay, 2)", "round(charge / charge, 4)", "round(copay / stay / trend, 2)",
        ),
    ),
    Construct(
        name="nulls",
        meaning="What a null does to sums, comparisons and choices.",
        formulas=(
            "charge + paid", "paid * weight", "- paid", "abs(paid)", "round(paid * 0.5, 2)", "paid = charge",
            "paid <> charge", "paid IS NULL", "paid IS NOT NULL", "(paid > 0) IS NULL", "member IS NULL",
            "drg = note", "discharged - admitted", "discharged + 1", "coalesce(paid, charge)",
        ),
    ),
    Construct(
        name="logic",
        meaning="AND, OR and NOT over true, false and unknown.",
        formulas=(
            "member AND urgent", "member OR urgent", "NOT member", "member AND paid > 0", "member OR paid > 0",
            "NOT (member AND paid > 0)", "NOT member OR urgent AND paid > 0", "member = urgent",
            "member <> (paid > 0)", "member AND drg = 'A' AND paid > 0", "member OR drg = 'A' OR paid > 0",
            "urgent AND lookup(drgs.drg_weight, drg) > 1", "urgent OR lookup(drgs.drg_weight, drg) > 1",
        ),
    ),
    Construct(
        name="comparison",
        meaning="Comparisons of numbers of different scales, of texts, of dates and of truth values.",
        formulas=(
            "charge > 50", "charge >= copay", "fee = copay", "fee < paid", "score <= trend", "index < score",
            "total = fee", "units <> stay", "code = 'A'", "code <> kind", "drg < 'B'", "note >= drg",
            "admitted < cutoff", "discharged <= admitted", "admitted = '2015-07-01'", "urgent = member",
            "share < 0.333333", "units + 1 > 999999999",
        ),
    ),
    Construct(
        name="between",
        meaning="BETWEEN, of which both ends are included.",
        formulas=(
            "charge BETWEEN 0.01 AND 100", "copay NOT BETWEEN -0.01 AND 0.01", "paid BETWEEN copay AND fee",
            "drg BETWEEN 'A' AND 'B'", "admitted BETWEEN DATE '2015-01-01' AND cutoff",
            "discharged NOT BETWEEN admitted AND '2015-12-31'", "units BETWEEN 5 AND 1",
        ),
    ),
    Construct(
        name="in_list",
        meaning="IN and NOT IN, with nulls among the options.",
        formulas=(
            "code IN ('A', 'B')", "drg IN ('A', '065', note)", "drg NOT IN ('A', note)", "units IN (1, 5, 15)",
            "paid IN (0.01, fee, copay)", "paid NOT IN (0.01, 0.05)", "admitted IN ('2015-01-01', cutoff)",
            "score IN (0.000000001, trend)", "discharged NOT IN (admitted)",
        ),
    ),
    Construct(
        name="like",
        meaning="LIKE: % is any text, _ is one character, and nothing else is special.",
        formulas=(
            "note LIKE 'A%'", "note LIKE '_'", "note LIKE '%'", "note LIKE ''", "note LIKE '%é%'",
            "note NOT LIKE 'J1%'", "note LIKE 'a_b'", "note LIKE '%.%'", "note LIKE '''%'", "drg LIKE '0%'",
            "note LIKE '__'", "note LIKE '%1%0%'", "note LIKE 'a%b'",
        ),
    ),
    Construct(
        name="case",
        meaning="CASE in both forms: the first branch that is true, else the default, else null.",
        formulas=(
            "CASE WHEN member THEN 1 WHEN NOT member THEN 2 ELSE 3 END", "CASE code WHEN 'A' THEN charge WHEN 'B' THEN fee END",
            "CASE WHEN paid > 0 THEN paid ELSE charge END", "CASE WHEN drg = 'A' THEN note WHEN urgent THEN drg END",
            "CASE WHEN urgent THEN index ELSE units END", "CASE WHEN urgent THEN admitted ELSE discharged END",
            "CASE WHEN member THEN paid > 0 ELSE urgent END", "CASE note WHEN drg THEN 1 ELSE 0 END",
            "CASE WHEN drg IN ('A', 'B', '065') THEN lookup(drgs.drg_weight, drg) ELSE 1 END",
        ),
    ),
    Construct(
        name="coalesce",
        meaning="COALESCE: the first value that is not null.",
        formulas=(
            "coalesce(paid, fee, copay)", "coalesce(fee, total)", "coalesce(weight, score, index)", "coalesce(drg, note, 'A')",
            "coalesce(discharged, admitted)", "coalesce(member, paid > 0)", "coalesce(paid, 5)", "coalesce(lookup(drgs.base, drg), 5)",
            "coalesce(discharged, admitted + 999999)",
        ),
    ),
    Construct(
        name="extremum",
        meaning="LEAST and GREATEST, null where any argument is.",
        formulas=(
            "least(charge, copay)", "least(charge, paid)", "greatest(fee, paid)", "least(total, fee)", "greatest(score, index, 0.5)",
            "least(paid, fee, copay)", "greatest(admitted, discharged)", "least(code, drg)", "greatest(0, copay)",
            "least(round(charge * rate, 2), paid, 20.00)", "greatest(units, stay)",
        ),
    ),
    Construct(
        name="dates",
        meaning="Days between dates, dates moved by days, and the ends of the calendar.",
        formulas=(
            "discharged - admitted", "admitted + stay", "admitted - stay", "admitted + gap", "discharged - gap",
            "admitted + 999999 - 999999", "(discharged - admitted) * 2", "discharged - stay > cutoff",
            "DATE '2016-02-28' + stay", "admitted - DATE '2015-01-01'",
        ),
    ),
    Construct(
        name="calendar",
        meaning="Years, months and days of dates, and dates moved by months and years.",
        formulas=(
            "year(admitted)", "month(admitted)", "day(discharged)", "last_day(admitted)", "add_months(admitted, 1)",
            "add_months(admitted, units)", "add_months(discharged, - stay)", "add_years(admitted, lines)",
            "add_years(admitted, stay)", "months_between(admitted, discharged)", "years_between(admitted, discharged)",
            "months_between(discharged, cutoff)", "years_between(discharged, admitted)",
            "add_months(DATE '2016-01-31', lines)", "last_day(add_months(admitted, -1))",
        ),
    ),
    Construct(
        name="dated_parameters",
        meaning="Parameters that change from a day on, and rows before the first value.",
        formulas=(
            "conversion_factor * 2", "round(charge * conversion_factor, 2)", "cap * rate", "least(charge, cap)",
            "CASE WHEN urgent THEN cap ELSE charge END", "coalesce(paid, cap)", "charge > cap",
        ),
    ),
    Construct(
        name="lookup",
        meaning="Values of tables by key and date; no such row rejects.",
        formulas=(
            "lookup(drgs.drg_weight, drg)", "lookup(drgs.base, drg)", "lookup(drgs.since, drg)", "lookup(drgs.label, drg)",
            "lookup(drgs.is_surgical, drg)", "lookup(fees.amount, code, lines)", "lookup(fees.discount, code, lines)",
            "round(lookup(fees.amount, code, lines) * units, 2)", "lookup(fees.amount, kind, 0)",
            "round(lookup(drgs.drg_weight, coalesce(drg, 'A')) * base_rate, 2)", "lookup(drgs.base, lookup(drgs.label, drg))",
        ),
    ),
    Construct(
        name="has",
        meaning="HAS: whether a table has a row, so that a formula can ask before it looks up.",
        formulas=(
            "has(drgs, drg)", "has(fees, code, lines)", "has(drgs, drg) AND lookup(drgs.drg_weight, drg) > 1",
            "CASE WHEN has(fees, code, lines) THEN lookup(fees.amount, code, lines) ELSE charge END", "NOT has(drgs, note)",
        ),
    ),
    Construct(
        name="interpolate",
        meaning="INTERPOLATE: linear between the rows of a table around a number.",
        formulas=(
            "round(interpolate(curve.points, grade), 4)", "round(interpolate(curve.payment, grade), 2)",
            "round_half_even(interpolate(curve.payment, grade) * rate, 2)", "round(charge * interpolate(curve.points, lines), 2)",
            "round(interpolate(curve.payment, score), 2)",
        ),
    ),
    Construct(
        name="powers",
        meaning="POWER, EXP and LN within a ROUND, rounded correctly.",
        formulas=(
            "round(power(2, lines), 0)", "round(power(1.05, lines), 6)", "round(power(lines, 0.5), 9)", "round(power(0.5, lines), 3)",
            "round_half_even(power(0.5, lines), 3)", "round_down(exp(lines), 6)", "round(exp(lines), 12)", "round(ln(lines), 9)",
            "round(power(lines, -1), 6)", "round(charge * round(power(1.03, lines), 4), 2)", "round(exp(grade), 3)",
            "round(ln(lookup(drgs.drg_weight, drg)), 6)",
        ),
    ),
    Construct(
        name="widths",
        meaning="Numbers of up to 38 digits, where scales meet and products are wide.",
        formulas=(
            "total + 0.01", "total - fee", "total + total", "index + score", "round(total * 0.5, 2)", "greatest(total, fee)",
            "coalesce(fee, total)", "index * 2", "round(index, 4)", "units * units", "charge * units", "index IN (0.0000000000000000000001, units)",
            "total > 12345678901234567890123456.78", "CASE WHEN urgent THEN total ELSE fee END",
        ),
    ),
    Construct(
        name="rejections",
        meaning="Rows without a value: which reason comes first, and what is never read.",
        formulas=(
            "round(charge / units, 2) + lookup(drgs.base, drg)", "lookup(drgs.base, drg) + round(charge / units, 2)",
            "CASE WHEN units = 0 THEN 0.00 ELSE round(charge / units, 2) END", "units <> 0 AND charge > round(charge / units, 2)",
            "units = 0 OR charge > round(charge / units, 2)", "coalesce(paid, lookup(drgs.base, drg))",
            "round(paid / units, 2)", "least(cap, lookup(drgs.base, drg))", "drg IN ('A', lookup(drgs.label, drg))",
            "(admitted + gap) - (admitted - gap)", "lookup(fees.amount, code, lines) * conversion_factor",
        ),
    ),
    Construct(
        name="refused",
        meaning="Expressions that are wrong before any row is seen, by the code of the first finding.",
        formulas=(
            "charge + rate", "charge * paid", "charge / 2", "round(charge, 2.5)", "chrage", "charge +", "code = 5", "code = 'D'",
            "charge = NULL", "sum(charge)", "charge AND urgent", "least(charge)", "admitted + admitted", "urgent > FALSE",
            "index * total", "lookup(drgs.base)", "lookup(drgs.nothing, drg)", "lookup(nothing.base, drg)", "power(2, lines)",
            "round(power(charge, 2), 2)", "interpolate(curve.points, grade)", "note LIKE drg", "1 < units < 5", "charge $", "'A",
            "nosuch(charge)", "add_months(admitted, rate)", "CASE WHEN charge THEN 1 END", "round(exp(score), 2)",
        ),
    ),
    Construct(
        name="settlement",
        meaning="Settlement formulas: quotients are exact fractions, and nothing rounds unless written.",
        setting=SETTLEMENT,
        formulas=(
            "units / 112", "charge / 3", "charge / units", "(charge - paid) / charge", "share / weight", "charge / 3 * 3", "1 / (1 + lines)",
            "round(charge / 3, 2)", "round_half_even(charge / 8, 2)", "interpolate(curve.points, grade)", "interpolate(curve.payment, score / 3)",
            "least(charge / 3, paid)", "CASE WHEN charge / units > 10 THEN charge / units ELSE 0.00 END", "round(exp(trend / 7), 6)",
            "round(power(1 + rate, 1 / 3), 9)", "lookup(fees.amount, code, lines) / 7", "coalesce(paid / 7, charge)", "abs(copay / 7)",
            "trend / 3 = score / 3", "units / 7 BETWEEN 0 AND 1",
        ),
    ),
    Construct(
        name="claim",
        meaning="Amounts of a line that read the other lines of its claim.",
        setting=CLAIM,
        formulas=(
            "claim_sum(charge_amount)", "claim_sum(charge_amount) FILTER (WHERE urgent)", "claim_min(charge_amount)",
            "claim_max(charge_amount) FILTER (WHERE hcpcs = 'A')", "charge_amount * claim_rank(charge_amount)", "charge_amount * claim_rank(units) FILTER (WHERE urgent)",
            "charge_amount * claim_count()", "charge_amount * claim_count(charge_amount > 0)", "CASE WHEN claim_any(urgent) THEN charge_amount ELSE 0.00 END",
            "CASE WHEN claim_all(urgent) THEN charge_amount ELSE 0.00 END", "round(charge_amount * CASE WHEN claim_rank(charge_amount) = 1 THEN 1 ELSE 0.5 END, 2)",
            "round(claim_sum(charge_amount) / claim_count(), 2)", "claim_sum(round(charge_amount / units, 2))",
            "CASE WHEN claim_line_start_date = claim_max(claim_line_start_date) THEN charge_amount ELSE 0.00 END",
        ),
    ),
    Construct(
        name="running",
        meaning="Amounts within a limit that earlier lines and claims have used up in part.",
        setting=CLAIM,
        formulas=(
            "running(charge_amount, 100.00, person, 'year')", "running(charge_amount, 100.00, person, 'month')", "running(charge_amount, 100.00, person, 'quarter')",
            "running(charge_amount, 100.00, hcpcs, 'contract')", "running(charge_amount, 10.00 * units, person, 'year')",
            "charge_amount - running(charge_amount, 50.00, person, 'year')", "round(running(charge_amount * 0.5, 33.335, person, 'year'), 2)",
        ),
    ),
    Construct(
        name="mapping",
        meaning="Texts of other people's files, read or not; worked out by hand.",
        setting=MAPPING,
    ),
)  # fmt: skip
