"""The lines of one claim, priced by a generated function, whatever that function gives."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rules_engine.expressions.closure import Index, Reject
from rules_engine.expressions.sites import Site, Sites
from rules_engine.pricing.function import Answer, LineFunction, Row
from rules_engine.pricing.generated import compiled
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.spreading import parts_of
from rules_engine.pricing.trace import SPREAD
from rules_engine.pricing.values import read_value

__all__ = ["ClaimLines"]

_TWICE: Final = Site("RE505", "the line number stands on more than one line; a number stands once")


class ClaimLines:
    """Prices the lines of one claim; made once, safe to share between threads.

    Attributes:
        source: The generated Python, for readers and debuggers.
        line: Prices a line alone. It raises `Reject` where the line has no price, and gives the
            number of the line's rule where that rule pays once a claim.
        amounts: What such a rule pays for the claim, by its number.
    """

    def __init__(
        self,
        plan: Plan,
        tables: Mapping[str, Mapping[str, Index]],
        sites: Sites,
        answer: Answer,
        number: Callable[[Row], Any],
    ) -> None:
        """Compile the plan for an answer; `number` gives the number of a line."""
        function = LineFunction(plan, tables, sites, answer)
        self.source = function.source()
        space = compiled(self.source, function.bound)
        self.line: Callable[..., Any] = space["line"]
        self.amounts: dict[int, Callable[..., tuple[Decimal, tuple[Any, ...]]]] = {
            number: space[f"amount_{number}"]
            for number, rule in enumerate(plan.choosing)
            if rule.step.per == "claim"
        }
        self._number = number
        self._head: Callable[[Row], Any] = space["head"]
        self._answer = answer
        self._plan = plan
        self._sites = sites

    def refused(self, row: Row, reject: Reject) -> Any:
        """Give what stands for a line without a price."""
        return self._answer.refused(row, self._sites[reject.site], reject.detail, self._head)

    def priced(self, rows: Sequence[Row], given: Any) -> list[Any]:
        """Price all lines of a claim, in their order.

        Args:
            rows: The lines, each with the columns of its claim.
            given: Rows of given tables, indexed.
        """
        if len(rows) > 1:
            twice = self._twice(rows)
            if twice:
                return self._apart(rows, twice, given)
        if self.amounts:
            return self._spread(rows, given)
        return [self._alone(row, given) for row in rows]

    def _alone(self, row: Row, given: Any) -> Any:
        try:
            return self.line(row, given)
        except Reject as reject:
            return self.refused(row, reject)

    def _twice(self, rows: Sequence[Row]) -> set[Any]:
        """Give the line numbers that stand on more than one line."""
        numbers = [self._number(row) for row in rows]
        if len(set(numbers)) == len(numbers):
            return set()
        return {number for number in numbers if numbers.count(number) > 1}

    def _apart(self, rows: Sequence[Row], twice: set[Any], given: Any) -> list[Any]:
        """Refuse the lines that share a number, as a batch does, and price the others."""
        others = [row for row in rows if self._number(row) not in twice]
        found = iter(self.priced(others, given))
        return [
            self._answer.refused(row, _TWICE, "", self._head)
            if self._number(row) in twice
            else next(found)
            for row in rows
        ]

    def _spread(self, rows: Sequence[Row], given: Any) -> list[Any]:
        """Price each line; lines of a rule that pays per claim wait until all of them are known."""
        found = [self._alone(row, given) for row in rows]
        waiting: dict[int, list[int]] = {}
        for place, one in enumerate(found):
            if isinstance(one, int):
                waiting.setdefault(one, []).append(place)
        for number, members in waiting.items():
            ordered = sorted(members, key=lambda place: self._number(rows[place]))
            lines = self._together(number, [rows[place] for place in ordered], given)
            for place, line in zip(ordered, lines, strict=True):
                found[place] = line
        return found

    def _together(self, number: int, rows: Sequence[Row], given: Any) -> list[Any]:
        """Pay once, by the first line, and spread over all lines by their charges."""
        try:
            amount, kept = self.amounts[number](rows[0], given)
        except Reject as reject:
            return [self.refused(row, reject) for row in rows]
        charges = {self._number(row): self._charge(row) for row in rows}
        parts = parts_of(amount, list(charges.values()), self._plan.scale)
        priced = []
        for row, part in zip(rows, parts, strict=True):
            entries = kept and (*kept, (SPREAD, part, charges))
            try:
                priced.append(self.line(row, given, number, part, entries))
            except Reject as reject:
                priced.append(self.refused(row, reject))
        return priced

    def _charge(self, row: Row) -> Decimal | None:
        value = row["charge_amount"]
        if value is None or isinstance(value, Decimal):
            return value
        read: Decimal = read_value(value, self._plan.columns["charge_amount"])
        return read
