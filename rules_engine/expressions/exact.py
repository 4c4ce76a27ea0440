"""One expression on exact rationals: how settlements compute, and the judge of the other two."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

from rules_engine.expressions import dates, tree
from rules_engine.expressions.elementary import rounded
from rules_engine.expressions.rational import rounded_quotient
from rules_engine.expressions.runtime import (
    MISSING,
    NO_CLAIM,
    NO_ROW,
    NO_VALUE_YET,
    OUT_OF_TIME,
    UNDEFINED,
    ZERO_DIVISOR,
    Reject,
    like_pattern,
    line_without_value,
    missing_row,
    no_rows_around,
    no_value_yet,
)
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.types import TableType

__all__ = ["Environment", "Inputs", "Trace", "Value", "evaluate", "plain", "read_as"]

Day = date
Value = Fraction | str | date | bool | None
Trace = Callable[[tree.Expression, Value], None]


class Environment(Protocol):
    """What the names of one evaluation stand for."""

    @property
    def date(self) -> Day:
        """The row's or period's date."""

    @property
    def sites(self) -> Sites:
        """What each number of a refused row stands for."""

    @property
    def tables(self) -> Mapping[str, TableType]:
        """Shapes of the tables."""

    def ref(self, node: tree.Ref) -> Value:
        """Give a column, an output or an entity's value."""

    def row(self, table: str, keys: tuple[Value, ...]) -> Mapping[str, Value] | None:
        """Give the table's row with these keys at the environment's date."""

    def around(
        self, table: str, column: str, at: Fraction
    ) -> tuple[tuple[Fraction, Fraction], ...]:
        """Give the rows (key, value) next below and above `at`; one row where it is met exactly."""

    def aggregate(self, node: tree.OfRows) -> Value:
        """Give what is made of several rows: an aggregate, a function of a claim, a running sum.

        `MISSING` where a line of the claim has no value for its function.
        """


_WORDS = frozenset({"true", "false", "null"})


class Inputs:
    """What a formula read: a trace that keeps names, lookups and aggregates as they are written.

    Attributes:
        values: Value by the text that asked for it.
        units: What each value is.
    """

    def __init__(self, text: str) -> None:
        """Begin empty, for a formula written as `text`."""
        self._text = text
        self.values: dict[str, Value] = {}
        self.units: dict[str, str] = {}

    def __call__(self, node: tree.Expression, value: Value) -> None:
        """Keep the value where the node reads something."""
        name = read_as(self._text, node)
        if name is not None:
            self.values[name] = value
            self.units[name] = str(node.type.kind)


_READS = frozenset(
    {
        tree.Ref,
        tree.Aggregate,
        tree.ClaimFunction,
        tree.Running,
        tree.Lookup,
        tree.Has,
        tree.Interpolate,
        tree.Dated,
        tree.Round,
        tree.Elementary,
        tree.DateCall,
    }
)


def read_as(text: str, node: tree.Expression) -> str | None:
    """Say what a part of a formula reads, as it is written; None where it reads nothing by itself.

    Args:
        text: The formula.
        node: A part of it; the whole is what the formula gives, and not what it reads.
    """
    written = text[node.start : node.end]
    if type(node) is tree.Const:
        # A parameter that never changes; a literal says its value itself.
        if not written.isidentifier() or written.lower() in _WORDS:
            return None
    elif type(node) not in _READS:
        return None
    if written == text:
        return None
    return written or str(getattr(node, "name", ""))


def evaluate(node: tree.Expression, env: Environment, trace: Trace | None = None) -> Value:
    """Give the exact value.

    Args:
        node: The expression.
        env: What its names stand for.
        trace: Called with every part and its value, parts before the whole.

    Raises:
        Reject: A key, a date's value or a divisor is missing.
    """
    return _Evaluation(env, trace).value(node)


