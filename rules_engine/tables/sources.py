"""Sources: where the rows of each table are, in a folder, a DuckDB file or the memory of a host."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from attrs import frozen

__all__ = ["SUFFIXES", "Data", "Format", "Source", "find_sources", "format_of", "offered"]

Format = Literal["csv", "parquet", "arrow", "duckdb", "memory"]

Data = Path | str | Mapping[str, Any]
"""A folder, a DuckDB file, or table name → Arrow table or stream, list of dicts, or path."""

SUFFIXES: Final[Mapping[str, Format]] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
_DATABASES: Final = (".duckdb", ".db", ".ddb")


@frozen(kw_only=True)
class Source:
    """The rows of one table in one place.

    Attributes:
        table: The table that they are for.
        label: What messages and results call it: the file, relative to the data.
        format: How it is stored.
        path: The file, or None in memory.
        rows: The rows in memory: an Arrow table or stream, or a sequence of mappings.
    """

    table: str
    label: str
    format: Format
    path: Path | None = None
    rows: Any = None


def format_of(path: Path) -> Format | None:
    """Tell how a file is stored by its name; None where it is nothing that can be read."""
    name = path.name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def stem_of(path: Path) -> str:
    """Give a file's name without what says how it is stored."""
    name = path.name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def find_sources(data: Data, tables: Iterable[str]) -> list[Source]:
    """Find the rows of the tables that are called by their own names.

    Args:
        data: Where to look.
        tables: The tables that are known.

    Raises:
        FileNotFoundError: There is no such folder or file.
        TypeError: The data is none of the kinds that can be read.
    """
    names = frozenset(tables)
    if isinstance(data, Mapping):
        return [_given(name, value) for name, value in data.items() if name in names]
    path = Path(data)
    if path.is_dir():
        # Sorted, because folders list their files in no promised order.
        return [
            Source(table=stem_of(file), label=file.name, format=kind, path=file)
            for file in sorted(path.iterdir())
            if stem_of(file) in names and (kind := format_of(file)) is not None and file.is_file()
        ]
    if not path.exists():
        msg = f"{path} is absent; data may be a folder, a DuckDB file or tables in memory"
        raise FileNotFoundError(msg)
    if path.suffix in _DATABASES:
        return [
            Source(table=name, label=path.name, format="duckdb", path=path)
            for name in sorted(names)
        ]
    msg = f"{path} is no folder and no DuckDB file ({', '.join(_DATABASES)})"
    raise TypeError(msg)


def offered(data: Data) -> list[str]:
    """List what the data calls its tables, those that nobody knows included."""
    if isinstance(data, Mapping):
        return list(map(str, data))
    path = Path(data)
    return sorted(stem_of(file) for file in path.iterdir()) if path.is_dir() else []


def _given(name: str, value: Any) -> Source:
    if isinstance(value, str | Path):
        path = Path(value)
        kind = format_of(path)
        if kind is None:
            msg = f"{name} is the file {path.name}; it may be {', '.join(SUFFIXES)}"
            raise TypeError(msg)
        return Source(table=name, label=path.name, format=kind, path=path)
    # A dataset of pyarrow has a schema and is no stream.
    is_arrow = hasattr(value, "__arrow_c_stream__") or hasattr(value, "schema")
    if is_arrow or isinstance(value, Sequence):
        return Source(table=name, label=name, format="memory", rows=value)
    msg = (
        f"{name} is {type(value).__name__}; it may be an Arrow table or stream, a list of mappings"
        " or a path"
    )
    if isinstance(value, Iterator):
        msg += ": pyarrow.RecordBatchReader.from_batches makes a stream of batches"
    raise TypeError(msg)
