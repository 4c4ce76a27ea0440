"""The queries of a rule: where the rows that they read are, and what is wrong with each."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from rules_engine.expressions import TableType
from rules_engine.language.derived import BoundQuery, Read
from rules_engine.language.ruleset import Entity
from rules_engine.language.trial import Trial
from rules_engine.methodology import Query, Rows
from rules_engine.tables.standard import StandardTable

__all__ = ["Queries"]


@frozen(kw_only=True)
class Queries:
    """What the queries of a rule may read.

    Attributes:
        rule: The rule.
        entity: The entity that it runs for, or None.
        given: Tables of the data.
        shapes: Tables that formulas look values up in, those of earlier rules among them.
        trial: Where queries are tried.
        own: Tables that the rule derives itself, by the name that its methodology gives them.
    """

    rule: str
    entity: Entity | None
    given: Mapping[str, StandardTable]
    shapes: Mapping[str, TableType]
    trial: Trial
    own: Mapping[str, TableType] = field(factory=dict)

    def derived(
        self, asked: Mapping[str, Query], *, tried: bool
    ) -> tuple[tuple[BoundQuery, ...], list[tuple[str, str]]]:
        """Bind tables, each of which may read those before it.

        Args:
            asked: Query by the name of its table.
            tried: Whether each is run on empty tables.

        Returns:
            The tables, and what is wrong: the name of a query and why it does not run.
        """
        queries, faults, reach = [], [], self
        for name, query in asked.items():
            found, wrong = reach.bound(name, query, tried=tried)
            faults += wrong
            if found is not None:
                queries.append(found)
                reach = evolve(reach, own={**reach.own, name: found.shape})
        return tuple(queries), faults

    def experience(
        self, asked: Mapping[str, Query], *, tried: bool
    ) -> tuple[tuple[BoundQuery, ...], list[tuple[str, str]]]:
        """Bind queries that read tables and not each other."""
        made = [self.bound(name, query, tried=tried) for name, query in asked.items()]
        found = tuple(query for query, _ in made if query is not None)
        return found, [fault for _, faults in made for fault in faults]

    def bound(
        self, name: str, query: Query, *, tried: bool
    ) -> tuple[BoundQuery | None, list[tuple[str, str]]]:
        """Find the rows of one query, and try it."""
        reads = {called: self.read(rows) for called, rows in query.rows.items()}
        found = {called: read for called, read in reads.items() if read is not None}
        lacking = [query.rows[called].table for called, read in reads.items() if read is None]
        lacking += [
            rows.beside
            for rows in query.rows.values()
            if rows.beside and rows.beside not in self.own
        ]
        if lacking:
            return None, [(name, f"{table} is no table that it may read") for table in lacking]
        made = BoundQuery(
            rule=self.rule,
            name=name,
            query=query,
            reads=found,
            shapes={**self.shapes, **{shape.name: shape for shape in self.own.values()}},
            entity=self.entity,
        )
        faults = self.trial.faults(made) if tried else []
        return (None if faults else made), [(name, fault) for fault in faults]

    def read(self, rows: Rows) -> Read | None:
        """Find the table that a query calls by a name of its own; None where there is none."""
        if rows.table in self.own:
            return Read.of_shape(self.own[rows.table], rows)
        if rows.table in self.given:
            return Read.of_given(self.given[rows.table], rows, self.own.get(rows.beside))
        shape = self.shapes.get(rows.table)
        return None if shape is None else Read.of_shape(shape, rows)
