"""Balances that rules open with: from the period before, the journal, or the table that says so."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction

from attrs import Factory, define, field

from rules_engine.ledger import Money, Transfer
from rules_engine.methodology import Period, Settlement, SettlementError
from rules_engine.settlement.books import Asked
from rules_engine.settlement.facts import Given

__all__ = ["TABLE", "Balances", "Opening", "Posted"]

TABLE = "opening_balance"
"""The standard table that says what accounts hold when a period begins."""

Posted = Callable[[str, Period], Mapping[str, Money]]
"""Gives what the journal says that accounts hold when a rule settles a period."""


@define
class Balances:
    """What accounts hold, period after period of one run.

    Attributes:
        given: Where the table of opening balances is.
        currency: ISO 4217 code of every balance.
        closed: Account → what it held when its rule last settled in this run.
        settled: Accounts that their rule settled in full then; what they hold later came since.
        posted: What the journal says; None where the run has none.
        asked: What it was asked.
    """

    given: Given
    currency: str
    closed: dict[str, Money] = field(factory=dict)
    settled: set[str] = field(factory=set)
    posted: Posted | None = None
    asked: list[Asked] = Factory(list)
    _stated: dict[str, list[tuple[date | None, Fraction]]] | None = None
    _read: dict[tuple[str, Period], Mapping[str, Money]] = field(factory=dict, init=False)

    def forget(self, rule: str) -> None:
        """Forget what the accounts of a rule held: a period that the run leaves out moves them."""
        self.closed = {a: m for a, m in self.closed.items() if not a.startswith(f"{rule}.")}
        self.settled &= self.closed.keys()

    def before(self, account: str, rule: str, period: Period) -> Money:
        """Give what an account holds before a period.

        Raises:
            SettlementError: Neither this run, the journal nor the table says it, or they say two
                things.
        """
        held = self.closed.get(account)
        posted = self._posted(account, rule, period) if held is None else None
        known = held if held is not None else posted
        begins = {period.first, period.first - timedelta(days=1)}
        found = {
            Money.of(amount, self.currency)
            for as_of, amount in self.stated().get(account, ())
            # A row of no day opens the first period that nobody has settled before.
            if as_of in begins or (as_of is None and known is None)
        }
        if known is not None and not found:
            return known
        if len(found) == 1:
            said = found.pop()
            # What was settled in full holds what came since; the journal says that by a zero.
            is_settled = (
                account in self.settled if held is not None else posted == Money(0, self.currency)
            )
            if known is None or is_settled or said == known:
                return said
            by = "this run" if held is not None else "the journal"
            msg = (
                f"{account} of {rule} holds {known} before {period.label} by {by}, and {said} by"
                f" {TABLE}; the two may not differ: take the row away, or run {period.label} alone"
            )
            raise SettlementError(msg)
        what = "has several balances" if found else "has no balance"
        msg = (
            f"{account} of {rule} {what} before {period.label}; one row of {TABLE} as of"
            f" {period.first - timedelta(days=1)} may give it, 0 for none, or the period before"
            " it in the same run or the journal"
        )
        raise SettlementError(msg)

    def _posted(self, account: str, rule: str, period: Period) -> Money | None:
        """Give what the journal says, and keep that it was asked."""
        if self.posted is None:
            return None
        if (rule, period) not in self._read:
            self._read[rule, period] = self.posted(rule, period)
        found = self._read[rule, period].get(account)
        self.asked.append(Asked(rule, account, period, found))
        return found

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

    def close(self, rule: str, opening: "Opening", made: Settlement) -> Mapping[str, Money]:
        """Keep, and give, what a settlement leaves in the accounts that it opened with.

        Raises:
            SettlementError: It leaves something else than its transfers do, or in an account
                that it does not carry.
        """
        moved = _moved(made.transfers)
        left: dict[str, Money] = {}
        for account in sorted(opening.asked.keys() | made.closing.keys()):
            held = opening[account].cents + moved.get(account, 0)
            said = made.closing[account].cents if account in made.closing else 0
            if held != said:
                msg = (
                    f"{account} of {rule} holds {Money(held, self.currency)} at the end and"
                    f" {Money(said, self.currency)} is carried; the two may not differ"
                )
                raise SettlementError(msg)
            left[account] = Money(held, self.currency)
            if account in made.closing:
                self.settled.discard(account)
            else:
                self.settled.add(account)
        self.closed |= left
        return left


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
