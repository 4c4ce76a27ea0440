"""A made-up population of Los Angeles in 2015: members, premiums and claims, from one seed."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attrs import frozen

from rules_engine.testing._catalogue import PRODUCTS, SYSTEMS
from rules_engine.testing._claims import COLUMNS, FLAWS, Biller
from rules_engine.testing._dice import Dice
from rules_engine.testing._members import DAYS, MONTHS, Member, day_text, enrol, merged

__all__ = ["Summary", "generate"]

# One row in so many members is wrong on purpose.
_MEMBERS_PER_FLAW = 150

# A practice that changes hands in the middle of the year.
_MOVED_TIN, _MOVED_TO, _MOVED_ON = SYSTEMS[2].tins[3], SYSTEMS[0], MONTHS[6][0]


@frozen(kw_only=True)
class Summary:
    """What was written.

    Attributes:
        members: How many people.
        member_months: How many months, each person's counted, with at least one enrolled day.
        claims: How many claims.
        claim_lines: How many rows of claims, the wrong ones among them.
        premium_cents: Premiums of the year, in cents.
        flaws: How many claim rows are wrong on purpose, by what is wrong with them.
        files: The files, by the standard table that each fills.
    """

    members: int
    member_months: int
    claims: int
    claim_lines: int
    premium_cents: int
    flaws: Mapping[str, int]
    files: Mapping[str, Path]


def generate(out: Path, *, members: int = 15_000, seed: int = 2015) -> Summary:
    """Write a population as CSV files named by standard table.

    The same seed and number of members write the same rows on every machine.

    Args:
        out: The folder, which is made if it is absent; files of the same names are replaced.
        members: How many people, at least 1.
        seed: Where the draws begin.

    Returns:
        What was written.

    Raises:
        ValueError: `members` is less than 1.
        OSError: The folder or a file cannot be written.
    """
    if members < 1:
        msg = f"members is {members}; it is 1 at least"
        raise ValueError(msg)
    out.mkdir(parents=True, exist_ok=True)
    dice = Dice(seed)
    people = [enrol(dice, number) for number in range(1, members + 1)]
    biller = Biller(dice)
    step = max(1, min(_MEMBERS_PER_FLAW, members // len(FLAWS)))
    for number, member in enumerate(people):
        biller.year(member)
        if number % step == step - 1:
            biller.flawed(member, FLAWS[number // step % len(FLAWS)])
    files = {
        "medical_claim": _compressed(out / "medical_claim.csv.gz", _claims(biller)),
        "eligibility": _plain(out / "eligibility.csv", _eligibility(people)),
        "roster": _plain(out / "roster.csv", _roster(people)),
        "premium": _plain(out / "premium.csv", _premium(people)),
        "provider": _plain(out / "provider.csv", _provider()),
    }
    months = [PRODUCTS[member.product] for member in people for _ in _months(member)]
    return Summary(
        members=members,
        member_months=len(months),
        claims=biller.claims,
        claim_lines=len(biller.rows),
        premium_cents=sum(months),
        flaws=dict(sorted(biller.flaws.items())),
        files=files,
    )


def _plain(path: Path, rows: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(rows)
    return path


def _compressed(path: Path, rows: Iterable[str]) -> Path:
    # No name and no time inside, so that the same rows are the same bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:
        file.write("".join(rows).encode())
    return path


def _claims(biller: Biller) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"
    yield from biller.rows


def _eligibility(people: Iterable[Member]) -> Iterator[str]:
    yield (
        "person_id,enrollment_start_date,enrollment_end_date,product,birth_date,sex,region,"
        "risk_score\n"
    )
    for member in people:
        rest = f"{member.product},{member.birth_date},{member.sex},{member.region}"
        risk = f"{member.risk // 1000}.{member.risk % 1000:03}"
        for first, last in member.spans:
            yield f"{member.person_id},{day_text(first)},{day_text(last)},{rest},{risk}\n"


def _roster(people: Iterable[Member]) -> Iterator[str]:
    yield "person_id,party,from,through\n"
    for member in people:
        ends = [first - 1 for first, _ in member.homes[1:]] + [DAYS - 1]
        for (first, home), last in zip(member.homes, ends, strict=True):
            yield f"{member.person_id},{home.party},{day_text(first)},{day_text(last)}\n"


def _months(member: Member) -> Iterator[str]:
    """Give the first day of each month of the year in which a member is enrolled on any day."""
    covered = merged(member.spans)
    for first, last in MONTHS:
        if any(start <= last and end >= first for start, end in covered):
            yield day_text(first)


def _premium(people: Iterable[Member]) -> Iterator[str]:
    yield "person_id,month,premium_amount\n"
    for member in people:
        amount = f"{PRODUCTS[member.product] // 100}.{PRODUCTS[member.product] % 100:02}"
        for month in _months(member):
            yield f"{member.person_id},{month},{amount}\n"


def _provider() -> Iterator[str]:
    yield "npi,tin,ccn,party,from,through\n"
    start, end = day_text(0), day_text(DAYS - 1)
    for system in SYSTEMS:
        for tin in system.tins:
            if tin == _MOVED_TIN:
                yield f",{tin},,{system.party},{start},{day_text(_MOVED_ON - 1)}\n"
                yield f",{tin},,{_MOVED_TO.party},{day_text(_MOVED_ON)},{end}\n"
            else:
                yield f",{tin},,{system.party},{start},{end}\n"
        for ccn in system.ccns:
            yield f",,{ccn},{system.party},{start},{end}\n"
