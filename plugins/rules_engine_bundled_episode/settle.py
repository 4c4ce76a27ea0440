"""What a bundled episode settles: counts of every trigger and line, and what moves."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from rules_engine import Kind, Occasion, Output, Settlement, Type
from rules_engine_bundled_episode.paying import Paid, by_target, by_thresholds
from rules_engine_bundled_episode.terms import Terms

__all__ = ["outputs", "settle"]

_COUNT: Final = Type(Kind.COUNT, scale=0)
_MONEY: Final = Type(Kind.MONEY, scale=2)
_EXACT: Final = Type(Kind.MONEY, scale=None)
_AMOUNTS: Final = {
    "bundle": "before anything is cut",
    "prorated": "that proration takes away",
    "truncated": "that truncation takes away",
    "actual": "after both",
}


def outputs(terms: Terms) -> Mapping[str, Output]:
    """Counts and sums of the period, and the result where something moves."""
    found = {
        "triggers": Output(type=_COUNT, meaning="stays that triggered a type"),
        "refused": Output(type=_COUNT, meaning="triggers that are refused"),
        "suppressed": Output(type=_COUNT, meaning="triggers that open no episode"),
        "excluded": Output(type=_COUNT, meaning="episodes that are excluded, by the reasons below"),
    }
    found |= {
        f"excluded_{reason}": Output(type=_COUNT, meaning=f"episodes excluded as {reason}")
        for reason in terms.reasons
    }
    found["episodes"] = Output(type=_COUNT, meaning="episodes that count")
    for one in terms.types:
        found[f"episodes_{one.name}"] = Output(type=_COUNT, meaning=f"those of {one.name}")
        found[f"actual_{one.name}"] = Output(type=_MONEY, meaning="their cost after cuts")
    found |= {
        f"{name}_amount": Output(type=_MONEY, meaning=f"cost of episodes {what}")
        for name, what in _AMOUNTS.items()
    }
    found |= {
        "in_bundle": Output(type=_MONEY, meaning="amounts of the period's lines in bundles"),
        "outside": Output(type=_MONEY, meaning="amounts of its lines in no window"),
        "left_out": Output(type=_MONEY, meaning="amounts of its lines that are excluded"),
        "total_amount": Output(type=_MONEY, meaning="amounts of all its lines"),
        "unmeasured": Output(type=_COUNT, meaning="its lines without an amount"),
    }
    if terms.reconcile is not None:
        found["target_amount"] = Output(type=_EXACT, meaning="target after the discount")
    if terms.reconcile is not None or terms.thresholds is not None:
        found["result"] = Output(type=_MONEY, meaning="what the payer pays, or gets below zero")
    return found


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Count, and move what the terms say."""
    sheet = occasion.worksheet
    _count_triggers(terms, occasion)
    _sum_episodes(terms, occasion)
    _sum_lines(occasion)
    paid = Paid()
    if terms.reconcile is not None:
        paid = by_target(terms.reconcile, occasion)
    elif terms.thresholds is not None:
        paid = by_thresholds(terms.thresholds, occasion)
    return Settlement(
        transfers=paid.transfers,
        outputs={name: sheet[name] for name in outputs(terms)},
        explained=sheet.steps,
    )


def _own(occasion: Occasion, name: str) -> list[Mapping[str, Any]]:
    """Give the rows of the entity; of the contract, all."""
    entity = "/".join(occasion.key) if occasion.key else None
    return [row for row in occasion.experience[name] if entity is None or row["entity"] == entity]


def _take(occasion: Occasion, name: str, value: Any, formula: str, unit: str) -> None:
    occasion.worksheet.take(name, Fraction(value), formula=formula, unit=unit)


def _sum(amounts: Iterable[Any]) -> Fraction:
    """Add amounts exactly: a sum of decimals would be rounded by what the host has set."""
    return sum(map(Fraction, amounts), Fraction(0))


def _count_triggers(terms: Terms, occasion: Occasion) -> None:
    sheet, table = occasion.worksheet, f"{occasion.rule}_trigger"
    rows = _own(occasion, "triggers")

    def count(**wanted: str) -> int:
        return sum(
            row["triggers"] for row in rows if all(row[key] == wanted[key] for key in wanted)
        )

    for status in ("refused", "suppressed"):
        formula = f"count({table}) FILTER (WHERE status = '{status}')"
        _take(occasion, status, count(status=status), formula, "count")
    names = []
    for reason in terms.reasons:
        formula = f"count({table}) FILTER (WHERE status = 'excluded' AND reason = '{reason}')"
        names.append(f"excluded_{reason}")
        number = count(status="excluded", reason=reason)
        _take(occasion, names[-1], number, formula, "count")
    sheet.let("excluded", " + ".join(names))
    names = []
    for one in terms.types:
        formula = (
            f"count({table}) FILTER (WHERE status = 'counted' AND episode_type = '{one.name}')"
        )
        names.append(f"episodes_{one.name}")
        number = count(status="counted", episode_type=one.name)
        _take(occasion, names[-1], number, formula, "count")
    sheet.let("episodes", " + ".join(names))
    sheet.let("triggers", "refused + suppressed + excluded + episodes")


def _sum_episodes(terms: Terms, occasion: Occasion) -> None:
    sheet, table = occasion.worksheet, f"{occasion.rule}_episode"
    rows = _own(occasion, "sums")
    for one in terms.types:
        value = _sum(r["actual_amount"] for r in rows if r["episode_type"] == one.name)
        formula = f"sum({table}.actual_amount) FILTER (WHERE episode_type = '{one.name}')"
        _take(occasion, f"actual_{one.name}", value, formula, "money")
    for name in ("bundle", "prorated", "truncated"):
        column = f"{name}_amount"
        value = _sum(row[column] for row in rows)
        _take(occasion, column, value, f"sum({table}.{column})", "money")
    sheet.let("actual_amount", "bundle_amount - prorated_amount - truncated_amount")


def _sum_lines(occasion: Occasion) -> None:
    sheet, table = occasion.worksheet, f"{occasion.rule}_service"
    rows = _own(occasion, "lines")
    for name, status in (("in_bundle", "bundle"), ("outside", "outside"), ("left_out", "excluded")):
        value = _sum(row["amount"] for row in rows if row["status"] == status)
        formula = f"sum({table}.amount) FILTER (WHERE status = '{status}')"
        _take(occasion, name, value, formula, "money")
    sheet.let("total_amount", "in_bundle + outside + left_out")
    value = sum(row["unmeasured"] for row in rows)
    _take(occasion, "unmeasured", value, f"count({table}) FILTER (WHERE is_unmeasured)", "count")