class _Evaluation:
    def __init__(self, env: Environment, trace: Trace | None) -> None:
        self.env = env
        self.trace = trace

    def value(self, node: tree.Expression) -> Value:
        found = self.compute(node)
        if self.trace is not None:
            self.trace(node, found)
        return found

    def number(self, node: tree.Expression) -> Fraction | None:
        found = self.value(node)
        if found is None or isinstance(found, Fraction):
            return found
        msg = f"{found!r} is no number"
        raise TypeError(msg)

    def reject(self, code: str, message: str) -> Reject:
        return Reject(self.env.sites.number(code, message))

    def compute(self, node: tree.Expression) -> Value:
        return _COMPUTED.get(type(node), _Evaluation.condition)(self, node)

    def const(self, node: tree.Const) -> Value:
        return plain(node.value)

    def ref(self, node: tree.Ref) -> Value:
        return plain(self.env.ref(node))

    def negate(self, node: tree.Negate) -> Value:
        operand = self.number(node.operand)
        return None if operand is None else -operand

    def absolute(self, node: tree.Absolute) -> Value:
        operand = self.number(node.operand)
        return None if operand is None else abs(operand)

    def round(self, node: tree.Round) -> Value:
        operand = self.number(node.operand)
        if operand is None:
            return None
        found = rounded_quotient(operand.numerator, operand.denominator, node.places, node.mode)
        return Fraction(found)

    def case(self, node: tree.Case) -> Value:
        for condition, value in node.branches:
            if self.value(condition) is True:
                return self.value(value)
        return self.value(node.default)

    def extremum(self, node: tree.Extremum) -> Value:
        values = [self.value(a) for a in node.arguments]
        choose: Any = min if node.function == "least" else max
        return None if any(v is None for v in values) else choose(values)

    def coalesce(self, node: tree.Coalesce) -> Value:
        for argument in node.arguments:
            found = self.value(argument)
            if found is not None:
                return found
        return None

    def arithmetic(self, node: tree.Arithmetic) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if node.op == "/" and right == 0:
            # Even where what it divides is null: a divisor of zero is a mistake of the data.
            raise self.reject(*ZERO_DIVISOR)
        if left is None or right is None:
            return None
        if isinstance(left, date):
            if isinstance(right, date):
                return Fraction((left - right).days)
            days = int(_fraction(right))
            try:
                return left + timedelta(days if node.op == "+" else -days)
            except OverflowError:
                raise self.reject(*OUT_OF_TIME) from None
        a, b = _fraction(left), _fraction(right)
        match node.op:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
        return a / b

    def of_rows(self, node: tree.OfRows) -> Value:
        found: Any = self.env.aggregate(node)
        if found is MISSING and isinstance(node, tree.ClaimFunction):
            raise self.reject(NO_CLAIM, line_without_value(node.function))
        return plain(found)

    def calendar(self, node: tree.DateCall) -> Value:
        values = [self.value(argument) for argument in node.arguments]
        if any(value is None for value in values):
            return None
        found = dates.COMPUTED[node.function](*values)
        if found is None:
            raise self.reject(*OUT_OF_TIME)
        return plain(found)

    def elementary(self, node: tree.Elementary) -> Value:
        values = [self.number(argument) for argument in node.arguments]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        found = rounded(node.function, known, node.places, node.mode)
        if found is None:
            raise self.reject(*UNDEFINED)
        return Fraction(found)

    def dated(self, node: tree.Dated) -> Value:
        for first, entry in reversed(node.entries):
            if self.env.date >= first:
                return self.value(entry)
        raise self.reject(NO_VALUE_YET, no_value_yet(node.name))

    def table(self, node: tree.Lookup | tree.Has | tree.Interpolate) -> Value:
        type_ = self.env.tables[node.table]
        if isinstance(node, tree.Interpolate):
            return self.interpolate(node)
        keys = tuple(self.value(key) for key in node.keys)
        row = None if any(k is None for k in keys) else self.env.row(node.table, keys)
        if isinstance(node, tree.Has):
            return row is not None
        if row is None:
            dated = type_.effective is not None
            raise self.reject(NO_ROW, missing_row(node.table, type_.key, dated=dated))
        return plain(row[node.column])

    def interpolate(self, node: tree.Interpolate) -> Value:
        at = self.number(node.at)
        if at is None:
            return None
        points = self.env.around(node.table, node.column, at)
        if not points:
            raise self.reject(NO_ROW, no_rows_around(node.table))
        (low, first), (high, last) = points[0], points[-1]
        return first if low == high else first + (last - first) * (at - low) / (high - low)

    def condition(self, node: tree.Expression) -> Value:
        match node:
            case tree.Compare():
                left, right = self.value(node.left), self.value(node.right)
                return None if left is None or right is None else compared(node.op, left, right)
            case tree.Logic():
                return self.logic(node)
            case tree.Not():
                operand = self.value(node.operand)
                return None if operand is None else not operand
            case tree.IsNull():
                return self.value(node.operand) is None
            case tree.Like():
                operand = self.value(node.operand)
                return (
                    None
                    if operand is None
                    else like_pattern(node.pattern).fullmatch(str(operand)) is not None
                )
            case tree.InList():
                operand = self.value(node.operand)
                options = [self.value(o) for o in node.options]
                if operand is None:
                    return None
                if operand in [o for o in options if o is not None]:
                    return True
                return None if None in options else False
        msg = f"{type(node).__name__} has no value here"
        raise TypeError(msg)

    def logic(self, node: tree.Logic) -> Value:
        decides = node.op == "or"
        left = self.value(node.left)
        if left is decides:
            return decides
        right = self.value(node.right)
        if right is decides:
            return decides
        return None if left is None or right is None else not decides


