"""What the tests of the command line share: a way to run it, and a small contract."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rules_engine.cli import commands

SMALL = """\
ruleset: small
title: A clinic is paid by fees and shares what is left of the premiums
version: "1"
lan_category: 3B
effective: {from: 2015-01-01, through: 2015-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer, clinics: [north, south]}
parameters:
  share: {type: rate, value: 0.50}
rules:
  - id: visits
    methodology: fee_schedule
    source: exhibit A
    terms: {allowed: "round(charge_amount * share, 2)"}
  - id: savings
    methodology: gain_loss_sharing
    source: exhibit B
    terms:
      revenue: {premiums: sum(premium.premium_amount)}
      expenditure: {care: sum(visits.paid)}
      gain: {share: equal, among: [plan, clinics]}
      loss: {share: equal, among: [plan, clinics]}
cases:
  - case: half of the charge
    note: "half of 100.01 is 50.005, half up 50.01"
    price:
      claim:
        claim_id: c1
        claim_type: professional
        person_id: m1
        lines:
          - {claim_line_number: 1, claim_line_start_date: 2015-03-02, charge_amount: 100.01}
    expect:
      lines:
        - {claim_line_number: 1, rule: visits, paid: 50.01, adjustments: {CO-45: 50.00}}
"""

CLAIM = """\
{"claim_id": "c1", "claim_type": "professional", "person_id": "m1",
 "claim_start_date": null, "claim_end_date": null, "discharge_date": null,
 "claim_line_start_date": "2015-03-02",
 "lines": [{"claim_line_number": 1, "charge_amount": 100.01}]}
"""

Call = Callable[..., Result]


@pytest.fixture(scope="session")
def call() -> Call:
    """Run the command line in this process; an exception that leaves it fails the test."""

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(
            commands, [str(one) for one in arguments], input=stdin, catch_exceptions=False
        )

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a working folder with a small contract, a claim for it, and data of a year."""
    (tmp_path / "ruleset.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "claim.json").write_text(CLAIM, encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    (data / "medical_claim.csv").write_text(
        "claim_id,claim_line_number,claim_type,person_id,claim_line_start_date,charge_amount\n"
        "c1,1,professional,m1,2015-03-02,100.01\n"
        "c2,1,professional,m1,2015-04-02,20.00\n",
        encoding="utf-8",
    )
    (data / "premium.csv").write_text(
        "person_id,month,premium_amount\nm1,2015-03-01,100.00\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path
