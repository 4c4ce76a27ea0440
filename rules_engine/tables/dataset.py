"""Datasets: what happened, as typed tables of one DuckDB connection, and what did not read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import asdict, field, frozen

from rules_engine.diagnostics import Diagnostic, RulesetError, has_errors, in_order
from rules_engine.tables.connection import connect
from rules_engine.tables.opening import Input, Opening
from rules_engine.tables.parts import STAGING
from rules_engine.tables.rejects import Reject, write_rejects
from rules_engine.tables.shape import shapes
from rules_engine.tables.sources import Data

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.expressions.types import TableType
    from rules_engine.tables.mapping import TableMapping

__all__ = ["Dataset", "Input", "inputs_json"]

_REJECTS_AT_ONCE: Final = 10_000


@frozen(kw_only=True, eq=False)
class Dataset:
    """The tables of a run; close it, or use it in a `with` statement.

    Attributes:
        connection: A DuckDB connection in which each table that is present is a view or a table
            of its name, its columns typed. It belongs to the dataset and to one thread at a time.
        tables: The columns of each table that is present, with their types.
        inputs: Where the rows came from.
        diagnostics: What is wrong with files and columns, and what may be.
        years_shifted: Whole years that every date was moved by.
        missing: Needed columns that no source has, by table; a needed table that is absent as a
            whole has all of its needed columns here.
        refused: SQL of the rows that were rejected, by table, where all rows of it stay in place:
            the columns of its key, `_code` and `_reason`.
    """

    connection: "DuckDBPyConnection"
    tables: Mapping[str, "TableType"]
    inputs: tuple[Input, ...]
    diagnostics: tuple[Diagnostic, ...]
    years_shifted: int = 0
    missing: Mapping[str, tuple[str, ...]] = field(factory=dict)
    refused: Mapping[str, str] = field(factory=dict)

    @classmethod
    def open(
        cls,
        data: Data,
        mappings: Sequence["TableMapping"] = (),
        *,
        needs: Mapping[str, Collection[str]] | None = None,
        declared: Iterable["TableType"] = (),
        years_shifted: int = 0,
        months_through: date | None = None,
        months_read: tuple[date, date] | None = None,
        check_duplicates: bool = True,
        digests: bool = True,
        strict: bool = True,
        memory: str | None = None,
        known_at: date | None = None,
        may_lack: Collection[str] = (),
    ) -> "Dataset":
        """Read tables; rows that do not read are set aside and the others go on.

        Args:
            data: A folder with files that are called as tables (`medical_claim.csv`, `.csv.gz`,
                `.parquet`, `.arrow`, `.feather`), a DuckDB file, or table name → Arrow table, list
                of mappings, or path.
            mappings: How files with other columns fill tables; their patterns are relative to
                the folder.
            needs: The columns that are needed, by table. Only these, and those that tell rows
                apart and date them, are read and checked. None reads all that is there, and gives
                absent columns as nulls.
            declared: Tables that a ruleset declares without a file, and columns that it adds to
                standard tables.
            years_shifted: Whole years that every date moves by; 29 February becomes 28 where the
                year has none.
            months_through: Last day of the enrolment that counts in member-months. None takes the
                last day of the year of the latest enrolment, or a later end of one.
            months_read: A day in the first and in the last month that somebody reads; no other
                member-months are derived. None derives all.
            check_duplicates: Whether to look for rows of one key: one pass over the keys.
            digests: Whether to digest the files.
            strict: Whether to raise for what is wrong with files and columns.
            memory: How much memory the tables take at most, such as `8GiB`; what does not fit goes
                to the host's folder for temporary files. None takes 2 GiB.
            known_at: Day up to which rows are known: those with a later `known_date` are left out
                and counted. None takes all rows.
            may_lack: Needed tables that have no rows where no file has them.

        Raises:
            RulesetError: A file cannot be read, or a needed table or column is absent, and
                `strict` asks for it. Rows never raise.
            FileNotFoundError: There is no such folder or file.
        """
        connection = connect(memory)
        try:
            opening = Opening(connection, shapes(declared), needs, years_shifted, known_at)
            opening.may_lack = frozenset(may_lack)
            opening.read(data, mappings)
            opening.derive(months_through, months_read, check_duplicates=check_duplicates)
            opening.number_rows()
            dataset = cls(
                connection=connection,
                tables=opening.tables(),
                inputs=opening.inputs(digests=digests),
                diagnostics=tuple(in_order(dict.fromkeys(opening.diagnostics))),
                years_shifted=years_shifted,
                missing=opening.missing(),
                refused=opening.refused(),
            )
        except BaseException:
            connection.close()
            raise
        if strict and has_errors(dataset.diagnostics):
            connection.close()
            raise RulesetError(dataset.diagnostics)
        return dataset

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Self:
        """Give the dataset itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def each_reject(self, limit: int | None = None) -> Iterator[Reject]:
        """Give what did not read, by table, file, row and column, without holding all of it.

        Args:
            limit: How many to give at most; None gives all.
        """
        # With a cursor of its own, because others ask the connection meanwhile.
        found = self.connection.cursor().execute(
            'SELECT "table", file, row, key, "column", value, code, reason'
            f" FROM {STAGING}.rejects ORDER BY ALL NULLS FIRST"
            + ("" if limit is None else f" LIMIT {int(limit)}")
        )
        while rows := found.fetchmany(_REJECTS_AT_ONCE):
            for table, file, row, key, column, value, code, reason in rows:
                yield Reject(
                    table=table, file=file, row=row, key=key, column=column, value=value,
                    code=code, reason=reason,
                )  # fmt: skip

    def rejects(self, limit: int | None = None) -> list[Reject]:
        """List what did not read, by table, file, row and column.

        Args:
            limit: How many to give at most; None gives all.
        """
        return list(self.each_reject(limit))

    def write_rejects(self, path: Path) -> int:
        """Write what did not read as CSV that a spreadsheet opens safely; give its rows."""
        return write_rejects(path, self.each_reject())


def inputs_json(inputs: Iterable[Input]) -> list[dict[str, Any]]:
    """Give where rows came from as JSON."""
    return [asdict(found) for found in inputs]
