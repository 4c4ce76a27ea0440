"""Member-months and fees by payer and tier, as one SELECT for each fee."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from rules_engine import Kind, Query, Rows, Type
from rules_engine_care_management_fee.terms import Fee, Terms

__all__ = ["experience"]

_CODE: Final = Type.of(Kind.CODE)
_LARGEST: Final = Decimal(10) ** 15


def experience(terms: Terms) -> Mapping[str, Query]:
    """Ask for the sums of each fee."""
    return {fee.name: _sums(fee) for fee in terms.fees}


def _sums(fee: Fee) -> Query:
    """Sum months, and months times fee; rows of a table without dates count in every period."""
    months, pmpm = (fee.said[name].type.scale or 0 for name in ("months", "pmpm"))
    payer = "r.payer" if "payer" in fee.said else "''"
    tier = "r.tier" if "tier" in fee.said else "''"
    counted = ' AND r."when"' if "when" in fee.said else ""
    # Widths that a product and its sum keep whole: 14 digits of months, 24 of a fee.
    each = f"CAST(r.months AS DECIMAL(14, {months}))"
    paid = f"{each} * CAST(r.pmpm AS DECIMAL(24, {pmpm}))"
    # `entities` tells rows of nobody from those of a table that knows no entity.
    select = f"""SELECT entity, payer, tier, months, amount, least_months,
  CAST(count(entity) OVER () AS BIGINT) AS entities FROM (
  SELECT r.entity, {payer} AS payer, {tier} AS tier,
  CAST(sum({each}) AS DECIMAL(38, {months})) AS months,
  CAST(sum({paid}) AS DECIMAL(38, {months + pmpm})) AS amount, min({each}) AS least_months
  FROM roster AS r JOIN period AS p ON r.day IS NULL OR r.day BETWEEN p.first_day AND p.last_day
  WHERE 1 = 1{counted} GROUP BY r.entity, {payer}, {tier})"""
    return Query(
        select=select,
        columns={
            "entity": _CODE.with_null(),
            "payer": _CODE,
            "tier": _CODE,
            "months": _sum(months),
            "amount": _sum(months + pmpm),
            "least_months": _sum(months),
            "entities": Type.of(Kind.COUNT),
        },
        rows={"roster": Rows(table=fee.table, formulas=fee.said, day="day", entity="entity")},
    )


def _sum(scale: int) -> Type:
    return Type(Kind.NUMBER, scale=scale, low=-_LARGEST, high=_LARGEST)
