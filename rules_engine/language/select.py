"""What may stand in a query of a methodology: one SELECT that every engine answers alike."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, Final

__all__ = ["FUNCTIONS", "faults"]

FUNCTIONS: Final = frozenset(
    {
        *("abs", "ceil", "coalesce", "concat", "floor", "greatest", "least", "nullif", "sign"),
        *("count", "max", "min", "sum", "filter", "dense_rank", "lag", "lead", "rank"),
        *("row_number", "left", "length", "lower", "right", "substring", "trim", "upper"),
        *("add_months", "date_add", "date_diff", "date_sub", "date_trunc", "day", "extract"),
        *("last_day", "make_date", "month", "quarter", "year"),
    }
)
"""Functions that a query may call; others divide, round, guess, or read the world."""

_WHOLE: Final = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT", "INT128"})
_TYPES: Final = _WHOLE | {"VARCHAR", "TEXT", "DATE", "BOOLEAN", "DECIMAL", "INTERVAL"}
"""Types that a value may be cast to, as the parser names them; none is a binary fraction."""


def faults(select: str, relations: Collection[str]) -> list[str]:
    """Say what may not stand in a query; nothing where all of it may.

    Args:
        select: The query, in DuckDB's dialect.
        relations: Names that may stand after FROM and JOIN.
    """
    return list(_found(select, frozenset(relations)))


# A methodology writes the same queries for most rulesets, and reading one takes longer than
# trying it.
@lru_cache(maxsize=1024)
def _found(select: str, relations: frozenset[str]) -> tuple[str, ...]:
    # Only rulesets with such queries load it.
    import sqlglot  # noqa: PLC0415
    import sqlglot.expressions as g  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    try:
        parsed = sqlglot.parse(select, read="duckdb")
    except SqlglotError as error:
        return (f"it does not read as SQL: {str(error).splitlines()[0]}",)
    if len(parsed) != 1 or not isinstance(parsed[0], g.Query):
        return ("it is no single SELECT",)
    own = {cte.alias for cte in parsed[0].find_all(g.CTE)}
    return tuple(dict.fromkeys(_faults(parsed[0], own | relations, g)))


def _faults(query: Any, relations: Collection[str], g: Any) -> Iterator[str]:  # noqa: C901, PLR0912  one line a node
    for node in query.walk():
        match node:
            case g.Table():
                if not isinstance(node.this, g.Identifier) or node.args.get("db"):
                    yield f"{node.sql(dialect='duckdb')} is read; a query reads rows that it names"
                elif node.name not in relations:
                    yield f"{node.name} is no relation of the query"
            case g.Lateral() | g.Unnest():
                yield f"{node.sql(dialect='duckdb')} makes rows of its own"
            case g.Div():
                yield f"{node.sql(dialect='duckdb')} divides; engines divide as binary fractions"
            case g.IntDiv() | g.Mod():
                # Of decimals DuckDB makes binary fractions first.
                if not all(_is_whole(side, g) for side in (node.left, node.right)):
                    shown = node.sql(dialect="duckdb")
                    yield f"{shown} divides what is not cast to a whole number"
            case g.Distinct():
                if node.args.get("on") is not None:
                    yield f"{node.sql(dialect='duckdb')} takes some rows; a query takes all"
            case g.Literal():
                if not node.is_string and "e" in str(node.this).lower():
                    yield f"{node.this} is a binary fraction"
            case g.TryCast():
                yield f"{node.sql(dialect='duckdb')} hides what does not read"
            case g.Cast():
                kind = node.to.this.name
                if kind not in _TYPES:
                    yield f"{node.sql(dialect='duckdb')} casts to {kind}"
            case g.Anonymous():
                if node.name.lower() not in FUNCTIONS:
                    yield f"{node.name.lower()} is a function that a query may not call"
            case g.Limit() | g.Fetch() | g.TableSample():
                yield f"{node.sql(dialect='duckdb').strip()} takes some rows; a query takes all"
            case g.Func():
                name = _called(node, g)
                if name and name not in FUNCTIONS:
                    yield f"{name} is a function that a query may not call"


def _is_whole(node: Any, g: Any) -> bool:
    if isinstance(node, g.Paren):
        return _is_whole(node.this, g)
    if isinstance(node, g.Literal):
        return str(node.this).isdigit() and not node.is_string
    return isinstance(node, g.Cast) and node.to.this.name in _WHOLE


def _called(node: Any, g: Any) -> str:
    """Give what DuckDB calls a function; nothing for what is none, such as CASE and AND."""
    if isinstance(node, g.Case | g.If | g.Connector | g.Cast | g.Exists | g.Array):
        return "" if not isinstance(node, g.Array) else "array"
    written = node.sql(dialect="duckdb")
    name, bracket, _ = written.partition("(")
    if bracket and name.strip().replace("_", "").isalnum():
        return str(name.strip().lower())
    # Written as an operator or a bare word: what it is called in the parser says which.
    return str(node.sql_name().lower())
