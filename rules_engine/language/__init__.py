"""Language: YAML becomes a checked ruleset, or diagnostics with their places."""

from rules_engine.language.declare import declare
from rules_engine.language.document import Document, Path
from rules_engine.language.extends import read_extended
from rules_engine.language.printing import printable
from rules_engine.language.reader import read, read_bytes, read_file
from rules_engine.language.ruleset import (
    DateRange,
    Declaration,
    DeclaredTable,
    Entity,
    Parameter,
    Party,
    Period,
    Rounding,
    Rule,
)
from rules_engine.language.schema import (
    expression_schema,
    load_schema,
    parse_schema,
    terms_findings,
    validate,
)

__all__ = [
    "DateRange",
    "Declaration",
    "DeclaredTable",
    "Document",
    "Entity",
    "Parameter",
    "Party",
    "Path",
    "Period",
    "Rounding",
    "Rule",
    "declare",
    "expression_schema",
    "load_schema",
    "parse_schema",
    "printable",
    "read",
    "read_bytes",
    "read_extended",
    "read_file",
    "terms_findings",
    "validate",
]
