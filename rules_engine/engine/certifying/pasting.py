"""Pasting: a counterexample as a worked case, in YAML that stands under `cases:` as it is."""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from rules_engine.engine.certifying.outcomes import Outcome
from rules_engine.engine.certifying.sample import Claim, Row, written
from rules_engine.expressions.types import EXACT
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.running import Key

__all__ = ["case_of", "claim_text"]

_CODE: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]+")
_NOTHING: Final = Fraction(0)


def case_of(
    plan: Plan,
    claim: Claim,
    given: Mapping[str, tuple[Row, ...]],
    expected: Mapping[int, Outcome],
    *,
    name: str,
    note: str,
    opening: Mapping[Key, Fraction],
) -> str:
    """Write a case.

    Args:
        plan: What prices the claim.
        claim: The claim.
        given: The rows of tables of the data that it is priced with.
        expected: What has to come out, by line number.
        name: The name of the case.
        note: What stands in its note.
        opening: What has run up before the claim.
    """
    lines = [f"- case: {_text(name)}", f"  note: {_text(note)}", "  price:"]
    tables = {table: rows for table, rows in given.items() if rows}
    # A table that the ruleset reads has to be given, be it without rows.
    if given:
        lines.append("    tables:")
        for table, rows in given.items():
            lines.append(f"      {table}:" + ("" if table in tables else " []"))
            lines += [f"        - {_flow(row)}" for row in rows]
    if plan.accumulators:
        lines.append(f"    accumulators: {_flow(_nested(opening))}")
    lines += ["    claim:", f"      claim_id: {_text(claim.claim_id)}", "      lines:"]
    lines += [f"        - {_flow(row)}" for row in claim.lines]
    lines += ["  expect:", "    lines:"]
    lines += [
        f"      - {_flow({'claim_line_number': number, **_expected(plan, outcome)})}"
        for number, outcome in sorted(expected.items())
    ]
    return "\n".join(lines) + "\n"


def claim_text(claim: Claim) -> str:
    """Write a claim as YAML on one line."""
    lines = ", ".join(_flow(row) for row in claim.lines)
    return f"{{claim_id: {_text(claim.claim_id)}, lines: [{lines}]}}"


def _expected(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    values = outcome.values
    if outcome.is_rejected:
        return {"rejected": values["rejected"]}
    codes = {rule.id: f"{rule.step.group_code}-{rule.step.carc}" for rule in plan.later}
    taken: dict[str, Fraction] = {}
    for name, amount in values.items():
        code = (
            "CO-45"
            if name == "contractual adjustment"
            else codes.get(name.removeprefix("taken by "), "")
        )
        if code and isinstance(amount, Fraction) and amount:
            taken[code] = taken.get(code, _NOTHING) + amount
    shares = [name for name in ("member_share", "withheld") if values[name]]
    kept = {name: values[name] for name in ("rule", "allowed", *shares, "paid")}
    return {**kept, "adjustments": taken}


def _flow(row: Mapping[str, Any]) -> str:
    cells = [f"{_key(name)}: {_scalar(value)}" for name, value in row.items() if value is not None]
    return "{" + ", ".join(cells) + "}"


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping):
        return _flow(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction) and (value * 100).denominator == 1:
        return f"{Decimal(int(value * 100)).scaleb(-2, EXACT):f}"
    if isinstance(value, Decimal | Fraction | int | date):
        return str(written(value))
    msg = f"{value!r} stands in no case"
    raise TypeError(msg)


def _nested(sums: Mapping[Key, Fraction]) -> dict[str, dict[str, dict[str, Fraction]]]:
    found: dict[str, dict[str, dict[str, Fraction]]] = {}
    for (name, by, within), amount in sums.items():
        found.setdefault(name, {}).setdefault(by, {})[within] = amount
    return found


def _key(name: str) -> str:
    return name if name.isidentifier() or _CODE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    """Write a text in double quotes, which YAML reads as JSON does."""
    return json.dumps(value, ensure_ascii=False)
