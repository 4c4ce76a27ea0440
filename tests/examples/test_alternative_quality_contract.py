"""Seven groups on made-up claims: what the published savings come to, and who gets them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from examples.alternative_quality_contract.population import GROUPS, TRENDS, YEARS, main, write
from rules_engine import Engine

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "alternative_quality_contract" / "ruleset.yaml"
CONTRACT: Final = ROOT / "rulesets" / "bcbsma-alternative-quality-contract"
# Song et al. 2012: of all groups, and of those that came from fee-for-service alone.
PUBLISHED: Final = {
    2009: (Fraction("0.019"), Fraction("0.063")),
    2010: (Fraction("0.033"), Fraction("0.099")),
}

Outputs = Mapping[tuple[str, str], Mapping[str, Any]]


def _settled(ruleset: Path, data: Any, year: int) -> tuple[Outputs, Mapping[str, Fraction]]:
    """Give the outputs by rule and group, and what each party has in the end."""
    with Engine().load(ruleset).run(data, period=str(year)) as run:
        outputs = {(one.rule, one.key[0]): one.outputs for one in run.settlements}
        balances = {one: Fraction(m.cents, 100) for one, m in run.ledger.balances().items()}
    return outputs, balances


def _sum(outputs: Outputs, rule: str, name: str, groups: tuple[str, ...] = ()) -> Fraction:
    return sum(
        (
            Fraction(one[name])
            for (of, group), one in outputs.items()
            if of == rule and (not groups or group in groups)
        ),
        Fraction(0),
    )


def _printed(amount: Fraction) -> str:
    dollars, cents = divmod(int(amount * 100), 100)
    return f"{dollars:,}.{cents:02}"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the population as files."""
    folder = tmp_path_factory.mktemp("population")
    write(folder)
    return folder


def test_its_cases_pass() -> None:
    """What the notes say by hand is what the engine finds."""
    results = Engine().load(EXAMPLE).test()
    assert results
    assert [(result.name, result.error) for result in results if not result.passed] == []


@pytest.mark.parametrize("year", YEARS)
def test_the_published_savings_come_out_of_the_claims(data: Path, year: int) -> None:
    """1.9 and 3.3 % of all budgets are saved, and 6.3 and 9.9 % by groups that came from fees."""
    outputs, _ = _settled(EXAMPLE, data, year)
    for groups, published in zip(((), ("pine", "spruce")), PUBLISHED[year], strict=True):
        saved = _sum(outputs, "budget", "result", groups)
        assert saved / _sum(outputs, "budget", "revenue", groups) == published


@pytest.mark.parametrize("year", YEARS)
def test_the_plan_pays_what_it_does_not_keep(data: Path, year: int) -> None:
    """Its share of the savings less all bonuses; the README tells the same amounts."""
    outputs, balances = _settled(EXAMPLE, data, year)
    saved, shared = (_sum(outputs, "budget", name) for name in ("result", "shared"))
    bonus = _sum(outputs, "quality", "bonus")
    assert balances["plan"] == saved - shared - bonus
    revenue, expenditure = (_sum(outputs, "budget", name) for name in ("revenue", "expenditure"))
    columns = [revenue, expenditure, saved, shared, bonus, -balances["plan"]]
    told = (CONTRACT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in told.splitlines() if line.startswith(f"| {year} |"))
    assert re.findall(r"[\d,]+\.\d\d", row) == [_printed(amount) for amount in columns]


@pytest.mark.parametrize("year", YEARS)
def test_the_contract_on_totals_pays_the_same(data: Path, year: int) -> None:
    """The reference ruleset, given the sums of the claims, settles each group alike."""
    outputs, balances = _settled(EXAMPLE, data, year)
    place = YEARS.index(year)
    rows = [
        {
            "group_id": group.party, "year": str(year), "agreement": "first",
            "contract_year": place + 1, "base_pmpm": _decimal(Fraction(group.base_cents, 100)),
            "health_status": _decimal(group.health_status),
            "member_months": group.members * 12,
            "expenditure": _decimal(Fraction(outputs["budget", group.party]["expenditure"])),
            "risk_share": _decimal(group.risk_share),
            "gate": group.gates[place],
        }
        for group in GROUPS
    ]  # fmt: skip
    trends = [
        {"agreement": "first", "contract_year": number, "trend": _decimal(trend)}
        for number, trend in enumerate(TRENDS, start=1)
    ]  # fmt: skip
    tables = {"group_year": rows, "trends": trends}
    _, on_totals = _settled(CONTRACT / "ruleset.yaml", tables, year)
    parties = ["plan", *(group.party for group in GROUPS)]
    assert [on_totals[one] for one in parties] == [balances[one] for one in parties]


def test_the_seed_moves_claims_and_no_sum(data: Path, tmp_path: Path) -> None:
    """Who costs how much changes with the seed, and what a group costs does not."""
    write(tmp_path, seed=7)
    claims = "medical_claim.csv"
    assert (tmp_path / claims).read_bytes() != (data / claims).read_bytes()
    assert _settled(EXAMPLE, tmp_path, YEARS[0])[1] == _settled(EXAMPLE, data, YEARS[0])[1]


def test_the_program_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each table with its number of rows; a folder that cannot be made ends with code 2."""
    assert main([str(tmp_path / "out")]) == 0
    assert "group_year: 14 rows" in capsys.readouterr().out
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "file")])
    assert ended.value.code == 2
