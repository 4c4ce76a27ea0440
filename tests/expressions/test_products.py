"""Products with constants and counts: what is multiplied as whole numbers changes no digit."""

from hypothesis import example, given, reject
from hypothesis import strategies as st

from rules_engine.expressions import ExpressionError, Sites, check
from rules_engine.expressions.closure import Emitter
from tests.expressions.formulas import SCOPE, TABLES, rows
from tests.expressions.harness import Row, by_closure, exactly

FEE = "lookup(drgs.base, drg)"
NUMBERS = st.decimals(-5, 5, places=4, allow_nan=False).map(lambda number: f"{number:f}")
TESTS = st.sampled_from(("code = 'A'", "drg = '065'", "note IS NULL", "units > lines", "urgent"))
CHOICES = st.builds("CASE WHEN {} THEN {} ELSE {} END".format, TESTS, NUMBERS, NUMBERS)
COLUMNS = st.sampled_from(("units", "lines", "stay", "rate", "weight"))
FACTORS = st.lists(COLUMNS | NUMBERS | CHOICES, min_size=2, max_size=6)


@given(st.sampled_from(("charge", "paid", "copay", FEE)), FACTORS, st.integers(0, 4), rows())
@example("copay", ["0.5", "1.25", "units"], 2, [])
@example("copay", ["CASE WHEN urgent THEN 0.05 ELSE 1 END", "0.5", "lines"], 2, [])
def test_a_product_is_exact_however_it_is_multiplied(
    amount: str, factors: list[str], places: int, found: list[Row]
) -> None:
    """Closure = exact rationals, for amounts, nulls and rejections."""
    text = f"round({' * '.join([amount, *factors])}, {places})"
    try:
        expression = check(text, SCOPE)
    except ExpressionError:
        reject()  # too wide
    sites = Sites()
    if found:
        exact = exactly(expression, found, TABLES, sites)
        assert by_closure(expression, found, TABLES, sites) == exact


def test_counts_and_constants_are_multiplied_first() -> None:
    """Of the four Decimal products of such a fee two are left."""
    choice = "CASE WHEN urgent THEN 0.05 ELSE 1 END"
    text = f"round(charge * units * {choice} * 1.25 * 0.9, 2)"
    emitter = Emitter({}, Sites())
    assert emitter.value(check(text, SCOPE)).count("mul_(") == 2
