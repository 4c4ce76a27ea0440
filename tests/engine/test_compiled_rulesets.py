"""Compiled rulesets: the same contract in one file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine import Engine
from rules_engine.engine.compiled import CompiledError

ROOT = Path(__file__).resolve().parents[2]
VIVITY = ROOT / "rulesets" / "vivity"
CLAIM: dict[str, Any] = {
    "claim_id": "c1",
    "claim_type": "professional",
    "party": "pih_health",
    "person_id": "m1",
    "lines": [
        {
            "claim_line_number": 1,
            "claim_line_start_date": "2015-03-02",
            "hcpcs_code": "G0463",
            "service_unit_quantity": 2,
            "charge_amount": "300.00",
        }
    ],
}
MONTHS = [{"person_id": "m1", "month": "2015-01-01", "fraction": 1}]
PREMIUMS = [{"person_id": "m1", "month": "2015-01-01", "premium_amount": "389.00"}]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save the reference ruleset."""
    path = tmp_path_factory.mktemp("compiled") / "vivity.json"
    Engine().load(VIVITY / "ruleset.yaml").save(path)
    return path


def test_a_saved_ruleset_prices_as_the_one_it_was_saved_from(saved: Path) -> None:
    """Same digest, same needs, same amounts."""
    engine = Engine()
    written, opened = engine.load(VIVITY / "ruleset.yaml"), engine.open(saved)
    assert opened.digest == written.digest
    assert opened.needs == written.needs
    blank = dict.fromkeys(written.needs.claim)
    (line,) = CLAIM["lines"]
    full = {**blank, **CLAIM, "lines": [{**blank, **line}]}
    assert opened.price(full) == written.price(full)


def test_a_saved_ruleset_settles_as_the_one_it_was_saved_from(saved: Path) -> None:
    """Every transfer is the same, to the cent."""
    engine = Engine()
    results = []
    for ruleset in (engine.load(VIVITY / "ruleset.yaml"), engine.open(saved)):
        head = dict.fromkeys(ruleset.needs.claim) | {k: v for k, v in CLAIM.items() if k != "lines"}
        lines = [{**head, **line} for line in CLAIM["lines"]]
        data = {"medical_claim": lines, "premium": PREMIUMS, "member_month": MONTHS}
        results.append(ruleset.run(data).books.ledger.balances())
    assert results[0] == results[1]
    assert any(money.cents for money in results[0].values())


def test_a_saved_ruleset_has_what_it_extended(tmp_path: Path) -> None:
    """One file is enough: neither the base nor its tables are read again."""
    engine = Engine()
    extended = engine.load(VIVITY / "synpuf.yaml")
    path = tmp_path / "synpuf.json"
    extended.save(path)
    opened = engine.open(path)
    assert opened.digest == extended.digest
    assert [rule.id for rule in opened.rules] == [rule.id for rule in extended.rules]


@settings(max_examples=10)
@given(st.data())
def test_a_changed_byte_is_refused(saved: Path, data: st.DataObject) -> None:
    """Whatever is changed in what it says, the file is not opened as another contract."""
    text = saved.read_bytes()
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = saved.with_name("changed.json")
    changed.write_bytes(text[:place] + bytes([byte]) + text[place + 1 :])
    engine = Engine()
    try:
        opened = engine.open(changed)
    except CompiledError:
        return
    # Spaces between values say nothing.
    assert json.loads(changed.read_bytes()) == json.loads(text)
    assert opened.digest == engine.open(saved).digest


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"document": 1}', "ruleset: acme"])
def test_a_file_that_is_no_compiled_ruleset_is_refused(text: str, tmp_path: Path) -> None:
    """It says what it is not, and how one is made."""
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CompiledError, match="no compiled ruleset"):
        Engine().open(path)


HEAVY = "duckdb sqlglot jsonschema pyarrow rich click"
PRICE = """
from rules_engine import Engine
ruleset = Engine().open(sys.argv[1])
claim, absent = json.loads(sys.argv[2]), dict.fromkeys(ruleset.needs.claim)
assert ruleset.price({**absent, **claim, "lines": [{**absent, **claim["lines"][0]}]}).paid
"""


@pytest.mark.parametrize("program", ["import rules_engine", PRICE], ids=["import", "price"])
def test_an_embedding_program_loads_no_engine_of_the_batch(program: str, saved: Path) -> None:
    """Pricing one claim needs neither DuckDB nor a schema."""
    script = (
        f"import json, sys\n{program}\nprint(sorted(set('{HEAVY}'.split()) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(saved), json.dumps(CLAIM)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
