"""Paying: what a score makes of money, for one by itself or for all of them together."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from rules_engine import (
    Formula,
    Kind,
    Money,
    Output,
    SettlementError,
    Type,
)
from rules_engine_pay_for_performance.payments import Bonus, Cutoff, Payment
from rules_engine_pay_for_performance.ranges import at_least_zero, in_order
from rules_engine_pay_for_performance.scored import Scored
from rules_engine_pay_for_performance.shares import follow_score

__all__ = [
    "cut",
    "divide",
    "give",
    "paid_outputs",
    "party",
    "pay_bonus",
    "return_withhold",
    "take",
]

_NUMBER: Final = Type(Kind.NUMBER, scale=None, nullable=True)
_MONEY: Final = Type(Kind.MONEY, scale=2, nullable=True)
_FACTOR: Final = "1 - withhold + withhold * slope * payment_score / full"


def paid_outputs(
    payment: Payment | None, bonus: Bonus | None, cutoff: Cutoff | None
) -> dict[str, Output]:
    """Give the outputs of what is paid."""
    found: dict[str, Output] = {}
    if payment is not None:
        found["withheld"] = Output(type=_MONEY, meaning="what is withheld")
        found["earned"] = Output(type=_MONEY, meaning="what the score earns back")
        if payment.pool is None or payment.pool.places is None:
            found["slope"] = Output(type=_NUMBER, meaning="return of the withhold for a full score")
            meaning = "by which each payment is multiplied"
            found["factor"] = Output(type=_NUMBER, meaning=meaning)
        else:
            found["rank"] = Output(type=_NUMBER, meaning="place among all, 1 for the best")
    if bonus is not None:
        found["bonus_rate"] = Output(type=_NUMBER, meaning="fraction of the base, below 0 owed")
        found["bonus"] = Output(type=_MONEY, meaning="what the score earns, below 0 owed")
    if cutoff is not None:
        found["cutoff"] = Output(type=_NUMBER, meaning="percentile of all scores")
        found["cut"] = Output(type=_MONEY, meaning="what is taken away")
    return found


def take(one: Scored, name: str, formula: str, payee: str, payer: str) -> Money:
    """Compute an amount, round it as the contract says, and move it from payee to payer."""
    money = _post(one, name, formula)
    one.gets.setdefault(payee, []).append(f"- {name}")
    _move(one, name, money, payee, payer)
    return money


def give(one: Scored, name: str, formula: str, payer: str, payee: str) -> None:
    """Compute an amount, round it as the contract says, and move it from payer to payee."""
    money = _post(one, name, formula)
    one.gets.setdefault(payee, []).append(f"+ {name}")
    _move(one, name, money, payer, payee)


def _post(one: Scored, name: str, formula: str) -> Money:
    money = one.occasion.post(name, formula)
    one.found[name] = money.as_fraction()
    return money


def party(one: Scored, name: str) -> str:
    """Give the only party of a name.

    Raises:
        SettlementError: It stands for several.
    """
    found = one.occasion.parties([name])
    if len(found) != 1:
        msg = f"{name} of {one.occasion.rule} stands for {len(found)} parties; it may be one"
        raise SettlementError(msg)
    return found[0]


def return_withhold(payment: Payment, one: Scored) -> None:
    """Withhold a fraction of the base, and give back what the score earns by a known slope."""
    if payment.slope is None or payment.payer is None or not _taken(one, payment):
        return
    one.found["slope"] = one.occasion.take("slope", payment.slope)
    at_least_zero(one.found["slope"], f"slope of {one.occasion.rule}", payment.slope)
    one.found["factor"] = one.occasion.worksheet.let("factor", _FACTOR)
    payer, payee = party(one, payment.payer), party(one, payment.payee)
    take(one, "withheld", "base * withhold", payee, payer)
    give(one, "earned", "base * withhold * slope * payment_score / full", payer, payee)


def divide(payment: Payment, everyone: Sequence[Scored]) -> None:
    """Gather the withholds of all in a pool and divide it, so that nothing is left.

    Raises:
        SettlementError: A withhold or a score is below zero, so that no part can be told.
    """
    inside = [one for one in everyone if _taken(one, payment)]
    if not inside:
        return
    account = f"{inside[0].occasion.rule}.pool"
    withheld = [
        take(one, "withheld", "base * withhold", party(one, payment.payee), account)
        for one in inside
    ]
    places = payment.pool.places if payment.pool is not None else None
    for one in inside:
        one.occasion.worksheet.let("withheld_exact", "base * withhold")
    if places is None:
        _by_score(inside)
    else:
        _by_rank(inside, places)
    merits = [Fraction(one.occasion.worksheet["merit"]) for one in inside]
    if any(merit < 0 for merit in merits) or any(money.cents < 0 for money in withheld):
        msg = f"{inside[0].occasion.rule} divides a pool, and a withhold or score is below zero"
        raise SettlementError(msg)
    _parts(payment, inside, withheld, merits, places, account)


def _by_score(inside: Sequence[Scored]) -> None:
    """Give everyone's merit, and the slope at which all that is withheld is paid out."""
    for one in inside:
        one.occasion.worksheet.let("merit", "withheld_exact * payment_score / full")
    sums = {
        name: sum((Fraction(one.occasion.worksheet[name]) for one in inside), Fraction(0))
        for name in ("withheld_exact", "merit")
    }
    for one in inside:
        sheet = one.occasion.worksheet
        for name, value in sums.items():
            sheet.take(
                f"all_{name}",
                value,
                formula=f"sum({name})",
                unit="money",
                note="of all that have a score",
            )
        if sums["merit"]:
            one.found["slope"] = sheet.let("slope", "all_withheld_exact / all_merit")
            one.found["factor"] = sheet.let("factor", _FACTOR)


