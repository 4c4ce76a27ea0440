"""Columns, constants and casts in another dialect."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from rules_engine.warehouse.bounds import Bounds, Stored
from rules_engine.warehouse.term import (
    DATE,
    NULL,
    TEXT,
    TRUTH,
    Column,
    InexactError,
    Term,
    shown,
    whole_literal,
)

if TYPE_CHECKING:
    from rules_engine.warehouse.translate import Translator

__all__ = ["boolean", "bracket", "cast", "column", "literal", "null"]

_WHOLES: Final = frozenset({exp.DType.BIGINT, exp.DType.INT128})
_MACHINE: Final = frozenset({exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT})


def bracket(translator: "Translator", node: exp.Paren) -> Term:
    """Translate what stands in brackets; whoever takes it writes them where they are needed."""
    return translator.term(node.this)


def column(translator: "Translator", node: exp.Column) -> Term:
    """Translate a column."""
    about = translator.scope.get(node.table, {}).get(node.name)
    if not node.table and len(translator.scope) == 1:
        about = next(iter(translator.scope.values())).get(node.name)
    if about is None:
        msg = f"{shown(node)} is no column that is known"
        raise InexactError(msg)
    term = Term(node=node.copy(), about=about)
    if about.base and about.sort == "number" and not term.is_machine:
        # Whatever width its table has, it is computed in the width that is proven.
        return translator.numbers.narrow(term)
    return term


def literal(translator: "Translator", node: exp.Literal) -> Term:
    """Translate a text or a number."""
    if node.is_string:
        return Term(node=node.copy(), about=TEXT)
    value = Decimal(node.this)
    bounds = Bounds.exactly(value)
    if bounds.scale == 0:
        return whole_literal(bounds.low)
    written: exp.Expr = exp.Literal.number(f"{value:f}")
    if not translator.target.plain_decimals:
        number = translator.numbers.type_of(bounds.digits, bounds.scale)
        written = exp.Cast(this=exp.Literal.string(f"{value:f}"), to=number)
    stored = Stored(bounds.digits, bounds.scale)
    return Term(node=written, about=Column(sort="number", bounds=bounds, stored=stored))


def boolean(_: "Translator", node: exp.Boolean) -> Term:
    """Translate TRUE and FALSE."""
    return Term(node=node.copy(), about=TRUTH)


def null(_: "Translator", node: exp.Null) -> Term:
    """Translate a value that is absent."""
    return Term(node=node.copy(), about=NULL)


def cast(translator: "Translator", node: exp.Cast) -> Term:
    """Translate a cast to a decimal, a whole number or a date."""
    to: exp.DataType = node.to
    if to.this == exp.DType.DATE:
        return _date(translator, node)
    if to.this == exp.DType.DECIMAL:
        digits, scale = (int(part.name) for part in to.expressions)
        return _decimal(translator, node.this, digits, scale)
    if to.this not in _WHOLES | _MACHINE:
        msg = f"{shown(node)}: no exact translation of this type is known"
        raise InexactError(msg)
    term = translator.term(node.this)
    if term.sort == "null":
        is_machine = to.this in _MACHINE
        stored = Stored(None) if is_machine else Stored(1, 0)
        type_ = to.copy() if is_machine else translator.numbers.type_of(1, 0)
        return term.as_number(exp.Cast(this=term.node, to=type_), Bounds(0, 0, 0), stored)
    if to.this in _MACHINE:
        return _machine(translator, term, to)
    return translator.numbers.cast(term, term.bounds.at(0).digits, 0) if term.bounds.scale else term


def _machine(translator: "Translator", term: Term, to: exp.DataType) -> Term:
    # What is computed further has 32 bits, because narrower numbers may stay narrow.
    width = to.copy() if translator.is_final else exp.DataType.build("INT")
    if term.sort == "boolean":
        return term.as_number(exp.Cast(this=term.node, to=width), Bounds(0, 0, 1), Stored(None))
    made = translator.numbers.integer(term)
    if not translator.is_final or not term.is_machine:
        return made
    return made.as_number(exp.Cast(this=made.node, to=width), made.bounds, Stored(None))


def _decimal(translator: "Translator", node: exp.Expr, digits: int, scale: int) -> Term:
    numbers = translator.numbers
    if isinstance(node, exp.Literal) and node.is_string:
        # A number too long for a plain literal.
        bounds = Bounds.exactly(Decimal(node.this)).at(scale)
        made = exp.Cast(this=node.copy(), to=numbers.type_of(bounds.digits, scale))
        stored = Stored(bounds.digits, scale)
        return Term(node=made, about=Column(sort="number", bounds=bounds, stored=stored))
    term = translator.term(node)
    if term.sort == "null":
        made = exp.Cast(this=term.node, to=numbers.type_of(digits, scale))
        return term.as_number(made, Bounds(scale, 0, 0), Stored(digits, scale))
    if translator.is_final:
        return numbers.cast(term, digits, scale)
    if term.is_literal and scale == 0:
        return term
    return numbers.cast(term, term.bounds.at(scale).within(digits).digits, scale)


def _date(translator: "Translator", node: exp.Cast) -> Term:
    inner = node.this
    if isinstance(inner, exp.Literal) and inner.is_string:
        return Term(node=node.copy(), about=DATE)
    term = translator.term(inner)
    if term.sort == "null":
        return Term(node=exp.Cast(this=term.node, to=node.to.copy()), about=DATE)
    if term.sort != "date":
        msg = f"{shown(node)} makes a date of what is none"
        raise InexactError(msg)
    return term
