"""One expression as SQL for DuckDB, with every width written out: the speed of a batch.

An engine never decides a width, a division, a rounding mode or the null rule of LEAST by itself.
"""

from collections.abc import Callable, Iterable

from rules_engine.expressions import dates, reading, tree
from rules_engine.expressions.dialect import (
    INT64,
    INT128,
    bucket,
    common,
    constant,
    decimal,
    quote,
    text,
    width,
)
from rules_engine.expressions.pieces import CurveJoin, ResultsJoin
from rules_engine.expressions.quotient import by_division, quotient
from rules_engine.expressions.runtime import (
    NO_CLAIM,
    NO_ROW,
    NO_VALUE_YET,
    OUT_OF_TIME,
    UNDEFINED,
    ZERO_DIVISOR,
    line_without_value,
    missing_row,
    no_rows_around,
    no_value_yet,
)
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.size import BRANCHES, LONGEST_SQL, TooLargeError
from rules_engine.expressions.types import Kind, TableType, Type

__all__ = ["Join", "SqlWriter", "constant", "decimal", "quote", "text"]

_FIRST_DAY = "DATE '0001-01-01'"
_LAST_DAY = "DATE '9999-12-31'"
_DAYS = 3_652_059


class Join:
    """A table row that some expression reads: `LEFT JOIN table AS alias ON …`."""

    def __init__(self, table: TableType, alias: str, keys: tuple[str, ...], date_sql: str) -> None:
        """Keep the alias and the condition."""
        self.alias = alias
        self.table = table
        parts = [f"{alias}.{quote(k)} = {key}" for k, key in zip(table.key, keys, strict=True)]
        if table.effective is not None:
            parts.append(valid_at(table, alias, date_sql))
        self.condition = " AND ".join(parts)

    @property
    def found(self) -> str:
        """SQL that is true where the row exists."""
        return f"{self.alias}.{quote(self.table.key[0])} IS NOT NULL"

    def __str__(self) -> str:
        """Write the join."""
        return f"LEFT JOIN {quote(self.table.name)} AS {self.alias} ON {self.condition}"


def _no_lines(node: tree.Expression) -> str:
    msg = f"{type(node).__name__} is of several lines; a batch of claims has them"
    raise TypeError(msg)


def valid_at(table: TableType, alias: str, date_sql: str) -> str:
    """Write that a row of a dated table holds at a date; an open end is a far day."""
    first, last = (f"{alias}.{quote(name)}" for name in table.effective or ())
    begins, ends = (table.columns.get(name) for name in table.effective or ())
    if begins is not None and begins.nullable:
        first = f"coalesce({first}, {_FIRST_DAY})"
    if ends is not None and ends.nullable:
        last = f"coalesce({last}, {_LAST_DAY})"
    return f"{date_sql} BETWEEN {first} AND {last}"


