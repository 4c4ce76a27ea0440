"""A query of named steps as text that an auditor reads and a database of another dialect runs."""

from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import Final

from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

from rules_engine.expressions.types import Type
from rules_engine.warehouse.select import Columns, select
from rules_engine.warehouse.target import DIALECTS, TARGETS, Target
from rules_engine.warehouse.term import InexactError, column_of

__all__ = ["DialectError", "translated"]

_WIDTH: Final = 100


class DialectError(ValueError):
    """A query cannot be written exactly in a dialect; the message says which part, and why."""


def translated(
    steps: Sequence[tuple[str, str, str]],
    final: str,
    tables: Mapping[str, Mapping[str, Type]],
    dialect: str,
) -> str:
    """Write a query in another dialect.

    Args:
        steps: Name, SELECT in DuckDB's dialect and comment of each step.
        final: The SELECT over the last step.
        tables: Columns of the tables that the steps read.
        dialect: One of `DIALECTS`, but DuckDB's own.

    Raises:
        DialectError: There is no such dialect, or part of the query is not exact in it.
    """
    target = TARGETS.get(dialect)
    if target is None:
        known = ", ".join(DIALECTS)
        msg = f"{dialect} is no dialect in which every amount is exact; {known} are"
        raise DialectError(msg)
    relations: dict[str, Columns] = {
        name: {column: column_of(type_) for column, type_ in columns.items()}
        for name, columns in tables.items()
    }
    written = []
    for name, sql, comment in steps:
        body, relations[name] = _select(sql, relations, target, comment or f"step {name}")
        note = "".join(f"-- {line}\n" for line in comment.splitlines())
        mark = " NOT MATERIALIZED" if target.inlines else ""
        title = exp.to_identifier(name).sql(target.name)
        written.append(f"{note}{title} AS{mark} (\n{indent(body, '  ')}\n)")
    body, _ = _select(final, relations, target, "the result", is_final=True)
    return "WITH\n" + ",\n".join(written) + f"\n{body}"


def _select(
    sql: str,
    relations: Mapping[str, Columns],
    target: Target,
    about: str,
    *,
    is_final: bool = False,
) -> tuple[str, Columns]:
    shown = " / ".join(about.splitlines())
    try:
        made, columns = select(sql, relations, target, is_final=is_final)
        text = made.sql(
            target.name,
            pretty=True,
            comments=False,
            max_text_width=_WIDTH,
            unsupported_level=ErrorLevel.RAISE,
        )
    except InexactError as error:
        msg = f"{target.name} is not known to compute this exactly: {shown}: {error}"
        raise DialectError(msg) from None
    except UnsupportedError as error:
        msg = f"{target.name} cannot say this: {shown}: {error}"
        raise DialectError(msg) from None
    except RecursionError:
        msg = f"{shown}: the formula is nested too deeply to be translated for {target.name}"
        raise DialectError(msg) from None
    return text, columns
