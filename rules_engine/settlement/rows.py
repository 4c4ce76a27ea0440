"""Rows: what the aggregates of a rule read row by row, so that a difference has its reasons."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from rules_engine.expressions import Sites
from rules_engine.expressions.sql import SqlWriter, constant, quote
from rules_engine.expressions.tree import Aggregate, Ref, walk
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.derived import SPAN, members_join
from rules_engine.language.names import LINE
from rules_engine.methodology import Period
from rules_engine.settlement.experience import Source
from rules_engine.settlement.facts import key_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Asked", "ReadRow", "asked_of", "read_rows"]

Key = tuple[Any, ...]


@frozen(kw_only=True)
class Asked:
    """Aggregates of a rule over the rows of one relation, by the same keys.

    Attributes:
        relation: What is ranged over.
        keys: Columns that tell apart what has one value each.
        nodes: Aggregate by the text that asks for it.
    """

    relation: str
    keys: tuple[str, ...]
    nodes: Mapping[str, Aggregate] = field(factory=dict, hash=False)


@frozen(kw_only=True)
class ReadRow:
    """One row that an aggregate took.

    Attributes:
        relation: Its table, or the rule that priced it.
        keys: Key columns, and what stands in them.
        name: Columns that tell it apart, and what stands in them.
        values: What each aggregate reads of it, by the aggregate's text; exact numbers as text.
    """

    relation: str
    keys: tuple[tuple[str, str | None], ...]
    name: tuple[tuple[str, str], ...]
    values: Mapping[str, str]


def asked_of(
    ruleset: BoundRuleset, rule: BoundRule, sources: Mapping[str, Source]
) -> tuple[Asked, ...]:
    """Give what a rule asks of rows, with the words in which its formulas ask."""
    found: dict[tuple[str, tuple[str, ...]], dict[str, Aggregate]] = {}
    for formula in rule.every_formula():
        keys = key_columns(ruleset, rule, formula)
        for node in walk(formula.expression):
            if isinstance(node, Aggregate) and node.peers is None and node.relation in sources:
                text = formula.text[node.start : node.end]
                found.setdefault((node.relation, keys), {})[text] = node
    return tuple(
        Asked(relation=relation, keys=keys, nodes=nodes)
        for (relation, keys), nodes in found.items()
    )


def read_rows(
    connection: "DuckDBPyConnection",
    ruleset: BoundRuleset,
    asked: Asked,
    source: Source,
    period: Period,
) -> Iterator[ReadRow]:
    """Read the rows of a period that at least one aggregate takes, in an order of their own.

    Args:
        connection: Where the tables are.
        ruleset: What is settled by.
        asked: What is asked of the rows.
        source: Where they are.
        period: Rows dated in it are read.
    """
    writer = SqlWriter(
        dict(ruleset.shapes),
        Sites(),
        column=_column,
        row_date=f"({source.row_date or constant(period.first)})",
    )
    names = _names(connection, ruleset, asked, source)
    columns = [f"CAST({source.key(key)} AS VARCHAR)" for key in asked.keys]
    columns += [f"CAST(l.{quote(name)} AS VARCHAR)" for name in names]
    columns += [f"CAST({_value(node, writer)} AS VARCHAR)" for node in asked.nodes.values()]
    joins = "".join(f"\n  {join}" for join in writer.joins.values())
    day = source.row_date or constant(period.first)
    if source.member_keys & set(asked.keys):
        joins = f"\n  {members_join(source.members, day)}{joins}"
    dated = ""
    if source.row_date:
        days = f"{constant(period.first)} AND {constant(period.last)}"
        dated = f"\n  WHERE {source.row_date} BETWEEN {days}"
    sql = f"SELECT {', '.join(columns)}\n  FROM {source.sql} AS l{joins}{dated}\n  ORDER BY ALL"
    first, last = len(asked.keys), len(asked.keys) + len(names)
    cursor = connection.cursor().execute(sql)
    while rows := cursor.fetchmany(10_000):
        for row in rows:
            values = {
                text: _short(value)
                for text, value in zip(asked.nodes, row[last:], strict=True)
                if value is not None
            }
            if values:
                yield ReadRow(
                    relation=asked.relation,
                    keys=tuple(zip(asked.keys, row[:first], strict=True)),
                    name=tuple(
                        (n, v) for n, v in zip(names, row[first:last], strict=True) if v is not None
                    ),
                    values=values,
                )


def _value(node: Aggregate, writer: SqlWriter) -> str:
    """Write what one row is to an aggregate: null where it is not taken or has no value."""
    taken = [] if node.condition is None else [writer.write(node.condition)]
    operand = "1" if node.operand is None else writer.write(node.operand)
    if node.operand is not None and node.function == "count":
        taken.append(f"{operand} IS NOT NULL")
        operand = "1"
    return f"CASE WHEN {' AND '.join(taken)} THEN {operand} END" if taken else operand


def _names(
    connection: "DuckDBPyConnection", ruleset: BoundRuleset, asked: Asked, source: Source
) -> list[str]:
    """Give the columns that tell the rows of a relation apart, of those that are there."""
    cursor = connection.cursor().execute(f"DESCRIBE SELECT * FROM {source.sql} AS l")
    there = [row[0] for row in cursor.fetchall()]
    derived = {q.table: (*q.query.key, *SPAN) for rule in ruleset.rules for q in rule.derived}
    known = ruleset.given.get(asked.relation)
    if known is not None:
        wanted = known.key
    else:
        wanted = derived.get(asked.relation) or ruleset.given[LINE].key
    names = [name for name in wanted if name in there]
    if "person_id" in there and "person_id" not in names:
        names.append("person_id")
    return names


def _short(number: str) -> str:
    """Write a number without zeros at the end of its fraction, so that widths are no change."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _column(ref: Ref) -> str:
    return f"l.{quote(ref.name)}"
