"""One claim at a time: all rules of a ruleset as generated Python functions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any, Final

from rules_engine.expressions.closure import Index, Reject
from rules_engine.expressions.sites import Sites
from rules_engine.pricing.answers import LineAnswer, RowAnswer, TraceAnswer
from rules_engine.pricing.claim_lines import ClaimLines
from rules_engine.pricing.function import Row
from rules_engine.pricing.given import Given
from rules_engine.pricing.given_table import given_rows, given_tables
from rules_engine.pricing.missing import MissingColumnError
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.priced import PricedClaim, RejectedLine
from rules_engine.pricing.rows import price_stream
from rules_engine.pricing.running import Key, Sums
from rules_engine.pricing.values import LINE_NUMBER_MAX, line_number, numbered

__all__ = ["ClaimPricer"]

_new: Final = object.__new__
_NUMBER: Final = itemgetter("claim_line_number")


class ClaimPricer:
    """Prices claims; made once, safe to share between threads.

    Attributes:
        plan: What is priced.
        sites: Places that may reject a line.
    """

    def __init__(self, plan: Plan, tables: Mapping[str, Mapping[str, Index]], sites: Sites) -> None:
        """Compile the plan over the indexes of its tables."""
        self.plan = plan
        self.sites = sites
        self._tables = tables
        self._given = given_tables(plan)
        self._lines = ClaimLines(plan, tables, sites, LineAnswer(), _NUMBER)
        self._line = self._lines.line
        # One line alone is what real-time callers send: it needs no loop, and no call in between.
        self._is_simple = self._lines.is_simple and not self._given

    @property
    def source(self) -> str:
        """The generated Python that prices a line, for readers and debuggers."""
        return self._lines.source

    # Who traces or streams waits for a second function, and who does not has no need of one. Two
    # threads that ask at once may make two, which are the same.

    @cached_property
    def _traces(self) -> ClaimLines:
        return ClaimLines(self.plan, self._tables, self.sites, TraceAnswer(), _NUMBER)

    @cached_property
    def _rows(self) -> ClaimLines:
        return ClaimLines(self.plan, self._tables, self.sites, RowAnswer(self.plan), line_number)

    def refusal(self, row: Row, given: Given | None = None) -> RejectedLine | None:
        """Say why a line alone, or the claim it stands for, is rejected; None where it is not."""
        indexed = self._indexed(given)
        try:
            found = self._line(row, indexed)
            if isinstance(found, int):
                self._lines.amounts[found](row, indexed)
        except Reject as reject:
            refused: RejectedLine = self._lines.refused(row, reject)
            return refused
        return None

    def price(self, claim: Row, given: Given | None = None) -> PricedClaim:
        """Price a claim: a mapping with `lines`, or a claim of one line as one flat mapping.

        Raises:
            NotGivenError: The ruleset reads a table that `given` does not have.
            MissingColumnError: A needed column is not there.
            TypeError: A value is a float or of another type that is not exact.
            ValueError: A given row or a line number does not read, or two given rows of one key
                hold on the same day.
        """
        if (
            self._is_simple
            and claim.get("lines") is None
            and (given is None or not given.accumulators)
        ):
            try:
                number = claim["claim_line_number"]
                if number.__class__ is not int or not 0 <= number <= LINE_NUMBER_MAX:
                    claim = numbered(claim)
                try:
                    line = self._line(claim)
                except Reject as reject:
                    line = self._lines.refused(claim, reject)
                # Made without its `__init__`, which takes as long as two products.
                priced = _new(PricedClaim)
                priced.claim_id = claim["claim_id"]
                priced.lines, priced.given_after, priced.traces = (line,), {}, ()
                return priced  # noqa: TRY300  nothing here raises but the claim
            except KeyError:
                self._complain((claim,))
                raise
        return PricedClaim(*self._priced(claim, given, self._lines))

    def trace(self, claim: Row, given: Given | None = None) -> PricedClaim:
        """Price a claim as `price` does, and keep how each line came about.

        Raises:
            NotGivenError: The ruleset reads a table that `given` does not have.
            MissingColumnError: A needed column is not there.
            TypeError: A value is a float or of another type that is not exact.
            ValueError: A given row or a line number does not read, or two given rows of one key
                hold on the same day.
        """
        claim_id, traces, after = self._priced(claim, given, self._traces)
        return PricedClaim(claim_id, tuple([trace.line for trace in traces]), after, traces)

    def price_rows(
        self, rows: Iterable[Row], given: Given | None = None
    ) -> Iterator[dict[str, Any]]:
        """Price a stream of lines, each given as a row with the columns of a batch's result.

        Raises:
            NotGivenError: The ruleset reads a table that `given` does not have.
            MissingColumnError: A row lacks a needed column.
            TypeError: A value is a float or of another type that is not exact.
            ValueError: A given row does not read, or two of one key hold on the same day.
        """
        sums = self._sums(given)
        return price_stream(self._rows, rows, self._indexed(given), self._complain, sums)

    def _priced(
        self, claim: Row, given: Given | None, lines: ClaimLines
    ) -> tuple[str, tuple[Any, ...], Mapping[Key, Decimal]]:
        """Give the claim's id, what becomes of each of its lines, and what has run up by then."""
        parts = claim.get("lines")
        rows: Sequence[Row] = [
            numbered(row)
            for row in ((claim,) if parts is None else [{**claim, **p} for p in parts])
        ]
        if not rows:
            msg = "the claim has no lines; one at least may stand there"
            raise ValueError(msg)
        indexed = self._indexed(given)
        try:
            sums = self._sums(given)
            priced = tuple(lines.priced(rows, indexed, sums))
            return claim["claim_id"], priced, {} if sums is None else sums.after
        except KeyError:
            self._complain(rows)
            raise

    def _sums(self, given: Given | None) -> Sums | None:
        if not self.plan.accumulators and (given is None or not given.accumulators):
            return None
        opening = (given or Given()).opening(self.plan.accumulators)
        return Sums(opening) if self.plan.accumulators else None

    def _indexed(self, given: Given | None) -> dict[tuple[str, str], Any] | None:
        if not self._given:
            return None
        return given_rows(self._given, given or Given())

    def _complain(self, rows: Sequence[Row]) -> None:
        wanted = {"claim_id", "claim_line_number", *self.plan.needed_columns} - self.plan.only_dates
        missing = sorted({name for row in rows for name in wanted if name not in row})
        if missing:
            raise MissingColumnError(missing) from None
