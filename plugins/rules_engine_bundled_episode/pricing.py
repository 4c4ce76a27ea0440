"""Paying a bundle at its trigger: its spans, the services priced at zero, and who divides it."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from rules_engine import (
    Formula,
    Kind,
    Money,
    Occasion,
    Output,
    Query,
    Rows,
    Settlement,
    SettlementError,
    Step,
    Transfer,
    Type,
)
from rules_engine_bundled_episode.prospective import Prospective, Split

__all__ = ["derive", "experience", "outputs", "price", "settle", "settle_together"]

OPEN: Final = "open"
"""What the rule's table of open episodes is called: `<rule>_open`."""

_CODE: Final = Type.of(Kind.CODE)
_DATE: Final = Type.of(Kind.DATE)
_MONEY: Final = Type.of(Kind.MONEY)
_POSTED: Final = Type(Kind.MONEY, scale=2)
_COUNT: Final = Type(Kind.COUNT, scale=0)
_LARGEST: Final = Decimal(10) ** 15
_OPENS: Final = "e.first_day BETWEEN p.first_day AND p.last_day"
_COLUMNS: Final = ("episode_id", "person_id", "first_day", "last_day")
_SPAN: Final = {
    "person_id": _CODE,
    "first_day": _DATE,
    "last_day": _DATE,
    "episode_id": _CODE,
}


def outputs(terms: Prospective) -> Mapping[str, Output]:
    """What was paid, and what was taken off the lines that it paid for."""
    found = {
        "bundles": Output(type=_COUNT, meaning="episodes that opened in the period"),
        "paid": Output(type=_POSTED, meaning="what was paid of them"),
        "amount": Output(type=_MONEY, grain="line", meaning="what the bundle takes off lines"),
    }
    if terms.split is not None:
        found["share"] = Output(
            type=_POSTED, grain="party", meaning="a party's part of the period's bundles"
        )
    return found


def derive(terms: Prospective) -> Mapping[str, Query]:
    """Give the days of each open episode, and those of its warranty.

    A person has one of each a day, or the run stops and names two.
    """
    episodes = {"episode": _episodes(terms, *_COLUMNS)}
    found = {
        OPEN: Query(
            select="SELECT person_id, first_day, last_day, episode_id"
            f" FROM episode AS e{_of(terms)}",
            columns=_SPAN,
            rows=episodes,
            key=("person_id",),
            effective=("first_day", "last_day"),
        )
    }
    if terms.warranty_days is not None:
        # A warranty ends where the next episode opens, which has one of its own.
        select = f"""SELECT person_id, first_day, last_day, episode_id FROM (
  SELECT person_id, CAST(last_day + 1 AS DATE) AS first_day, episode_id,
    CAST(least(last_day + {terms.warranty_days}, coalesce(next_day - 1,
      last_day + {terms.warranty_days})) AS DATE) AS last_day
  FROM (SELECT person_id, last_day, episode_id,
      lead(first_day) OVER (PARTITION BY person_id ORDER BY first_day) AS next_day
    FROM episode AS e{_of(terms)}))
  WHERE first_day <= last_day"""
        found["warranty"] = Query(
            select=select,
            columns=_SPAN,
            rows=episodes,
            key=("person_id",),
            effective=("first_day", "last_day"),
        )
    return found


def price(terms: Prospective) -> tuple[Step, ...]:
    """Take off what the bundle pays for, of lines in an open episode."""
    step = Step(
        id="bundled",
        sets="adjustment",
        expression=terms.amount.expression,
        when=None if terms.services is None else terms.services.expression,
        group_code=terms.group_code,
        carc=terms.carc,
        within=OPEN,
    )
    return (step,)


