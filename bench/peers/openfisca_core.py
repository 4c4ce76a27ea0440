"""openfisca-core: formulas over vectors of 32-bit floats, one simulation for many rows."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from bench.peers.way import Answer, Fees, Line, Way, dollars

__all__ = ["ways"]

_PERIOD: Final = "2025-01"
_TEXTS: Final = ("hcpcs_code", "hcpcs_modifier_1", "network_tier", "place_of_service_code")
_OUTPUTS: Final = ("allowed", "withheld", "paid")
_LINE: Final = build_entity(key="line", plural="lines", label="A claim line", is_person=True)


def ways(fees: Fees) -> dict[str, Way]:
    """Build the system once; a simulation is built for one line, or for all of them."""
    system = TaxBenefitSystem([_LINE])
    system.add_variables(*_inputs(), *_formulas())
    system.parameters = ParameterNode(
        data={
            "fees": {
                code: {"values": {"2025-01-01": float(amount)}} for code, amount in fees.items()
            }
        }
    )

    def price(columns: dict[str, Any]) -> list[Any]:
        count = len(columns["charge_amount"])
        simulation = SimulationBuilder().build_default_simulation(system, count=count)
        for name, values in columns.items():
            simulation.set_input(name, _PERIOD, values)
        return [simulation.calculate(name, _PERIOD) for name in _OUTPUTS]

    return {
        "a simulation of one line": Way(lambda line: _take([line]), price, _read_one),
        "a simulation of all lines": Way(_take, price, _read, is_of_rows=True),
    }


def _take(lines: Sequence[Line]) -> dict[str, Any]:
    texts = {name: np.array([line[name] or "" for line in lines]) for name in _TEXTS}
    units = np.array([line["service_unit_quantity"] for line in lines])
    charges = np.array([float(line["charge_amount"]) for line in lines], dtype=np.float32)
    return texts | {"service_unit_quantity": units, "charge_amount": charges}


def _read(results: list[Any]) -> list[Answer]:
    return [dollars(amounts) for amounts in zip(*results, strict=True)]


def _read_one(results: list[Any]) -> Answer:
    return _read(results)[0]


def _variable(name: str, value_type: type, formula: Any = None) -> type:
    members = {"value_type": value_type, "entity": _LINE, "definition_period": DateUnit.MONTH}
    if formula is not None:
        members["formula"] = formula
    return type(name, (Variable,), members)


def _inputs() -> list[type]:
    types = dict.fromkeys(_TEXTS, str)
    types |= {"service_unit_quantity": int, "charge_amount": float}
    return [_variable(name, value_type) for name, value_type in types.items()]


def _formulas() -> list[type]:
    def allowed(line: Any, period: Any, parameters: Any) -> Any:
        fee = (
            parameters(period).fees[line("hcpcs_code", period)]
            * line("service_unit_quantity", period)
            * np.where(line("hcpcs_modifier_1", period) == "52", 0.85, 1)
            * np.where(line("network_tier", period) == "A", 1.10, 1)
            * np.where(line("place_of_service_code", period) == "21", 0.80, 1)
        )
        return np.minimum(line("charge_amount", period), _cent(fee))

    def withheld(line: Any, period: Any) -> Any:
        return _cent(line("allowed", period) * 0.05)

    def paid(line: Any, period: Any) -> Any:
        return line("allowed", period) - line("withheld", period)

    return [
        _variable(name, float, formula)
        for name, formula in (("allowed", allowed), ("withheld", withheld), ("paid", paid))
    ]


def _cent(amounts: Any) -> Any:
    return np.floor(amounts * 100 + 0.5) / 100
