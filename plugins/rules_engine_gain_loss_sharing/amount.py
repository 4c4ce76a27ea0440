"""How much of a result is divided: minimum, bands, rate, reductions and caps, in their order."""

from fractions import Fraction

from rules_engine import Formula, Occasion, SettlementError
from rules_engine_gain_loss_sharing.terms import Band, Part

__all__ = ["shared_part", "take_minimum"]


def take_minimum(part: Part, occasion: Occasion) -> Fraction | None:
    """Record the fraction of revenue that the result has to reach; None where it has none.

    Raises:
        SettlementError: It is below zero.
    """
    if part.minimum_rate is None:
        return None
    return _at_least_zero(occasion, "minimum_rate", part.minimum_rate)


def shared_part(part: Part, occasion: Occasion, *, gain: bool) -> tuple[Fraction, Fraction | None]:
    """Record what is divided, as `shared`: all of the result unless the terms say less.

    Returns:
        What counts of the result, with its sign, and the rate at which it is divided; None where
        no rate is applied to it.

    Raises:
        SettlementError: A limit, cap or rate is out of range, bands do not rise, or revenue is not
            above 0 and a minimum or bands are fractions of it.
    """
    sheet = occasion.worksheet
    if not part.among:
        # All of it is carried.
        counted = sheet.let("counted", "result")
        sheet.let("shared", "0 * result", kind="posted")
        return counted, None
    sign = "" if gain else "-"
    formula, is_whole, counts_below = _counting(part, occasion, f"{sign}result")
    limits = _amounts(occasion, "limit", part.limits)
    if limits:
        formula = f"least({', '.join((formula, *limits))})"
    counted = sheet.let("counted", f"{sign}({formula})")
    formula = f"{sign}counted"
    rate: Fraction | None = None
    rate_formula = part.below_rate if counts_below else part.rate
    if part.bands and not counts_below:
        _has_revenue(occasion, "bands need")
        formula = _through_bands(part.bands, occasion, formula)
    elif rate_formula is not None:
        rate = occasion.take("rate", rate_formula)
        formula = f"{formula} * rate"
    formula = _reduced(part, occasion, formula)
    if is_whole and formula == f"{sign}counted" and not limits:
        sheet.let("shared", "result")
    else:
        sheet.let("shared", f"{sign}{occasion.rounding(formula)}", kind="posted")
    return counted, rate


def _counting(part: Part, occasion: Occasion, size: str) -> tuple[str, bool, bool]:
    """Say whether the result counts, by gate and minimum.

    Returns:
        The formula of what counts, whether that is the whole by no condition, and whether it
        counts although it is below the minimum.
    """
    sheet = occasion.worksheet
    formula = size
    conditions: list[str] = []
    if part.gate is not None:
        occasion.take("gate", part.gate)
        conditions.append("gate")
    counts_below = False
    if part.minimum_rate is not None:
        _has_revenue(occasion, "a minimum rate needs")
        sheet.let("minimum", "minimum_rate * revenue")
        is_below = sheet.let("is_below_minimum", f"{size} < minimum")
        if is_below and part.below_when is not None:
            counts_below = bool(occasion.take("counts_below_minimum", part.below_when))
            conditions.append("(not is_below_minimum or counts_below_minimum)")
        else:
            conditions.append("not is_below_minimum")
        # Below the minimum it counts from its first dollar: nothing of it lies above.
        if part.above_minimum and not counts_below:
            formula = f"{size} - minimum"
    if conditions:
        # Written as it is decided, so that who asks why sees what decided.
        formula = f"case when {' and '.join(conditions)} then {formula} else 0 * result end"
    return formula, not conditions, counts_below


def _has_revenue(occasion: Occasion, who_needs: str) -> None:
    """Refuse terms that are fractions of revenue where there is none, or less than none."""
    revenue = occasion.worksheet["revenue"]
    if revenue <= 0:
        msg = f"revenue of {_about(occasion)} is {revenue}; {who_needs} one above 0"
        raise SettlementError(msg)


def _reduced(part: Part, occasion: Occasion, formula: str) -> str:
    """Give the formula of what reduction, caps and relief leave, in the order of the terms."""
    reduced = ""
    if part.reduce is not None:
        occasion.take("reduction", part.reduce)
        reduced = " * (1 - reduction)"
    if part.reduced_first:
        formula = f"{formula}{reduced}"
    caps = _amounts(occasion, "cap", part.caps)
    if caps:
        formula = f"least({', '.join((formula, *caps))})"
    if not part.reduced_first:
        formula = f"{formula}{reduced}"
    if part.relief is not None:
        _at_least_zero(occasion, "relief", part.relief)
        formula = f"greatest({formula} - relief, 0)"
    return formula


def _through_bands(bands: tuple[Band, ...], occasion: Occasion, amount: str) -> str:
    """Record each band's part of the amount; give the formula of their sum.

    Raises:
        SettlementError: A band ends where the one before it does, or below.
    """
    sheet = occasion.worksheet
    parts = []
    begins = "0 * revenue"
    before: Fraction | None = None
    for number, band in enumerate(bands, 1):
        rate = f"band_{number}_rate"
        occasion.take(rate, band.rate)
        formula = amount
        if band.through is not None:
            end = _at_least_zero(occasion, f"band_{number}_through", band.through)
            if before is not None and end <= before:
                msg = (
                    f"{band.through.place}: band {number} of {_about(occasion)} ends through {end};"
                    f" it may end above {before}, where the band before it ends"
                )
                raise SettlementError(msg)
            before = end
            sheet.let(f"band_{number}_ends", f"band_{number}_through * revenue")
            formula = f"least({amount}, band_{number}_ends)"
        sheet.let(f"band_{number}", f"greatest({formula} - {begins}, 0) * {rate}")
        parts.append(f"band_{number}")
        begins = f"band_{number}_ends"
    sheet.let("of_bands", " + ".join(parts))
    return "of_bands"


def _amounts(occasion: Occasion, name: str, formulas: tuple[Formula, ...]) -> list[str]:
    names = [name if len(formulas) == 1 else f"{name}_{n}" for n in range(1, len(formulas) + 1)]
    for each, formula in zip(names, formulas, strict=True):
        _at_least_zero(occasion, each, formula)
    return names


def _at_least_zero(occasion: Occasion, name: str, formula: Formula) -> Fraction:
    value: Fraction = occasion.take(name, formula)
    if value < 0:
        what = name.replace("_", " ")
        msg = f"{formula.place}: the {what} of {_about(occasion)} is {value}; it is 0 or more"
        raise SettlementError(msg)
    return value


def _about(occasion: Occasion) -> str:
    """Say whose settlement of which period it is."""
    who = "".join(f" {part}" for part in ("/".join(occasion.key),) if part)
    return f"{occasion.rule}{who} in {occasion.period.label}"
