"""Expressions: one formula with checked units, as Python, as SQL and on exact rationals."""

from rules_engine.expressions.check import check, proven_not_null
from rules_engine.expressions.parser import parse
from rules_engine.expressions.scope import Parameter, Relation, Scope
from rules_engine.expressions.sites import Site, Sites
from rules_engine.expressions.syntax import Node
from rules_engine.expressions.tokens import ExpressionError, Finding
from rules_engine.expressions.tree import Expression
from rules_engine.expressions.types import Kind, TableType, Type

__all__ = [
    "Expression",
    "ExpressionError",
    "Finding",
    "Kind",
    "Node",
    "Parameter",
    "Relation",
    "Scope",
    "Site",
    "Sites",
    "TableType",
    "Type",
    "check",
    "parse",
    "proven_not_null",
]
