"""Functions over the lines of one claim: of each line its value, then one of them all."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine.expressions.dialect import decimal
from rules_engine.expressions.runtime import MISSING
from rules_engine.expressions.sql import SqlWriter
from rules_engine.expressions.tree import ClaimFunction
from rules_engine.expressions.types import EXACT

__all__ = ["REFUSED", "LineValue", "of_all_lines", "of_each_line", "over_lines"]

REFUSED: Final = MISSING
"""What a function of a claim gives where a line of the claim has no value for it."""


@frozen
class LineValue:
    """What one line gives to a function of its claim.

    Attributes:
        number: The line's number.
        value: The operand; None for null and where the line is not taken, `REFUSED` where operand
            or condition refuse the line.
        taken: Whether the line meets the condition.
    """

    number: int
    value: Any
    taken: bool = True


def over_lines(function: str, lines: Sequence[LineValue]) -> list[Any]:
    """Give the function's value for each line, in their order.

    A line that does not meet the condition counts for nothing, and so does a null; it has no rank.
    """
    if any(line.value is REFUSED for line in lines):
        return [REFUSED] * len(lines)
    taken = [line for line in lines if line.taken]
    values = [line.value for line in taken if line.value is not None]
    if function == "claim_rank":
        known = [line for line in taken if line.value is not None]
        known.sort(key=lambda line: line.number)
        known.sort(key=lambda line: line.value, reverse=True)
        places = {line.number: place for place, line in enumerate(known, 1)}
        return [places.get(line.number) for line in lines]
    return [_whole(function, taken, values)] * len(lines)


def _whole(function: str, taken: Sequence[LineValue], values: Sequence[Any]) -> Any:
    match function:
        case "claim_count":
            return len(taken)
        case "claim_any":
            return any(value is True for value in values)
        case "claim_all":
            return all(line.value is True for line in taken)
        case "claim_sum":
            return _sum(values)
    choose: Callable[..., Any] = min if function == "claim_min" else max
    return choose(values, default=None)


def _sum(values: Sequence[Any]) -> Decimal | Fraction | int:
    if not values:
        return 0
    total = values[0]
    for value in values[1:]:
        is_exact = isinstance(total, Fraction) or isinstance(value, Fraction)
        total = total + value if is_exact else EXACT.add(total, value)
    found: Decimal | Fraction | int = total
    return found


# -- in SQL


def of_each_line(node: ClaimFunction, name: str, writer: SqlWriter) -> dict[str, str]:
    """Write what a line gives: its value where it is taken, and whether it is refused."""
    # A line without a date is none of its claim's.
    dated = "l.service_date IS NOT NULL"
    taken = dated if node.condition is None else f"{dated} AND {_is_true(writer, node.condition)}"
    columns = {f"{name}_taken": f"({taken})"}
    failures = []
    if node.condition is not None and (failed := writer.failure(node.condition)) is not None:
        failures.append(f"({dated} AND ({failed}) IS NOT NULL)")
    if node.operand is not None:
        # The operand is asked of lines that are taken.
        columns[f"{name}_value"] = f"CASE WHEN {taken} THEN {writer.write(node.operand)} END"
        failed = writer.failure(node.operand)
        if failed is not None:
            failures.append(f"({taken} AND ({failed}) IS NOT NULL)")
    fails = f"CASE WHEN {' OR '.join(failures)} THEN 1 ELSE 0 END" if failures else "0"
    columns[f"{name}_fails"] = fails
    return columns


def _is_true(writer: SqlWriter, condition: Any) -> str:
    written = writer.write(condition)
    return f"coalesce({written}, FALSE)" if condition.type.nullable else written


def of_all_lines(node: ClaimFunction, name: str) -> dict[str, str]:
    """Write the function over the lines of the claim, and whether one of them is refused."""
    claim = "PARTITION BY l.claim_id"
    taken, value = f"l.{name}_taken", f"l.{name}_value"
    match node.function:
        case "claim_count":
            made = f"count(CASE WHEN {taken} THEN 1 END) OVER ({claim})"
        case "claim_any":
            made = f"(max(CASE WHEN {value} THEN 1 ELSE 0 END) OVER ({claim}) = 1)"
        case "claim_all":
            missed = f"CASE WHEN {taken} AND NOT coalesce({value}, FALSE) THEN 1 ELSE 0 END"
            made = f"(max({missed}) OVER ({claim}) = 0)"
        case "claim_rank":
            order = f"ORDER BY {value} DESC NULLS LAST, l.claim_line_number"
            made = f"CASE WHEN {value} IS NOT NULL THEN row_number() OVER ({claim} {order}) END"
        case "claim_sum":
            made = f"CAST(coalesce(sum({value}) OVER ({claim}), 0) AS {decimal(node.type)})"
        case _:
            made = f"{node.function.removeprefix('claim_')}({value}) OVER ({claim})"
    return {name: made, f"{name}_refused": f"(max(l.{name}_fails) OVER ({claim}) = 1)"}
