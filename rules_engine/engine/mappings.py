"""The mappings of a run: those that were given, that the ruleset names, or that lie beside it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rules_engine.diagnostics import RulesetError, has_errors
from rules_engine.engine.contract import Contract
from rules_engine.language import load_schema, read_file, validate
from rules_engine.tables.mapping import TableMapping, read_mapping

__all__ = ["read_mappings"]


def read_mappings(
    ruleset: Contract, given: Sequence[str | os.PathLike[str]] | None
) -> list[TableMapping]:
    """Read the mappings that were given, that the ruleset names, or that lie beside it.

    Raises:
        RulesetError: A mapping is wrong.
    """
    files = [Path(path) for path in given] if given is not None else list(_mapping_files(ruleset))
    schema = load_schema("mapping")
    found, findings = [], []
    for path in files:
        document = read_file(path)
        wrong = validate(document, schema)
        findings += wrong
        if not has_errors(wrong):
            found.append(read_mapping(document))
    if has_errors(findings):
        raise RulesetError(findings)
    return found


def _mapping_files(ruleset: Contract) -> Iterator[Path]:
    folder = ruleset.path.parent
    for name in ruleset.bound.declaration.mappings:
        place = folder / name
        if place.is_dir():
            yield from sorted(place.glob("*.yaml"))
        elif place.suffix in {".yaml", ".yml"}:
            yield place
