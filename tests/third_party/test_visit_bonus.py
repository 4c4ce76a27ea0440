"""A third party's distribution: installed with pip, found by entry point, held to every law."""

import subprocess
import sys
from decimal import Decimal
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

PROJECT: Final = Path(__file__).parent / "rules-engine-visit-bonus"
if str(PROJECT) not in sys.path:
    # As if it were installed; the test at the end installs it.
    sys.path.append(str(PROJECT))

from rules_engine_visit_bonus import VISIT_BONUS  # noqa: E402  see above

from rules_engine import Engine, RulesetError  # noqa: E402  see above
from rules_engine.methodology import Host  # noqa: E402
from rules_engine.testing import PARTIES, Contract, amounts, holds_to_every_law  # noqa: E402

POINT: Final = EntryPoint("visit_bonus", "rules_engine_visit_bonus", "rules_engine")


@st.composite
def terms(draw: DrawFn) -> dict[str, Any]:
    """Bonuses above and below zero, whole or not."""
    return {
        "payer": "payer",
        "to": draw(st.lists(st.sampled_from(PARTIES), min_size=1, unique=True)),
        "visits": draw(
            st.sampled_from(("count(care)", "count(medical_claim) / 3", "count(member_month)"))
        ),
        "bonus": draw(amounts("-99.99", "99.99")),
    }


test_law = holds_to_every_law(VISIT_BONUS, terms())


def _contract() -> Contract:
    rule = {"id": "bonus", "methodology": "visit_bonus", "source": "exhibit C",
            "terms": {"payer": "plan", "to": ["clinics"], "visits": "count(medical_claim)",
                      "bonus": Decimal("2.50")}}  # fmt: skip
    document = {
        "ruleset": "bonus_contract", "title": "A bonus for visits", "version": "1",
        "effective": {"from": "2015-01-01", "through": "2015-12-31"}, "currency": "USD",
        "rounding": {"to": Decimal("0.01"), "mode": "half_up"}, "period": {"length": "year"},
        "parties": {"payers": ["plan"], "clinics": ["north", "south"]}, "rules": [rule],
    }  # fmt: skip
    return Contract(document=document)


def test_a_ruleset_names_a_third_partys_methodology_as_it_names_ours() -> None:
    """Three visits of the north clinic are paid 7.50 and one of the south clinic 2.50."""
    ruleset = _contract().load(Engine(host=Host.discover(points=[POINT])))
    lines = [
        {"claim_id": f"c{number}", "claim_line_number": 1, "person_id": "m1", "party": party,
         "claim_line_start_date": "2015-03-02"}
        for number, party in enumerate(("north", "south", "north", "north"))
    ]  # fmt: skip
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        balances = {name: str(money.as_decimal()) for name, money in run.ledger.balances().items()}
    assert balances == {"plan": "-10.00", "north": "7.50", "south": "2.50"}


def test_a_blocked_methodology_is_named_where_it_is_used() -> None:
    """Any distribution can be left out by the name of its entry point."""
    engine = Engine(host=Host.discover(block=["visit_bonus"], points=[POINT]))
    with pytest.raises(RulesetError) as caught:
        _contract().load(engine)
    assert [found.code for found in caught.value.diagnostics] == ["RE302"]


def test_a_plugin_that_fails_to_import_stops_only_its_own_rules() -> None:
    """A broken distribution is a finding with its name, never a traceback."""
    broken = EntryPoint("visit_bonus", "rules_engine_no_such_module", "rules_engine")
    engine = Engine(host=Host.discover(points=[broken]))
    with pytest.raises(RulesetError) as caught:
        _contract().load(engine)
    (found,) = caught.value.diagnostics
    assert found.code == "RE302"
    assert "rules_engine_no_such_module" in found.message


def test_pip_installs_it_and_the_engine_finds_it(tmp_path: Path) -> None:
    """The entry point of the installed distribution is all that the engine needs."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
               "--disable-pip-version-check", "--target", str(tmp_path), str(PROJECT)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "No module named pip" in done.stderr:
        pytest.skip("this environment was made without pip")
    assert done.returncode == 0, done.stderr
    (found,) = (
        d for d in distributions(path=[str(tmp_path)]) if d.name == "rules-engine-visit-bonus"
    )
    host = Host.discover(points=found.entry_points.select(group="rules_engine"))
    assert host.offers["visit_bonus"].distribution == "rules-engine-visit-bonus"
    assert (tmp_path / "rules_engine_visit_bonus" / "__init__.py").is_file()
