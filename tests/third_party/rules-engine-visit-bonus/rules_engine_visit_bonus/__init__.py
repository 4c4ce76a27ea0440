"""Visit bonus: a payer pays each provider an amount for every visit of the period."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine import (
    Formula,
    Kind,
    Methodology,
    Occasion,
    Output,
    Settlement,
    Type,
    expression_schema,
    hookimpl,
    transfer,
)

__all__ = ["VISIT_BONUS", "Terms", "provide_methodology"]

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of visit_bonus",
    "type": "object",
    "properties": {
        "payer": {"title": "Party that pays", "type": "string", "x-party": True},
        "to": {
            "title": "Parties and groups that are paid",
            "type": "array",
            "items": {"type": "string", "x-party": True},
            "minItems": 1,
            "uniqueItems": True,
        },
        "visits": expression_schema("number", "party", title="Visits of a party"),
        "bonus": expression_schema("money", title="Amount of one visit, in currency"),
    },
    "required": ["payer", "to", "visits", "bonus"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Terms:
    """The terms of one bonus rule.

    Attributes:
        payer: Party that pays.
        to: Parties and groups that are paid.
        visits: Visits of a party in the period.
        bonus: Amount of one visit, in currency.
    """

    payer: str
    to: tuple[str, ...]
    visits: Formula
    bonus: Formula

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema."""
        return cls(
            payer=terms["payer"],
            to=tuple(terms["to"]),
            visits=terms["visits"],
            bonus=terms["bonus"],
        )


def outputs(_: Terms) -> Mapping[str, Output]:
    """What each party gets."""
    money = Type(Kind.MONEY, scale=2)
    return {"paid": Output(type=money, grain="party", meaning="bonus of a party in the period")}


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Pay every party its visits times the bonus, each amount rounded as the contract posts it."""
    occasion.take("bonus", terms.bonus)
    paid, moves = {}, []
    for party in occasion.parties(terms.to):
        occasion.take(f"visits_{party}", terms.visits, party)
        amount = occasion.post(f"paid_{party}", f"visits_{party} * bonus")
        paid[party] = amount.as_fraction()
        moves.append(
            transfer(
                terms.payer,
                party,
                amount,
                rule=occasion.rule,
                reason="bonus for visits",
                key=occasion.key,
                period=occasion.period.label,
            )
        )
    return Settlement(
        transfers=tuple(move for move in moves if move is not None),
        outputs={"paid": paid},
        explained=occasion.worksheet.steps,
    )


VISIT_BONUS: Final = Methodology[Terms](
    name="visit_bonus",
    summary="Pays each provider a bonus for every visit.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    settle=settle,
    lan_categories=("2C", "3A", "3B"),
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `visit_bonus`."""
    return VISIT_BONUS
