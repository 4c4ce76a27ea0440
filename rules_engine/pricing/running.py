"""Sums that run from claim to claim, such as a deductible: what of an amount is left in a limit.

Claims are priced whole, in the order of their `sequence` where there is one, else of their first
day, then of their ids; within a claim lines follow `sequence`, day and line number. A line counts
where the rule applies to it and nothing has refused it before.
"""

from collections.abc import Callable, Collection, Mapping, MutableMapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from attrs import define, field, frozen

from rules_engine.diagnostics import suggest
from rules_engine.expressions.dialect import common, decimal
from rules_engine.expressions.sql import SqlWriter
from rules_engine.expressions.tree import Expression, Running, children, running_in
from rules_engine.expressions.types import EXACT

__all__ = [
    "Key",
    "Share",
    "Sums",
    "accumulator",
    "add_exactly",
    "before",
    "check_sum",
    "flat",
    "key_text",
    "nested",
    "of_each_line",
    "order",
    "run_up",
    "within_limit",
]

Key = tuple[str, str, str]
"""Name of the running sum, whose it is, and within what: `("deductible", "P1", "2026")`."""

_NAMES: Final = ("amount", "limit", "by", "within")
_AMOUNTS: Final = 2


def accumulator(rule: str, number: int) -> str:
    """Name a running sum of a rule: the first by the rule's id, others with their number too."""
    return rule if number == 1 else f"{rule}.{number}"


