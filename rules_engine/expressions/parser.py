"""Words of an expression → tree, by precedence climbing; the grammar is that of SQL's scalars."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, NoReturn

from rules_engine.expressions.findings import ExpressionError, Finding
from rules_engine.expressions.syntax import (
    Between,
    Binary,
    Call,
    Case,
    In,
    Interval,
    IsNull,
    Literal,
    Name,
    Negate,
    Node,
    Not,
    depth,
)
from rules_engine.expressions.tokens import Token, tokenize
from rules_engine.expressions.types import read_date

__all__ = ["parse"]

NESTED: Final = 40
"""How many levels of brackets, CASE and NOT an expression may nest."""

DEEPEST: Final = 80
"""How many levels its tree may have: a sum of eighty terms has eighty."""

_RESERVED: Final = frozenset(
    {
        "and", "or", "not", "in", "is", "null", "between", "like", "case", "when", "then", "else",
        "end", "true", "false", "filter", "over",
    }
)  # fmt: skip
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Binding strength, weakest first, as in SQL.
_OR, _AND, _NOT, _COMPARE, _JOIN, _ADD, _MULTIPLY, _NEGATE = range(1, 9)
_BINARY: Final = {
    "or": _OR, "and": _AND,
    "=": _COMPARE, "<>": _COMPARE, "!=": _COMPARE,
    "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE,
    "in": _COMPARE, "between": _COMPARE, "is": _COMPARE, "like": _COMPARE, "not": _COMPARE,
    "||": _JOIN, "+": _ADD, "-": _ADD,
    "*": _MULTIPLY, "/": _MULTIPLY,
}  # fmt: skip

_UNITS: Final = {
    "day": "day", "days": "day", "month": "month", "months": "month", "year": "year",
    "years": "year",
}  # fmt: skip


@lru_cache(maxsize=4096)  # a formula is read for the names in it, and again when it is checked
def parse(text: str) -> Node:
    """Read an expression.

    Raises:
        ExpressionError: It is no expression; one finding says where and what may stand there.
    """
    return _Parser(text).whole()


def _word(token: Token) -> str:
    if token.kind == "op":
        return token.value
    lower = token.value.lower() if token.kind == "name" else ""
    return lower if lower in _RESERVED else ""


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokenize(text)
        self.words = [_word(token) for token in self.tokens]
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def word(self) -> str:
        """The keyword or operator that stands here, in lower case; empty for anything else."""
        return self.words[self.at]

    def advance(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def accept(self, word: str) -> bool:
        if self.words[self.at] == word:
            self.at += 1
            return True
        return False

    def fail(self, token: Token, message: str, help_: str | None = None) -> NoReturn:
        length = max(1, token.end - token.start)
        raise ExpressionError((Finding(token.start, length, "RE402", message, help_),))

    def expect(self, word: str) -> Token:
        if self.word() != word:
            self.fail(self.token, f"{self.found()}; {word.upper()} may stand here")
        return self.advance()

    def found(self) -> str:
        return "the expression ends" if self.token.kind == "end" else f"{self.token.value} is found"

    def whole(self) -> Node:
        if self.token.kind == "end":
            self.fail(
                self.token, "the expression is empty; a column, number or formula may stand here"
            )
        node = self.expression(0)
        if self.token.kind != "end":
            help_ = None
            if self.token.value.lower() == "as":
                help_ = "an expression has no alias"
            elif self.token.kind == "name" and self.tokens[self.at - 1].kind == "name":
                words = f"{self.tokens[self.at - 1].value} {self.token.value}"
                help_ = f"a name with a space stands in double quotes: '\"{words}\"'"
            self.fail(self.token, f"{self.found()} after the end of the expression", help_)
        if len(self.tokens) > DEEPEST and (levels := depth(node)) > DEEPEST:
            self.fail(
                self.tokens[0],
                f"the expression has {levels} levels; it may have {DEEPEST}",
                "put brackets around parts of a long sum, or give parts to rules of their own",
            )
        return node

    def expression(self, strength: int) -> Node:
        self.depth += 1
        if self.depth > NESTED:
            self.fail(self.token, f"the expression nests deeper than {NESTED} levels")
        # With its brackets, so that a caret marks all of what an operator takes.
        begin = self.token.start
        left = self.prefix()
        while True:
            word = self.word()
            power = _BINARY.get(word, 0)
            if power <= strength:
                break
            if word == "not" and self.following() not in {"in", "between", "like"}:
                break
            left = (
                self.chain(begin, left, word)
                if word in {"and", "or"}
                else self.infix(begin, left, word)
            )
            if power == _COMPARE and _BINARY.get(self.word()) == _COMPARE and self.word() != "is":
                self.fail(
                    self.token,
                    f"{self.token.value} follows a comparison",
                    "join two comparisons with AND, or write x BETWEEN low AND high",
                )
        self.depth -= 1
        return left

    def following(self) -> str:
        token = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        return token.value.lower() if token.kind == "name" else ""

    @property
    def behind(self) -> int:
        """The place after the last word that was read."""
        return self.tokens[self.at - 1].end

    def chain(self, begin: int, first: Node, word: str) -> Node:
        """Read `a AND b AND …` as a tree of few levels; the order of its conditions stays."""
        found = [(begin, self.behind, first)]
        while self.accept(word):
            start = self.token.start
            side = self.expression(_BINARY[word])
            found.append((start, self.behind, side))
        while len(found) > 1:
            pairs = [_joined(word, found[at], found[at + 1]) for at in range(0, len(found) - 1, 2)]
            found = pairs if len(found) % 2 == 0 else [*pairs, found[-1]]
        return found[0][2]

    def infix(self, begin: int, left: Node, word: str) -> Node:
        power = _BINARY[word]
        self.advance()
        negated = word == "not"
        if negated:
            word = self.word()
            self.advance()
        if word == "is":
            negated = self.accept("not")
            end = self.expect("null")
            return IsNull(start=begin, end=end.end, operand=left, negated=negated)
        if word == "in":
            self.expect("(")
            options = self.arguments()
            if not options:
                self.fail(
                    self.tokens[self.at - 1], "the list after IN is empty; values stand in it"
                )
            return In(start=begin, end=self.behind, operand=left, options=options, negated=negated)
        if word == "between":
            low = self.expression(_COMPARE)
            self.expect("and")
            high = self.expression(_COMPARE)
            return Between(
                start=begin, end=self.behind, operand=left, low=low, high=high, negated=negated
            )
        right = self.expression(power)
        op = "<>" if word == "!=" else word
        node: Node = Binary(start=begin, end=self.behind, op=op, left=left, right=right)
        if negated:
            node = Not(start=begin, end=self.behind, operand=node)
        return node

    def prefix(self) -> Node:
        token = self.token
        word = self.word()
        if word == "not":
            self.advance()
            operand = self.expression(_NOT)
            return Not(start=token.start, end=self.behind, operand=operand)
        if word in {"-", "+"}:
            self.advance()
            operand = self.expression(_NEGATE)
            if word == "+":
                return operand
            if isinstance(operand, Literal) and isinstance(operand.value, Decimal):
                # copy_negate, because unary minus would round by the ambient context.
                return Literal(
                    start=token.start, end=self.behind, value=operand.value.copy_negate()
                )
            return Negate(start=token.start, end=self.behind, operand=operand)
        if word == "(":
            self.advance()
            inner = self.expression(0)
            self.expect(")")
            return inner
        if word == "case":
            return self.case()
        if word in {"true", "false", "null"}:
            self.advance()
            value = None if word == "null" else word == "true"
            return Literal(start=token.start, end=token.end, value=value)
        return self.atom(token, word)

    def atom(self, token: Token, word: str) -> Node:
        if token.kind == "number":
            self.advance()
            self.refuse_bare_date(token)
            if self.token.kind == "name" and self.token.start == token.end:
                self.fail(self.token, f"{self.token.value} follows a number")
            return Literal(
                start=token.start, end=token.end, value=Decimal(token.value.replace("_", ""))
            )
        if token.kind == "text":
            self.advance()
            text = token.value[1:-1].replace("''", "'")
            return Literal(start=token.start, end=token.end, value=text)
        if token.kind == "quoted":
            self.advance()
            name = token.value[1:-1].replace('""', '"')
            return Name(start=token.start, end=token.end, parts=(name,), quoted=True)
        if token.kind != "name" or word:
            shown = self.found()
            self.fail(token, f"{shown}; a column, number, function or ( may stand here")
        self.advance()
        if self.token.kind in {"text", "number"} and token.value.lower() in {"date", "interval"}:
            return self.of_time(token)
        if self.word() == "(":
            self.advance()
            return self.call(token)
        return self.name(token)

    def refuse_bare_date(self, year: Token) -> None:
        """Refuse 2026-01-31, which would be a subtraction."""
        if self.word() != "-" or self.token.start != year.end:
            return
        words = self.tokens[self.at - 1 : self.at + 4]
        text = "".join(word.value for word in words)
        if _DATE.fullmatch(text) and words[-1].end - year.start == len(text):
            message = f"{text} stands without quotes; a date stands in them"
            self.fail(year._replace(end=words[-1].end), message, f"write '{text}'")

    def name(self, token: Token) -> Node:
        parts = [token.value]
        end = token.end
        while self.word() == ".":
            self.advance()
            part = self.token
            if part.kind not in {"name", "quoted"}:
                self.fail(part, f"{self.found()}; a column or output may stand after the dot")
            self.advance()
            parts.append(part.value.strip('"'))
            end = part.end
        return Name(start=token.start, end=end, parts=tuple(parts))

    def of_time(self, token: Token) -> Node:
        text = self.advance()
        if token.value.lower() == "interval":
            return self.interval(token, text)
        value = read_date(text.value[1:-1])
        if value is None:
            self.fail(text, f"{text.value} is not a date", "write DATE '2026-01-31'")
        return Literal(start=token.start, end=text.end, value=value)

    def interval(self, token: Token, count: Token) -> Node:
        written = count.value.strip("'").strip().replace("_", "")
        if not written.removeprefix("-").isdecimal() or not written.isascii():
            self.fail(count, f"{count.value} is no whole number", "write INTERVAL '3' MONTH")
        unit = _UNITS.get(self.token.value.lower())
        if unit is None:
            self.fail(self.token, f"{self.found()}; DAY, MONTH or YEAR may stand here")
        end = self.advance()
        return Interval(start=token.start, end=end.end, count=Decimal(written), unit=unit)

    def call(self, name: Token) -> Node:
        arguments = self.arguments()
        condition: Node | None = None
        peers: tuple[Node, ...] | None = None
        if self.accept("filter"):
            self.expect("(")
            if self.token.value.lower() != "where":
                self.fail(self.token, f"{self.found()}; WHERE may stand here")
            self.advance()
            condition = self.expression(0)
            self.expect(")")
        if self.accept("over"):
            if self.token.value.lower() != "peers":
                self.fail(self.token, f"{self.found()}; peers(…) may stand here")
            self.advance()
            self.expect("(")
            peers = self.arguments()
        return Call(
            start=name.start,
            end=self.behind,
            function=name.value.lower(),
            arguments=arguments,
            filter=condition,
            peers=peers,
        )

    def arguments(self) -> tuple[Node, ...]:
        """Read up to and including the closing bracket; the opening one is read already."""
        if self.accept(")"):
            return ()
        found = [self.expression(0)]
        while self.accept(","):
            found.append(self.expression(0))
        if self.word() != ")":
            self.fail(self.token, f"{self.found()}; , or ) may stand here")
        self.advance()
        return tuple(found)

    def case(self) -> Node:
        start = self.advance()
        subject = None if self.word() == "when" else self.expression(0)
        branches: list[tuple[Node, Node]] = []
        while self.accept("when"):
            condition = self.expression(0)
            if subject is not None:
                condition = Binary(
                    start=condition.start, end=condition.end, op="=", left=subject, right=condition
                )
            self.expect("then")
            branches.append((condition, self.expression(0)))
        if not branches:
            self.fail(self.token, f"{self.found()}; WHEN may stand here")
        default = self.expression(0) if self.accept("else") else None
        end = self.expect("end")
        return Case(start=start.start, end=end.end, branches=tuple(branches), default=default)


_Placed = tuple[int, int, Node]


def _joined(word: str, left: _Placed, right: _Placed) -> _Placed:
    start, end = left[0], right[1]
    return start, end, Binary(start=start, end=end, op=word, left=left[2], right=right[2])
