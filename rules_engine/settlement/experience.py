"""Experience: the sums and counts that formulas ask for, computed where the rows are."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, frozen

from rules_engine.expressions import Sites, TableType
from rules_engine.expressions.combining import share
from rules_engine.expressions.sql import SqlWriter, constant, quote
from rules_engine.expressions.tree import Aggregate, Ref
from rules_engine.language.derived import members_join
from rules_engine.methodology import Period, SettlementError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Experience", "Source", "measure"]

Key = tuple[Any, ...]


@frozen
class Source:
    """Where the rows of a relation are.

    Attributes:
        sql: A table, view or bracketed SELECT.
        row_date: SQL of the row's date; empty where rows belong to every period.
        members: Table that says whose member the person of a row is; empty where rows say it.
        member_keys: Key columns that it gives.
    """

    sql: str
    row_date: str
    members: str = ""
    member_keys: frozenset[str] = frozenset()

    def key(self, name: str) -> str:
        """Write a key column of a row."""
        return f"{'m' if name in self.member_keys else 'l'}.{quote(name)}"


@define
class Experience:
    """Aggregates of one period.

    Attributes:
        values: Aggregate and keys → value for each key; a key without rows is absent.
        warnings: What a reader should know, such as rows without a value.
        queries: The SQL that was run, for auditors.
        asked: What the methodology's own queries found: query → entity or None → rows.
    """

    values: dict[tuple[Aggregate, tuple[str, ...]], dict[Key, Fraction]] = Factory(dict)
    warnings: list[str] = Factory(list)
    queries: list[str] = Factory(list)
    asked: dict[str, dict[str | None, tuple[Mapping[str, Any], ...]]] = Factory(dict)

    def of_entity(self, key: tuple[str, ...]) -> dict[str, tuple[Mapping[str, Any], ...]]:
        """Give the asked rows that belong to an entity, and those that belong to none."""
        own = "/".join(key) if key else None
        return {
            name: (*groups.get(own, ()), *(groups.get(None, ()) if key else ()))
            for name, groups in self.asked.items()
        }

    def value(self, node: Aggregate, keys: tuple[str, ...], key: Key) -> Fraction | None:
        """Give an aggregate for a key; sums and counts of no rows are zero, others are null."""
        found = self.values[node, keys].get(key)
        if found is None and node.function in {"sum", "count"}:
            return Fraction(0)
        return found


def measure(
    connection: "DuckDBPyConnection",
    wanted: Iterable[tuple[Aggregate, tuple[str, ...]]],
    sources: Mapping[str, Source],
    tables: Mapping[str, TableType],
    period: Period,
) -> Experience:
    """Compute aggregates: one query for all that range over the same rows by the same keys.

    Args:
        connection: Where the tables are.
        wanted: Each aggregate with the key columns it is asked for.
        sources: Relation → its rows.
        tables: Tables that formulas inside aggregates look values up in.
        period: Rows dated in it are read.

    Raises:
        SettlementError: A formula inside an aggregate fails on a row.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Aggregate]] = {}
    for node, keys in wanted:
        members = groups.setdefault((node.relation, keys), [])
        if node not in members:
            members.append(node)
    experience = Experience()
    for (relation, keys), nodes in groups.items():
        _query(connection, nodes, keys, sources[relation], tables, period, experience)
    return experience


