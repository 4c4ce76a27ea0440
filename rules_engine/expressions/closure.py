"""One expression as Python source with its constants bound: the speed of one claim.

Every operation goes through contexts of our own, because the host may have changed the ambient
Decimal context. Nulls are None. A row that cannot be priced raises `Reject`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
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
from functools import partial
from typing import Any, Final

from rules_engine.expressions import dates, tree
from rules_engine.expressions.products import write_product
from rules_engine.expressions.rational import divides
from rules_engine.expressions.runtime import (
    MISSING,
    NO_CLAIM,
    NO_ROW,
    NO_VALUE_YET,
    OUT_OF_TIME,
    UNDEFINED,
    ZERO_DIVISOR,
    Curve,
    Index,
    Reject,
    like_pattern,
    line_without_value,
    missing_row,
    no_rows_around,
    no_value_yet,
)
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.types import EXACT, Kind

__all__ = ["Emitter", "Index", "Reject", "column_variable", "variable"]

# Inexact is trapped: a product that would lose a digit is an error of ours, never a wrong cent.
_EXACT: Final = Context(prec=96, traps=[Inexact, InvalidOperation, DivisionByZero])
_ROUND: Final = {
    "half_up": Context(prec=96, rounding=ROUND_HALF_UP, traps=[InvalidOperation]),
    "half_even": Context(prec=96, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation]),
    "down": Context(prec=96, rounding=ROUND_DOWN, traps=[InvalidOperation]),
}
# Cut after so many digits, a quotient of two numbers of 38 stays on its side of every tie.
_CUT: Final = Context(prec=192, rounding=ROUND_DOWN, traps=[InvalidOperation, DivisionByZero])
_OPS: Final = {"+": "add_", "-": "sub_", "*": "mul_"}
_COMPARE: Final = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OPPOSITE: Final = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_ATOM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LAST_DAY: Final = date.max.toordinal()
_MOST_BRACKETS: Final = 50


class Emitter:
    """Writes statements and expressions of one function.

    Attributes:
        lines: Statements so far.
        bound: Names that the function finds among its globals.
        sites: What each number of `Reject` stands for.
        columns: Columns that were read.
        refs: Space and name of everything that was read of the row.
        keep: Told of every part and its Python text, and gives the text to go on with; a recorder
            writes the value into a variable that outlives the formula.
        captured: How many texts that may never be computed surround what is written now.
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
            "div_": _CUT.divide,
            "M_": MISSING,
            "R_": Reject,
            "d0_": date.min,
        }
        for mode, context in _ROUND.items():
            self.bound[f"{mode}_"] = context.quantize
        self.tables = tables
        self.sites = sites
        self.columns: set[str] = set()
        self.refs: set[tuple[str, str]] = set()
        # Where a function of the claim stands among those computed before; the variable of a sum.
        self.claims: dict[tree.ClaimFunction, int] = {}
        self.running: dict[tree.Running, str] = {}
        self.run_up: dict[tree.Running, str] = {}
        self.keep: Callable[[tree.Expression, str], str] | None = None
        self.captured = 0
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
        return text if text.isidentifier() else self.temp(text)

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

    def _captured(
        self, write: Callable[[], str], *, certain: bool = False
    ) -> tuple[str, list[str]]:
        """Give an expression and the statements it needs first, without writing them.

        Args:
            write: Writes it.
            certain: Whether it is computed wherever the whole is.
        """
        at = len(self.lines)
        self.captured += not certain
        text = write()
        self.captured -= not certain
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
        text = self._value(node)
        if self.keep is not None:
            text = self.keep(node, text)
        # Python reads two hundred nested brackets at most.
        return self.temp(text) if text.count("(") > _MOST_BRACKETS else text

    def _value(self, node: tree.Expression) -> str:  # noqa: C901, PLR0912  one line a node
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
            case tree.DateCall():
                return self.calendar(node)
            case tree.Elementary():
                return self.elementary(node)
            case tree.ClaimFunction():
                return self.claim(node)
            case tree.Running():
                return self.running[node]
            case _:
                return self.boolean(node)

    def ref(self, node: tree.Ref) -> str:
        """Read what the row or the waterfall gives."""
        self.refs.add((node.space, node.name))
        if node.space == "column":
            self.columns.add(node.name)
        return variable(node)

    def strict(self, pattern: str, *operands: tree.Expression) -> str:
        """Apply a Python expression to operands; null where any of them is."""
        texts = []
        nullable = []
        for operand in operands:
            text = self.value(operand)
            if operand.type.nullable:
                text = self.atom(text)
                nullable.append(text)
            texts.append(text)
        return _unless_null(nullable, pattern.format(*texts))

    def arithmetic(self, node: tree.Arithmetic) -> str:
        """Add, subtract or multiply; a division is written by its ROUND."""
        if node.left.type.kind == Kind.DATE:
            if node.right.type.kind == Kind.DATE:
                return self.strict("({} - {}).days", node.left, node.right)
            return self.shifted(node)
        return self.strict(f"{_OPS[node.op]}({{}}, {{}})", node.left, node.right)

    def shifted(self, node: tree.Arithmetic) -> str:
        """Add days to a date; one outside the calendar rejects the row."""
        self.bound |= {"later_": _later, "earlier_": _earlier}
        function = "earlier_" if node.op == "-" else "later_"
        name = self.temp(self.strict(f"{function}({{}}, {{}})", node.left, node.right))
        site = self.sites.number(*OUT_OF_TIME)
        with self.block(f"if {name} is M_:"):
            self.write(f"raise R_({site})")
        return name

    def calendar(self, node: tree.DateCall) -> str:
        """Call the calendar; a date outside of it rejects the row."""
        function = f"{node.function}_"
        self.bound[function] = dates.COMPUTED[node.function]
        places = ", ".join("{}" for _ in node.arguments)
        if node.function in {"year", "month", "day"}:
            return self.strict(f"{{}}.{node.function}", *node.arguments)
        if not node.function.startswith("add_"):
            return self.strict(f"{function}({places})", *node.arguments)
        texts = [self.atom(self.value(argument)) for argument in node.arguments]
        name = self.temp(self.called(function, texts, node.arguments))
        site = self.sites.number(*OUT_OF_TIME)
        nulls = [t for t, a in zip(texts, node.arguments, strict=True) if a.type.nullable]
        guards = "".join(f" and {text} is not None" for text in dict.fromkeys(nulls))
        with self.block(f"if {name} is None{guards}:"):
            self.write(f"raise R_({site})")
        return name

    def elementary(self, node: tree.Elementary) -> str:
        """Find what was computed beforehand; where there is no such number, the row is refused."""
        texts = [self.atom(self.value(argument)) for argument in node.arguments]
        results = {
            point if len(point) > 1 else point[0]: value for point, value in node.results or ()
        }
        bound = f"E{len(self.bound)}_"
        self.bound[bound] = results
        nulls = [t for t, a in zip(texts, node.arguments, strict=True) if a.type.nullable]
        key = f"({', '.join(texts)})" if len(texts) > 1 else texts[0]
        name = self.temp(_unless_null(nulls, f"{bound}[{key}]"))
        if any(value is None for value in results.values()):
            guards = "".join(f" and {text} is not None" for text in dict.fromkeys(nulls))
            with self.block(f"if {name} is None{guards}:"):
                self.write(f"raise R_({self.sites.number(*UNDEFINED)})")
        return name

    def between(self, node: tree.Interpolate, nulls: list[str]) -> tuple[str, str]:
        """Give a value between two rows as a fraction; beyond all rows, the row is refused."""
        index = self.tables[node.table][node.column]
        bound = f"C_{node.table}_{node.column}"
        self.bound[bound] = Curve(index).around
        at = self.atom(self.value(node.at))
        call = f"{bound}(s_date, {at})"
        if node.at.type.nullable:
            # Any piece of a curve will do: the result is null.
            call = f"(0, 0, 1, 0) if {at} is None else {call}"
            nulls.append(at)
        found = self.temp(call)
        with self.block(f"if {found} is None:"):
            self.write(f"raise R_({self.sites.number(NO_ROW, no_rows_around(node.table))})")
        width = self.temp(f"sub_({found}[2], {found}[0])")
        rise = f"mul_(sub_({found}[3], {found}[1]), sub_({at}, {found}[0]))"
        return f"add_(mul_({found}[1], {width}), {rise})", width

    def claim(self, node: tree.ClaimFunction) -> str:
        """Read what was made of the lines of the claim; refused where one of them is."""
        name = self.temp(f"f_[{self.claims[node]}]")
        site = self.sites.number(NO_CLAIM, line_without_value(node.function))
        with self.block(f"if {name} is M_:"):
            self.write(f"raise R_({site})")
        return name

    @staticmethod
    def called(function: str, texts: list[str], arguments: tuple[tree.Expression, ...]) -> str:
        """Call a function with values; null where any of them is."""
        pairs = zip(texts, arguments, strict=True)
        nulls = [text for text, argument in pairs if argument.type.nullable]
        return _unless_null(nulls, f"{function}({', '.join(texts)})")

    def round(self, node: tree.Round) -> str:
        """Round, after dividing where a division stands within."""
        operand = node.operand
        unit = self.const(Decimal(1).scaleb(-node.places, EXACT))
        if divides(operand):
            nulls: list[str] = []
            above, below = self.ratio(operand, nulls)
            made = f"div_({above}, {below})" if below is not None else above
            return _unless_null(nulls, f"{node.mode}_({made}, {unit})")
        if operand.type.scale is not None and operand.type.scale <= node.places:
            return self.value(operand)
        # A recorder is told the numbers as they are written.
        product = write_product(self, operand) if self.keep is None else None
        if product is not None:
            return _unless_null(product[0], f"{node.mode}_({product[1]}, {unit})")
        return self.strict(f"{node.mode}_({{}}, {unit})", operand)

    def ratio(self, node: tree.Expression, nulls: list[str]) -> tuple[str, str | None]:
        """Give numerator and denominator, which hold where none of `nulls` is null.

        Its parts are read, and divisors refused, in the order in which they are written.
        """
        match node:
            case tree.Arithmetic(op="/"):
                return self.divided(node, nulls)
            case tree.Arithmetic(op=op, left=left, right=right) if divides(node):
                one, other = self.ratio(left, nulls), self.ratio(right, nulls)
                if op == "*":
                    return f"mul_({one[0]}, {other[0]})", _times(one[1], other[1])
                first, second = _times(one[0], other[1]), _times(other[0], one[1])
                return f"{_OPS[op]}({first}, {second})", _times(one[1], other[1])
            case tree.Negate(operand=operand) if divides(node):
                above, below = self.ratio(operand, nulls)
                return f"neg_({above})", below
            case tree.Absolute(operand=operand) if divides(node):
                above, below = self.ratio(operand, nulls)
                return f"abs_({above})", below and f"abs_({below})"
            case tree.Case() if divides(node):
                return self.ratio_case(node, nulls)
            case tree.Interpolate():
                return self.between(node, nulls)
        text = self.atom(self.value(node))
        if node.type.nullable:
            nulls.append(text)
        return text, None

    def divided(self, node: tree.Arithmetic, nulls: list[str]) -> tuple[str, str | None]:
        """Divide, and refuse a divisor of zero."""
        above, below = self.ratio(node.left, nulls)
        divisor = self.atom(self.value(node.right))
        if node.right.type.nullable:
            nulls.append(divisor)
        if not isinstance(node.right, tree.Const):
            site = self.sites.number(*ZERO_DIVISOR)
            guard = f"{divisor} is not None and " if node.right.type.nullable else ""
            with self.block(f"if {guard}not {divisor}:"):
                self.write(f"raise R_({site})")
        return above, _times(divisor, below)

    def ratio_case(self, node: tree.Case, nulls: list[str]) -> tuple[str, str | None]:
        """Choose numerator and denominator together."""
        above, below = self.temp("M_"), self.temp()

        def choose(value: tree.Expression) -> None:
            inner: list[str] = []
            top, bottom = self.ratio(value, inner)
            self.write(f"{above} = {_unless_null(inner, top)}")
            self.write(f"{below} = {_unless_null(inner, bottom or self.const(Decimal(1)))}")

        for condition, value in node.branches:
            with self.block(f"if {above} is M_:"), self.block(f"if {self.true(condition)}:"):
                choose(value)
        with self.block(f"if {above} is M_:"):
            choose(node.default)
        if node.type.nullable:
            nulls.append(above)
        return above, below

    def dated(self, node: tree.Dated) -> str:
        """Choose by the row's date, and refuse the row before the first one."""
        name = self.temp()
        for number, (first, entry) in enumerate(reversed(node.entries)):
            head = "if" if number == 0 else "elif"
            with self.block(f"{head} s_date >= {self.const(first)}:"):
                self.write(f"{name} = {self.value(entry)}")
        site = self.sites.number(NO_VALUE_YET, no_value_yet(node.name))
        with self.block("else:"):
            self.write(f"raise R_({site})")
        return name

    def key(self, keys: tuple[tree.Expression, ...]) -> str:
        """Give the key of a lookup: a value, or a tuple of several."""
        texts = [self.value(key) for key in keys]
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

    def rows(self, index: Index, table: str, column: str) -> str:
        """Bind the rows that a lookup reads; those of a given table come with each call: `g_`."""
        if index.given:
            return f"g_[{(table, column)!r}]"
        name = f"L_{table}_{column}"
        self.bound[name] = index.rows
        return name

    def lookup(self, node: tree.Lookup) -> str:
        """Read a table, and refuse the row where it has no row for it."""
        index = self.tables[node.table][node.column]
        bound = self.rows(index, node.table, node.column)
        key = self.key(node.keys)
        name = self.temp()
        site = self.sites.number(NO_ROW, missing_row(node.table, index.key, dated=index.dated))
        if index.dated:
            found = f"for first_, last_, {name} in {bound}.get({key}, ()):"
            with self.block(found), self.block("if first_ <= s_date <= last_:"):
                self.write("break")
            with self.block("else:"):
                self.write(f"raise R_({site}, {key})")
            return name
        self.write(f"{name} = {bound}.get({key}, M_)")
        with self.block(f"if {name} is M_:"):
            self.write(f"raise R_({site}, {key})")
        return name

    def case(self, node: tree.Case) -> str:
        """Choose; only the branch that is taken is computed."""
        parts = [
            (
                self._captured(partial(self.true, condition), certain=place == 0),
                self._captured(partial(self.value, value)),
            )
            for place, (condition, value) in enumerate(node.branches)
        ]
        last, after = self._captured(partial(self.value, node.default))
        if not after and not any(before or inside for (_, before), (_, inside) in parts):
            chain = "".join(f"{text} if {test} else " for (test, _), (text, _) in parts)
            return f"({chain}{last})"
        name = self.temp("M_")
        depth = self.indent
        # One after the other and not within each other: Python nests a hundred blocks at most.
        for number, ((test, before), (text, inside)) in enumerate(parts):
            with self.block(f"if {name} is M_:") if number else nullcontext():
                self._replay(before, depth)
                with self.block(f"if {test}:"):
                    self._replay(inside, depth)
                    self.write(f"{name} = {text}")
        with self.block(f"if {name} is M_:"):
            self._replay(after, depth)
            self.write(f"{name} = {last}")
        return name

    def extremum(self, node: tree.Extremum) -> str:
        """Choose the smallest or the largest; null where any of them is."""
        op = "<=" if node.function == "least" else ">="
        texts = [self.atom(self.value(argument)) for argument in node.arguments]
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
        """Give the first value that is there; those after it are not computed."""
        first, *others = node.arguments
        name = self.temp(self.value(first))
        for argument in others:
            with self.block(f"if {name} is None:"):
                self.write(f"{name} = {self.value(argument)}")
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
        """Ask whether a table has a row."""
        index = self.tables[node.table][""]
        bound = self.rows(index, node.table, "")
        key = self.key(node.keys)
        if not index.dated:
            return f"({key} in {bound})"
        return f"any([first_ <= s_date <= last_ for first_, last_, _ in {bound}.get({key}, ())])"

    def in_list(self, node: tree.InList) -> str:
        """Find a value in a list; every member is read, whatever the ones before it are."""
        if all(isinstance(o, tree.Const) and o.value is not None for o in node.options):
            options = self.const(
                frozenset(o.value for o in node.options if isinstance(o, tree.Const))
            )
            return self.strict(f"({{}} in {options})", node.operand)
        operand, *texts = (self.atom(self.value(n)) for n in (node.operand, *node.options))
        made = f"{operand} in ({', '.join(texts)},)"
        sides = zip(texts, node.options, strict=True)
        absent = [f"{text} is None" for text, option in sides if option.type.nullable]
        if absent:
            made = f"({made} or (None if {' or '.join(absent)} else False))"
        return _unless_null([operand] if node.operand.type.nullable else [], f"({made})")

    def logic(self, node: tree.Logic) -> str:
        """Join two conditions of which one may be unknown."""
        if not node.type.nullable:
            return self.plain_logic(node)
        decided = "False" if node.op == "and" else "True"
        name = self.temp(self.value(node.left))
        with self.block(f"if {name} is not {decided}:"):
            other = self.atom(self.value(node.right))
            unknown = f"None if {name} is None else {other}"
            self.write(f"{name} = {decided} if {other} is {decided} else {unknown}")
        return name

    def plain_logic(self, node: tree.Logic) -> str:
        """Join two conditions that are true or false."""
        return self.joined(node.op, self.value(node.left), lambda: self.value(node.right))

    def joined(self, op: str, left: str, right_side: Callable[[], str]) -> str:
        """Join two truth values; the right one is computed where the left one does not decide."""
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
                texts = [self.atom(self.value(side)) for side in (node.left, node.right)]
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


def variable(node: tree.Ref) -> str:
    """Name the variable that holds what the row or the waterfall gives."""
    if node.space == "column":
        return column_variable(node.name)
    if node.space == "date":
        return "s_date"
    return f"{node.space[0]}_{_identifier(node.name)}"


def _identifier(name: str) -> str:
    if _ATOM.fullmatch(name):
        return name
    return "".join(c if c.isalnum() and c.isascii() else f"_{ord(c):x}_" for c in name)


def _unless_null(nullable: list[str], made: str) -> str:
    if not nullable:
        return made
    tests = " or ".join(f"{name} is None" for name in dict.fromkeys(nullable))
    return f"(None if {tests} else {made})"


def _times(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return one or other
    return f"mul_({one}, {other})"


def _later(day: date, count: int | Decimal) -> Any:
    ordinal = day.toordinal() + int(count)
    return date.fromordinal(ordinal) if 1 <= ordinal <= _LAST_DAY else MISSING


def _earlier(day: date, count: int | Decimal) -> Any:
    return _later(day, -int(count))
