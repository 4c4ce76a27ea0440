"""What the money follows: structure, process, outcomes, experience or cost; and who gets it."""

from collections.abc import Mapping, Sequence
from typing import Final

from rules_engine import Formula, Kind, Output, SettlementError, Type
from rules_engine_pay_for_performance.payments import KINDS
from rules_engine_pay_for_performance.scored import Scored

__all__ = ["follow", "follow_score", "share_outputs", "tell"]

_NUMBER: Final = Type(Kind.NUMBER, scale=None, nullable=True)


def share_outputs() -> dict[str, Output]:
    """Give the outputs that say what the money follows."""
    return {
        f"{kind}_share": Output(type=_NUMBER, meaning=f"share that measures of {kind} decide")
        for kind in KINDS
    }


def follow_score(one: Scored, amount: str, what: str, kinds: Mapping[str, Formula]) -> None:
    """Keep what an amount follows: the kinds of a score of its own, else those of the total.

    Raises:
        SettlementError: The parts do not make the whole.
    """
    if not kinds:
        follow(one, amount, one.about)
        return
    found = {kind: one.occasion.take(f"{what}_{kind}", part) for kind, part in kinds.items()}
    if sum(found.values()) != 1 or min(found.values()) < 0:
        place = next(iter(kinds.values())).place
        msg = f"{place}: kinds of {what} add up to {sum(found.values())}; parts of 1 may stand here"
        raise SettlementError(msg)
    follow(one, amount, {kind: f"{what}_{kind}" for kind in kinds})


def follow(one: Scored, amount: str, kinds: Mapping[str, str]) -> None:
    """Keep that an amount of the worksheet follows measures of some kinds."""
    if kinds:
        one.stakes.append((amount, kinds))


def tell(one: Scored) -> None:
    """Say what share of the money, or else of the total, each kind decides; and each net share."""
    sheet = one.occasion.worksheet
    shares = _shares(one, one.stakes or ([("total", one.about)] if one.about else []))
    for kind in KINDS if shares else ():
        formula = shares.get(kind, "0")
        one.found[f"{kind}_share"] = sheet.let(f"{kind}_share", formula)
    for party, parts in one.gets.items():
        formula = " ".join(parts).removeprefix("+ ")
        sheet.let(f"share_{party}", formula, note="what it gets in all; below 0 it pays")


def _shares(one: Scored, stakes: Sequence[tuple[str, Mapping[str, str]]]) -> Mapping[str, str]:
    if len(stakes) == 1:
        return stakes[0][1]
    whole = " + ".join(f"abs({amount})" for amount, _ in stakes)
    if not stakes or not one.occasion.worksheet.let("at_stake", whole):
        return {}
    parts: dict[str, list[str]] = {}
    for amount, kinds in stakes:
        for kind, formula in kinds.items():
            parts.setdefault(kind, []).append(f"abs({amount}) / at_stake * ({formula})")
    return {kind: " + ".join(formulas) for kind, formulas in parts.items()}
