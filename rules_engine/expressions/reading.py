"""Texts of other people's files as SQL: what does not read is null, never an error."""

from typing import Final

from rules_engine.expressions import tree
from rules_engine.expressions.dialect import text

__all__ = ["call"]

_NUMBER_SHAPE: Final = r"\(?\s*[-+]?\$?\s*([0-9][0-9,]*(\.[0-9]*)?|\.[0-9]+)\s*%?\s*\)?"
# Twelve digits before the point and six behind it are what the result can hold.
_PLAIN_NUMBER: Final = r"-?[0-9]{1,12}(\.[0-9]{1,6})?"


def call(node: tree.TextCall, arguments: list[str]) -> str:
    """Write a function of the mapping profile."""
    first = arguments[0]
    match node.function:
        case "||":
            made = f"({first} || {arguments[1]})"
        case "first_of":
            made = f"coalesce({', '.join(arguments)})"
        case "number":
            made = _number(first)
        case "date":
            given = node.arguments[1] if len(arguments) > 1 else None
            pattern = str(given.value) if isinstance(given, tree.Const) else "YYYY-MM-DD"
            made = f"CAST(try_strptime({first}, {text(_date_format(pattern))}) AS DATE)"
        case "make_date":
            parts = zip(node.arguments, arguments, strict=True)
            made = f"TRY(make_date({', '.join(_integer(part, sql) for part, sql in parts)}))"
        case "substring":
            parts = zip(node.arguments[1:], arguments[1:], strict=True)
            made = f"substring({first}, {', '.join(_integer(part, sql) for part, sql in parts)})"
        case _:
            made = f"{node.function}({', '.join(arguments)})"
    return made


def _integer(node: tree.Expression, sql: str) -> str:
    if node.type.is_numeric:
        return f"TRY_CAST({sql} AS INTEGER)"
    return f"TRY_CAST(nullif(regexp_extract({sql}, '^\\s*([0-9]{{1,9}})\\s*$', 1), '') AS INTEGER)"


def _number(sql: str) -> str:
    """Read `1,234`, `(5)`, `$12.50` and `70.63%` exactly, to six decimal places; else null."""
    clean = f"regexp_replace({sql}, '[,$()%\\s]', '', 'g')"
    exact = f"TRY_CAST({clean} AS DECIMAL(38, 18))"
    sign = f"CASE WHEN trim({sql}) LIKE '(%' THEN -1 ELSE 1 END"
    percent = f"CASE WHEN {sql} LIKE '%\\%%' ESCAPE '\\' THEN 0.01 ELSE 1.00 END"
    narrow = (
        f"TRY_CAST(TRY_CAST({exact} AS DECIMAL(36, 16)) * {percent} * {sign} AS DECIMAL(38, 18))"
    )
    kept = f"TRY_CAST({narrow} AS DECIMAL(18, 6))"
    shape = f"regexp_full_match(trim({sql}), {text(_NUMBER_SHAPE)})"
    # Most texts are plain numbers, for which all of that is needless and ten times as slow.
    plain = f"regexp_full_match({sql}, {text(_PLAIN_NUMBER)})"
    quick = f"WHEN {plain} THEN TRY_CAST({sql} AS DECIMAL(18, 6))"
    return f"CASE {quick} WHEN {shape} AND {kept} = {narrow} THEN {kept} END"


def _date_format(pattern: str) -> str:
    """Turn YYYYMMDD into what DuckDB calls it."""
    plain = pattern.replace("%", "%%")
    return plain.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")
