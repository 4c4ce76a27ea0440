"""Derived tables and experience: a rule's queries, with the rows that they read written out."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

from rules_engine.expressions import Scope, Sites, TableType, check
from rules_engine.expressions.sql import SqlWriter, constant, quote, text
from rules_engine.expressions.tree import Ref, walk
from rules_engine.expressions.types import Type
from rules_engine.language.ruleset import Entity
from rules_engine.methodology import Formula, Period, Query, Rows
from rules_engine.tables.standard import StandardTable
from rules_engine.tables.storage import storage

__all__ = [
    "PERIOD",
    "SPAN",
    "BoundQuery",
    "Read",
    "WrittenQuery",
    "columns_read",
    "first_day",
    "members_join",
]

PERIOD = "period"
"""What queries call the periods of their rule."""

SPAN = ("period_start", "period_end")
"""Columns by which a row of a derived table belongs to a period."""


@frozen(kw_only=True)
class Read:
    """A table that a query reads, found.

    Attributes:
        table: What the connection calls it.
        columns: Its columns.
        period_date: SQL scalar expression of a row's date; empty where its rows have none.
        asked: What the query asks of it.
        key: Columns that tell its rows apart.
        beside: The derived table that each row is joined with; None where there is none.
    """

    table: str
    columns: Mapping[str, Type]
    period_date: str
    asked: Rows
    key: tuple[str, ...] = ()
    beside: TableType | None = None

    @classmethod
    def of_given(cls, table: StandardTable, asked: Rows, beside: TableType | None = None) -> "Read":
        """Read a table of the data."""
        return cls(
            table=table.name,
            columns=table.columns,
            period_date=table.period_date,
            asked=asked,
            key=table.key,
            beside=beside,
        )

    @classmethod
    def of_shape(cls, shape: TableType, asked: Rows) -> "Read":
        """Read a table of the ruleset, or a derived one."""
        return cls(
            table=shape.name,
            columns=shape.columns,
            period_date=first_day(shape),
            asked=asked,
            key=shape.key,
        )

    def of_column(self, name: str) -> str:
        """Write a column of a row: of what is beside it, else of the table."""
        is_beside = self.beside is not None and name in self.beside.columns
        return f"{'b' if is_beside else 'l'}.{quote(name)}"

    def knows(self, name: str) -> bool:
        """Whether a row has such a column."""
        return name in self.columns or (self.beside is not None and name in self.beside.columns)

    @property
    def source(self) -> str:
        """Write where its rows are."""
        if self.beside is None:
            return f"FROM {quote(self.table)} AS l"
        joined = " AND ".join(f"b.{quote(name)} = l.{quote(name)}" for name in self.key)
        return (
            f"FROM {quote(self.table)} AS l\n      JOIN {quote(self.beside.name)} AS b ON {joined}"
        )


@frozen(kw_only=True)
class WrittenQuery:
    """A query as text.

    Attributes:
        sql: The SELECT.
        failures: SELECTs of one number each: the first site that refuses a row, or null.
        sites: What each number stands for.
    """

    sql: str
    failures: tuple[str, ...]
    sites: Sites


@frozen(kw_only=True)
class BoundQuery:
    """A query of a rule whose rows were found.

    Attributes:
        rule: The rule.
        name: What the methodology calls it.
        query: What the methodology wrote.
        reads: Name in the query → the table that it reads.
        shapes: Tables that the formulas of its rows look values up in.
        entity: The entity that the rule runs for, or None.
    """

    rule: str
    name: str
    query: Query
    reads: Mapping[str, Read]
    shapes: Mapping[str, TableType] = field(factory=dict, repr=False)
    entity: Entity | None = None

    @property
    def table(self) -> str:
        """What formulas and queries of other rules call the table."""
        return f"{self.rule}_{self.name}"

    @property
    def shape(self) -> TableType:
        """The shape of the table that it derives."""
        has_span = all(name in self.query.columns for name in SPAN)
        return TableType(
            name=self.table,
            key=self.query.key,
            columns=self.query.columns,
            effective=self.query.effective or (SPAN if has_span else None),
            given=True,
        )

    @property
    def formulas(self) -> Iterator[tuple[Read, Formula]]:
        """The formulas that add columns to rows."""
        for read in self.reads.values():
            for formula in read.asked.formulas.values():
                yield read, formula

    def written(self, periods: Sequence[Period], *, as_it_comes: bool = False) -> WrittenQuery:
        """Write it for some periods of its rule.

        Args:
            periods: What the relation `period` has.
            as_it_comes: Whether columns keep the types that the engine gives them; otherwise a
                cast keeps the widths that the rest of the ruleset was checked with.
        """
        sites = Sites()
        failures: list[str] = []
        parts = [f"{PERIOD} AS (\n    {_listed(periods)})"]
        for name, read in self.reads.items():
            made, failed = self._rows(read, sites)
            # Written into what reads it, so that only the rows of the asked days are ever held.
            parts.append(f"{quote(name)} AS NOT MATERIALIZED (\n    {made})")
            failures += failed
        columns = ", ".join(
            f"CAST({quote(name)} AS {storage(type_)}) AS {quote(name)}"
            for name, type_ in self.query.columns.items()
        )
        if as_it_comes:
            columns = "*"
        head = ",\n  ".join(parts)
        sql = f"WITH {head}\nSELECT {columns}\n  FROM (\n{self.query.select}\n  )"
        return WrittenQuery(sql=sql, failures=tuple(failures), sites=sites)

    def _rows(self, read: Read, sites: Sites) -> tuple[str, list[str]]:
        """Write the rows of one table: its columns, its formulas and what was asked beside."""
        asked = read.asked
        day = _day(read)
        writer = SqlWriter(
            dict(self.shapes),
            sites,
            column=lambda ref: read.of_column(ref.name),
            row_date=f"({day})" if day else "DATE '0001-01-01'",
        )
        columns = [read.of_column(name) + f" AS {quote(name)}" for name in asked.columns]
        failed = None
        for name, formula in asked.formulas.items():
            columns.append(f"{writer.write(formula.expression)} AS {quote(name)}")
            failed = writer.first(failed, writer.failure(formula.expression))
        if asked.day:
            columns.append(f"{day or 'CAST(NULL AS DATE)'} AS {quote(asked.day)}")
        joins = "".join(f"\n      {join}" for join in writer.joins.values())
        if asked.entity:
            found, members = self._entity(read, day)
            columns.append(f"{found} AS {quote(asked.entity)}")
            joins += members
        source = f"{read.source}{joins}"
        failures = [] if failed is None else [f"SELECT min({failed}) {source}"]
        return f"SELECT {', '.join(columns)}\n      {source}", failures

    def _entity(self, read: Read, day: str) -> tuple[str, str]:
        """Say whose a row is: its person's where members are attributed, else its own."""
        none = "CAST(NULL AS VARCHAR)"
        if self.entity is None:
            return none, ""
        whose, join = "l", ""
        if self.entity.members and "person_id" in read.columns and day:
            whose, join = "m", f"\n      {members_join(self.entity.members, day, 'LEFT JOIN')}"
        elif not set(self.entity.key) <= set(read.columns):
            return none, ""
        keys = (f"CAST({whose}.{quote(name)} AS VARCHAR)" for name in self.entity.key)
        return " || '/' || ".join(keys), join


