"""Member-months of a run: priced by every rule that pays for them, written, counted and refused."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.engine.contract import Contract
from rules_engine.engine.refusals import reject_reasons
from rules_engine.expressions import Sites
from rules_engine.expressions.sql import quote, text
from rules_engine.language.monthly import MONTH, PAID
from rules_engine.pricing.months.batch import CARRIED, MonthQuery, month_query
from rules_engine.pricing.months.plan import KEYS
from rules_engine.settlement.experience import Source
from rules_engine.tables.dataset import Dataset
from rules_engine.tables.rejects import Reject
from rules_engine.tables.storage import storage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.engine.run import Run

__all__ = [
    "PRICED_MONTHS",
    "UNFINISHED_MONTHS",
    "MonthSummary",
    "PricedMonths",
    "month_rejects",
    "month_sources",
    "monthly_engine",
    "months_from",
    "price_months",
]

PRICED_MONTHS: Final = "priced_month"
"""The table or view of a run that holds what is paid for member-months."""

UNFINISHED_MONTHS: Final = ".member_months.parquet.unfinished"
"""What they are called in the folder of results until the run has settled."""

_AMOUNTS: Final = ("allowed", "adjusted", "withheld", "paid")
_DETAILS_MAX: Final = 10_000

Monthly = Callable[..., AbstractContextManager[tuple[Sequence[str], Sequence[str]]]]


@frozen(kw_only=True)
class MonthSummary:
    """What a run did with member-months; one that two rules pay for counts twice.

    Attributes:
        priced: Member-months that a rule pays for.
        rejected: Member-months of which a rule cannot say what it pays.
        allowed: Allowed amounts of the priced ones, in currency.
        adjusted: What is taken off for good.
        withheld: What is kept back until a settlement.
        paid: What is paid.
    """

    priced: int
    rejected: int
    allowed: Decimal
    adjusted: Decimal
    withheld: Decimal
    paid: Decimal


@frozen(kw_only=True)
class PricedMonths:
    """The member-months of a run.

    Attributes:
        queries: The SQL that priced them, one for each rule.
        summary: Counts and totals.
    """

    queries: tuple[str, ...]
    summary: MonthSummary


def monthly_engine(engine: str, session: Any) -> Monthly:
    """Give the engine that prices member-months: what it ran, and queries that give the rows."""
    if engine == "spark":
        from rules_engine.engine.spark import months_on_spark  # noqa: PLC0415  it loads sqlglot

        return partial(months_on_spark, session=session)
    return _in_place


@contextmanager
def _in_place(
    _ruleset: Contract, _dataset: Dataset, queries: Sequence[MonthQuery], _folder: Path | None
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Leave the pricing to the connection that holds the tables."""
    written = [query.sql for query in queries]
    yield written, written


def price_months(
    ruleset: Contract, dataset: Dataset, sites: Sites, out: Path | None, monthly: Monthly
) -> PricedMonths | None:
    """Price every member-month of the contract; None where no rule pays for any.

    Args:
        ruleset: What to price by.
        dataset: The staged tables.
        sites: Numbers of the places that may reject a row, shared with the lines.
        out: Folder for the results; None keeps them in memory.
        monthly: The engine.
    """
    plans = ruleset.month_plans
    if not plans or MONTH not in dataset.tables:
        return None
    connection = dataset.connection
    present = frozenset(dataset.tables[MONTH].columns)
    queries = [month_query(plan, sites, present) for plan in plans.values()]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with monthly(ruleset, dataset, queries, out) as (ran, rows):
        # One order in every run, so that the same months give the same file; by month, because
        # who settles a month then reads no other.
        together = " UNION ALL ".join(f"(FROM ({one}))" for one in rows)
        ordered = f"{together} ORDER BY rule, month, person_id"
        if out is None:
            connection.execute(f"CREATE TABLE {PRICED_MONTHS} AS {ordered}")
        else:
            path = out / UNFINISHED_MONTHS
            reasons = text(json.dumps(reject_reasons(sites), ensure_ascii=False))
            connection.execute(
                f"COPY ({ordered}) TO {text(str(path))}"
                f" (FORMAT parquet, KV_METADATA {{reject_reasons: {reasons}}})"
            )
            connection.execute(months_from(path))
    for rule in plans:
        connection.execute(_paid_view(ruleset, rule, present))
    return PricedMonths(queries=tuple(ran), summary=_summary(connection))


