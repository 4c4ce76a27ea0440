"""Diagnostics: values that say what was found where, and the error that carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]


@frozen(order=True)
class Location:
    """A place in a text.

    Attributes:
        file: The file as the caller named it.
        line: Line number, from 1.
        column: Column in characters, from 1.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Give `file:line:column`, which editors and terminals make clickable."""
        return f"{self.file}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, Any]:
        """Give the place as a JSON object."""
        return {"file": self.file, "line": self.line, "column": self.column}


@frozen
class Diagnostic:
    """One finding.

    Attributes:
        location: Where the text is that the finding is about.
        code: Stable code, a key of `CODES` or a plugin's own with its own prefix.
        message: `name is FOUND; what may stand there`, on one line.
        help: The way out, or None.
        severity: An error stops the ruleset from being used; a warning does not.
        related: Other places that matter, each with a line of text: where two places disagree,
            both are shown.
    """

    location: Location
    code: str
    message: str
    help: str | None = field(default=None, kw_only=True)
    severity: Severity = field(default="error", kw_only=True)
    related: tuple[tuple[Location, str], ...] = field(default=(), kw_only=True)

    def __str__(self) -> str:
        """Give the finding as text: one line, then help and related places, indented."""
        lines = [f"{self.location}: {self.severity}[{self.code}] {self.message}"]
        if self.help is not None:
            lines.append(f"  help: {self.help}")
        lines.extend(f"  {place}: {text}" for place, text in self.related)
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give the finding as a JSON object; every key is always there."""
        return {
            **self.location.as_json(),
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "help": self.help,
            "related": [{**place.as_json(), "message": text} for place, text in self.related],
        }


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort findings by file, line, column and code."""
    return sorted(diagnostics, key=lambda found: (found.location, found.code, found.message))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Say whether one of the findings is an error."""
    return any(found.severity == "error" for found in diagnostics)


class RulesetError(Exception):
    """A ruleset, or a file that belongs to one, is wrong.

    Attributes:
        diagnostics: Every finding of the pass, in order of place; at least one.
    """

    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Carry the findings, in order.

        Raises:
            ValueError: There is no finding; then there is nothing to raise.
        """
        self.diagnostics = tuple(in_order(diagnostics))
        if not self.diagnostics:
            message = "diagnostics is empty; an error carries one finding at least"
            raise ValueError(message)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        """Give every finding, one after the other."""
        return "\n".join(str(found) for found in self.diagnostics)
