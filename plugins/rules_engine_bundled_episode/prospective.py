"""The terms of a prospective bundle: paid at its trigger, its services priced at zero."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, expression_schema

__all__ = ["PROSPECTIVE", "Prospective", "Split"]

_SEES: Final = ("allowed", "remaining")
_PARTY: Final = {"type": "string", "x-party": "one"}

PROSPECTIVE: Final[Mapping[str, Any]] = {
    "title": "What is paid once, when an episode opens",
    "type": "object",
    "properties": {
        "episodes": {
            "title": "Table of the episodes, which a rule before this one derives",
            "type": "string",
            "pattern": "^[a-z][a-z0-9_]*$",
            "x-table": True,
        },
        "counts": expression_schema(
            "boolean or null",
            rows_of="episodes",
            dated=False,
            title="Episodes that are paid; all unless said",
            examples=["status = 'counted'"],
        ),
        "payer": {"title": "Party that pays", **_PARTY},
        "to": {"title": "Party, or entity, that is paid and answers for the episodes", **_PARTY},
        "price": expression_schema(
            "money or null",
            rows_of="episodes",
            posted=True,
            title="What is paid of an episode, rounded",
            examples=["lookup(prices.amount, episode_type)"],
        ),
        "services": expression_schema(
            "boolean or null",
            "line",
            title="Lines in an open episode that the bundle pays for; all unless said",
            examples=["NOT (hcpcs_code LIKE 'J%')"],
        ),
        "amount": expression_schema(
            "money",
            "line",
            title="What the bundle takes off such a line, rounded",
            sees=_SEES,
            posted=True,
            examples=["remaining"],
        ),
        "code": {
            "title": "X12 group code and claim adjustment reason code of what is taken off",
            "type": "string",
            "pattern": "^(CO|PR|OA|PI)-[A-Z]?[0-9]{1,3}$",
            "default": "CO-97",
        },
        "warranty_days": {
            "title": "Days after an episode in which the table of warranties has a row",
            "type": "integer",
            "minimum": 1,
            "maximum": 3660,
        },
        "split": {
            "title": "How whoever is paid divides each bundle",
            "type": "object",
            "properties": {
                "among": {
                    "title": "Groups and parties that divide it",
                    "type": "array",
                    "items": {"type": "string", "x-party": True},
                    "minItems": 1,
                    "uniqueItems": True,
                },
                "by": expression_schema(
                    "number", "party", title="Weight of a party; all are equal unless said"
                ),
                "took_part": {
                    "title": "Whether only parties with a line in the episode divide it",
                    "type": "boolean",
                    "default": False,
                },
            },
            "required": ["among"],
            "additionalProperties": False,
        },
    },
    "required": ["episodes", "payer", "to", "price", "amount"],
    "additionalProperties": False,
}
"""What may stand under `prospective`, as JSON Schema."""


@frozen(kw_only=True)
class Split:
    """How a bundle is divided.

    Attributes:
        among: Groups and parties.
        by: Weight of a party, 0 or more; None for equal parts.
        took_part: Whether only parties with a line in the episode divide it; where none of them
            has one, whoever is paid keeps it.
    """

    among: tuple[str, ...]
    by: Formula | None = None
    took_part: bool = False

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Split":
        """Read what stands under `split`; it fits the schema."""
        return cls(
            among=tuple(said["among"]),
            by=said.get("by"),
            took_part=said.get("took_part", False),
        )


@frozen(kw_only=True)
class Prospective:
    """One payment for each episode that opens, and nothing for its services.

    Attributes:
        episodes: The table of the episodes.
        payer: Party that pays.
        to: Party that is paid, or the name of the entity that the rule runs for.
        price: What is paid of an episode, in currency.
        amount: What the bundle takes off a line, in currency.
        counts: Episodes that are paid; None for all of them.
        services: Lines in an open episode that it is taken off; None for all of them.
        group_code: X12 group code of what is taken off.
        carc: X12 reason code of what is taken off.
        warranty_days: Days of warranty after an episode; None for no warranty.
        split: How whoever is paid divides each bundle; None where nobody says.
    """

    episodes: str
    payer: str
    to: str
    price: Formula
    amount: Formula
    counts: Formula | None = None
    services: Formula | None = None
    group_code: str = "CO"
    carc: str = "97"
    warranty_days: int | None = None
    split: Split | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Prospective":
        """Read what stands under `prospective`; it fits the schema."""
        group_code, carc = said.get("code", "CO-97").split("-")
        split = said.get("split")
        return cls(
            episodes=said["episodes"],
            payer=said["payer"],
            to=said["to"],
            price=said["price"],
            amount=said["amount"],
            counts=said.get("counts"),
            services=said.get("services"),
            group_code=group_code,
            carc=carc,
            warranty_days=said.get("warranty_days"),
            split=None if split is None else Split.read(split),
        )
