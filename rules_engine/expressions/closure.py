"""One expression as Python source with its constants bound: the speed of one claim.

Every operation goes through contexts of our own, because the host may have changed the ambient
Decimal context. Nulls are None. A row that cannot be priced raises `Reject`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
)
from typing import Any, Final

from attrs import frozen

from rules_engine.expressions import tree
from rules_engine.expressions.rational import as_ratio, divides, rounded_quotient
from rules_engine.expressions.sites import Sites

__all__ = ["Emitter", "Index", "Reject", "column_variable", "like_pattern", "missing_row"]

# Inexact is trapped: a product that would lose a digit is an error of ours, never a wrong cent.
_EXACT: Final = Context(prec=96, traps=[Inexact, InvalidOperation, DivisionByZero])
_ROUND: Final = {
    "half_up": Context(prec=96, rounding=ROUND_HALF_UP),
    "half_even": Context(prec=96, rounding=ROUND_HALF_EVEN),
    "down": Context(prec=96, rounding=ROUND_DOWN),
}
_OPS: Final = {"+": "add_", "-": "sub_", "*": "mul_"}
_COMPARE: Final = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OPPOSITE: Final = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_ATOM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MISSING: Final = object()


class Reject(Exception):  # noqa: N818  a verdict on a row, not an error of the program
    """The row cannot be priced; `site` numbers the place that says so."""

    def __init__(self, site: int) -> None:
        """Keep the number of the site."""
        self.site = site
        super().__init__(site)


@frozen
class Index:
    """One column of a table, found by key.

    Attributes:
        rows: `{key: value}`, or for a dated table `{key: [(first, last, value), …]}`, never open-ended.
        key: Names of the key columns.
        dated: Which of the two forms it has.
    """

    rows: Mapping[Any, Any]
    key: tuple[str, ...]
    dated: bool


def like_pattern(pattern: str) -> re.Pattern[str]:
    """Give the regular expression of a LIKE pattern."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


