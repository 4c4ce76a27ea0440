"""What a price may know beside the claim: the member's spans, as the batch would join them."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from attrs import Factory, frozen

from rules_engine.pricing.running import Key, check_sum

__all__ = ["Given", "NotGivenError"]


ACCUMULATORS: Final = "accumulators"
_PARTS: Final = 3


class NotGivenError(LookupError):
    """The ruleset reads a table of the data that was not given; an empty list says: no rows."""

    def __init__(self, table: str) -> None:
        """Keep the table's name."""
        self.table = table
        super().__init__(table)

    def __str__(self) -> str:
        """Say which, and what to do."""
        if self.table == ACCUMULATORS:
            wanted = "give Given(accumulators=…); an empty mapping says that nothing has run up"
            return f"the ruleset keeps running sums and they are not given; {wanted}"
        wanted = "give its rows for this member, or an empty list"
        return f"the ruleset reads {self.table} and it is not given; {wanted}"


@frozen
class Given:
    """Facts about the member of a claim.

    Attributes:
        tables: Rows of each table of the data that the ruleset reads, such as the member's roster.
        accumulators: What has run up before the claim, such as a deductible: name of the sum, whose
            it is and within what → amount. `PricedClaim.given_after` gives what they have become.
    """

    tables: Mapping[str, Sequence[Mapping[str, Any]]] = Factory(dict)
    accumulators: Mapping[Key, Decimal] | None = None

    def opening(self, names: Collection[str]) -> Mapping[Key, Decimal]:
        """Give what has run up before the claim.

        Args:
            names: The running sums that the ruleset keeps.

        Raises:
            NotGivenError: It keeps some and none were given; an empty mapping says that nothing
                has run up.
            ValueError: A key is none of a running sum, or an amount is no exact number.
        """
        if self.accumulators is None:
            if not names:
                return {}
            raise NotGivenError(ACCUMULATORS)
        # Whatever a caller put there; what is right, is so without a call.
        given: Mapping[Any, Any] = self.accumulators
        for key, amount in given.items():
            if (
                amount.__class__ is not Decimal
                or key.__class__ is not tuple
                or len(key) != _PARTS
                or key[0] not in names
                or not (key[1].__class__ is key[2].__class__ is str)
                or not amount.is_finite()
            ):
                check_sum(key, amount, names)
        return self.accumulators

    def rows(self, table: str) -> Sequence[Mapping[str, Any]]:
        """Give the rows of a table.

        Raises:
            NotGivenError: The table was not given.
        """
        if table not in self.tables:
            raise NotGivenError(table)
        return self.tables[table]
