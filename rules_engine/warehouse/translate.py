"""An expression in DuckDB's dialect turned into another one; a node that is unknown is refused."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from sqlglot import exp

from rules_engine.warehouse import arithmetic, choices, conditions, days, values, windows
from rules_engine.warehouse.numbers import Numbers
from rules_engine.warehouse.target import Target
from rules_engine.warehouse.term import Column, InexactError, Term, shown

__all__ = ["Scope", "Translator"]

Scope = Mapping[str, Mapping[str, Column]]
"""Columns by the name of their row source."""

Translate = Callable[["Translator", Any], Term]


@frozen
class Translator:
    """Translates the expressions of one SELECT.

    Attributes:
        target: The other dialect.
        scope: What its columns are.
        is_final: Whether the widths that are written are those of the result.
    """

    target: Target
    scope: Scope
    is_final: bool = False

    @property
    def numbers(self) -> Numbers:
        """Its arithmetic."""
        return Numbers(self.target)

    def term(self, node: exp.Expr) -> Term:
        """Translate a value.

        Raises:
            InexactError: It is not known, or not proven, to be the same in the other dialect.
        """
        translate = _NODES.get(type(node))
        if translate is None:
            msg = f"{shown(node)}: no exact translation of {type(node).__name__} is known"
            raise InexactError(msg)
        return translate(self, node)

    def terms(self, nodes: Sequence[exp.Expr]) -> list[Term]:
        """Translate several values."""
        return [self.term(node) for node in nodes]

    def meet(self, nodes: Sequence[exp.Expr]) -> list[Term]:
        """Translate values that are compared with each other."""
        return choices.aligned(self, self.terms(nodes))[0]


_NODES: Final[Mapping[type[exp.Expr], Translate]] = {
    exp.Paren: values.bracket,
    exp.Column: values.column,
    exp.Literal: values.literal,
    exp.Boolean: values.boolean,
    exp.Null: values.null,
    exp.Cast: values.cast,
    exp.DateDiff: days.between,
    exp.Year: days.part,
    exp.Month: days.part,
    exp.Day: days.part,
    exp.LastDay: days.last_of_month,
    exp.Add: arithmetic.add,
    exp.Sub: arithmetic.subtract,
    exp.Mul: arithmetic.multiply,
    exp.IntDiv: arithmetic.divide,
    exp.Mod: arithmetic.rest,
    exp.Neg: arithmetic.negate,
    exp.Abs: arithmetic.absolute,
    exp.Sign: arithmetic.sign,
    exp.Round: arithmetic.rounded,
    exp.Case: choices.case,
    exp.Coalesce: choices.coalesce,
    exp.Least: choices.extremum,
    exp.Greatest: choices.extremum,
    exp.Nullif: choices.nullif,
    exp.EQ: conditions.compare,
    exp.NEQ: conditions.compare,
    exp.LT: conditions.order,
    exp.LTE: conditions.order,
    exp.GT: conditions.order,
    exp.GTE: conditions.order,
    exp.And: conditions.connect,
    exp.Or: conditions.connect,
    exp.Not: conditions.negate,
    exp.Is: conditions.is_null,
    exp.NullSafeNEQ: conditions.compare,
    exp.Between: conditions.between,
    exp.In: conditions.is_listed,
    exp.Like: conditions.like,
    exp.Window: windows.window,
}
"""Every node that is known; a new one is refused until its translation is proven here."""
