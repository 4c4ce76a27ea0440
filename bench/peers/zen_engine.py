"""zen-engine: numbers are floats at its door and decimals inside."""

import json
from typing import Any, Final

import zen

from bench.peers.way import Answer, Fees, Way, dollars, in_floats

__all__ = ["ways"]

_FEE: Final = """round(fee * service_unit_quantity
    * (hcpcs_modifier_1 == '52' ? 0.85 : 1)
    * (network_tier == 'A' ? 1.10 : 1)
    * (place_of_service_code == '21' ? 0.80 : 1), 2)"""
_RULES: Final = (
    f"fee = {_FEE}; allowed = min([charge, fee]); withheld = round(allowed * 0.05, 2); "
    "{allowed: allowed, withheld: withheld, paid: allowed - withheld}"
)
_STEPS: Final = (
    ("allowed", f"min([charge, {_FEE}])"),
    ("withheld", "round($.allowed * 0.05, 2)"),
    ("paid", "$.allowed - $.withheld"),
)


def ways(fees: Fees) -> dict[str, Way]:
    """Compile the three rules as one program, and as a decision graph."""
    program = zen.compile_expression(_RULES)
    decision = zen.ZenEngine().create_decision(json.dumps(_graph()))
    amounts = {code: float(amount) for code, amount in fees.items()}

    def by_program(line: dict[str, Any]) -> Any:
        return program.evaluate({**line, "fee": amounts[line["hcpcs_code"]]})

    def by_decision(line: dict[str, Any]) -> Any:
        return decision.evaluate({**line, "fee": amounts[line["hcpcs_code"]]})["result"]

    return {
        "compiled expression": Way(in_floats, by_program, _read),
        "decision graph": Way(in_floats, by_decision, _read),
    }


def _read(result: dict[str, float]) -> Answer:
    return dollars((result["allowed"], result["withheld"], result["paid"]))


def _graph() -> dict[str, Any]:
    steps = [{"id": key, "key": key, "value": value} for key, value in _STEPS]
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {
            "id": "rules",
            "name": "rules",
            "type": "expressionNode",
            "content": {"expressions": steps},
        },
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"{first}-{then}", "sourceId": first, "targetId": then, "type": "edge"}
        for first, then in (("in", "rules"), ("rules", "out"))
    ]
    return {"nodes": nodes, "edges": edges}
