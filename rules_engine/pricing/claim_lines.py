"""The lines of one claim, priced by a generated function, whatever that function gives."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules_engine.expressions.closure import Index, Reject
from rules_engine.expressions.sites import Site, Sites
from rules_engine.pricing.claim_functions import LineValue, over_lines
from rules_engine.pricing.function import Answer, LineFunction, Row
from rules_engine.pricing.generated import compiled
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.running import Sums
from rules_engine.pricing.spreading import parts_of
from rules_engine.pricing.trace import SPREAD
from rules_engine.pricing.values import LINE_NUMBER, described, line_number, read_value

__all__ = ["ClaimLines"]

_NO_ID: Final = Site("RE608", "claim_id does not read as a code")
_NO_NUMBER: Final = Site("RE608", f"claim_line_number does not read as {described(LINE_NUMBER)}")
_TWICE: Final = Site("RE505", "the line number stands on more than one line; a number stands once")


class ClaimLines:
    """Prices the lines of one claim; made once, safe to share between threads.

    Attributes:
        source: The generated Python, for readers and debuggers.
        line: Prices a line alone. It raises `Reject` where the line has no price, and gives the
            number of the line's rule where that rule pays once a claim.
        amounts: What such a rule pays for the claim, by its number.
        is_simple: Whether no line needs to know of another.
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
        self._given: Callable[..., tuple[tuple[Any, bool], ...]] | None = space.get("given")
        self._runs = bool(plan.accumulators)
        self.is_simple = not (self.amounts or self._given or self._runs)
        self._number = number
        self._head: Callable[[Row], Any] = space["head"]
        self._answer = answer
        self._plan = plan
        self._sites = sites

    def refused(self, row: Row, reject: Reject) -> Any:
        """Give what stands for a line without a price."""
        return self._answer.refused(row, self._sites[reject.site], reject.detail, self._head)

    def unread(self, rows: Sequence[Row]) -> dict[int, Any]:
        """Refuse the rows that do not tell their claim or their number; give them by place."""
        found = {}
        for place, row in enumerate(rows):
            claim_id = row["claim_id"]
            if claim_id is None or claim_id == "":
                about = f"claim_id = {claim_id}"
                found[place] = self._answer.refused(row, _NO_ID, about, self._head)
                continue
            try:
                line_number(row)
            except ValueError:
                about = f"claim_line_number = {row['claim_line_number']}"
                found[place] = self._answer.refused(row, _NO_NUMBER, about, self._head)
        return found

    def priced(self, rows: Sequence[Row], given: Any, sums: Sums | None = None) -> list[Any]:
        """Price all lines of a claim, in their order.

        Args:
            rows: The lines, each with the columns of its claim.
            given: Rows of given tables, indexed.
            sums: What has run up before the claim; the lines add to it. None where nothing runs.
        """
        twice = self.twice(rows)
        if twice:
            return self._apart(rows, twice, given, sums)
        if self.is_simple:
            return [self._alone(row, given) for row in rows]
        whole = self._whole(rows, given)
        if self.amounts:
            return self._spread(rows, given, whole, sums)
        found: list[Any] = [None] * len(rows)
        for place in self._order(rows):
            found[place] = self._alone(rows[place], given, f=whole[place], sums=sums)
        return found

    def _alone(
        self,
        row: Row,
        given: Any,
        *,
        rule: int = -1,
        part: Decimal | None = None,
        kept: tuple[Any, ...] = (),
        f: tuple[Any, ...] = (),
        sums: Sums | None = None,
    ) -> Any:
        try:
            return self.line(row, given, rule, part, kept, f, sums)
        except Reject as reject:
            return self.refused(row, reject)

    def _whole(self, rows: Sequence[Row], given: Any) -> list[tuple[Any, ...]]:
        """Give the functions over the lines of the claim, for each line; unread lines have none."""
        if self._given is None:
            return [()] * len(rows)
        found: dict[int, tuple[tuple[Any, bool], ...]] = {}
        for place, row in enumerate(rows):
            # A line that does not read is none of the claim's, as in a batch.
            with suppress(Reject):
                found[place] = self._given(row, given)
        functions = []
        for at, node in enumerate(self._plan.claim_functions):
            lines = [
                LineValue(int(self._number(rows[place])), *values[at])
                for place, values in found.items()
            ]
            functions.append(over_lines(node.function, lines))
        known = dict(zip(found, zip(*functions, strict=True), strict=True))
        return [known.get(place, ()) for place in range(len(rows))]

    def _order(self, rows: Sequence[Row]) -> Sequence[int]:
        """Give the places of the lines in the order in which they add to running sums."""
        if not self._runs or len(rows) == 1:
            return range(len(rows))
        keys = []
        for place, row in enumerate(rows):
            day = sequence = None
            with suppress(Reject):
                _, day, sequence = self._head(row)
            number = int(self._number(row))
            keys.append((sequence is None, sequence or 0, day or date.max, number, place))
        return [key[-1] for key in sorted(keys)]

    def twice(self, rows: Sequence[Row]) -> set[Any]:
        """Give the line numbers that stand on more than one line."""
        if len(rows) == 1:
            return set()
        numbers = [row["claim_line_number"] for row in rows]
        if {*map(type, numbers)} != {int}:
            numbers = [self._number(row) for row in rows]
        if len(set(numbers)) == len(numbers):
            return set()
        return {number for number in numbers if numbers.count(number) > 1}

    def _apart(
        self, rows: Sequence[Row], twice: set[Any], given: Any, sums: Sums | None
    ) -> list[Any]:
        """Refuse the lines that share a number, as a batch does, and price the others."""
        others = [row for row in rows if self._number(row) not in twice]
        found = iter(self.priced(others, given, sums))
        return [
            self._answer.refused(row, _TWICE, "", self._head)
            if self._number(row) in twice
            else next(found)
            for row in rows
        ]

    def _spread(
        self,
        rows: Sequence[Row],
        given: Any,
        whole: Sequence[tuple[Any, ...]],
        sums: Sums | None,
    ) -> list[Any]:
        """Price each line; lines of a rule that pays per claim wait until all of them are known."""
        # What runs is counted once: in the second round, where the parts of a claim are known.
        scratch = None if sums is None else Sums(sums.opening, dict(sums.after))
        found = [
            self._alone(row, given, f=f, sums=scratch) for row, f in zip(rows, whole, strict=True)
        ]
        waiting: dict[int, list[int]] = {}
        for place, one in enumerate(found):
            if isinstance(one, int):
                waiting.setdefault(one, []).append(place)
        waits = {place for places in waiting.values() for place in places}
        parts: dict[int, tuple[int, Decimal, tuple[Any, ...]]] = {}
        for number, members in waiting.items():
            ordered = sorted(members, key=lambda place: self._number(rows[place]))
            first = ordered[0]
            try:
                amount, kept = self.amounts[number](rows[first], given, whole[first])
            except Reject as reject:
                for place in ordered:
                    found[place] = self.refused(rows[place], reject)
                continue
            charges = {self._number(rows[place]): self._charge(rows[place]) for place in ordered}
            shares = parts_of(amount, list(charges.values()), self._plan.scale)
            for place, part in zip(ordered, shares, strict=True):
                parts[place] = (number, part, kept and (*kept, (SPREAD, part, charges)))
        for place in self._order(rows):
            if place in parts:
                rule, part, kept = parts[place]
                found[place] = self._alone(
                    rows[place], given, rule=rule, part=part, kept=kept, f=whole[place], sums=sums
                )
            elif sums is not None and place not in waits:
                found[place] = self._alone(rows[place], given, f=whole[place], sums=sums)
        return found

    def _charge(self, row: Row) -> Decimal | None:
        value = row["charge_amount"]
        if value is None or isinstance(value, Decimal):
            return value
        read: Decimal = read_value(value, self._plan.columns["charge_amount"])
        return read
