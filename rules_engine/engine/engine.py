"""The engine: installed methodologies, and the rulesets that name them."""

import os
from collections.abc import Iterable
from pathlib import Path

from rules_engine.diagnostics import Diagnostic
from rules_engine.engine.compiled import read_compiled
from rules_engine.engine.ruleset import Ruleset
from rules_engine.engine.sources import diagnose, read_ruleset
from rules_engine.methodology import Host

__all__ = ["Engine"]


class Engine:
    """Opens rulesets; holds no state but the methodologies that it found.

    Several engines may live in one process, each with other plugins. An engine and its rulesets
    may be shared between threads.

    Attributes:
        host: The methodologies, and what is wrong with those that cannot be used.
    """

    def __init__(self, block: Iterable[str] = (), *, host: Host | None = None) -> None:
        """Find the installed plugins.

        Args:
            block: Entry-point names to leave out.
            host: Methodologies to use instead of the installed ones.
        """
        self.host = host if host is not None else Host.discover(block)

    def load(self, path: str | os.PathLike[str]) -> Ruleset:
        """Read and check a ruleset.

        Raises:
            RulesetError: With everything that is wrong with it.
        """
        return Ruleset(read_ruleset(path, self.host), Path(path))

    def validate(self, path: str | os.PathLike[str]) -> list[Diagnostic]:
        """Give everything that is wrong with a ruleset, and its warnings, by place."""
        return diagnose(path, self.host)

    def open(self, path: str | os.PathLike[str]) -> Ruleset:
        """Open a compiled ruleset: checked before, and without code inside.

        Raises:
            CompiledError: The file is no compiled ruleset, or was changed.
            RulesetError: A methodology that it names is not installed here.
        """
        return Ruleset(read_compiled(path, self.host), Path(path))
