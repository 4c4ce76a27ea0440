"""Values of interest: what a column can hold at which a contract may decide otherwise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations, product
from typing import Any, Final

from attrs import frozen

from rules_engine.engine.certifying.judging import Shelf
from rules_engine.expressions import Expression, Kind, tree
from rules_engine.expressions.types import EXACT, Type
from rules_engine.pricing.plan import Plan

__all__ = ["Interest", "days_of", "step", "values_of"]

_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})
_WORDS: Final = frozenset({Kind.CODE, Kind.TEXT})
_KEYS_MAX: Final = 48
_DAY: Final = timedelta(1)
ABSENT: Final = "none of them"
"""A code that no table and no condition names."""


@frozen
class Interest:
    """Values of interest by column; a column of a table is called `table.column`.

    Attributes:
        values: Values by name, each once, the plainest first.
        days: Days at which a dated value, an interval or the contract begins or ends, and the days
            before and after.
    """

    values: Mapping[str, tuple[Any, ...]]
    days: tuple[date, ...]

    @classmethod
    def of(cls, plan: Plan, shelves: Mapping[str, Shelf]) -> "Interest":
        """Collect what a plan compares, lists and looks up."""
        days = days_of(plan, shelves.values())
        found: dict[str, list[Any]] = {}
        types: dict[str, Type] = dict(plan.read_columns)
        for expression in plan.expressions():
            for node in tree.walk(expression):
                for read in _reads(node):
                    types.setdefault(_name(read), read.type)
                for name, value in _met(node, shelves):
                    found.setdefault(name, []).append(value)
        return cls(
            {
                name: tuple(_around(type_, found.get(name, []), days))
                for name, type_ in types.items()
            },
            days,
        )


def days_of(plan: Plan, shelves: Iterable[Shelf]) -> tuple[date, ...]:
    """Give the days on which something changes, with the days before and after."""
    turns = {plan.first, plan.last + _DAY}
    for expression in plan.expressions():
        for node in tree.walk(expression):
            if isinstance(node, tree.Dated):
                turns |= {first for first, _ in node.entries}
    for shelf in shelves:
        for place in range(len(shelf.rows)):
            first, last = shelf.days(place)
            turns |= {first, min(last, date.max - _DAY) + _DAY}
    near = [turn for turn in turns if plan.first - _DAY <= turn <= plan.last + _DAY + _DAY]
    found = {turn + step * _DAY for turn in near for step in (-2, -1, 0, 1)}
    return tuple(sorted(found))


def values_of(type_: Type) -> Iterator[Any]:
    """Give the values of a type at which mistakes hide: its ends, zero, one, and its least step."""
    if type_.is_numeric:
        one = step(type_)
        low, high = type_.low, type_.high
        hundred = Decimal(100)
        plain = [Decimal(1), hundred, one, Decimal(0), -one, hundred + one, Decimal("0.5"), 3 * one]
        ends = [end for end in (low, high) if end is not None]
        for value in (*plain, *ends):
            exact = _typed(type_, value)
            if exact is not None:
                yield exact
    elif type_.kind is Kind.BOOLEAN:
        yield from (True, False)
    elif type_.codes is not None:
        yield from sorted(type_.codes)
    elif type_.kind in _WORDS:
        yield ABSENT
    if type_.nullable:
        yield None


def step(type_: Type) -> Decimal:
    """Give the smallest difference between two values of a numeric type."""
    return Decimal(1).scaleb(-(type_.scale or 0), EXACT)


def _typed(type_: Type, value: Decimal) -> Any:
    """Give a number as a value of a type; None where the type does not hold it."""
    exact = value.quantize(step(type_), context=EXACT)
    if exact != value:
        return None
    if (type_.low is not None and exact < type_.low) or (
        type_.high is not None and exact > type_.high
    ):
        return None
    return int(exact) if type_.kind in _WHOLE else exact


def _around(type_: Type, met: Sequence[Any], days: Sequence[date]) -> Iterator[Any]:
    """Give values of interest of one column, each once."""
    found: dict[Any, None] = {}
    if type_.kind is Kind.DATE:
        middle = days[len(days) // 2]
        near = [day + n * _DAY for day in met for n in (-1, 0, 1)]
        found = dict.fromkeys((middle, *near, *days))
    elif type_.is_numeric:
        one = step(type_)
        near = [Decimal(value) + n * one for value in met for n in (0, -1, 1)]
        typed = [_typed(type_, value) for value in near]
        plain = [v for v in values_of(type_) if v is not None]
        found = dict.fromkeys((*plain, *(v for v in typed if v is not None)))
    else:
        allowed = [v for v in met if type_.codes is None or v in type_.codes]
        found = dict.fromkeys((*_spaced(list(dict.fromkeys(allowed))), *values_of(type_)))
        found.pop(None, None)
    yield from found
    if type_.nullable:
        yield None


def _spaced(values: list[Any]) -> list[Any]:
    """Keep the first, the last and evenly spaced ones of many values."""
    if len(values) <= _KEYS_MAX:
        return values
    last = len(values) - 1
    return [values[place * last // (_KEYS_MAX - 1)] for place in range(_KEYS_MAX)]


# -- what formulas say of a column


def _name(node: Expression) -> str:
    return (
        f"{node.table}.{node.column}"
        if isinstance(node, tree.Lookup)
        else str(getattr(node, "name", ""))
    )


def _reads(node: Expression) -> Iterator[Expression]:
    """Give the columns that a part of a formula reads for itself."""
    if isinstance(node, tree.Lookup) or (isinstance(node, tree.Ref) and node.space == "column"):
        yield node


def _met(node: Expression, shelves: Mapping[str, Shelf]) -> Iterator[tuple[str, Any]]:
    """Give the values that a part of a formula holds a column against."""
    match node:
        case tree.Compare(left=left, right=right):
            yield from _against(left, right)
            yield from _against(right, left)
        case tree.Extremum(arguments=arguments) | tree.Coalesce(arguments=arguments):
            for one, other in permutations(arguments, 2):
                yield from _against(one, other)
        case tree.InList(operand=operand, options=options):
            for option in options:
                yield from _against(operand, option)
        case tree.Like(operand=operand, pattern=pattern):
            texts = [pattern.replace("%", filling).replace("_", "x") for filling in ("", "x")]
            # An empty text is null wherever it is read.
            yield from product(_columns(operand), [text for text in texts if text])
        case tree.Lookup() | tree.Has():
            yield from _keys(node, shelves[node.table])
        case tree.Interpolate(at=at):
            shelf = shelves[node.table]
            ends = [row[shelf.type.key[0]] for row in shelf.rows]
            yield from product(_columns(at), ends)


def _keys(node: tree.Lookup | tree.Has, shelf: Shelf) -> Iterator[tuple[str, Any]]:
    for key_name, key in zip(shelf.type.key, node.keys, strict=True):
        for name in _columns(key):
            for row in shelf.rows:
                yield name, row[key_name]


def _against(one: Expression, other: Expression) -> Iterator[tuple[str, Any]]:
    for name in _columns(one):
        for value in _constants(other):
            yield name, value


def _columns(node: Expression) -> Iterator[str]:
    """Name the columns that a value comes from as it is."""
    match node:
        case tree.Ref(space="column") | tree.Lookup():
            yield _name(node)
        case tree.Coalesce(arguments=arguments) | tree.Extremum(arguments=arguments):
            for argument in arguments:
                yield from _columns(argument)


def _constants(node: Expression) -> Iterator[Any]:
    match node:
        case tree.Const(value=value) if value is not None:
            yield value
        case tree.Negate(operand=tree.Const(value=Decimal() as value)):
            yield value.copy_negate()
        case tree.Dated(entries=entries):
            for _, entry in entries:
                yield from _constants(entry)