def _by_rank(inside: Sequence[Scored], places: Sequence[Fraction]) -> None:
    """Give everyone the part of its place; those that are equal share theirs."""
    scores = [Fraction(one.occasion.worksheet["payment_score"]) for one in inside]
    for one, score in zip(inside, scores, strict=True):
        better = sum(other > score for other in scores)
        equal = sum(other == score for other in scores)
        sheet = one.occasion.worksheet
        note = f"{better} are better" + (f", {equal} are equal" if equal > 1 else "")
        rank = sheet.take("rank", Fraction(better + 1), formula="rank(payment_score)", note=note)
        one.found["rank"] = rank
        part = sum(places[better : better + equal], Fraction(0)) / equal
        sheet.let("merit", f"{part.numerator} / {part.denominator}", note="part of its place")


def _parts(
    payment: Payment,
    inside: Sequence[Scored],
    withheld: Sequence[Money],
    merits: Sequence[Fraction],
    places: Sequence[Fraction] | None,
    account: str,
) -> None:
    """Divide what was gathered by merit, with largest remainder."""
    unit = inside[0].occasion.unit_cents
    pool = Money.total(withheld, inside[0].occasion.currency)
    # Where nobody has earned anything, what was withheld has no other owner.
    weight = "merit" if any(merits) else "withheld"
    weights = merits if any(merits) else [money.as_fraction() for money in withheld]
    if pool.cents == 0:
        parts = {str(place): pool for place in range(len(inside))}
    else:
        named = {str(place): value for place, value in enumerate(weights)}
        parts = pool.split(named, unit)
    whole = sum(weights, Fraction(0))
    for place, one in enumerate(inside):
        sheet, payee, money = one.occasion.worksheet, party(one, payment.payee), parts[str(place)]
        sheet.take("pool", pool.as_fraction(), formula="sum(withheld)", unit="money")
        # Parts of places are numbers; every other weight is an amount.
        unit_of = "number" if places is not None and any(merits) else "money"
        sheet.take("all_weights", whole, formula=f"sum({weight})", unit=unit_of)
        exact = f"pool * ({weight} / all_weights)" if whole else "pool"
        sheet.let("earned_exact", exact)
        sheet.take(
            "earned",
            money.as_fraction(),
            kind="posted",
            unit="money",
            formula="earned_exact",
            note="rounded by largest remainder; odd units go in the order of the entities",
        )
        one.found["earned"] = money.as_fraction()
        one.gets.setdefault(payee, []).append("+ earned")
        _move(one, "earned", money, account, payee)


