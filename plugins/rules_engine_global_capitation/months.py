"""What is paid for a member-month, and what a settlement asks of those that are paid."""

from collections.abc import Iterator, Mapping
from typing import Final

from rules_engine import Kind, MonthStep, Query, Rows, Type
from rules_engine_global_capitation.terms import Terms

__all__ = ["experience", "price_months"]

_PARTS: Final = {
    "by_day": " * days_enrolled / days_in_month",
    "on_15": "",
    "whole_month": "",
}
_MONEY: Final = Type.of(Kind.MONEY)
_COLUMNS: Final = ("allowed", "adjusted", "withheld", "paid")


def price_months(terms: Terms) -> tuple[MonthStep, ...]:
    """Say who is paid for a member-month, what is allowed for it and what is taken off."""
    return tuple(_steps(terms))


def _steps(terms: Terms) -> Iterator[MonthStep]:
    if terms.rate is None:
        return
    part = _PARTS[terms.prorate]
    party = "party"
    if terms.prorate == "on_15":
        party = "party_on_15"
        # Where nobody knows, the member-month is refused: it has no party on that day.
        yield MonthStep(id="enrolled", sets="when", text="coalesce(enrolled_on_15, true)")
    named = {} if terms.payee is None else {"payee": terms.payee}
    yield MonthStep(id="payee", sets="payee", text="payee" if named else party, names=named)
    names = {"rate": terms.rate}
    text = "rate"
    if terms.risk is not None:
        names["risk"] = terms.risk
        text += " * risk"
    yield MonthStep(id="allowed", sets="allowed", text=text + part, names=names)
    if terms.deduct is not None:
        yield MonthStep(
            id="deduct", sets="adjustment", text=f"deduct{part}", names={"deduct": terms.deduct}
        )
    if terms.withhold is not None:
        yield MonthStep(
            id="withhold",
            sets="withheld",
            text="remaining * withhold",
            names={"withhold": terms.withhold},
        )


def experience(terms: Terms) -> Mapping[str, Query]:
    """Ask for the paid member-months of each payee and month."""
    if terms.rate is None:
        return {}
    sums = ", ".join(f"sum(m.{name}) AS {name}" for name in _COLUMNS)
    return {
        "paid": Query(
            select=f"SELECT m.payee, m.month, count(*) AS members, {sums} FROM months AS m"
            " JOIN period AS p ON m.month BETWEEN p.first_day AND p.last_day"
            " GROUP BY m.payee, m.month",
            columns={
                "payee": Type.of(Kind.CODE),
                "month": Type.of(Kind.DATE),
                "members": Type.of(Kind.COUNT),
                **dict.fromkeys(_COLUMNS, _MONEY),
            },
            rows={"months": Rows(table="priced", columns=("payee", "month", *_COLUMNS))},
        )
    }
