"""Language: YAML becomes a checked ruleset, or diagnostics with their places."""

from rules_engine.language.document import Document, Path
from rules_engine.language.reader import read, read_bytes, read_file
from rules_engine.language.schema import (
    expression_schema,
    load_schema,
    parse_schema,
    terms_findings,
    validate,
)

__all__ = [
    "Document",
    "Path",
    "expression_schema",
    "load_schema",
    "parse_schema",
    "read",
    "read_bytes",
    "read_file",
    "terms_findings",
    "validate",
]
