"""The environment of the peers: made beside the repository, one requirement at a time."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

__all__ = ["FOLDER", "Environment", "NotThereError", "prepare", "requirements"]

_ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = _ROOT / ".venv-bench"
_REQUIREMENTS: Final = Path(__file__).parent / "requirements.txt"
_MINUTES: Final = 5


class NotThereError(Exception):
    """A peer could not be asked, with the reason as its text."""


@frozen
class Environment:
    """Where the peers run.

    Attributes:
        python: Its interpreter.
        missing: Why a distribution is not there, by its name.
    """

    python: Path
    missing: Mapping[str, str]

    def ask(self, name: str, module: str, *arguments: str, seconds: float) -> Any:
        """Run a module of the bench there, and read the JSON that it prints.

        Args:
            name: The distribution that it needs.
            module: The module.
            arguments: What it is told.
            seconds: How long it may take.

        Raises:
            NotThereError: The distribution is not there, or the module failed.
        """
        if name in self.missing:
            raise NotThereError(self.missing[name])
        try:
            done = subprocess.run(  # noqa: S603  files of ours
                [str(self.python), "-m", module, *arguments],
                cwd=_ROOT, capture_output=True, text=True, timeout=seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            message = f"took more than {seconds:.0f} s"
            raise NotThereError(message) from None
        if done.returncode:
            raise NotThereError(last_line(done.stderr))
        return json.loads(done.stdout)


def prepare() -> Environment:
    """Make the environment where it is not there, and install what it lacks.

    A requirement that does not install does not stop the others: the table says why.
    """
    python = FOLDER / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)  # noqa: S603  ours
    missing = {}
    for requirement in requirements(_REQUIREMENTS.read_text(encoding="utf-8")):
        why = _install(python, requirement)
        if why:
            missing[requirement] = why
    return Environment(python, missing)


def requirements(text: str) -> list[str]:
    """Read the requirements, without comments."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _install(python: Path, requirement: str) -> str:
    """Install one requirement; give the reason where it fails."""
    stamp = FOLDER / f".installed-{requirement}"
    if stamp.exists():
        return ""
    print(f"Installing {requirement} into {FOLDER.name} ...", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(  # noqa: S603  names of ours
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             requirement],
            capture_output=True, text=True, timeout=_MINUTES * 60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"did not install within {_MINUTES} minutes"
    if done.returncode:
        return f"does not install: {last_line(done.stderr)}"
    stamp.touch()
    return ""


def last_line(text: str) -> str:
    """Give the last line that says anything."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
