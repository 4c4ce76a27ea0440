"""The parser reads SQL's scalar expressions as SQL does."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from rules_engine.expressions import ExpressionError, Finding, parse, syntax
from rules_engine.expressions.parser import DEEPEST, NESTED

if TYPE_CHECKING:
    from collections.abc import Callable

Shape = Any
"""A tree as nested tuples: what both parsers agree on."""


class _Writer:
    """Writes an expression of the grammar that both parsers share, and counts its productions."""

    def __init__(self, seed: int, counts: Counter[str]) -> None:
        self.chance = Random(seed)  # noqa: S311  no secret
        self.counts = counts

    def one(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def many(self, depth: int, least: int, most: int) -> str:
        return ", ".join(self.text(depth) for _ in range(self.chance.randint(least, most)))

    def text(self, depth: int) -> str:
        productions: dict[str, Callable[[], str]] = {
            "literal": lambda: self.one(
                "1", "0.50", "0.5", "'a'", "'it''s'", "TRUE", "NULL", "065"
            ),
            "name": lambda: self.one("a", "b_2", "rule.output", '"Quoted one"', "A"),
            "date": lambda: self.one("DATE '2015-01-31'", "date '2016-02-29'"),
        }
        if depth > 0:
            less = depth - 1
            binary = ("+", "-", "*", "/", "||")
            compare = ("=", "<>", "!=", "<", "<=", ">", ">=")
            negated = self.one("", "NOT ")
            productions |= {
                "arithmetic": lambda: f"{self.term(less)} {self.one(*binary)} {self.term(less)}",
                "compare": lambda: f"{self.closed(less)} {self.one(*compare)} {self.closed(less)}",
                "logic": lambda: f"{self.text(less)} {self.one('AND', 'or')} {self.text(less)}",
                "not": lambda: f"NOT {self.text(less)}",
                "negate": lambda: f"- {self.closed(less)}",
                "in": lambda: f"{self.closed(less)} {negated}IN ({self.many(less, 1, 3)})",
                "between": lambda: (
                    f"{self.closed(less)} {negated}BETWEEN {self.closed(less)} "
                    f"AND {self.closed(less)}"
                ),
                "null": lambda: f"{self.closed(less)} IS {negated}NULL",
                "like": lambda: f"{self.closed(less)} {negated}LIKE 'J1%'",
                "case": lambda: self.case(less),
                "call": lambda: (
                    f"{self.one('lookup', 'has', 'least', 'GREATEST')}({self.many(less, 2, 3)})"
                ),
                "brackets": lambda: f"({self.text(less)})",
                "interval": lambda: (
                    f"{self.closed(less)} {self.one('+', '-')} "
                    f"INTERVAL '{self.one('1', '13')}' {self.one('DAY', 'MONTH', 'YEAR')}"
                ),
                "filter": lambda: (
                    f"{self.one('total', 'median_of')}({self.text(less)}) "
                    f"FILTER (WHERE {self.text(less)})"
                ),
            }
        name = self.one(*productions)
        self.counts[name] += 1
        return productions[name]()

    def closed(self, depth: int) -> str:
        """An operand that no operator around it takes apart."""
        return f"({self.text(depth)})" if depth > 0 else self.text(0)

    def term(self, depth: int) -> str:
        """An operand of arithmetic, which may be arithmetic without brackets."""
        if depth > 0 and self.chance.random() < 0.5:
            op = self.one("+", "-", "*", "/")
            return f"{self.term(depth - 1)} {op} {self.term(depth - 1)}"
        return self.closed(depth)

    def case(self, depth: int) -> str:
        subject = self.one("", f" {self.closed(depth)}")
        branches = "".join(
            f" WHEN {self.closed(depth)} THEN {self.text(depth)}"
            for _ in range(self.chance.randint(1, 2))
        )
        default = self.one("", f" ELSE {self.text(depth)}")
        return f"CASE{subject}{branches}{default} END"


# -- what our tree says


def ours(node: syntax.Node) -> Shape:  # noqa: C901  one line a node
    """Our tree as tuples."""
    match node:
        case syntax.Literal(value=value):
            return ("number" if isinstance(value, Decimal) else "literal", _shown(value))
        case syntax.Name(parts=parts):
            return ("name", *parts)
        case syntax.Negate(operand=operand):
            return ("-", ours(operand))
        case syntax.Not(operand=operand):
            return ("not", ours(operand))
        case syntax.Binary(op="and" | "or" as op):
            return _chain(op, [ours(node.left), ours(node.right)])
        case syntax.Binary(op=op, left=left, right=right):
            return (op, ours(left), ours(right))
        case syntax.In(operand=operand, options=options, negated=negated):
            return _perhaps_not(("in", ours(operand), *map(ours, options)), negated=negated)
        case syntax.Between(operand=operand, low=low, high=high, negated=negated):
            return _perhaps_not(("between", ours(operand), ours(low), ours(high)), negated=negated)
        case syntax.IsNull(operand=operand, negated=negated):
            return _perhaps_not(("null?", ours(operand)), negated=negated)
        case syntax.Case(branches=branches, default=default):
            shown = tuple((ours(c), ours(v)) for c, v in branches)
            return ("case", shown, None if default is None else ours(default))
        case syntax.Interval(count=count, unit=unit):
            return ("interval", str(count), unit)
        case syntax.Call(function=function, arguments=arguments, filter=condition):
            call = (function, *map(ours, arguments))
            return call if condition is None else ("filter", call, ours(condition))
    raise TypeError(node)


def _shown(value: object) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _chain(op: str, sides: list[Shape]) -> Shape:
    """Conditions joined by one word are one list, however the tree is balanced."""
    parts: list[Shape] = []
    for side in sides:
        parts += side[1:] if side[0] == op else [side]
    return (op, *parts)


def _perhaps_not(shape: Shape, *, negated: bool) -> Shape:
    return ("not", shape) if negated else shape


# -- what sqlglot's says

_SQLGLOT = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.DPipe: "||", exp.EQ: "=",
    exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Least: "least", exp.Greatest: "greatest",
}  # fmt: skip


def theirs(node: Any) -> Shape:  # noqa: C901, PLR0912  one line a node
    """Sqlglot's tree as the same tuples."""
    match node:
        case exp.Paren():
            return theirs(node.this)
        case exp.Null():
            return ("literal", "none")
        case exp.Boolean():
            return ("literal", str(node.this).lower())
        case exp.Literal():
            return ("literal", node.this) if node.is_string else ("number", _number(node.this))
        case exp.Cast():
            return ("literal", node.this.this)
        case exp.Column():
            return ("name", *(part.name for part in node.parts))
        case exp.Neg():
            inner = theirs(node.this)
            if inner[0] == "number":
                # Ours folds the sign into the number.
                return ("number", str(Decimal(inner[1]).copy_negate()))
            return ("-", inner)
        case exp.Not():
            return ("not", theirs(node.this))
        case exp.And() | exp.Or():
            op = "and" if isinstance(node, exp.And) else "or"
            return _chain(op, [theirs(node.left), theirs(node.right)])
        case exp.In():
            return ("in", theirs(node.this), *map(theirs, node.expressions))
        case exp.Between():
            return ("between", *(theirs(node.args[key]) for key in ("this", "low", "high")))
        case exp.Is():
            return ("null?", theirs(node.this))
        case exp.Case():
            subject = node.this
            shown = tuple(
                (
                    ("=", theirs(subject), theirs(branch.this)) if subject else theirs(branch.this),
                    theirs(branch.args["true"]),
                )
                for branch in node.args["ifs"]
            )
            default = node.args.get("default")
            return ("case", shown, None if default is None else theirs(default))
        case exp.Interval():
            return ("interval", node.this.name, node.args["unit"].name.lower())
        case exp.Filter():
            return ("filter", theirs(node.this), theirs(node.expression.this))
        case exp.Anonymous():
            return (node.name.lower(), *map(theirs, node.expressions))
        case exp.Least() | exp.Greatest():
            return (_SQLGLOT[type(node)], theirs(node.this), *map(theirs, node.expressions))
        case exp.Like():
            like = ("like", theirs(node.this), theirs(node.expression))
            return _perhaps_not(like, negated=bool(node.args.get("negate")))
        case exp.Binary():
            return (_SQLGLOT[type(node)], theirs(node.left), theirs(node.right))
    raise TypeError(repr(node))


