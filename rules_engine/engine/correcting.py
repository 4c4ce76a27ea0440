"""Correcting: the lines of a run beside those of an earlier one, and what has become of each."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rules_engine.engine.refusals import PRICED
from rules_engine.expressions import Sites
from rules_engine.expressions.sql import quote, text
from rules_engine.pricing.batch import KEYS, BatchQuery
from rules_engine.pricing.correction import Correction, corrected
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.priced import Adjustment, PricedLine, RejectedLine

if TYPE_CHECKING:
    from decimal import Decimal

    from rules_engine.engine.run import Run

__all__ = ["corrections_of"]

_ROWS: Final = 10_000
_LINES: Final = "lines.parquet"
_AMOUNTS: Final = (
    "rule",
    "charge_amount",
    "allowed_amount",
    "contractual_adjustment",
    "member_amount",
    "withheld_amount",
    "paid_amount",
)


def corrections_of(run: "Run", earlier: "Run | Path") -> Iterator[Correction]:
    """Do what `Run.corrections` says."""
    if run.query is None:
        msg = f"{run.ruleset.id} was run without lines to price"
        raise ValueError(msg)
    columns = tuple(dict.fromkeys((*_AMOUNTS, *run.query.amounts.values())))
    # With a cursor of its own, because others ask the connection meanwhile.
    cursor = run.connection.cursor()
    if isinstance(earlier, Path):
        path = earlier / _LINES if earlier.is_dir() else earlier
        before = f"read_parquet({text(str(path))})"
    else:
        before = "earlier_line"
        cursor.register(before, earlier.lines().read_all())
    found = {row[0] for row in cursor.execute(f"DESCRIBE FROM {before}").fetchall()}
    lacking = [name for name in (*KEYS, *columns) if name not in found]
    if lacking:
        msg = (
            f"the earlier lines have no {', '.join(lacking)}; lines of the same rules, priced by"
            f" {run.ruleset.id}, may stand there"
        )
        raise ValueError(msg)
    cursor.execute(_query(before, columns))
    reader = _Reader(run.ruleset.plan, run.query, columns, run.sites)
    while rows := cursor.fetchmany(_ROWS):
        for row in rows:
            yield from reader.corrections(row)


def _query(before: str, columns: Sequence[str]) -> str:
    """Write the query of the lines that differ: their key, both rejects, both sets of amounts."""
    sides = ", ".join(f"{side}.{quote(c)}" for side in "ba" for c in ("reject", *columns))
    differs = " OR ".join(f"b.{quote(c)} IS DISTINCT FROM a.{quote(c)}" for c in columns)
    claim, number = KEYS
    return (
        f"SELECT {claim}, {number}, a.{claim} IS NOT NULL, {sides}"
        f" FROM {before} AS b FULL JOIN {PRICED} AS a USING ({claim}, {number})"
        f" WHERE {differs} ORDER BY {claim}, {number}"
    )


class _Reader:
    """Reads rows as what the price of one claim gives."""

    def __init__(self, plan: Plan, query: BatchQuery, columns: Sequence[str], sites: Sites) -> None:
        self.columns = tuple(columns)
        self.sites = list(sites)
        self.taken = [
            (rule.id, rule.step.group_code or "", rule.step.carc or "", query.amounts[rule.id])
            for rule in plan.later
            if rule.id in query.amounts
        ]

    def corrections(self, row: tuple[Any, ...]) -> Iterator[Correction]:
        """Give the correction that a row of the query stands for."""
        claim_id, number, is_there, *sides = row
        half = len(self.columns) + 1
        before = self.line(number, sides[:half])
        after = self.line(number, sides[half:]) if is_there else None
        yield from corrected(claim_id, number, before, after)

    def line(self, number: int, side: Sequence[Any]) -> PricedLine | RejectedLine | None:
        """Give one side of a row; None where the line is not among them."""
        reject, *values = side
        amounts: Mapping[str, Any] = dict(zip(self.columns, values, strict=True))
        if amounts["rule"] is None:
            # Of an earlier line it does not matter why it had no price.
            return None if reject is None else RejectedLine.of(number, self.sites[reject], "")
        rule = amounts["rule"]
        found = []
        contractual: Decimal | None = amounts["contractual_adjustment"]
        if contractual:
            found.append(Adjustment("CO", "45", contractual, rule))
        found += [
            Adjustment(group_code, carc, amounts[column], taker)
            for taker, group_code, carc, column in self.taken
            if amounts[column]
        ]
        return PricedLine(
            claim_line_number=number,
            rule=rule,
            charge=amounts["charge_amount"],
            allowed=amounts["allowed_amount"],
            member_share=amounts["member_amount"],
            withheld=amounts["withheld_amount"],
            paid=amounts["paid_amount"],
            adjustments=tuple(found),
        )
