"""Tables: the standard tables, mappings to them, and the engine that holds them."""

from rules_engine.tables.check import DataCheck, TableCheck, check_data
from rules_engine.tables.codes import CODES
from rules_engine.tables.dataset import Dataset, Input
from rules_engine.tables.files import TableDeclaration, load_table
from rules_engine.tables.lookup import LookupTable, Value
from rules_engine.tables.mapping import MappingDocument, TableMapping, read_mapping
from rules_engine.tables.rejects import Reject, TableError, write_rejects
from rules_engine.tables.shape import shapes
from rules_engine.tables.standard import STANDARD, StandardTable
from rules_engine.tables.storage import storage

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
    "storage",
    "write_rejects",
]
