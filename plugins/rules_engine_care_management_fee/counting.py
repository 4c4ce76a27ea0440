"""What each payer's members come to: months and fees by tier, posted by fee and payer."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from attrs import frozen

from rules_engine import Money, Occasion, SettlementError
from rules_engine_care_management_fee.terms import Fee, Terms

__all__ = ["Counted", "count", "quoted"]


@frozen(kw_only=True)
class Counted:
    """What members come to before minimum and maximum.

    Attributes:
        months: Months by fee, and by fee and tier (`care_tier_1`).
        cells: Posted amount by fee and payer.
        owed: Posted amount by payer.
    """

    months: Mapping[str, Fraction]
    cells: Mapping[tuple[str, str], Money]
    owed: Mapping[str, Money]


def count(terms: Terms, occasion: Occasion, payers: Sequence[str]) -> Counted:
    """Record months and fees, and post one amount for each fee and payer.

    Raises:
        SettlementError: A row has a payer, a tier or a number of months that the terms do not know.
    """
    sheet = occasion.worksheet
    months: dict[str, Fraction] = {}
    cells: dict[tuple[str, str], Money] = {}
    for fee in terms.fees:
        rows = _rows(fee, occasion, payers)
        found = _months(fee, occasion, rows)
        months |= found
        for payer in payers:
            cells[fee.name, payer] = _posted(fee, occasion, payer, rows)
        parts = " + ".join(quoted(f"fee_{fee.name}/{payer}") for payer in payers)
        sheet.let(f"fee_{fee.name}", parts, kind="posted")
    owed = {}
    for payer in payers:
        parts = " + ".join(quoted(f"fee_{fee.name}/{payer}") for fee in terms.fees)
        total = sheet.let(f"counted_{payer}", parts, kind="posted")
        owed[payer] = Money.of(total, occasion.currency)
    sheet.let(
        "counted_fees", " + ".join(quoted(f"counted_{payer}") for payer in payers), kind="posted"
    )
    return Counted(months=months, cells=cells, owed=owed)


def _rows(fee: Fee, occasion: Occasion, payers: Sequence[str]) -> list[dict[str, Any]]:
    """Give the sums by payer and tier; a rule that names one payer alone means that one."""
    where = f"{fee.name} of {occasion.rule} in {occasion.period.label}"
    if "payer" not in fee.said and len(payers) > 1:
        msg = f"{where} has {len(payers)} payers, and no formula says which pays for a row"
        raise SettlementError(msg)
    rows = [dict(row) for row in occasion.experience[fee.name]]
    if occasion.key:
        if any(not row["entity"] and not row["entities"] for row in rows):
            msg = f"no row of {fee.table} says whose it is, and {where} is settled for each of many"
            raise SettlementError(msg)
        # A member who is nobody's is not everybody's.
        rows = [row for row in rows if row["entity"]]
    for row in rows:
        if "payer" not in fee.said:
            row["payer"] = payers[0]
        if row["payer"] not in payers:
            msg = f"{row['payer']!r} pays in rows of {where}, and is none of {', '.join(payers)}"
            raise SettlementError(msg)
        if fee.tiers and row["tier"] not in fee.tiers:
            tiers = ", ".join(fee.tiers)
            msg = f"{row['tier']!r} is a tier of rows of {where}; its tiers are {tiers}"
            raise SettlementError(msg)
        if row["least_months"] < 0:
            msg = f"a row of {where} counts {row['least_months']} months; it counts 0 or more"
            raise SettlementError(msg)
    return rows


def _months(fee: Fee, occasion: Occasion, rows: Sequence[Mapping[str, Any]]) -> dict[str, Fraction]:
    """Record the months of each tier, and of all."""
    sheet = occasion.worksheet
    found: dict[str, Fraction] = {}
    for tier in fee.tiers:
        months = sum((Fraction(r["months"]) for r in rows if r["tier"] == tier), Fraction(0))
        found[f"{fee.name}_{tier}"] = sheet.take(
            f"months_{fee.name}_{tier}",
            months,
            formula=f"sum(months) FILTER (WHERE tier = '{tier}')",
            unit="number",
            note=f"of the rows of {fee.table}",
        )
    if fee.tiers:
        total = " + ".join(f"months_{fee.name}_{tier}" for tier in fee.tiers)
        found[fee.name] = sheet.let(f"months_{fee.name}", total)
    else:
        found[fee.name] = sheet.take(
            f"months_{fee.name}",
            sum((Fraction(row["months"]) for row in rows), Fraction(0)),
            formula="sum(months)",
            unit="number",
            note=f"of the rows of {fee.table}",
        )
    return found


def _posted(fee: Fee, occasion: Occasion, payer: str, rows: Sequence[Mapping[str, Any]]) -> Money:
    """Post what a payer owes of a fee: the exact sum over its rows, by tier, rounded once."""
    names = []
    for tier in fee.tiers or ("",):
        name = f"earned_{fee.name}/{tier}/{payer}" if tier else f"earned_{fee.name}/{payer}"
        mine = [r for r in rows if r["payer"] == payer and (not tier or r["tier"] == tier)]
        months = sum((Fraction(row["months"]) for row in mine), Fraction(0))
        condition = " AND ".join(
            f"{key} = '{value}'"
            for key, value in (("payer", payer if "payer" in fee.said else ""), ("tier", tier))
            if value
        )
        occasion.worksheet.take(
            name,
            sum((Fraction(row["amount"]) for row in mine), Fraction(0)),
            formula="sum(months_pmpm)" + (f" FILTER (WHERE {condition})" if condition else ""),
            unit="money",
            place=fee.said["pmpm"].place,
            note=f"{months} months; months times {fee.said['pmpm'].text}, row by row",
        )
        names.append(quoted(name))
    return occasion.post(f"fee_{fee.name}/{payer}", " + ".join(names))


def quoted(name: str) -> str:
    """Write a name of the worksheet in a formula; ids of payers may hold any character."""
    return name if name.isidentifier() else f'"{name}"'
