"""The made-up population: the same for one seed, priced by the reference ruleset, nobody's data."""

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules_engine.tables.standard import STANDARD
from rules_engine.testing import population
from rules_engine.testing._catalogue import DRGS, OUTSIDE, PRODUCTS, PROFESSIONAL, SYSTEMS
from rules_engine.testing._claims import FLAWS
from rules_engine.testing._dice import Dice
from rules_engine.testing._members import enrol, merged

RULESET = Path(__file__).parents[2] / "rulesets" / "vivity"
YEAR = [date(2015, 1, 1) + timedelta(days) for days in range(365)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small population on disk."""
    out = tmp_path_factory.mktemp("population")
    population.generate(out, members=400, seed=7)
    return out


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Give the rows of a CSV file, compressed or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    yield from csv.DictReader(text.splitlines())


def claims(folder: Path) -> list[dict[str, str]]:
    """Give the claim lines of a population."""
    return list(rows(folder / "medical_claim.csv.gz"))


def intervals(path: Path, key: tuple[str, ...]) -> dict[tuple[str, ...], list[tuple[date, date]]]:
    """Give the days that each key of a dated table has a value on."""
    found = defaultdict(list)
    for row in rows(path):
        span = date.fromisoformat(row["from"]), date.fromisoformat(row["through"])
        found[tuple(row[column] for column in key)].append(span)
    return found


def check_digit_fits(npi: str) -> bool:
    """Tell whether a national provider id is one that could be given to somebody."""
    total = 0
    for place, digit in enumerate(reversed("80840" + npi)):
        value = int(digit) * (1 + place % 2)
        total += value // 10 + value % 10
    return total % 10 == 0


@settings(max_examples=5)
@given(members=st.integers(1, 30), seed=st.integers(0, 2**32))
def test_one_seed_writes_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, members: int, seed: int
) -> None:
    """A result can be repeated elsewhere from two numbers."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    first = population.generate(one, members=members, seed=seed)
    second = population.generate(other, members=members, seed=seed)
    assert first.claim_lines == second.claim_lines
    for table, path in first.files.items():
        assert path.read_bytes() == second.files[table].read_bytes()


def test_another_seed_writes_other_claims(tmp_path: Path, folder: Path) -> None:
    """The seed decides."""
    population.generate(tmp_path, members=400, seed=8)
    assert claims(tmp_path) != claims(folder)


def test_a_population_has_a_member_at_least(tmp_path: Path) -> None:
    """A wrong number is refused before a file is written."""
    with pytest.raises(ValueError, match="members is 0; it is 1 at least"):
        population.generate(tmp_path, members=0)
    assert list(tmp_path.iterdir()) == []


def test_files_and_columns_are_those_of_standard_tables(folder: Path) -> None:
    """Nothing has to be mapped."""
    for path in folder.iterdir():
        table = STANDARD[path.name.split(".")[0]]
        header = set(next(rows(path)))
        assert table.required <= header <= set(table.columns), path.name


def test_the_summary_counts_what_was_written(tmp_path: Path) -> None:
    """Rows, months and premiums are told as they stand in the files."""
    summary = population.generate(tmp_path, members=60, seed=3)
    lines = claims(tmp_path)
    premiums = [row["premium_amount"] for row in rows(tmp_path / "premium.csv")]
    assert summary.claim_lines == len(lines)
    assert summary.claims == len({line["claim_id"] for line in lines})
    assert summary.member_months == len(premiums)
    assert summary.premium_cents == sum(int(amount.replace(".", "")) for amount in premiums)


def test_every_flaw_is_there_and_few_rows_have_one(tmp_path: Path) -> None:
    """Even a small population shows each way in which a row is wrong."""
    summary = population.generate(tmp_path, members=150, seed=3)
    assert set(summary.flaws) == set(FLAWS)
    assert sum(summary.flaws.values()) < summary.claim_lines / 20


@given(seed=st.integers(0, 10_000), number=st.integers(1, 999))
def test_enrolled_days_are_counted_once(seed: int, number: int) -> None:
    """Overlapping rows cover a day once, and no row ends before it begins."""
    member = enrol(Dice(seed), number)
    assert all(first <= last < len(YEAR) for first, last in member.spans)
    covered = [day for first, last in merged(member.spans) for day in range(first, last + 1)]
    assert covered == sorted(
        {day for first, last in member.spans for day in range(max(0, first), last + 1)}
    )


def test_premiums_are_paid_for_months_with_an_enrolled_day(folder: Path) -> None:
    """A naive count over days finds the same months and amounts."""
    products, months = {}, defaultdict(set)
    for row in rows(folder / "eligibility.csv"):
        products[row["person_id"]] = row["product"]
        for day in YEAR:
            if row["enrollment_start_date"] <= day.isoformat() <= row["enrollment_end_date"]:
                months[row["person_id"]].add(day.replace(day=1).isoformat())
    paid = defaultdict(set)
    for row in rows(folder / "premium.csv"):
        paid[row["person_id"]].add(row["month"])
        cents = PRODUCTS[products[row["person_id"]]]
        assert row["premium_amount"] == f"{cents // 100}.{cents % 100:02}"
    assert paid == months


def test_each_day_of_the_roster_names_one_system(folder: Path) -> None:
    """A person belongs to exactly one of the seven on every day of the year."""
    parties = {system.party for system in SYSTEMS}
    spans = defaultdict(list)
    for row in rows(folder / "roster.csv"):
        assert row["party"] in parties
        spans[row["person_id"]].append((row["from"], row["through"]))
    for found in spans.values():
        ends = [through for _, through in sorted(found)]
        starts = [start for start, _ in sorted(found)]
        assert starts[0] <= "2015-01-01"
        assert ends[-1] == "2015-12-31"
        for through, start in zip(ends, starts[1:], strict=False):
            assert date.fromisoformat(through) + timedelta(1) == date.fromisoformat(start)


def test_codes_are_public_or_invented(folder: Path) -> None:
    """Service codes are a letter and four digits, and groups keep their leading zeros."""
    for line in claims(folder):
        assert re.fullmatch(r"([A-Z]\d{4})?", line["hcpcs_code"])
        assert re.fullmatch(r"(\d{3})?", line["drg_code"])
    assert "065" in {stay.drg_code for stay in DRGS}


def test_nobody_is_named() -> None:
    """No physician has an id that could be given to a person, no practice an id in use."""
    for system in (*SYSTEMS, OUTSIDE):
        assert not any(map(check_digit_fits, system.npis))
        assert all(re.fullmatch(r"00\d{7}", tin) for tin in system.tins)
        assert all(re.fullmatch(r"00\d{4}", ccn) for ccn in system.ccns)


def test_a_stay_begins_before_it_ends(folder: Path) -> None:
    """Lines of one stay share their dates and group, and its hospital."""
    stays = defaultdict(set)
    for line in claims(folder):
        if line["drg_code"]:
            assert line["admission_date"] <= line["discharge_date"]
            shared = ("admission_date", "discharge_date", "drg_code", "facility_ccn", "person_id")
            stays[line["claim_id"]].add(tuple(line[column] for column in shared))
    assert stays
    assert all(len(found) == 1 for found in stays.values())


def test_every_service_has_a_fee_on_every_day_in_every_system() -> None:
    """What the population is billed for, the reference ruleset can price, but for the flaws."""
    fees = intervals(RULESET / "tables" / "fees.csv", ("party", "hcpcs_code"))
    for system in SYSTEMS:
        for service in PROFESSIONAL:
            spans = fees[system.party, service.code]
            assert all(sum(first <= day <= last for first, last in spans) == 1 for day in YEAR)
    assert not any(code == "X9999" for _, code in fees)


def test_every_stay_has_a_weight_and_every_system_its_terms() -> None:
    """No stay is rejected for want of a number."""
    weights = intervals(RULESET / "tables" / "drgs.csv", ("drg_code",))
    terms = intervals(RULESET / "tables" / "hospitals.csv", ("party",))
    for spans in [*(weights[stay.drg_code,] for stay in DRGS), *(terms[s.party,] for s in SYSTEMS)]:
        assert all(sum(first <= day <= last for first, last in spans) == 1 for day in YEAR)
