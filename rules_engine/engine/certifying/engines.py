"""The engines that prices can come from; each is asked for the same lines."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.engine.certifying.judging import Judge
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes, of_batch, of_claim
from rules_engine.engine.certifying.sample import Sample
from rules_engine.engine.certifying.storing import store
from rules_engine.expressions import Sites, Type
from rules_engine.expressions.sql import quote, text
from rules_engine.language.names import LINE
from rules_engine.pricing.batch import batch_query
from rules_engine.pricing.given import Given
from rules_engine.pricing.one import ClaimPricer
from rules_engine.pricing.plan import Plan
from rules_engine.tables.lookup import LookupTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.engine.contract import Contract

__all__ = [
    "ENGINES",
    "NotOfferedError",
    "PricingEngine",
    "alone",
    "chosen",
    "installed",
    "on_spark",
    "together",
]


class NotOfferedError(Exception):
    """An engine that is installed cannot price by this ruleset; the message says why."""


@frozen(kw_only=True)
class PricingEngine:
    """One way to price, that must agree with the exact evaluator to the cent.

    Attributes:
        name: What reports call it.
        meaning: What it is, in a few words.
        library: The distribution that it needs beside this one; empty where it needs none.
        price: Prices every line of a sample. It raises `NotOfferedError` where the engine does not
            offer what the ruleset asks for.
        opened: Holds the engine open while it is asked again and again.
    """

    name: str
    meaning: str
    library: str = ""
    price: "Callable[[Contract, Sample], Outcomes]"
    opened: Callable[[], AbstractContextManager[Any]] = nullcontext

    @property
    def version(self) -> str | None:
        """Version of the library that it runs on; None where it is not installed."""
        return installed(self.library or "rules-engine")


def installed(distribution: str) -> str | None:
    """Give the version of a distribution, or None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def alone(plan: Plan, pricer: ClaimPricer, sample: Sample) -> Outcomes:
    """Price one claim after the other by the generated function."""
    found: dict[tuple[str, int], Outcome] = {}
    run_up: dict[tuple[str, str, str], Any] = {}
    for claim in Judge(plan, {}).in_order(sample.claims):
        priced = pricer.price(claim.as_input(), Given(sample.given, run_up))
        run_up |= priced.given_after
        for line in priced.lines:
            found[claim.claim_id, line.claim_line_number] = of_claim(plan, line)
    return found


def together(plan: Plan, tables: Mapping[str, LookupTable], sample: Sample) -> Outcomes:
    """Price all claims by one query."""
    with _stored(plan, tables, sample) as connection:
        sites = Sites()
        query = batch_query(plan, sites, _columns(plan))
        return _outcomes(plan, connection, query.sql, sites)


def on_spark(plan: Plan, tables: Mapping[str, LookupTable], sample: Sample) -> Outcomes:
    """Price all claims by one query on Spark.

    Raises:
        NotOfferedError: Spark would not compute the ruleset exactly.
    """
    from rules_engine.warehouse import spark  # noqa: PLC0415  only Spark asks for it
    from rules_engine.warehouse.text import DialectError, translated  # noqa: PLC0415  it loads sqlglot

    columns = _columns(plan)
    shapes = {name: plan.tables[name].columns for name in sorted(plan.needed_tables)}
    sites = Sites()
    query = batch_query(plan, sites, columns)
    try:
        written = translated(query.steps, query.final, {LINE: columns, **shapes}, "spark")
    except DialectError as error:
        raise NotOfferedError(str(error)) from None
    with (
        _stored(plan, tables, sample) as connection,
        tempfile.TemporaryDirectory() as folder,
        spark.session() as session,
    ):
        files = {}
        for name in (LINE, *shapes):
            files[name] = Path(folder, f"{name}.parquet")
            connection.execute(f"COPY {quote(name)} TO {text(str(files[name]))} (FORMAT parquet)")
        priced = Path(folder, "priced")
        spark.query(session, written, files, priced)
        rows = f"FROM read_parquet({text(str(priced / '*.parquet'))})"
        return _outcomes(plan, connection, rows, sites)


@contextmanager
def _stored(
    plan: Plan, tables: Mapping[str, LookupTable], sample: Sample
) -> Iterator["DuckDBPyConnection"]:
    """Hold the lines of a sample and the tables that formulas read."""
    import duckdb  # noqa: PLC0415  a caller may ask for other engines alone

    rows = [{"claim_id": claim.claim_id, **line} for claim in sample.claims for line in claim.lines]
    with duckdb.connect(config={"threads": 2}) as connection:
        store(connection, LINE, _columns(plan), rows)
        for name in sorted(plan.needed_tables):
            if name in sample.given:
                store(connection, name, plan.tables[name].columns, sample.given[name])
            else:
                tables[name].store(connection)
        yield connection


def _columns(plan: Plan) -> dict[str, Type]:
    keys = {name: plan.columns[name] for name in ("claim_id", "claim_line_number")}
    return {**keys, **plan.read_columns}


def _outcomes(plan: Plan, connection: "DuckDBPyConnection", rows: str, sites: Sites) -> Outcomes:
    cursor = connection.execute(rows)
    names = [column[0] for column in cursor.description]
    priced = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {
        (row["claim_id"], row["claim_line_number"]): of_batch(plan, row, sites) for row in priced
    }


def _alone(contract: "Contract", sample: Sample) -> Outcomes:
    return alone(contract.plan, contract.pricer, sample)


def _together(contract: "Contract", sample: Sample) -> Outcomes:
    return together(contract.plan, contract.bound.tables, sample)


def _on_spark(contract: "Contract", sample: Sample) -> Outcomes:
    return on_spark(contract.plan, contract.bound.tables, sample)


@contextmanager
def _spark_opened() -> Iterator[None]:
    """Start Spark once for all that it is asked."""
    from rules_engine.warehouse.spark import SparkError, session  # noqa: PLC0415  only Spark asks for it

    with ExitStack() as stack:
        try:
            stack.enter_context(session())
        except SparkError as error:
            raise NotOfferedError(str(error)) from None
        yield


ENGINES: Final = (
    PricingEngine(name="closure", meaning="one claim at a time", price=_alone),
    PricingEngine(name="duckdb", meaning="a batch as one query", library="duckdb", price=_together),
    PricingEngine(
        name="spark",
        meaning="a batch on Spark",
        library="pyspark",
        price=_on_spark,
        opened=_spark_opened,
    ),
)
"""Every engine that is known, installed or not."""


def chosen(names: Sequence[str] | None) -> tuple[PricingEngine, ...]:
    """Give the engines of these names; all of them for None.

    Raises:
        ValueError: There is no such engine.
    """
    known = {engine.name: engine for engine in ENGINES}
    for name in names or ():
        if name not in known:
            msg = f"{name} is no engine; {', '.join(known)} are"
            raise ValueError(msg)
    return tuple(engine for engine in ENGINES if names is None or engine.name in names)
