"""Law 10 across processes: the seed of hashes, the zone and the locale decide nothing."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Final

from rules_engine.testing import PARTIES, Contract

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = """
import json
from rules_engine import Engine
from rules_engine.engine.results import settlement_json
from rules_engine.testing.laws import amounts_of
from rules_engine.testing.strategies import experience
from tests.laws.test_host import CONTRACT

ruleset = CONTRACT.load(Engine())
with ruleset.run(experience(7, 6, 40), mappings=()) as run:
    report = settlement_json(run, {})
    for one in report["settlements"]:
        for step in one["explained"]:
            del step["place"]  # the folder that the contract was written into
    print(json.dumps(report, sort_keys=False))
    print(amounts_of(run))
    print(run.query.sql)
"""


def _contract() -> Contract:
    pool = {
        "revenue": {"premiums": "sum(premium.premium_amount) / 3"},
        "expenditure": {"care": "sum(care.paid)", "months": "count(member_month) * pmpm"},
        "gain": {"share": {"by": "count(member_month) + 1"}, "among": ["providers", "insurer"]},
        "loss": {"share": "equal", "among": ["providers", "insurer"], "nested": True},
    }
    rules = [
        {"id": "care", "methodology": "fee_schedule", "source": "s",
         "terms": {"allowed": "round(coalesce(charge_amount, 1.00) / 7, 2)"}},
        {"id": "kept", "methodology": "fee_schedule", "source": "s",
         "terms": {"withheld": {"amount": "round(allowed * 0.05, 2)"}}},
        {"id": "pool_rule", "methodology": "gain_loss_sharing", "source": "s", "terms": pool},
    ]  # fmt: skip
    document = {
        "ruleset": "hosts", "title": "The same on every host", "version": "1",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "quarter"},
        "parties": {"insurer": ["payer"], "providers": list(PARTIES)},
        "parameters": {"pmpm": {"type": "money", "value": Decimal("1.25")}}, "rules": rules,
    }  # fmt: skip
    return Contract(document=document)


CONTRACT: Final = _contract()


def test_hash_seed_zone_and_locale_decide_nothing() -> None:
    """The settlement, the lines and the query are the same text in processes set up differently."""
    hosts = (
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "12345", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
    )
    found = [_output(host) for host in hosts]
    assert "pool_rule" in found[0]
    assert found[0] == found[1]


def _output(host: dict[str, str]) -> str:
    # The sources that this process runs, a copy of them or the installed ones.
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | host | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
