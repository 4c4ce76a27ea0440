"""The batch in Polars, Parquet to Parquet, beside the SQL by hand in the same process.

`python -m bench.peers.polars_batch LINES FEES FOLDER BASELINE.sql ROUNDS` prints seconds as JSON
and leaves the result of each way in the folder, as NAME.parquet.
"""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import polars as pl

from bench.timing import in_turns

_OUT: Final = ("claim_id", "claim_line_number", "charge_amount", "allowed_amount")
_WIDE: Final = pl.Decimal(38, 8)
_MONEY: Final = pl.Decimal(12, 2)


class _Numbers(NamedTuple):
    """How amounts and factors are held."""

    amount: Callable[[Any], Any]
    factor: Callable[[str], Any]
    cent: Callable[[Any], Any]


def _half_up(amount: Any) -> Any:
    return amount.round(2, mode="half_away_from_zero")


WAYS: Final = {
    "Float64": _Numbers(
        lambda column: column.cast(pl.Float64), lambda text: pl.lit(float(text)), _half_up
    ),
    # A product keeps the larger scale of its factors, so that cents are rounded at every step.
    "Decimal as it comes": _Numbers(
        lambda column: column, lambda text: pl.lit(Decimal(text)), _half_up
    ),
    "Decimal widened by hand": _Numbers(
        lambda column: column.cast(_WIDE),
        lambda text: pl.lit(Decimal(text)).cast(_WIDE),
        lambda amount: _half_up(amount).cast(_MONEY),
    ),
}


def job(lines: str, fees: str, numbers: _Numbers) -> pl.LazyFrame:
    """Write the three rules as one lazy query."""

    def factor(column: str, value: str, then: str) -> Any:
        otherwise = numbers.factor("1.00")
        return pl.when(pl.col(column) == value).then(numbers.factor(then)).otherwise(otherwise)

    fee = numbers.cent(
        numbers.amount(pl.col("amount"))
        * numbers.amount(pl.col("service_unit_quantity"))
        * factor("hcpcs_modifier_1", "52", "0.85")
        * factor("network_tier", "A", "1.10")
        * factor("place_of_service_code", "21", "0.80")
    )
    allowed = pl.col("allowed_amount")
    withheld = numbers.cent(numbers.amount(allowed) * numbers.factor("0.05"))
    return (
        pl.scan_parquet(lines)
        .join(pl.scan_parquet(fees), on="hcpcs_code")
        .with_columns(allowed_amount=pl.min_horizontal("charge_amount", fee))
        .with_columns(withheld_amount=withheld)
        .select(
            *_OUT,
            (pl.col("charge_amount") - allowed).alias("contractual_adjustment"),
            "withheld_amount",
            (allowed - pl.col("withheld_amount")).alias("paid_amount"),
        )
    )


def main(lines: str, fees: str, folder: str, baseline: str, rounds: int) -> None:
    """Time the SQL by hand and each way, in turns."""
    connection = duckdb.connect()
    by_hand = Path(baseline).read_text(encoding="utf-8").replace(":lines", lines)
    by_hand = by_hand.replace(":fees", fees).replace(":out", f"{folder}/by_hand.parquet")

    def written(name: str, numbers: _Numbers) -> Callable[[], object]:
        return lambda: job(lines, fees, numbers).sink_parquet(f"{folder}/{name}.parquet")

    timed = in_turns(
        {"by hand": lambda: connection.execute(by_hand)}
        | {name: written(name, numbers) for name, numbers in WAYS.items()},
        rounds,
    )
    print(
        json.dumps(
            {"version": pl.__version__, "seconds": {name: s.median for name, s in timed.items()}}
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
