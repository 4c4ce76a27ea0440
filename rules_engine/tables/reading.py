"""Readings: SQL that turns a stored column into its declared type, or says why it cannot."""

from fractions import Fraction
from typing import Final

from attrs import evolve, frozen

from rules_engine.expressions.types import Kind, Type
from rules_engine.tables.storage import literal, storage

__all__ = ["Check", "Reading", "absent", "read_text", "read_typed"]

_BITS: Final = {
    "TINYINT": 8,
    "SMALLINT": 16,
    "INTEGER": 32,
    "BIGINT": 64,
    "HUGEINT": 128,
    "UTINYINT": 8,
    "USMALLINT": 16,
    "UINTEGER": 32,
    "UBIGINT": 64,
    "UHUGEINT": 128,
}
_FLOATS: Final = frozenset({"FLOAT", "DOUBLE"})
_TIMESTAMPS: Final = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})
_TEXTUAL: Final = frozenset({Kind.CODE, Kind.TEXT})


@frozen(kw_only=True)
class Check:
    """A condition that rejects a row.

    Attributes:
        fails: SQL condition, true where the row is refused.
        code: Its diagnostic code.
        reason: What is wrong and what may stand there.
        asks_presence: Whether it is the one that refuses an absent value.
        is_implied: Whether a later check fails wherever it does, so that it only gives the reason.
    """

    fails: str
    code: str
    reason: str
    asks_presence: bool = False
    is_implied: bool = False


@frozen(kw_only=True)
class Reading:
    """How one column of a table is read from what a source stores.

    Attributes:
        column: The column of the table.
        source: SQL of the stored value, or None where the source has no such column.
        value: SQL of the typed value.
        checks: What rejects a row, the first that fails being the reason.
        error: Why the column as a whole cannot be read: a code and a message; None where it can.
        warning: What is lossy in how the source stores it: a code and a message, or None.
        original: SQL of what stands for it in the source where the value alone does not say it.
    """

    column: str
    source: str | None
    value: str
    checks: tuple[Check, ...] = ()
    error: tuple[str, str] | None = None
    warning: tuple[str, str] | None = None
    original: str | None = None

    @property
    def fails(self) -> str | None:
        """SQL condition that is true where the row is refused, or None where it never is."""
        if not self.checks:
            return None
        conditions = zip(self.checks, self._conditions(), strict=True)
        return " OR ".join(fails for check, fails in conditions if not check.is_implied)

    @property
    def problem(self) -> str | None:
        """SQL of a struct of column, value, code and reason, null where the row reads."""
        if not self.checks:
            return None
        cases = " ".join(
            f"WHEN {fails} THEN {{'column': {literal(self.column)}, 'value': {self.shown},"
            f" 'code': {literal(check.code)}, 'reason': {literal(check.reason)}}}"
            for fails, check in zip(self._conditions(), self.checks, strict=True)
        )
        return f"CASE {cases} END"

    def _conditions(self) -> list[str]:
        # An absent value is refused by the check that asks for it, and by no other.
        return [
            f"({check.fails})"
            if check.asks_presence or self.source is None
            else f"({self.source} IS NOT NULL AND ({check.fails}))"
            for check in self.checks
        ]

    def without(self, codes: frozenset[str]) -> "Reading":
        """Give the reading without checks that something else proves, by their codes."""
        return evolve(self, checks=tuple(check for check in self.checks if check.code not in codes))

    @property
    def shown(self) -> str:
        """SQL of the stored value as text."""
        stored = "NULL" if self.source is None else f"CAST({self.source} AS VARCHAR)"
        return stored if self.original is None else f"coalesce({stored}, {self.original})"


def absent(column: str, type_: Type) -> Reading:
    """Read a column that the source does not have: null of the column's type."""
    return Reading(column=column, source=None, value=f"CAST(NULL AS {storage(type_)})")