def pay_bonus(bonus: Bonus, one: Scored) -> None:
    """Pay or take the fraction of the base that the score stands for."""
    if _score(one, "bonus_score", bonus.score) is None:
        return
    follow_score(one, "bonus", "bonus", bonus.kinds)
    sheet = one.occasion.worksheet
    one.occasion.take("bonus_base", bonus.base)
    if bonus.steps:
        formula = _steps(one, bonus.steps)
    elif bonus.line:
        formula = _line(one, bonus.line)
    else:
        for name, part in bonus.logistic.items():
            one.occasion.take(name, part)
        power = f"round(exp(steepness * (middle - bonus_score)), {bonus.places})"
        formula = f"lowest + (highest - lowest) / (1 + {power})"
    one.found["bonus_rate"] = sheet.let("bonus_rate", formula)
    source, target = party(one, bonus.payer), party(one, bonus.payee)
    give(one, "bonus", "bonus_base * bonus_rate", source, target)


def _steps(one: Scored, steps: Sequence[tuple[Formula, Formula]]) -> str:
    names = _corners(one, steps)
    cases = [f"when bonus_score >= {at} then {rate}" for at, rate in reversed(names)]
    return f"case {' '.join(cases)} else 0 end"


def _line(one: Scored, line: Sequence[tuple[Formula, Formula]]) -> str:
    names = _corners(one, line)
    cases = [f"when bonus_score <= {names[0][0]} then {names[0][1]}"]
    for (low, first), (high, last) in pairwise(names):
        rise = f"({last} - {first}) * (bonus_score - {low}) / ({high} - {low})"
        cases.append(f"when bonus_score <= {high} then {first} + {rise}")
    return f"case {' '.join(cases)} else {names[-1][1]} end"


def _corners(one: Scored, corners: Sequence[tuple[Formula, Formula]]) -> Sequence[tuple[str, str]]:
    """Record each score and its rate, and give what they are called."""
    names, scores = [], []
    for place, (at, rate) in enumerate(corners, 1):
        scores.append(one.occasion.take(f"score_{place}", at))
        one.occasion.take(f"rate_{place}", rate)
        in_order(scores, f"scores of {one.occasion.rule}", "rise", at)
        names.append((f"score_{place}", f"rate_{place}"))
    return names


def cut(cutoff: Cutoff, everyone: Sequence[Scored]) -> None:
    """Take a fraction of the base from those whose score lies beyond the percentile of all."""
    inside = [one for one in everyone if _score(one, "cutoff_score", cutoff.score) is not None]
    if not inside:
        return
    ordered = sorted(Fraction(one.occasion.worksheet["cutoff_score"]) for one in inside)
    place = cutoff.percentile * (len(ordered) - 1)
    below, above = ordered[int(place)], ordered[-int(-place // 1)]
    value = below + (above - below) * (place - int(place))
    at = f"{cutoff.percentile.numerator} / {cutoff.percentile.denominator}"
    beyond = (">" if cutoff.higher_is_worse else "<") + ("" if cutoff.strict else "=")
    for one in inside:
        sheet = one.occasion.worksheet
        formula = f"percentile(cutoff_score, {at})"
        note = f"of {len(ordered)} scores"
        one.found["cutoff"] = sheet.take("cutoff", value, formula=formula, note=note)
        follow_score(one, "cut", "cutoff", cutoff.kinds)
        one.occasion.take("cutoff_base", cutoff.base)
        one.occasion.take("cutoff_rate", cutoff.rate)
        taken = f"case when cutoff_score {beyond} cutoff then cutoff_base * cutoff_rate else 0 end"
        take(one, "cut", taken, party(one, cutoff.payee), party(one, cutoff.payer))


def _taken(one: Scored, payment: Payment) -> bool:
    """Record score, base, withhold and full score; False where there is no score."""
    if _score(one, "payment_score", payment.score) is None:
        return False
    follow_score(one, "withheld", "payment", payment.kinds)
    formulas: Mapping[str, Formula] = {
        "base": payment.base,
        "withhold": payment.withhold,
        "full": payment.full,
    }
    for name, formula in formulas.items():
        one.occasion.take(name, formula)
    return True


def _score(one: Scored, name: str, formula: Formula | None) -> Fraction | None:
    """Record the score that counts; None where there is none, and then nothing is paid."""
    if formula is not None:
        if one.occasion.value(formula) is None:
            return None
        return Fraction(one.occasion.take(name, formula))
    if one.found["total"] is None:
        return None
    return Fraction(one.occasion.worksheet.let(name, "total"))


def _move(one: Scored, reason: str, money: Money, source: str, target: str) -> None:
    moved = one.occasion.move(source, target, money, reason)
    if moved is not None:
        one.moves.append(moved)
