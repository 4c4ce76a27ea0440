"""Comparisons, AND, OR, NOT, IN and LIKE in another dialect."""

from typing import TYPE_CHECKING

from sqlglot import exp

from rules_engine.warehouse.choices import by_code_points
from rules_engine.warehouse.term import TRUTH, InexactError, Term, bracketed, shown

if TYPE_CHECKING:
    from rules_engine.warehouse.translate import Translator

__all__ = [
    "between",
    "compare",
    "connect",
    "is_listed",
    "is_null",
    "like",
    "negate",
    "order",
]


def _condition(node: exp.Expr) -> Term:
    return Term(node=node, about=TRUTH)


def compare(translator: "Translator", node: exp.Binary) -> Term:
    """Translate whether two values are the same."""
    left, right = (bracketed(term.node) for term in translator.meet([node.this, node.expression]))
    return _condition(type(node)(this=left, expression=right))


def order(translator: "Translator", node: exp.Binary) -> Term:
    """Translate which of two values is the smaller one."""
    first, second = translator.meet([node.this, node.expression])
    left, right = bracketed(by_code_points(translator, first)), bracketed(second.node)
    return _condition(type(node)(this=left, expression=right))


def between(translator: "Translator", node: exp.Between) -> Term:
    """Translate whether a value lies between two others."""
    found, *ends = translator.meet([node.this, node.args["low"], node.args["high"]])
    low, high = (bracketed(end.node) for end in ends)
    value = bracketed(by_code_points(translator, found))
    return _condition(exp.Between(this=value, low=low, high=high))


def connect(translator: "Translator", node: exp.And | exp.Or) -> Term:
    """Translate a chain of AND or OR."""
    waiting: list[exp.Expr] = [node]
    parts: list[exp.Expr] = []
    while waiting:
        # A chain of a hundred conditions is one level deep here, as it is to its reader.
        part = waiting.pop().unnest()
        if type(part) is type(node):
            waiting += [part.args["expression"], part.this]
        else:
            made = translator.term(part).node
            parts.append(exp.Paren(this=made) if isinstance(made, exp.Connector) else made)
    combined = parts[0]
    for part in parts[1:]:
        combined = type(node)(this=combined, expression=part)
    return _condition(combined)


def negate(translator: "Translator", node: exp.Not) -> Term:
    """Translate NOT; what is denied twice is said plainly."""
    made = translator.term(node.this).node
    if isinstance(made, exp.Not):
        return _condition(made.this.unnest())
    return _condition(exp.Not(this=made if isinstance(made, exp.Is) else bracketed(made)))


def is_null(translator: "Translator", node: exp.Is) -> Term:
    """Translate whether a value is absent."""
    if not isinstance(node.expression, exp.Null):
        msg = f"{shown(node)} asks for something else than null"
        raise InexactError(msg)
    term = translator.term(node.this)
    asked = node.this.unnest()
    # The width of a column does not matter here.
    value = asked.copy() if isinstance(asked, exp.Column) else bracketed(term.node)
    return _condition(exp.Is(this=value, expression=exp.Null()))


def is_listed(translator: "Translator", node: exp.In) -> Term:
    """Translate whether a value is one of several."""
    if any(value and name not in {"this", "expressions"} for name, value in node.args.items()):
        msg = f"{shown(node)}: only lists of values are translated"
        raise InexactError(msg)
    found, *options = translator.meet([node.this, *node.expressions])
    listed = [option.node for option in options]
    return _condition(exp.In(this=bracketed(found.node), expressions=listed))


def like(translator: "Translator", node: exp.Like) -> Term:
    """Translate a pattern; a backslash in it stands for itself, as it does in DuckDB."""
    found, pattern = translator.term(node.this), node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        msg = f"{shown(node)}: only patterns that are written out are translated"
        raise InexactError(msg)
    escape = translator.target.like_escape if "\\" in pattern.this else "never"
    if escape == "always":
        pattern = exp.Literal.string(pattern.this.replace("\\", "\\\\"))
    made: exp.Expr = exp.Like(this=bracketed(found.node), expression=pattern.copy())
    if escape == "unless":
        made = exp.Escape(this=made, expression=exp.Literal.string(""))
    return _condition(made)
