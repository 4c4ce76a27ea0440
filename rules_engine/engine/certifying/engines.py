"""The engines that prices can come from; each is asked for the same lines."""

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.engine.certifying.judging import Judge
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes, of_batch, of_claim
from rules_engine.engine.certifying.sample import Sample
from rules_engine.engine.certifying.storing import store
from rules_engine.expressions import Sites
from rules_engine.language.bind import LINE
from rules_engine.pricing.batch import batch_query
from rules_engine.pricing.given import Given
from rules_engine.pricing.one import ClaimPricer
from rules_engine.pricing.plan import Plan
from rules_engine.tables.lookup import LookupTable

if TYPE_CHECKING:
    from rules_engine.engine.contract import Contract

__all__ = ["ENGINES", "NotOfferedError", "PricingEngine", "alone", "installed", "together"]


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
    """

    name: str
    meaning: str
    library: str = ""
    price: "Callable[[Contract, Sample], Outcomes]"

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
    import duckdb  # noqa: PLC0415  a caller may ask for other engines alone

    columns = {
        name: plan.columns[name] for name in ("claim_id", "claim_line_number", *plan.needed_columns)
    }
    rows = [{"claim_id": claim.claim_id, **line} for claim in sample.claims for line in claim.lines]
    with duckdb.connect(config={"threads": 2}) as connection:
        store(connection, LINE, columns, rows)
        for name in sorted(plan.needed_tables):
            if name in sample.given:
                store(connection, name, plan.tables[name].columns, sample.given[name])
            else:
                tables[name].store(connection)
        sites = Sites()
        query = batch_query(plan, sites, columns)
        cursor = connection.execute(query.sql)
        names = [column[0] for column in cursor.description]
        priced = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {
        (row["claim_id"], row["claim_line_number"]): of_batch(plan, row, sites) for row in priced
    }


def _alone(contract: "Contract", sample: Sample) -> Outcomes:
    return alone(contract.plan, contract.pricer, sample)


def _together(contract: "Contract", sample: Sample) -> Outcomes:
    return together(contract.plan, contract.bound.tables, sample)


ENGINES: Final = (
    PricingEngine(name="closure", meaning="one claim at a time", price=_alone),
    PricingEngine(name="duckdb", meaning="a batch as one query", library="duckdb", price=_together),
)
"""Every engine that is known, installed or not."""
