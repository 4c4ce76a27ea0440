"""Rulesets that many examples share, each checked once."""

import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rules_engine import Engine, Ruleset
from rules_engine.testing.contracts import Contract, yaml_of


def loaded(engine: Engine, document: Mapping[str, Any]) -> Ruleset:
    """Load a contract without files; the same one again is the same ruleset."""
    return _loaded(engine, yaml_of(document))


def loaded_contract(engine: Engine, contract: Contract) -> Ruleset:
    """Load a contract with its files; the same one again is the same ruleset."""
    return _loaded(engine, yaml_of(contract.document), tuple(sorted(contract.files.items())))


@lru_cache(maxsize=256)
def _loaded(engine: Engine, text: str, files: tuple[tuple[str, str], ...] = ()) -> Ruleset:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (*files, ("ruleset.yaml", text + "\n")):
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return engine.load(folder)
