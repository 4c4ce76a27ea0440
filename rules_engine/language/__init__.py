"""Language: YAML becomes a checked ruleset, or diagnostics with their places."""

from rules_engine.language.document import Document
from rules_engine.language.reader import read, read_bytes, read_file

__all__ = ["Document", "read", "read_bytes", "read_file"]
