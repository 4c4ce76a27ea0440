"""One member-month at a time: what each rule pays for it, by generated Python functions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rules_engine.expressions.closure import Index, Reject
from rules_engine.expressions.sites import Sites
from rules_engine.pricing.generated import compiled
from rules_engine.pricing.given import Given
from rules_engine.pricing.given_table import given_rows, given_tables
from rules_engine.pricing.missing import MissingColumnError
from rules_engine.pricing.months.function import month_function
from rules_engine.pricing.months.priced import PricedMonth, RejectedMonth
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.priced import detail_text
from rules_engine.pricing.values import read_value

__all__ = ["MonthPricer", "price_month"]

Row = Mapping[str, Any]
_NOTHING: Final = Given()


class MonthPricer:
    """Prices member-months by one rule; made once, safe to share between threads.

    Attributes:
        plan: The rule.
        source: The generated Python, for readers and debuggers.
    """

    def __init__(self, plan: Plan, tables: Mapping[str, Mapping[str, Index]], sites: Sites) -> None:
        """Compile the rule over the indexes of its tables."""
        self.plan = plan
        self._rule = plan.rules[0].id
        self._sites = sites
        self._given = given_tables(plan)
        self.source, bound = month_function(plan, tables, sites)
        self._month: Callable[..., tuple[Any, ...] | None] = compiled(self.source, bound)["month"]

    def price(self, row: Row, given: Given | None = None) -> PricedMonth | RejectedMonth | None:
        """Price a member-month; None where the rule does not pay for it.

        Raises:
            NotGivenError: The rule reads a table that `given` does not have.
            MissingColumnError: A needed column is not there.
            TypeError: A value is a float or of another type that is not exact.
            ValueError: A given row does not read, or two of one key hold on the same day.
        """
        indexed = given_rows(self._given, given or _NOTHING) if self._given else None
        try:
            found = self._month(row, indexed)
        except KeyError:
            missing = sorted(set(self.plan.needed_columns) - set(row))
            if missing:
                raise MissingColumnError(missing) from None
            raise
        except Reject as reject:
            site = self._sites[reject.site]
            return RejectedMonth(
                rule=self._rule,
                person_id=self._key(row, "person_id"),
                month=self._key(row, "month"),
                code=site.code,
                reason=site.message,
                detail=detail_text(reject.detail) if reject.detail is not None else "",
                place=site.place,
            )
        if found is None:
            return None
        payee, allowed, adjusted, withheld, paid = found
        return PricedMonth(
            rule=self._rule,
            person_id=row["person_id"],
            month=self._key(row, "month"),
            payee=payee,
            allowed=allowed,
            adjusted=adjusted,
            withheld=withheld,
            paid=paid,
        )

    def refusal(self, row: Row) -> RejectedMonth | None:
        """Say why a member-month is rejected; None where it is not."""
        found = self.price(row)
        return found if isinstance(found, RejectedMonth) else None

    def _key(self, row: Row, name: str) -> Any:
        """Give a column of the key as its table holds it; None where it does not read."""
        try:
            return read_value(row.get(name), self.plan.columns[name])
        except (ValueError, TypeError):
            return None


def price_month(
    pricers: Sequence[MonthPricer], row: Row, given: Given | None
) -> tuple[PricedMonth | RejectedMonth, ...]:
    """Price a member-month by every rule that pays for it, in the order of the rules."""
    found = (pricer.price(row, given) for pricer in pricers)
    return tuple(one for one in found if one is not None)
