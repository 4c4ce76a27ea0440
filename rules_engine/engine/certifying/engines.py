"""The engines that prices can come from; each is asked for the same lines."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.engine.certifying.outcomes import Outcome, Outcomes, of_batch, of_claim
from rules_engine.engine.certifying.sample import Row, Sample
from rules_engine.expressions import Sites, Type
from rules_engine.language.bind import LINE
from rules_engine.pricing.batch import batch_query
from rules_engine.pricing.given import Given
from rules_engine.tables.storage import quoted, storage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.engine.contract import Contract

__all__ = ["ENGINES", "PricingEngine", "installed"]


@frozen(kw_only=True)
class PricingEngine:
    """One way to price, that must agree with the exact evaluator to the cent.

    Attributes:
        name: What reports call it.
        meaning: What it is, in a few words.
        library: The distribution that it needs beside this one; empty where it needs none.
        price: Prices every line of a sample.
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


def _alone(contract: "Contract", sample: Sample) -> Outcomes:
    """Price one claim after the other by the generated function."""
    found: dict[tuple[str, int], Outcome] = {}
    given = Given(sample.given)
    for claim in sample.claims:
        for line in contract.pricer.price(claim.as_input(), given).lines:
            found[claim.claim_id, line.claim_line_number] = of_claim(contract.plan, line)
    return found


def _together(contract: "Contract", sample: Sample) -> Outcomes:
    """Price all claims by one query."""
    import duckdb  # noqa: PLC0415  a caller may ask for other engines alone

    plan = contract.plan
    columns = {
        name: plan.columns[name] for name in ("claim_id", "claim_line_number", *plan.needed_columns)
    }
    rows = [{"claim_id": claim.claim_id, **line} for claim in sample.claims for line in claim.lines]
    with duckdb.connect(config={"threads": 2}) as connection:
        _store(connection, LINE, columns, rows)
        for name in sorted(plan.needed_tables):
            if name in sample.given:
                _store(connection, name, plan.tables[name].columns, sample.given[name])
            else:
                contract.bound.tables[name].store(connection)
        sites = Sites()
        query = batch_query(plan, sites, columns)
        cursor = connection.execute(query.sql)
        names = [column[0] for column in cursor.description]
        priced = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {
        (row["claim_id"], row["claim_line_number"]): of_batch(plan, row, sites) for row in priced
    }


def _store(
    connection: "DuckDBPyConnection",
    name: str,
    columns: Mapping[str, Type],
    rows: Sequence[Row],
) -> None:
    """Store rows as the engine stores those of a file."""
    texts = [[_text(row.get(column)) for row in rows] for column in columns]
    # As texts, because a list of values would be typed by what happens to stand in it.
    listed = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS c{place}" for place in range(len(texts)))
    typed = ", ".join(
        f"CAST(c{place} AS {storage(type_)}) AS {quoted(column)}"
        for place, (column, type_) in enumerate(columns.items())
    )
    some = "" if rows else " WHERE false"
    connection.execute(
        f"CREATE TABLE {quoted(name)} AS SELECT {typed} FROM (SELECT {listed}){some}", texts
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else f"{value}"


ENGINES: Final = (
    PricingEngine(name="closure", meaning="one claim at a time", price=_alone),
    PricingEngine(name="duckdb", meaning="a batch as one query", library="duckdb", price=_together),
)
"""Every engine that is known, installed or not."""