def read_text(
    column: str, source: str, type_: Type, *, refuses_separators: bool = False
) -> Reading:
    """Read text as a type, never through a binary fraction.

    Args:
        column: The column of the table.
        source: SQL of the text; null and empty text are absent values.
        type_: What the text should hold. Numbers are digits with at most one point and a sign;
            dates are `YYYY-MM-DD`; booleans are `true` or `false`.
        refuses_separators: Whether a code or text may not hold the ASCII separators 30 and 31.
    """
    checks = [*_required(f"{source} IS NULL", type_)]
    if type_.is_numeric:
        value, more = _number_from_text(source, type_)
        checks += more
    elif type_.kind is Kind.DATE:
        value = f"TRY_CAST({source} AS DATE)"
        # What comes back as it was written is a day of the years 1 to 9999, with all its zeros.
        fails = f"len({source}) <> 10 OR CAST({value} AS VARCHAR) IS DISTINCT FROM {source}"
        checks.append(Check(fails=fails, code="RE500", reason="is no date; it may be YYYY-MM-DD"))
    elif type_.kind is Kind.BOOLEAN:
        value = f"TRY_CAST({source} AS BOOLEAN)"
        fails = f"lower({source}) NOT IN ('true', 'false')"
        checks.append(Check(fails=fails, code="RE500", reason="is neither true nor false"))
    else:
        value = source
        if refuses_separators:
            fails = f"contains({source}, chr(30)) OR contains({source}, chr(31))"
            checks.append(Check(fails=fails, code="RE500", reason="holds a control character"))
    checks += _among(value, type_)
    return Reading(column=column, source=source, value=value, checks=tuple(checks))


def read_typed(
    column: str, source: str, stored: str, type_: Type, *, may_be_empty: bool = True
) -> Reading:
    """Read a column that a Parquet file, Arrow or a database stores with a type of its own.

    A column whose type already fits is passed through as it is.

    Args:
        column: The column of the table.
        source: SQL of the stored value.
        stored: Its DuckDB type.
        type_: What it should hold.
        may_be_empty: Whether a text may be empty, which stands for an absent value.
    """
    if stored == "VARCHAR":
        return read_text(column, f"nullif({source}, '')" if may_be_empty else source, type_)
    if stored.startswith("ENUM"):
        return read_text(column, f"nullif(CAST({source} AS VARCHAR), '')", type_)
    if stored in {"NULL", '"NULL"'}:
        return read_text(column, f"CAST({source} AS VARCHAR)", type_)
    required = _required(f"{source} IS NULL", type_)
    if type_.is_numeric:
        return _number_from_typed(column, source, stored, type_, required)
    if type_.kind is Kind.DATE and stored == "DATE":
        return Reading(column=column, source=source, value=source, checks=required)
    if type_.kind is Kind.DATE and stored in _TIMESTAMPS:
        value = f"CAST({source} AS DATE)"
        fails = f"CAST({value} AS TIMESTAMP) <> {source}"
        check = Check(fails=fails, code="RE500", reason="has a time of day; it may be a date")
        return Reading(column=column, source=source, value=value, checks=(*required, check))
    if type_.kind is Kind.BOOLEAN and stored == "BOOLEAN":
        return Reading(column=column, source=source, value=source, checks=required)
    if type_.kind in _TEXTUAL and (stored in _BITS or stored == "UUID"):
        reading = read_text(column, f"CAST({source} AS VARCHAR)", type_)
        return _warned(reading, stored) if stored in _BITS else reading
    message = f"{column} is stored as {stored}; it may be {_may_be(type_)}"
    code = "RE514" if stored in _FLOATS else "RE517"
    return _unreadable(column, source, type_, (code, message))


def _warned(reading: Reading, stored: str) -> Reading:
    message = (
        f"{reading.column} is stored as {stored}, so that leading zeros are lost; store it as text"
    )
    return evolve(reading, warning=("RE518", message))


def _may_be(type_: Type) -> str:
    if type_.kind in _TEXTUAL:
        return "VARCHAR"
    return storage(type_)


def _required(fails: str, type_: Type) -> tuple[Check, ...]:
    if type_.nullable:
        return ()
    reason = "is absent; it may not be"
    return (Check(fails=fails, code="RE503", reason=reason, asks_presence=True),)


def _among(value: str, type_: Type) -> tuple[Check, ...]:
    if type_.codes is None:
        return ()
    codes = sorted(type_.codes)
    fails = f"{value} NOT IN ({', '.join(literal(code) for code in codes)})"
    return (Check(fails=fails, code="RE504", reason=f"may be {', '.join(codes)}"),)


