"""A settlement's arithmetic written as formulas over named values, so that it explains itself."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from attrs import Factory, frozen

from rules_engine.expressions import Expression, Kind, Scope, Sites, TableType, Type, check
from rules_engine.expressions.closure import Reject
from rules_engine.expressions.exact import Trace, Value, evaluate
from rules_engine.expressions.tokens import tokenize
from rules_engine.expressions.tree import OfRows, Ref
from rules_engine.expressions.types import NUMERIC

__all__ = ["Explained", "SettlementError", "Worksheet", "names_in"]


class SettlementError(Exception):
    """The facts of a period do not allow the settlement that the contract asks for."""


@frozen(kw_only=True)
class Explained:
    """One step of a computation.

    Attributes:
        name: What the value is called in later steps.
        formula: How it was computed, over the names of earlier steps; as the contract says it where
            the contract gives the formula.
        value: The exact value.
        unit: What the value is: a kind of type such as `money`; empty where nobody said.
        inputs: What the formula read beyond earlier steps, by name.
        units: What each of the inputs is.
        kind: `term` (a formula of the contract), `step` (of the methodology) or `posted` (rounded).
        place: Where the contract says it.
        note: What a reader should know.
    """

    name: str
    formula: str
    value: Value
    unit: str = ""
    inputs: Mapping[str, Value] = Factory(dict)
    units: Mapping[str, str] = Factory(dict)
    kind: str = "step"
    place: str = ""
    note: str = ""


@lru_cache(maxsize=4096)
def _formula(text: str, units: tuple[str | None, ...]) -> Expression:
    columns = {
        name: _typed(unit)
        for name, unit in zip(names_in(text), units, strict=True)
        if unit is not None
    }
    return check(text, Scope(profile="settlement", grain="worksheet", columns=columns))


# A formula is written for many settlements.
@lru_cache(maxsize=4096)
def names_in(formula: str) -> tuple[str, ...]:
    """Give every name that stands in a formula, once; a quoted one as a worksheet calls it.

    Raises:
        ExpressionError: A character that no formula has.
    """
    written: dict[str, Callable[[str], str]] = {"name": str, "quoted": _unquoted}
    tokens = tokenize(formula)
    return tuple(dict.fromkeys(written[t.kind](t.value) for t in tokens if t.kind in written))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')


def _typed(unit: str) -> Type:
    kind = Kind(unit) if unit in set(Kind) else Kind.NUMBER
    if kind is Kind.RATE:
        return Type(kind, scale=None, low=Decimal(0), high=Decimal(1))
    return Type(kind, scale=None) if kind in NUMERIC else Type(kind)


class Worksheet:
    """Named exact values, each with the formula it came from.

    One worksheet belongs to one settlement of one entity and period.
    """

    def __init__(self, trace: Trace | None = None) -> None:
        """Begin empty.

        Args:
            trace: Called with every part of every formula that `let` computes, and its value.
        """
        self._trace = trace
        self._values: dict[str, Value] = {}
        self._units: dict[str, str] = {}
        self._steps: list[Explained] = []

    @property
    def steps(self) -> tuple[Explained, ...]:
        """Everything computed so far, in order."""
        return tuple(self._steps)

    def __getitem__(self, name: str) -> Any:
        """Give a value by its name."""
        return self._values[name]

    def take(
        self,
        name: str,
        value: Value,
        *,
        formula: str,
        unit: str = "",
        inputs: Mapping[str, Value] | None = None,
        units: Mapping[str, str] | None = None,
        place: str = "",
        note: str = "",
        kind: str = "term",
    ) -> Any:
        """Record a value that was computed elsewhere: a formula of the contract."""
        self._values[name] = value
        self._units[name] = unit or ("boolean" if isinstance(value, bool) else "number")
        self._steps.append(
            Explained(
                name=name,
                formula=formula,
                value=value,
                unit=unit,
                inputs=inputs or {},
                units=units or {},
                kind=kind,
                place=place,
                note=note,
            )
        )
        return value

    def let(self, name: str, formula: str, *, note: str = "", kind: str = "step") -> Any:
        """Compute a value from earlier ones by a formula in the settlement language, and record it.

        Raises:
            ExpressionError: The formula names a value that is not there, or mixes units.
            SettlementError: It divides by zero.
        """
        values = self._values
        units = tuple(
            self._units[name] if values.get(name) is not None else None
            for name in names_in(formula)
        )
        expression = _formula(formula, units)
        names = _Names(values)
        try:
            value = evaluate(expression, names, self._trace)
        except Reject as reject:
            msg = f"{name} is {formula}: {names.sites[reject.site].message}"
            raise SettlementError(msg) from None
        unit = str(expression.type.kind)
        return self.take(name, value, formula=formula, unit=unit, note=note, kind=kind)


class _Names:
    """The environment of a worksheet's formulas: its own values and nothing else."""

    date: date = date.min
    tables: Mapping[str, TableType] = MappingProxyType({})

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values
        self.sites = Sites()

    def ref(self, node: Ref) -> Value:
        return self.values[node.name]

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Value] | None:
        raise KeyError(table, keys)

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        raise KeyError(table, column, at)

    def aggregate(self, node: OfRows) -> Value:
        raise KeyError(node)
