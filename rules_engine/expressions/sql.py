"""One expression as SQL for DuckDB, with every width written out: the speed of a batch.

An engine never decides a width, a division, a rounding mode or the null rule of LEAST by itself.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

from rules_engine.expressions import tree
from rules_engine.expressions.closure import missing_row
from rules_engine.expressions.rational import as_ratio, divides
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.types import Kind, TableType, Type

__all__ = ["Join", "SqlWriter", "quote"]

_INT64: Final = 18
_INT128: Final = 38
_PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER_SHAPE: Final = r"\(?\s*[-+]?\$?\s*([0-9][0-9,]*(\.[0-9]*)?|\.[0-9]+)\s*%?\s*\)?"
# Words that DuckDB does not take as a bare column name.
_RESERVED: Final = frozenset(
    "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default "
    "deferrable desc describe distinct do else end except false fetch for foreign from glob grant group having in initially "
    "intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing "
    "primary qualify references returning select show some summarize symmetric table then to trailing true union unique "
    "unpivot using variadic when where window with".split()
)


def quote(name: str) -> str:
    """Write a name as SQL; quoted only where it has to be."""
    if _PLAIN_NAME.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text as SQL."""
    return "'" + value.replace("'", "''") + "'"


class Join:
    """A table row that some expression reads: `LEFT JOIN table AS alias ON …`."""

    def __init__(self, table: TableType, alias: str, keys: tuple[str, ...], date_sql: str) -> None:
        """Keep the alias and the condition."""
        self.alias = alias
        self.table = table
        parts = [f"{alias}.{quote(k)} = {key}" for k, key in zip(table.key, keys, strict=True)]
        if table.effective is not None:
            first, last = (f"{alias}.{quote(name)}" for name in table.effective)
            parts.append(f"{date_sql} BETWEEN {first} AND {last}")
        self.condition = " AND ".join(parts)

    @property
    def found(self) -> str:
        """SQL that is true where the row exists."""
        return f"{self.alias}.{quote(self.table.key[0])} IS NOT NULL"

    def __str__(self) -> str:
        """Write the join."""
        return f"LEFT JOIN {quote(self.table.name)} AS {self.alias} ON {self.condition}"


