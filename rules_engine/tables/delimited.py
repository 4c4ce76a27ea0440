"""Delimited text files (CSV, also gzip): their header, and their rows as text columns of DuckDB."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from rules_engine.tables.storage import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "Delimited",
    "UnreadableError",
    "header",
    "load",
    "numbered",
    "refuse_reserved",
    "unreadable",
]

_HEADER_BYTES_MAX: Final = 1_048_576
_RESERVED: Final = re.compile(r"_(row|part|day|removed|place|u|number_\d+|(mark|shown)_\w+)")
_UNREADABLE: Final = (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error)


class UnreadableError(Exception):
    """A file cannot be read at all.

    Attributes:
        code: Diagnostic code.
        message: Why; it names no folder.
    """

    def __init__(self, *, code: str, message: str) -> None:
        """Carry the reason."""
        self.code = code
        self.message = message
        super().__init__(code, message)


def unreadable(name: str, reason: str) -> UnreadableError:
    """Say that a file is broken."""
    return UnreadableError(code="RE511", message=f"{name} cannot be read: {reason}")


@frozen(kw_only=True)
class Delimited:
    """How a delimited file is written.

    Attributes:
        delimiter: What stands between two cells, one character.
        nulls: Texts that stand for an absent value; empty text always does.
        encoding: `utf-8` or `latin-1`.
    """

    delimiter: str = ","
    nulls: Sequence[str] = ("",)
    encoding: str = "utf-8"


def header(path: Path, form: Delimited) -> list[str]:
    """Read the column names of a file.

    Raises:
        UnreadableError: The file is absent, broken, empty, or names a column twice.
    """
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        # As bytes, because text would be decoded far beyond the header.
        with opener(path, "rb") as file:
            found = file.readline(_HEADER_BYTES_MAX)
            # A name in quotes may hold line breaks.
            while found.count(b'"') % 2 and len(found) < _HEADER_BYTES_MAX:
                more = file.readline(_HEADER_BYTES_MAX)
                if not more:
                    break
                found += more
        lines = found.decode(encoding).splitlines(keepends=True)
        names = next(csv.reader(lines, delimiter=form.delimiter, strict=True), [])
    except FileNotFoundError:
        raise UnreadableError(code="RE510", message=f"{path.name} is absent") from None
    except _UNREADABLE as error:
        raise UnreadableError(
            code="RE511", message=f"{path.name} cannot be read: {_plain(error)}"
        ) from None
    names = [name.strip() for name in names]
    if not any(names):
        raise UnreadableError(
            code="RE511", message=f"{path.name} is empty; its first row names its columns"
        )
    seen: dict[str, str] = {}
    for name in names:
        # DuckDB tells names apart without regard to case.
        twin = seen.setdefault(name.casefold(), name)
        if name and (twin is not name or names.count(name) > 1):
            both = f"{twin} twice" if twin == name else f"{twin} and {name}"
            raise UnreadableError(
                code="RE515", message=f"{path.name} has columns {both}; a column stands once"
            )
    refuse_reserved(path.name, names)
    return [name or f"column_{place}" for place, name in enumerate(names, start=1)]


def refuse_reserved(file: str, names: Iterable[str]) -> None:
    """Refuse columns with the names that are added to the rows of a file.

    Raises:
        UnreadableError: There is one.
    """
    for name in names:
        if _RESERVED.fullmatch(name.casefold()) or name.casefold() == "file_row_number":
            message = f"{file} has a column {name}, a name that is not free; call it otherwise"
            raise UnreadableError(code="RE515", message=message)


def _plain(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return str(error)


def load(
    connection: "DuckDBPyConnection", target: str, path: Path, names: list[str], form: Delimited
) -> tuple[str, list[tuple[int, str]]]:
    """Load a file's rows as text into a table of DuckDB, in the order of the file.

    Args:
        connection: Where.
        target: SQL name of the new table.
        path: The file.
        names: Its columns, from `header`.
        form: How it is written.

    Returns:
        SQL of the rows with `_row`, their number in the file from 1; and the rows that do not
        have the columns of the header: number and why.

    Raises:
        UnreadableError: The file is broken.
    """
    import duckdb  # noqa: PLC0415  embedding a price must not load it

    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    nulls = ", ".join(literal(text) for text in dict.fromkeys(("", *form.nulls)))
    connection.execute("DROP TABLE IF EXISTS reject_scans; DROP TABLE IF EXISTS reject_errors")
    try:
        connection.execute(
            f"CREATE OR REPLACE TABLE {target} AS FROM read_csv([{literal(str(path))}],"
            f" auto_detect = false, header = true, columns = {{{columns}}},"
            f" delim = {literal(form.delimiter)}, quote = '\"', escape = '\"',"
            f" nullstr = [{nulls}], encoding = {literal(form.encoding)},"
            f" compression = {literal('gzip' if path.suffix == '.gz' else 'none')},"
            " max_line_size = 10000000, store_rejects = true)"
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(path), path.name)
        raise UnreadableError(
            code="RE511", message=f"{path.name} cannot be read: {reason}"
        ) from None
    errors = connection.execute(
        "SELECT line - 1, first(error_message ORDER BY column_idx) FROM reject_errors"
        " GROUP BY line ORDER BY line"
    ).fetchall()
    if not errors:
        return numbered(target), []
    # Rows that did not split are not in the table, so that the rows after them moved up.
    lists = [[row - place for place, (row, _) in enumerate(errors, start=1)]]
    connection.execute(
        f"CREATE OR REPLACE TABLE {target} AS"
        " SELECT t.*, t.rowid + 1 + coalesce(b.missing, 0) AS _row"
        f" FROM {target} t ASOF LEFT JOIN (SELECT before, max(missing) AS missing FROM"
        " (SELECT unnest(?::BIGINT[]) AS before, generate_subscripts(?::BIGINT[], 1) AS missing)"
        " GROUP BY before) b ON t.rowid + 1 > b.before ORDER BY t.rowid",
        lists * 2,
    )
    return target, [(row, str(message).rstrip(".")) for row, message in errors]


def numbered(target: str) -> str:
    """Write the rows of a table that was just created, with `_row`, their number from 1."""
    return f"(SELECT *, rowid + 1 AS _row FROM {target})"