def experience(terms: Prospective) -> Mapping[str, Query]:
    """Ask for the episodes that open in the period, what each is worth and whose it is."""
    worth = Type(
        Kind.MONEY, scale=terms.price.type.scale, low=-_LARGEST, high=_LARGEST, nullable=True
    )
    found = {
        "bundle": Query(
            select="SELECT e.whose, e.episode_id, e.first_day, e.price FROM episode AS e"
            f" JOIN period AS p ON {_OPENS}{_of(terms)}",
            columns={
                "whose": _CODE.with_null(),
                "episode_id": _CODE,
                "first_day": _DATE,
                "price": worth,
            },
            rows={
                "episode": _episodes(
                    terms, "episode_id", "first_day", price=terms.price, entity="whose"
                )
            },
        )
    }
    found["owner"] = Query(
        # Named otherwise than the entity, so that every entity sees who the others are.
        select="SELECT e.whose AS owner, min(e.episode_id) AS episode_id FROM episode AS e"
        f" JOIN period AS p ON {_OPENS}{_of(terms)} GROUP BY e.whose",
        columns={"owner": _CODE.with_null(), "episode_id": _CODE},
        rows={"episode": _episodes(terms, "episode_id", "first_day", entity="whose")},
    )
    if terms.split is not None and terms.split.took_part:
        found["party"] = Query(
            select="SELECT DISTINCT e.episode_id, c.party FROM episode AS e"
            f" JOIN period AS p ON {_OPENS}"
            " JOIN claim AS c ON c.person_id = e.person_id"
            " AND c.day BETWEEN e.first_day AND e.last_day WHERE c.party IS NOT NULL",
            columns={"episode_id": _CODE, "party": _CODE},
            rows={
                "episode": _episodes(terms, *_COLUMNS),
                "claim": Rows(table="medical_claim", columns=("person_id", "party"), day="day"),
            },
        )
    return found


def _of(terms: Prospective) -> str:
    """Write which episodes are paid."""
    return "" if terms.counts is None else " WHERE e.counts"


def _episodes(
    terms: Prospective, *columns: str, price: Formula | None = None, entity: str = ""
) -> Rows:
    """Read the episodes, and whether each is paid."""
    said = {"price": price, "counts": terms.counts}
    formulas = {name: formula for name, formula in said.items() if formula is not None}
    return Rows(table=terms.episodes, columns=columns, formulas=formulas, entity=entity)


def settle_together(terms: Prospective, occasions: Sequence[Occasion]) -> list[Settlement]:
    """Settle each entity, after a look for bundles of nobody: their services are priced at zero.

    Raises:
        SettlementError: As `settle`, or an episode belongs to nobody whom the rule runs for.
    """
    known = {"/".join(occasion.key) for occasion in occasions}
    for occasion in occasions[:1]:
        for row in occasion.experience["owner"]:
            if occasion.key and row["owner"] not in known:
                whose = "nobody" if row["owner"] is None else row["owner"]
                msg = (
                    f"{occasion.rule}: episode {row['episode_id']} belongs to {whose}, for whom the"
                    f" rule does not run in {occasion.period.label}; nobody would be paid for it"
                )
                raise SettlementError(msg)
    return [settle(terms, occasion) for occasion in occasions]


