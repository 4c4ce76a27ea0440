"""Settling fees: what each payer owes for its members, then what results take back."""

from collections.abc import Mapping
from typing import Final

from rules_engine import (
    Kind,
    Occasion,
    Output,
    Settlement,
    Transfer,
    Type,
)
from rules_engine_care_management_fee.counting import count
from rules_engine_care_management_fee.parts import due_of, limited
from rules_engine_care_management_fee.risk import pay_back
from rules_engine_care_management_fee.terms import Terms

__all__ = ["outputs", "settle"]

_MONEY: Final = Type(Kind.MONEY, scale=2)
_MONTHS: Final = Type(Kind.NUMBER, scale=None)


def outputs(terms: Terms) -> Mapping[str, Output]:
    """Months and fees by name, what is paid back, and each payer's part."""
    found: dict[str, Output] = {}
    for fee in terms.fees:
        found[f"member_months_{fee.name}"] = Output(
            type=_MONTHS, meaning=f"months that {fee.name} is paid for"
        )
        for tier in fee.tiers:
            found[f"member_months_{fee.name}_{tier}"] = Output(
                type=_MONTHS, meaning=f"months of tier {tier} that {fee.name} is paid for"
            )
        found[f"fee_{fee.name}"] = Output(type=_MONEY, meaning=f"what {fee.name} comes to")
    for one in terms.at_risk:
        found[f"repaid_{one.name}"] = Output(type=_MONEY, meaning=f"what {one.name} takes back")
    return found | {
        "fees": Output(type=_MONEY, meaning="fees of the period, after minimum and maximum"),
        "repaid": Output(type=_MONEY, meaning="what is paid back of them"),
        "kept": Output(type=_MONEY, meaning="fees less what is paid back"),
        "paid": Output(type=_MONEY, grain="party", meaning="a payer's part of the fees"),
        "due": Output(
            type=_MONEY,
            grain="party",
            meaning="what a payer pays of its part beyond earlier payments",
        ),
        "returned": Output(type=_MONEY, grain="party", meaning="what a payer gets back"),
    }


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Post each payer's fees to the provider, and what is paid back to the payers."""
    sheet = occasion.worksheet
    (provider,) = occasion.parties([terms.provider])
    payers = occasion.parties(terms.payers)
    counted = count(terms, occasion, payers)
    owed = limited(terms, occasion, counted)
    due = due_of(terms, occasion, owed)
    back = pay_back(terms, occasion, owed)
    moves: list[Transfer | None] = []
    for payer in payers:
        moves.append(occasion.move(payer, provider, due[payer], "fees"))
        for name, parts in back.items():
            moves.append(occasion.move(provider, payer, parts[payer], f"paid back: {name}"))
    repaid = sheet.let(
        "repaid", " + ".join(f"repaid_{name}" for name in back) or "0 * fees", kind="posted"
    )
    sheet.let("kept", "fees - repaid", kind="posted")
    returned = {
        payer: sum(parts[payer].as_fraction() for parts in back.values()) for payer in payers
    }
    found = {f"member_months_{name}": months for name, months in counted.months.items()}
    found |= {f"fee_{fee.name}": sheet[f"fee_{fee.name}"] for fee in terms.fees}
    found |= {f"repaid_{name}": sheet[f"repaid_{name}"] for name in back}
    return Settlement(
        transfers=tuple(move for move in moves if move is not None),
        outputs={
            **found,
            "fees": sheet["fees"],
            "repaid": repaid,
            "kept": sheet["kept"],
            "paid": {payer: money.as_fraction() for payer, money in owed.items()},
            "due": {payer: money.as_fraction() for payer, money in due.items()},
            "returned": returned,
        },
        explained=sheet.steps,
    )
