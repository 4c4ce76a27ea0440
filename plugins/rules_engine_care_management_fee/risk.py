"""What results take back of the fees, provision after provision, each payer its part."""

from collections.abc import Mapping

from rules_engine import Money, Occasion, SettlementError
from rules_engine_care_management_fee.counting import quoted
from rules_engine_care_management_fee.parts import take_part
from rules_engine_care_management_fee.terms import Provision, Terms

__all__ = ["pay_back"]


def pay_back(
    terms: Terms, occasion: Occasion, parts: Mapping[str, Money]
) -> dict[str, dict[str, Money]]:
    """Give what each provision takes back for each payer; together never more than was paid.

    Raises:
        SettlementError: A cap is below zero.
    """
    sheet = occasion.worksheet
    left = dict(parts)
    for payer in parts:
        sheet.let(f"left_{payer}", quoted(f"part_{payer}"))
    found = {}
    for one in terms.at_risk:
        weights = _exposed(one, occasion, left)
        _at_risk(one, occasion, list(parts))
        money = occasion.post(f"repaid_{one.name}", _formula(one, occasion))
        found[one.name] = _divided(one, occasion, money, weights)
        for payer, part in found[one.name].items():
            left[payer] = left[payer] - part
            back = quoted(f"part_repaid_{one.name}/{payer}")
            sheet.let(f"left_{payer}", f"{quoted(f'left_{payer}')} - {back}")
    return found


def _exposed(one: Provision, occasion: Occasion, left: Mapping[str, Money]) -> dict[str, Money]:
    """Record each payer's fees that are looked at, and what of them is still there."""
    sheet = occasion.worksheet
    weights = {}
    for payer in left:
        base = quoted(f"part_{payer}")
        if one.of:
            base = " + ".join(quoted(f"fee_{name}/{payer}") for name in one.of)
        sheet.let(f"base_{one.name}/{payer}", base)
        there = f"least({quoted(f'base_{one.name}/{payer}')}, {quoted(f'left_{payer}')})"
        weight = sheet.let(f"there_{one.name}/{payer}", there)
        weights[payer] = Money.of(weight, occasion.currency)
    return weights


def _at_risk(one: Provision, occasion: Occasion, payers: list[str]) -> None:
    """Record what is at risk, and the most that can be taken back."""
    sheet = occasion.worksheet
    for name in ("base", "there"):
        parts = " + ".join(quoted(f"{name}_{one.name}/{payer}") for payer in payers)
        sheet.let(f"{name}_{one.name}", parts)
    formula = f"base_{one.name}"
    if one.part is not None:
        occasion.take(f"part_of_{one.name}", one.part)
        formula += f" * part_of_{one.name}"
    sheet.let(f"at_risk_{one.name}", formula)


def _formula(one: Provision, occasion: Occasion) -> str:
    """Write what is taken back: what is not kept, what is short, or all."""
    sheet = occasion.worksheet
    at_risk = f"at_risk_{one.name}"
    if one.kept is not None:
        occasion.take(f"kept_{one.name}", one.kept)
        formula = f"{at_risk} * (1 - kept_{one.name})"
    elif one.missed is not None:
        occasion.take(f"missed_{one.name}", one.missed)
        formula = f"case when missed_{one.name} then {at_risk} else 0 * {at_risk} end"
    else:
        formula = _short(one, occasion, at_risk)
    most = [f"there_{one.name}"]
    if one.cap is not None:
        cap = f"cap_{one.name}"
        if occasion.take(cap, one.cap) < 0:
            msg = f"the cap of {one.name} in {occasion.rule} is {sheet[cap]}; it is 0 or more"
            raise SettlementError(msg)
        most.append(cap)
    return f"least({', '.join((formula, *most))})"


def _short(one: Provision, occasion: Occasion, at_risk: str) -> str:
    """Compare savings net of fees with what they are to reach."""
    sheet = occasion.worksheet
    name = one.name
    if one.savings is None or one.needed is None:  # read_terms asks for one of three
        raise TypeError(one)
    occasion.take(f"savings_{name}", one.savings)
    occasion.take(f"needed_{name}", one.needed)
    sheet.let(f"net_savings_{name}", f"savings_{name} - fees", note="the fees are a cost of it")
    sheet.let(f"short_{name}", f"needed_{name} - net_savings_{name}")
    if not one.repays_all:
        return f"least(greatest(short_{name}, 0), {at_risk})"
    # On the worksheet, so that whoever looks for cliffs sees where it turns.
    sheet.let(f"is_short_{name}", f"net_savings_{name} < needed_{name}")
    return f"case when is_short_{name} then {at_risk} else 0 * {at_risk} end"


def _divided(
    one: Provision, occasion: Occasion, money: Money, weights: Mapping[str, Money]
) -> dict[str, Money]:
    """Divide what is taken back by what of each payer's fees is still there."""
    name = f"part_repaid_{one.name}"
    if not money.cents:
        for payer in weights:
            occasion.worksheet.let(f"{name}/{payer}", f"repaid_{one.name}", kind="posted")
        return dict.fromkeys(weights, money)
    exact = {payer: weight.as_fraction() for payer, weight in weights.items()}
    parts = money.split(exact, occasion.unit_cents)
    for payer, part in parts.items():
        there = quoted(f"there_{one.name}/{payer}")
        formula = f"repaid_{one.name} * ({there} / there_{one.name})"
        take_part(occasion, f"{name}/{payer}", part, formula)
    return parts
