"""The terms of care-management fees: who counts, what a month pays, and what is at risk."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["PLACES_MAX", "SCHEMA", "Fee", "Provision", "Terms"]

PLACES_MAX: Final = {"months": 8, "pmpm": 12}
"""Most decimal places of a row's months and fee, so that their sums stay exact."""

_NAME: Final = "^[a-z][a-z0-9_]*$"
_TESTS: Final = ("kept", "savings", "missed")
_Finding = tuple[tuple[str | int, ...], str, str, str | None]


def _row(type_: str, title: str, *, dated: bool = False) -> dict[str, Any]:
    return expression_schema(type_, rows_of="table", dated=dated, title=title)


def _named(title: str, inner: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": inner,
        "minProperties": 1,
    }


def _names(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "array",
        "items": {"type": "string", "pattern": _NAME},
        "minItems": 1,
        "uniqueItems": True,
    }


_FEE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "table": {
            "title": "Table with a row for each member and month",
            "type": "string",
            "pattern": _NAME,
            "x-table": True,
        },
        "when": _row("boolean or null", "Rows that are paid for"),
        "months": _row("number", "Months that a row counts for, such as a fraction by days"),
        "pmpm": _row("money", "Fee of a month in currency, at the row's date", dated=True),
        "payer": _row("code", "Payer of a row"),
        "tier": _row("code", "Tier of a row"),
        "tiers": _names("Every tier that a row may have"),
    },
    "required": ["table", "months", "pmpm"],
    "additionalProperties": False,
}