def settle(terms: Prospective, occasion: Occasion) -> Settlement:
    """Pay each bundle to whoever answers for it, and divide it as the terms say.

    Raises:
        SettlementError: An episode has no price, or no party has a weight.
    """
    (payer,) = occasion.parties([terms.payer])
    (to,) = occasion.parties([terms.to])
    if payer == to:
        msg = f"{payer} pays {occasion.rule} and is paid by it; two parties may stand there"
        raise SettlementError(msg)
    weights = {} if terms.split is None else dict(_weights(terms.split, occasion))
    moves: list[Transfer | None] = []
    shares = dict.fromkeys(weights, Money(0, occasion.currency))
    total = Money(0, occasion.currency)
    rows = sorted(
        occasion.experience["bundle"], key=lambda row: (row["first_day"], row["episode_id"])
    )
    took_part: dict[str, set[str]] = {}
    for one in occasion.experience.get("party", ()):
        took_part.setdefault(one["episode_id"], set()).add(one["party"])
    for number, row in enumerate(rows, 1):
        bundle = _bundle(terms, occasion, row, number)
        total += bundle
        about = f"bundle {row['episode_id']} that opened on {row['first_day']}"
        moves.append(_move(occasion, payer, to, bundle, about))
        own = weights
        if terms.split is not None and terms.split.took_part:
            there = took_part.get(row["episode_id"], set())
            own = {party: weight for party, weight in weights.items() if party in there}
        for party, part in _parts(occasion, number, bundle, own):
            shares[party] += part
            if party != to:
                moves.append(_move(occasion, to, party, part, f"part of {about}"))
    sheet = occasion.worksheet
    sheet.take("bundles", Fraction(len(rows)), formula=f"count({terms.episodes})", unit="count")
    sheet.take("paid", total.as_fraction(), formula="sum(bundle)", unit="money")
    for party, money in shares.items():
        sheet.take(
            f"share_{party}", money.as_fraction(), formula=f'sum("part_{party}")', unit="money"
        )
    found = {"bundles": sheet["bundles"], "paid": sheet["paid"]}
    if terms.split is not None:
        found["share"] = {party: money.as_fraction() for party, money in shares.items()}
    return Settlement(
        transfers=tuple(move for move in moves if move is not None),
        outputs=found,
        explained=sheet.steps,
    )


def _bundle(terms: Prospective, occasion: Occasion, row: Mapping[str, Any], number: int) -> Money:
    """Give what is paid of an episode, as the contract's formula says it."""
    name = row["episode_id"]
    if row["price"] is None:
        msg = f"{terms.price.place}: episode {name} has no price; say what is paid of it"
        raise SettlementError(msg)
    worth = occasion.worksheet.take(
        f"bundle_{number}",
        Fraction(row["price"]),
        formula=f"price(bundle_{number})",
        unit="money",
        place=terms.price.place,
        note=f"{terms.price.text}, of {name} that opened on {row['first_day']}",
        kind="posted",
    )
    return Money.of(worth, occasion.currency)


def _weights(split: Split, occasion: Occasion) -> Iterator[tuple[str, Fraction]]:
    for party in occasion.parties(split.among):
        if split.by is None:
            yield party, Fraction(1)
            continue
        weight = Fraction(occasion.take(f"weight_{party}", split.by, party))
        if weight < 0:
            msg = f"the weight of {party} in {occasion.rule} is {weight}; it is 0 or more"
            raise SettlementError(msg)
        yield party, weight


def _parts(
    occasion: Occasion, number: int, bundle: Money, weights: Mapping[str, Fraction]
) -> Iterator[tuple[str, Money]]:
    """Divide a bundle by largest remainder; odd units go in the order of party ids."""
    if not weights:
        return
    whole = sum(weights.values(), Fraction(0))
    if not whole:
        if bundle.cents:
            where = f"{occasion.rule} in {occasion.period.label}"
            msg = f"every party of {where} has weight 0; {bundle} cannot be divided"
            raise SettlementError(msg)
        return
    sheet = occasion.worksheet
    for party, part in bundle.split(weights, occasion.unit_cents).items():
        name = f"part_{party}_{number}"
        weight = weights[party]
        sheet.let(
            f"{name}_exact",
            f"bundle_{number} * {weight.numerator} * {whole.denominator}"
            f" / ({weight.denominator} * {whole.numerator})",
            note=f"{weight} of all weights, {whole}",
        )
        sheet.take(
            name,
            part.as_fraction(),
            formula=f"{name}_exact" if name.isidentifier() else f'"{name}_exact"',
            unit="money",
            kind="posted",
            note="rounded by largest remainder; odd units go in the order of party ids",
        )
        yield party, part


def _move(
    occasion: Occasion, source: str, target: str, amount: Money, reason: str
) -> Transfer | None:
    return occasion.move(source, target, amount, reason, stream="eoc")
