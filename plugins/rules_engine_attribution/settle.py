"""What an attribution counts in a period: members by step, and who is nobody's by reason."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from rules_engine import (
    Kind,
    Occasion,
    Output,
    Query,
    Rows,
    Settlement,
    SettlementError,
    Type,
)
from rules_engine_attribution.queries import REASONS
from rules_engine_attribution.terms import Terms

__all__ = ["experience", "outputs", "settle"]

_COUNT: Final = Type(Kind.COUNT, scale=0)
_STORED: Final = Type.of(Kind.COUNT)
_CODE: Final = Type.of(Kind.CODE)


def outputs(terms: Terms) -> Mapping[str, Output]:
    """Counts of persons and months; money is moved by the rules that read them."""
    said = {
        "considered": "persons with a counted month of the period",
        "attributed": "persons that are attributed to somebody",
        "member_months": "their counted months",
        "unattributed": "persons that are attributed to nobody",
        "decided_by_id": "attributed persons for whom equals were told apart by their ids alone",
        "unmeasured": "counted services without an amount, which count for nothing",
    }
    said |= {_of_step(step.name): f"persons attributed by {step.name}" for step in terms.steps}
    said |= {reason: f"persons attributed to nobody: one {why}" for reason, why in REASONS.items()}
    return {name: Output(type=_COUNT, meaning=meaning) for name, meaning in said.items()}


def _of_step(name: str) -> str:
    return f"attributed_by_{name}"


def experience(_: Terms) -> Mapping[str, Query]:
    """Ask the derived tables for what is counted."""
    return {
        "members": Query(
            select="SELECT m.step, m.decided_by = 'id' AS by_id, count(*) AS persons,"
            " sum(m.months) AS months FROM member AS m"
            " JOIN period AS p ON m.period_start = p.first_day GROUP BY ALL",
            columns={
                "step": _CODE,
                "by_id": Type.of(Kind.BOOLEAN),
                "persons": _STORED,
                "months": _STORED,
            },
            rows={
                "member": Rows(
                    table="member", columns=("step", "decided_by", "months", "period_start")
                )
            },
        ),
        "unattributed": Query(
            select="SELECT u.reason, count(*) AS persons FROM unattributed AS u"
            " JOIN period AS p ON u.period_start = p.first_day GROUP BY u.reason",
            columns={"reason": _CODE, "persons": _STORED},
            rows={"unattributed": Rows(table="unattributed", columns=("reason", "period_start"))},
        ),
        "unmeasured": Query(
            select="SELECT coalesce(sum(c.unmeasured), 0) AS services FROM candidate AS c"
            " JOIN period AS p ON c.period_start = p.first_day",
            columns={"services": _STORED},
            rows={"candidate": Rows(table="candidate", columns=("unmeasured", "period_start"))},
        ),
    }


def settle(terms: Terms, occasion: Occasion) -> Settlement:
    """Count; nothing moves."""
    if occasion.key:
        msg = f"{occasion.rule} attributes for the contract; take for_each away from it"
        raise SettlementError(msg)
    sheet = occasion.worksheet
    table = f"{occasion.rule}_member"
    found = occasion.experience
    names: list[str] = []
    for step in terms.steps:
        rows = [row for row in found["members"] if row["step"] == step.name]
        names.append(_of_step(step.name))
        _take(
            occasion,
            names[-1],
            f"count({table}) FILTER (WHERE step = '{step.name}')",
            sum(row["persons"] for row in rows),
        )
    sheet.let("attributed", " + ".join(names))
    reasons = {row["reason"]: row["persons"] for row in found["unattributed"]}
    for reason, why in REASONS.items():
        formula = f"count({occasion.rule}_unattributed) FILTER (WHERE reason = '{reason}')"
        _take(occasion, reason, formula, reasons.get(reason, 0), note=f"such a person {why}")
    sheet.let("unattributed", " + ".join(REASONS))
    sheet.let("considered", "attributed + unattributed")
    months = sum(row["months"] for row in found["members"])
    _take(occasion, "member_months", f"sum({table}.months)", months)
    _take(
        occasion,
        "decided_by_id",
        f"count({table}) FILTER (WHERE decided_by = 'id')",
        sum(row["persons"] for row in found["members"] if row["by_id"]),
    )
    (unmeasured,) = found["unmeasured"]
    formula = f"sum({occasion.rule}_candidate.unmeasured)"
    _take(occasion, "unmeasured", formula, unmeasured["services"])
    return Settlement(outputs={name: sheet[name] for name in outputs(terms)}, explained=sheet.steps)


def _take(occasion: Occasion, name: str, formula: str, count: int, note: str = "") -> None:
    occasion.worksheet.take(name, Fraction(count), formula=formula, unit="count", note=note)
