"""What a price may know beside the claim: the member's spans, as the batch would join them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from attrs import Factory, frozen

from rules_engine.pricing.running import Key

__all__ = ["Given", "NotGivenError"]


ACCUMULATORS: Final = "accumulators"


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

    def opening(self) -> Mapping[Key, Decimal]:
        """Give what has run up before the claim.

        Raises:
            NotGivenError: It was not given; an empty mapping says that nothing has.
        """
        if self.accumulators is None:
            raise NotGivenError(ACCUMULATORS)
        return self.accumulators

    def rows(self, table: str) -> Sequence[Mapping[str, Any]]:
        """Give the rows of a table.

        Raises:
            NotGivenError: The table was not given.
        """
        if table not in self.tables:
            raise NotGivenError(table)
        return self.tables[table]