def _query(
    connection: "DuckDBPyConnection",
    nodes: list[Aggregate],
    keys: tuple[str, ...],
    source: Source,
    tables: Mapping[str, TableType],
    period: Period,
    experience: Experience,
) -> None:
    sites = Sites()
    writer = SqlWriter(
        dict(tables),
        sites,
        column=_column,
        row_date=f"({source.row_date or constant(period.first)})",
    )
    columns = [source.key(key) for key in keys]
    for node in nodes:
        columns += _columns(node, writer)
    joins = "".join(f"\n  {join}" for join in writer.joins.values())
    if source.member_keys & set(keys):
        day = source.row_date or constant(period.first)
        joins = f"\n  {members_join(source.members, day)}{joins}"
    dated = ""
    if source.row_date:
        days = f"{constant(period.first)} AND {constant(period.last)}"
        dated = f"\n  WHERE {source.row_date} BETWEEN {days}"
    by = f"\n  GROUP BY {', '.join(source.key(key) for key in keys)}" if keys else ""
    sql = f"SELECT {', '.join(columns)}\n  FROM {source.sql} AS l{joins}{dated}{by}"
    experience.queries.append(sql)
    rows = connection.execute(sql).fetchall()
    relation = nodes[0].relation
    found: list[dict[Key, Fraction]] = [{} for _ in nodes]
    unread = [0] * len(nodes)
    for row in rows:
        key = tuple(row[: len(keys)])
        for place in range(len(nodes)):
            value, count, failed = row[len(keys) + 3 * place : len(keys) + 3 * place + 3]
            if failed is not None:
                site = sites[failed]
                msg = f"{nodes[place].function} of {relation} in {period.label}: {site.message}"
                raise SettlementError(msg)
            unread[place] += count
            exact = None if value is None else _exactly(nodes[place], value)
            if exact is not None:
                found[place][key] = exact
    for node, values, missing in zip(nodes, found, unread, strict=True):
        experience.values[node, keys] = values
        if missing:
            experience.warnings.append(
                f"{missing} rows of {relation} in {period.label} have no value for {node.function};"
                " they count for nothing"
            )


def _columns(node: Aggregate, writer: SqlWriter) -> list[str]:
    """Value, rows without a value, and the first failure, as three columns."""
    taken = ""
    failures = [
        None if part is None else writer.failure(part) for part in (node.condition, node.operand)
    ]
    failed = writer.first(*failures)
    failure = "NULL" if failed is None else f"min({failed})"
    if node.condition is not None:
        taken = f" FILTER (WHERE {writer.write(node.condition)})"
    if node.operand is None:
        return [f"count(*){taken}", "0", failure]
    operand = writer.write(node.operand)
    nulls = f"count(*){taken} - count({operand}){taken}" if node.operand.type.nullable else "0"
    match node.function:
        case "count":
            return [f"count({operand}){taken}", "0", failure]
        case "mean":
            # Two exact numbers: engines divide as binary floats.
            pair = (f"CAST({f}({operand}){taken} AS VARCHAR)" for f in ("sum", "count"))
            return [f"[{', '.join(pair)}]", nulls, failure]
        case "median" | "percentile":
            return [_neighbours(node, operand, writer), nulls, failure]
    return [f"{node.function}({operand}){taken}", nulls, failure]


def _neighbours(node: Aggregate, operand: str, writer: SqlWriter) -> str:
    """The values below and above the place that is asked for, and how many there are."""
    taken = f"{operand} IS NOT NULL"
    if node.condition is not None:
        taken = f"{writer.write(node.condition)} AND {taken}"
    ordered = f"list({operand} ORDER BY {operand}) FILTER (WHERE {taken})"
    at = share(node)
    place = f"{at.numerator} * (len({ordered}) - 1)"
    below = f"{ordered}[1 + ({place}) // {at.denominator}]"
    above = f"{ordered}[1 + ({place} + {at.denominator - 1}) // {at.denominator}]"
    parts = (f"CAST({part} AS VARCHAR)" for part in (below, above, f"len({ordered})"))
    return f"[{', '.join(parts)}]"


def _exactly(node: Aggregate, value: Any) -> Fraction | None:
    """Give the exact value of what a query found; None where there were no rows."""
    match node.function:
        case "mean":
            total, count = value
            return None if total is None else Fraction(total) / Fraction(count)
        case "median" | "percentile":
            low, high, count = value
            if low is None:
                return None
            place = share(node) * (int(count) - 1)
            return Fraction(low) + (Fraction(high) - Fraction(low)) * (place - int(place))
    return Fraction(value)


def _column(ref: Ref) -> str:
    return f"l.{quote(ref.name)}"
