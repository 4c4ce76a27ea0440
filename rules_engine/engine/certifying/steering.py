"""Steering: values of a line's columns that lead a condition to a verdict, or a lookup to a row."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import islice, product
from typing import Any, Final

from attrs import frozen

from rules_engine.engine.certifying.interest import ABSENT, Interest
from rules_engine.engine.certifying.judging import Shelf
from rules_engine.expressions import Expression, Kind, tree
from rules_engine.expressions.exact import Value, compared, plain
from rules_engine.expressions.runtime import like_pattern

__all__ = ["DAY", "Assignment", "Steering", "merged"]

DAY: Final = "@day"
"""Stands for the line's date in an assignment."""

Assignment = Mapping[str, Any]
"""Values by column."""

Reading = tuple[Value, Assignment]
"""A value of a part of a formula, and the assignment that gives it."""

_READINGS_MAX: Final = 400
_WAYS_MAX: Final = 24


def merged(one: Assignment, other: Assignment) -> Assignment | None:
    """Give both assignments at once; None where they contradict each other."""
    if any(name in other and other[name] != value for name, value in one.items()):
        return None
    return {**one, **other}


@frozen
class Steering:
    """Finds assignments by trying values of interest.

    Attributes:
        interest: Values of each column.
        shelves: The tables that formulas read.
    """

    interest: Interest
    shelves: Mapping[str, Shelf]

    # -- conditions

    def ways(self, node: Expression, verdict: bool | None) -> list[Assignment]:  # noqa: FBT001  SQL's three truth values
        """Give assignments under which a condition is true, false or (None) unknown.

        An empty list says that none was found; an empty assignment that it may be so anyhow.
        """
        found: list[Assignment] = []
        for way in islice(self._ways(node, verdict), _READINGS_MAX):
            if way not in found:
                found.append(way)
        return _spaced(found, _WAYS_MAX)

    def _ways(self, node: Expression, verdict: bool | None) -> Iterator[Assignment]:  # noqa: FBT001
        match node:
            case tree.Logic():
                yield from self._logic(node, verdict)
            case tree.Not(operand=operand):
                yield from self.ways(operand, None if verdict is None else not verdict)
            case tree.Has() if verdict is not None:
                yield from self._has(node, found=verdict)
            case _:
                for value, way in self.readings(node):
                    if value is verdict:
                        yield way

    def _logic(self, node: tree.Logic, verdict: bool | None) -> Iterator[Assignment]:  # noqa: FBT001
        decides = node.op == "or"
        if verdict is decides:
            yield from self.ways(node.left, decides)
            yield from self.ways(node.right, decides)
            return
        firsts = [(verdict, not decides)] if verdict is None else [(verdict, verdict)]
        for left, right in (*firsts, *(((not decides, None),) if verdict is None else ())):
            for pair in product(self.ways(node.left, left), self.ways(node.right, right)):
                both = merged(*pair)
                if both is not None:
                    yield both

    def _has(self, node: tree.Has, *, found: bool) -> Iterator[Assignment]:
        if found:
            yield from (way for _, way in self.rows(node))
        else:
            way = self.keyed(node.keys, [ABSENT] * len(node.keys))
            if way is not None:
                yield way

    # -- values

    def readings(self, node: Expression) -> list[Reading]:
        """Give values that a part of a formula can have, each with an assignment."""
        return _spaced(list(islice(self._readings(node), 10 * _READINGS_MAX)), _READINGS_MAX)

    def _readings(self, node: Expression) -> Iterator[Reading]:  # noqa: C901, PLR0912  one line a node
        match node:
            case tree.Const(value=value):
                yield plain(value), {}
            case tree.Ref(space="column", name=name):
                for value in self.interest.values.get(name, ()):
                    yield plain(value), {name: value}
            case tree.Dated(entries=entries):
                for first, entry in entries:
                    yield from self._combined([entry], lambda v: v[0], {DAY: first})
            case tree.Lookup(column=column):
                for number, way in self.rows(node):
                    yield plain(self.shelves[node.table].rows[number][column]), way
            case tree.Coalesce():
                yield from self._first_known(node)
            case tree.Compare(op=op, left=left, right=right):
                yield from self._combined(
                    [left, right], lambda v: None if None in v else compared(op, *v)
                )
            case tree.InList(operand=operand, options=options):
                yield from self._combined([operand, *options], _listed)
            case tree.IsNull(operand=operand):
                yield from self._combined([operand], lambda v: v[0] is None)
            case tree.Like(operand=operand, pattern=pattern):
                matches = like_pattern(pattern).fullmatch
                yield from self._combined(
                    [operand], lambda v: None if v[0] is None else matches(str(v[0])) is not None
                )
            case tree.Arithmetic(op="-", left=left, right=right) if left.type.kind is Kind.DATE:
                yield from self._combined([left, right], _apart)
            case tree.Negate(operand=operand):
                yield from self._combined([operand], lambda v: None if v[0] is None else -v[0])

    def _first_known(self, node: tree.Coalesce) -> Iterator[Reading]:
        first, *rest = node.arguments
        for found, way in self.readings(first):
            if found is not None:
                yield found, way
                continue
            for other in rest:
                for instead, more in self.readings(other):
                    both = merged(way, more)
                    if both is not None:
                        yield instead, both

    def _combined(
        self, parts: Iterable[Expression], make: Any, base: Assignment | None = None
    ) -> Iterator[Reading]:
        for chosen in product(*map(self.readings, parts)):
            way: Assignment | None = base or {}
            for _, more in chosen:
                way = None if way is None else merged(way, more)
            if way is not None:
                yield make([value for value, _ in chosen]), way

    # -- tables

    def rows(self, node: tree.Lookup | tree.Has) -> list[tuple[int, Assignment]]:
        """Give rows of a table, each with an assignment that leads to it on its first day."""
        shelf = self.shelves[node.table]
        found = []
        for number in _spaced(list(range(len(shelf.rows))), _READINGS_MAX):
            way = self.to_row(node, number)
            if way is not None:
                found.append((number, way))
        return found

    def to_row(self, node: tree.Lookup | tree.Has, number: int) -> Assignment | None:
        """Give an assignment of the key columns that leads to a row."""
        shelf = self.shelves[node.table]
        return self.keyed(node.keys, [shelf.rows[number][name] for name in shelf.type.key])

    def keyed(self, keys: Iterable[Expression], values: Iterable[Any]) -> Assignment | None:
        """Give an assignment under which keys have these values; None where there is none."""
        way: Assignment | None = {}
        for key, value in zip(keys, values, strict=True):
            more = self._to(key, value)
            way = None if way is None or more is None else merged(way, more)
        return way

    def _to(self, node: Expression, value: Any) -> Assignment | None:
        match node:
            case tree.Ref(space="column", name=name, type=type_):
                is_word = type_.kind in {Kind.CODE, Kind.TEXT}
                fits = isinstance(value, str) == is_word and (
                    type_.codes is None or value in type_.codes
                )
                return {name: _as(type_.kind, value)} if fits else None
            case tree.Const(value=constant):
                return {} if plain(constant) == plain(value) else None
            case tree.Dated(entries=entries):
                for first, entry in entries:
                    if self._to(entry, value) is not None:
                        return {DAY: first}
                return None
            case tree.Coalesce(arguments=arguments):
                return self._to(arguments[0], value)
            case tree.Lookup(column=column):
                for number, way in self.rows(node):
                    if plain(self.shelves[node.table].rows[number][column]) == plain(value):
                        return way
        return None


def _as(kind: Kind, value: Any) -> Any:
    """Give a key of a table as a value of the column that is held against it."""
    whole = kind in {Kind.COUNT, Kind.DAYS}
    return int(value) if whole and isinstance(value, Decimal) else value


def _listed(values: list[Any]) -> bool | None:
    first, *rest = values
    if first is None:
        return None
    return True if first in rest else None if None in rest else False


def _apart(values: list[Any]) -> Any:
    left, right = values
    if left is None or right is None:
        return None
    return plain((left - right).days) if isinstance(right, date) else None


def _spaced(values: list[Any], most: int) -> list[Any]:
    """Keep the first, the last and evenly spaced ones of many values."""
    if len(values) <= most:
        return values
    last = len(values) - 1
    return [values[place * last // (most - 1)] for place in range(most)]
