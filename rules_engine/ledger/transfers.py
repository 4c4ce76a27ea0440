"""Transfers: one movement of one amount from one account to another."""

from attrs import Attribute, field, frozen

from rules_engine.ledger.money import Money


def pool(rule: str) -> str:
    """Name the account in which a rule gathers what it then splits."""
    return f"{rule}.pool"


def outside(name: str) -> str:
    """Name an account for money that comes from or goes to somebody who is no party."""
    return f"outside.{name}"


def _check_account(_transfer: object, attribute: "Attribute[str]", account: str) -> None:
    if not account:
        message = f"{attribute.name} is empty; it may be the name of an account"
        raise ValueError(message)


def _check_target(transfer: "Transfer", _field: "Attribute[str]", target: str) -> None:
    if target == transfer.source:
        message = f"target is {target}, the source itself; it may be any other account"
        raise ValueError(message)


def _check_amount(_transfer: object, _field: "Attribute[Money]", amount: Money) -> None:
    if amount.cents <= 0:
        message = f"amount is {amount}; it may be any amount above zero (see transfer())"
        raise ValueError(message)


@frozen
class Transfer:
    """A movement of money between two accounts; what one loses the other gains.

    Attributes:
        source: The account that the amount leaves.
        target: The account that it reaches; never the source.
        amount: Always above zero.
        rule: Id of the rule that ordered it.
        reason: Why, in words that a statement can print.
        key: The grain key of the result, such as `("aco_17",)`; empty for the contract.
        period: The service period, such as `2015` or `2015-Q2`.
        stream: The HL7 Da Vinci VBPR payment stream, such as `ssp`.
        plb: The X12 provider-level adjustment code, such as `IP`.

    Raises:
        ValueError: The amount is not above zero, or the accounts are empty or equal.
    """

    source: str = field(validator=_check_account)
    target: str = field(validator=[_check_account, _check_target])
    amount: Money = field(validator=_check_amount)
    rule: str = field(kw_only=True)
    reason: str = field(kw_only=True)
    key: tuple[str, ...] = field(default=(), kw_only=True)
    period: str = field(default="", kw_only=True)
    stream: str | None = field(default=None, kw_only=True)
    plb: str | None = field(default=None, kw_only=True)


def transfer(
    source: str,
    target: str,
    amount: Money,
    *,
    rule: str,
    reason: str,
    key: tuple[str, ...] = (),
    period: str = "",
    stream: str | None = None,
    plb: str | None = None,
) -> Transfer | None:
    """Move an amount of any sign: a negative one goes the other way, zero moves nothing.

    Returns:
        The transfer, with an amount above zero; None for an amount of zero.

    Raises:
        ValueError: The accounts are empty or equal.
    """
    if amount.cents == 0:
        return None
    if amount.cents < 0:
        source, target, amount = target, source, -amount
    return Transfer(
        source,
        target,
        amount,
        rule=rule,
        reason=reason,
        key=key,
        period=period,
        stream=stream,
        plb=plb,
    )
