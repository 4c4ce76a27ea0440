"""Paying episodes after the period: by a target price, or by thresholds of their average."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from rules_engine import Money, Occasion, SettlementError, Transfer
from rules_engine_bundled_episode.terms import Reconcile, Threshold, Thresholds

__all__ = ["Paid", "by_target", "by_thresholds"]

_COST: Final = "bundle - prorated - truncated"
_Told = Mapping[str, Mapping[str, Fraction]]


@frozen
class Paid:
    """What moves.

    Attributes:
        transfers: Movements of money.
    """

    transfers: tuple[Transfer, ...] = ()


def by_target(terms: Reconcile, occasion: Occasion) -> Paid:
    """Compare each episode with its target price, then all of them within the limits."""
    sheet = occasion.worksheet
    for name, asked in terms.formulas.items():
        occasion.take(name, asked)
    discounted = "target * (1 - discount)" if "discount" in terms.formulas else "target"
    formula = f"{discounted} - ({_COST})"
    if "episode_gain_cap" in terms.formulas:
        formula = f"least({formula}, episode_gain_cap * {discounted})"
    if "episode_loss_cap" in terms.formulas:
        formula = f"greatest({formula}, -episode_loss_cap * {discounted})"
    rows, told = _own(occasion, "episodes"), _told(occasion)
    keep = 1 - sheet["discount"] if "discount" in terms.formulas else Fraction(1)
    target, results = Fraction(0), []
    for row in rows:
        price = Fraction(row["target_amount"]) * keep
        value = price - Fraction(row["actual_amount"])
        if "episode_gain_cap" in terms.formulas:
            value = min(value, sheet["episode_gain_cap"] * price)
        if "episode_loss_cap" in terms.formulas:
            value = max(value, -sheet["episode_loss_cap"] * price)
        target += price
        results.append(value)
        _explain(occasion, len(results), row, formula, value, told)
    formula = f"sum({occasion.rule}_episode.target_amount)"
    undiscounted = sum((Fraction(row["target_amount"]) for row in rows), Fraction(0))
    sheet.take("undiscounted", undiscounted, formula=formula, unit="money")
    factor = " * (1 - discount)" if "discount" in terms.formulas else ""
    sheet.let("target_amount", f"undiscounted{factor}")
    _sum(occasion, "gross", results, out=_out(occasion))
    return _moved(terms, occasion, _limited(terms, occasion))


def _limited(terms: Reconcile, occasion: Occasion) -> str:
    """Bring the sum of the episodes to what moves: by quality, then within the limits."""
    sheet = occasion.worksheet
    for name in ("gain_quality", "loss_quality"):
        if name in terms.formulas and sheet[name] < 0:
            msg = f"{name} of {occasion.rule} in {occasion.period.label} is {sheet[name]}, below 0"
            raise SettlementError(msg)
    gain = "gross * gain_quality" if "gain_quality" in terms.formulas else "gross"
    loss = "gross * loss_quality" if "loss_quality" in terms.formulas else "gross"
    sheet.let("adjusted", gain if sheet["gross"] >= 0 else loss)
    formula = "adjusted"
    if "stop_gain" in terms.formulas:
        formula = f"least({formula}, stop_gain * target_amount)"
    if "stop_loss" in terms.formulas:
        formula = f"greatest({formula}, -stop_loss * target_amount)"
    sheet.let("limited", formula)
    return "limited"


def _moved(terms: Reconcile | Thresholds, occasion: Occasion, formula: str) -> Paid:
    """Post what moves, or nothing of too few episodes."""
    few = occasion.worksheet["episodes"] < terms.minimum_episodes
    if few and isinstance(terms, Reconcile):
        formula = f"0 * {formula}"
    note = f"fewer than {terms.minimum_episodes} episodes" if few else ""
    return _paid(terms, occasion, occasion.post("result", formula, note=note))


def _paid(terms: Reconcile | Thresholds, occasion: Occasion, amount: Money) -> Paid:
    (to,) = occasion.groups.get(terms.to, (terms.to,))
    (payer,) = occasion.groups.get(terms.payer, (terms.payer,))
    moved = occasion.move(payer, to, amount, "reconciliation of episodes")
    return Paid() if moved is None else Paid((moved,))


def by_thresholds(terms: Thresholds, occasion: Occasion) -> Paid:
    """Compare the average of each type, by risk, with what is commendable and acceptable."""
    sheet = occasion.worksheet
    rows, told = _own(occasion, "episodes"), _told(occasion)
    parts = []
    for one in terms.types:
        own = [row for row in rows if row["episode_type"] == one.type]
        parts.append(_of_type(terms, one, occasion, own, told))
    sheet.let("gross", " + ".join(parts))
    formula = "gross"
    if terms.loss_cap is not None:
        occasion.take("loss_cap", terms.loss_cap)
        formula = "greatest(gross, -loss_cap)"
    return _paid(terms, occasion, occasion.post("result", formula))


def _of_type(
    terms: Thresholds,
    one: Threshold,
    occasion: Occasion,
    rows: Sequence[Mapping[str, Any]],
    told: _Told,
) -> str:
    """Lead one type from its episodes to its gain or loss; give the name of that."""
    sheet, name = occasion.worksheet, one.type
    result = f"result_{name}"
    # No episodes have no average, whatever number of them is enough.
    fewest = max(terms.minimum_episodes, 1)
    if len(rows) < fewest:
        note = f"{len(rows)} episodes; fewer than {fewest}"
        sheet.take(result, Fraction(0), formula="0.00", unit="money", kind="step", note=note)
        return result
    for what, asked in one.formulas.items():
        occasion.take(f"{what}_{name}", asked)
    results = []
    for row in rows:
        value = Fraction(row["actual_amount"]) / Fraction(row["risk_score"])
        results.append(value)
        formula = f"({_COST}) / risk"
        _explain(occasion, len(results), row, formula, value, told, f"{name}_")
    _sum(occasion, f"adjusted_{name}", results, f"{name}_", out=_out(occasion, name))
    sheet.let(f"average_{name}", f"adjusted_{name} / episodes_{name}")
    average = f"average_{name}"
    kept = f"greatest({average}, gain_limit_{name})" if "gain_limit" in one.formulas else average
    is_good = f"{average} < commendable_{name}"
    if "quality" in one.formulas:
        is_good += f" AND quality_{name}"
    formula = (
        f"CASE WHEN {is_good}"
        f" THEN greatest(commendable_{name} - {kept}, 0) * episodes_{name} * gain_share_{name}"
        f" WHEN {average} > acceptable_{name}"
        f" THEN (acceptable_{name} - {average}) * episodes_{name} * loss_share_{name}"
        f" ELSE 0 * {average} END"
    )
    sheet.let(result, formula)
    return result


def _own(occasion: Occasion, name: str) -> list[Mapping[str, Any]]:
    """Give the rows of the entity; of the contract, all."""
    entity = "/".join(occasion.key) if occasion.key else None
    return [row for row in occasion.experience[name] if entity is None or row["entity"] == entity]


def _out(occasion: Occasion, episode_type: str | None = None) -> Mapping[str, Fraction]:
    """Say which triggers are not paid, and why; each adds nothing."""
    return {
        f"{row['episode_id']} of {row['trigger_day'] or 'no day'} {row['status']}"
        f" as {row['reason']}": Fraction(0)
        for row in _own(occasion, "uncounted")
        if episode_type is None or row["episode_type"] == episode_type
    }


def _told(occasion: Occasion) -> _Told:
    """Say of each episode which services it has, and which not: why, and what of it was cut."""
    found: dict[str, dict[str, Fraction]] = {}
    for row in occasion.experience["told"]:
        way = "in" if row["status"] == "bundle" else "out"
        cut = f", {row['prorated_amount']:,} cut" if row["prorated_amount"] else ""
        said = (
            f"{row['claim_id']} line {row['claim_line_number']} of {row['service_day']}"
            f" {way} as {row['reason']}{cut}"
        )
        found.setdefault(row["episode_id"], {})[said] = Fraction(row["amount"])
    return found


def _explain(
    occasion: Occasion,
    number: int,
    row: Mapping[str, Any],
    formula: str,
    value: Fraction,
    told: _Told,
    prefix: str = "",
) -> None:
    """Record one episode: its cost, what was cut, and the services that it has or has not."""
    inputs = {name: Fraction(row[f"{name}_amount"]) for name in ("bundle", "prorated", "truncated")}
    if row["target_amount"] is not None:
        inputs["target"] = Fraction(row["target_amount"])
    services = told.get(row["episode_id"], {})
    units = dict.fromkeys((*inputs, *services), "money")
    if row["target_amount"] is None:
        inputs["risk"], units["risk"] = Fraction(row["risk_score"]), "number"
    occasion.worksheet.take(
        f"episode_{prefix}{number}",
        value,
        formula=formula,
        unit="money",
        inputs={**inputs, **services},
        units=units,
        note=f"{row['episode_id']}, {row['first_day']} to {row['last_day']}",
        kind="step",
    )


def _sum(
    occasion: Occasion,
    name: str,
    values: Sequence[Fraction],
    prefix: str = "",
    *,
    out: Mapping[str, Fraction],
) -> None:
    """Record the sum of episodes by their names; it is too long to be parsed each time."""
    names = [f"episode_{prefix}{number}" for number in range(1, len(values) + 1)]
    formula = " + ".join(names) if names else "0.00"
    occasion.worksheet.take(
        name,
        sum(values, Fraction(0)),
        formula=formula,
        unit="money",
        inputs=out,
        units=dict.fromkeys(out, "money"),
        kind="step",
    )
