"""Amounts of a row in SQL: written as they are posted, and held to their range."""

from rules_engine.expressions import Expression, Sites, tree
from rules_engine.expressions.quotient import by_division
from rules_engine.expressions.sql import SqlWriter, decimal
from rules_engine.pricing.plan import AMOUNT, EXCEEDS, may_exceed

__all__ = ["narrowed", "posted", "refused"]


def posted(writer: SqlWriter, expression: Expression, scale: int) -> str:
    """Write an amount as it is posted."""
    written = writer.write(expression)
    width = f"DECIMAL({38 if may_exceed(expression) else 18}, {scale})"
    # A sum that is rounded to the posted scale has been cast to it.
    rounds = isinstance(expression, tree.Round) and not by_division(expression)
    is_cast = rounds and written.startswith("CAST(round(")
    return (
        written if is_cast and decimal(expression.type) == width else f"CAST({written} AS {width})"
    )


def refused(expression: Expression, column: str, sites: Sites) -> str | None:
    """Write what rejects a row whose amount, now in a column, is null or too large."""
    tests = []
    if expression.type.nullable:
        null = sites.number("RE605", "a null reaches an amount")
        tests.append(f"WHEN l.{column} IS NULL THEN {null}")
    if may_exceed(expression):
        large = sites.number("RE612", EXCEEDS)
        tests.append(f"WHEN abs(l.{column}) > {AMOUNT.high} THEN {large}")
    return f"CASE {' '.join(tests)} END" if tests else None


def narrowed(column: str, scale: int) -> str:
    """Write an amount in the width that all amounts have; null where it is too large."""
    fits = f"CAST(l.{column} AS DECIMAL(18, {scale}))"
    return f"CASE WHEN abs(l.{column}) <= {AMOUNT.high} THEN {fits} END"
