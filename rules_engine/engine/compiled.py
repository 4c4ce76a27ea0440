"""Compiled rulesets: one JSON file with the merged document and its tables, without code."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

from rules_engine.language import declare, read
from rules_engine.language.bind import bind
from rules_engine.language.bound import BoundRuleset
from rules_engine.language.printing import printable
from rules_engine.methodology import Host
from rules_engine.tables.lookup import LookupTable

__all__ = ["CompiledError", "digest_of", "read_compiled", "write_compiled"]

_FORMAT: Final = "rules-engine compiled ruleset 1"


class CompiledError(ValueError):
    """A file is no compiled ruleset, is of another format, or was changed."""


def digest_of(ruleset: BoundRuleset) -> str:
    """Digest what a ruleset says and the tables it reads; equal digests price and settle alike."""
    return _digest(_content(ruleset))


def _content(ruleset: BoundRuleset) -> dict[str, Any]:
    return {
        "document": printable(ruleset.declaration.document, origins=False),
        "tables": {name: table.as_json() for name, table in sorted(ruleset.tables.items())},
    }


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_compiled(ruleset: BoundRuleset, path: str | os.PathLike[str]) -> None:
    """Write a checked ruleset as one file.

    Raises:
        OSError: The file cannot be written.
    """
    content = _content(ruleset)
    whole = {"format": _FORMAT, "sha256": _digest(content), **content}
    Path(path).write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_compiled(path: str | os.PathLike[str], host: Host) -> BoundRuleset:
    """Open a compiled ruleset without reading schemas, tables or other files.

    Raises:
        CompiledError: The file is no compiled ruleset, or was changed.
        RulesetError: A methodology that it names is not installed here.
        OSError: The file cannot be read.
    """
    text = Path(path).read_bytes()
    try:
        whole = json.loads(text.decode())
        content = {"document": whole["document"], "tables": whole["tables"]}
        found, said = whole["format"], whole["sha256"]
    except (ValueError, TypeError, KeyError, RecursionError):
        msg = (
            f"{os.fspath(path)} is no compiled ruleset; "
            "write one with `rules-engine compile` or Ruleset.save"
        )
        raise CompiledError(msg) from None
    if found != _FORMAT:
        msg = (
            f"{os.fspath(path)} has format {found!r}; "
            f"this engine reads {_FORMAT!r}: compile the ruleset again"
        )
        raise CompiledError(msg)
    if said != _digest(content):
        msg = f"{os.fspath(path)} was changed after it was compiled; compile the ruleset again"
        raise CompiledError(msg)
    tables = {name: LookupTable.from_json(table) for name, table in content["tables"].items()}
    document = read(content["document"], f"{os.fspath(path)}#document")
    return bind(declare(document), host, tables, schemas=False)
