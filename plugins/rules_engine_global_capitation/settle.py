"""Settling a period: what each payee was paid for members, and what is settled beside it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import (
    Kind,
    Money,
    Occasion,
    Output,
    Settlement,
    SettlementError,
    Transfer,
    Type,
)
from rules_engine_global_capitation.terms import StopLoss, Terms

__all__ = ["outputs", "settle_together"]

_MONEY: Final = Type(Kind.MONEY, scale=2)
_COUNT: Final = Type(Kind.COUNT, scale=0)
_AMOUNTS: Final = ("allowed", "adjusted", "withheld", "paid")


def outputs(terms: Terms) -> Mapping[str, Output]:
    """Amounts of the period for the entity or the contract, and of each payee."""
    found = {}
    if terms.rate is not None:
        found["members"] = Output(type=_COUNT, meaning="member-months that are paid for")
        said = {
            "allowed": "allowed amounts of these member-months",
            "adjusted": "what is taken off them for good",
            "withheld": "what is kept back of them",
            "paid": "what is paid for them",
        }
        for name, meaning in said.items():
            found[name] = Output(type=_MONEY, meaning=meaning)
        if terms.panel is not None:
            found["forgone"] = Output(
                type=_MONEY, meaning="what months below the minimum panel would have paid"
            )
    elif terms.covers is not None:
        found["amount"] = Output(
            type=Type.of(Kind.MONEY), grain="line", meaning="what is taken off covered lines"
        )
    if terms.premium is not None:
        found["premium_share"] = Output(type=_MONEY, meaning="the share of premium")
    if terms.guarantee is not None:
        found["guaranteed"] = Output(
            type=_MONEY, meaning="what is paid up to the guaranteed minimum"
        )
    if terms.release:
        found["released"] = Output(type=_MONEY, meaning="withheld amounts that come free")
        found["retained"] = Output(type=_MONEY, meaning="withheld amounts that the payer keeps")
    if terms.stop_loss is not None:
        found["recovered"] = Output(type=_MONEY, meaning="what the reinsurer pays")
    if terms.adjustments:
        found["other"] = Output(type=_MONEY, meaning="other amounts of the period")
    found["total"] = Output(type=_MONEY, meaning="all that the payer pays, with its sign")
    found["share"] = Output(
        type=_MONEY, grain="party", meaning="what a payee gets of it, or pays below zero"
    )
    return found


@frozen(kw_only=True)
class _Month:
    """The paid member-months of one payee and month."""

    month: date
    members: int
    amounts: Mapping[str, Fraction]


def settle_together(terms: Terms, occasions: Sequence[Occasion]) -> tuple[Settlement, ...]:
    """Settle each entity, or the contract, for a period.

    Raises:
        SettlementError: Somebody is paid for members who is none of the entities, or for a member
            who is none of them; or nobody is named who is paid for the period.
    """
    if terms.entities == "members":
        _check_members(occasions)
        return tuple(_settle(terms, one, _by_payee(one)) for one in occasions)
    months = _by_payee(occasions[0])
    own = {"/".join(one.key) for one in occasions if one.key}
    strangers = sorted(set(months) - own) if own else []
    if strangers:
        first = occasions[0]
        msg = (
            f"{first.rule} in {first.period.label} pays {len(strangers)} who are none of its"
            f" entities, {strangers[0]} the first of them; a row for each may stand in their table"
        )
        raise SettlementError(msg)
    return tuple(
        _settle(terms, one, _own("/".join(one.key), months) if one.key else months)
        for one in occasions
    )


def _own(payee: str, months: Mapping[str, tuple[_Month, ...]]) -> Mapping[str, tuple[_Month, ...]]:
    return {payee: months[payee]} if payee in months else {}


def _check_members(occasions: Sequence[Occasion]) -> None:
    """Refuse to leave member-months unpaid because their member is no entity."""
    first = occasions[0]
    told = sum(row["members"] for one in occasions for row in one.experience["paid"])
    paid = sum(row["members"] for row in first.experience["all"])
    if told != paid:
        msg = (
            f"{first.rule} in {first.period.label} pays for {paid} member-months, {paid - told} of"
            " them of members who are none of its entities; their table may have a row for each"
        )
        raise SettlementError(msg)


def _by_payee(occasion: Occasion) -> Mapping[str, tuple[_Month, ...]]:
    """Give the paid months of each payee of which an occasion was told."""
    found: dict[str, list[_Month]] = {}
    for row in occasion.experience.get("paid", ()):
        month = _Month(
            month=row["month"],
            members=row["members"],
            amounts={name: Fraction(row[name]) for name in _AMOUNTS},
        )
        found.setdefault(row["payee"], []).append(month)
    return {payee: tuple(rows) for payee, rows in found.items()}


def _settle(
    terms: Terms, occasion: Occasion, months: Mapping[str, tuple[_Month, ...]]
) -> Settlement:
    sheet = occasion.worksheet
    shares: dict[str, Money] = {}
    made: dict[str, Any] = {}
    sums: list[str] = []
    if terms.rate is not None:
        made |= _months(terms, occasion, months, shares)
        sums.append("paid")
    parts = {
        name: formula
        for name, formula in (
            ("premium_share", _premium(terms, occasion)),
            ("guaranteed", _guarantee(terms, occasion)),
            ("released", _release(terms, occasion)),
            ("other", _adjustments(terms, occasion)),
        )
        if formula is not None
    }
    for name in parts:
        made[name] = sheet[name]
    if terms.release:
        made["retained"] = sheet["retained"]
    if parts:
        sheet.let("of_the_period", " + ".join(parts.values()))
        sums.append("of_the_period")
        _add(shares, _payee(terms, occasion), occasion)
    made["total"] = sheet.let("total", " + ".join(sums) or "0")
    shares = _divided(terms, occasion, shares)
    (payer,) = occasion.parties([terms.payer])
    moves = [
        _move(occasion, payer, account, amount, "capitation") for account, amount in shares.items()
    ]
    if terms.stop_loss is not None:
        recovered = _recover(terms.stop_loss, occasion)
        made["recovered"] = recovered.as_fraction()
        (reinsurer,) = occasion.parties([terms.stop_loss.reinsurer])
        reason = "stop-loss reinsurance"
        moves.append(_move(occasion, reinsurer, _payee(terms, occasion), recovered, reason))
    made["share"] = {party: amount.as_fraction() for party, amount in shares.items()}
    return Settlement(
        transfers=tuple(move for move in moves if move is not None),
        outputs=made,
        explained=sheet.steps,
    )


def _move(
    occasion: Occasion, source: str, target: str, amount: Money, reason: str
) -> Transfer | None:
    """Move an amount; who would pay itself is a slip of the contract or of its data."""
    if source == target:
        msg = f"{occasion.rule} in {occasion.period.label} has {source} pay itself"
        raise SettlementError(msg)
    return occasion.move(source, target, amount, reason)


def _months(
    terms: Terms,
    occasion: Occasion,
    months: Mapping[str, tuple[_Month, ...]],
    shares: dict[str, Money],
) -> Mapping[str, Any]:
    """Add what was paid for members, payee by payee; give the totals."""
    sheet = occasion.worksheet
    minimum = None if terms.panel is None else occasion.take("minimum_panel", terms.panel)
    counted: list[_Month] = []
    forgone = Fraction(0)
    table = f"{occasion.rule}_priced"
    for payee, rows in sorted(months.items()):
        large = [row for row in rows if minimum is None or row.members >= minimum]
        forgone += _sum((row for row in rows if row not in large), "paid")
        counted += large
        if large:
            paid = _sum(large, "paid")
            shares[payee] = Money.of(paid, occasion.currency)
            sheet.take(
                f"share_{payee}",
                paid,
                formula=f"sum({table}.paid) FILTER (WHERE payee = '{payee}')",
                unit="money",
            )
    note = f"of months with {minimum} members or more" if minimum is not None else ""
    found: dict[str, Any] = {
        "members": sheet.take(
            "members",
            Fraction(sum(row.members for row in counted)),
            formula=f"count({table})",
            unit="count",
            note=note,
        )
    }
    for name in _AMOUNTS:
        amount = _sum(counted, name)
        formula = f"sum({table}.{name})"
        found[name] = sheet.take(name, amount, formula=formula, unit="money", note=note)
    if minimum is not None:
        found["forgone"] = sheet.take(
            "forgone",
            forgone,
            formula=f"sum({table}.paid)",
            unit="money",
            note="of the other months",
        )
    return found


def _sum(rows: Iterable[_Month], name: str) -> Fraction:
    return sum((row.amounts[name] for row in rows), Fraction(0))


def _add(shares: dict[str, Money], payee: str, occasion: Occasion) -> None:
    """Add what is settled for the period to what a payee was paid for members."""
    sheet = occasion.worksheet
    name = f"share_{payee}"
    # A name that is no word, such as `share_2024/a1`, is quoted as in SQL.
    quoted = name if name.isidentifier() else f'"{name}"'
    known = f"{quoted} + " if payee in shares else ""
    whole = sheet.let(name, f"{known}of_the_period", kind="posted")
    shares[payee] = Money.of(whole, occasion.currency)


def _payee(terms: Terms, occasion: Occasion) -> str:
    """Say who is paid what is settled for the period."""
    if occasion.key and terms.entities == "payees":
        return "/".join(occasion.key)
    if terms.to is not None:
        (party,) = occasion.parties([terms.to])
        return party
    msg = f"{occasion.rule} pays for a period and says to nobody; `to` or `for_each` may say it"
    raise SettlementError(msg)


def _premium(terms: Terms, occasion: Occasion) -> str | None:
    if terms.premium is None or terms.premium_share is None:
        return None
    occasion.take("premium", terms.premium)
    occasion.take("share_of_premium", terms.premium_share)
    occasion.post("premium_share", "premium * share_of_premium")
    return "premium_share"


def _guarantee(terms: Terms, occasion: Occasion) -> str | None:
    """Pay what is missing from the guaranteed minimum."""
    if terms.guarantee is None:
        return None
    sheet = occasion.worksheet
    occasion.take("minimum", terms.guarantee)
    earned = ["paid + withheld"] if terms.rate is not None else []
    earned += ["premium_share"] if terms.premium is not None else []
    sheet.let("earned", " + ".join(earned) or "0")
    occasion.post("guaranteed", "greatest(minimum - earned, 0)")
    return "guaranteed"


def _release(terms: Terms, occasion: Occasion) -> str | None:
    if not terms.release:
        return None
    sheet = occasion.worksheet
    for name, one in terms.release.items():
        occasion.take(f"withheld_{name}", one.withheld)
        occasion.take(f"rate_{name}", one.rate)
        occasion.post(f"released_{name}", f"withheld_{name} * rate_{name}")
        sheet.let(f"retained_{name}", f"withheld_{name} - released_{name}")
    sheet.let("released", " + ".join(f"released_{name}" for name in terms.release))
    sheet.let("retained", " + ".join(f"retained_{name}" for name in terms.release))
    return "released"


def _adjustments(terms: Terms, occasion: Occasion) -> str | None:
    if not terms.adjustments:
        return None
    for name, formula in terms.adjustments.items():
        occasion.take(f"exact_{name}", formula)
        occasion.post(f"other_{name}", f"exact_{name}")
    names = " + ".join(f"other_{name}" for name in terms.adjustments)
    occasion.worksheet.let("other", names)
    return "other"


def _recover(stop_loss: StopLoss, occasion: Occasion) -> Money:
    """Give what the reinsurer pays: of each member's excess its share, within the limit."""
    sheet = occasion.worksheet
    attachment = occasion.take("attachment", stop_loss.attachment)
    share = occasion.take("reinsured_share", stop_loss.share)
    limit = None if stop_loss.limit is None else occasion.take("limit", stop_loss.limit)
    exact = Fraction(0)
    above = 0
    for member in occasion.members([stop_loss.expenditure]):
        excess = Fraction(occasion.value(stop_loss.expenditure, member)) - attachment
        if excess > 0:
            above += 1
            owed = excess * share
            exact += owed if limit is None else min(owed, Fraction(limit))
    sheet.take(
        "members_above",
        Fraction(above),
        formula="count(members)",
        unit="count",
        note="whose expenditure lies above the attachment point",
    )
    sheet.take(
        "recoverable",
        exact,
        formula="sum(recoverable)",
        unit="money",
        note="the reinsured share of each member's excess, within the limit",
    )
    return occasion.post("recovered", "recoverable")


def _divided(terms: Terms, occasion: Occasion, shares: dict[str, Money]) -> dict[str, Money]:
    """Divide what is paid among the accounts of the payee, by largest remainder."""
    if not terms.split:
        return shares
    whole = sum(shares.values(), Money(0, occasion.currency))
    weights = {account: Fraction(weight) for account, weight in terms.split.items()}
    total = sum(weights.values(), Fraction(0))
    divided = whole.split(weights, occasion.unit_cents)
    for account, amount in divided.items():
        occasion.worksheet.take(
            f"share_{account}",
            amount.as_fraction(),
            kind="term",
            unit="money",
            formula=f"total * {weights[account]} / {total}",
            note="rounded by largest remainder; odd units go in the order of account ids",
        )
    return divided