_PROVISION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "of": _names("Fees that are at risk; all of them where none is named"),
        "part": expression_schema("rate", title="Fraction of these fees that is at risk, 0 to 1"),
        "kept": expression_schema("rate", title="Fraction of the part that is kept, 0 to 1"),
        "missed": expression_schema("boolean", title="Whether all of the part is paid back"),
        "savings": expression_schema("money", title="Savings before the fees, in currency"),
        "needed": expression_schema("money", title="Savings net of fees that are to be reached"),
        "repays": {
            "title": "What is paid back where net savings are short",
            "enum": ["shortfall", "all"],
            "default": "shortfall",
        },
        "cap": expression_schema("money", title="Most that is paid back, in currency"),
    },
    "additionalProperties": False,
}

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of care_management_fee",
    "type": "object",
    "properties": {
        "from": {
            "title": "Payers; a group stands for its members",
            "type": "array",
            "items": {"type": "string", "x-party": True},
            "minItems": 1,
            "uniqueItems": True,
        },
        "to": {"title": "Party that is paid", "type": "string", "x-party": "one"},
        "fees": _named("Fees by name, each with the rows that it is paid for", _FEE),
        "minimum": expression_schema("money", title="Least that the fees of a period come to"),
        "maximum": expression_schema("money", title="Most that the fees of a period come to"),
        "paid_before": expression_schema(
            "money", "party", title="What a payer has paid of them already, in currency"
        ),
        "at_risk": _named("What is paid back, by name and in this order", _PROVISION),
    },
    "required": ["from", "to", "fees"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Fee:
    """One fee per member per month.

    Attributes:
        name: What the contract calls it.
        table: Table with a row for each member and month.
        said: Formula of a row by what it is: when, months, pmpm, payer, tier.
        tiers: Every tier that a row may have; empty where rows have none.
    """

    name: str
    table: str
    said: Mapping[str, Formula]
    tiers: tuple[str, ...]


@frozen(kw_only=True)
class Provision:
    """One reason for which fees are paid back.

    Attributes:
        name: What the contract calls it.
        of: Fees that are at risk; empty for all.
        part: Fraction of them that is at risk; None for 1.
        kept: Fraction of the part that is kept.
        missed: Whether all of the part is paid back.
        savings: Savings before the fees.
        needed: Savings net of fees that are to be reached.
        repays_all: Whether a shortfall of any size costs all of the part.
        cap: Most that is paid back.
    """

    name: str
    of: tuple[str, ...]
    part: Formula | None
    kept: Formula | None
    missed: Formula | None
    savings: Formula | None
    needed: Formula | None
    repays_all: bool
    cap: Formula | None


@frozen(kw_only=True)
class Terms:
    """The terms of one rule.

    Attributes:
        payers: Parties and groups that pay.
        provider: Party that is paid.
        fees: The fees.
        minimum: Least that the fees of a period come to.
        maximum: Most that the fees of a period come to.
        paid_before: What a payer has paid of them already.
        at_risk: What is paid back, in this order.
    """

    payers: tuple[str, ...]
    provider: str
    fees: tuple[Fee, ...]
    minimum: Formula | None
    maximum: Formula | None
    paid_before: Formula | None
    at_risk: tuple[Provision, ...]

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        found = [*_of_fees(terms), *_of_risk(terms), *_of_outputs(terms)]
        if found:
            raise TermsError(*found)
        formulas = ("when", "months", "pmpm", "payer", "tier")
        return cls(
            payers=tuple(terms["from"]),
            provider=terms["to"],
            fees=tuple(
                Fee(
                    name=name,
                    table=fee["table"],
                    said={key: fee[key] for key in formulas if key in fee},
                    tiers=tuple(fee.get("tiers", ())),
                )
                for name, fee in terms["fees"].items()
            ),
            minimum=terms.get("minimum"),
            maximum=terms.get("maximum"),
            paid_before=terms.get("paid_before"),
            at_risk=tuple(
                Provision(
                    name=name,
                    of=tuple(said.get("of", ())),
                    part=said.get("part"),
                    kept=said.get("kept"),
                    missed=said.get("missed"),
                    savings=said.get("savings"),
                    needed=said.get("needed"),
                    repays_all=said.get("repays") == "all",
                    cap=said.get("cap"),
                )
                for name, said in terms.get("at_risk", {}).items()
            ),
        )


def _of_fees(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    for name, fee in terms["fees"].items():
        if len(terms["from"]) > 1 and "payer" not in fee:
            message = f"{name} has no payer, and several parties pay"
            yield ("fees", name), "CM101", message, "add payer: the column that names a row's payer"
        for key, other in (("tier", "tiers"), ("tiers", "tier")):
            if key in fee and other not in fee:
                message = f"{name} has {key} and no {other}"
                yield ("fees", name, key), "CM103", message, f"add {other}, or take {key} away"
        for key, most in PLACES_MAX.items():
            places = fee[key].type.scale
            if places is None or places > most:
                size = "no known number of" if places is None else places
                message = f"{key} of {name} has {size} decimal places; it may have {most} at most"
                yield ("fees", name, key), "CM106", message, f"round it: round(…, {most})"


def _of_risk(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    for name, said in terms.get("at_risk", {}).items():
        path = ("at_risk", name)
        for place, fee in enumerate(said.get("of", ())):
            if fee not in terms["fees"]:
                fees = ", ".join(terms["fees"])
                message = f"{fee} is no fee; {fees} may stand here"
                yield (*path, "of", place), "CM102", message, None
        limits = [key for key in ("minimum", "maximum") if key in terms]
        if "of" in said and limits:
            message = f"{name} is of some fees, and all together have a {limits[0]}"
            yield (*path, "of"), "CM102", message, "leave `of` out, or make them rules of their own"
        tests = [key for key in _TESTS if key in said]
        if len(tests) != 1:
            message = f"{name} has {' and '.join(tests) or 'no reason to pay back'}"
            yield path, "CM104", message, "one of kept, savings and missed says what is paid back"
        elif ("savings" in said) != ("needed" in said) or (
            "repays" in said and "needed" not in said
        ):
            message = (
                f"{name} has one of savings and needed alone, or says what it repays of neither"
            )
            yield path, "CM104", message, "savings and needed stand together"


def _of_outputs(terms: Mapping[str, Any]) -> Iterator[_Finding]:
    found: set[str] = set()
    for fee, said in terms["fees"].items():
        for name in (fee, *(f"{fee}_{tier}" for tier in said.get("tiers", ()))):
            if name in found:
                message = f"member_months_{name} would be two outputs, of a fee and of a tier"
                yield ("fees", fee), "CM105", message, "give the fee or the tier another name"
            found.add(name)