class SqlWriter:
    """Writes expressions over one row source.

    Attributes:
        joins: Table rows that the expressions written so far read, in an order in which they can be joined.
        sites: What each number of a failed row stands for.
    """

    def __init__(
        self,
        tables: dict[str, TableType],
        sites: Sites,
        *,
        column: Callable[[tree.Ref], str] | None = None,
        row_date: str = "service_date",
    ) -> None:
        """Keep how a column is written and which expression is the row's date."""
        self.tables = tables
        self.sites = sites
        self.column = column or (lambda ref: quote(ref.name))
        self.row_date = row_date
        self.joins: dict[tuple[str, tuple[str, ...]], Join] = {}

    # -- values

    def write(self, node: tree.Expression) -> str:
        """Give SQL for the value."""
        match node:
            case tree.Const():
                return constant(node.value)
            case tree.Ref():
                return self.column(node)
            case tree.Dated():
                return self.dated(node, self.write)
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Negate():
                return f"(- {self.write(node.operand)})"
            case tree.Absolute():
                return f"abs({self.write(node.operand)})"
            case tree.Round():
                return self.round(node)
            case tree.Lookup():
                return f"{self.join(node.table, node.keys).alias}.{quote(node.column)}"
            case tree.Has():
                return f"({self.join(node.table, node.keys).found})"
            case tree.Case():
                return self.case(node)
            case tree.Extremum():
                return self.extremum(node)
            case tree.Coalesce():
                return self.cast(
                    f"coalesce({self.listed(node.arguments)})", node.type, node.arguments
                )
            case tree.TextCall():
                return self.text_call(node)
            case _:
                return self.condition(node)

    def listed(self, nodes: tuple[tree.Expression, ...]) -> str:
        return ", ".join(self.write(node) for node in nodes)

    def cast(self, sql: str, type_: Type, parts: tuple[tree.Expression, ...] = ()) -> str:
        """Say the width, unless all parts share one scale and nothing was computed."""
        if not type_.is_numeric or (parts and len({p.type.scale for p in parts}) == 1):
            return sql
        return f"CAST({sql} AS {decimal(type_)})"

    def arithmetic(self, node: tree.Arithmetic) -> str:
        left, right = self.write(node.left), self.write(node.right)
        if node.left.type.kind == Kind.DATE:
            if node.right.type.kind == Kind.DATE:
                return f"date_diff('day', {right}, {left})"
            return f"CAST({left} {node.op} CAST({right} AS INTEGER) AS DATE)"
        type_ = decimal(node.type)
        if width(node.type) > _INT64 or (node.left.type.scale == 0 and node.right.type.scale == 0):
            # Left to itself, DuckDB keeps 18 digits for two factors that have 18 at most, and whole
            # numbers in 32 bits.
            own = node.left.type.scale or 0
            wide = min(_INT128, max(width(node.left.type), width(node.type)))
            left = f"CAST({left} AS DECIMAL({bucket(wide)}, {own}))"
        return f"CAST({left} {node.op} {right} AS {type_})"

    def round(self, node: tree.Round) -> str:
        operand = node.operand
        if divides(operand):
            return self.quotient(node)
        if operand.type.scale is not None and operand.type.scale <= node.places:
            return self.write(operand)
        if node.mode != "half_up":
            return self.quotient(node)
        return f"CAST(round({self.write(operand)}, {node.places}) AS {decimal(node.type)})"

    def quotient(self, node: tree.Round) -> str:
        """Divide whole numbers: engines divide decimals as binary floats."""
        above, below = as_ratio(node.operand)
        a = self.whole(above, (below.type.scale or 0) + node.places)
        b = self.whole(below, above.type.scale or 0)
        top, bottom = f"abs({a})", f"nullif(abs({b}), 0)"
        match node.mode:
            case "half_up":
                size = f"((2 * {top} + abs({b})) // (2 * {bottom}))"
            case "half_even":
                whole, rest = f"({top} // {bottom})", f"({top} % {bottom})"
                size = (
                    f"({whole} + CASE WHEN 2 * {rest} > abs({b}) OR (2 * {rest} = abs({b}) AND {whole} % 2 = 1) "
                    f"THEN 1 ELSE 0 END)"
                )
            case _:
                size = f"({top} // {bottom})"
        signed = f"CASE WHEN ({a} < 0) <> ({b} < 0) THEN - {size} ELSE {size} END"
        unit = f"{Decimal(1).scaleb(-node.places):f}"
        digits = min(_INT128, width(node.type))
        return f"CAST(CAST({signed} AS DECIMAL({digits}, 0)) * {unit} AS {decimal(node.type)})"

    def whole(self, node: tree.Expression, shift: int) -> str:
        """Give the value times a power of ten that leaves no decimal places, as a whole number."""
        scale = node.type.scale or 0
        power = 10 ** (scale + shift)
        if isinstance(node, tree.Const) and isinstance(node.value, Decimal):
            return f"{int(node.value.scaleb(scale + shift))}::HUGEINT"
        whole = f"CAST(CAST({self.write(node)} AS DECIMAL({_INT128}, {scale})) * {10**scale} AS HUGEINT)"
        if scale == 0:
            whole = f"CAST({self.write(node)} AS HUGEINT)"
        return f"({whole} * {power // 10**scale})" if shift else whole

    def dated(self, node: tree.Dated, write: Callable[[tree.Expression], str]) -> str:
        branches = " ".join(
            f"WHEN {self.row_date} >= {constant(first)} THEN {write(entry)}"
            for first, entry in reversed(node.entries)
        )
        return f"CASE {branches} END"

    def join(self, table: str, keys: tuple[tree.Expression, ...]) -> Join:
        written = tuple(self.write(key) for key in keys)
        found = self.joins.get((table, written))
        if found is None:
            alias = f"{table}_{len(self.joins) + 1}"
            found = Join(self.tables[table], alias, written, self.row_date)
            self.joins[table, written] = found
        return found

    def case(self, node: tree.Case) -> str:
        branches = " ".join(f"WHEN {self.write(c)} THEN {self.write(v)}" for c, v in node.branches)
        values = tuple(v for _, v in node.branches)
        default = (
            ""
            if isinstance(node.default, tree.Const) and node.default.value is None
            else f" ELSE {self.write(node.default)}"
        )
        if default:
            values = (*values, node.default)
        return self.cast(f"CASE {branches}{default} END", node.type, values)

    def extremum(self, node: tree.Extremum) -> str:
        made = self.cast(
            f"{node.function}({self.listed(node.arguments)})", node.type, node.arguments
        )
        nulls = [f"{self.write(a)} IS NULL" for a in node.arguments if a.type.nullable]
        # DuckDB skips nulls here, others do not; a null is never the smaller of two amounts.
        return f"CASE WHEN {' OR '.join(nulls)} THEN NULL ELSE {made} END" if nulls else made

    # -- conditions

    def condition(self, node: tree.Expression) -> str:
        match node:
            case tree.Compare():
                return f"({self.write(node.left)} {node.op} {self.write(node.right)})"
            case tree.Logic():
                return f"({self.write(node.left)} {node.op.upper()} {self.write(node.right)})"
            case tree.Not(operand=tree.IsNull(operand=operand)):
                return f"({self.write(operand)} IS NOT NULL)"
            case tree.Not():
                return f"(NOT {self.write(node.operand)})"
            case tree.InList():
                return f"({self.write(node.operand)} IN ({self.listed(node.options)}))"
            case tree.IsNull():
                return f"({self.write(node.operand)} IS NULL)"
            case tree.Like():
                return f"({self.write(node.operand)} LIKE {text(node.pattern)})"
        msg = f"{type(node).__name__} is not offered at row grain"
        raise TypeError(msg)

    # -- other people's files

    def text_call(self, node: tree.TextCall) -> str:
        arguments = [self.write(a) for a in node.arguments]
        match node.function:
            case "||":
                return f"({arguments[0]} || {arguments[1]})"
            case "first_of":
                return f"coalesce({', '.join(arguments)})"
            case "number":
                return number_of(arguments[0])
            case "date":
                given = constant_text(node.arguments[1]) if len(arguments) > 1 else "YYYY-MM-DD"
                return f"CAST(try_strptime({arguments[0]}, {text(date_format(given))}) AS DATE)"
            case "make_date":
                parts = ", ".join(f"CAST({a} AS INTEGER)" for a in arguments)
                return f"make_date({parts})"
            case _:
                return f"{node.function}({', '.join(arguments)})"

    # -- rows that fail

    def failure(self, node: tree.Expression) -> str | None:
        """Give SQL for the number of the first site that rejects the row, or None if none ever does."""
        match node:
            case tree.Lookup():
                join = self.join(node.table, node.keys)
                dated = join.table.effective is not None
                number = self.sites.number(
                    "RE601", missing_row(node.table, join.table.key, dated=dated)
                )
                return self.first(
                    *map(self.failure, node.keys), f"CASE WHEN NOT ({join.found}) THEN {number} END"
                )
            case tree.Round() if divides(node.operand):
                above, below = as_ratio(node.operand)
                earlier = [self.failure(above), self.failure(below)]
                number = self.sites.number("RE603", "a divisor is zero")
                return self.first(*earlier, f"CASE WHEN {self.write(below)} = 0 THEN {number} END")
            case tree.Dated():
                return self.dated_failure(node)
            case tree.Case():
                return self.case_failure(node)
            case tree.Logic():
                return self.logic_failure(node)
            case tree.Coalesce():
                return self.coalesce_failure(node)
            case tree.TextCall(function="number" | "date"):
                return self.unread(node)
        return self.first(*map(self.failure, tree.children(node)))

    @staticmethod
    def first(*failures: str | None) -> str | None:
        found = [f for f in failures if f is not None]
        if len(found) > 1:
            return f"coalesce({', '.join(found)})"
        return found[0] if found else None

    def dated_failure(self, node: tree.Dated) -> str:
        number = self.sites.number("RE602", f"{node.name} has no value yet at the row's date")
        inner = [self.failure(entry) for _, entry in node.entries]
        rest = ""
        if any(inner):
            branches = " ".join(
                f"WHEN {self.row_date} >= {constant(first)} THEN {failure or 'NULL'}"
                for (first, _), failure in reversed(list(zip(node.entries, inner, strict=True)))
            )
            rest = f" ELSE CASE {branches} END"
        return f"CASE WHEN {self.row_date} < {constant(node.entries[0][0])} THEN {number}{rest} END"

    def case_failure(self, node: tree.Case) -> str | None:
        parts = []
        anything = False
        for condition, value in node.branches:
            tested, failed = self.failure(condition), self.failure(value)
            if tested is not None:
                parts.append(f"WHEN {tested} IS NOT NULL THEN {tested}")
            parts.append(f"WHEN {self.write(condition)} THEN {failed or 'NULL'}")
            anything = anything or tested is not None or failed is not None
        last = self.failure(node.default)
        if not anything and last is None:
            return None
        return f"CASE {' '.join(parts)} ELSE {last or 'NULL'} END"

    def logic_failure(self, node: tree.Logic) -> str | None:
        left, right = self.failure(node.left), self.failure(node.right)
        if right is not None:
            read = f"coalesce({self.write(node.left)}, TRUE)"
            if node.op == "or":
                read = f"NOT coalesce({self.write(node.left)}, FALSE)"
            right = f"CASE WHEN {read} THEN {right} END"
        return self.first(left, right)

    def coalesce_failure(self, node: tree.Coalesce) -> str | None:
        failed: str | None = None
        for argument in reversed(node.arguments):
            if failed is not None:
                failed = f"CASE WHEN {self.write(argument)} IS NULL THEN {failed} END"
            failed = self.first(self.failure(argument), failed)
        return failed

    def unread(self, node: tree.TextCall) -> str | None:
        source = node.arguments[0]
        number = self.sites.number("RE604", f"a text does not read as a {node.function}")
        sql = f"CASE WHEN {self.write(source)} IS NOT NULL AND {self.text_call(node)} IS NULL THEN {number} END"
        return self.first(self.failure(source), sql)


