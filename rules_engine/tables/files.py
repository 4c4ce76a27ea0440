"""Files of a ruleset: its fee tables and weights, read exactly and checked before they are used."""

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from rules_engine.expressions.types import Kind, TableType, Type
from rules_engine.tables import delimited
from rules_engine.tables.delimited import Delimited, UnreadableError
from rules_engine.tables.integrity import overlapped, overlapping
from rules_engine.tables.lookup import LookupTable, Value, typed
from rules_engine.tables.reading import Reading, read_text, read_typed
from rules_engine.tables.rejects import Reject, TableError
from rules_engine.tables.storage import literal, quoted, storage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

__all__ = ["TableDeclaration", "inside", "load_table", "sha256"]

_CODE: Final = Type.of(Kind.CODE)
_OPEN_DATE: Final = Type.of(Kind.DATE, nullable=True)
# Information separators of ASCII, which no code or text of a table may hold.
_NULL: Final = 30
_NEXT: Final = 31
# One thread keeps the rows in the order of the file, and twenty thousand of them need no second.
_SETTINGS: Final = {"autoinstall_known_extensions": "false", "threads": "1"}


@frozen(kw_only=True)
class TableDeclaration:
    """A table that a ruleset declares with a file.

    Attributes:
        type: Its name, key, columns and dates; a key column without a type holds codes.
        file: The file, relative to the ruleset's folder: CSV (also `.csv.gz`) or Parquet.
        nulls: Texts that stand for an absent value; empty text always does.
    """

    type: TableType
    file: str
    nulls: tuple[str, ...] = ("",)


def inside(folder: Path, file: str) -> Path:
    """Find a file that must lie in a folder, symbolic links followed.

    Raises:
        UnreadableError: It is absent, is no file, or lies outside the folder.
    """
    root = folder.resolve()
    try:
        path = (root / file).resolve()
        lies_inside = path.is_relative_to(root)
        is_file = lies_inside and path.is_file()
    except (OSError, ValueError, RuntimeError):
        raise UnreadableError(code="RE511", message=f"{file!r} is no path of a file") from None
    if not lies_inside or Path(file).is_absolute():
        message = f"{file} lies outside the ruleset's folder; it may be a file inside it"
        raise UnreadableError(code="RE512", message=message)
    if not is_file:
        raise UnreadableError(code="RE510", message=f"{file} is absent")
    return path


