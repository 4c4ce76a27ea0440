"""Write made-up patients with heart failure, in usual and in integrated care, from stated volumes.

Run `python -m examples.heart_failure_program.population OUT`.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

from attrs import frozen

__all__ = [
    "HOSPITAL",
    "SERVICES",
    "YEAR",
    "Program",
    "Service",
    "full_cost",
    "main",
    "volumes",
    "write",
]

Row = tuple[object, ...]

YEAR: Final = 2026
HOSPITAL: Final = "lakes"
_STAY_DAYS: Final = 5
# Days on which a stay may begin, so that it ends in its month and two of a person never overlap.
_ADMISSION_DAYS: Final = 20
_CLAIM: Final = (
    "claim_id,claim_line_number,person_id,party,claim_type,drg_code,hcpcs_code,"
    "service_unit_quantity,diagnosis_code_1,admission_date,discharge_date,"
    "claim_line_start_date,charge_amount"
)


@frozen(kw_only=True)
class Service:
    """What the hospital does for its patients, and what that costs it.

    Attributes:
        name: What tables for people call it.
        code: Group of a stay, or code of a service.
        is_stay: Whether it is a stay.
        volume: How many a year a thousand patients have in usual care.
        cost_cents: Full cost of one at that volume, in cents.
        fixed: Part of it that a year without the service still costs, 0 to 1: beds and staff.
        change: Change of the volume in integrated care, as a multiple of the part of all cost
            that is avoided; None where it follows from what the others leave.
    """

    name: str
    code: str
    is_stay: bool = False
    volume: int
    cost_cents: int
    fixed: Fraction
    change: Fraction | None = None


SERVICES: Final = (
    Service(
        name="stays", code="291", is_stay=True, volume=1200, cost_cents=1_000_000,
        fixed=Fraction("0.65"),
    ),
    Service(
        name="emergency visits", code="G0383", volume=1000, cost_cents=50_000,
        fixed=Fraction("0.50"), change=Fraction(-1),
    ),
    Service(
        name="clinic visits", code="G0463", volume=6000, cost_cents=12_000,
        fixed=Fraction("0.20"), change=Fraction("1.5"),
    ),
    Service(
        name="echocardiograms", code="C8929", volume=2000, cost_cents=25_000,
        fixed=Fraction("0.40"), change=Fraction(0),
    ),
)  # fmt: skip


@frozen(kw_only=True)
class Program:
    """Integrated care: what it avoids, and what it costs.

    Attributes:
        avoided: Part of the full cost of usual care that it avoids, 0 to 1.
        month_cents: Cost of nurses and telemonitoring, in cents for each patient and month.
    """

    avoided: Fraction = Fraction("0.40")
    month_cents: int = 5_000


def volumes(patients: int, program: Program | None = None) -> Mapping[str, int]:
    """Give how many of each service the patients have in a year, by its code.

    With a program, emergency visits fall and clinic visits rise; stays fall by as many as bring
    the full cost nearest to what the program leaves of it.

    Raises:
        ValueError: There is no patient, the part is none, or stays alone cannot avoid so much.
    """
    if patients < 1:
        message = f"patients is {patients}; it is 1 at least"
        raise ValueError(message)
    usual = {one.code: _nearest(Fraction(one.volume * patients, 1000)) for one in SERVICES}
    if program is None:
        return usual
    if not 0 <= program.avoided <= 1:
        message = f"avoided is {program.avoided}; it is 0 to 1"
        raise ValueError(message)
    left = {
        one.code: _nearest(usual[one.code] * (1 + one.change * program.avoided))
        for one in SERVICES
        if one.change is not None
    }
    (stay,) = (one for one in SERVICES if one.change is None)
    wanted = (1 - program.avoided) * full_cost(usual) - full_cost(left)
    if wanted < 0:
        message = f"avoided is {program.avoided}; without any stay less than that is avoided"
        raise ValueError(message)
    return {**left, stay.code: _nearest(wanted / stay.cost_cents)}


def full_cost(given: Mapping[str, int]) -> int:
    """Give the full cost of services, in cents, of how many there are of each by its code."""
    return sum(given[one.code] * one.cost_cents for one in SERVICES if one.code in given)


def _nearest(number: Fraction) -> int:
    return int(number + Fraction(1, 2))


def write(
    out: Path, *, patients: int = 500, program: Program | None = None, seed: int = 2026
) -> Mapping[str, int]:
    """Write the tables of one year as CSV files; give how many rows each has.

    The same seed writes the same rows on every machine. It says who has which service when, and
    never how many there are. What a program avoids are services of the usual year, and what it
    adds comes to them: they are the same patients.

    Args:
        out: The folder, which is made if it is absent; files of the same names are replaced.
        patients: How many patients the hospital cares for.
        program: What integrated care does; None for usual care.
        seed: Where the draws begin.

    Raises:
        ValueError: As `volumes`.
        OSError: The folder or a file cannot be written.
    """
    wanted = volumes(patients, program)
    out.mkdir(parents=True, exist_ok=True)
    people = [f"p{number:05}" for number in range(1, patients + 1)]
    first, last = date(YEAR, 1, 1), date(YEAR, 12, 31)
    tables: Mapping[str, tuple[str, list[Row]]] = {
        "medical_claim": (
            _CLAIM,
            [row for one in SERVICES for row in _claims(one, people, wanted[one.code], seed)],
        ),
        "eligibility": (
            "person_id,enrollment_start_date,enrollment_end_date",
            [(person, first, last) for person in people],
        ),
        "roster": (
            "person_id,party,from,through",
            [(person, HOSPITAL, first, last) for person in people],
        ),
        "hospital_year": ("party,year,reached", [(HOSPITAL, YEAR, 1)]),
    }
    for name, (header, rows) in tables.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split(","))
            writer.writerows(rows)
    return {name: len(rows) for name, (_, rows) in tables.items()}


def _claims(service: Service, people: Sequence[str], number: int, seed: int) -> Iterator[Row]:
    """Draw the claims of a service; fewer of them are the first of more."""
    # Each service has draws of its own, so that more of one move none of another.
    dice = Random(f"{seed}/{service.code}")  # noqa: S311  repeatable on purpose, keeps no secret
    days = _stays(dice, people) if service.is_stay else _visits(dice, people)
    cents = 2 * service.cost_cents
    charge = f"{cents // 100}.{cents % 100:02}"
    for place in range(1, number + 1):
        person, day = next(days)
        about: Row = (
            ("institutional", service.code, None, None, "I5023", day)
            if service.is_stay
            else ("professional", None, service.code, 1, "I5022", None)
        )
        leaves = day + timedelta(_STAY_DAYS) if service.is_stay else None
        claim = f"{service.code}_{place:06}"
        yield claim, 1, person, HOSPITAL, *about, leaves, day, charge


def _stays(dice: Random, people: Sequence[str]) -> Iterator[tuple[str, date]]:
    """Draw stays, one a person and month at most; some people have many, most few."""
    taken: set[tuple[str, int]] = set()
    while len(taken) < len(people) * 12:
        slot = _drawn(dice, people), int(dice.random() * 12) + 1
        if slot not in taken:
            taken.add(slot)
            yield slot[0], date(YEAR, slot[1], int(dice.random() * _ADMISSION_DAYS) + 1)


def _visits(dice: Random, people: Sequence[str]) -> Iterator[tuple[str, date]]:
    """Draw visits: first one of everybody in January, then more of those who need them."""
    for person in people:
        yield person, date(YEAR, 1, int(dice.random() * 31) + 1)
    while True:
        yield _drawn(dice, people), date(YEAR, 1, 1) + timedelta(int(dice.random() * 365))


def _drawn(dice: Random, people: Sequence[str]) -> str:
    """Draw a person; the square of a draw favours the first of them."""
    draw = dice.random()
    return people[int(draw * draw * len(people))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, write both years and say how many rows they have."""
    parser = argparse.ArgumentParser(prog="population", description="Write made-up patients.")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write into")
    parser.add_argument("--patients", type=int, default=500, help="how many patients")
    parser.add_argument("--avoided", type=Fraction, default=Program().avoided, metavar="PART",
                        help="part of the cost that integrated care avoids")  # fmt: skip
    parser.add_argument("--seed", type=int, default=2026, help="where the draws begin")
    given = parser.parse_args(arguments)
    for care, program in (("usual", None), ("integrated", Program(avoided=given.avoided))):
        try:
            written = write(
                given.out / care, patients=given.patients, program=program, seed=given.seed
            )
        except (OSError, ValueError) as error:
            parser.error(str(error))
        for table, rows in written.items():
            sys.stdout.write(f"{care}/{table}: {rows:,} rows\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
