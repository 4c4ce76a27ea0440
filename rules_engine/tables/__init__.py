"""Tables: the standard tables, mappings to them, and the engine that holds them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rules_engine.tables.check import DataCheck, TableCheck, check_data
    from rules_engine.tables.codes import CODES
    from rules_engine.tables.dataset import Dataset, Input
    from rules_engine.tables.files import TableDeclaration, load_table
    from rules_engine.tables.lookup import LookupTable, Value
    from rules_engine.tables.mapping import MappingDocument, TableMapping, read_mapping
    from rules_engine.tables.rejects import Reject, TableError, write_rejects
    from rules_engine.tables.shape import shapes
    from rules_engine.tables.standard import STANDARD, StandardTable

__all__ = [
    "CODES",
    "STANDARD",
    "DataCheck",
    "Dataset",
    "Input",
    "LookupTable",
    "MappingDocument",
    "Reject",
    "StandardTable",
    "TableCheck",
    "TableDeclaration",
    "TableError",
    "TableMapping",
    "Value",
    "check_data",
    "load_table",
    "read_mapping",
    "shapes",
    "write_rejects",
]

# What reads files and holds them is loaded when somebody asks for it: a compiled ruleset is opened,
# and prices, without.
_HOMES: Final = {
    name: f"rules_engine.tables.{home}"
    for home, names in {
        "check": "DataCheck TableCheck check_data",
        "codes": "CODES",
        "dataset": "Dataset Input",
        "files": "TableDeclaration load_table",
        "lookup": "LookupTable Value",
        "mapping": "MappingDocument TableMapping read_mapping",
        "rejects": "Reject TableError write_rejects",
        "shape": "shapes",
        "standard": "STANDARD StandardTable",
    }.items()
    for name in names.split()
}

if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any misspelt name for one of these.

    def __getattr__(name: str) -> Any:
        """Load a name at its first use."""
        if name not in _HOMES:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
