"""The rows of a table that are given with a claim: read as a run reads them, and found by key."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Final

from rules_engine.expressions import TableType
from rules_engine.expressions.types import EXACT, Kind, Type
from rules_engine.pricing.given import Given
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.values import described, read_value

__all__ = ["GivenTable", "given_rows", "given_tables"]

_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})
_ABSENT: Final = object()
_ALL_PLACES: Final = Context(prec=EXACT.prec, traps=[Inexact, InvalidOperation])

Found = dict[tuple[str, str], dict[Any, Any]]
"""Rows by key, for each table and column; the column `""` says whether there is a row."""


class GivenTable:
    """Reads the rows of one table; made once, safe to share between threads.

    Attributes:
        type: The table.
    """

    def __init__(self, type_: TableType, asked: Iterable[str]) -> None:
        """Prepare for the columns that prices ask for, `""` for whether there is a row."""
        self.type = type_
        self._asked = tuple(asked)
        self._needed = frozenset({*type_.key, *self._asked} - {""})
        self._read = self._written()

    def index(self, rows: Iterable[Mapping[str, Any]]) -> Found:
        """Index the rows by key, for each column that prices ask for.

        Raises:
            ValueError: A value is none of its column, a needed column is not there, a row ends
                before it begins, or two rows of one key hold on the same day.
            TypeError: A value is a float or of another type that no column holds, or a row is no
                mapping.
        """
        found: list[dict[Any, Any]] = [{} for _ in self._asked]
        known = found[0]
        for row in rows:
            try:
                key, first, last, values = self._read(row)
            except AttributeError:
                msg = f"{self.type.name} is given {row!r}; a mapping of columns may stand there"
                raise TypeError(msg) from None
            if first is None:
                if key in known:
                    msg = f"{self.type.name} is given two rows of {key}; a key stands once"
                    raise ValueError(msg)
                for column, value in zip(found, values, strict=True):
                    column[key] = value
                continue
            if last < first:
                msg = f"{self.type.name} is given a row from {first} to {last}; days go forward"
                raise ValueError(msg)
            if key in known:
                self._alone(key, first, last, known[key])
                for column, value in zip(found, values, strict=True):
                    column[key].append((first, last, value))
            else:
                for column, value in zip(found, values, strict=True):
                    column[key] = [(first, last, value)]
        return {(self.type.name, name): rows for name, rows in zip(self._asked, found, strict=True)}

    def _alone(
        self, key: object, first: date, last: date, spans: Iterable[tuple[date, date, Any]]
    ) -> None:
        for since, until, _ in spans:
            if first <= until and since <= last:
                msg = (
                    f"{self.type.name} is given two rows of {key} for one day, {since} to {until}"
                    f" and {first} to {last}; one may stand there"
                )
                raise ValueError(msg)

    def _written(self) -> Callable[[Mapping[str, Any]], tuple[Any, Any, Any, tuple[Any, ...]]]:
        """Generate what reads a row: its key, its first and last day, and the columns asked for."""
        bound: dict[str, Any] = {"absent": _ABSENT, "Decimal": Decimal, "date": date}
        lines = ["def read(row):", " get = row.get"]
        names = {"": "True"}
        for number, (name, type_) in enumerate(self.type.columns.items()):
            names[name] = value = f"c{number}"
            bound[f"read{number}"] = self._reader(name, type_)
            guard = f"{value} is not None and " if type_.nullable else ""
            lines.append(f" {value} = get({name!r}, absent)")
            test = _odd(number, type_, bound)
            lines.append(f" if {guard}({test}): {value} = read{number}({value})")
        keys = ", ".join(names[name] for name in self.type.key)
        key = f"({keys})" if len(self.type.key) > 1 else keys
        asked = ", ".join(names[name] for name in self._asked)
        first = last = "None"
        if self.type.effective is not None:
            first, last = (names[name] for name in self.type.effective)
            first, last = f"{first} or date.min", f"{last} or date.max"
        lines.append(f" return {key}, {first}, {last}, ({asked},)")
        exec(compile("\n".join(lines), "<given>", "exec"), bound)  # noqa: S102  our own text: names are quoted, constants bound
        read: Callable[[Mapping[str, Any]], tuple[Any, Any, Any, tuple[Any, ...]]] = bound["read"]
        return read

    def _reader(self, name: str, type_: Type) -> Callable[[Any], Any]:
        """Give what reads the values of a column that may not be taken as they are."""
        column = f"{self.type.name}.{name}"
        dates = self.type.effective or ()

        written = _of_places(type_)

        def read(value: Any) -> Any:
            if value.__class__ is Decimal:
                # What most often is not as it stands in its column: 0.1 for 0.100000.
                exact = written(value)
                if exact is not None:
                    return exact
            if value is _ABSENT:
                if name in self._needed:
                    msg = f"{column} is not there; {described(type_)} may stand there"
                    raise ValueError(msg)
                if name not in dates:
                    return None
                value = None
            if value is None and type_.nullable:
                return None
            try:
                return read_value(value, type_)
            except ValueError as error:
                about = f"{column}: {error}" if value is None else f"{column} is {value}"
                msg = f"{about}; {described(type_)} may stand there"
                raise ValueError(msg) from None
            except TypeError as error:
                msg = f"{column} is {value!r}: {error}; {described(type_)} may stand there"
                raise TypeError(msg) from None

        return read


def _of_places(type_: Type) -> Callable[[Decimal], Decimal | None]:
    """Give what writes 0.1 with the places of its column, or gives None where it does not fit."""
    low, high, scale = type_.low, type_.high, type_.scale
    if type_.kind in _WHOLE or low is None or high is None or scale is None:
        return lambda _: None
    unit = Decimal(1).scaleb(-scale, EXACT)

    def written(value: Decimal) -> Decimal | None:
        if not value.is_finite():
            return None
        try:
            exact = _ALL_PLACES.quantize(value, unit)
        except (Inexact, InvalidOperation):
            return None
        return exact if low <= exact <= high else None

    return written


def _odd(number: int, type_: Type, bound: dict[str, Any]) -> str:
    """Give a test that is false for a value that can be used as it is."""
    value = f"c{number}"
    if type_.kind is Kind.DATE:
        return f"{value}.__class__ is not date"
    if type_.kind is Kind.BOOLEAN:
        return f"{value}.__class__ is not bool"
    if not type_.is_numeric:
        bound[f"codes{number}"] = type_.codes
        # An empty text is read with more care.
        other = f"not {value}" if type_.codes is None else f"{value} not in codes{number}"
        return f"{value}.__class__ is not str or {other}"
    whole = type_.kind in _WHOLE
    for name, bound_ in (("low", type_.low), ("high", type_.high)):
        # Whole numbers are compared with whole numbers: a Decimal would be converted to.
        bound[f"{name}{number}"] = int(bound_) if whole and bound_ is not None else bound_
    inside = f"low{number} <= {value} <= high{number}"
    if whole:
        return f"{value}.__class__ is not int or not {inside}"
    bound[f"unit{number}"] = Decimal(1).scaleb(-(type_.scale or 0), EXACT)
    exact = f"{value}.__class__ is Decimal and {value}.same_quantum(unit{number})"
    return f"not ({exact} and {inside})"


def given_tables(plan: Plan) -> tuple[GivenTable, ...]:
    """Give the tables that come with a claim, each with the columns that prices ask for."""
    asked: dict[str, list[str]] = {}
    for table, column in plan.given_columns:
        asked.setdefault(table, []).append(column)
    return tuple(GivenTable(plan.tables[table], columns) for table, columns in asked.items())


def given_rows(tables: Iterable[GivenTable], given: Given) -> Found:
    """Index what is given.

    Raises:
        NotGivenError: A table was not given.
        ValueError: A row does not read; see `GivenTable.index`.
        TypeError: A value is of a type that no column holds.
    """
    found: Found = {}
    for table in tables:
        found |= table.index(given.rows(table.type.name))
    return found
