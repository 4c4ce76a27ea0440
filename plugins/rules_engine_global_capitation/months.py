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
WHOSE: Final = "whose"
_OF_PERIOD: Final = (
    "FROM months AS m JOIN period AS p ON m.month BETWEEN p.first_day AND p.last_day"
)


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
    """Ask for the paid member-months of each payee and month, and of each member where asked."""
    if terms.rate is None:
        return {}
    by_member = terms.entities == "members"
    each = f"{f'm.{WHOSE}, ' if by_member else ''}m.payee, m.month"
    sums = ", ".join(f"sum(m.{name}) AS {name}" for name in _COLUMNS)
    columns = {
        "payee": Type.of(Kind.CODE),
        "month": Type.of(Kind.DATE),
        "members": Type.of(Kind.COUNT),
        **dict.fromkeys(_COLUMNS, _MONEY),
    }
    found = {
        "paid": Query(
            select=f"SELECT {each}, count(*) AS members, {sums} {_OF_PERIOD} GROUP BY {each}",
            columns={**({WHOSE: Type.of(Kind.CODE).with_null()} if by_member else {}), **columns},
            rows={
                "months": Rows(
                    table="priced",
                    columns=("payee", "month", *_COLUMNS),
                    entity=WHOSE if by_member else "",
                )
            },
        )
    }
    if by_member:
        # Rows of a member who is no entity reach nobody; this one reaches all.
        found["all"] = Query(
            select=f"SELECT count(*) AS members {_OF_PERIOD}",
            columns={"members": Type.of(Kind.COUNT)},
            rows={"months": Rows(table="priced", columns=("month",))},
        )
    return found
