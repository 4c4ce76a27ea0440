"""Settling: points of each measure, score of each domain, the total, and what it pays."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rules_engine import Kind, Occasion, Output, Settlement, Type
from rules_engine_pay_for_performance.paying import (
    cut,
    divide,
    paid_outputs,
    party,
    pay_bonus,
    return_withhold,
    take,
)
from rules_engine_pay_for_performance.ranges import at_least_zero, in_order
from rules_engine_pay_for_performance.scored import Scored
from rules_engine_pay_for_performance.shares import follow, share_outputs, tell
from rules_engine_pay_for_performance.terms import Domain, Measure, Penalty, Points, Terms

__all__ = ["outputs", "settle"]

_NUMBER: Final = Type(Kind.NUMBER, scale=None, nullable=True)
_MONEY: Final = Type(Kind.MONEY, scale=2, nullable=True)


def outputs(terms: Terms) -> Mapping[str, Output]:
    """Points of measures, scores of domains, the total, shares of kinds, and the payment."""
    found: dict[str, Output] = {}
    for name, measure in terms.measures.items():
        if not measure.combines:
            if "denominator" in measure.rates:
                found[f"{name}_rate"] = Output(type=_NUMBER, meaning="numerator to denominator")
            for part in ("achievement", "improvement"):
                found[f"{name}_{part}"] = Output(type=_NUMBER, meaning=f"points for {part}")
        found[f"{name}_points"] = Output(type=_NUMBER, meaning="points of the measure")
    for name, domain in terms.domains.items():
        if domain.consistency is not None:
            found[f"{name}_base"] = Output(type=_NUMBER, meaning="points without consistency")
            found[f"{name}_consistency"] = Output(type=_NUMBER, meaning="points for consistency")
        found[f"{name}_score"] = Output(type=_NUMBER, meaning="score of the domain, 0 to 100")
        found[f"{name}_weighted"] = Output(type=_NUMBER, meaning="its part of the total")
    if terms.domains:
        found["total"] = Output(type=_NUMBER, meaning="total score, 0 to 100")
    return found | share_outputs() | _further(terms)


def _further(terms: Terms) -> dict[str, Output]:
    """Ratios, and what they and the total make of a payment."""
    found: dict[str, Output] = {}
    for name in terms.ratios:
        found[f"{name}_ratio"] = Output(type=_NUMBER, meaning="what happened to what was expected")
    if terms.penalty is not None:
        found["reduction"] = Output(type=_NUMBER, meaning="fraction that is taken away")
        found["penalty_factor"] = Output(type=_NUMBER, meaning="1 minus it, rounded")
        if terms.penalty.base is not None:
            found["penalty"] = Output(type=_MONEY, meaning="what is taken from the base")
    return found | paid_outputs(terms.payment, terms.bonus, terms.cutoff)


def settle(terms: Terms, occasions: Sequence[Occasion]) -> Sequence[Settlement]:
    """Score each entity, and post what the scores of all of them pay."""
    named = outputs(terms)
    everyone = [_scored(terms, occasion, dict.fromkeys(named)) for occasion in occasions]
    for one in everyone:
        if terms.payment is not None and terms.payment.pool is None:
            return_withhold(terms.payment, one)
        if terms.bonus is not None:
            pay_bonus(terms.bonus, one)
    if terms.payment is not None and terms.payment.pool is not None:
        divide(terms.payment, everyone)
    if terms.cutoff is not None:
        cut(terms.cutoff, everyone)
    for one in everyone:
        tell(one)
    return [
        Settlement(
            transfers=tuple(one.moves),
            outputs=one.found,
            explained=one.occasion.worksheet.steps,
        )
        for one in everyone
    ]


def _scored(terms: Terms, occasion: Occasion, found: dict[str, Any]) -> Scored:
    """Score every measure, every domain and the whole."""
    one = Scored(occasion, found)
    for name, measure in terms.measures.items():
        if measure.when is None or occasion.value(measure.when) is True:
            _combined(name, measure, occasion, found) if measure.combines else _points(
                name, measure, terms, occasion, found
            )
    if terms.penalty is not None:
        _penalize(terms, terms.penalty, one)
    if terms.domains_needed is not None:
        one.about = _total(terms, occasion, found) or one.about
    return one


def _total(terms: Terms, occasion: Occasion, found: dict[str, Any]) -> Mapping[str, str]:
    """Give the scores of domains and the total, and say what share of it each kind decides."""
    sheet = occasion.worksheet
    shares: dict[str, dict[str, str]] = {}
    for name, domain in terms.domains.items():
        _score(name, domain, terms, occasion, found, shares)
    scored = [name for name in terms.domains if found[f"{name}_score"] is not None]
    needed = 0
    if terms.domains_needed is not None:
        needed = occasion.take("domains_needed", terms.domains_needed)
    if scored and len(scored) >= needed:
        weights = " + ".join(f"{name}_weight" for name in scored)
        if sheet.let("weights", weights, note="weights of the domains that have a score"):
            for name in scored:
                formula = f"{name}_score * {name}_weight / weights"
                found[f"{name}_weighted"] = sheet.let(f"{name}_weighted", formula)
            formula = " + ".join(f"{name}_weighted" for name in scored)
            found["total"] = sheet.let("total", formula)
            parts: dict[str, list[str]] = {}
            for name in scored:
                for kind, share in shares[name].items():
                    parts.setdefault(kind, []).append(f"{name}_weight / weights * {share}")
            return {kind: " + ".join(written) for kind, written in parts.items()}
    return {}


def _points(
    name: str, measure: Measure, terms: Terms, occasion: Occasion, found: dict[str, Any]
) -> None:
    """Give achievement, improvement, and the better of the two."""
    sheet = occasion.worksheet
    rates = {key: occasion.value(formula) for key, formula in measure.rates.items()}
    needed = [key for key in measure.rates if key not in {"baseline", "floor", "cases"}]
    if any(rates[key] is None for key in needed) or _has_few(name, measure, occasion, rates):
        return
    for key, rate in measure.rates.items():
        if rates[key] is not None:
            occasion.take(f"{name}_{key}", rate)
    if "denominator" in rates:
        formula = f"{name}_numerator / {name}_denominator"
        found[f"{name}_rate"] = sheet.let(f"{name}_performance", formula)
    better, worse = ("<", ">") if measure.lower_is_better else (">", "<")
    way = "fall" if measure.lower_is_better else "rise"
    if measure.gates:
        formula = _gates(name, measure, occasion, better)
        met = [sheet[f"{name}_gate_{place}"] for place in range(1, len(measure.gates) + 1)]
        in_order(met, f"rates of the gates of {name}", way, measure.gates[-1][0])
        found[f"{name}_achievement"] = sheet.let(f"{name}_achievement", formula)
        found[f"{name}_points"] = sheet.let(f"{name}_points", f"{name}_achievement")
        return
    _held(name, rates, way, measure)
    p, t, b, z = (f"{name}_{k}" for k in ("performance", "threshold", "benchmark", "baseline"))
    formula = (
        f"case when {p} {better}= {b} then {terms.achievement.most} when {p} {worse} {t} then 0"
        f" else {terms.achievement.at(f'({p} - {t}) / ({b} - {t})')} end"
    )
    found[f"{name}_achievement"] = sheet.let(f"{name}_achievement", formula)
    points = f"{name}_achievement"
    if rates.get("baseline") is not None:
        formula = (
            f"case when {p} {worse}= {z} then 0 when {p} {better}= {b}"
            f" then {terms.improvement.most}"
            f" else {terms.improvement.at(f'({p} - {z}) / ({b} - {z})')} end"
        )
        found[f"{name}_improvement"] = sheet.let(f"{name}_improvement", formula)
        points = f"greatest({name}_achievement, {name}_improvement)"
    found[f"{name}_points"] = sheet.let(f"{name}_points", points)


def _held(name: str, rates: Mapping[str, Any], way: str, measure: Measure) -> None:
    """Refuse a benchmark that is worse than its threshold; they may be equal."""
    if rates["threshold"] != rates["benchmark"]:
        ends = (rates["threshold"], rates["benchmark"])
        in_order(ends, f"threshold and benchmark of {name}", way, measure.rates["benchmark"])


def _has_few(name: str, measure: Measure, occasion: Occasion, rates: Mapping[str, Any]) -> bool:
    """Whether there are too few cases for a rate, or none to divide by."""
    if rates.get("denominator") == 0:
        return True
    cases = rates.get("cases", rates.get("denominator"))
    if measure.minimum is None:
        return False
    return cases is None or bool(cases < occasion.take(f"{name}_minimum", measure.minimum))


def _gates(name: str, measure: Measure, occasion: Occasion, better: str) -> str:
    """Write the points of the last gate that a rate meets."""
    cases = []
    for place, (rate, points) in enumerate(measure.gates, 1):
        occasion.take(f"{name}_gate_{place}", rate)
        occasion.take(f"{name}_gate_{place}_points", points)
        gate = f"{name}_gate_{place}"
        cases.append(f"when {name}_performance {better}= {gate} then {gate}_points")
    return f"case {' '.join(reversed(cases))} else 0 end"


def _combined(name: str, measure: Measure, occasion: Occasion, found: dict[str, Any]) -> None:
    """Give the points of the only part that has some, or what is given for several parts."""
    parts = [part for part in measure.combines if found[f"{part}_points"] is not None]
    if len(parts) == 1:
        formula = f"{parts[0]}_points"
        found[f"{name}_points"] = occasion.worksheet.let(f"{name}_points", formula)
    elif parts and measure.given is not None:
        note = "given, because the weights of the parts are not known"
        found[f"{name}_points"] = occasion.take(f"{name}_points", measure.given, note=note)


def _score(
    name: str,
    domain: Domain,
    terms: Terms,
    occasion: Occasion,
    found: dict[str, Any],
    shares: dict[str, dict[str, str]],
) -> None:
    """Give the points of a domain as a share of the most that it could have had, times 100."""
    sheet = occasion.worksheet
    if domain.given is not None and domain.kind is not None:
        if occasion.value(domain.given) is not None:
            weight = occasion.take(f"{name}_weight", domain.weight)
            at_least_zero(weight, f"weight of {name}", domain.weight)
            found[f"{name}_score"] = occasion.take(f"{name}_score", domain.given)
            shares[name] = {domain.kind: "1"}
        return
    counted = [
        measure
        for measure, one in terms.measures.items()
        if one.domain(occasion.period.first) == name and found[f"{measure}_points"] is not None
    ]
    if not counted or len(counted) < occasion.take(f"{name}_minimum", domain.minimum):
        return
    at_least_zero(
        occasion.take(f"{name}_weight", domain.weight), f"weight of {name}", domain.weight
    )
    formula = " + ".join(f"{measure}_points" for measure in counted)
    most = terms.achievement.most * len(counted)
    decided: dict[str, int] = {}
    for measure in counted:
        kind = terms.measures[measure].kind
        decided[kind] = decided.get(kind, 0) + terms.achievement.most
    if domain.consistency is not None:
        base = sheet.let(f"{name}_base", formula)
        found[f"{name}_base"] = base
        found[f"{name}_consistency"] = _consistency(
            name, domain.consistency.points, counted, terms, occasion
        )
        formula = f"{name}_base + {name}_consistency"
        most += domain.consistency.points.most
        kind = domain.consistency.kind
        decided[kind] = decided.get(kind, 0) + domain.consistency.points.most
    found[f"{name}_score"] = sheet.let(f"{name}_score", f"100 * ({formula}) / {most}")
    shares[name] = {kind: f"{points} / {most}" for kind, points in decided.items()}


def _consistency(
    name: str, points: Points, counted: list[str], terms: Terms, occasion: Occasion
) -> Any:
    """Give points for the measure that is lowest between its floor and its threshold."""
    sheet = occasion.worksheet
    places = []
    for measure in counted:
        # Each is cut at 0 and 1, so that a rate beyond them does not decide by how far.
        floor, threshold = f"{measure}_floor", f"{measure}_threshold"
        share = f"({measure}_performance - {floor}) / ({threshold} - {floor})"
        better = "<=" if terms.measures[measure].lower_is_better else ">="
        formula = (
            f"case when {measure}_performance {better} {threshold} then 1"
            f" else greatest({share}, 0) end"
        )
        sheet.let(f"{measure}_place", formula)
        places.append(f"{measure}_place")
    lowest = places[0] if len(places) == 1 else f"least({', '.join(places)})"
    sheet.let(f"{name}_lowest", lowest)
    formula = (
        f"case when {name}_lowest >= 1 then {points.most} when {name}_lowest <= 0 then 0"
        f" else {points.at(f'{name}_lowest')} end"
    )
    return sheet.let(f"{name}_consistency", formula)


def _penalize(terms: Terms, penalty: Penalty, one: Scored) -> None:
    """Take away a share of payments for each ratio above its limit; no more than the cap."""
    occasion, found = one.occasion, one.found
    sheet = occasion.worksheet
    parts = ["0"]
    weights: dict[str, list[str]] = {}
    is_known = True
    for name, ratio in terms.ratios.items():
        if any(occasion.value(part) is None for part in (ratio.predicted, ratio.expected)):
            continue
        occasion.take(f"{name}_predicted", ratio.predicted)
        occasion.take(f"{name}_expected", ratio.expected)
        found[f"{name}_ratio"] = sheet.let(f"{name}_ratio", f"{name}_predicted / {name}_expected")
        if occasion.value(ratio.counts) is not True:
            continue
        if any(occasion.value(part) is None for part in (ratio.limit, ratio.weight)):
            # A factor without one of its parts would be too kind, so there is none.
            is_known = False
            continue
        occasion.take(f"{name}_limit", ratio.limit)
        occasion.take(f"{name}_weight", ratio.weight)
        formula = f"{name}_weight * greatest({name}_ratio - {name}_limit, 0)"
        sheet.let(f"{name}_excess", formula)
        parts.append(f"{name}_excess")
        weights.setdefault(ratio.kind, []).append(f"{name}_weight")
    if not is_known:
        return
    occasion.take("modifier", penalty.modifier)
    occasion.take("cap", penalty.cap)
    found["reduction"] = sheet.let("reduction", f"least(cap, modifier * ({' + '.join(parts)}))")
    formula = f"round(1 - reduction, {penalty.places})"
    found["penalty_factor"] = sheet.let("penalty_factor", formula)
    kinds: dict[str, str] = {}
    whole = " + ".join(name for names in weights.values() for name in names)
    if whole and sheet.let("ratio_weights", whole, note="weights of the ratios that count"):
        kinds = {k: f"({' + '.join(names)}) / ratio_weights" for k, names in weights.items()}
    one.about = kinds
    # Where the payments are not known, the factor is all that can be told.
    if penalty.base is None or penalty.payer is None or penalty.payee is None:
        return
    if occasion.value(penalty.base) is not None:
        occasion.take("penalty_base", penalty.base)
        formula = "penalty_base * (1 - penalty_factor)"
        take(one, "penalty", formula, party(one, penalty.payee), party(one, penalty.payer))
        follow(one, "penalty", kinds)
