"""Sums, products, quotients and roundings in another dialect."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from rules_engine.warehouse import days
from rules_engine.warehouse.bounds import Bounds
from rules_engine.warehouse.term import InexactError, Term, shown

if TYPE_CHECKING:
    from rules_engine.warehouse.translate import Translator

__all__ = [
    "absolute",
    "add",
    "divide",
    "multiply",
    "negate",
    "rest",
    "rounded",
    "sign",
    "subtract",
]


def add(translator: "Translator", node: exp.Add) -> Term:
    """Translate a sum, or days after a date."""
    return _plus(translator, node, translator.numbers.total)


def subtract(translator: "Translator", node: exp.Sub) -> Term:
    """Translate a difference, or days before a date."""
    return _plus(translator, node, translator.numbers.difference)


def _plus(
    translator: "Translator", node: exp.Add | exp.Sub, combine: Callable[[Term, Term], Term]
) -> Term:
    left = translator.term(node.this)
    if left.sort == "date":
        return days.moved(translator, left, node.expression, back=isinstance(node, exp.Sub))
    right = translator.term(node.expression)
    return _absent(left, right) or combine(left, right)


def multiply(translator: "Translator", node: exp.Mul) -> Term:
    """Translate a product."""
    left, right = translator.terms([node.this, node.expression])
    return _absent(left, right) or translator.numbers.product(left, right)


def divide(translator: "Translator", node: exp.IntDiv) -> Term:
    """Translate a whole quotient, cut towards zero."""
    left, right = translator.terms([node.this, node.expression])
    known = _share(translator, node.this.unnest(), node.expression.unnest())
    return _absent(left, right) or translator.numbers.quotient(left, right, known)


def _share(translator: "Translator", above: exp.Expr, below: exp.Expr) -> Bounds | None:
    """Bound `x * weight // sum(weight) OVER (…)`, which is no more than x."""
    if not (isinstance(below, exp.Window) and isinstance(below.this, exp.Sum)):
        return None
    if not (isinstance(above, exp.Mul) and above.expression == below.this.this):
        return None
    whole, weight = translator.terms([above.this, above.expression])
    if whole.bounds.low < 0 or whole.bounds.scale or weight.bounds.low < 0:
        return None
    return Bounds(0, 0, whole.bounds.high)


def rest(translator: "Translator", node: exp.Mod) -> Term:
    """Translate what a whole division leaves."""
    left, right = translator.terms([node.this, node.expression])
    return _absent(left, right) or translator.numbers.rest(left, right)


def negate(translator: "Translator", node: exp.Neg) -> Term:
    """Translate the opposite number."""
    term = translator.term(node.this)
    return _absent(term) or translator.numbers.negative(term)


def absolute(translator: "Translator", node: exp.Abs) -> Term:
    """Translate the distance from zero."""
    term = translator.term(node.this)
    return _absent(term) or translator.numbers.absolute(term)


def sign(translator: "Translator", node: exp.Sign) -> Term:
    """Translate -1, 0 or 1."""
    term = translator.term(node.this)
    return _absent(term) or translator.numbers.sign(term)


def rounded(translator: "Translator", node: exp.Round) -> Term:
    """Translate a rounding of halves away from zero."""
    term = translator.term(node.this)
    return _absent(term) or translator.numbers.rounded(term, int(node.args["decimals"].name))


def _absent(*terms: Term) -> Term | None:
    """Give null where a part is always null."""
    for term in terms:
        if term.sort not in {"null", "number"}:
            msg = f"{shown(term.node)} is no number"
            raise InexactError(msg)
    return next((term for term in terms if term.sort == "null"), None)
