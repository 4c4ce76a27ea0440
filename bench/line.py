"""One claim line at a time: the whole engine beside plain Python with the same arithmetic."""

from datetime import date
from decimal import Decimal
from time import perf_counter
from typing import Any

from bench.exact import price
from bench.job import Job
from bench.timing import Measure, per_call
from rules_engine import PricedLine

__all__ = ["one_line", "rows_of_dicts"]

CLAIM: dict[str, Any] = {
    "claim_id": "CLM0000000001",
    "claim_line_number": 1,
    "person_id": "P000001",
    "claim_line_start_date": date(2025, 3, 4),
    "hcpcs_code": "C010",
    "hcpcs_modifier_1": "52",
    "place_of_service_code": "21",
    "network_tier": "A",
    "service_unit_quantity": 2,
    "charge_amount": Decimal("500.00"),
}
_TEXTS = {name: str(value) for name, value in CLAIM.items()} | {"claim_line_number": 1}


def one_line(job: Job, rounds: int) -> list[Measure]:
    """Time one line, warm: a claim in, a whole `PricedClaim` with two adjustments out."""
    ruleset = job.ruleset
    line = ruleset.price(CLAIM).lines[0]
    allowed, withheld, paid = price(CLAIM, job.fees)
    is_right = (
        isinstance(line, PricedLine)
        and (line.allowed, line.withheld, line.paid) == (allowed, withheld, paid)
        and [a.code for a in line.adjustments] == ["CO-45", "CO-104"]
        and ruleset.price(_TEXTS).lines[0] == line
    )
    found = per_call(
        {
            "engine": lambda: ruleset.price(CLAIM),
            "plain": lambda: price(CLAIM, job.fees),
            "texts": lambda: ruleset.price(_TEXTS),
        },
        calls=20_000,
        rounds=rounds,
    )
    ratio = found["engine"] / found["plain"]
    return [
        Measure(
            what="one line, warm: typed values in, adjustments out",
            measured=f"{found['engine'] * 1e6:.1f} µs, {ratio:.2f} x plain Python",
        ),
        Measure(
            what="the same sums in plain Python `Decimal`",
            measured=f"{found['plain'] * 1e6:.1f} µs",
        ),
        Measure(what="one line given as texts", measured=f"{found['texts'] * 1e6:.1f} µs"),
        Measure(
            what="its amounts equal plain Python's",
            measured="yes" if is_right else "no",
            bar="yes",
            is_met=is_right,
        ),
    ]


def rows_of_dicts(job: Job, count: int) -> list[Measure]:
    """Time many rows of dicts, one claim each."""
    rows = job.rows(count)
    begin = perf_counter()
    priced = [job.ruleset.price(row) for row in rows]
    seconds = perf_counter() - begin
    wrong = 0
    for row, claim in zip(rows, priced, strict=True):
        line = claim.lines[0]
        wrong += not isinstance(line, PricedLine) or (
            line.allowed,
            line.withheld,
            line.paid,
        ) != price(row, job.fees)
    return [
        Measure(
            what=f"rows of dicts, {len(rows):,} lines",
            measured=f"{len(rows) / seconds:,.0f} lines/s",
        ),
        Measure(
            what="of these, lines that differ from `Decimal`",
            measured=str(wrong),
            bar="0",
            is_met=wrong == 0,
        ),
    ]