def _number(text: str) -> str:
    return str(Decimal(text))


def test_the_tree_is_that_of_another_parser_of_sql() -> None:
    """On the shared grammar, both read the same tree, and each production was met often."""
    counts: Counter[str] = Counter()
    for seed in range(20_000):
        text = _Writer(seed, counts).text(1 + seed % 4)
        assert ours(parse(text)) == theirs(sqlglot.parse_one(text)), text
    assert min(counts.values()) >= 200, counts
    assert len(counts) == 17


# -- places


@given(st.integers(0, 2**32))
def test_every_node_lies_where_its_text_stands(seed: int) -> None:
    """The text of a node, read alone, is that node."""
    text = _Writer(seed, Counter()).text(3)
    waiting = [parse(text)]
    while waiting:
        node = waiting.pop()
        assert 0 <= node.start < node.end <= len(text)
        # The conditions of `CASE x WHEN …` stand nowhere in one piece, nor does a part of a chain.
        if isinstance(node, syntax.Case) or not isinstance(node, syntax.Binary):
            assert ours(parse(text[node.start : node.end])) == ours(node)
        waiting += syntax.parts(node)


# -- whatever is typed


def answered(text: str) -> tuple[Finding, ...]:
    """Give what is wrong with a text; nothing where it reads."""
    try:
        parse(text)
    except ExpressionError as error:
        return error.findings or pytest.fail("an error without a finding")
    return ()


