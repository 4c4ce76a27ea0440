"""A run: its lines, its settlements, what was refused, and why each amount is what it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attrs import Factory, define, field, frozen

from rules_engine.engine.correcting import corrections_of
from rules_engine.engine.explanation import explained_settlement
from rules_engine.engine.months import PricedMonths, month_rejects
from rules_engine.engine.refusals import line_rejects
from rules_engine.engine.stream import lines_of
from rules_engine.expressions import Sites
from rules_engine.expressions.sql import quote
from rules_engine.ledger import Ledger
from rules_engine.methodology.explanation import Explanation
from rules_engine.pricing.batch import BatchQuery
from rules_engine.pricing.correction import Correction
from rules_engine.pricing.given import Given
from rules_engine.settlement.books import Books, Settled
from rules_engine.tables.check import DataCheck
from rules_engine.tables.dataset import Dataset
from rules_engine.tables.rejects import Reject

if TYPE_CHECKING:
    import os

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from rules_engine.engine.contract import Contract
    from rules_engine.ledger.journal import Journal, Posted

__all__ = ["Run", "Summary"]


@frozen(kw_only=True)
class Summary:
    """What a run did with the lines.

    Attributes:
        lines: Lines that were read.
        lines_priced: Lines that have a price.
        lines_rejected: Lines that no rule, fee or date prices.
        rows_rejected: Rows of all tables that did not read, lines among them.
        lines_of_other_years: Lines left out, of another year than the one asked for.
        charge: Charges of the priced lines, in currency.
        allowed: Their allowed amounts.
        member: What members owe.
        withheld: What is kept back.
        paid: What is paid.
    """

    lines: int
    lines_priced: int
    lines_rejected: int
    rows_rejected: int
    lines_of_other_years: int
    charge: Decimal
    allowed: Decimal
    member: Decimal
    withheld: Decimal
    paid: Decimal


@define(kw_only=True, eq=False)
class Run:
    """The results of one run. It holds the tables open; use it in a `with` statement, or close it.

    Attributes:
        ruleset: What was run.
        dataset: The tables that were read.
        check: Which columns were needed and there, and which rows did not read.
        summary: Counts and totals of the lines.
        books: The settlements and their ledger.
        sites: Why lines are rejected, by the number in the column `reject`.
        query: The SQL that priced the lines.
        months: What became of the member-months; None where no rule pays for any.
        out: Folder of the result files, or None.
        files: Result file by its name.
        options: How the run was called.
        warnings: What a reader should know.
    """

    ruleset: "Contract"
    dataset: Dataset
    check: DataCheck
    summary: Summary
    books: Books
    sites: Sites
    query: BatchQuery | None
    months: PricedMonths | None
    out: Path | None
    files: dict[str, Path] = Factory(dict)
    options: Mapping[str, Any] = Factory(dict)
    warnings: list[str] = Factory(list)
    _rejects: list[Reject] | None = field(default=None, init=False)

    @property
    def connection(self) -> "DuckDBPyConnection":
        """The DuckDB connection; `priced_line` holds the priced lines."""
        return self.dataset.connection

    @property
    def inputs(self) -> Sequence[Any]:
        """Files that were read, with digests and row counts."""
        return self.dataset.inputs

    @property
    def ledger(self) -> Ledger:
        """All transfers, balanced."""
        return self.books.ledger

    @property
    def settlements(self) -> Sequence[Settled]:
        """Each rule's settlement of each entity and period."""
        return self.books.settled

    @property
    def rejects_count(self) -> int:
        """Rows that did not read, and lines and member-months without a price."""
        months = 0 if self.months is None else self.months.summary.rejected
        return self.summary.rows_rejected + self.summary.lines_rejected + months

    def lines(self) -> "pa.RecordBatchReader":
        """Give the priced lines as an Arrow stream, in the columns of `lines.parquet`.

        They come batch by batch while the run is open, each without a copy. The schema's metadata
        has `reject_reasons`: JSON of code, rule and reason by the number in the column `reject`.

        Raises:
            ValueError: The run priced no lines.
        """
        return lines_of(self)

    def post(
        self, journal: "Journal", *, known_at: date, posted_at: datetime | None = None
    ) -> "Posted":
        """Post what was settled to a journal: all of it, or nothing.

        What the journal holds already is left alone. Of what pays another amount now, or nothing
        any more, the difference is posted, with the rows that made it.

        Args:
            journal: The journal; the same that the run was made with, if any.
            known_at: Day up to which the facts were known.
            posted_at: When this is, with a time zone; None asks the clock.

        Raises:
            JournalError: The journal refuses; nothing was written.
        """
        from rules_engine.engine.posting import post  # noqa: PLC0415  few runs are posted

        return post(self, journal, known_at=known_at, posted_at=posted_at)

    def close(self) -> None:
        """Close the tables."""
        self.dataset.close()

    def __enter__(self) -> Self:
        """Give the run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tables."""
        self.close()

    def given(self, person_id: str) -> Given:
        """Give what the batch knew of a member, as `price` takes it."""
        tables = {}
        for table in self.ruleset.needs.given:
            stored = self.dataset.tables.get(table) or self.ruleset.bound.shapes[table]
            columns = set(stored.columns)
            by = "WHERE person_id = ?" if "person_id" in columns else ""
            cursor = self.connection.execute(
                f"SELECT * FROM {quote(table)} {by}", [person_id] if by else []
            )
            names = [column[0] for column in cursor.description]
            tables[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return Given(tables)

    def corrections(self, earlier: "Run | str | os.PathLike[str]") -> Iterator[Correction]:
        """Give what has become of the lines that an earlier run priced, now that more is known.

        Args:
            earlier: The earlier run of the same rules, or the folder of its results.

        Returns:
            In the order of claims and lines, a correction of each line whose price is another one,
            or is there for the first time; what they pay sums to the difference of the two runs.

        Raises:
            ValueError: One of the runs priced no lines, or by other rules.
        """
        return corrections_of(self, earlier if isinstance(earlier, Run) else Path(earlier))

    def settled(self, rule: str, key: Sequence[str] = (), period: str | None = None) -> Settled:
        """Give one settlement.

        Raises:
            KeyError: There is none, or there are several periods and none is named.
        """
        found = [
            s
            for s in self.settlements
            if s.rule == rule and s.key == tuple(key) and period in {None, s.period.label}
        ]
        if len(found) != 1:
            periods = dict.fromkeys(s.period.label for s in self.settlements if s.rule == rule)
            labels = ", ".join(periods)
            msg = f"{rule} has {len(found)} settlements here; its periods are {labels or 'none'}"
            raise KeyError(msg)
        return found[0]

    def explain(
        self,
        rule: str,
        *,
        party: str | None = None,
        key: Sequence[str] = (),
        period: str | None = None,
    ) -> Explanation:
        """Say how a rule's result, or a party's share of it, came about.

        Raises:
            KeyError: There is no such settlement or party.
        """
        one = self.settled(rule, key, period)
        return explained_settlement(one.explained, rule, one.period.label, one.source, party)

    def each_reject(self) -> Iterator[Reject]:
        """Give every row that did not read and every line without a price, one after the other."""
        yield from self.dataset.each_reject()
        yield from line_rejects(self)
        yield from month_rejects(self)

    def rejects(self) -> list[Reject]:
        """List every row that did not read and every line without a price."""
        if self._rejects is None:
            self._rejects = list(self.each_reject())
        return self._rejects
