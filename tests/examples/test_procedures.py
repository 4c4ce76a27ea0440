"""The example of several procedures and a deductible: its cases, and the order of claims."""

import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rules_engine import Engine, Given, NotGivenError, PricedLine, RejectedLine, RulesetError
from rules_engine.cli import commands
from rules_engine.testing.laws import alone_as_in_the_batch

RULESET = Path(__file__).parents[2] / "examples" / "procedures" / "ruleset.yaml"
SUMS = {("deductible", "P1", "2026"): Decimal("1000.00")}


def line(claim: str, number: int, day: str, **more: Any) -> dict[str, Any]:
    """Give a line of a visit."""
    found = {
        "claim_id": claim,
        "person_id": "P1",
        "claim_line_number": number,
        "claim_line_start_date": f"2026-{day}",
        "hcpcs_code": "V1",
        "charge_amount": Decimal("120.00"),
    }
    return {**found, **more}


def test_its_cases_pass() -> None:
    """Worked by hand."""
    assert all(result.passed for result in Engine().load(RULESET).test())


def test_claims_are_priced_whole() -> None:
    """A claim that began earlier comes first, with all of its lines."""
    ruleset = Engine().load(RULESET)
    lines = [
        line("late", 1, "03-03", hcpcs_code="A1", charge_amount=Decimal("800.00")),
        line("early", 1, "03-01"),
        line("early", 2, "03-09", hcpcs_code="A2", charge_amount=Decimal("500.00")),
    ]
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        assert alone_as_in_the_batch(ruleset, run) == 3
        found = run.connection.execute(
            "SELECT claim_id, deductible_amount FROM priced_line ORDER BY 1, claim_line_number"
        ).fetchall()
    # 120 and 500 of the first claim; 380 are left for the second.
    assert found == [
        ("early", Decimal("120.00")),
        ("early", Decimal("500.00")),
        ("late", Decimal("380.00")),
    ]


def test_a_sequence_says_which_claim_comes_first() -> None:
    """Where the data has one."""
    ruleset = Engine().load(RULESET)
    price = {"hcpcs_code": "A1", "charge_amount": Decimal("800.00")}
    lines = [
        line("a", 1, "03-01", sequence=2, **price),
        line("b", 1, "03-02", sequence=1, **price),
        line("c", 1, "01-01", sequence=None, **price),
    ]
    with ruleset.run({"medical_claim": lines}, mappings=()) as run:
        assert alone_as_in_the_batch(ruleset, run) == 3
        found = run.connection.execute(
            "SELECT claim_id, deductible_amount FROM priced_line ORDER BY 1"
        ).fetchall()
    assert found == [("a", Decimal("200.00")), ("b", Decimal("800.00")), ("c", Decimal("0.00"))]


def test_what_has_run_up_is_given_and_never_assumed() -> None:
    """An empty mapping says that nothing has; saying nothing is an error."""
    ruleset = Engine().load(RULESET)
    assert ruleset.needs.accumulators == ("deductible",)
    claim = line("a", 1, "03-01")
    with pytest.raises(NotGivenError, match="running sums and they are not given"):
        ruleset.price(claim)
    first = ruleset.price(claim, Given(accumulators={})).lines[0]
    later = ruleset.price(claim, Given(accumulators=SUMS))
    assert isinstance(first, PricedLine)
    assert isinstance(later.lines[0], PricedLine)
    assert first.member_share == Decimal("120.00")
    assert later.lines[0].member_share == Decimal("24.00")
    assert later.given_after == {("deductible", "P1", "2026"): Decimal("1120.00")}


def test_a_stream_of_lines_keeps_what_has_run_up() -> None:
    """Claim after claim, in the order in which they come."""
    ruleset = Engine().load(RULESET)
    lines = [
        line(f"c{n}", 1, f"03-0{n}", hcpcs_code="A1", charge_amount=Decimal("800.00"))
        for n in (1, 2, 3)
    ]
    found = list(ruleset.price_rows(lines, Given(accumulators={})))
    assert [row["deductible_amount"] for row in found] == [
        Decimal("800.00"),
        Decimal("200.00"),
        Decimal("0.00"),
    ]


def test_a_sequence_is_a_number_also_where_it_comes_as_text() -> None:
    """The ninth line comes before the tenth; what is no number refuses its line."""
    ruleset = Engine().load(RULESET)
    a1 = {"hcpcs_code": "A1", "charge_amount": Decimal("800.00")}
    claim = {
        "claim_id": "a",
        "lines": [
            line("a", number, "03-01", sequence=sequence, **a1)
            for number, sequence in ((1, "10"), (2, "9"), (3, "ninth"))
        ],
    }
    given = Given(accumulators={})
    tenth, ninth, refused = ruleset.price(claim, given).lines
    assert isinstance(tenth, PricedLine)
    assert isinstance(ninth, PricedLine)
    # The ninth is paid half, 400.00, all of it deductible. Of the tenth 600.00 is, and 20 % of 200.
    assert (ninth.member_share, tenth.member_share) == (Decimal("400.00"), Decimal("640.00"))
    assert isinstance(refused, RejectedLine)
    assert refused.reason.startswith("sequence does not read as a whole number")
    explained = ruleset.explain_claim(claim, given)
    assert "deductible: 600.00 = running(" in explained.render()
    assert "deductible before: 400.00" in explained.render()
    kept = ruleset.price(claim, given, trace=True).traces
    assert [trace.explanation for trace in kept] == list(explained.children)


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        ({("deductable", "P1", "2026"): Decimal(1)}, "'deductable', .* did you mean deductible?"),
        ({("copay", "P1", "2026"): Decimal(1)}, "'copay', .* its running sums are deductible"),
        ({("deductible", "P1", 2026): Decimal(1)}, "the key .*; three texts may stand there"),
        ({"deductible": Decimal(1)}, "the key 'deductible'; three texts may stand there"),
        ({("deductible", "P1", "2026"): Decimal("NaN")}, "is NaN; an amount may stand there"),
        ({("deductible", "P1", "2026"): 0.1}, "is 0.1; a Decimal or an int may stand there"),
    ],
)
def test_what_has_run_up_is_a_running_sum_of_the_ruleset(sums: Any, said: str) -> None:
    """A name that is misspelt would say that nothing has run up."""
    ruleset = Engine().load(RULESET)
    known = Given(accumulators=sums)
    claim = line("a", 1, "03-01")
    for price in (ruleset.price, ruleset.explain_claim):
        with pytest.raises((ValueError, TypeError), match=said):
            price(claim, known)
    with pytest.raises((ValueError, TypeError), match=said):
        next(ruleset.price_rows([claim], known))