def width(type_: Type) -> int:
    """Give the digits of a number; one without bounds takes all that there are."""
    return type_.digits or _INT128


def bucket(digits: int) -> int:
    """Give the digits of the machine number that holds so many: 64 or 128 bits."""
    return _INT64 if digits <= _INT64 else _INT128


def decimal(type_: Type) -> str:
    """Name the SQL type that holds a number exactly."""
    return f"DECIMAL({bucket(width(type_))}, {type_.scale or 0})"


def constant(value: Decimal | str | date | bool | None) -> str:  # noqa: FBT001  a value, not a flag
    """Write a value as SQL."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return text(value)
    return f"{value:f}"


def number_of(sql: str) -> str:
    """Read `1,234`, `(5)`, `$12.50` and `70.63%` exactly, to six decimal places; else null."""
    clean = f"regexp_replace({sql}, '[,$()%\\s]', '', 'g')"
    exact = f"TRY_CAST({clean} AS DECIMAL(38, 18))"
    sign = f"CASE WHEN trim({sql}) LIKE '(%' THEN -1 ELSE 1 END"
    percent = f"CASE WHEN {sql} LIKE '%\\%%' ESCAPE '\\' THEN 0.01 ELSE 1.00 END"
    narrow = f"CAST(CAST({exact} AS DECIMAL(36, 16)) * {percent} * {sign} AS DECIMAL(38, 18))"
    kept = f"TRY_CAST({narrow} AS DECIMAL(18, 6))"
    return f"CASE WHEN regexp_full_match(trim({sql}), {text(_NUMBER_SHAPE)}) AND {kept} = {narrow} THEN {kept} END"


def constant_text(node: tree.Expression) -> str:
    """Give the text of a constant argument."""
    return str(node.value) if isinstance(node, tree.Const) else ""


def date_format(pattern: str) -> str:
    """Turn YYYYMMDD into what DuckDB calls it."""
    return pattern.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")
