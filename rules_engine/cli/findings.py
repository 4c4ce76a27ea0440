"""Findings: diagnostics as text with the line they are about, or as JSON."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from rules_engine.cli.output import counted
from rules_engine.diagnostics import Diagnostic, Location, excerpt

_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_WORD: Final = re.compile(r"[\w.'-]+")
_BYTES_MAX: Final = 16 * 1024 * 1024
_BEFORE, _AFTER = 60, 100
_COLOUR: Final = {"error": "red", "warning": "yellow"}


def count(diagnostics: Iterable[Diagnostic], severity: str) -> int:
    """Count the findings of a severity, `error` or `warning`."""
    return sum(found.severity == severity for found in diagnostics)


def as_json(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Give findings as the JSON object that `diagnostics.schema.json` describes."""
    return {
        "diagnostics": [found.as_json() for found in diagnostics],
        "errors": count(diagnostics, "error"),
        "warnings": count(diagnostics, "warning"),
    }


def summary(diagnostics: Sequence[Diagnostic], file: str) -> str:
    """Write `2 errors, 1 warning in contract.yaml`."""
    errors, warnings = count(diagnostics, "error"), count(diagnostics, "warning")
    said = [counted(errors, "error")] if errors else ["no errors"]
    said.append(counted(warnings, "warning") if warnings else "no warnings")
    return f"{', '.join(said)} in {file}"


class Excerpts:
    """Lines of files, each file read once, when a finding asks for it."""

    def __init__(self) -> None:
        """Begin with no file read."""
        self._lines: dict[str, list[str]] = {}

    def at(self, place: Location) -> str:
        """Give the line of a place and a caret under it, or nothing where the line is not there."""
        lines = self._of(place.file)
        if not 1 <= place.line <= len(lines):
            return ""
        line = lines[place.line - 1]
        if not 1 <= place.column <= len(line) + 1 or not line.strip():
            return ""
        word = _WORD.match(line, place.column - 1)
        length = len(word.group()) if word else 1
        # A window, because a line may be as long as a file.
        start = max(0, place.column - 1 - _BEFORE) if len(line) > _BEFORE + _AFTER else 0
        window = line[start : start + _BEFORE + _AFTER]
        shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in window)
        number = f"{place.line:>5} | "
        text, carets = excerpt(shown, place.column - start, length).split("\n")
        return f"{number}{text}\n{' ' * (len(number) - 2)}| {carets}"

    def _of(self, file: str) -> list[str]:
        if file not in self._lines:
            try:
                path = Path(file)
                data = path.read_bytes() if path.stat().st_size <= _BYTES_MAX else b""
            except (OSError, ValueError):
                # The finding itself says what is wrong with the file.
                data = b""
            text = data.decode("utf-8-sig", errors="replace")
            self._lines[file] = _LINE_BREAK.split(text)
        return self._lines[file]


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Write findings: place, code and message, the line they are about, help, related places."""
    excerpts = Excerpts()
    return "\n".join(_one(found, excerpts) for found in diagnostics)


def _one(found: Diagnostic, excerpts: Excerpts) -> str:
    head = click.style(f"{found.severity}[{found.code}]", fg=_COLOUR.get(found.severity), bold=True)
    lines = [f"{found.location}: {head} {found.message}"]
    if shown := excerpts.at(found.location):
        lines.append(shown)
    if found.help is not None:
        lines.append(f"  help: {found.help}")
    lines.extend(f"  {place}: {text}" for place, text in found.related)
    return "\n".join(lines)
