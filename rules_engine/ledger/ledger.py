"""The ledger: the transfers of a settlement, and what they leave in each account."""

from collections.abc import Mapping

from attrs import Attribute, field, frozen

from rules_engine.ledger.money import CurrencyError, Money
from rules_engine.ledger.transfers import Transfer


class UnbalancedError(Exception):
    """Money was left in pools that no rule declared to carry.

    Attributes:
        left: Pool to the amount left in it, negative where the pool is short.
    """

    def __init__(self, left: Mapping[str, Money]) -> None:
        """Say which pools hold what."""
        self.left = dict(left)
        pools = ", ".join(f"{account} holds {amount}" for account, amount in self.left.items())
        super().__init__(f"{pools}; a pool may be empty or declared in carries")


def _check_one_currency(
    _ledger: object, _field: "Attribute[tuple[Transfer, ...]]", transfers: tuple[Transfer, ...]
) -> None:
    currencies = sorted({transfer.amount.currency for transfer in transfers})
    if len(currencies) > 1:
        message = f"transfers have currencies {', '.join(currencies)}; they may have one"
        raise CurrencyError(message)


@frozen
class Ledger:
    """Transfers of one settlement; its balances sum to zero because each transfer does.

    Attributes:
        transfers: In the order in which they were ordered.
        pools: Accounts that must end empty.
        carries: Pools whose balance is declared to stay for the next period.

    Raises:
        CurrencyError: The transfers have more than one currency.
    """

    transfers: tuple[Transfer, ...] = field(validator=_check_one_currency)
    pools: frozenset[str] = frozenset()
    carries: frozenset[str] = frozenset()

    def balances(self) -> dict[str, Money]:
        """Give what each account gained (negative: lost), in the order of account names."""
        cents: dict[str, int] = {}
        for transfer in self.transfers:
            moved = transfer.amount.cents
            cents[transfer.source] = cents.get(transfer.source, 0) - moved
            cents[transfer.target] = cents.get(transfer.target, 0) + moved
        return {account: Money(cents[account], self._currency()) for account in sorted(cents)}

    def check(self) -> None:
        """Make sure that every pool is emptied or declared.

        Raises:
            UnbalancedError: A pool is neither empty nor in `carries`.
        """
        left = {
            account: amount
            for account, amount in self.balances().items()
            if account in self.pools - self.carries and amount.cents
        }
        if left:
            raise UnbalancedError(left)

    def _currency(self) -> str:
        return self.transfers[0].amount.currency
