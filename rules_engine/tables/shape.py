"""Shapes: the tables that a dataset may hold, the standard ones and those a ruleset declares."""

from collections.abc import Iterable, Mapping

from attrs import evolve

from rules_engine.expressions.types import TableType
from rules_engine.tables.standard import STANDARD, StandardTable

__all__ = ["shapes"]


def shapes(declared: Iterable[TableType]) -> Mapping[str, StandardTable]:
    """Join the standard tables with those that a ruleset declares for its data.

    A declaration with the name of a standard table adds columns to it.
    """
    known = dict(STANDARD)
    for table in declared:
        standard = known.get(table.name)
        if standard is not None:
            columns = {**standard.columns, **table.columns}
            known[table.name] = evolve(standard, columns=columns)
            continue
        known[table.name] = StandardTable(
            name=table.name,
            key=table.key,
            columns=table.columns,
            required=frozenset(n for n, type_ in table.columns.items() if not type_.nullable),
            period_date="",
            interval=table.effective,
            is_unique=table.effective is None,
            excludes_overlap=table.effective is not None,
        )
    return known
