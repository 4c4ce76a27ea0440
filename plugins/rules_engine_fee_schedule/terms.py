"""The terms of a fee schedule rule: one stage of a line's waterfall."""

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, Kind, Output, Step, TermsError, Type, expression_schema

__all__ = ["SCHEMA", "Terms", "outputs", "price"]

_CODE: Final = re.compile(r"(CO|PR|OA|PI)-([A-Z]?[0-9]{1,3})", re.ASCII)
_SEES: Final = ("allowed", "remaining")
_MONEY: Final = Type.of(Kind.MONEY)
_STAGES: Final = ("allowed", "limit", "adjustment", "member_share", "withheld")


def _taken(title: str, default: str | None) -> dict[str, Any]:
    code: dict[str, Any] = {
        "title": "X12 group code and claim adjustment reason code of the amount",
        "type": "string",
        "pattern": "^(CO|PR|OA|PI)-[A-Z]?[0-9]{1,3}$",
        "examples": ["CO-253", "PR-2"],
    }
    required = ["amount"]
    if default is None:
        required.append("code")
    else:
        code["default"] = default
    amount = expression_schema(
        "money", "line", title="Amount in currency, rounded", sees=_SEES, posted=True
    )
    return {
        "title": title,
        "type": "object",
        "properties": {"amount": amount, "code": code},
        "required": required,
        "additionalProperties": False,
    }


SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of fee_schedule",
    "description": "A rule sets one stage of a line's waterfall.",
    "type": "object",
    "properties": {
        "allowed": expression_schema(
            "money",
            "line",
            title="Allowed amount of a line, or of a claim with `per: claim`",
            posted=True,
            examples=["least(charge_amount, round(lookup(fees.amount, hcpcs_code), 2))"],
        ),
        "per": {
            "title": "What is paid once: a line, or a claim, spread over its lines by charges",
            "enum": ["line", "claim"],
            "default": "line",
        },
        "limit": expression_schema(
            "money",
            "line",
            title="The allowed amount is at most this",
            sees=_SEES,
            posted=True,
            examples=["charge_amount"],
        ),
        "adjustment": _taken(
            "An amount taken off before the member's share, such as sequestration", None
        ),
        "member_share": _taken("What the member owes of the allowed amount", "PR-2"),
        "withheld": _taken("What is kept back until a settlement", "CO-104"),
    },
    "minProperties": 1,
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Terms:
    """The one stage that a rule sets.

    Attributes:
        sets: The stage.
        amount: Amount in currency.
        per: `line` or `claim`.
        group_code: X12 group code of what is taken off, or None.
        carc: X12 reason code of what is taken off, or None.
    """

    sets: str
    amount: Formula
    per: str = "line"
    group_code: str | None = None
    carc: str | None = None

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They set no stage, or several.
        """
        stages = [name for name in _STAGES if name in terms]
        if len(stages) != 1:
            found = " and ".join(stages) or "no stage"
            raise TermsError(
                (
                    (),
                    "FS101",
                    f"the terms set {found}; one of {', '.join(_STAGES)} may stand here",
                    "give each stage a rule of its own",
                )
            )
        sets = stages[0]
        if "per" in terms and sets != "allowed":
            raise TermsError(
                (("per",), "FS102", f"per stands beside {sets}; it goes with allowed", None)
            )
        said = terms[sets]
        if sets in {"allowed", "limit"}:
            return cls(sets=sets, amount=said, per=terms.get("per", "line"))
        default = {"member_share": "PR-2", "withheld": "CO-104"}.get(sets, "")
        match = _CODE.fullmatch(said.get("code", default))
        if match is None:
            raise TermsError(
                ((sets, "code"), "FS103", "the code has no group and reason; CO-253 has", None)
            )
        return cls(sets=sets, amount=said["amount"], group_code=match[1], carc=match[2])


def outputs(terms: Terms) -> Mapping[str, Output]:
    """Amounts of the lines that the rule prices, or the amounts that it takes off."""
    if terms.sets != "allowed":
        return {
            "amount": Output(
                type=_MONEY, grain="line", meaning=f"what the rule sets as {terms.sets}"
            )
        }
    meanings = {
        "allowed": "allowed amount of the lines that this rule prices",
        "member_share": "what members owe of it",
        "withheld": "what is kept back of it",
        "paid": "what is paid of it",
    }
    return {
        name: Output(type=_MONEY, grain="line", meaning=meaning)
        for name, meaning in meanings.items()
    }


def price(terms: Terms) -> tuple[Step, ...]:
    """One step: the stage."""
    step = Step(
        id=terms.sets,
        sets=terms.sets,
        expression=terms.amount.expression,
        group_code=terms.group_code,
        carc=terms.carc,
        per=terms.per,
    )
    return (step,)
