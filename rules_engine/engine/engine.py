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
        """Read and check a ruleset: a file, or a folder with a `ruleset.yaml`.

        Raises:
            RulesetError: With everything that is wrong with it.
        """
        file = _file(path)
        return Ruleset(read_ruleset(file, self.host), Path(file))

    def validate(self, path: str | os.PathLike[str]) -> list[Diagnostic]:
        """Give everything that is wrong with a ruleset, and its warnings, by place."""
        return diagnose(_file(path), self.host)

    def open(self, path: str | os.PathLike[str]) -> Ruleset:
        """Open a compiled ruleset: checked before, and without code inside.

        A folder stands for the `ruleset.yaml` in it, which is loaded.

        Raises:
            CompiledError: The file is no compiled ruleset, or was changed.
            RulesetError: A methodology that it names is not installed here.
        """
        if _file(path) != path:
            return self.load(path)
        return Ruleset(read_compiled(path, self.host), Path(path))


def _file(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Give the file of a ruleset; a folder stands for the `ruleset.yaml` in it."""
    is_folder = os.path.isdir(path)  # noqa: PTH112  pathlib raises for a name that no file can have
    return Path(path, "ruleset.yaml") if is_folder else path
