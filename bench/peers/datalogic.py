"""datalogic-py: JSONLogic on 64-bit floats and integers; it has `floor` and no `round`."""

from typing import Any

from datalogic_py import Engine

from bench.peers.way import Fees, Way, cents, dollars, in_cents, in_floats

__all__ = ["ways"]


def ways(fees: Fees) -> dict[str, Way]:
    """Compile the rules in dollars, and in whole cents with every factor as a percentage."""
    engine = Engine(templating=True)
    session = engine.session()
    in_dollars = engine.compile(_with_allowed(_dollars(), _dollar_cent))
    whole = engine.compile(_with_allowed(_cents(), _rounded))
    floats = {code: float(amount) for code, amount in fees.items()}
    integers = {code: int(amount * 100) for code, amount in fees.items()}

    def by_floats(line: dict[str, Any]) -> Any:
        return session.evaluate(in_dollars, {**line, "fee": floats[line["hcpcs_code"]]})[0]

    def by_cents(line: dict[str, Any]) -> Any:
        return session.evaluate(whole, {**line, "fee": integers[line["hcpcs_code"]]})[0]

    return {
        "in dollars": Way(in_floats, by_floats, dollars),
        "in cents by hand": Way(in_cents, by_cents, cents),
    }


def _var(name: str) -> dict[str, Any]:
    return {"var": name}


def _factor(column: str, value: str, factor: float, otherwise: int) -> dict[str, Any]:
    return {"if": [{"==": [_var(column), value]}, factor, otherwise]}


def _dollars() -> dict[str, Any]:
    fee = {
        "*": [
            _var("fee"),
            _var("service_unit_quantity"),
            _factor("hcpcs_modifier_1", "52", 0.85, 1),
            _factor("network_tier", "A", 1.10, 1),
            _factor("place_of_service_code", "21", 0.80, 1),
        ]
    }
    return {"min": [_var("charge"), _dollar_cent(fee, 1)]}


def _dollar_cent(amount: dict[str, Any], rate: float = 0.05) -> dict[str, Any]:
    return {"/": [{"floor": [{"+": [{"*": [amount, rate, 100]}, 0.5]}]}, 100]}


def _cents() -> dict[str, Any]:
    fee = {
        "*": [
            _var("fee"),
            _var("service_unit_quantity"),
            _factor("hcpcs_modifier_1", "52", 85, 100),
            _factor("network_tier", "A", 110, 100),
            _factor("place_of_service_code", "21", 80, 100),
        ]
    }
    return {"min": [_var("charge"), {"floor": [{"/": [{"+": [fee, 500_000]}, 1_000_000]}]}]}


def _rounded(amount: dict[str, Any]) -> dict[str, Any]:
    return {"floor": [{"/": [{"+": [{"*": [amount, 5]}, 50]}, 100]}]}


def _with_allowed(allowed: dict[str, Any], withheld: Any) -> dict[str, Any]:
    """Name the allowed amount by the one binding that JSONLogic has: the item of a `map`."""
    it = _var("")
    return {"map": [[allowed], [it, withheld(it), {"-": [it, withheld(it)]}]]}
