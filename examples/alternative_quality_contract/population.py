"""Write the made-up population of seven groups that the Alternative Quality Contract is shown on.

Run `python -m examples.alternative_quality_contract.population OUT`.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

from attrs import frozen

from rules_engine import allocate

__all__ = ["GROUPS", "Group", "main", "write"]

Row = tuple[object, ...]


@frozen(kw_only=True)
class Group:
    """A group of physicians, as it signed.

    Attributes:
        party: Its id.
        members: How many people are with it, all year.
        base_cents: Base amount for each member-month, in cents.
        health_status: Health-status score of its members.
        risk_share: Its share of surplus and deficit, as a fraction.
        gates: Gate that it reaches in each year.
        savings: Share of its budget that it saves in each year.
    """

    party: str
    members: int
    base_cents: int
    health_status: Fraction
    risk_share: Fraction
    gates: Sequence[int]
    savings: Sequence[Fraction]


# Groups that came from fee-for-service alone have a fifth of the budget and save what is published
# of them. The others save what makes the published averages of all: 0.8 * 0.8 % + 0.2 * 6.3 % =
# 1.9 %, and 0.8 * 1.65 % + 0.2 * 9.9 % = 3.3 %.
_BEFORE: Final = (Fraction("0.008"), Fraction("0.0165"))
_FROM_FEES: Final = (Fraction("0.063"), Fraction("0.099"))
YEARS: Final = (2009, 2010)
TRENDS: Final = (Fraction("1.03"), Fraction("1.025"))


def _group(party: str, terms: str, gates: Sequence[int], savings: Sequence[Fraction]) -> Group:
    members, base_cents, health_status, risk_share = terms.split()
    return Group(
        party=party,
        members=int(members),
        base_cents=int(base_cents),
        health_status=Fraction(health_status),
        risk_share=Fraction(risk_share),
        gates=gates,
        savings=savings,
    )


# Base amount times health status is 400.00 for each, so that a member weighs the same in all.
GROUPS: Final = (
    _group("birch", "200 40000 1.00 1.00", (3, 4), _BEFORE),
    _group("cedar", "200 50000 0.80 0.50", (2, 3), _BEFORE),
    _group("elm", "200 32000 1.25 0.75", (4, 4), _BEFORE),
    _group("maple", "200 40000 1.00 0.50", (1, 2), _BEFORE),
    _group("oak", "200 40000 1.00 1.00", (3, 3), _BEFORE),
    _group("pine", "125 50000 0.80 0.50", (2, 3), _FROM_FEES),
    _group("spruce", "125 40000 1.00 0.80", (3, 5), _FROM_FEES),
)


def write(out: Path, *, seed: int = 2009) -> Mapping[str, int]:
    """Write the tables of two years as CSV files; give how many rows each has.

    The same seed writes the same rows on every machine. It changes who costs how much and when,
    and no group's sum.

    Args:
        out: The folder, which is made if it is absent; files of the same names are replaced.
        seed: Where the draws begin.

    Raises:
        OSError: The folder or a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    dice = Random(seed)  # noqa: S311  repeatable on purpose, keeps no secret
    tables: Mapping[str, tuple[str, list[Row]]] = {
        "group_year": (
            "party,year,contract_year,base_pmpm,health_status,risk_share,gate",
            list(_terms()),
        ),
        "trends": (
            "contract_year,trend",
            [(place, _text(trend)) for place, trend in enumerate(TRENDS, start=1)],
        ),
        "member_month": ("person_id,month,fraction,party", list(_months())),
        "medical_claim": (
            "claim_id,claim_line_number,person_id,party,claim_line_start_date,charge_amount",
            list(_claims(dice)),
        ),
    }
    for name, (header, rows) in tables.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split(","))
            writer.writerows(rows)
    return {name: len(rows) for name, (_, rows) in tables.items()}


def _text(value: Fraction) -> str:
    whole, rest = divmod(value.numerator * 1000 // value.denominator, 1000)
    return f"{whole}.{rest:03}"


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _terms() -> Iterator[Row]:
    for group in GROUPS:
        for place, year in enumerate(YEARS):
            yield (
                group.party, year, place + 1, _dollars(group.base_cents),
                _text(group.health_status), _text(group.risk_share), group.gates[place],
            )  # fmt: skip


def _people(group: Group) -> list[str]:
    return [f"{group.party}_{number:03}" for number in range(1, group.members + 1)]


def _months() -> Iterator[Row]:
    for group in GROUPS:
        for person in _people(group):
            for year in YEARS:
                for month in range(1, 13):
                    yield person, date(year, month, 1), 1, group.party


def _spent_cents(group: Group, place: int) -> int:
    """Give what a group's members cost in a year: the budget, less what it saves of it."""
    trend = Fraction(1)
    for growth in TRENDS[: place + 1]:
        trend *= growth
    budget = group.base_cents * group.health_status * trend * group.members * 12
    return round(budget * (1 - group.savings[place]))


def _claims(dice: Random) -> Iterator[Row]:
    """Spread each group's cost over claims of its members: a few cost much, most little."""
    for group in GROUPS:
        for place, year in enumerate(YEARS):
            claims = [
                (person, date(year, int(dice.random() * 12) + 1, int(dice.random() * 28) + 1))
                for person in _people(group)
                for _ in range(int(dice.random() * 4) + 1)
            ]
            # The square of a draw's inverse is skewed as cost is, and needs no power of a float.
            weights = [(1000 // (int(dice.random() * 100) + 10)) ** 2 for _ in claims]
            parts = allocate(_spent_cents(group, place), weights)
            for number, ((person, day), cents) in enumerate(zip(claims, parts, strict=True)):
                claim = f"{group.party}_{year}_{number:04}"
                yield claim, 1, person, group.party, day, _dollars(cents)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, write the files and say how many rows they have."""
    parser = argparse.ArgumentParser(prog="population", description="Write a made-up population.")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write into")
    parser.add_argument("--seed", type=int, default=2009, help="where the draws begin")
    given = parser.parse_args(arguments)
    try:
        written = write(given.out, seed=given.seed)
    except OSError as error:
        parser.error(str(error))
    for table, rows in written.items():
        sys.stdout.write(f"{table}: {rows:,} rows\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