class Emitter:
    """Writes statements and expressions of one function.

    Attributes:
        lines: Statements so far.
        bound: Names that the function finds among its globals.
        sites: What each number of `Reject` stands for.
        columns: Columns that were read.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, "Index"]], sites: Sites) -> None:
        """Keep the indexes that lookups read: table → column → index (`""` to ask for presence)."""
        self.lines: list[str] = []
        self.indent = 1
        self.bound: dict[str, Any] = {
            "mul_": _EXACT.multiply,
            "add_": _EXACT.add,
            "sub_": _EXACT.subtract,
            "neg_": _EXACT.minus,
            "abs_": _EXACT.abs,
            "quotient_": rounded_quotient,
            "M_": MISSING,
            "R_": Reject,
            "d0_": date.min,
        }
        for mode, context in _ROUND.items():
            self.bound[f"{mode}_"] = context.quantize
        self.tables = tables
        self.sites = sites
        self.columns: set[str] = set()
        self._temps = 0
        self._consts: dict[Any, str] = {}

    # -- writing

    def write(self, line: str) -> None:
        """Add one statement."""
        self.lines.append("    " * self.indent + line)

    def temp(self, value: str | None = None) -> str:
        """Name a new variable, and set it."""
        self._temps += 1
        name = f"t{self._temps}"
        if value is not None:
            self.write(f"{name} = {value}")
        return name

    def atom(self, text: str) -> str:
        """Give a name for a value that is read more than once."""
        return text if _ATOM.fullmatch(text) else self.temp(text)

    def const(self, value: Any) -> str:
        """Bind a constant and give its name."""
        if value is None or isinstance(value, bool):
            return repr(value)
        key = (type(value), str(value)) if not isinstance(value, frozenset) else value
        if key not in self._consts:
            self._consts[key] = f"k{len(self._consts)}_"
            self.bound[self._consts[key]] = value
        return self._consts[key]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write statements under `head`."""
        self.write(head)
        self.indent += 1
        at = len(self.lines)
        yield
        if len(self.lines) == at:
            self.write("pass")
        self.indent -= 1

    def _captured(self, write: Callable[[], str]) -> tuple[str, list[str]]:
        """Give an expression and the statements it needs first, without writing them."""
        at = len(self.lines)
        text = write()
        statements = self.lines[at:]
        del self.lines[at:]
        return text, statements

    def _replay(self, statements: list[str], captured_at: int) -> None:
        """Write captured statements at the present indentation."""
        deeper = "    " * (self.indent - captured_at)
        self.lines.extend(deeper + line for line in statements)

    # -- values

    def value(self, node: tree.Expression) -> str:
        """Give Python text for the value; None stands for null."""
        match node:
            case tree.Const():
                return self.const(node.value)
            case tree.Ref():
                return self.ref(node)
            case tree.Dated():
                return self.dated(node)
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Negate():
                return self.strict("neg_({})", node.operand)
            case tree.Absolute():
                return self.strict("abs_({})", node.operand)
            case tree.Round():
                return self.round(node)
            case tree.Lookup():
                return self.lookup(node)
            case tree.Case():
                return self.case(node)
            case tree.Extremum():
                return self.extremum(node)
            case tree.Coalesce():
                return self.coalesce(node)
            case _:
                return self.boolean(node)

    def ref(self, node: tree.Ref) -> str:
        if node.space == "column":
            self.columns.add(node.name)
            return column_variable(node.name)
        return f"s_{node.name}"

    def strict(self, pattern: str, *operands: tree.Expression) -> str:
        """Apply a Python expression to operands; null where any of them is."""
        texts = []
        nullable = []
        for operand in operands:
            text = self.value(operand)
            if operand.type.nullable:
                text = self.atom(text)
                nullable.append(f"{text} is None")
            texts.append(text)
        made = pattern.format(*texts)
        return f"(None if {' or '.join(nullable)} else {made})" if nullable else made

    def ordered(self, *operands: tree.Expression) -> list[str]:
        """Give operand texts, so that statements of a later one do not overtake an earlier one."""
        return [self.value(operand) for operand in operands]

    def arithmetic(self, node: tree.Arithmetic) -> str:
        if node.left.type.kind == "date":
            if node.right.type.kind == "date":
                return self.strict("({} - {}).days", node.left, node.right)
            self.bound["days_"] = _shifted
            sign = "-" if node.op == "-" else ""
            return self.strict(f"days_({{}}, {sign}{{}})", node.left, node.right)
        return self.strict(f"{_OPS[node.op]}({{}}, {{}})", node.left, node.right)

    def round(self, node: tree.Round) -> str:
        operand = node.operand
        if divides(operand):
            above, below = as_ratio(operand)
            texts = [self.atom(text) for text in self.ordered(above, below)]
            nulls = [
                f"{t} is None"
                for t, n in zip(texts, (above, below), strict=True)
                if n.type.nullable
            ]
            site = self.sites.number("RE603", "a divisor is zero")
            guard = f"{texts[1]} is not None and " if below.type.nullable else ""
            with self.block(f"if {guard}not {texts[1]}:"):
                self.write(f"raise R_({site})")
            made = f"quotient_({texts[0]}, {texts[1]}, {node.places}, '{node.mode}')"
            return f"(None if {' or '.join(nulls)} else {made})" if nulls else made
        if operand.type.scale is not None and operand.type.scale <= node.places:
            return self.value(operand)
        unit = self.const(Decimal(1).scaleb(-node.places))
        return self.strict(f"{node.mode}_({{}}, {unit})", operand)

    def dated(self, node: tree.Dated) -> str:
        name = self.temp()
        for number, (first, entry) in enumerate(reversed(node.entries)):
            head = "if" if number == 0 else "elif"
            with self.block(f"{head} s_date >= {self.const(first)}:"):
                self.write(f"{name} = {self.value(entry)}")
        site = self.sites.number("RE602", f"{node.name} has no value yet at the row's date")
        with self.block("else:"):
            self.write(f"raise R_({site})")
        return name

    def key(self, keys: tuple[tree.Expression, ...]) -> str:
        texts = self.ordered(*keys)
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

    def lookup(self, node: tree.Lookup) -> str:
        index = self.tables[node.table][node.column]
        bound = f"L_{node.table}_{node.column}"
        self.bound[bound] = index.rows
        key = self.key(node.keys)
        name = self.temp()
        site = self.sites.number("RE601", missing_row(node.table, index.key, dated=index.dated))
        if index.dated:
            with self.block(f"for first_, last_, {name} in {bound}.get({key}, ()):"):
                with self.block("if first_ <= s_date <= last_:"):
                    self.write("break")
            with self.block("else:"):
                self.write(f"raise R_({site})")
            return name
        self.write(f"{name} = {bound}.get({key}, M_)")
        with self.block(f"if {name} is M_:"):
            self.write(f"raise R_({site})")
        return name

    def case(self, node: tree.Case) -> str:
        parts = [
            (
                self._captured(lambda c=condition: self.true(c)),
                self._captured(lambda v=value: self.value(v)),
            )
            for condition, value in node.branches
        ]
        last, after = self._captured(lambda: self.value(node.default))
        if not after and not any(before or inside for (_, before), (_, inside) in parts):
            chain = "".join(f"{text} if {test} else " for (test, _), (text, _) in parts)
            return f"({chain}{last})"
        name = self.temp()
        depth = self.indent
        for (test, before), (text, inside) in parts:
            self._replay(before, depth)
            with self.block(f"if {test}:"):
                self._replay(inside, depth)
                self.write(f"{name} = {text}")
            self.write("else:")
            self.indent += 1
        self._replay(after, depth)
        self.write(f"{name} = {last}")
        self.indent = depth
        return name

    def extremum(self, node: tree.Extremum) -> str:
        op = "<=" if node.function == "least" else ">="
        texts = [self.atom(text) for text in self.ordered(*node.arguments)]
        nulls = [
            f"{t} is None" for t, a in zip(texts, node.arguments, strict=True) if a.type.nullable
        ]
        made = texts[0]
        if nulls:
            function = "min" if node.function == "least" else "max"
            return f"(None if {' or '.join(nulls)} else {function}({', '.join(texts)}))"
        for text in texts[1:]:
            made = self.atom(made)
            made = f"({made} if {made} {op} {text} else {text})"
        return made

    def coalesce(self, node: tree.Coalesce) -> str:
        *firsts, last = node.arguments
        name = self.temp()
        depth = 0
        for argument in firsts:
            self.write(f"{name} = {self.value(argument)}")
            self.write(f"if {name} is None:")
            self.indent += 1
            depth += 1
        self.write(f"{name} = {self.value(last)}")
        self.indent -= depth
        return name

    # -- conditions

    def boolean(self, node: tree.Expression) -> str:
        """Give True, False or None."""
        match node:
            case tree.Compare():
                return self.strict(f"({{}} {_COMPARE[node.op]} {{}})", node.left, node.right)
            case tree.IsNull():
                return f"({self.value(node.operand)} is None)"
            case tree.Not():
                return self.strict("(not {})", node.operand)
            case tree.Like():
                bound = self.const(like_pattern(node.pattern).fullmatch)
                return self.strict(f"({bound}({{}}) is not None)", node.operand)
            case tree.Has():
                return self.has(node)
            case tree.InList():
                return self.in_list(node)
            case tree.Logic():
                return self.logic(node)
        msg = f"{type(node).__name__} is not offered at row grain"
        raise TypeError(msg)

    def has(self, node: tree.Has) -> str:
        index = self.tables[node.table][""]
        bound = f"H_{node.table}"
        self.bound[bound] = index.rows
        key = self.key(node.keys)
        if not index.dated:
            return f"({key} in {bound})"
        return f"any([first_ <= s_date <= last_ for first_, last_, _ in {bound}.get({key}, ())])"

    def in_list(self, node: tree.InList) -> str:
        if all(isinstance(o, tree.Const) and o.value is not None for o in node.options):
            options = self.const(
                frozenset(o.value for o in node.options if isinstance(o, tree.Const))
            )
            return self.strict(f"({{}} in {options})", node.operand)
        chain: tree.Expression | None = None
        for option in node.options:
            nullable = node.operand.type.nullable or option.type.nullable
            type_ = node.type.with_null(nullable)
            one: tree.Expression = tree.Compare(type=type_, op="=", left=node.operand, right=option)
            chain = (
                one if chain is None else tree.Logic(type=node.type, op="or", left=chain, right=one)
            )
        return self.boolean(chain) if chain is not None else "False"

    def logic(self, node: tree.Logic) -> str:
        if not node.type.nullable:
            return self.plain_logic(node)
        decided = "False" if node.op == "and" else "True"
        name = self.temp(self.value(node.left))
        with self.block(f"if {name} is not {decided}:"):
            other = self.atom(self.value(node.right))
            self.write(
                f"{name} = {decided} if {other} is {decided} else None if {name} is None else {other}"
            )
        return name

    def plain_logic(self, node: tree.Logic) -> str:
        return self.joined(node.op, self.value(node.left), lambda: self.value(node.right))

    def joined(self, op: str, left: str, right_side: Callable[[], str]) -> str:
        """Join two truth values; the right one is computed only where the left one does not decide."""
        depth = self.indent
        right, statements = self._captured(right_side)
        if not statements:
            return f"({left} {op} {right})"
        name = self.temp(left)
        with self.block(f"if {'not ' if op == 'or' else ''}{name}:"):
            self._replay(statements, depth)
            self.write(f"{name} = {right}")
        return name

    def true(self, node: tree.Expression) -> str:
        """Give Python text that is true exactly where the condition is TRUE."""
        if not node.type.nullable:
            return self.value(node)
        return self.known(node, verdict=True)

    def known(self, node: tree.Expression, *, verdict: bool) -> str:
        """Give Python text that is true exactly where the condition is known to be `verdict`."""
        match node:
            case tree.Not():
                return self.known(node.operand, verdict=not verdict)
            case tree.Compare():
                op = node.op if verdict else _OPPOSITE[node.op]
                texts = [self.atom(t) for t in self.ordered(node.left, node.right)]
                sides = list(zip(texts, (node.left, node.right), strict=True))
                nulls = [f"{t} is not None" for t, n in sides if n.type.nullable]
                if op == "=" and len(nulls) == 1:
                    nulls = []
                return "(" + " and ".join([*nulls, f"{texts[0]} {_COMPARE[op]} {texts[1]}"]) + ")"
            case tree.Logic() if not tree.can_fail(node.right):
                word = node.op if verdict else ("or" if node.op == "and" else "and")
                left = self.known(node.left, verdict=verdict)
                return self.joined(word, left, lambda: self.known(node.right, verdict=verdict))
        return f"({self.value(node)} is {verdict})"


def column_variable(name: str) -> str:
    """Name the variable that holds a column; a quoted column may be no identifier."""
    if _ATOM.fullmatch(name):
        return f"c_{name}"
    return "q_" + "".join(c if c.isalnum() and c.isascii() else f"_{ord(c):x}_" for c in name)


def missing_row(table: str, key: tuple[str, ...], *, dated: bool) -> str:
    """Say that a table lacks the row a formula reads."""
    keys = ", ".join(key)
    return f"{table} has no row for this {keys}" + (" at the row's date" if dated else "")


def _shifted(day: date, count: int | Decimal) -> date:
    return date.fromordinal(day.toordinal() + int(count))