@define
class Sums:
    """What has run up so far, by key.

    Attributes:
        opening: Sums before the first line; a key that is not there has run up nothing.
        after: Sums after the lines so far, of the keys that they added to.
    """

    opening: Mapping[Key, Decimal]
    after: dict[Key, Decimal] = field(factory=dict)

    def add(self, key: Key, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Add an amount; give the sums before and after it."""
        before = self.after.get(key)
        if before is None:
            before = Decimal(self.opening.get(key, 0))
        self.after[key] = after = EXACT.add(before, amount)
        return before, after


def key_text(value: Any) -> str:
    """Write whose sum it is, or within what, as the keys of accumulators have it."""
    if isinstance(value, Fraction):
        value = EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return value.isoformat() if isinstance(value, date) else str(value)


@frozen
class Share:
    """What a line has of a running sum.

    Attributes:
        within: What of the line's amount lies within the limit; None where a part is null.
        before: What had run up before the line; None where a part is null.
    """

    within: Fraction | None
    before: Fraction | None


def add_exactly(
    rule: str,
    expression: Expression,
    value: Callable[[Expression, bool], Any],
    sums: MutableMapping[Key, Fraction],
) -> dict[Running, Share]:
    """Add a line to the running sums of a rule's formula, on exact rationals.

    Args:
        rule: The rule.
        expression: Its formula.
        value: Gives a part of the formula on the line; what refuses the line raises. It is told
            whether the part is an amount, and not whose sum it is.
        sums: What has run up so far; the line's amounts are added.

    Returns:
        The line's share of each running sum.
    """
    nodes = running_in(expression)
    # Whatever refuses the line does so before it adds to any sum.
    parts = [
        [value(part, number < _AMOUNTS) for number, part in enumerate(children(node))]
        for node in nodes
    ]
    found: dict[Running, Share] = {}
    for number, (node, values) in enumerate(zip(nodes, parts, strict=True), 1):
        amount, limit, by, within = values
        found[node] = Share(None, None)
        if any(part is None for part in values):
            continue
        key = (accumulator(rule, number), key_text(by), key_text(within))
        held = Fraction(sums.get(key, 0))
        sums[key] = after = held + amount
        found[node] = Share(min(limit, after) - min(limit, held), held)
    return found


def before(rule: str, number: int) -> str:
    """Name what had run up before a line, in explanations."""
    return f"{accumulator(rule, number)} before"


def flat(sums: Mapping[str, Mapping[Any, Mapping[Any, Any]]]) -> dict[Key, Decimal]:
    """Read what has run up as JSON and YAML have it: name → whose → within what → amount.

    Raises:
        ValueError: It is not so, or an amount is no exact number.
    """
    found: dict[Key, Decimal] = {}
    try:
        for name, persons in sums.items():
            for by, spans in persons.items():
                for within, amount in spans.items():
                    if isinstance(amount, float | bool):
                        raise TypeError  # noqa: TRY301  one message for all that is no amount
                    found[name, key_text(by), key_text(within)] = Decimal(amount)
    except (AttributeError, TypeError, InvalidOperation):
        msg = (
            "accumulators are name, whose, within what and an exact amount: "
            '{"deductible": {"P1": {"2026": "120.00"}}}'
        )
        raise ValueError(msg) from None
    return found


def check_sum(key: object, amount: object, names: Collection[str]) -> None:
    """Make sure of a running sum that is given.

    Raises:
        ValueError: Its key is none of a running sum of the ruleset.
        TypeError: Its amount is no Decimal and no int.
    """
    if not (isinstance(key, tuple) and [*map(type, key)] == [str, str, str]):
        wanted = '("deductible", "P1", "2026")'
        msg = f"accumulators have the key {key!r}; three texts may stand there, such as {wanted}"
        raise ValueError(msg)
    if key[0] not in names:
        if names:
            said = suggest(key[0], names) or f"its running sums are {', '.join(names)}"
        else:
            said = "it keeps no running sums"
        msg = f"accumulators have {key[0]!r}, which is no running sum of the ruleset; {said}"
        raise ValueError(msg)
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
        msg = f"accumulators {key} is {amount!r}; a Decimal or an int may stand there"
        raise TypeError(msg)
    if not Decimal(amount).is_finite():
        msg = f"accumulators {key} is {amount}; an amount may stand there"
        raise ValueError(msg)


def nested(sums: Mapping[Key, Decimal]) -> dict[str, dict[str, dict[str, Decimal]]]:
    """Give what has run up as JSON has it; `flat` reads it back."""
    found: dict[str, dict[str, dict[str, Decimal]]] = {}
    for (name, by, within), amount in sums.items():
        found.setdefault(name, {}).setdefault(by, {})[within] = amount
    return found


# -- in SQL


def of_each_line(
    node: Running, name: str, writer: SqlWriter, counts: str, failed: str | None
) -> dict[str, str]:
    """Write the parts of a running sum on a line, and what the line adds to it."""
    parts = dict(zip(_NAMES, children(node), strict=True))
    columns = {f"{name}_{part}": writer.write(value) for part, value in parts.items()}
    tests = [counts]
    tests += [] if failed is None else [f"({failed}) IS NULL"]
    tests += [f"{columns[f'{name}_{p}']} IS NOT NULL" for p, v in parts.items() if v.type.nullable]
    amount = columns[f"{name}_amount"]
    columns[f"{name}_adds"] = f"CASE WHEN {' AND '.join(tests)} THEN {amount} ELSE 0 END"
    return columns


def order(has_sequence: bool) -> str:  # noqa: FBT001  the one thing that it depends on
    """Write the order in which the lines of a person are priced."""
    words = ["l.begins", "l.claim_id", "l.service_date", "l.claim_line_number"]
    if has_sequence:
        words[2:2] = ["l.sequence NULLS LAST"]
        words[:0] = ["l.comes NULLS LAST"]
    return ", ".join(words)


def run_up(node: Running, name: str, ordered: str) -> str:
    """Write what has run up with a line."""
    by = f"PARTITION BY l.{name}_by, l.{name}_within"
    rows = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    total = f"sum(l.{name}_adds) OVER ({by} ORDER BY {ordered} {rows})"
    return f"CAST({total} AS {_wide(node)})"


def within_limit(node: Running, name: str) -> str:
    """Write what of a line's amount lies within the limit, from what has run up with it."""
    wide = _wide(node)
    after = f"l.{name}_after"
    before = f"({after} - CAST(l.{name}_amount AS {wide}))"
    limit = f"CAST(l.{name}_limit AS {wide})"
    least = [f"CASE WHEN {limit} < {s} THEN {limit} ELSE {s} END" for s in (after, before)]
    parts = zip(_NAMES, children(node), strict=True)
    known = [f"l.{name}_{part} IS NOT NULL" for part, value in parts if value.type.nullable]
    made = f"CAST({least[0]} - {least[1]} AS {decimal(node.type)})"
    return f"CASE WHEN {' AND '.join(known)} THEN {made} END" if known else made


def _wide(node: Running) -> str:
    _, scale = common((node.amount.type, node.limit.type))
    return f"DECIMAL(38, {scale})"
