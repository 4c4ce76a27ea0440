"""Deriving: the tables that rules add to the data, made where the data is, and their experience."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from rules_engine.expressions.sql import quote
from rules_engine.expressions.types import TableType
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.derived import SPAN, BoundQuery, WrittenQuery, first_day
from rules_engine.methodology import Period, SettlementError
from rules_engine.settlement.experience import Experience, Source
from rules_engine.tables.integrity import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["ask", "attributed", "derive", "derived_sources", "of_no_entity"]


def derive(
    ruleset: BoundRuleset,
    connection: "DuckDBPyConnection",
    periods: Mapping[str, Sequence[Period]],
) -> list[str]:
    """Make the derived tables of a ruleset, in the order in which rules use each other.

    Args:
        ruleset: Whose tables.
        connection: Where the data is.
        periods: The periods of each rule that derives.

    Returns:
        The queries that made them, for auditors.

    Raises:
        SettlementError: A formula fails on a row, or a table is not what its methodology says.
    """
    queries = []
    for rule in ruleset.rules:
        for query in rule.derived:
            written = query.written(periods[rule.id])
            _check_rows(connection, query, written)
            made = f"CREATE TABLE {quote(query.table)} AS\n{written.sql}"
            connection.execute(made)
            queries.append(made)
            _check_table(connection, query)
    return queries


def derived_sources(ruleset: BoundRuleset) -> dict[str, Source]:
    """Say where the rows of derived tables are, and which period each belongs to."""
    return {
        query.table: Source(
            quote(query.table), f"l.{quote(day)}" if (day := first_day(query.shape)) else ""
        )
        for rule in ruleset.rules
        for query in rule.derived
    }


def attributed(
    ruleset: BoundRuleset, rule: BoundRule, sources: Mapping[str, Source]
) -> Mapping[str, Source]:
    """Tell the rows of persons apart by whom the persons are attributed to, if the entity says."""
    entity = ruleset.declaration.entities.get(rule.declared.for_each or "")
    if entity is None or entity.members is None:
        return sources
    return {
        name: evolve(source, members=entity.members, member_keys=frozenset(entity.key))
        if "person_id" in ruleset.relations[name].columns
        else source
        for name, source in sources.items()
    }


def of_no_entity(
    ruleset: BoundRuleset,
    rule: BoundRule,
    connection: "DuckDBPyConnection",
    period: Period,
    known: Collection[tuple[str, ...]],
) -> Iterator[str]:
    """Say whose members persons are that no entity of the rule is: their rows count for nobody.

    Args:
        ruleset: Whose entities.
        rule: The rule that settles for each of them.
        connection: Where the tables are.
        period: Members of its days are looked at.
        known: The keys of the entities that are settled in it.
    """
    entity = ruleset.declaration.entities.get(rule.declared.for_each or "")
    if entity is None or entity.members is None:
        return
    keys = ", ".join(quote(name) for name in entity.key)
    first, last = (quote(name) for name in SPAN)
    found = connection.execute(
        f"SELECT {keys}, count(DISTINCT person_id) FROM {quote(entity.members)}"
        f" WHERE {first} <= ? AND {last} >= ? GROUP BY {keys} ORDER BY ALL",
        [period.last, period.first],
    )
    for *parts, count in found.fetchall():
        key = tuple(str(part) for part in parts)
        if key not in known:
            yield (
                f"{count:,} persons of {entity.members} in {period.label} belong to"
                f" {'/'.join(key)}, which is no {entity.name} of {entity.table}; {rule.id} counts"
                " none of their rows"
            )


def ask(
    connection: "DuckDBPyConnection", rule: BoundRule, period: Period, experience: Experience
) -> None:
    """Run a rule's own queries for a period, and add what they find to its experience.

    Raises:
        SettlementError: A formula fails on a row.
    """
    for query in rule.experience:
        written = query.written([period])
        _check_rows(connection, query, written)
        experience.queries.append(written.sql)
        cursor = connection.execute(f"SELECT * FROM (\n{written.sql}\n) ORDER BY ALL")
        names = list(query.query.columns)
        entity = next((r.asked.entity for r in query.reads.values() if r.asked.entity), None)
        groups: dict[str | None, list[Mapping[str, Any]]] = {}
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            groups.setdefault(row.get(entity) if entity else None, []).append(row)
        experience.asked[query.name] = {key: tuple(rows) for key, rows in groups.items()}


def _check_rows(connection: "DuckDBPyConnection", query: BoundQuery, written: WrittenQuery) -> None:
    """Refuse rows on which a formula of the contract fails, before they are read as nothing."""
    for failures in written.failures:
        for (number,) in connection.execute(failures).fetchall():
            if number is not None:
                msg = f"{query.rule}: {query.name}: {written.sites[number].message}"
                raise SettlementError(msg)


def _check_table(connection: "DuckDBPyConnection", query: BoundQuery) -> None:
    """Hold a derived table to what is read of it: no nulls but where it says so, one row a key."""
    for fault, sql in _faults(query):
        for (count,) in connection.execute(sql).fetchall():
            if count:
                msg = f"{query.rule}: {count:,} rows of {query.table} {fault}"
                raise SettlementError(msg)
    if query.shape.effective is not None and query.query.key:
        _check_days(connection, query.rule, query.shape, query.shape.effective)


def _check_days(
    connection: "DuckDBPyConnection", rule: str, shape: TableType, effective: tuple[str, str]
) -> None:
    """Refuse rows of one key that hold on the same day: a lookup would take either."""
    keys = ", ".join(quote(name) for name in shape.key)
    first, last = (quote(name) for name in effective)
    found = connection.execute(
        f"SELECT {keys}, _f, _t, lag(_f) OVER turn, lag(_t) OVER turn"
        f" FROM (SELECT {keys}, coalesce({first}, {FIRST_DAY}) AS _f,"
        f" coalesce({last}, {LAST_DAY}) AS _t FROM {quote(shape.name)})"
        f" WINDOW turn AS (PARTITION BY {keys} ORDER BY _f, _t)"
        " QUALIFY _f > _t OR lag(_t) OVER turn >= _f ORDER BY ALL LIMIT 1"
    ).fetchone()
    if found is None:
        return
    *key, begins, ends, before, until = found
    whose = ", ".join(f"{name} {value}" for name, value in zip(shape.key, key, strict=True))
    span = f"{begins} to {ends}"
    if ends < begins:
        msg = f"{rule}: a row of {shape.name} of {whose} goes from {span}; days go forward"
        raise SettlementError(msg)
    msg = (
        f"{rule}: two rows of {shape.name} of {whose} hold on one day, {before} to {until} and"
        f" {span}; one may"
    )
    raise SettlementError(msg)


def _faults(query: BoundQuery) -> Iterator[tuple[str, str]]:
    table = quote(query.table)
    filled = [name for name, type_ in query.query.columns.items() if not type_.nullable]
    if filled:
        nulls = " OR ".join(f"{quote(name)} IS NULL" for name in filled)
        yield "have no value where they must", f"SELECT count(*) FROM {table} WHERE {nulls}"
    if query.query.key:
        of_period = SPAN[:1] if all(name in query.query.columns for name in SPAN) else ()
        holds_from = (query.query.effective or ())[:1]
        by = ", ".join(quote(name) for name in (*query.query.key, *of_period, *holds_from))
        twice = f"SELECT count(*) AS n FROM {table} GROUP BY {by} HAVING count(*) > 1"
        yield "have the key of another", f"SELECT sum(n) FROM ({twice})"
