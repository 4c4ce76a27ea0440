"""One value in another dialect: its SQL, what it is, and what the database keeps it in."""

from typing import Final

from attrs import evolve, frozen
from sqlglot import exp

from rules_engine.expressions.types import Kind, Type
from rules_engine.warehouse.bounds import INT32, Bounds, Stored

__all__ = [
    "DATE",
    "NULL",
    "TEXT",
    "TRUTH",
    "Column",
    "InexactError",
    "Term",
    "bracketed",
    "column_of",
    "shown",
    "whole_literal",
]

_LONGEST: Final = 80
_SORTS: Final = {Kind.DATE: "date", Kind.BOOLEAN: "boolean", Kind.CODE: "text", Kind.TEXT: "text"}


class InexactError(ValueError):
    """A dialect would not compute this exactly, or nobody has proven that it does."""


@frozen(kw_only=True)
class Column:
    """What is known of a value.

    Attributes:
        sort: number, text, date, boolean, or null where it is never anything else.
        bounds: Range of a number.
        stored: What a number is kept in; its places are those of `bounds`.
        base: Whether it stands in a table that others made, in whatever width they chose.
    """

    sort: str
    bounds: Bounds | None = None
    stored: Stored | None = None
    base: bool = False


DATE: Final = Column(sort="date")
NULL: Final = Column(sort="null")
TEXT: Final = Column(sort="text")
TRUTH: Final = Column(sort="boolean")


@frozen(kw_only=True)
class Term:
    """A value as SQL.

    Attributes:
        node: Its SQL in the other dialect.
        about: What is known of it.
        is_literal: Whether it is a whole number as it is written.
    """

    node: exp.Expr
    about: Column
    is_literal: bool = False

    @property
    def sort(self) -> str:
        """What it is."""
        return self.about.sort

    @property
    def bounds(self) -> Bounds:
        """Range of a number."""
        if self.about.bounds is None:
            msg = f"{shown(self.node)} is no number"
            raise InexactError(msg)
        return self.about.bounds

    @property
    def stored(self) -> Stored:
        """What a number is kept in."""
        return self.about.stored or Stored(None)

    @property
    def is_machine(self) -> bool:
        """Whether it is a machine integer."""
        return self.stored.digits is None

    def as_number(self, node: exp.Expr, bounds: Bounds, stored: Stored) -> "Term":
        """Give another number, computed from this one."""
        return Term(node=node, about=Column(sort="number", bounds=bounds, stored=stored))

    def known(self, bounds: Bounds) -> "Term":
        """Give the same value, of which more is known."""
        return evolve(self, about=evolve(self.about, bounds=bounds))


def column_of(type_: Type, *, base: bool = True) -> Column:
    """Say what is known of a declared column."""
    if type_.kind in _SORTS:
        return Column(sort=_SORTS[type_.kind], base=base)
    bounds = Bounds.of(type_)
    is_machine = type_.kind in {Kind.COUNT, Kind.DAYS} and bounds.size <= INT32
    stored = Stored(None) if is_machine else Stored(bounds.digits, bounds.scale)
    return Column(sort="number", bounds=bounds, stored=stored, base=base)


def whole_literal(value: int) -> Term:
    """Give a whole number as it is written."""
    node: exp.Expr = exp.Literal.number(abs(value))
    if value < 0:
        node = exp.Neg(this=node)
    bounds = Bounds(0, value, value)
    stored = Stored(None) if abs(value) <= INT32 else Stored(bounds.digits, 0)
    return Term(
        node=node,
        about=Column(sort="number", bounds=bounds, stored=stored),
        is_literal=True,
    )


def shown(node: exp.Expr) -> str:
    """Write the beginning of what cannot be translated."""
    written = node.sql("duckdb")
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]} …"


def bracketed(node: exp.Expr) -> exp.Expr:
    """Put a part in brackets where its place could change its meaning."""
    loose = exp.Binary | exp.Unary | exp.Between | exp.In
    return exp.Paren(this=node) if isinstance(node, loose) and not _closed(node) else node


def _closed(node: exp.Expr) -> bool:
    # A function that sqlglot counts among the operators closes itself.
    return isinstance(node, exp.Paren | exp.Func) and not isinstance(node, exp.Connector)