def sha256(path: Path) -> str:
    """Digest a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_table(declaration: TableDeclaration, folder: Path) -> LookupTable:
    """Read a ruleset's table from its file.

    Each numeric column gets the scale and the range that its values have.

    Args:
        declaration: What the ruleset says of it.
        folder: The ruleset's folder; the file lies inside.

    Raises:
        TableError: The file or a row does not read; it carries every finding.
    """
    import duckdb  # noqa: PLC0415  embedding a price must not load it

    table = declaration.type
    with duckdb.connect(config=dict(_SETTINGS)) as connection:
        try:
            path = inside(folder, declaration.file)
            source, columns, broken = _open(connection, path, declaration)
            readings = _readings(table, columns, declaration.file)
        except UnreadableError as error:
            found = Reject(
                table=table.name, file=declaration.file, code=error.code, reason=error.message
            )
            raise TableError([found]) from None
        findings = [
            Reject(
                table=table.name,
                file=declaration.file,
                row=row,
                code="RE508",
                reason=f"does not have the columns of its header: {reason}",
            )
            for row, reason in broken
        ]
        findings += _bad_values(connection, source, readings, declaration)
        if not findings:
            _hold(connection, source, readings, table)
            findings = _bad_keys(connection, declaration)
        if findings:
            raise TableError(
                sorted(findings, key=lambda found: (found.row or 0, found.column or ""))
            )
        types = _types(connection, table)
        rows = _rows(connection, types)
    return LookupTable(
        type=evolve(table, columns=types), rows=rows, digest=sha256(path), path=declaration.file
    )


def _declared(table: TableType) -> "Mapping[str, Type]":
    """Type of every column that must be in the file, the key and the dates among them."""
    first = {name: _CODE for name in table.key if name not in table.columns}
    dates = dict.fromkeys(table.effective or (), _OPEN_DATE)
    return {**first, **table.columns, **dates}


def _open(
    connection: "DuckDBPyConnection", path: Path, declaration: TableDeclaration
) -> tuple[str, dict[str, str], list[tuple[int, str]]]:
    """Load the file into the table `raw`.

    Returns:
        SQL of its rows with `_row`, the stored type of each column, and the broken rows.
    """
    import duckdb  # noqa: PLC0415  embedding a price must not load it

    broken: list[tuple[int, str]] = []
    source = delimited.numbered("raw")
    if path.suffix == ".parquet":
        try:
            connection.execute(f"CREATE TABLE raw AS FROM read_parquet([{literal(str(path))}])")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(str(path), path.name)
            raise UnreadableError(
                code="RE511", message=f"{path.name} cannot be read: {reason}"
            ) from None
    elif path.name.endswith((".csv", ".csv.gz")):
        form = Delimited(nulls=declaration.nulls)
        names = delimited.header(path, form)
        source, broken = delimited.load(connection, "raw", path, names, form)
    else:
        message = f"{path.name} is of no kind that can be read; it may be .csv, .csv.gz or .parquet"
        raise UnreadableError(code="RE511", message=message)
    described = connection.execute("DESCRIBE raw").fetchall()
    return source, {str(row[0]): str(row[1]) for row in described}, broken


def _readings(table: TableType, columns: "Mapping[str, str]", file: str) -> list[Reading]:
    from rules_engine.diagnostics import suggest  # noqa: PLC0415  only a wrong table needs it

    readings = []
    for name, type_ in _declared(table).items():
        if name not in columns:
            hint = suggest(name, columns)
            message = f"{file} has no column {name}" + (f"; {hint}" if hint else "")
            raise UnreadableError(code="RE513", message=message)
        stored = columns[name]
        is_text = stored == "VARCHAR"
        # Empty cells of a text file are null by now.
        value = (
            quoted(name) if file.endswith((".csv", ".csv.gz")) else f"nullif({quoted(name)}, '')"
        )
        reading = (
            read_text(name, value, type_, refuses_separators=True)
            if is_text
            else read_typed(name, quoted(name), stored, type_)
        )
        if reading.error is not None:
            raise UnreadableError(code=reading.error[0], message=reading.error[1])
        readings.append(reading)
    return readings


def _bad_values(
    connection: "DuckDBPyConnection",
    source: str,
    readings: list[Reading],
    declaration: TableDeclaration,
) -> list[Reject]:
    cases = [reading.problem for reading in readings if reading.problem is not None]
    fails = [reading.fails for reading in readings if reading.fails is not None]
    if not cases:
        return []
    found = connection.execute(
        f"SELECT _row, p.column, p.value, p.code, p.reason FROM (SELECT _row, unnest(list_filter"
        f"([{', '.join(cases)}], lambda x: x IS NOT NULL)) AS p FROM {source}"
        f" WHERE {' OR '.join(fails)})"
    ).fetchall()
    return [
        Reject(
            table=declaration.type.name,
            file=declaration.file,
            row=row,
            column=column,
            value=value,
            code=code,
            reason=reason,
        )
        for row, column, value, code, reason in found
    ]


def _hold(
    connection: "DuckDBPyConnection", source: str, readings: list[Reading], table: TableType
) -> None:
    """Hold the values in the table `typed`, so that nothing is read from text twice."""
    types = _declared(table)
    listed = ", ".join(
        f"CAST({reading.value} AS {storage(types[reading.column])}) AS {quoted(reading.column)}"
        for reading in readings
    )
    connection.execute(f"CREATE TABLE typed AS SELECT {listed}, _row FROM {source}")


def _bad_keys(connection: "DuckDBPyConnection", declaration: TableDeclaration) -> list[Reject]:
    """Find rows of one key, or of one key and one day."""
    table = declaration.type
    if not table.key:
        return []
    key = ", ".join(map(quoted, table.key))
    if table.effective is None:
        some = f"SELECT 1 FROM typed GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
        every = (
            f"SELECT _row, concat_ws(', ', {key}), NULL, 'RE505',"
            f" concat('is one of ', count(*) OVER (PARTITION BY {key}),"
            " ' rows of its key; a key stands once')"
            f" FROM typed QUALIFY count(*) OVER (PARTITION BY {key}) > 1"
        )
    else:
        first, last = map(quoted, table.effective)
        shown = f"concat_ws(', ', {key})"
        some = overlapped("typed", key=key, first=first, last=last)
        every = overlapping("typed", key=key, shown=shown, first=first, last=last)
    if connection.execute(some).fetchone() is None:
        return []
    found = connection.execute(every).fetchall()
    return [
        Reject(
            table=table.name,
            file=declaration.file,
            row=row,
            key=key_text,
            value=value,
            code=code,
            reason=reason,
        )
        for row, key_text, value, code, reason in found
    ]


def _types(connection: "DuckDBPyConnection", table: TableType) -> dict[str, Type]:
    """Narrow each numeric type to the values that are there."""
    types = dict(_declared(table))
    numbers = [name for name, type_ in types.items() if type_.is_numeric]
    if not numbers:
        return types
    parts = []
    for name in map(quoted, numbers):
        fraction = f"rtrim(split_part(CAST({name} AS VARCHAR), '.', 2), '0')"
        parts += [f"min({name})", f"max({name})", f"max(length({fraction}))"]
    found = connection.execute(f"SELECT {', '.join(parts)} FROM typed").fetchone() or ()
    for place, name in enumerate(numbers):
        low, high, scale = found[3 * place : 3 * place + 3]
        types[name] = evolve(
            types[name], scale=scale or 0, low=Decimal(low or 0), high=Decimal(high or 0)
        )
    return types


def _rows(
    connection: "DuckDBPyConnection", types: "Mapping[str, Type]"
) -> "dict[str, tuple[Value, ...]]":
    # As one text a column, because fetching cell by cell costs five times as much.
    joined = ", ".join(
        f"string_agg(coalesce(CAST({quoted(name)} AS VARCHAR), chr({_NULL})), chr({_NEXT}))"
        for name in types
    )
    found = connection.execute(f"SELECT {joined} FROM typed").fetchone() or ()
    return {
        name: typed(_cells(text), type_)
        for (name, type_), text in zip(types.items(), found, strict=True)
    }


def _cells(joined: str | None) -> list[str | None]:
    if joined is None:
        return []
    return [None if cell == chr(_NULL) else cell for cell in joined.split(chr(_NEXT))]
