"""What is found wrong in a ruleset, each at its place."""

from collections.abc import Iterable

from attrs import field, frozen

from rules_engine.diagnostics import Diagnostic
from rules_engine.language.document import Document, Path

__all__ = ["Findings"]


@frozen
class Findings:
    """A list of findings about one document, which grows.

    Attributes:
        document: Where places are.
        found: In the order in which they were found.
    """

    document: Document
    found: list[Diagnostic] = field(factory=list)

    def report(
        self, path: Path, code: str, message: str, help_: str | None = None, *, key: bool = False
    ) -> None:
        """Keep a finding, with the place of what stands at a path, or of its key."""
        location = self.document.locate(path, key=key)
        self.found.append(Diagnostic(location, code, message, help=help_))

    def add(self, others: Iterable[Diagnostic]) -> None:
        """Keep what a check has found."""
        self.found.extend(others)
