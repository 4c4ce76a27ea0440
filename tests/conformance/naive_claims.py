"""The raw files of CMS DE-SynPUF, read line by line into plain values, without the engine."""

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Final

from attrs import field, frozen

CLAIMS: Final = re.compile(r"desynpuf_inpatient_claims_.*\.csv(\.gz)?")
BENEFICIARIES: Final = re.compile(r"desynpuf_beneficiary_(\d{4})_.*\.csv(\.gz)?")
DIAGNOSES: Final = tuple(f"icd9_dgns_cd_{place}" for place in range(1, 4))


@frozen(kw_only=True)
class Line:
    """A segment of an inpatient claim.

    Attributes:
        person: Whose it is.
        claim: Its claim.
        number: Its segment.
        group: MS-DRG; None on a second segment, which has none of its own.
        hospital: Who provided the stay.
        admitted: First day, None where no date says it.
        discharged: Last day, None where no date says it.
        is_stay: Whether it has a day of admission.
        cents: What Medicare paid, None where an amount is absent.
        diagnoses: The first three.
    """

    person: str
    claim: str
    number: int
    group: str | None
    hospital: str | None
    admitted: date | None
    discharged: date | None
    is_stay: bool
    cents: int | None
    diagnoses: tuple[str, ...]


@frozen
class Person:
    """What the files say of one person.

    Attributes:
        lines: Segments of inpatient claims, in the order of the file.
        covered: Months of hospital coverage by year, counted from January.
        died: Day of death, if a file says one.
    """

    lines: list[Line] = field(factory=list)
    covered: dict[int, int] = field(factory=dict)
    died: list[date] = field(factory=list)


def read(folder: Path) -> Mapping[str, Person]:
    """Read every person who has a claim or a year of coverage."""
    people: dict[str, Person] = defaultdict(Person)
    for path in sorted(folder.iterdir()):
        if CLAIMS.fullmatch(path.name):
            for row in _rows(path):
                people[row["desynpuf_id"]].lines.append(_line(row))
        if found := BENEFICIARIES.fullmatch(path.name):
            year = int(found.group(1))
            for row in _rows(path):
                person = people[row["desynpuf_id"]]
                person.covered[year] = int(row["bene_hi_cvrage_tot_mons"] or 0)
                if row["bene_death_dt"]:
                    person.died.append(_day(row["bene_death_dt"]))
    return dict(people)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = [name.lower() for name in next(rows)]
        for row in rows:
            yield dict(zip(header, row, strict=True))


def _line(row: Mapping[str, str]) -> Line:
    admission, discharge = row["clm_admsn_dt"], row["nch_bene_dschrg_dt"]
    admitted = admission or row["clm_from_dt"]
    discharged = discharge or row["clm_thru_dt"]
    return Line(
        person=row["desynpuf_id"],
        claim=row["clm_id"],
        number=int(row["segment"]),
        group=(row["clm_drg_cd"] or None) if row["segment"] == "1" else None,
        hospital=row["prvdr_num"] or None,
        admitted=_day(admitted) if admitted else None,
        discharged=_day(discharged) if discharged else None,
        is_stay=bool(admission),
        cents=_cents(row),
        diagnoses=tuple(row[name] for name in DIAGNOSES),
    )


def _cents(row: Mapping[str, str]) -> int | None:
    """Give what Medicare paid: the claim's amount and an amount for each covered day."""
    amount, per_day = row["clm_pmt_amt"], row["clm_pass_thru_per_diem_amt"]
    if not amount or not per_day:
        return None
    days = Fraction(row["clm_utlztn_day_cnt"] or 0)
    cents = (Fraction(amount) + Fraction(per_day) * days) * 100
    if cents.denominator != 1:
        message = f"claim {row['clm_id']} has a part of a cent"
        raise ValueError(message)
    return cents.numerator


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
