"""Balances beside a pool: what it carries on, what parties had before, what they repay."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import Factory, frozen

from rules_engine import (
    Kind,
    Money,
    Occasion,
    Output,
    SettlementError,
    Transfer,
    Type,
)
from rules_engine_gain_loss_sharing.terms import Part, Terms

__all__ = ["Moved", "accounts_outputs", "bring", "carry", "pay", "quoted"]

_MONEY: Final = Type(Kind.MONEY, scale=2)


@frozen(kw_only=True)
class Moved:
    """What a step does to accounts.

    Attributes:
        moves: Transfers; None where nothing moves.
        formula: What it adds to the result, as a formula of the worksheet.
        outputs: Its outputs.
        closing: What is left in accounts for the next period.
    """

    moves: tuple[Transfer | None, ...] = ()
    formula: str = ""
    outputs: Mapping[str, Any] = Factory(dict)
    closing: Mapping[str, Money] = Factory(dict)


def accounts_outputs(terms: Terms) -> Mapping[str, Output]:
    """The outputs of terms that speak of accounts; none of others."""
    found: dict[str, Output] = {}
    if terms.carries:
        found["brought"] = Output(
            type=_MONEY, meaning="balance that came into the pool; a deficit is below zero"
        )
        found["carried"] = Output(type=_MONEY, meaning="balance that is kept for the next period")
    if terms.repays:
        found["repaid"] = Output(
            type=_MONEY, grain="party", meaning="what a party repays of its advances"
        )
    if terms.nets or terms.repays:
        found["net"] = Output(
            type=_MONEY,
            grain="party",
            meaning="what a party gets beyond earlier payments and repaid advances",
        )
    return found


def bring(terms: Terms, occasion: Occasion, pool: str) -> Moved:
    """Move the balance of each carried account into the pool: an old deficit lessens a gain."""
    moves = []
    for name in terms.carries:
        account = _account(occasion, name)
        balance = _open(occasion, f"brought_{name}", account)
        moves.append(occasion.move(account, pool, balance, reason=f"brought forward: {name}"))
    if terms.carries:
        occasion.worksheet.let("brought", " + ".join(f"brought_{name}" for name in terms.carries))
    return Moved(moves=tuple(moves), formula=" + brought" if terms.carries else "")


def carry(terms: Terms, part: Part, occasion: Occasion, pool: str) -> Moved:
    """Move what is not divided into the account that keeps it, where the terms say so."""
    if not terms.carries:
        return Moved()
    nothing = Money(0, occasion.currency)
    closing = {_account(occasion, name): nothing for name in terms.carries}
    moves: tuple[Transfer | None, ...] = ()
    sheet = occasion.worksheet
    sheet.let("carried", "rest" if part.carry is not None else "0 * rest", kind="posted")
    if part.carry is not None:
        account = _account(occasion, part.carry)
        closing[account] = Money.of(sheet["carried"], occasion.currency)
        reason = f"carried forward: {part.carry}"
        moves = (occasion.move(pool, account, closing[account], reason=reason),)
    outputs = {"brought": sheet["brought"], "carried": sheet["carried"]}
    return Moved(moves=moves, outputs=outputs, closing=closing)


def pay(terms: Terms, occasion: Occasion, shares: Mapping[str, Money]) -> Moved:
    """Settle what parties were paid before, then repay their advances out of what they earn."""
    if not terms.nets and not terms.repays:
        return Moved()
    among = (*terms.gain.among, *terms.loss.among)
    sheet = occasion.worksheet
    moves: list[Transfer | None] = []
    repaid: dict[str, Any] = {}
    net = {party: share.as_fraction() for party, share in shares.items()}
    for party in occasion.parties(among):
        if party not in shares:
            sheet.let(f"share_{party}", "0 * result", kind="posted")
        parts = [quoted(f"share_{party}")]
        for name in terms.nets:
            account = _account(occasion, name, party)
            balance = _open(occasion, f"{name}_{party}", account)
            moves.append(occasion.move(account, party, balance, reason=f"netted: {name}"))
            parts.append(quoted(f"{name}_{party}"))
        net[party] = sheet.let(f"net_{party}", " + ".join(parts), kind="posted")
        if terms.repays:
            made, amount = _repay(terms, occasion, party)
            moves += made
            repaid[party] = amount
            formula = f"{quoted(f'net_{party}')} - {quoted(f'repaid_{party}')}"
            net[party] = sheet.let(f"net_{party}", formula, kind="posted")
    outputs = {"net": net, **({"repaid": repaid} if terms.repays else {})}
    return Moved(moves=tuple(moves), outputs=outputs)


def _repay(terms: Terms, occasion: Occasion, party: str) -> tuple[list[Transfer | None], Any]:
    """Repay advances in their order, each out of what the ones before leave."""
    sheet = occasion.worksheet
    moves: list[Transfer | None] = []
    left = quoted(f"net_{party}")
    names = []
    for advance in terms.repays:
        balance = occasion.take(f"{advance.name}_{party}", advance.balance, party)
        if balance < 0:
            msg = (
                f"{advance.name} of {party} in {occasion.rule} is {balance}; what it owes is 0 or"
                " more"
            )
            raise SettlementError(msg)
        name = f"repaid_{advance.name}_{party}"
        most = f"least({quoted(f'{advance.name}_{party}')}, greatest({left}, 0))"
        (creditor,) = occasion.parties([advance.to])
        money = occasion.post(name, most, note=f"to {creditor}")
        moves.append(occasion.move(party, creditor, money, reason=f"repaid: {advance.name}"))
        names.append(quoted(name))
        left = f"{left} - {quoted(name)}"
    return moves, sheet.let(f"repaid_{party}", " + ".join(names), kind="posted")


def quoted(name: str) -> str:
    """Write a name of the worksheet in a formula; keys of entities may hold any character."""
    return name if name.isidentifier() else f'"{name}"'


def _open(occasion: Occasion, name: str, account: str) -> Money:
    """Record the balance of an account before the period; nobody's word is not zero."""
    balance = occasion.opening[account]
    occasion.worksheet.take(
        name,
        balance.as_fraction(),
        formula="opening_balance",
        unit="money",
        inputs={"opening_balance": balance.as_fraction()},
        units={"opening_balance": "money"},
        note=f"what {account} holds before {occasion.period.label}",
    )
    return balance


def _account(occasion: Occasion, name: str, party: str = "") -> str:
    """Name an account of the rule: one for each entity, and for each party of it."""
    entity = "/".join(occasion.key)
    owners = dict.fromkeys(owner for owner in (entity, party) if owner)
    return "/".join((f"{occasion.rule}.{name}", *owners))