def _number_from_text(source: str, type_: Type) -> tuple[str, list[Check]]:
    places = type_.scale or 0
    fraction = rf"(\.\d{{0,{places}}}0*)?" if places else r"(\.0*)?"
    whole = rf" *[+-]?(\d+{fraction}|\.\d{{1,{max(1, places)}}}0*) *"
    value = f"TRY_CAST({source} AS {storage(type_)})"
    checks = [
        Check(
            fails=rf"NOT regexp_full_match({source}, ' *[+-]?(\d+(\.\d*)?|\.\d+) *')",
            code="RE500",
            reason="is no number; it may be digits with one decimal point",
            is_implied=True,
        ),
        Check(
            fails=f"NOT regexp_full_match({source}, {literal(whole)})",
            code="RE502",
            reason=f"has more decimal places than {places}",
        ),
    ]
    outside = " OR ".join((f"{value} IS NULL", *_outside(value, type_)))
    checks.append(Check(fails=outside, code="RE501", reason=_range(type_)))
    return value, checks


def _outside(value: str, type_: Type) -> list[str]:
    limits = []
    if type_.low is not None:
        limits.append(f"{value} < {type_.low:f}")
    if type_.high is not None:
        limits.append(f"{value} > {type_.high:f}")
    return limits


def _range(type_: Type) -> str:
    return f"is outside {type_.low} to {type_.high}"


def _number_from_typed(
    column: str, source: str, stored: str, type_: Type, required: tuple[Check, ...]
) -> Reading:
    places = type_.scale or 0
    cast = f"TRY_CAST({source} AS {storage(type_)})"
    outside = " OR ".join((f"{cast} IS NULL", *_outside(source, type_)))
    in_range = Check(fails=outside, code="RE501", reason=_range(type_))
    if stored in _FLOATS and type_.kind in _WHOLE:
        fails = f"isnan({source}) OR {source} <> trunc({source})"
        whole = Check(fails=fails, code="RE502", reason="is no whole number")
        checks = (*required, whole, in_range)
        return Reading(column=column, source=source, value=cast, checks=checks)
    if stored in _FLOATS:
        message = f"{column} is stored as {stored}, which is not exact; cast it to {storage(type_)}"
        return _unreadable(column, source, type_, ("RE514", message))
    limits = _limits(stored)
    if limits is None:
        message = f"{column} is stored as {stored}; it may be {storage(type_)}"
        return _unreadable(column, source, type_, ("RE517", message))
    low, high, scale = limits
    checks = required
    if scale > places:
        fails = f"TRY_CAST({source} AS DECIMAL(38, {places})) IS DISTINCT FROM {source}"
        reason = f"has more decimal places than {places}"
        checks = (*checks, Check(fails=fails, code="RE502", reason=reason))
    if not _holds(type_, low, high):
        checks = (*checks, in_range)
    value = source if _fits(stored, type_) else cast
    return Reading(column=column, source=source, value=value, checks=checks)


def _unreadable(column: str, source: str, type_: Type, error: tuple[str, str]) -> Reading:
    value = f"CAST(NULL AS {storage(type_)})"
    return Reading(column=column, source=source, value=value, error=error)


def _limits(stored: str) -> tuple[Fraction, Fraction, int] | None:
    """Smallest and largest value and decimal places of a DuckDB type; None if it is no number."""
    if stored in _BITS:
        bits = _BITS[stored]
        if stored.startswith("U"):
            return Fraction(0), Fraction(2**bits - 1), 0
        return Fraction(-(2 ** (bits - 1))), Fraction(2 ** (bits - 1) - 1), 0
    if stored.startswith("DECIMAL("):
        width, _, scale = stored.removeprefix("DECIMAL(").removesuffix(")").partition(",")
        largest = Fraction(10 ** int(width) - 1, 10 ** int(scale))
        return -largest, largest, int(scale)
    return None


def _holds(type_: Type, low: Fraction, high: Fraction) -> bool:
    # Fractions, because arithmetic on Decimals rounds by a context that the host may have set.
    below = type_.low is None or Fraction(type_.low) <= low
    return below and (type_.high is None or high <= Fraction(type_.high))


def _fits(stored: str, type_: Type) -> bool:
    """Whether every value of the stored type has a place in the column's own type, uncast."""
    wanted = storage(type_)
    if stored == wanted:
        return True
    if stored in _BITS or wanted in _BITS:
        return stored in {"TINYINT", "SMALLINT", "INTEGER"} and wanted in {"INTEGER", "BIGINT"}
    have, room = _limits(stored), _limits(wanted)
    return have is not None and room is not None and have[2] <= room[2] and have[1] <= room[1]
