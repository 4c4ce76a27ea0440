"""Functions: how many arguments they take, of which units, and what they give."""

import difflib
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import aggregates, syntax, tree, units
from rules_engine.expressions.names import unknown_of
from rules_engine.expressions.operators import dated
from rules_engine.expressions.types import EXACT, Kind, TableType, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["call"]

_BOOLEAN: Final = Type(Kind.BOOLEAN)
_WORDS: Final = frozenset({Kind.CODE, Kind.TEXT})
_ROUNDINGS: Final = {"round": "half_up", "round_half_even": "half_even", "round_down": "down"}
_DECIMAL: Final = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
}
_SCALAR: Final = frozenset({"least", "greatest", "coalesce", "abs", "lookup", "has", *_ROUNDINGS})
# Function → what each argument is; the last one may repeat where it ends with an asterisk.
_MAPPING: Final = {
    "number": "text",
    "date": "text pattern?",
    "substring": "text whole whole?",
    "upper": "text",
    "lower": "text",
    "trim": "text",
    "make_date": "whole whole whole",
    "last_day": "date",
    "first_of": "text text*",
}
_OTHER: Final = {
    "min": "least",
    "max": "greatest",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "if": "case when … then … else … end",
    "ceil": "round",
    "ceiling": "round",
    "floor": "round_down",
    "trunc": "round_down",
    "isnull": "x is null",
}
_MOST_PLACES: Final = 12
_DATE_PARTS: Final = ("YYYY", "MM", "DD")
# What number(…) reads: six decimal places, and twelve digits before them.
_READ: Final = Decimal("999999999999.999999")


