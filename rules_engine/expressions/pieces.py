"""Joins to small tables that formulas make: pieces of a curve, and results computed beforehand."""

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from rules_engine.expressions import tree
from rules_engine.expressions.dialect import bucket, common, constant, quote
from rules_engine.expressions.rational import next_key_type
from rules_engine.expressions.types import EXACT, TableType

__all__ = ["CurveJoin", "ResultsJoin"]

_NAMES = ("x", "y")


@frozen(kw_only=True)
class CurveJoin:
    """The row of a table below a value, and the row above it.

    Attributes:
        alias: What the join is called.
        node: The interpolation.
        table: Shape of the table.
        at: SQL of the value.
        days: SQL that tells whether a row's dates hold the row's date, by first and last day; None
            for a table without dates.
    """

    alias: str
    node: tree.Interpolate
    table: TableType
    at: str
    days: str | None

    @property
    def found(self) -> str:
        """SQL that is true where there are such rows."""
        return f"{self.alias}.key IS NOT NULL"

    def __str__(self) -> str:
        """Write the join; after the last row, the next key is the smallest that is larger."""
        key, value = quote(self.table.key[0]), quote(self.node.column)
        type_ = next_key_type(self.node)
        digits, scale = common([type_])
        wide = f"DECIMAL({bucket(digits or 0)}, {scale})"
        unit = f"{Decimal(1).scaleb(-scale, EXACT):f}"
        dates = [quote(name) for name in self.table.effective or ()]
        by = f"PARTITION BY {', '.join(dates)} " if dates else ""
        over = f"OVER ({by}ORDER BY {key})"
        columns = [
            f"{key} AS key",
            f"{value} AS value",
            f"CAST(coalesce(lead({key}) {over}, {key} + {unit}) AS {wide}) AS next_key",
            f"coalesce(lead({value}) {over}, {value}) AS next_value",
            *dates,
        ]
        inside = "" if self.days is None else f" AND {self.days}"
        return (
            f"LEFT JOIN (SELECT {', '.join(columns)} FROM {quote(self.table.name)}) AS {self.alias}"
            f" ON {self.at} >= {self.alias}.key AND {self.at} < {self.alias}.next_key{inside}"
        )


@frozen(kw_only=True)
class ResultsJoin:
    """The results of a function for all that its arguments can be.

    Attributes:
        alias: What the join is called.
        node: The function.
        arguments: SQL of its arguments.
    """

    alias: str
    node: tree.Elementary
    arguments: Sequence[str]

    @property
    def found(self) -> str:
        """SQL that is true where there is a result."""
        return f"{self.alias}.result IS NOT NULL"

    def __str__(self) -> str:
        """Write the join; arguments without a result are left out."""
        names = _NAMES[: len(self.arguments)]
        scales = [argument.type.scale or 0 for argument in self.node.arguments]
        rows = []
        for point, result in self.node.results or ():
            if result is not None:
                shown = [f"{x:.{scale}f}" for x, scale in zip(point, scales, strict=True)]
                rows.append(f"({', '.join([*shown, constant(result)])})")
        listed = f"VALUES {', '.join(rows)}"
        if not rows:
            listed = f"SELECT {', '.join('0' for _ in (*names, 'result'))} WHERE FALSE"
        pairs = zip(names, self.arguments, strict=True)
        condition = " AND ".join(f"{self.alias}.{name} = {sql}" for name, sql in pairs)
        columns = ", ".join((*names, "result"))
        return f"LEFT JOIN ({listed}) AS {self.alias}({columns}) ON {condition}"