def first_day(shape: TableType) -> str:
    """Name the column that dates the rows of a derived table; empty where none does."""
    if all(name in shape.columns for name in SPAN):
        return SPAN[0]
    return shape.effective[0] if shape.effective is not None else ""


def columns_read(query: BoundQuery, read: Read) -> frozenset[str]:
    """Give the columns of a table that a query needs; those that date a row are read anyway."""
    found = set(read.asked.columns)
    if read.beside is not None:
        found |= set(read.key)
    for part in (formula.expression for formula in read.asked.formulas.values()):
        found |= {n.name for n in walk(part) if isinstance(n, Ref) and n.space == "column"}
    if read.asked.entity and query.entity is not None:
        found |= {"person_id", *query.entity.key} & set(read.columns)
    # What stands beside the rows is derived; no data has to offer it.
    return frozenset(found - (set(read.beside.columns) - set(read.key) if read.beside else set()))


def members_join(members: str, day: str, how: str = "JOIN") -> str:
    """Write the join of a row's person with whom the person is attributed to on a day."""
    first, last = (f"m.{quote(name)}" for name in SPAN)
    return (
        f"{how} {quote(members)} AS m ON m.person_id = l.person_id"
        f" AND {day} BETWEEN {first} AND {last}"
    )


def _day(read: Read) -> str:
    if not read.period_date:
        return ""
    written = check(read.period_date, Scope(columns=read.columns))
    return SqlWriter({}, Sites(), column=lambda ref: f"l.{quote(ref.name)}").write(written)


def _listed(periods: Sequence[Period]) -> str:
    # Names stand in the rows, because not every database takes them after the name of a relation.
    rows = [
        f"SELECT {text(one.label)} AS label, {constant(one.first)} AS first_day,"
        f" {constant(one.last)} AS last_day"
        for one in periods
    ]
    none = (
        "SELECT CAST(NULL AS VARCHAR) AS label, CAST(NULL AS DATE) AS first_day,"
        " CAST(NULL AS DATE) AS last_day WHERE false"
    )
    return "\n    UNION ALL ".join(rows) or none
