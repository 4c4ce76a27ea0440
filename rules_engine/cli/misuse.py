"""Failures that are said in one line: misuse of files and options, and facts that stop the work."""

from pathlib import Path
from typing import IO, Any

import click


class StoppedError(click.ClickException):
    """The command began and cannot end: the facts do not allow it."""

    exit_code = 1

    def show(self, file: "IO[Any] | None" = None) -> None:
        """Print one line on stderr."""
        click.echo(f"rules-engine: {self.format_message()}", file=file, err=file is None)


class MisuseError(StoppedError):
    """The command cannot begin: a file is absent or unreadable, or options do not go together."""

    exit_code = 2


def shown_path(path: Path) -> str:
    """Write a path for people, relative where it lies below the working folder."""
    name = path
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        name = path.relative_to(Path.cwd())
    return click.format_filename(name)


def existing(path: Path, what: str) -> Path:
    """Give a file or folder that is there.

    Args:
        path: As the caller named it.
        what: What it is, for the message: `ruleset`, `data`.

    Raises:
        MisuseError: There is nothing of that name.
    """
    if not path.exists():
        message = f"{what} {click.format_filename(path)} does not exist"
        raise MisuseError(message)
    return path


def existing_file(path: Path, what: str) -> Path:
    """Give a file that is there; see `existing`.

    Raises:
        MisuseError: There is no such file, or it is a folder.
    """
    if existing(path, what).is_dir():
        message = f"{what} {click.format_filename(path)} is a folder; a file may stand here"
        raise MisuseError(message)
    return path


def ruleset_file(path: Path) -> Path:
    """Give the file of a ruleset; a folder stands for the `ruleset.yaml` in it.

    Raises:
        MisuseError: There is no such file.
    """
    if path.is_dir():
        inside = path / "ruleset.yaml"
        if not inside.is_file():
            message = f"ruleset {click.format_filename(path)} is a folder without a ruleset.yaml"
            raise MisuseError(message)
        return inside
    return existing_file(path, "ruleset")
