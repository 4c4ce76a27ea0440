"""Balances that rules open with: from the period before, or from the table of opening balances."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction

from attrs import define, field

from rules_engine.ledger import Money, Transfer
from rules_engine.methodology import Period, Settlement, SettlementError
from rules_engine.settlement.facts import Given

__all__ = ["TABLE", "Balances", "Opening"]

TABLE = "opening_balance"
"""The standard table that says what accounts hold when a period begins."""


@define
class Balances:
    """What accounts hold, period after period of one run.

    Attributes:
        given: Where the table of opening balances is.
        currency: ISO 4217 code of every balance.
        closed: Account → what it held when its rule last settled in this run.
        settled: Accounts that their rule settled in full then; what they hold later came since.
    """

    given: Given
    currency: str
    closed: dict[str, Money] = field(factory=dict)
    settled: set[str] = field(factory=set)
    _stated: dict[str, list[tuple[date | None, Fraction]]] | None = None

    def forget(self, rule: str) -> None:
        """Forget what the accounts of a rule held: a period that the run leaves out moves them."""
        self.closed = {a: m for a, m in self.closed.items() if not a.startswith(f"{rule}.")}
        self.settled &= self.closed.keys()

    def before(self, account: str, rule: str, period: Period) -> Money:
        """Give what an account holds before a period.

        Raises:
            SettlementError: Neither this run nor the table says it, the table says two things, or
                it says something else than what this run carries.
        """
        begins = {period.first, period.first - timedelta(days=1)}
        held = self.closed.get(account)
        found = {
            amount
            for as_of, amount in self.stated().get(account, ())
            # A row of no day says what the account held before this run began.
            if as_of in begins or (as_of is None and held is None)
        }
        if held is not None and not found:
            return held
        if len(found) == 1:
            said = Money.of(found.pop(), self.currency)
            if held is None or account in self.settled or said == held:
                return said
            msg = (
                f"{account} of {rule} holds {held} before {period.label} by this run, and {said} by"
                f" {TABLE}; the two may not differ: take the row away, or run {period.label} alone"
            )
            raise SettlementError(msg)
        what = "has several balances" if found else "has no balance"
        msg = (
            f"{account} of {rule} {what} before {period.label}; one row of {TABLE} as of"
            f" {period.first - timedelta(days=1)} may give it, 0 for none, or the period before"
            " it in the same run"
        )
        raise SettlementError(msg)

    def stated(self) -> Mapping[str, list[tuple[date | None, Fraction]]]:
        """Give the rows of the table by account; read when a rule first asks."""
        if self._stated is None:
            self._stated = {}
            columns = self.given.columns(TABLE)
            for account, as_of, amount in zip(
                columns["account"], columns["as_of"], columns["balance_amount"], strict=True
            ):
                self._stated.setdefault(account, []).append((as_of, Fraction(amount)))
        return self._stated

    def close(self, rule: str, opening: "Opening", made: Settlement) -> None:
        """Keep what a settlement leaves in the accounts that it opened with.

        Raises:
            SettlementError: It leaves something else than its transfers do, or in an account
                that it does not carry.
        """
        moved = _moved(made.transfers)
        for account in sorted(opening.asked.keys() | made.closing.keys()):
            held = opening[account].cents + moved.get(account, 0)
            said = made.closing[account].cents if account in made.closing else 0
            if held != said:
                msg = (
                    f"{account} of {rule} holds {Money(held, self.currency)} at the end and"
                    f" {Money(said, self.currency)} is carried; the two may not differ"
                )
                raise SettlementError(msg)
            self.closed[account] = Money(held, self.currency)
            if account in made.closing:
                self.settled.discard(account)
            else:
                self.settled.add(account)


@define
class Opening(Mapping[str, Money]):
    """Balances before one settlement, by account; looked up when they are asked for.

    Attributes:
        balances: Of the run.
        rule: The rule that settles.
        period: The period that it settles.
        asked: What was asked for.
    """

    balances: Balances
    rule: str
    period: Period
    asked: dict[str, Money] = field(factory=dict)

    def __getitem__(self, account: str) -> Money:
        """Give the balance of an account.

        Raises:
            SettlementError: Nobody said it; it is never taken to be zero.
        """
        if account not in self.asked:
            self.asked[account] = self.balances.before(account, self.rule, self.period)
        return self.asked[account]

    def __iter__(self) -> Iterator[str]:
        """Give the accounts that were asked for."""
        return iter(self.asked)

    def __len__(self) -> int:
        """Count the accounts that were asked for."""
        return len(self.asked)


def _moved(transfers: tuple[Transfer, ...]) -> Mapping[str, int]:
    cents: dict[str, int] = {}
    for one in transfers:
        cents[one.source] = cents.get(one.source, 0) - one.amount.cents
        cents[one.target] = cents.get(one.target, 0) + one.amount.cents
    return cents
