"""Lookup tables: a ruleset's own fees, weights and rates, as columns of exact values."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.expressions.types import Kind, TableType, Type
from rules_engine.tables.storage import quoted, storage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["LookupTable", "Value", "typed"]

Value = Decimal | int | str | date | bool | None
"""Money, rates and numbers are Decimal; counts and days int; codes and texts str."""

_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})
# Separators of ASCII that no cell holds: `load_table` refuses them.
_NULL: Final = chr(30)
_NEXT: Final = chr(31)


@frozen(kw_only=True)
class LookupTable:
    """A table whose keys are unique and whose values are of the types it says.

    It is made by `load_table` or `from_json`, which check it, and needs no database.

    Attributes:
        type: Its shape; each numeric column has the scale and the range of its own values.
        rows: Its columns, all of one length.
        digest: SHA-256 of the file it was read from, in hexadecimal.
        path: That file, relative to the ruleset's folder.
    """

    type: TableType
    rows: Mapping[str, tuple[Value, ...]]
    digest: str
    path: str

    def __len__(self) -> int:
        """Count its rows."""
        return len(next(iter(self.rows.values()), ()))

    def index(self, column: str) -> dict[Any, Any]:
        """Give the values of a column by key.

        The key is the value of the key column, or a tuple where there are several.

        Returns:
            `{key: value}`; for a dated table `{key: [(from, through, value), …]}`, by date, both
            days inclusive and None where the row has no first or last day.

        Raises:
            KeyError: The table has no such column.
        """
        values = self.rows[column]
        if self.type.effective is None:
            return dict(zip(self._keys(), values, strict=True))
        first, last = (self.rows[name] for name in self.type.effective)
        dated: dict[Any, list[tuple[Any, Any, Value]]] = {}
        for key, begins, ends, value in zip(self._keys(), first, last, values, strict=True):
            dated.setdefault(key, []).append((begins, ends, value))
        for spans in dated.values():
            spans.sort(key=lambda span: span[0] or date.min)
        return dated

    def _keys(self) -> Iterator[Any]:
        if len(self.type.key) == 1:
            return iter(self.rows[self.type.key[0]])
        return zip(*(self.rows[name] for name in self.type.key), strict=True)

    def store(self, connection: "DuckDBPyConnection") -> None:
        """Create it as a typed table of its name in a DuckDB connection."""
        far = dict(zip(self.type.effective or (), (date.min, date.max), strict=False))
        # An open end is a far day, because a join asks whether a day lies between the two. A text
        # a column, because a list costs ten times as much to hand over.
        texts = [
            _NEXT.join(_NULL if cell is None else _text(cell) or "" for cell in filled)
            for filled in (
                [cell if cell is not None else far.get(name) for cell in column]
                for name, column in self.rows.items()
            )
        ]
        typed_columns = ", ".join(
            f"CAST(nullif(c{place}, chr({ord(_NULL)})) AS {storage(self.type.columns[name])})"
            f" AS {quoted(name)}"
            for place, name in enumerate(self.rows)
        )
        split = ", ".join(
            f"unnest(string_split(?, chr({ord(_NEXT)}))) AS c{place}" for place in range(len(texts))
        )
        some = "" if len(self) else " WHERE false"
        connection.execute(
            f"CREATE OR REPLACE TABLE {quoted(self.type.name)} AS"
            f" SELECT {typed_columns} FROM (SELECT {split}){some}",
            texts,
        )

    def as_json(self) -> dict[str, Any]:
        """Give a value that JSON can hold and `from_json` reads back."""
        return {
            "name": self.type.name,
            "key": list(self.type.key),
            "effective": None if self.type.effective is None else list(self.type.effective),
            "columns": {name: type_.as_json() for name, type_ in self.type.columns.items()},
            "rows": {
                name: [_text(value) for value in column] for name, column in self.rows.items()
            },
            "digest": self.digest,
            "path": self.path,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "LookupTable":
        """Read what `as_json` wrote.

        Raises:
            ValueError: A value is not of its column's type, or columns differ in length.
        """
        columns = {name: Type.from_json(type_) for name, type_ in value["columns"].items()}
        rows = {name: typed(value["rows"][name], type_) for name, type_ in columns.items()}
        if len({len(column) for column in rows.values()}) > 1:
            msg = f"the columns of {value['name']} differ in length"
            raise ValueError(msg)
        effective = value["effective"]
        type_ = TableType(
            name=value["name"],
            key=tuple(value["key"]),
            columns=columns,
            effective=None if effective is None else (effective[0], effective[1]),
        )
        return cls(type=type_, rows=rows, digest=value["digest"], path=value["path"])


def typed(texts: Sequence[str | None], type_: Type) -> tuple[Value, ...]:
    """Turn texts that are known to read into the Python values of a type."""
    if type_.kind in {Kind.CODE, Kind.TEXT}:
        return tuple(texts)
    # Each distinct text once, because dates and rates repeat.
    known: dict[str | None, Value] = {text: _value(text, type_) for text in set(texts)}
    return tuple(map(known.__getitem__, texts))


def _value(text: str | None, type_: Type) -> Value:
    if text is None:
        return None
    if type_.kind is Kind.DATE:
        return date.fromisoformat(text)
    if type_.kind is Kind.BOOLEAN:
        return text == "true"
    return int(text) if type_.kind in _WHOLE else Decimal(text)


def _text(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