def months_from(path: Path) -> str:
    """Write the statement that makes a file the member-months of a run."""
    return f"CREATE OR REPLACE VIEW {PRICED_MONTHS} AS FROM read_parquet([{text(str(path))}])"


def _paid_view(ruleset: Contract, rule: str, present: frozenset[str]) -> str:
    """Write the view of the member-months that a rule pays for, with the names rules know."""
    known = ruleset.bound.given[MONTH].columns
    there = {*KEYS, *CARRIED} & present
    columns = [
        f"{quote(name) if name in there else f'CAST(NULL AS {storage(type_)})'} AS {quote(name)}"
        for name, type_ in known.items()
    ]
    columns += ["payee", *(f"{name}_amount AS {name}" for name in _AMOUNTS)]
    return (
        f"CREATE VIEW {quote(f'{rule}_{PAID}')} AS SELECT {', '.join(columns)}"
        f" FROM {PRICED_MONTHS} WHERE rule = {text(rule)} AND reject IS NULL"
    )


def _summary(connection: "DuckDBPyConnection") -> MonthSummary:
    sums = ", ".join(f"coalesce(sum({name}_amount), 0)" for name in _AMOUNTS)
    found = connection.execute(
        f"SELECT count(*) FILTER (WHERE reject IS NULL), count(reject), {sums} FROM {PRICED_MONTHS}"
    ).fetchone()
    priced, rejected, *amounts = found or (0, 0, *[Decimal(0)] * len(_AMOUNTS))
    return MonthSummary(
        priced=priced, rejected=rejected, **dict(zip(_AMOUNTS, amounts, strict=True))
    )


def month_sources(ruleset: Contract) -> dict[str, Source]:
    """Say where the member-months that each rule pays for are."""
    return {rule: Source(quote(f"{rule}_{PAID}"), "l.month") for rule in ruleset.month_plans}


def month_rejects(made: "Run") -> Iterator[Reject]:
    """Give the member-months without a payment; the first ten thousand with what it is about."""
    if made.months is None or not made.months.summary.rejected:
        return
    sites = list(made.sites)
    details = _details(made)
    # With a cursor of its own, because others ask the connection meanwhile.
    found = made.connection.cursor().execute(
        f"SELECT rule, person_id, month, reject FROM {PRICED_MONTHS}"
        " WHERE reject IS NOT NULL ORDER BY ALL"
    )
    while rows := found.fetchmany(_DETAILS_MAX):
        for rule, person, month, number in rows:
            yield Reject(
                table=MONTH,
                file=MONTH,
                key=f"person_id={person}, month={month}",
                value=details.get((rule, person, month)),
                code=sites[number].code,
                reason=f"{rule}: {sites[number].message}",
            )


def _details(made: "Run") -> dict[tuple[str, str, Any], str]:
    """Ask the pricer of one member-month why; it must give the same reason."""
    ruleset = made.ruleset
    if ruleset.needs.given:
        # What is given for a member is not looked up once more for each of them.
        return {}
    columns = [c for c in ruleset.needs.month if c in made.dataset.tables[MONTH].columns]
    names = ", ".join(f"l.{quote(name)}" for name in dict.fromkeys((*KEYS, *columns)))
    cursor = made.connection.execute(
        f"SELECT {names} FROM {MONTH} AS l SEMI JOIN (SELECT person_id, month FROM {PRICED_MONTHS}"
        " WHERE reject IS NOT NULL) AS p USING (person_id, month)"
        f" ORDER BY ALL LIMIT {_DETAILS_MAX}"
    )
    heads = [column[0] for column in cursor.description]
    found = {}
    for values in cursor.fetchall():
        row = dict(zip(heads, values, strict=True))
        for pricer in ruleset.month_pricers:
            refused = pricer.refusal(row)
            if refused is not None and refused.detail:
                found[refused.rule, row["person_id"], row["month"]] = refused.detail
    return found
