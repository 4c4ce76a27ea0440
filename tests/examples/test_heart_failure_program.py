"""A heart-failure program: what fees take from the hospital, and what the other contracts leave."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from examples.heart_failure_program import compare as comparing
from examples.heart_failure_program import population
from examples.heart_failure_program.compare import CONTRACTS, Result, compare, hospital_cost
from examples.heart_failure_program.population import SERVICES, Program, full_cost, volumes, write
from rules_engine import Engine
from tests.docs.pages import ROOT, blocks

PAGE: Final = ROOT / "examples" / "heart_failure_program" / "README.md"
PROGRAM: Final = ROOT / "rulesets" / "heart-failure-program"
# What each service is paid by its fee, in cents; the tables of the ruleset say the same.
FEES: Final = {"291": 1_100_000, "G0383": 60_000, "G0463": 11_000, "C8929": 30_000}
FEW: Final = settings(max_examples=max(4, settings().max_examples // 10))

parts = st.integers(0, 100).map(lambda part: Fraction(part, 100))
# More than about 84 % is more than all stays cost, net of the visits that come instead.
avoidable = st.integers(0, 80).map(lambda part: Fraction(part, 100))


def _by_contract(results: tuple[Result, ...]) -> Mapping[str, Result]:
    return {one.contract: one for one in results}


@pytest.fixture(scope="module")
def stated() -> Mapping[str, Result]:
    """Give the three contracts with the inputs as they are stated."""
    return _by_contract(compare())


def test_the_program_avoids_what_it_says() -> None:
    """Forty per cent of the full cost, to the cent, through stays and emergency visits."""
    usual, given_ = volumes(500), volumes(500, Program())
    assert Fraction(full_cost(given_), full_cost(usual)) == Fraction("0.60")
    assert given_["291"] < usual["291"]
    assert given_["G0383"] < usual["G0383"]
    assert given_["G0463"] > usual["G0463"]


def test_fees_take_what_the_program_saves_and_more(stated: Mapping[str, Result]) -> None:
    """The hospital earned money before, and loses money after."""
    fees = stated["fee-for-service"]
    assert fees.margin_after < 0 < fees.margin_before


@pytest.mark.parametrize("contract", ["bundle", "fixed-payment"])
def test_who_is_paid_before_the_care_gains(stated: Mapping[str, Result], contract: str) -> None:
    """The hospital lost money before, and earns money after."""
    one = stated[contract]
    assert one.margin_before < 0 < one.margin_after


def test_costs_that_follow_the_volume_leave_a_margin_under_fees() -> None:
    """Without fixed costs the program still lowers the margin, and no longer below zero."""
    fees = _by_contract(compare(fixed=Fraction(0)))["fee-for-service"]
    assert 0 < fees.margin_after < fees.margin_before


def test_costs_that_never_fall_leave_no_gain_under_any_contract() -> None:
    """What is avoided saves the hospital nothing, and the program costs something."""
    assert all(one.change < 0 for one in compare(fixed=Fraction(1)))


def test_a_program_that_avoids_nothing_costs_what_it_costs() -> None:
    """Under each contract alike."""
    program = Program(avoided=Fraction(0), month_cents=5_000)
    assert {one.change for one in compare(patients=20, program=program)} == {-5_000 * 12 * 20}


def test_the_fees_of_the_ruleset_are_those_of_this_test() -> None:
    """A fee that is changed there changes the law below."""
    found = {}
    for name in ("stays", "services"):
        with (PROGRAM / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for code, amount in list(csv.reader(file))[1:]:
                found[code] = int(Fraction(amount) * 100)
    assert {code: found[code] for code in FEES} == FEES


@FEW
@given(
    patients=st.integers(1, 60),
    avoided=avoidable,
    fixed=parts,
    month_cents=st.integers(0, 20_000),
    seed=st.integers(0, 2**32),
)
@example(patients=1, avoided=Fraction(0), fixed=Fraction(0), month_cents=0, seed=0)
def test_margins_move_by_volumes_alone(
    patients: int, avoided: Fraction, fixed: Fraction, month_cents: int, seed: int
) -> None:
    """Under fees by price less what is saved; else by what is saved; whoever has the service."""
    program = Program(avoided=avoided, month_cents=month_cents)
    usual, integrated = volumes(patients), volumes(patients, program)
    saved = hospital_cost(usual, usual, fixed) - hospital_cost(usual, integrated, fixed)
    saved -= month_cents * 12 * patients
    lost = sum((usual[code] - integrated[code]) * fee for code, fee in FEES.items())
    found = _by_contract(compare(patients=patients, program=program, fixed=fixed, seed=seed))
    assert tuple(found) == CONTRACTS
    assert found["fee-for-service"].change == saved - lost
    for contract, each in (("bundle", 1_350_000), ("fixed-payment", 12 * 111_000)):
        assert found[contract].change == saved
        assert found[contract].revenue_after == each * patients


@given(patients=st.integers(1, 10_000), avoided=avoidable)
def test_what_is_avoided_is_next_to_what_is_said(patients: int, avoided: Fraction) -> None:
    """Whole stays come within half a stay of the part."""
    program = Program(avoided=avoided)
    usual, integrated = full_cost(volumes(patients)), full_cost(volumes(patients, program))
    (stay,) = (one.cost_cents for one in SERVICES if one.is_stay)
    assert abs(usual - integrated - avoided * usual) <= Fraction(stay, 2)


def test_the_claims_are_the_stated_volumes_whoever_has_them(tmp_path: Path) -> None:
    """The seed moves them between people and days, and changes no number of them."""
    files = []
    for seed in (1, 2):
        write(tmp_path, patients=50, program=Program(), seed=seed)
        files.append((tmp_path / "medical_claim.csv").read_text(encoding="utf-8"))
        rows = list(csv.DictReader(files[-1].splitlines()))
        codes = Counter(row["drg_code"] or row["hcpcs_code"] for row in rows)
        assert codes == volumes(50, Program())
        assert len({row["claim_id"] for row in rows}) == len(rows)
    assert files[0] != files[1]
    write(tmp_path, patients=50, program=Program(), seed=2)
    assert (tmp_path / "medical_claim.csv").read_text(encoding="utf-8") == files[1]


def test_integrated_care_is_for_the_same_patients(tmp_path: Path) -> None:
    """Each stay of it is one of usual care; nobody is in two stays at once."""
    found = []
    for care, program in (("usual", None), ("integrated", Program())):
        write(tmp_path / care, patients=40, program=program)
        text = (tmp_path / care / "medical_claim.csv").read_text(encoding="utf-8")
        found.append({
            (row["person_id"], row["admission_date"], row["discharge_date"])
            for row in csv.DictReader(text.splitlines())
            if row["drg_code"]
        })  # fmt: skip
    usual, integrated = found
    assert integrated < usual
    ordered = sorted(usual)
    for (person, _, leaves), (other, comes, _) in pairwise(ordered):
        assert person != other or leaves < comes


@pytest.mark.parametrize(
    ("patients", "avoided", "said"),
    [(0, "0.4", "patients is 0"), (9, "1.5", "avoided is 3/2"), (9, "0.95", "without any stay")],
)
def test_inputs_that_make_no_sense_are_refused(patients: int, avoided: str, said: str) -> None:
    """Before anything is written."""
    with pytest.raises(ValueError, match=said):
        volumes(patients, Program(avoided=Fraction(avoided)))
    with pytest.raises(ValueError, match="fixed is 2"):
        compare(patients=1, fixed=Fraction(2))


def test_a_row_without_a_price_is_no_revenue_of_nothing(tmp_path: Path) -> None:
    """What a contract does not know is refused, and not counted as unpaid."""
    write(tmp_path, patients=2)
    path = tmp_path / "medical_claim.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("G0383", "G0384"), encoding="utf-8")
    with pytest.raises(ValueError, match="fee-for-service rejects 2 rows"):
        comparing.revenue("fee-for-service", tmp_path)


def test_the_page_prints_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """And the page of the rulesets has the same margins."""
    (block,) = (one for one in blocks(PAGE) if one.kind == "console")
    command, told = block.text.split("\n", 1)
    assert command == "$ python -m examples.heart_failure_program.compare"
    assert comparing.main([]) == 0
    assert capsys.readouterr().out == told
    printed = [line.split() for line in told.splitlines()[-6:]]
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (\S+) \| (\S+) \| (\S+) \|$",
        (PROGRAM / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    expected = [
        (before[0], before[-1], *after[-2:])
        for before, after in zip(printed[::2], printed[1::2], strict=True)
    ]
    assert rows == expected


OTHERS: Final = re.findall(
    r"^\| `(--[^`]+)` \| (\S+) \| (\S+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("options", "by_fees", "otherwise"), OTHERS)
def test_the_page_says_what_other_inputs_give(
    options: str, by_fees: str, otherwise: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each row of its table is a command."""
    assert comparing.main(options.split()) == 0
    changes = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[-5::2]]
    assert changes == [by_fees, otherwise, otherwise]


def test_the_page_has_other_inputs() -> None:
    """The table above is found."""
    assert len(OTHERS) >= 3


def test_the_programs_say_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of each table are told; an input that makes no sense ends with code 2."""
    assert population.main([str(tmp_path), "--patients", "10"]) == 0
    assert "usual/medical_claim: 102 rows" in capsys.readouterr().out
    for main, arguments in (
        (population.main, [str(tmp_path), "--avoided", "2"]),
        (comparing.main, ["--patients", "0"]),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2


def test_every_figure_of_the_contracts_is_marked() -> None:
    """They are made up, and say so where they stand."""
    for contract in CONTRACTS:
        declared = Engine().load(PROGRAM / f"{contract}.yaml").bound.declaration
        tables = [one for one in declared.tables.values() if one.file]
        assert all(one.is_unconfirmed for one in tables)
        assert all(one.is_unconfirmed for one in declared.parameters.values())
