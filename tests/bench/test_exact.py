"""The exact answer of the reference job: what it is, whoever works it out."""

import os
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.exact import price
from bench.job import HERE
from bench.plain import tuned, written

SHARED = Path(
    os.environ.get(
        "RULES_ENGINE_BENCH", Path(__file__).parent.parent.parent.parent / "shared" / "bench"
    )
)
FEES = {f"C{number:03}": Decimal("20.00") + number * Decimal("13.37") for number in range(200)}

lines = st.fixed_dictionaries(
    {
        "hcpcs_code": st.sampled_from(sorted(FEES)),
        "hcpcs_modifier_1": st.sampled_from(["52", None]),
        "place_of_service_code": st.sampled_from(["21", "22", "11"]),
        "network_tier": st.sampled_from("ABC"),
        "service_unit_quantity": st.integers(1, 4),
        "charge_amount": st.decimals("10.00", "9010.00", places=2),
    }
)


def on_fractions(line: Mapping[str, Any]) -> tuple[Fraction, Fraction, Fraction]:
    """Work the answer out on exact rationals."""
    fee = Fraction(FEES[line["hcpcs_code"]]) * line["service_unit_quantity"]
    fee *= Fraction("0.85") if line["hcpcs_modifier_1"] == "52" else 1
    fee *= Fraction("1.10") if line["network_tier"] == "A" else 1
    fee *= Fraction("0.80") if line["place_of_service_code"] == "21" else 1
    allowed = min(Fraction(line["charge_amount"]), half_up(fee))
    withheld = half_up(allowed / 20)
    return allowed, withheld, allowed - withheld


def half_up(amount: Fraction) -> Fraction:
    """Round an amount of zero or more to the cent."""
    return Fraction((amount * 100 + Fraction(1, 2)).__floor__(), 100)


@given(lines)
def test_the_exact_answer_is_that_of_rationals(line: dict[str, Any]) -> None:
    """Decimal and fractions give the same three amounts."""
    assert tuple(map(Fraction, price(line, FEES))) == on_fractions(line)


@given(lines)
def test_the_yardstick_does_the_same_job(line: dict[str, Any]) -> None:
    """What microseconds are divided by gives the exact answer, however it is written."""
    assert written(line, FEES) == tuned(line, FEES) == price(line, FEES)


needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="the definition of the job is not beside the repository"
)


@needs_shared
@given(lines)
def test_the_exact_answer_is_that_of_the_definition(line: dict[str, Any]) -> None:
    """The definition of the job and the bench agree on every line."""
    assert price(line, FEES) == _defined()["price"](line, FEES)


@needs_shared
@pytest.mark.parametrize("name", ["lines.sql", "baseline.sql"])
def test_the_job_is_the_one_that_is_defined(name: str) -> None:
    """Lines and the SQL by hand are those of the definition."""
    assert (HERE / name).read_text(encoding="utf-8").split() == (
        (SHARED / name).read_text(encoding="utf-8").split()
    )


def test_a_tie_is_rounded_up() -> None:
    """Half a cent is a cent: 5 % of 0.10 is withheld as 0.01."""
    line = {
        "hcpcs_code": "C000",
        "hcpcs_modifier_1": None,
        "place_of_service_code": "11",
        "network_tier": "B",
        "service_unit_quantity": 1,
        "charge_amount": Decimal("0.10"),
    }
    expected = Decimal("0.005").quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert price(line, FEES) == (Decimal("0.10"), expected, Decimal("0.09"))


def _defined() -> dict[str, Any]:
    return run_path(str(SHARED / "reference.py"))
