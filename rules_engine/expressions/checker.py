"""The walk that resolves names and gives every part of an expression its type."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeVar

from rules_engine.expressions import calls, names, operators, syntax, tree, units
from rules_engine.expressions.findings import Finding, WrongError
from rules_engine.expressions.scope import Scope
from rules_engine.expressions.size import LARGEST, WIDEST
from rules_engine.expressions.types import EXACT, Kind, Type, places

__all__ = ["BOOLEAN", "NULL", "Checker", "plain"]

_Part = TypeVar("_Part")

BOOLEAN: Final = Type(Kind.BOOLEAN)
_DATE: Final = Type(Kind.DATE)
_TEXT: Final = Type(Kind.TEXT)
NULL: Final = Type(Kind.TEXT, nullable=True, free=True)


class Checker:
    """Types one expression and keeps what is wrong with it.

    Attributes:
        scope: What names may mean.
        findings: What was wrong so far.
        not_null: Columns that conditions around the present part have tested.
        refusal: Why no division may stand at the present part; None where one may.
        is_aside: Whether the present part stands within one that is wrong already; where
            quotients may stand is not asked there.
    """

    def __init__(self, scope: Scope) -> None:
        """Begin outside of every condition and ROUND."""
        self.scope = scope
        self.findings: list[Finding] = []
        self.not_null = scope.not_null
        self.refusal = None if scope.profile == "settlement" else "outside ROUND"
        self.is_aside = False
        self.visits = 0

    # -- findings

    def report(self, node: syntax.Node, code: str, message: str, help_: str | None = None) -> None:
        """Keep a finding at a part."""
        length = max(1, node.end - node.start)
        self.findings.append(Finding(node.start, length, code, message, help_))

    def wrong(
        self, node: syntax.Node, code: str, message: str, help_: str | None = None
    ) -> WrongError:
        """Keep a finding that leaves the part without a type."""
        self.report(node, code, message, help_)
        return WrongError()

    def count_arguments(self, node: syntax.Call, fewest: int, most: int | None) -> None:
        """Refuse too few or too many arguments; None for any number."""
        found = len(node.arguments)
        if found >= fewest and (most is None or found <= most):
            return
        calls.look_aside(self, node)
        wanted = f"{fewest} to {most}"
        if most is None:
            wanted = f"{fewest} or more"
        elif most == fewest:
            wanted = f"{fewest}" if fewest else "none"
        given = "1 argument" if found == 1 else f"{found} arguments"
        raise self.wrong(node, "RE405", f"{node.function} has {given}; it takes {wanted}")

    def count(self, parts: int, node: syntax.Node) -> None:
        """Count parts of the tree, so that what stands for much text cannot grow without bound."""
        self.visits += parts
        if self.visits > LARGEST:
            raise self.wrong(
                node,
                "RE414",
                f"the formula has more than {LARGEST} parts, counting what its names stand for",
                "give parts of it to rules of their own",
            )

    # -- where divisions may stand

    @contextmanager
    def refusing(self, where: str | None) -> Iterator[None]:
        """Refuse divisions within, or with None allow them again."""
        kept = self.refusal
        if self.scope.profile != "settlement" and (where is None or kept is None):
            self.refusal = where
        try:
            yield
        finally:
            self.refusal = kept

    # -- parts

    def visit(self, node: syntax.Node) -> tree.Expression:
        """Give a part its type.

        Raises:
            WrongError: It has none; its finding is kept.
        """
        self.count(1, node)
        match node:
            case syntax.Literal():
                typed: tree.Expression = self.literal(node)
            case syntax.Name():
                typed = names.resolve(self, node)
            case syntax.Call():
                typed = calls.call(self, node)
            case _:
                typed = operators.operator(self, node)
        return typed

    def visit_all(self, nodes: Iterable[syntax.Node]) -> tuple[tree.Expression, ...]:
        """Type all of them, so that one wrong part does not hide another."""
        return self.every(self.visit, nodes)

    def every(
        self, typed: Callable[[_Part], tree.Expression], parts: Iterable[_Part]
    ) -> tuple[tree.Expression, ...]:
        """Type several parts, each by itself.

        Raises:
            WrongError: One of them or more have no type; the findings of all are kept.
        """
        made: list[tree.Expression] = []
        failed = False
        for part in parts:
            try:
                made.append(typed(part))
            except WrongError:
                failed = True
        if failed:
            raise WrongError
        return tuple(made)

    def look_aside(self, nodes: Iterable[syntax.Node]) -> None:
        """Find what is wrong within the parts of something that is wrong itself."""
        kept, self.is_aside = self.is_aside, True
        try:
            with suppress(WrongError), self.refusing(None):
                # An interval is right or wrong by what stands beside it.
                self.visit_all(n for n in nodes if not isinstance(n, syntax.Interval))
        finally:
            self.is_aside = kept

    def condition(self, node: syntax.Node) -> tree.Expression:
        """Type a part that has to be true or false."""
        typed = self.visit(node)
        if typed.type.kind != Kind.BOOLEAN:
            raise self.wrong(
                node,
                "RE407",
                f"{units.show(typed.type)} is found; a condition may stand here",
                "compare it, as in x = 'value'",
            )
        return typed

    def numeric(self, typed: tree.Expression, node: syntax.Node, op: str) -> None:
        """Refuse what is no number before or in `op`."""
        if not typed.type.is_numeric:
            shown = units.show(typed.type)
            raise self.wrong(
                node, "RE406", f"{op} has {shown} beside it; a number or amount may stand there"
            )

    def literal(self, node: syntax.Literal) -> tree.Const:
        """Type a written value."""
        value = node.value
        match value:
            case None:
                type_ = NULL
            case bool():
                type_ = BOOLEAN
            case Decimal():
                _, written, exponent = value.as_tuple()
                if max(len(written), -int(exponent)) > WIDEST:
                    shown = max(len(written), -int(exponent))
                    raise self.wrong(
                        node, "RE409", f"the number has {shown} digits; it may have {WIDEST}"
                    )
                value, type_ = _number(value)
            case date():
                type_ = _DATE
            case _:
                type_ = _TEXT
        return tree.Const(type=type_, start=node.start, end=node.end, value=value)


@lru_cache(maxsize=1024)  # contracts write the same few numbers, and each is looked at closely
def _number(value: Decimal) -> tuple[Decimal, Type]:
    number = plain(value)
    return number, Type(Kind.NUMBER, scale=places(number), low=number, high=number, free=True)


def plain(value: Decimal) -> Decimal:
    """Give the same number without zeros at its end and without an exponent.

    1.10 is 1.1: the narrower number keeps products in machine integers.
    """
    return value.quantize(Decimal(1).scaleb(-places(value), EXACT), context=EXACT)
