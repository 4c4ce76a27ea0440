"""Running: data in, lines priced, periods settled, results written."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from rules_engine.engine.contract import Contract
from rules_engine.engine.mappings import read_mappings
from rules_engine.engine.months import (
    UNFINISHED_MONTHS,
    month_sources,
    monthly_engine,
    price_months,
)
from rules_engine.engine.posting import openings_of
from rules_engine.engine.refusals import PRICED, reject_reasons
from rules_engine.engine.results import UNFINISHED, lines_from, write_results
from rules_engine.engine.run import Run, Summary
from rules_engine.engine.stream import given_shapes, lines_sql
from rules_engine.expressions import Scope, Sites
from rules_engine.expressions import check as check_expression
from rules_engine.expressions.sql import SqlWriter, quote, text
from rules_engine.language.monthly import MONTH
from rules_engine.language.names import LINE
from rules_engine.methodology import Period
from rules_engine.pricing.batch import BatchQuery, batch_query
from rules_engine.settlement.balances import TABLE
from rules_engine.settlement.books import Books
from rules_engine.settlement.deriving import derive, derived_sources
from rules_engine.settlement.experience import Source
from rules_engine.settlement.settle import periods_of, settle
from rules_engine.tables.check import DataCheck, check_data
from rules_engine.tables.dataset import Dataset
from rules_engine.warehouse.target import ENGINES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.ledger.journal import Journal

__all__ = ["check", "run", "sources_of"]

Progress = Callable[[str, int | None, int | None], None]
Pricing = Callable[..., AbstractContextManager[tuple[str, str]]]


def run(
    ruleset: Contract,
    data: Any,
    *,
    out: Path | None = None,
    labels: tuple[str, ...] | None = None,
    year: int | None = None,
    as_year: int | None = None,
    known_at: date | None = None,
    mappings: Sequence[str | os.PathLike[str]] | None = None,
    progress: Progress | None = None,
    memory: str | None = None,
    engine: str = "duckdb",
    spark: Any = None,
    derived: bool = False,
    journal: "Journal | None" = None,
) -> Run:
    """Do what `Ruleset.run` says."""
    if engine not in ENGINES:
        msg = f"{engine} is no engine; {' and '.join(ENGINES)} are"
        raise ValueError(msg)
    pricing, monthly = _engine(engine, spark), monthly_engine(engine, spark)
    tell = progress or (lambda _phase, _done, _total: None)
    target = year if as_year is None else as_year
    chosen = _chosen(ruleset, labels, target)
    deriving = _deriving(ruleset, chosen)
    tell("read", None, None)
    shifted = as_year - year if year is not None and as_year is not None else 0
    dataset = Dataset.open(
        data,
        read_mappings(ruleset, mappings),
        needs=ruleset.needs.tables,
        declared=given_shapes(ruleset),
        years_shifted=shifted,
        months_through=_months_through(ruleset, chosen, deriving) if labels or target else None,
        months_read=_months_read(ruleset, chosen),
        memory=memory,
        known_at=known_at,
        # Of what the journal says nothing, the rule itself says that nobody does.
        may_lack=() if journal is None else (TABLE,),
    )
    unfinished = None if out is None else out / UNFINISHED
    try:
        for table in ruleset.bound.tables.values():
            table.store(dataset.connection)
        made_by = derive(ruleset.bound, dataset.connection, deriving)
        tell("price", None, None)
        sites = ruleset.sites()
        query, others = _price(ruleset, dataset, sites, unfinished, target, pricing)
        months = price_months(ruleset, dataset, sites, out, monthly)
        tell("settle", None, None)
        sources = sources_of(ruleset, dataset, query)
        books = settle(
            ruleset.bound,
            dataset.connection,
            sources,
            labels=[p.label for p in chosen],
            known_at=known_at,
            posted=None
            if journal is None
            else openings_of(journal, ruleset, [p.label for p in chosen], known_at),
        )
        books.queries[:0] = made_by
        made = Run(
            ruleset=ruleset,
            dataset=dataset,
            check=check_data(ruleset.needs.tables, dataset),
            summary=_summary(dataset, query, others),
            books=books,
            sites=sites,
            query=query,
            months=months,
            out=out,
            options={
                "period": list(labels) if labels is not None else None,
                "year": year,
                "as_year": as_year,
                "years_shifted": shifted,
                "known_at": known_at.isoformat() if known_at else None,
                "engine": engine,
            },
            warnings=_warnings(ruleset, dataset, books, shifted, others),
        )
        if out is not None:
            tell("write", None, None)
            made.files = write_results(made, out, derived=derived)
    except BaseException:
        dataset.close()
        if out is not None:
            for name in (UNFINISHED, UNFINISHED_MONTHS):
                (out / name).unlink(missing_ok=True)
        raise
    return made


def check(
    ruleset: Contract, data: Any, mappings: Sequence[str | os.PathLike[str]] | None
) -> DataCheck:
    """Do what `Ruleset.check` says."""
    with Dataset.open(
        data,
        read_mappings(ruleset, mappings),
        needs=ruleset.needs.tables,
        declared=given_shapes(ruleset),
        digests=False,
        strict=False,
    ) as dataset:
        return check_data(ruleset.needs.tables, dataset)


def _chosen(ruleset: Contract, labels: tuple[str, ...] | None, year: int | None) -> list[Period]:
    """Give the periods to settle, in order: the named ones, or those of the year that is taken.

    Raises:
        ValueError: There is no such period.
    """
    rules = [rule for rule in ruleset.bound.rules if rule.settles]
    found = {p for rule in rules for p in periods_of(ruleset.bound, rule)}
    periods = sorted(found, key=lambda p: (p.last, p.first))
    known = list(dict.fromkeys(p.label for p in periods))
    for label in labels or ():
        if label not in known:
            choices = ", ".join(known) or "it settles none"
            msg = f"{label} is no period of {ruleset.id}; {choices} may stand there"
            raise ValueError(msg)
    if labels is not None:
        periods = [p for p in periods if p.label in labels]
    if year is None or not periods:
        return periods
    # Of a period that reaches into another year, the lines of that year would be missing.
    within = [p for p in periods if p.first.year == year == p.last.year]
    if not within:
        ends = ", ".join(f"{p.label} ({p.first} to {p.last})" for p in periods)
        msg = f"no period of {ruleset.id} lies in {year}; it has {ends}"
        raise ValueError(msg)
    return within


def _months_through(
    ruleset: Contract, chosen: Sequence[Period], deriving: Mapping[str, Sequence[Period]]
) -> date | None:
    """Give the last day of the enrolment that counts: of what is settled, or read by prices."""
    for_prices = {ruleset.derived[name].rule for name in ruleset.derived_for_prices}
    periods = [*chosen, *(one for rule in for_prices for one in deriving[rule])]
    return max((one.last for one in periods), default=None)


def _months_read(ruleset: Contract, chosen: Sequence[Period]) -> tuple[date, date] | None:
    """Give the first and the last day of what settlement reads; None where prices read more."""
    if not chosen or MONTH in ruleset.plan.needed_tables:
        return None
    queries = (q for rule in ruleset.bound.rules for q in (*rule.derived, *rule.experience))
    if any(read.table == MONTH for query in queries for read in query.reads.values()):
        return None
    return min(p.first for p in chosen), max(p.last for p in chosen)


def _deriving(ruleset: Contract, chosen: Sequence[Period]) -> dict[str, list[Period]]:
    """Give the periods that each rule derives: its own that share a day with one to be settled.

    What prices read is derived for all of the contract: a line of any day is priced.
    """
    for_prices = {ruleset.derived[name].rule for name in ruleset.derived_for_prices}
    return {
        rule.id: [
            own
            for own in periods_of(ruleset.bound, rule)
            if rule.id in for_prices
            or any(own.first <= one.last and one.first <= own.last for one in chosen)
        ]
        for rule in ruleset.bound.rules
        if rule.derived
    }


def _engine(engine: str, session: Any) -> Pricing:
    """Give the engine that prices: what it ran, and a query that gives the priced lines.

    Raises:
        SparkError: There is no Spark here; said before hours of data are read.
    """
    if engine == "spark":
        from rules_engine.engine.spark import priced_on_spark  # noqa: PLC0415  it loads sqlglot
        from rules_engine.warehouse.spark import require  # noqa: PLC0415  only Spark asks for it

        require(session)
        return partial(priced_on_spark, session=session)
    return _priced_in_place


@contextmanager
def _priced_in_place(
    ruleset: Contract, _dataset: Dataset, query: BatchQuery, _source: str, _folder: Path | None
) -> Iterator[tuple[str, str]]:
    """Leave the pricing to the connection that holds the tables."""
    yield query.sql, lines_sql(ruleset, query)


def _price(
    ruleset: Contract,
    dataset: Dataset,
    sites: Sites,
    path: Path | None,
    year: int | None,
    pricing: Pricing,
) -> tuple[BatchQuery | None, int]:
    """Price every line into `priced_line`; give the query and how many lines were left out."""
    connection = dataset.connection
    if not ruleset.plan.choosing or LINE not in dataset.tables:
        return None, 0
    present = frozenset(dataset.tables[LINE].columns)
    others = 0
    source = LINE
    if year is not None:
        writer = SqlWriter(
            {},
            Sites(),
            column=lambda ref: f"l.{quote(ref.name)}" if ref.name in present else "NULL",
        )
        day = writer.write(ruleset.plan.row_date)
        source = "medical_claim_of_year"
        kept = f"coalesce(year({day}) = {int(year)}, TRUE)"
        connection.execute(f"CREATE VIEW {source} AS SELECT * FROM {LINE} AS l WHERE {kept}")
        (others,) = _row(connection, f"SELECT count(*) FROM {LINE} AS l WHERE NOT ({kept})")
    query = batch_query(ruleset.plan, sites, present, ruleset.carried, source=source)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    folder = None if path is None else path.parent
    with pricing(ruleset, dataset, query, source, folder) as (ran, rows):
        query = evolve(query, sql=ran)
        if path is None:
            connection.execute(f"CREATE TABLE {PRICED} AS {rows}")
            return query, others
        # The file explains its own numbers, wherever it goes.
        reasons = text(json.dumps(reject_reasons(sites), ensure_ascii=False))
        connection.execute(
            f"COPY ({rows}) TO {text(str(path))}"
            f" (FORMAT parquet, KV_METADATA {{reject_reasons: {reasons}}})"
        )
    connection.execute(lines_from(path))
    return query, others


def _summary(dataset: Dataset, query: BatchQuery | None, others: int) -> Summary:
    rejected = sum(found.rows_rejected for found in dataset.inputs)
    zero = Decimal("0.00")
    counts: tuple[Any, ...] = (0, 0, zero, zero, zero, zero, zero)
    if query is not None:
        priced = "FILTER (WHERE reject IS NULL)"
        counts = _row(
            dataset.connection,
            f"SELECT count(*), count(reject), sum(charge_amount) {priced}, sum(allowed_amount),"
            f" sum(member_amount), sum(withheld_amount), sum(paid_amount) FROM {PRICED}",
        )
    lines, refused, *amounts = counts
    charge, allowed, member, withheld, paid = (zero if a is None else a for a in amounts)
    return Summary(
        lines=lines,
        lines_priced=lines - refused,
        lines_rejected=refused,
        rows_rejected=rejected,
        lines_of_other_years=others,
        charge=charge,
        allowed=allowed,
        member=member,
        withheld=withheld,
        paid=paid,
    )


def _row(connection: "DuckDBPyConnection", sql: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = connection.execute(sql).fetchone()
    return found or ()


def sources_of(ruleset: Contract, dataset: Dataset, query: BatchQuery | None) -> dict[str, Source]:
    """Say where the rows of each relation are."""
    found: dict[str, Source] = {}
    for name in dataset.tables:
        table = ruleset.bound.given[name]
        row_date = ""
        if table.period_date:
            writer = SqlWriter({}, Sites(), column=lambda ref: f"l.{quote(ref.name)}")
            row_date = writer.write(
                check_expression(table.period_date, Scope(columns=table.columns))
            )
        found[name] = Source(quote(name), row_date)
    found |= derived_sources(ruleset.bound)
    if MONTH in dataset.tables:
        found |= month_sources(ruleset)
    if query is None:
        return found
    for rule in ruleset.bound.rules:
        if not rule.steps or rule.months:
            # Of a rule that pays for member-months these are its rows.
            continue
        if rule.steps[0].sets == "allowed":
            amounts = {name: f"{name}_amount" for name in ("allowed", "withheld", "paid")}
            amounts["member_share"] = "member_amount"
            where = f"p.rule = {text(rule.id)}"
        else:
            amounts = {"amount": query.amounts.get(rule.id, "allowed_amount")}
            where = "p.reject IS NULL"
        named = ", ".join(
            f"p.{quote(column)} AS {quote(name)}"
            for name, column in amounts.items()
            if name in rule.outputs
        )
        others = [c for c in query.columns if c not in rule.outputs]
        columns = ", ".join(f"p.{quote(c)}" for c in others)
        found[rule.id] = Source(
            f"(SELECT {columns}, {named} FROM {PRICED} AS p WHERE {where})", "l.service_date"
        )
    return found


def _warnings(
    ruleset: Contract, dataset: Dataset, books: Books, shifted: int, others: int
) -> list[str]:
    found = [str(d) for d in dataset.diagnostics if d.severity == "warning"]
    found += books.warnings
    if shifted:
        found.append(f"every date of the data was moved by {shifted:+d} years")
    if others:
        found.append(f"{others:,} lines of other years were left out")
    found += [str(d) for d in ruleset.bound.warnings]
    return found
