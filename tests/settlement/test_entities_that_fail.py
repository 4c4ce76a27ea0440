"""Entities that cannot be settled: each is named, with the value that stands in its way."""

from pathlib import Path
from typing import Final

import pytest

from rules_engine import Engine, SettlementError

SHARES: Final = """
ruleset: shares
title: The share of a gain depends on the option that a clinic chose
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer}
entities: {clinic: {table: clinic, key: [number], role: provider}}
tables:
  clinic: {key: [number], columns: {number: code, option: code, size: number, budget: money}}
  options: {file: options.csv, key: [option], columns: {option: code, share: rate}}
  sizes: {file: sizes.csv, key: [size], columns: {size: number, minimum: rate}}
rules:
  - id: savings
    methodology: gain_loss_sharing
    for_each: clinic
    source: exhibit B
    terms:
      revenue: {budget: clinic.budget}
      expenditure: {care: clinic.budget / 2}
      gain:
        share: equal
        among: [clinic]
        residual: plan
        rate: lookup(options.share, clinic.option)
        minimum_rate: interpolate(sizes.minimum, clinic.size)
      loss: {share: equal, among: [plan]}
"""


def _settle(folder: Path, *clinics: tuple[str, str, int]) -> None:
    (folder / "ruleset.yaml").write_text(SHARES, encoding="utf-8")
    (folder / "options.csv").write_text("option,share\nglobal,1\nhalf,0.5\n", encoding="utf-8")
    (folder / "sizes.csv").write_text("size,minimum\n100,0.04\n900,0.02\n", encoding="utf-8")
    rows = [
        {"number": number, "option": option, "size": size, "budget": 100}
        for number, option, size in clinics
    ]
    Engine().load(folder / "ruleset.yaml").run({"clinic": rows}, mappings=()).close()


def test_every_entity_that_fails_is_named_with_its_value(tmp_path: Path) -> None:
    """Two of three clinics have what the tables do not know; one run says both."""
    with pytest.raises(SettlementError) as failed:
        _settle(tmp_path, ("c1", "Global", 100), ("c2", "half", 200), ("c3", "half", 1000))
    said = str(failed.value).splitlines()
    assert said[0] == "2 settlements cannot be made:"
    assert said[1].endswith("for c1: options has no row for this option; option is 'Global'")
    assert said[2].endswith("for c3: sizes has no rows around this value; size is 1,000")


def test_one_failure_is_one_line(tmp_path: Path) -> None:
    """It needs no heading."""
    with pytest.raises(SettlementError, match=r"^\S+: savings in 2026 for c1: .*'Global'$"):
        _settle(tmp_path, ("c1", "Global", 100), ("c2", "half", 200))