# A table instead of a match, because an evaluation passes through here for every part of a formula.
_COMPUTED: Mapping[type, Callable[[_Evaluation, Any], Value]] = {
    tree.Const: _Evaluation.const,
    tree.Ref: _Evaluation.ref,
    tree.Dated: _Evaluation.dated,
    tree.Arithmetic: _Evaluation.arithmetic,
    tree.Negate: _Evaluation.negate,
    tree.Absolute: _Evaluation.absolute,
    tree.Round: _Evaluation.round,
    tree.Case: _Evaluation.case,
    tree.Extremum: _Evaluation.extremum,
    tree.Coalesce: _Evaluation.coalesce,
    tree.Lookup: _Evaluation.table,
    tree.Has: _Evaluation.table,
    tree.Interpolate: _Evaluation.table,
    tree.Aggregate: _Evaluation.of_rows,
    tree.ClaimFunction: _Evaluation.of_rows,
    tree.Running: _Evaluation.of_rows,
    tree.DateCall: _Evaluation.calendar,
    tree.Elementary: _Evaluation.elementary,
}


def compared(op: str, left: Any, right: Any) -> bool:
    """Compare two values that are not null."""
    match op:
        case "=":
            return bool(left == right)
        case "<>":
            return bool(left != right)
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
    return bool(left >= right)


_PLAIN = frozenset({Fraction, str, bool, type(None), date})
# Typed, because True is 1. Formulas say the same few numbers again and again.
_fraction_of = lru_cache(maxsize=4096, typed=True)(Fraction)


def plain(value: Any) -> Value:
    """Give a number as a fraction; everything else as it is."""
    # By type, because asking whether a text is a Fraction is slow: numbers are abstract classes.
    if type(value) in _PLAIN or isinstance(value, date):
        found: Value = value
        return found
    if isinstance(value, Decimal | int):
        return _fraction_of(value)
    if isinstance(value, str | Fraction):
        return value
    msg = f"{value!r} is no value of a contract"
    raise TypeError(msg)


def _fraction(value: Value) -> Fraction:
    if isinstance(value, Fraction):
        return value
    msg = f"{value!r} is no number"
    raise TypeError(msg)