def test_a_ruleset_without_running_sums_is_given_none() -> None:
    """What was meant for another ruleset changes no price, and is said."""
    ruleset = Engine().load(RULESET.parents[1] / "clinic" / "ruleset.yaml")
    claim = {
        "claim_id": "c1",
        "claim_line_number": 1,
        "claim_line_start_date": "2026-03-02",
        "service_unit_quantity": 2,
        "charge_amount": Decimal("300.00"),
    }
    for one in (claim, {"claim_id": "c1", "lines": [claim]}):
        with pytest.raises(ValueError, match=r"'deductible', .* it keeps no running sums"):
            ruleset.price(one, Given(accumulators=SUMS))
        assert ruleset.price(one, Given(accumulators={})) == ruleset.price(one)


@pytest.mark.parametrize("place", [0, -1])
def test_a_case_whose_sum_is_misspelt_fails(tmp_path: Path, place: int) -> None:
    """In what has run up before the claim, and in what has after it."""
    shutil.copytree(RULESET.parent, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "ruleset.yaml"
    parts = path.read_text(encoding="utf-8").split("accumulators: {deductible")
    words = ["accumulators: {deductible"] * (len(parts) - 1)
    words[place] = "accumulators: {deductable"
    path.write_text(
        "".join(part + word for part, word in zip(parts, [*words, ""], strict=True)), "utf-8"
    )
    failed = [result.error for result in Engine().load(path).test() if not result.passed]
    assert len(failed) == 1
    assert "did you mean deductible?" in failed[0]


def test_the_command_line_refuses_a_sum_that_is_misspelt(tmp_path: Path) -> None:
    """As misuse: the exit code is 2."""
    claim, known = tmp_path / "claim.json", tmp_path / "given.json"
    claim.write_text(json.dumps(line("a", 1, "03-01", charge_amount="120.00")), encoding="utf-8")
    known.write_text('{"accumulators": {"deductable": {"P1": {"2026": "1000.00"}}}}', "utf-8")
    asked = ["price", str(RULESET), str(claim), "--given", str(known)]
    done = CliRunner().invoke(commands, asked)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean deductible?" in done.stderr


def test_the_command_line_refuses_a_line_number_that_is_none(tmp_path: Path) -> None:
    """On a claim of one line as on a claim of several."""
    path = tmp_path / "claim.json"
    claim = line("a", 1, "03-01", charge_amount="120.00") | {"claim_line_number": 1.5}
    for one in (claim, {"claim_id": "a", "lines": [claim]}):
        path.write_text(json.dumps(one), encoding="utf-8")
        known = tmp_path / "given.json"
        known.write_text('{"accumulators": {}}', "utf-8")
        done = CliRunner().invoke(
            commands, ["price", str(RULESET), str(path), "--given", str(known)]
        )
        assert (done.exit_code, done.stdout) == (2, "")
        assert "claim_line_number is 1.5; a whole number from 0 to 999999" in done.stderr


def test_the_command_line_says_what_to_give(tmp_path: Path) -> None:
    """The option, and what its file holds; both forms are taken as they are written."""
    path, known = tmp_path / "claim.json", tmp_path / "given.json"
    path.write_text(json.dumps(line("a", 1, "03-01", charge_amount="120.00")), encoding="utf-8")
    for asked in (
        ["price", str(RULESET), str(path)],
        ["explain", str(RULESET), "--claim", str(path)],
    ):
        done = CliRunner().invoke(commands, asked)
        assert (done.exit_code, done.stdout) == (2, "")
        forms = re.findall(r"[{].*?[}]+(?=,| where)", done.stderr)
        assert len(forms) == 2
        assert "--given FILE" in done.stderr
        for form in forms:
            known.write_text(form, encoding="utf-8")
            assert CliRunner().invoke(commands, [*asked, "--given", str(known)]).exit_code == 0


def test_a_folder_stands_for_its_ruleset() -> None:
    """In Python as on the command line."""
    engine = Engine()
    for opened in (engine.load(RULESET.parent), engine.open(str(RULESET.parent))):
        assert (opened.id, opened.path) == ("procedures_and_deductible", RULESET)
        assert opened.digest == engine.load(RULESET).digest
    assert engine.validate(RULESET.parent) == engine.validate(RULESET)


def test_a_folder_without_a_ruleset_is_said(tmp_path: Path) -> None:
    """With the name of the file that would stand there."""
    for opened in (Engine().load, Engine().open):
        with pytest.raises(RulesetError, match=r"ruleset\.yaml"):
            opened(tmp_path)