@given(st.text(max_size=60))
@example("'")
@example("case case case")
@example("a.b.c.d")
@example("((((")
@example("sum(x) filter (")
@example("f(a) over peers")
@example("a not b")
@example("a between 1")
@example("- - - 1")
@example("1.")
@example("1..2")
@example("DATE '2015-02-30'")
@example("DATE '20150228'")
@example("\x00")
def test_any_text_is_read_or_answered_with_a_place(text: str) -> None:
    """No text of any kind ends in anything but a tree or findings within it."""
    for finding in answered(text):
        assert finding.code in {"RE401", "RE402"}
        assert 0 <= finding.offset <= len(text)
        assert finding.length >= 1


_WORDS = (
    "a", "1", "0.5", "'x'", "(", ")", ",", ".", "and", "or", "not", "in", "between", "is", "null",
    "case", "when", "then", "else", "end", "+", "-", "*", "/", "=", "<", "like", "date", "||",
    "filter", "over", "round", "least",
)  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), max_size=25))
def test_any_words_are_read_or_answered(words: list[str]) -> None:
    """Words of the language in any order."""
    answered(" ".join(words))


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "the expression is empty"),
        ("a +", 3, "the expression ends; a column"),
        ("a b", 2, "b is found after the end of the expression"),
        ("a < b < c", 6, "< follows a comparison"),
        ("a in ()", 6, "the list after IN is empty"),
        ("a = 12x", 6, "x follows a number"),
        ("case when a then 1", 18, "the expression ends; END may stand here"),
        ("a & b", 2, "'&' is not part of an expression"),
        ("0.85 %", 5, "'%' is not part of an expression"),
        ("{{ x }}", 0, "'{' is not part of an expression"),
        ("date '31.12.2015'", 5, "'31.12.2015' is not a date"),
    ],
)
def test_a_finding_says_where_and_what_may_stand_there(
    text: str, offset: int, message: str
) -> None:
    """The first character of what is wrong, and the way out."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    finding = caught.value.findings[0]
    assert finding.offset == offset
    assert finding.message.startswith(message)


# -- sizes


def test_a_long_chain_of_conditions_is_read_with_few_levels() -> None:
    """Sixteen hundred conditions are no deeper than eleven joins."""
    text = " and ".join(["a"] * 1_600)
    assert syntax.depth(parse(text)) == 12
    assert ours(parse(text)) == ("and", *[("name", "a")] * 1_600)


@pytest.mark.parametrize(
    "text",
    [
        "(" * (NESTED + 5) + "a" + ")" * (NESTED + 5),
        "not " * (NESTED + 5) + "a",
        "- " * (NESTED + 5) + "a",
        " + ".join(["a"] * (DEEPEST + 5)),
        " * ".join(["a"] * 2_000),
        "(" * 5_000,
        "case " * 1_500,
        "f(" * 3_000,
        "a" * 10_001,
    ],
)
def test_a_tree_that_is_too_deep_is_a_finding(text: str) -> None:
    """Never an error of recursion."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.findings[0].code in {"RE401", "RE402"}


def test_a_sum_of_brackets_may_be_long() -> None:
    """Brackets make a long sum shallow, as the help says."""
    part = "(" + " + ".join(["a"] * 20) + ")"
    assert syntax.depth(parse(" + ".join([part] * 20))) <= DEEPEST
