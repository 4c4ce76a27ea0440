"""Medians and percentiles in DuckDB are those of the exact definition."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import duckdb
from hypothesis import example, given
from hypothesis import strategies as st

from rules_engine.expressions import Kind, Relation, Scope, Type, check
from rules_engine.expressions.combining import combine
from rules_engine.expressions.tree import Aggregate
from rules_engine.methodology import Period
from rules_engine.settlement.experience import Source, measure

SCOPE = Scope(
    profile="settlement",
    grain="contract",
    relations={
        "visit": Relation(
            name="visit",
            grain="visit",
            columns={"amount": Type.of(Kind.MONEY, nullable=True), "site": Type(Kind.CODE)},
        )
    },
)
YEAR = Period(date(2015, 1, 1), date(2015, 12, 31), "2015")
CENTS = st.one_of(st.none(), st.integers(-500, 500))
SHARES = st.sampled_from(("0", "0.01", "0.25", "0.333333", "0.5", "0.9", "0.99", "1"))


@given(st.lists(st.tuples(CENTS, st.sampled_from("ab")), max_size=12), SHARES)
@example([], "0.5")
@example([(None, "a")], "0.5")
@example([(1, "a"), (2, "a"), (5, "b")], "0.5")
def test_percentiles_are_exact(rows: list[tuple[int | None, str]], share: str) -> None:
    """Between two rows in a straight line, without the nulls, and null for no rows."""
    texts = [
        f"percentile(visit.amount, {share})",
        f"percentile(visit.amount, {share}) filter (where visit.site = 'a')",
        "median(visit.amount * 0.5)",
    ]
    nodes = [check(text, SCOPE) for text in texts]
    aggregates = [node for node in nodes if isinstance(node, Aggregate)]
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("CREATE TABLE visit (amount DECIMAL(14, 2), site VARCHAR)")
        for cents, site in rows:
            amount = None if cents is None else Decimal(cents).scaleb(-2)
            connection.execute("INSERT INTO visit VALUES (?, ?)", [amount, site])
        wanted = [(node, ()) for node in aggregates]
        found = measure(connection, wanted, {"visit": Source("visit", "")}, {}, YEAR)
    taken = [(Fraction(cents, 100), site) for cents, site in rows if cents is not None]
    expected = [
        combine(aggregates[0], [amount for amount, _ in taken]),
        combine(aggregates[1], [amount for amount, site in taken if site == "a"]),
        combine(aggregates[2], [amount / 2 for amount, _ in taken]),
    ]
    assert [found.value(node, (), ()) for node in aggregates] == expected
