"""Formulas that are well typed and yet never give a line its price, or never do anything."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from rules_engine.diagnostics import Diagnostic, Severity
from rules_engine.expressions import Expression, Kind, Type
from rules_engine.expressions.tree import (
    Arithmetic,
    Compare,
    Const,
    DateCall,
    Extremum,
    Has,
    Logic,
    Lookup,
    walk,
)
from rules_engine.expressions.units import is_null
from rules_engine.language.document import Document, Path
from rules_engine.tables.lookup import LookupTable

__all__ = ["Doubts"]

_AMOUNT: Final = Type.of(Kind.MONEY)
# From the first day of the calendar to its last.
_DAYS: Final = (date.max - date.min).days
_MONTHS: Final = 9999 * 12 - 1
_LOWER: Final = frozenset({">", ">="})
_UPPER: Final = frozenset({"<", "<="})


@frozen
class Doubts:
    """What is doubtful about one formula.

    Attributes:
        document: Where it is written.
        path: The place in it.
        tables: The ruleset's own tables.
    """

    document: Document
    path: Path
    tables: Mapping[str, LookupTable] = field(repr=False)

    def about(self, expression: Expression, *, is_amount: bool) -> Iterator[Diagnostic]:
        """Find them.

        Args:
            expression: The formula.
            is_amount: Whether it is what a line is paid or what is taken off it.
        """
        if is_amount:
            yield from self._amount(expression)
        asked = {(part.table, part.keys) for part in walk(expression) if isinstance(part, Has)}
        for part in walk(expression):
            match part:
                case Lookup() if (part.table, part.keys) not in asked:
                    yield from self._lookup(part)
                case Logic(op="and", left=Compare() as left, right=Compare() as right):
                    yield from self._range(part, left, right)
                case Extremum():
                    yield from self._extremum(part)
                case Arithmetic() | DateCall():
                    yield from self._date(part)

    def _finding(
        self,
        part: Expression,
        code: str,
        message: str,
        help_: str,
        severity: Severity = "error",
    ) -> Diagnostic:
        place = self.document.locate(self.path, offset=part.start)
        return Diagnostic(place, code, message, help=help_, severity=severity)

    def _amount(self, expression: Expression) -> Iterator[Diagnostic]:
        low, high, most, least = (
            expression.type.low, expression.type.high, _AMOUNT.high, _AMOUNT.low,
        )  # fmt: skip
        if None in {low, high, most, least}:
            return
        if Decimal(low or 0) > Decimal(most or 0) or Decimal(high or 0) < Decimal(least or 0):
            message = f"the amount is always outside {least} to {most}; no line may hold it"
            help_ = "an amount is in whole currency, such as 125.00 for 125 dollars"
            yield self._finding(expression, "RE418", message, help_)

    def _lookup(self, part: Lookup) -> Iterator[Diagnostic]:
        table = self.tables.get(part.table)
        if table is None:
            return
        written = {
            name: key.value
            for name, key in zip(table.type.key, part.keys, strict=True)
            if isinstance(key, Const)
        }
        rows = zip(*(table.rows[name] for name in written), strict=True)
        if written and tuple(written.values()) not in set(rows):
            shown = " and ".join(f"{name} {_shown(value)}" for name, value in written.items())
            yield self._finding(
                part,
                "RE420",
                f"{part.table} has no row with {shown}; no line that asks for it has a price",
                f"add the row, or ask first: CASE WHEN has({part.table}, …) THEN … ELSE … END",
                "warning",
            )

    def _range(self, part: Logic, left: Compare, right: Compare) -> Iterator[Diagnostic]:
        for below, above in ((left, right), (right, left)):
            low, high = below.right, above.right
            if below.op not in _LOWER or above.op not in _UPPER or below.left != above.left:
                continue
            if not isinstance(low, Const) or not isinstance(high, Const):
                continue
            first, last = low.value, high.value
            is_empty = (
                (isinstance(first, Decimal) and isinstance(last, Decimal) and first > last)
                or (isinstance(first, date) and isinstance(last, date) and first > last)
                or (first == last and (below.op, above.op) != (">=", "<="))
            )  # fmt: skip
            if is_empty:
                found = f"{below.op} {_shown(first)} and {above.op} {_shown(last)}"
                message = f"no value is {found}; the condition is never true"
                help_ = "the lower bound stands first: BETWEEN 1 AND 10"
                yield self._finding(part, "RE419", message, help_, "warning")

    def _extremum(self, part: Extremum) -> Iterator[Diagnostic]:
        null = next((one for one in part.arguments if is_null(one.type)), None)
        if null is not None:
            message = f"{part.function} is given NULL; it is null on every line"
            yield self._finding(null, "RE421", message, "leave NULL out")

    def _date(self, part: Arithmetic | DateCall) -> Iterator[Diagnostic]:
        if part.type.kind != Kind.DATE:
            return
        moves = isinstance(part, Arithmetic) or part.function.startswith("add_")
        count = part.right if isinstance(part, Arithmetic) else part.arguments[-1]
        if not moves or None in {count.type.low, count.type.high}:
            return
        steps, farthest = Decimal(1), _DAYS
        if isinstance(part, DateCall):
            steps, farthest = Decimal(12 if part.function == "add_years" else 1), _MONTHS
        low, high = (steps * Decimal(bound or 0) for bound in (count.type.low, count.type.high))
        if low > farthest or high < -farthest:
            message = "the date always lies outside the years 1 to 9999; no line has it"
            yield self._finding(part, "RE418", message, "move it by fewer days, months or years")


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str | date) else str(value)
