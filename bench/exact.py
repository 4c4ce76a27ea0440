"""The exact answer of the reference job, worked out without the engine, in two ways."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Any, Final

__all__ = ["COLUMNS", "differing", "differing_of_sample", "price"]

COLUMNS: Final = (
    "claim_id",
    "claim_line_number",
    "charge_amount",
    "allowed_amount",
    "contractual_adjustment",
    "withheld_amount",
    "paid_amount",
)
"""What the SQL by hand writes, and what is compared."""

_CENT: Final = Decimal("0.01")
_EXACT: Final = Context(prec=60)

# Whole numbers only: cents times percents, rounded half up by integer division. Every amount of
# the job is zero or more, so that half up and half away from zero are the same.
_WHOLE: Final = """
WITH scaled AS (
  SELECT l.claim_id, l.claim_line_number,
    CAST(l.charge_amount * 100 AS HUGEINT) AS charge,
    CAST(f.amount * 100 AS HUGEINT) * l.service_unit_quantity
      * CASE WHEN l.hcpcs_modifier_1 = '52' THEN 85 ELSE 100 END
      * CASE WHEN l.network_tier = 'A' THEN 110 ELSE 100 END
      * CASE WHEN l.place_of_service_code = '21' THEN 80 ELSE 100 END AS fee
  FROM ':lines' l JOIN ':fees' f USING (hcpcs_code)
), allowed AS (
  SELECT claim_id, claim_line_number, charge,
    least(charge, (fee + 500000) // 1000000) AS allowed
  FROM scaled
), expected AS (
  SELECT *, (allowed * 5 + 50) // 100 AS withheld FROM allowed
)
SELECT count(*) FROM expected e FULL JOIN ':out' o USING (claim_id, claim_line_number)
WHERE CAST(o.charge_amount * 100 AS HUGEINT) IS DISTINCT FROM e.charge
  OR CAST(o.allowed_amount * 100 AS HUGEINT) IS DISTINCT FROM e.allowed
  OR CAST(o.contractual_adjustment * 100 AS HUGEINT) IS DISTINCT FROM e.charge - e.allowed
  OR CAST(o.withheld_amount * 100 AS HUGEINT) IS DISTINCT FROM e.withheld
  OR CAST(o.paid_amount * 100 AS HUGEINT) IS DISTINCT FROM e.allowed - e.withheld
"""
_SAMPLE: Final = """
SELECT l.*, o.allowed_amount, o.withheld_amount, o.paid_amount
FROM ':lines' l LEFT JOIN ':out' o USING (claim_id, claim_line_number)
WHERE hash(l.claim_id, l.claim_line_number) % :every = 0
"""


def price(line: Mapping[str, Any], fees: Mapping[str, Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """Give allowed, withheld and paid amount of one line, as plain Python would."""
    fee = _EXACT.multiply(fees[line["hcpcs_code"]], line["service_unit_quantity"])
    if line["hcpcs_modifier_1"] == "52":
        fee = _EXACT.multiply(fee, Decimal("0.85"))
    if line["network_tier"] == "A":
        fee = _EXACT.multiply(fee, Decimal("1.10"))
    if line["place_of_service_code"] == "21":
        fee = _EXACT.multiply(fee, Decimal("0.80"))
    allowed = min(line["charge_amount"], _half_up(fee))
    withheld = _half_up(_EXACT.multiply(allowed, Decimal("0.05")))
    return allowed, withheld, _EXACT.subtract(allowed, withheld)


def _half_up(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP, context=_EXACT)


def differing(connection: Any, lines: Path, fees: Path, out: Path) -> int:
    """Count all lines of a result that differ from the answer in whole numbers, or are missing."""
    sql = _WHOLE.replace(":lines", str(lines)).replace(":fees", str(fees))
    count: int = connection.execute(sql.replace(":out", str(out))).fetchone()[0]
    return count


def differing_of_sample(
    connection: Any, lines: Path, fees: Mapping[str, Decimal], out: Path, every: int
) -> tuple[int, int]:
    """Compare about one line in so many with the answer in `Decimal`.

    Returns:
        How many lines were compared, and how many of them differ.
    """
    sql = _SAMPLE.replace(":lines", str(lines)).replace(":out", str(out))
    cursor = connection.execute(sql.replace(":every", str(every)))
    names = [column[0] for column in cursor.description]
    compared = wrong = 0
    while rows := cursor.fetchmany(50_000):
        for values in rows:
            line = dict(zip(names, values, strict=True))
            found = (line["allowed_amount"], line["withheld_amount"], line["paid_amount"])
            wrong += found != price(line, fees)
        compared += len(rows)
    return compared, wrong
