"""Why a settlement is what it is, and its steps as JSON can hold them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from rules_engine.expressions.types import NUMERIC
from rules_engine.ledger import Money
from rules_engine.methodology import Explained
from rules_engine.methodology.explanation import Explanation, number_text, tree_of

__all__ = [
    "explained_settlement",
    "json_value",
    "step_from_json",
    "step_json",
]

# What a worksheet calls the whole, and each party's part of it: what it gets in the end, if that is
# not its share.
_WHOLE: Final = ("result", "total")
_PARTS: Final = ("net_", "share_")
_EXACT: Final = "_exact"


def step_json(step: Explained) -> dict[str, Any]:
    """Give a step as a JSON object; numbers are text, so that no reader rounds them."""
    return {
        "name": step.name,
        "kind": step.kind,
        "formula": step.formula,
        "value": json_value(step.value),
        "unit": step.unit,
        "inputs": {name: json_value(value) for name, value in step.inputs.items()},
        "units": dict(step.units),
        "place": step.place,
        "note": step.note,
    }


def step_from_json(value: Mapping[str, Any]) -> Explained:
    """Read what `step_json` wrote."""
    units = value["units"]
    return Explained(
        name=value["name"],
        kind=value["kind"],
        formula=value["formula"],
        value=_read(value["value"], value["unit"]),
        unit=value["unit"],
        inputs={name: _read(found, units.get(name, "")) for name, found in value["inputs"].items()},
        units=units,
        place=value["place"],
        note=value["note"],
    )


def _read(value: Any, unit: str) -> Any:
    return Fraction(value) if isinstance(value, str) and unit in NUMERIC else value


def json_value(value: Any) -> Any:
    """Give an exact value as JSON can hold it: numbers as text, a fraction as `n/d`."""
    if type(value) in {str, bool, type(None)}:
        return value
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, Money):
        return f"{value.as_decimal():f}"
    if isinstance(value, Fraction | Decimal):
        return number_text(value).replace(",", "")
    return value if value is None or isinstance(value, bool | str) else number_text(value)


def explained_settlement(
    steps: Sequence[Explained], rule: str, label: str, source: str, party: str | None
) -> Explanation:
    """Say how a settlement's result, or a party's share of it, came about.

    Args:
        steps: The settlement's worksheet.
        rule: The rule that settled.
        label: Label of the period.
        source: Where the contract says it.
        party: The party, or None for the result.

    Raises:
        KeyError: The party has no share; the message names those that have one.
    """
    names = dict.fromkeys(step.name for step in steps)
    if party is None:
        name = next((whole for whole in _WHOLE if whole in names), next(reversed(names), ""))
    else:
        name = next((part + party for part in _PARTS if part + party in names), "")
    if name not in names:
        shares = dict.fromkeys(
            n.removeprefix(part)
            for part in reversed(_PARTS)
            for n in names
            if n.startswith(part) and not n.endswith(_EXACT)
        )
        known = ", ".join(shares) or "nobody"
        msg = f"{party} has no share in {rule} of {label}; {known} may stand there"
        raise KeyError(msg)
    return tree_of(steps, name, f"{rule} {label}: {source}")
