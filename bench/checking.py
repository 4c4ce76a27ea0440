"""Checking a large ruleset, with all of its errors and their places."""

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from bench.measure import Measure
from rules_engine import Engine

__all__ = ["checking"]

_SECONDS: Final = 1.0
"""What the validation may take."""

_HEAD = """ruleset: large
title: Many rules
version: "1"
effective: {from: 2025-01-01, through: 2025-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
parties:
  payer: [plan]
rules:
"""


def checking(folder: Path, rules: int, rounds: int) -> list[Measure]:
    """Time the validation of many rules, of which every tenth names a column that is not there."""
    path = folder / "large.yaml"
    parts = [_HEAD]
    for number in range(rules):
        charge = "charge_amuont" if number % 10 == 0 else "charge_amount"
        parts.append(
            f"  - id: rule_{number}\n"
            "    methodology: fee_schedule\n"
            f"    source: exhibit {number}\n"
            f"    when: hcpcs_code = 'X{number:04}' AND service_unit_quantity > 0\n"
            "    terms:\n"
            f"      allowed: round({charge} * 0.{number % 90 + 10}, 2)\n"
        )
    path.write_text("".join(parts), encoding="utf-8")
    engine = Engine()
    seconds, found = [], []
    for _ in range(rounds):
        begin = perf_counter()
        found = engine.validate(path)
        seconds.append(perf_counter() - begin)
    places = {(d.location.line, d.location.column) for d in found}
    expected = len(range(0, rules, 10))
    return [
        Measure(
            what=f"validate {rules} rules, {expected} of them wrong",
            measured=f"{median(seconds):.2f} s, least {min(seconds):.2f} s",
            bar=f"< {_SECONDS:g} s",
            is_met=median(seconds) < _SECONDS,
        ),
        Measure(
            what="of these errors, found each at its own place",
            measured=str(len(places)),
            bar=str(expected),
            is_met=len(found) == len(places) == expected,
        ),
    ]
