"""Streams: claim lines as Arrow in, priced lines as Arrow out, batch by batch."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from rules_engine.engine.refusals import PRICED, reject_reasons
from rules_engine.expressions import Sites, TableType
from rules_engine.expressions.sql import text
from rules_engine.language.names import LINE, shape_of
from rules_engine.pricing.batch import BatchQuery, batch_query
from rules_engine.pricing.given import Given
from rules_engine.tables.connection import arrow_stream
from rules_engine.tables.dataset import Dataset, inputs_json
from rules_engine.tables.sources import format_of

if TYPE_CHECKING:
    import pyarrow as pa

    from rules_engine.engine.contract import Contract
    from rules_engine.engine.run import Run

__all__ = ["given_shapes", "lines_of", "lines_sql", "price_table"]

_SHOWN_MAX: Final = 3


def price_table(
    ruleset: "Contract",
    lines: Any,
    given: "Mapping[str, Any] | Given | None",
    memory: str | None,
) -> "pa.RecordBatchReader":
    """Do what `Ruleset.price_table` says."""
    if not ruleset.plan.choosing:
        msg = f"{ruleset.id} prices no lines"
        raise ValueError(msg)
    tables = dict(given.tables if isinstance(given, Given) else given or {})
    derived = _derived_shapes(ruleset)
    dataset = Dataset.open(
        {**tables, LINE: _arrow(lines)},
        needs={
            name: derived[name].columns if name in derived else ruleset.needs.tables[name]
            for name in (LINE, *ruleset.needs.given)
        },
        declared=[*given_shapes(ruleset), *derived.values()],
        digests=False,
        memory=memory,
    )
    try:
        _check_given(dataset)
        for table in ruleset.bound.tables.values():
            table.store(dataset.connection)
        sites = ruleset.sites()
        present = frozenset(dataset.tables[LINE].columns)
        query = batch_query(ruleset.plan, sites, present, ruleset.carried)
        rows = _with_refused(dataset, lines_sql(ruleset, query), sites)
        about = {
            "inputs": inputs_json(dataset.inputs),
            "reject_reasons": reject_reasons(sites),
            "warnings": [str(d) for d in dataset.diagnostics if d.severity == "warning"],
        }
        return _reader(arrow_stream(dataset.connection, rows), about, dataset)
    except BaseException:
        dataset.close()
        raise


def lines_of(made: "Run") -> "pa.RecordBatchReader":
    """Do what `Run.lines` says."""
    if made.query is None:
        msg = f"{made.ruleset.id} was run without lines to price"
        raise ValueError(msg)
    # With a cursor of its own, because others ask the connection meanwhile.
    stream = arrow_stream(made.connection.cursor(), f"FROM {PRICED}")
    reasons = reject_reasons(made.sites)
    return _reader(stream, {"reject_reasons": reasons}, nullcontext(made))


def lines_sql(ruleset: "Contract", query: BatchQuery) -> str:
    """Give the query of the priced lines in an order that is the same in every run."""
    if ruleset.plan.is_joint:
        # Lines that were looked at together come back in an order that differs from run to run, and
        # so would the digest of a file of them.
        return f"{query.sql}\nORDER BY claim_id, claim_line_number"
    return query.sql


def given_shapes(ruleset: "Contract") -> list[TableType]:
    """Give the shapes of the tables that a ruleset declares without a file."""
    tables = ruleset.bound.declaration.tables.values()
    return [shape_of(table) for table in tables if table.file is None]


def _derived_shapes(ruleset: "Contract") -> dict[str, TableType]:
    """Give the shapes of derived tables that prices read, which here are given, as far as read."""
    found = {}
    for name in ruleset.needs.given:
        if name in ruleset.derived:
            shape = ruleset.bound.shapes[name]
            asked = {column for table, column in ruleset.plan.given_columns if table == name}
            read = asked | {*shape.key, *(shape.effective or ())}
            columns = {c: type_ for c, type_ in shape.columns.items() if c in read}
            found[name] = evolve(shape, columns=columns)
    return found


def _arrow(lines: Any) -> Any:
    """Let through what has typed columns; texts are for `run`, and rows for `price`."""
    is_file = isinstance(lines, str | Path)
    if is_file and format_of(Path(lines)) in {"parquet", "arrow"}:
        return lines
    if not is_file and (hasattr(lines, "__arrow_c_stream__") or hasattr(lines, "schema")):
        return lines
    found = Path(lines).name if is_file else type(lines).__name__
    msg = f"the lines are {found}; they may be an Arrow table or stream, or a Parquet or Arrow file"
    raise TypeError(msg)


def _check_given(dataset: Dataset) -> None:
    """Refuse given rows that do not read, because a price without them may be another price."""
    bad = sum(found.rows_rejected for found in dataset.inputs if found.table != LINE)
    if bad:
        rejects = (str(found) for found in dataset.each_reject() if found.table != LINE)
        shown = "; ".join(found for found, _ in zip(rejects, range(_SHOWN_MAX), strict=False))
        msg = f"{bad:,} rows of the given tables do not read: {shown}"
        raise ValueError(msg)


def _with_refused(dataset: Dataset, priced: str, sites: Sites) -> str:
    """Add the lines that did not read behind the others, with what of their key does."""
    refused = dataset.refused[LINE]
    found = dataset.connection.execute(
        f"SELECT DISTINCT _code, _reason FROM ({refused}) ORDER BY ALL"
    ).fetchall()
    if not found:
        return priced
    sites.rule = ""
    number = " ".join(
        f"WHEN _code = {text(code)} AND _reason = {text(reason)} THEN {sites.number(code, reason)}"
        for code, reason in found
    )
    return (
        f"FROM ({priced}) UNION ALL BY NAME SELECT claim_id, claim_line_number,"
        f" CAST(CASE {number} END AS SMALLINT) AS reject FROM ({refused})"
    )


def _reader(
    stream: "pa.RecordBatchReader", about: Mapping[str, Any], source: AbstractContextManager[Any]
) -> "pa.RecordBatchReader":
    """Give a stream whose schema says what it is about, and which closes what it comes from."""
    import pyarrow as pa  # noqa: PLC0415  only Arrow in and out needs it

    def batches() -> Iterator[pa.RecordBatch]:
        with source, stream:
            yield from stream

    schema = stream.schema.with_metadata(
        {name: json.dumps(value, ensure_ascii=False) for name, value in about.items()}
    )
    return pa.RecordBatchReader.from_batches(schema, batches())
