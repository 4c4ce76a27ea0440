"""Files shaped as those of CMS DE-SynPUF, in which everything that is rare there is frequent."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from tests.conformance.naive_rules import CONDITIONS, UNRELATED, YEARS

GROUPS: Final = (
    *(group for condition in CONDITIONS for group in condition.groups),
    *sorted(UNRELATED)[:4],
    "871",
    "OTH",
    "",
)
UNUSED: Final = (
    *(f"ICD9_DGNS_CD_{place}" for place in range(5, 11)),
    *(f"ICD9_PRCDR_CD_{place}" for place in range(1, 7)),
)
"""Columns that the mapping of claims names and that no episode asks for."""

Row = Mapping[str, str]


def write(folder: Path, persons: int, seed: int) -> None:
    """Write a file of claims, and one of people for each year."""
    random = Random(seed)  # noqa: S311  the same files again, and no secret
    ids = [f"{random.randrange(16**12):016X}" for _ in range(persons)]
    claims = [claim for person in ids for claim in _claims_of(random, person)]
    random.shuffle(claims)
    _write(folder / "desynpuf_inpatient_claims_made.csv", claims)
    days = (date(2008, 1, 1) + timedelta(days=random.randrange(5 * 365)) for _ in ids)
    died = dict(zip(ids, days, strict=True))
    for year in YEARS:
        people = [_person(random, one, died[one], year) for one in ids if died[one].year >= year]
        _write(folder / f"desynpuf_beneficiary_{year}_made.csv", people)


def _person(random: Random, person: str, died: date, year: int) -> Row:
    return {
        "DESYNPUF_ID": person,
        "BENE_BIRTH_DT": "19300101",
        "BENE_DEATH_DT": f"{died:%Y%m%d}" if died.year == year else "",
        "BENE_SEX_IDENT_CD": "1",
        "SP_STATE_CODE": "39",
        "BENE_HI_CVRAGE_TOT_MONS": random.choice(("12", "12", "12", "12", "12", "11", "4", "0")),
    }


def _claims_of(random: Random, person: str) -> Iterator[Row]:
    """Make the claims of one person, most of them close to each other, with 1 or 2 segments."""
    day = date(2007, 12, 20) + timedelta(days=random.randrange(1000))
    for _ in range(random.randrange(12)):
        claim = f"{random.randrange(10**14):014}"
        day += timedelta(days=random.choice((-20, -1, 0, 0, 1, 1, 2, 5, 20, 31, 61, 91, 150)))
        last = day + timedelta(days=random.choice((-1, 0, 0, 1, 2, 4, 9, 40, 100)))
        for segment in range(1, random.choice((2, 2, 3))):
            yield _line(random, person, claim, segment, (day, last))


def _line(random: Random, person: str, claim: str, segment: int, days: tuple[date, date]) -> Row:
    admitted, discharged = (f"{day:%Y%m%d}" for day in days)
    amount = f"{random.randrange(50_000)}.{random.randrange(100):02}"
    return {
        "DESYNPUF_ID": person,
        "CLM_ID": claim,
        "SEGMENT": str(segment),
        "CLM_FROM_DT": random.choice((admitted, "")) if segment == 1 else "",
        "CLM_THRU_DT": random.choice((discharged, "")) if segment == 1 else "",
        "CLM_ADMSN_DT": random.choice((*[admitted] * 9, "")),
        # Never absent: a line without any last day is of no period, and no table takes it.
        "NCH_BENE_DSCHRG_DT": discharged,
        "PRVDR_NUM": random.choice(("1000AA", "1000BB", "2000CC", "3000DD", "")),
        "CLM_PMT_AMT": random.choice((*[amount] * 5, "1234.55", "-50.35", "0.01", "")),
        "CLM_PASS_THRU_PER_DIEM_AMT": random.choice((*["0.00"] * 5, "10.05", "")),
        "CLM_UTLZTN_DAY_CNT": random.choice(("0", "3", "")),
        "CLM_DRG_CD": random.choice(GROUPS),
        "ICD9_DGNS_CD_1": random.choice((*["4280", "486"] * 5, "5856", "")),
        "ICD9_DGNS_CD_2": random.choice(("25000", "25000", "V66", "")),
        "ICD9_DGNS_CD_3": random.choice((*["4019"] * 9, "5856")),
        "ICD9_DGNS_CD_4": random.choice(("5856", "")),
        **dict.fromkeys(UNUSED, ""),
    }


def _write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
