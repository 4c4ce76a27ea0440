"""The terms of a gain and loss sharing rule over a pool."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

from rules_engine import Formula, TermsError, expression_schema

__all__ = ["SCHEMA", "Band", "Part", "Repayment", "Terms"]

_LIMITS: Final = (
    "gate",
    "minimum_rate",
    "limits",
    "rate",
    "bands",
    "reduce",
    "cap",
    "caps",
    "relief",
)
_NAME: Final = "^[a-z][a-z0-9_]*$"


def _amounts(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": expression_schema(
            "money", title="Amount of the period in currency"
        ),
        "minProperties": 1,
    }


def _several(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "array",
        "items": expression_schema("money", title="Amount in currency"),
        "minItems": 1,
    }


_SHARE: Final[dict[str, Any]] = {
    "title": "How the parties divide it: equal parts, stated weights, or a measure of each party",
    "oneOf": [
        {"const": "equal"},
        {
            "type": "object",
            "properties": {
                "weights": {
                    "title": "Weight of each party of among, in any unit",
                    "type": "object",
                    "x-party-keys": True,
                    "additionalProperties": {"type": "number", "minimum": 0},
                    "minProperties": 1,
                },
                "by": expression_schema(
                    "number", "party", title="Weight of a party, such as count(member_month)"
                ),
            },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
    ],
}


def _accounts(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "array",
        "items": {"type": "string", "pattern": _NAME, "x-account": True},
        "minItems": 1,
        "uniqueItems": True,
    }


_PART: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "share": _SHARE,
        "among": {
            "title": "Parties and groups that divide it; a group stands for its members",
            "type": "array",
            "items": {"type": "string", "x-party": True},
            "minItems": 1,
            "uniqueItems": True,
        },
        "nested": {
            "title": "Divide among the entries of `among` first, and within each group then",
            "type": "boolean",
            "default": False,
        },
        "gate": expression_schema("boolean", title="Whether it is divided at all"),
        "minimum_rate": expression_schema(
            "number", title="Fraction of revenue that it has to reach before it counts"
        ),
        "counts": {
            "title": "What counts of it once the minimum rate is reached",
            "enum": ["from_first_dollar", "above_minimum"],
            "default": "from_first_dollar",
        },
        "below_minimum": {
            "title": "When it counts below the minimum rate all the same, and at which rate then",
            "type": "object",
            "properties": {
                "when": expression_schema("boolean", title="Whether it counts"),
                "rate": expression_schema("rate", title="Fraction of it that is divided then"),
            },
            "required": ["when", "rate"],
            "additionalProperties": False,
        },
        "limits": _several("Most of it that counts before rate and bands, in currency"),
        "rate": expression_schema("rate", title="Fraction of it that is divided, 0 to 1"),
        "bands": {
            "title": "Rates of the bands that it runs through, each for the part within the band",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "through": expression_schema(
                        "number", title="Fraction of revenue at which the band ends"
                    ),
                    "rate": expression_schema("rate", title="Fraction of the band's part"),
                },
                "required": ["rate"],
                "additionalProperties": False,
            },
            "minItems": 1,
        },
        "reduce": {
            "title": "Fraction that is taken off, such as sequestration, and when",
            "type": "object",
            "properties": {
                "by": expression_schema("rate", title="Fraction that is taken off"),
                "order": {
                    "title": "Whether it is taken off before or after the cap",
                    "enum": ["before_cap", "after_cap"],
                },
            },
            "required": ["by", "order"],
            "additionalProperties": False,
        },
        "cap": expression_schema("money", title="Most that is divided, in currency"),
        "caps": _several("Most that is divided, in currency; the lowest of several holds"),
        "relief": expression_schema(
            "money", title="What is taken off after the cap, down to zero, in currency"
        ),
        "residual": {
            "title": "Party that keeps, or bears, what gate, rate and cap leave",
            "type": "string",
            "x-party": "one",
        },
        "carry": {
            "title": "Account of `carries` that keeps what is not divided for the next period",
            "type": "string",
            "pattern": _NAME,
        },
    },
    "additionalProperties": False,
    # A party without a weight would silently get nothing.
    "x-weights": {"of": ["among"], "in": ["share", "weights"]},
}

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of gain_loss_sharing",
    "type": "object",
    "properties": {
        "revenue": _amounts("What comes into the pool"),
        "expenditure": _amounts("What is paid out of the pool"),
        "truncate": {
            "title": "What lies above a limit for each member is no expenditure",
            "type": "object",
            "properties": {
                "of": expression_schema(
                    "money", "member", title="Expenditure of a member, such as sum(care.paid)"
                ),
                "at": expression_schema(
                    "money", "member", title="Most of it that counts for a member, in currency"
                ),
                "per": {"title": "Whose expenditure is cut", "enum": ["member"]},
            },
            "required": ["of", "at", "per"],
            "additionalProperties": False,
        },
        "completion": expression_schema(
            "factor", title="Factor for claims that are not in yet, by months of run-out"
        ),
        "gain": {"title": "How a gain is divided", **_PART},
        "loss": {"title": "How a loss is divided", **_PART},
        "carries": _accounts("Accounts whose balance comes into the pool, such as old deficits"),
        "nets": _accounts("Accounts of what each party was paid before, which its share settles"),
        "repays": {
            "title": "Advances that a party repays out of what it earns, by name, in this order",
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "balance": expression_schema(
                        "money", "party", title="What a party owes before it repays, in currency"
                    ),
                    "to": {
                        "title": "Party that is repaid",
                        "type": "string",
                        "x-party": "one",
                    },
                },
                "required": ["balance", "to"],
                "additionalProperties": False,
            },
            "minProperties": 1,
        },
    },
    "required": ["revenue", "expenditure", "gain", "loss"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Band:
    """A band of a gain or loss that has a rate of its own.

    Attributes:
        rate: Fraction of the band's part that is divided, 0 to 1.
        through: Fraction of revenue at which the band ends; None for the last.
    """

    rate: Formula
    through: Formula | None = None


@frozen(kw_only=True)
class Part:
    """How a gain, or a loss, is divided.

    Attributes:
        among: Parties and groups.
        weights: Weight of each party; None for equal parts.
        by: Weight of each party as a formula; None for equal or stated parts.
        nested: Whether groups are divided first.
        gate: Whether it is divided at all.
        minimum_rate: Fraction of revenue that it has to reach before it counts.
        above_minimum: Whether only what lies above the minimum counts.
        below_when: Whether it counts below the minimum all the same.
        below_rate: Fraction of it that is divided then.
        limits: Most of it that counts before rate and bands, in currency.
        rate: Fraction of it that is divided, 0 to 1.
        bands: Rates of the bands that it runs through, lowest first.
        reduce: Fraction that is taken off.
        reduced_first: Whether that is taken off before the cap.
        caps: Most that is divided, in currency; the lowest holds.
        relief: What is taken off after the cap, in currency.
        residual: Party that keeps or bears the rest.
        carry: Account that keeps the rest for the next period.
    """

    among: tuple[str, ...]
    weights: Mapping[str, Fraction] | None = None
    by: Formula | None = None
    nested: bool = False
    gate: Formula | None = None
    minimum_rate: Formula | None = None
    above_minimum: bool = False
    below_when: Formula | None = None
    below_rate: Formula | None = None
    limits: tuple[Formula, ...] = ()
    rate: Formula | None = None
    bands: tuple[Band, ...] = ()
    reduce: Formula | None = None
    reduced_first: bool = False
    caps: tuple[Formula, ...] = ()
    relief: Formula | None = None
    residual: str | None = None
    carry: str | None = None

    @classmethod
    def read(cls, name: str, terms: Mapping[str, Any]) -> "Part":
        """Read one part.

        Raises:
            TermsError: Something may be left over and nobody is named who keeps it, or terms
                contradict each other.
        """
        share = terms.get("share")
        weights = share.get("weights") if isinstance(share, Mapping) else None
        _divides_or_carries(name, terms)
        _consistent(name, terms)
        limited = [key for key in _LIMITS if key in terms]
        if limited and not {"residual", "carry"} & set(terms):
            limits = " and ".join(limited)
            message = (
                f"{name} has {limits} but no residual; a party may stand there that keeps or bears"
                " the rest"
            )
            raise TermsError(((name,), "GL101", message, "add residual: <party>"))
        if weights is not None and not any(weights.values()):
            raise TermsError(
                (
                    (name, "share", "weights"),
                    "GL102",
                    "every weight is 0; one at least is more",
                    None,
                )
            )
        return cls(
            among=tuple(terms.get("among", ())),
            weights=None
            if weights is None
            else {party: _exact(weight) for party, weight in weights.items()},
            by=share.get("by") if isinstance(share, Mapping) else None,
            nested=terms.get("nested", False),
            gate=terms.get("gate"),
            minimum_rate=terms.get("minimum_rate"),
            above_minimum=terms.get("counts") == "above_minimum",
            below_when=terms.get("below_minimum", {}).get("when"),
            below_rate=terms.get("below_minimum", {}).get("rate"),
            limits=tuple(terms.get("limits", ())),
            rate=terms.get("rate"),
            bands=tuple(
                Band(rate=band["rate"], through=band.get("through"))
                for band in terms.get("bands", ())
            ),
            reduce=terms.get("reduce", {}).get("by"),
            reduced_first=terms.get("reduce", {}).get("order") == "before_cap",
            caps=(*((terms["cap"],) if "cap" in terms else ()), *terms.get("caps", ())),
            relief=terms.get("relief"),
            residual=terms.get("residual"),
            carry=terms.get("carry"),
        )


def _divides_or_carries(name: str, terms: Mapping[str, Any]) -> None:
    for key, other in (("share", "among"), ("among", "share")):
        if key not in terms and (other in terms or "carry" not in terms):
            message = f"{name} has no {key}; it says with {key} who divides it and how"
            help_ = "add share and among, or carry alone to keep all of it for the next period"
            raise TermsError(((name,), "GL109", message, help_))
    if "carry" in terms:
        for key in ("residual", *(() if "among" in terms else _LIMITS)):
            if key in terms:
                message = f"{name} has {key} and carries all that would be left to it"
                raise TermsError(((name, key), "GL107", message, f"leave carry or {key} out"))


def _consistent(name: str, terms: Mapping[str, Any]) -> None:
    if "bands" in terms and "rate" in terms:
        message = f"{name} has a rate and bands; one of them says what is divided"
        raise TermsError(((name, "bands"), "GL104", message, "leave rate or bands out"))
    for key in ("counts", "below_minimum"):
        if key in terms and "minimum_rate" not in terms:
            message = f"{name} has {key} and no minimum_rate that it speaks of"
            raise TermsError(((name, key), "GL105", message, "add minimum_rate"))
    bands = terms.get("bands", ())
    for place, band in enumerate(bands):
        is_last = place == len(bands) - 1
        if is_last == ("through" in band):
            message = "every band but the last says through where it ends; the last has no end"
            raise TermsError(((name, "bands", place), "GL106", message, None))
    _bands_rise(name, bands)
    _above_zero(name, terms)


def _bands_rise(name: str, bands: Sequence[Mapping[str, Any]]) -> None:
    """Refuse ends that no fact can make rise: what two bands share would be paid twice."""
    ends: list[Formula] = [band["through"] for band in bands if "through" in band]
    for place, (before, end) in enumerate(pairwise(ends), 1):
        least, most = before.type.low, end.type.high
        if least is not None and most is not None and most <= least:
            message = (
                f"band {place + 1} ends through {end.text}; it may end above {before.text},"
                " where the band before it ends"
            )
            help_ = "write the bands in the order of their ends, the lowest first"
            raise TermsError(((name, "bands", place, "through"), "GL110", message, help_))


def _above_zero(name: str, terms: Mapping[str, Any]) -> None:
    """Refuse limits and caps that no fact can make 0 or more."""
    said: list[tuple[tuple[str | int, ...], Formula]] = [
        ((key,), terms[key]) for key in ("minimum_rate", "cap", "relief") if key in terms
    ]
    for key in ("caps", "limits"):
        said += [((key, place), one) for place, one in enumerate(terms.get(key, ()))]
    for path, formula in said:
        if formula.type.high is not None and formula.type.high < 0:
            message = f"{path[0]} of {name} is {formula.text}; it may be 0 at least"
            help_ = "amounts of a loss are above zero too" if name == "loss" else None
            raise TermsError(((name, *path), "GL111", message, help_))


def _exact(number: Decimal | int) -> Fraction:
    return Fraction(number)


@frozen(kw_only=True)
class Repayment:
    """An advance that a party repays out of what it earns.

    Attributes:
        name: What the contract calls it.
        balance: What a party owes before it repays, in currency.
        to: Party that is repaid.
    """

    name: str
    balance: Formula
    to: str


@frozen(kw_only=True)
class Terms:
    """The terms of a pool.

    Attributes:
        revenue: What comes in, by name; currency for the period.
        expenditure: What goes out, by name; currency for the period.
        gain: How a gain is divided.
        loss: How a loss is divided.
        truncate_of: Expenditure of a member that is cut; None where none is.
        truncate_at: Most of it that counts for a member, in currency.
        completion: Factor for claims that are not in yet.
        carries: Accounts whose balance comes into the pool.
        nets: Accounts of what each party was paid before.
        repays: Advances that a party repays, in this order.
    """

    revenue: Mapping[str, Formula]
    expenditure: Mapping[str, Formula]
    gain: Part
    loss: Part
    truncate_of: Formula | None = None
    truncate_at: Formula | None = None
    completion: Formula | None = None
    carries: tuple[str, ...] = ()
    nets: tuple[str, ...] = ()
    repays: tuple[Repayment, ...] = ()

    @classmethod
    def read(cls, terms: Mapping[str, Any]) -> "Terms":
        """Read terms that fit the schema.

        Raises:
            TermsError: They make no sense together.
        """
        # Adjustments of expenditure are posted under names of their own.
        added = {"truncate": "truncation", "completion": "completion"}
        outgoing = {*terms["expenditure"], *(name for key, name in added.items() if key in terms)}
        for key, name in added.items():
            if key in terms and name in terms["expenditure"]:
                message = f"{name} is an amount of its own where terms say {key}"
                raise TermsError((("expenditure", name), "GL103", message, "give it another name"))
        clash = sorted(set(terms["revenue"]) & outgoing)
        if clash:
            path = ("expenditure" if clash[0] in terms["expenditure"] else "revenue", clash[0])
            raise TermsError(
                (
                    path,
                    "GL103",
                    f"{clash[0]} is revenue and expenditure; each amount has a name of its own",
                    None,
                )
            )
        _accounts_agree(terms)
        return cls(
            revenue=terms["revenue"],
            expenditure=terms["expenditure"],
            gain=Part.read("gain", terms["gain"]),
            loss=Part.read("loss", terms["loss"]),
            truncate_of=terms.get("truncate", {}).get("of"),
            truncate_at=terms.get("truncate", {}).get("at"),
            completion=terms.get("completion"),
            carries=tuple(terms.get("carries", ())),
            nets=tuple(terms.get("nets", ())),
            repays=tuple(
                Repayment(name=name, balance=said["balance"], to=said["to"])
                for name, said in terms.get("repays", {}).items()
            ),
        )


def _accounts_agree(terms: Mapping[str, Any]) -> None:
    carries = terms.get("carries", ())
    carried = {key: terms[key]["carry"] for key in ("gain", "loss") if "carry" in terms[key]}
    for key, account in carried.items():
        if account not in carries:
            message = f"{account} is no account of carries; the balance would be forgotten"
            help_ = f"add carries: [{account}]"
            raise TermsError(((key, "carry"), "GL108", message, help_))
    for place, account in enumerate(carries):
        if account not in carried.values():
            message = f"{account} is carried, and neither gain nor loss says carry: {account}"
            raise TermsError((("carries", place), "GL108", message, "add carry, or take it away"))
    names = [*carries, *terms.get("nets", ())]
    for place, account in enumerate(terms.get("nets", ())):
        if names.count(account) > 1:
            message = f"{account} is carried and netted; an account does one of them"
            raise TermsError((("nets", place), "GL108", message, "give one another name"))
    for account in names:
        if account == "pool":
            key = "carries" if account in carries else "nets"
            message = "pool is the account that the rule empties; another name may stand here"
            raise TermsError(((key,), "GL108", message, None))
