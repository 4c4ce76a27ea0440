"""A ruleset that can be used: price one claim, run a batch, settle, explain, test, keep."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rules_engine.engine.compiled import write_compiled
from rules_engine.engine.contract import Contract
from rules_engine.methodology.explanation import Explanation, number_text
from rules_engine.pricing.explain import explain_lines
from rules_engine.pricing.given import Given
from rules_engine.pricing.months.priced import PricedMonth, RejectedMonth
from rules_engine.pricing.months.pricer import price_month
from rules_engine.pricing.priced import PricedClaim, PricedLine
from rules_engine.pricing.steps import line_tree

if TYPE_CHECKING:
    import pyarrow as pa

    from rules_engine.engine.cases import Case, CaseResult
    from rules_engine.engine.certifying import Certificate
    from rules_engine.engine.cliffs import CliffReport
    from rules_engine.engine.run import Run
    from rules_engine.ledger.journal import Journal
    from rules_engine.tables.check import DataCheck

__all__ = ["Ruleset"]


class Ruleset(Contract):
    """A checked contract and what can be done with it; `Engine.load` and `Engine.open` make it."""

    # -- pricing

    def price(
        self, claim: Mapping[str, Any], given: Given | None = None, *, trace: bool = False
    ) -> PricedClaim:
        """Price one claim.

        Args:
            claim: A mapping with `claim_id` and `lines`, or a claim of one line as one flat
                mapping; exact values (Decimal, int, date, str) or their texts.
            given: Rows of the tables of the data that the ruleset reads, for this member.
            trace: Whether to keep in `traces` how each line came about.

        Raises:
            MissingColumnError: A needed column is not there; an absent value is given as None.
            NotGivenError: A needed table is not given.
            TypeError: A value is a float, or of another type that is not exact.
        """
        if trace:
            return self.pricer.trace(claim, given)
        return self.pricer.price(claim, given)

    def price_month(
        self, month: Mapping[str, Any], given: Given | None = None
    ) -> tuple[PricedMonth | RejectedMonth, ...]:
        """Price one member-month.

        Args:
            month: A row of `member_month`; exact values (Decimal, int, date, str) or their texts.
            given: Rows of the tables of the data that the rules read, for this member.

        Returns:
            What each rule that pays for it pays, in the order of the rules; nothing where none
            does.

        Raises:
            MissingColumnError: A needed column is not there; an absent value is given as None.
            NotGivenError: A needed table is not given.
            TypeError: A value is a float, or of another type that is not exact.
            ValueError: A given row does not read, or two of one key hold on the same day.
        """
        return price_month(self.month_pricers, month, given)

    def price_rows(
        self, rows: Iterable[Mapping[str, Any]], given: Given | None = None
    ) -> Iterator[dict[str, Any]]:
        """Price a stream of claim lines; each gives one row with the columns of `lines.parquet`.

        Memory does not grow with the number of rows: a claim is forgotten when the next one begins.

        Args:
            rows: The lines, each a mapping with the columns of its claim; the lines of one claim
                stand together, as claims that come twice are taken for two.
            given: Rows of the tables of the data that the ruleset reads, for all members.

        Returns:
            In the order of the rows, the amounts of each line in currency; or, where it has no
            price, `reject` (the code), `reject_rule`, `reject_reason`, `reject_detail` and
            `reject_place`, which are None elsewhere.

        Raises:
            MissingColumnError: A needed column is not there; an absent value is given as None.
            NotGivenError: A needed table is not given.
            TypeError: A value is a float, or of another type that is not exact.
            ValueError: A line number is no whole number.
        """
        return self.pricer.price_rows(rows, given)

    def price_table(
        self,
        lines: Any,
        given: "Mapping[str, Any] | Given | None" = None,
        *,
        memory: str | None = None,
    ) -> "pa.RecordBatchReader":
        """Price claim lines that come as Arrow; what comes out are the columns of `lines.parquet`.

        Rows are checked as in `run`: claims that others replace are left out, and rows that do not
        read or of which two have one key come last, with a number in `reject` as lines without a
        price have. For these checks a stream, which comes once, is first kept in a folder for
        temporary files; a table or a file is read in place. The prices are found while they are
        taken, batch by batch.

        Args:
            lines: What has `__arrow_c_stream__`, such as a table, data frame or stream of batches,
                or the path of a Parquet or Arrow file.
            given: Tables of the data that the ruleset reads, in the forms that `run` takes.
            memory: As for `run`.

        Returns:
            A stream, to be taken once. Its schema's metadata has, as JSON and as in
            `settlement.json`, `reject_reasons` by the number in `reject`, `inputs` and `warnings`.

        Raises:
            RulesetError: A needed column or table is absent, or stored as a type that is not exact.
            TypeError: The lines are not Arrow.
            ValueError: The ruleset prices no lines, or given rows do not read.
        """
        from rules_engine.engine.stream import price_table  # noqa: PLC0415  it loads DuckDB

        return price_table(self, lines, given, memory)

    def explain_claim(self, claim: Mapping[str, Any], given: Given | None = None) -> Explanation:
        """Say why each line of a claim is paid what it is paid, or rejected.

        Raises:
            MissingColumnError: A needed column is not there; an absent value is given as None.
            NotGivenError: A needed table is not given, or what has run up before the claim.
            TypeError: A value is a float, or of another type that is not exact.
        """
        priced = self.price(claim, given)
        steps = explain_lines(self.plan, self.indexes, claim, priced, given)
        children = [
            line_tree(line, steps[line.claim_line_number] if isinstance(line, PricedLine) else ())
            for line in priced.lines
        ]
        has_price = any(True for _ in priced.priced)
        return Explanation(
            name=f"claim {priced.claim_id}",
            value=number_text(priced.paid) if has_price else "rejected",
            formula="sum of its lines" if has_price else "",
            children=tuple(children),
        )

    def sql(self, dialect: str = "duckdb") -> str:
        """Give the query that prices a batch, as an auditor can read it.

        Args:
            dialect: duckdb, or one of those in which every amount is exact: bigquery, databricks,
                postgres, snowflake, spark.

        Raises:
            ValueError: It is no such dialect, or would not compute this ruleset exactly.
        """
        from rules_engine.engine.sql import dialect_text  # noqa: PLC0415  it loads sqlglot

        return dialect_text(self, dialect)

    # -- running

    def run(
        self,
        data: Any,
        out: str | os.PathLike[str] | None = None,
        *,
        period: str | Sequence[str] | None = None,
        year: int | None = None,
        as_year: int | None = None,
        known_at: date | None = None,
        mappings: Sequence[str | os.PathLike[str]] | None = None,
        progress: Callable[[str, int | None, int | None], None] | None = None,
        memory: str | None = None,
        engine: str = "duckdb",
        spark: Any = None,
        derived: bool = False,
        journal: "Journal | None" = None,
    ) -> "Run":
        """Price a batch and settle it.

        Args:
            data: A folder, a DuckDB file, or table name → Arrow table or stream, list of rows, or
                path.
            out: Folder for the results; None keeps them in memory.
            period: Label of the period to settle, or several; None settles all of the contract.
            year: Calendar year of the data to take; lines of other years are left out and counted.
            as_year: Year that `year` stands for: every date moves by whole years.
            known_at: Day up to which facts are known; claim lines with a later `known_date` are
                left out and counted, and methodologies are told it. None takes all lines.
            mappings: Mapping files; None takes those that the ruleset names, or its folder
                `mappings`.
            progress: Called with a phase, and what is done of what total where that is known.
            memory: How much memory the tables take at most, such as `8GiB`; None takes 2 GiB. What
                does not fit goes to the host's folder for temporary files.
            engine: What prices the lines: `duckdb`, or `spark` with the same results.
            spark: The SparkSession to use, which stays open; None takes the one that is active, or
                starts one in local mode and stops it afterwards.
            derived: Whether to write the tables that rules derive into the folder for the results.
            journal: Where rules find what their accounts hold; `Run.post` writes to it.

        Raises:
            ValueError: There is no such engine or period, `memory` is no amount of memory, pyspark
                or Java is not there, or Spark would not compute the ruleset exactly.
            RulesetError: The data lacks what the ruleset needs, or a mapping is wrong.
            SettlementError: The facts do not allow the settlement.
        """
        from rules_engine.engine.running import run  # noqa: PLC0415  it loads DuckDB

        labels = None if period is None else (period,) if isinstance(period, str) else tuple(period)
        return run(
            self,
            data,
            out=None if out is None else Path(out),
            labels=labels,
            year=year,
            as_year=as_year,
            known_at=known_at,
            mappings=mappings,
            progress=progress,
            memory=memory,
            engine=engine,
            spark=spark,
            derived=derived,
            journal=journal,
        )

    def check(
        self, data: Any, mappings: Sequence[str | os.PathLike[str]] | None = None
    ) -> "DataCheck":
        """Say which columns a run needs, which the data lacks, and which rows would not read.

        Args:
            data: As for `run`.
            mappings: As for `run`.

        Raises:
            RulesetError: A mapping is wrong.
        """
        from rules_engine.engine.running import check  # noqa: PLC0415  it loads DuckDB

        return check(self, data, mappings)

    # -- keeping

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as one file that `Engine.open` reads, with its tables and without code."""
        write_compiled(self.bound, path)

    # -- testing

    def cases(self) -> "tuple[Case, ...]":
        """Give its worked cases."""
        from rules_engine.engine.cases import read_cases  # noqa: PLC0415  only tests read them

        return read_cases(self)

    def test(self) -> "list[CaseResult]":
        """Run its worked cases."""
        from rules_engine.engine.cases import run_case  # noqa: PLC0415  only tests run them

        return [run_case(self, case) for case in self.cases()]

    def cliffs(
        self,
        data: Any = None,
        *,
        entity: str | None = None,
        period: str | None = None,
        mappings: Sequence[str | os.PathLike[str]] | None = None,
        progress: Callable[[str, int | None, int | None], None] | None = None,
    ) -> "CliffReport":
        """Find where better pays less, by settling again with one input of a promise moved.

        Args:
            data: As for `run`; None for the facts of the worked cases.
            entity: Key of one entity, its columns joined by `/`; None for all of them.
            period: Label of one period; None for all that are settled.
            mappings: As for `run`.
            progress: As for `run`.

        Returns:
            For each promise of `monotone:`, each entity and each period: the regions, the cliffs
            and the steps of the whole range, and what the ruleset declares otherwise.

        Raises:
            RulesetError: An input cannot be moved, or a needed column or table is absent.
            SettlementError: The facts do not allow a settlement.
        """
        from rules_engine.engine.cliffs import look  # noqa: PLC0415  it loads DuckDB

        return look(self, data, entity=entity, period=period, mappings=mappings, progress=progress)

    def certify(
        self,
        *,
        claims: int = 3_000,
        seed: int = 0,
        day: date | None = None,
        engines: Sequence[str] | None = None,
        progress: Callable[[str, int | None, int | None], None] | None = None,
    ) -> "Certificate":
        """Price claims made from its own boundaries, ties, tables and dates by every engine.

        Args:
            claims: How many claims to make; each has one to five lines.
            seed: What chance starts from. One seed gives the same claims on every machine.
            day: Day to date the certificate with; the clock is never read.
            engines: Names of the engines to ask: `closure`, `duckdb`, `spark`; None asks all that
                are installed.
            progress: As for `run`.

        Returns:
            What was compared and what was met and, where an engine differs from the exact
            evaluator, the smallest claim that shows it.

        Raises:
            ValueError: No claims are asked for, or there is no such engine.
        """
        from rules_engine.engine.certifying import certify, chosen  # noqa: PLC0415  it loads DuckDB

        return certify(
            self,
            claims=claims,
            seed=seed,
            day=day,
            engines=chosen(engines),
            progress=progress,
        )