class SqlWriter:
    """Writes expressions over one row source.

    A numeric column is stored as the decimal or integer of its type's width; a wider one would be
    computed with, but might round where two scales meet.

    Attributes:
        joins: Table rows that the expressions written so far read, in an order in which they can be
            joined.
        sites: What each number of a failed row stands for.
    """

    def __init__(
        self,
        tables: dict[str, TableType],
        sites: Sites,
        *,
        column: Callable[[tree.Ref], str] | None = None,
        of_lines: Callable[[tree.Expression], str] | None = None,
        row_date: str = "service_date",
    ) -> None:
        """Keep how values are written.

        Args:
            tables: Tables that formulas look values up in.
            sites: What each number of a failed row stands for.
            column: How a column is written.
            of_lines: Which column holds what was made of several lines, a running sum for example.
            row_date: Which expression is the row's date, never null.
        """
        self.tables = tables
        self.sites = sites
        self.column = column or (lambda ref: quote(ref.name))
        self.of_lines = of_lines or _no_lines
        self.row_date = row_date
        self.joins: dict[tuple[str, tuple[str, ...]], Join | CurveJoin | ResultsJoin] = {}

    # -- values

    def write(self, node: tree.Expression) -> str:
        """Give SQL for the value.

        Raises:
            TooLargeError: It is longer than an engine reads in reasonable time.
        """
        made = self._value(node)
        if len(made) > LONGEST_SQL:
            raise TooLargeError
        return made

    def _value(self, node: tree.Expression) -> str:  # noqa: C901, PLR0912  one line a node
        match node:
            case tree.Const():
                return constant(node.value)
            case tree.Ref(space="date"):
                return self.row_date
            case tree.Ref():
                return self.column(node)
            case tree.Dated():
                return self._dated(node)
            case tree.Arithmetic():
                return self._arithmetic(node)
            case tree.Negate():
                return f"(- {self.write(node.operand)})"
            case tree.Absolute():
                return f"abs({self.write(node.operand)})"
            case tree.Round():
                return self._round(node)
            case tree.Lookup():
                return f"{self.join(node.table, node.keys).alias}.{quote(node.column)}"
            case tree.Has():
                return f"({self.join(node.table, node.keys).found})"
            case tree.Case():
                return self._case(node)
            case tree.Extremum():
                return self._extremum(node)
            case tree.Coalesce():
                made = f"coalesce({', '.join(self.aligned(node.arguments))})"
                return self._cast(made, node.type, node.arguments)
            case tree.ClaimFunction() | tree.Running():
                return self.of_lines(node)
            case tree.Point():
                return f"{self.curve(node.of).alias}.{node.part}"
            case tree.Elementary():
                return f"CAST({self.results(node).alias}.result AS {decimal(node.type)})"
            case tree.DateCall():
                return dates.written(node, [self.write(a) for a in node.arguments])
            case tree.TextCall():
                return reading.call(node, [self.write(a) for a in node.arguments])
            case _:
                return self._condition(node)

    def aligned(self, nodes: Iterable[tree.Expression]) -> list[str]:
        """Write values that meet in one comparison, choice or list.

        DuckDB drops decimal places where two wide decimals of different scale meet, so each is
        first cast to a decimal that holds them all.
        """
        found = list(nodes)
        numbers = [n for n in found if n.type.is_numeric]
        digits, scale = common(n.type for n in numbers)
        narrow = all(bucket(width(n.type)) == INT64 for n in numbers)
        if narrow or len({n.type.scale for n in numbers}) < 2:  # noqa: PLR2004  one scale needs no cast
            return [self.write(n) for n in found]
        wide = f"DECIMAL({bucket(digits or INT128)}, {scale})"
        return [
            f"CAST({self.write(n)} AS {wide})" if n.type.is_numeric else self.write(n)
            for n in found
        ]

    @staticmethod
    def _cast(made: str, type_: Type, parts: Iterable[tree.Expression]) -> str:
        """Say the width of a choice between values, unless it is theirs."""
        types = [part.type for part in parts if part.type.is_numeric]
        same_scale = len({t.scale for t in types}) < 2  # noqa: PLR2004  all of one scale
        if same_scale and all(bucket(width(t)) <= bucket(width(type_)) for t in types):
            return made
        return f"CAST({made} AS {decimal(type_)})"

    def _arithmetic(self, node: tree.Arithmetic) -> str:
        left, right = self.write(node.left), self.write(node.right)
        if node.left.type.kind == Kind.DATE:
            if node.right.type.kind == Kind.DATE:
                return f"date_diff('day', {right}, {left})"
            return self._shifted(node, left, self._days(node.right))
        wide = width(node.type)
        if node.op != "*":
            # Operands are aligned to one scale before they are added.
            wide = max(wide, common((node.left.type, node.right.type))[0] or INT128)
        if wide > INT64 or (node.left.type.scale == 0 and node.right.type.scale == 0):
            # Left to itself, DuckDB keeps 18 digits for two factors that have 18 at most, and whole
            # numbers in 32 bits.
            own = node.left.type.scale or 0
            wide = min(INT128, max(width(node.left.type), wide))
            left = f"CAST({left} AS DECIMAL({bucket(wide)}, {own}))"
        return f"CAST({left} {node.op} {right} AS {decimal(node.type)})"

    def _days(self, node: tree.Expression) -> str:
        written = self.write(node)
        return written if isinstance(node, tree.Const) else f"CAST({written} AS INTEGER)"

    @staticmethod
    def _shifted(node: tree.Arithmetic, left: str, right: str) -> str:
        """Add days to a date; a date outside the calendar rejects the row, so its value is any."""
        if isinstance(node.left, tree.Ref | tree.Const | tree.Lookup):
            return f"CAST({left} {node.op} {right} AS DATE)"
        # A long chain would leave the dates of the engine; the rest of the division never does.
        days = f"date_diff('day', {_FIRST_DAY}, {left}) {node.op} {right}"
        return f"CAST({_FIRST_DAY} + CAST(({days}) % {_DAYS} AS INTEGER) AS DATE)"

    def _round(self, node: tree.Round) -> str:
        operand = node.operand
        if by_division(node):
            return quotient(node, self.write)
        if operand.type.scale is not None and operand.type.scale <= node.places:
            return self.write(operand)
        return f"CAST(round({self.write(operand)}, {node.places}) AS {decimal(node.type)})"

    def _dated(self, node: tree.Dated) -> str:
        values = self.aligned(entry for _, entry in node.entries)
        branches = " ".join(
            f"WHEN {self.row_date} >= {constant(first)} THEN {value}"
            for (first, _), value in reversed(list(zip(node.entries, values, strict=True)))
        )
        return self._cast(f"CASE {branches} END", node.type, tree.children(node))

    def join(self, table: str, keys: tuple[tree.Expression, ...]) -> Join:
        """Give the join that reads a row, adding it where it is new."""
        type_ = self.tables[table]
        written = tuple(
            self._key(tree.Ref(type=type_.columns[name], space="column", name=name), key)
            for name, key in zip(type_.key, keys, strict=True)
        )
        found = self.joins.get((table, written))
        if not isinstance(found, Join):
            alias = f"{table}_{len(self.joins) + 1}"
            found = Join(type_, alias, written, self.row_date)
            self.joins[table, written] = found
        return found

    def curve(self, node: tree.Interpolate) -> CurveJoin:
        """Give the join that reads the rows around a value, adding it where it is new."""
        table = self.tables[node.table]
        at = self._key(tree.Ref(type=node.key, space="column", name=""), node.at)
        name = f"{node.table}.{node.column}"
        found = self.joins.get((name, (at,)))
        if not isinstance(found, CurveJoin):
            alias = f"{node.table}_{len(self.joins) + 1}"
            days = None
            if table.effective is not None:
                days = valid_at(table, alias, self.row_date)
            found = CurveJoin(alias=alias, node=node, table=table, at=at, days=days)
            self.joins[name, (at,)] = found
        return found

    def results(self, node: tree.Elementary) -> ResultsJoin:
        """Give the join that reads what was computed beforehand, adding it where it is new."""
        written = tuple(self.write(argument) for argument in node.arguments)
        name = f"{node.function} {node.places} {node.mode}"
        found = self.joins.get((name, written))
        if not isinstance(found, ResultsJoin):
            alias = f"{node.function}_{len(self.joins) + 1}"
            found = ResultsJoin(alias=alias, node=node, arguments=written)
            self.joins[name, written] = found
        return found

    def _key(self, column: tree.Ref, key: tree.Expression) -> str:
        types = (column.type, key.type)
        if not key.type.is_numeric or all(width(t) <= INT64 for t in types):
            return self.write(key)
        digits, scale = common(types)
        return f"CAST({self.write(key)} AS DECIMAL({bucket(digits or INT128)}, {scale}))"

    def _case(self, node: tree.Case) -> str:
        parts = (*(value for _, value in node.branches), node.default)
        *values, last = self.aligned(parts)
        branches = " ".join(
            f"WHEN {self.write(c)} THEN {v}"
            for (c, _), v in zip(node.branches, values, strict=True)
        )
        default = "" if last == "NULL" else f" ELSE {last}"
        return self._cast(f"CASE {branches}{default} END", node.type, parts)

    def _extremum(self, node: tree.Extremum) -> str:
        made = f"{node.function}({', '.join(self.aligned(node.arguments))})"
        made = self._cast(made, node.type, node.arguments)
        nulls = [f"{self.write(a)} IS NULL" for a in node.arguments if a.type.nullable]
        # DuckDB skips nulls here, others do not; a null is never the smaller of two amounts.
        return f"CASE WHEN {' OR '.join(nulls)} THEN NULL ELSE {made} END" if nulls else made

    # -- conditions

    def _condition(self, node: tree.Expression) -> str:
        match node:
            case tree.Compare():
                return f"({f' {node.op} '.join(self.aligned((node.left, node.right)))})"
            case tree.Logic():
                return f"({self.write(node.left)} {node.op.upper()} {self.write(node.right)})"
            case tree.Not(operand=tree.IsNull(operand=operand)):
                return f"({self.write(operand)} IS NOT NULL)"
            case tree.Not():
                return f"(NOT {self.write(node.operand)})"
            case tree.InList():
                found, *options = self.aligned((node.operand, *node.options))
                return f"({found} IN ({', '.join(options)}))"
            case tree.IsNull():
                return f"({self.write(node.operand)} IS NULL)"
            case tree.Like():
                return f"({self.write(node.operand)} LIKE {text(node.pattern)})"
        msg = f"{type(node).__name__} is not offered at row grain"
        raise TypeError(msg)

    # -- rows that fail

    def failure(self, node: tree.Expression) -> str | None:
        """Give SQL for the number of the first site that rejects the row; None if none ever does.

        Raises:
            TooLargeError: It is longer than an engine reads in reasonable time.
        """
        made = self._failure(node)
        if made is not None and len(made) > LONGEST_SQL:
            raise TooLargeError
        return made

    def _failure(self, node: tree.Expression) -> str | None:
        match node:
            case tree.Dated():
                return self._dated_failure(node)
            case tree.Case():
                return self._case_failure(node)
            case tree.Logic():
                return self._logic_failure(node)
            case tree.Coalesce():
                return self._coalesce_failure(node)
            case tree.ClaimFunction(function=function):
                number = self.sites.number(NO_CLAIM, line_without_value(function))
                return f"CASE WHEN {self.of_lines(node)}_refused THEN {number} END"
            case tree.Running():
                # What its parts refuse has been refused before.
                return None
        return self.first(*map(self.failure, tree.children(node)), self._own_failure(node))

    def _own_failure(self, node: tree.Expression) -> str | None:
        """Say where the node rejects rows that its parts do not."""
        match node:
            case tree.Lookup():
                join = self.join(node.table, node.keys)
                dated = join.table.effective is not None
                message = missing_row(node.table, join.table.key, dated=dated)
                number = self.sites.number(NO_ROW, message)
                return f"CASE WHEN NOT ({join.found}) THEN {number} END"
            case tree.Arithmetic(op="/", right=right) if not isinstance(right, tree.Const):
                number = self.sites.number(*ZERO_DIVISOR)
                return f"CASE WHEN {self.write(right)} = 0 THEN {number} END"
            case tree.Arithmetic() if node.type.kind == Kind.DATE:
                number = self.sites.number(*OUT_OF_TIME)
                first, count = self.write(node.left), self._days(node.right)
                days = f"date_diff('day', {_FIRST_DAY}, {first}) {node.op} {count}"
                return f"CASE WHEN {days} NOT BETWEEN 0 AND {_DAYS - 1} THEN {number} END"
            case tree.Interpolate(table=table, at=at):
                number = self.sites.number(NO_ROW, no_rows_around(table))
                missing = f"NOT ({self.curve(node).found})"
                if at.type.nullable:
                    missing = f"{self.write(at)} IS NOT NULL AND {missing}"
                return f"CASE WHEN {missing} THEN {number} END"
            case tree.Elementary():
                return self._undefined(node)
            case tree.DateCall(function="add_months" | "add_years"):
                number = self.sites.number(*OUT_OF_TIME)
                inside = dates.is_in_time(node, [self.write(a) for a in node.arguments])
                return f"CASE WHEN NOT ({inside}) THEN {number} END"
            case tree.TextCall(function="number" | "date" | "make_date"):
                read = node.function.removeprefix("make_")
                number = self.sites.number("RE604", f"a text does not read as a {read}")
                given = " AND ".join(f"{self.write(a)} IS NOT NULL" for a in node.arguments)
                return f"CASE WHEN {given} AND {self.write(node)} IS NULL THEN {number} END"
        return None

    def _undefined(self, node: tree.Elementary) -> str | None:
        if all(result is not None for _, result in node.results or ()):
            return None
        number = self.sites.number(*UNDEFINED)
        nulls = [a for a in node.arguments if a.type.nullable]
        known = "".join(f"{self.write(argument)} IS NOT NULL AND " for argument in nulls)
        return f"CASE WHEN {known}NOT ({self.results(node).found}) THEN {number} END"

    @staticmethod
    def first(*failures: str | None) -> str | None:
        """Give the first failure that is one."""
        found = [f for f in failures if f is not None]
        if len(found) > 1:
            return f"coalesce({', '.join(found)})"
        return found[0] if found else None

    def _dated_failure(self, node: tree.Dated) -> str:
        number = self.sites.number(NO_VALUE_YET, no_value_yet(node.name))
        inner = [self.failure(entry) for _, entry in node.entries]
        rest = ""
        if any(inner):
            branches = " ".join(
                f"WHEN {self.row_date} >= {constant(first)} THEN {failure or 'NULL'}"
                for (first, _), failure in reversed(list(zip(node.entries, inner, strict=True)))
            )
            rest = f" ELSE CASE {branches} END"
        return f"CASE WHEN {self.row_date} < {constant(node.entries[0][0])} THEN {number}{rest} END"

    def _case_failure(self, node: tree.Case) -> str | None:
        failed = self.failure(node.default)
        for condition, value in reversed(node.branches):
            inside, tested = self.failure(value), self.failure(condition)
            if failed is not None or inside is not None:
                otherwise = "" if failed is None else f" ELSE {failed}"
                failed = f"CASE WHEN {self.write(condition)} THEN {inside or 'NULL'}{otherwise} END"
            failed = self.first(tested, failed)
        return failed

    def _logic_failure(self, node: tree.Logic) -> str | None:
        # The conditions of one chain, so that each is written once.
        conditions: list[tree.Expression] = []
        waiting: list[tree.Expression] = [node]
        while waiting:
            part = waiting.pop()
            if isinstance(part, tree.Logic) and part.op == node.op:
                waiting += [part.right, part.left]
            else:
                conditions.append(part)
        if sum(tree.can_fail(part) for part in conditions) > BRANCHES:
            raise TooLargeError
        decides = "FALSE" if node.op == "and" else "TRUE"
        failed: str | None = None
        for condition in reversed(conditions):
            if failed is not None:
                test = self.write(condition)
                failed = f"CASE WHEN {test} IS DISTINCT FROM {decides} THEN {failed} END"
            failed = self.first(self.failure(condition), failed)
        return failed

    def _coalesce_failure(self, node: tree.Coalesce) -> str | None:
        failed: str | None = None
        for argument in reversed(node.arguments):
            if failed is not None:
                failed = f"CASE WHEN {self.write(argument)} IS NULL THEN {failed} END"
            failed = self.first(self.failure(argument), failed)
        return failed
