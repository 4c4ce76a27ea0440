"""gain_loss_sharing: scale, parts of a population, opposite experience, and monotone regions."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from rules_engine_gain_loss_sharing import GAIN_LOSS_SHARING

from rules_engine.testing import Contract, amounts, engine_of, rates
from rules_engine.testing.laws import transfers_balance

Experience = tuple[Decimal, Decimal]
"""What a clinic's benchmark and its expenditure were."""

FEW: Final = settings(max_examples=12, deadline=None)
CENT: Final = Fraction(1, 100)


def _shares(
    gain: Mapping[str, Any], loss: Mapping[str, Any], facts: Sequence[Experience]
) -> list[Fraction]:
    """Settle each experience by itself, all of them in one run; give what each clinic gets."""
    common = {"share": "equal", "among": ["clinic"], "residual": "payer"}
    rule = {
        "id": "savings", "methodology": "gain_loss_sharing", "for_each": "clinic", "source": "s",
        "terms": {"revenue": {"benchmark": "clinic.benchmark"},
                  "expenditure": {"care": "clinic.expenditure"},
                  "gain": {**common, **gain}, "loss": {**common, **loss}},
    }  # fmt: skip
    columns = {"number": "code", "benchmark": "money", "expenditure": "money"}
    document = {
        "ruleset": "laws", "title": "One contract, many years", "version": "1",
        "effective": {"from": "2024-01-01", "through": "2024-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payer": "payer"},
        "entities": {"clinic": {"table": "clinic_year", "key": ["number"], "role": "provider"}},
        "tables": {"clinic_year": {"key": ["number"], "columns": columns}}, "rules": [rule],
    }  # fmt: skip
    rows = [
        {"number": f"p{number:03}", "benchmark": benchmark, "expenditure": spent}
        for number, (benchmark, spent) in enumerate(facts)
    ]
    ruleset = Contract(document=document).load(engine_of(GAIN_LOSS_SHARING))
    with ruleset.run({"clinic_year": rows}, mappings=()) as run:
        transfers_balance(run.ledger.transfers)
        found = {one.key[0]: one.outputs["share"].get(one.key[0], 0) for one in run.settlements}
    return [Fraction(found[f"p{number:03}"]) for number in range(len(facts))]


@st.composite
def parts(draw: DrawFn, scale: int = 1) -> dict[str, Any]:
    """Rate or bands, a minimum, a cap and a reduction; money terms `scale` times as large."""
    part: dict[str, Any] = {"minimum_rate": draw(st.sampled_from((0, Decimal("0.02"))))}
    part["counts"] = draw(st.sampled_from(("from_first_dollar", "above_minimum")))
    if draw(st.booleans()):
        part["rate"] = draw(rates())
    else:
        part["bands"] = [
            {"through": Decimal("0.05"), "rate": draw(rates())},
            {"rate": draw(rates())},
        ]
    if draw(st.booleans()):
        part["below_minimum"] = {"when": "1 = 1", "rate": draw(rates())}
    order = draw(st.sampled_from(("before_cap", "after_cap")))
    part["reduce"] = {"by": draw(rates()), "order": order}
    for name in ("cap", "relief"):
        if draw(st.booleans()):
            part[name] = draw(amounts("0.00", "300.00")) * scale
    return part


def _years(benchmark: Decimal, results: Sequence[Decimal]) -> list[Experience]:
    return [(benchmark, benchmark - result) for result in results]


RESULTS: Final = st.lists(amounts("-900.00", "900.00"), min_size=2, max_size=8)
GAINS: Final = st.lists(amounts("0.00", "900.00"), min_size=2, max_size=12)


@given(part=parts(), results=RESULTS)
@FEW
def test_opposite_experience_gives_opposite_results(
    part: dict[str, Any], results: list[Decimal]
) -> None:
    """A contract whose loss has the terms of its gain is symmetric."""
    benchmark = Decimal("1000.00")
    ahead = _shares(part, part, _years(benchmark, results))
    behind = _shares(part, part, _years(benchmark, [-result for result in results]))
    assert ahead == [-share for share in behind]


@given(part=parts(), results=RESULTS, times=st.integers(2, 1000))
@FEW
def test_money_times_a_number_gives_amounts_times_that_number(
    part: dict[str, Any], results: list[Decimal], times: int
) -> None:
    """In other units of money the contract pays the same, but for what is rounded."""
    benchmark = Decimal("1000.00")
    larger = {
        name: value * times if name in {"cap", "relief"} else value for name, value in part.items()
    }
    once = _shares(part, part, _years(benchmark, results))
    scaled = _shares(
        larger, larger, _years(benchmark * times, [result * times for result in results])
    )
    for small, large in zip(once, scaled, strict=True):
        assert abs(large - small * times) <= CENT * (times + 1) / 2


@given(
    rate=rates(),
    loss_rate=rates(),
    halves=st.tuples(amounts("0.00", "900.00"), amounts("0.00", "900.00")),
)
@FEW
def test_parts_of_a_population_add_up_where_the_contract_is_linear(
    rate: Decimal, loss_rate: Decimal, halves: tuple[Decimal, Decimal]
) -> None:
    """Of gains, or of losses, a rate gives the same whether two halves settle together or apart."""
    benchmark = Decimal("1000.00")
    for sign in (1, -1):
        results = [half * sign for half in halves]
        first, second, whole = _shares(
            {"rate": rate}, {"rate": loss_rate},
            [*_years(benchmark, results), (2 * benchmark, 2 * benchmark - sum(results))],
        )  # fmt: skip
        assert abs(first + second - whole) <= CENT * Fraction(3, 2)


def test_parts_do_not_add_up_where_a_minimum_stands() -> None:
    """A gain of 3 % and one of nothing: apart one of them reaches 2 %, together neither does."""
    part = {"rate": Decimal("0.5"), "minimum_rate": Decimal("0.02")}
    thousand = Decimal(1000)
    apart = _shares(part, part, _years(thousand, [Decimal(30), Decimal(0)]))
    together = _shares(part, part, [(2 * thousand, 2 * thousand - 30)])
    assert sum(apart) == 15
    assert together == [0]


@given(part=parts(), results=GAINS)
@FEW
def test_more_savings_never_pay_less_inside_a_region(
    part: dict[str, Any], results: list[Decimal]
) -> None:
    """Below the minimum and above it; and across it too where nothing counts below."""
    benchmark = Decimal("1000.00")
    ordered = sorted({*results, Decimal("19.99"), Decimal("20.00")})
    shares = _shares(part, part, _years(benchmark, ordered))
    least = benchmark * part["minimum_rate"]
    for (less, low), (more, high) in pairwise(zip(ordered, shares, strict=True)):
        crosses = less < least <= more
        if not (crosses and "below_minimum" in part):
            assert low <= high


def test_a_rate_below_the_minimum_is_a_cliff() -> None:
    """All of 19.99 is more than half of 20.00: one cent of savings costs 9.99."""
    part = {
        "rate": Decimal("0.5"), "minimum_rate": Decimal("0.02"),
        "below_minimum": {"when": "1 = 1", "rate": 1},
    }  # fmt: skip
    results = [Decimal("19.99"), Decimal("20.00")]
    assert _shares(part, part, _years(Decimal(1000), results)) == [Fraction("19.99"), 10]