def call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type a function call."""
    name = node.function
    profile = checker.scope.profile
    known = _SCALAR
    if profile == "settlement":
        known |= aggregates.NAMES | {"interpolate"}
    if profile == "mapping":
        known |= frozenset(_MAPPING)
    if name not in known:
        raise _no_function(checker, node, known)
    if (node.filter is not None or node.peers is not None) and name not in aggregates.NAMES:
        raise checker.wrong(node, "RE405", f"{name} has no FILTER or OVER; sums and counts do")
    if name in aggregates.NAMES:
        _count_arguments(checker, node, 1, 1)
        return aggregates.aggregate(checker, node)
    if name in _MAPPING:
        return _text_call(checker, node)
    if name in {"lookup", "has", "interpolate"}:
        return _table_call(checker, node)
    if name in _ROUNDINGS:
        return _round(checker, node)
    if name == "abs":
        return _absolute(checker, node)
    return _choice(checker, node)


def _no_function(checker: "Checker", node: syntax.Call, known: frozenset[str]) -> Exception:
    name = node.function
    close = [_OTHER[name]] if name in _OTHER else []
    if name in aggregates.NAMES and checker.scope.profile == "row":
        return checker.wrong(
            node,
            "RE404",
            f"{name} combines many rows; this formula sees one {checker.scope.grain}",
            f"did you mean {close[0]}?" if close else None,
        )
    close = close or difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return checker.wrong(
        node,
        "RE404",
        f"{name} is not a function here; {', '.join(sorted(known))} are",
        f"did you mean {close[0]}?" if close else None,
    )


def _count_arguments(
    checker: "Checker", node: syntax.Call, fewest: int, most: int | None = None
) -> None:
    found = len(node.arguments)
    if found >= fewest and (most is None or found <= most):
        return
    wanted = f"{fewest} to {most}"
    if most is None:
        wanted = f"{fewest} or more"
    elif most == fewest:
        wanted = f"{fewest}"
    given = "1 argument" if found == 1 else f"{found} arguments"
    raise checker.wrong(node, "RE405", f"{node.function} has {given}; it takes {wanted}")


# -- numbers


def _absolute(checker: "Checker", node: syntax.Call) -> tree.Expression:
    _count_arguments(checker, node, 1, 1)
    operand = checker.visit(node.arguments[0])
    checker.numeric(operand, node.arguments[0], "abs")
    low, high = operand.type.low, operand.type.high
    top = None if low is None or high is None else max(low.copy_abs(), high.copy_abs())
    bottom = Decimal(0)
    if low is not None and high is not None and not low <= 0 <= high:
        bottom = min(low.copy_abs(), high.copy_abs())
    type_ = evolve(operand.type, low=bottom, high=top)
    if type_.kind == Kind.RATIO:
        type_ = evolve(type_, kind=Kind.FACTOR)
    return tree.Absolute(type=type_, start=node.start, end=node.end, operand=operand)


def _choice(checker: "Checker", node: syntax.Call) -> tree.Expression:
    name = node.function
    _count_arguments(checker, node, 1 if name == "coalesce" else 2)
    with checker.refusing(f"inside {name.upper()}"):
        arguments = checker.visit_all(node.arguments)
    try:
        type_ = units.union([a.type for a in arguments], f"the arguments of {name}")
    except units.UnitError as error:
        raise checker.wrong(node, "RE406", str(error)) from None
    if name == "coalesce":
        type_ = type_.with_null(all(a.type.nullable for a in arguments))
        return tree.Coalesce(type=type_, start=node.start, end=node.end, arguments=arguments)
    if type_.kind == Kind.BOOLEAN or units.is_null(type_):
        shown = "conditions" if type_.kind == Kind.BOOLEAN else "NULLs"
        message = f"{name} compares {shown}; amounts, numbers or dates may stand there"
        raise checker.wrong(node, "RE406", message)
    return tree.Extremum(
        type=_extreme(name, type_, arguments),
        start=node.start,
        end=node.end,
        function=name,
        arguments=arguments,
    )


def _extreme(function: str, type_: Type, arguments: tuple[tree.Expression, ...]) -> Type:
    """A constant bounds LEAST from above and GREATEST from below.

    Nothing else does: on a row that is rejected, or that a condition leaves out, every other value
    may be null in an engine that skips nulls here.
    """
    known = [a.value for a in arguments if isinstance(a, tree.Const)]
    numbers = [value for value in known if isinstance(value, Decimal)]
    low, high = type_.low, type_.high
    for value in numbers:
        if function == "least":
            high = value if high is None else min(high, value)
        else:
            low = value if low is None else max(low, value)
    bounded = evolve(type_, low=low, high=high)
    if bounded.kind in {Kind.RATIO, Kind.FACTOR} and low is not None and low >= 0:
        is_rate = high is not None and high <= 1
        bounded = evolve(bounded, kind=Kind.RATE if is_rate else Kind.FACTOR)
    return bounded


def _round(checker: "Checker", node: syntax.Call) -> tree.Expression:
    _count_arguments(checker, node, 2, 2)
    written = node.arguments[1]
    if not (
        isinstance(written, syntax.Literal)
        and isinstance(written.value, Decimal)
        and written.value in range(_MOST_PLACES + 1)
    ):
        message = f"the places to round to are a whole number from 0 to {_MOST_PLACES}"
        raise checker.wrong(written, "RE405", message)
    with checker.refusing(None):
        operand = checker.visit(node.arguments[0])
    checker.numeric(operand, node.arguments[0], node.function)
    count, mode = int(written.value), _ROUNDINGS[node.function]
    return tree.Round(
        type=_rounded(operand.type, count, mode),
        start=node.start,
        end=node.end,
        operand=operand,
        places=count,
        mode=mode,
    )


def _rounded(type_: Type, count: int, mode: str) -> Type:
    """Give the type of a rounded number; rounding keeps the order, so it rounds the bounds."""
    if type_.scale is not None and type_.scale <= count:
        return type_
    context = EXACT.copy()
    context.rounding = _DECIMAL[mode]
    unit = Decimal(1).scaleb(-count, context)
    low, high = (
        None if bound is None else bound.quantize(unit, context=context)
        for bound in (type_.low, type_.high)
    )
    return evolve(type_, scale=count, low=low, high=high)


# -- tables


def _table_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    _count_arguments(checker, node, 2)
    first, *rest = node.arguments
    wants_column = node.function != "has"
    if not isinstance(first, syntax.Name) or len(first.parts) != (2 if wants_column else 1):
        shape = "table.column" if wants_column else "a table"
        raise checker.wrong(
            first, "RE405", f"{node.function} reads {shape}; its name may stand here"
        )
    table = _table(checker, first)
    with checker.refusing("inside a key"):
        keys = _keys(checker, node, table, rest)
    if node.function == "has":
        return tree.Has(type=_BOOLEAN, start=node.start, end=node.end, table=table.name, keys=keys)
    column = first.parts[1]
    if column not in table.columns:
        shown, what = f"{table.name}.{column}", f"columns of {table.name}"
        raise unknown_of(checker, first, shown, column, table.columns, what)
    type_ = table.columns[column]
    if node.function == "interpolate":
        return _interpolate(checker, node, table, keys)
    return tree.Lookup(
        type=type_, start=node.start, end=node.end, table=table.name, column=column, keys=keys
    )


def _interpolate(
    checker: "Checker", node: syntax.Call, table: TableType, keys: tuple[tree.Expression, ...]
) -> tree.Expression:
    first = node.arguments[0]
    column = first.parts[1] if isinstance(first, syntax.Name) else ""
    type_ = table.columns[column]
    by_number = len(keys) == 1 and table.columns[table.key[0]].is_numeric
    if type_.nullable or not type_.is_numeric or not by_number:
        message = "interpolate reads numbers, never null, between the numbers of a table's one key"
        raise checker.wrong(first, "RE405", message)
    return tree.Interpolate(
        type=evolve(type_, scale=None, nullable=keys[0].type.nullable),
        start=node.start,
        end=node.end,
        table=table.name,
        column=column,
        at=keys[0],
    )


def _table(checker: "Checker", node: syntax.Name) -> TableType:
    name = node.parts[0]
    tables = checker.scope.tables
    if name not in tables:
        raise unknown_of(checker, node, name, name, tables, "tables of the ruleset")
    return tables[name]


def _keys(
    checker: "Checker", node: syntax.Call, table: TableType, arguments: list[syntax.Node]
) -> tuple[tree.Expression, ...]:
    if len(arguments) != len(table.key):
        keys = ", ".join(table.key)
        message = (
            f"{node.function} of {table.name} has {len(arguments)} of {len(table.key)} keys; "
            f"{keys} may stand there, in this order"
        )
        raise checker.wrong(node, "RE405", message)
    found = []
    for key, argument, at in zip(table.key, checker.visit_all(arguments), arguments, strict=True):
        column = table.columns[key]
        _, typed = dated(tree.Const(type=column, value=None), argument)
        if units.is_null(typed.type):
            raise checker.wrong(at, "RE406", f"key {key} of {table.name} is NULL; no row has it")
        why = units.comparable(column, typed.type)
        if why is not None:
            raise checker.wrong(at, "RE406", f"key {key} of {table.name}: {why}")
        found.append(typed)
    return tuple(found)


# -- other people's files


def _text_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    form = _MAPPING[node.function].split()
    fewest = sum(1 for part in form if part[-1] not in "?*")
    _count_arguments(checker, node, fewest, None if form[-1][-1] == "*" else len(form))
    arguments = checker.visit_all(node.arguments)
    wanted = [part.rstrip("?*") for part in form]
    wanted += [wanted[-1]] * (len(arguments) - len(wanted))
    for typed, at, what in zip(arguments, node.arguments, wanted, strict=False):
        _takes(checker, typed, at, (node.function, what))
    match node.function:
        case "number":
            type_ = Type(
                Kind.NUMBER,
                nullable=True,
                scale=6,
                low=_READ.copy_negate(),
                high=_READ,
                free=True,
            )
        case "date" | "make_date" | "last_day":
            type_ = Type(Kind.DATE, nullable=True)
        case "first_of":
            type_ = Type(Kind.TEXT, nullable=all(a.type.nullable for a in arguments))
        case _:
            type_ = Type(Kind.TEXT, nullable=any(a.type.nullable for a in arguments))
    return tree.TextCall(
        type=type_, start=node.start, end=node.end, function=node.function, arguments=arguments
    )


def _takes(
    checker: "Checker", typed: tree.Expression, at: syntax.Node, asked: tuple[str, str]
) -> None:
    function, what = asked
    kind = typed.type.kind
    constant = typed.value if isinstance(typed, tree.Const) else None
    match what:
        case "text":
            good, shown = kind in _WORDS, "a text"
        case "date":
            good, shown = kind == Kind.DATE, "a date"
        case "whole":
            # Texts of a file are read as numbers first.
            good, shown = typed.type.is_numeric or kind in _WORDS, "a whole number"
        case _:
            good = isinstance(constant, str) and all(constant.count(p) == 1 for p in _DATE_PARTS)
            shown = "a pattern such as 'YYYYMMDD'"
    if not good:
        raise checker.wrong(at, "RE405", f"{function} takes {shown}; something else stands here")
