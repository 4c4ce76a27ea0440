"""Sources: a text that was read, and the line and column of each of its characters."""

from __future__ import annotations

import re
from bisect import bisect_right

from attrs import field, frozen

from rules_engine.diagnostics import Location

LINE_BREAK = re.compile(r"\r\n|\r|\n")


@frozen(eq=False)
class Source:
    """A text and the name of the file that it came from.

    Attributes:
        file: The file as the caller named it.
        text: The whole text, without a byte order mark.
    """

    file: str
    text: str
    _starts: list[int] = field(init=False, repr=False)

    @_starts.default
    def _find_starts(self) -> list[int]:
        return [0, *(found.end() for found in LINE_BREAK.finditer(self.text))]

    def location(self, index: int) -> Location:
        """Give the place of the character at an index of the text."""
        line = bisect_right(self._starts, index)
        return Location(self.file, line, index - self._starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Give a line of the text, counted from 1, without its line break."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        found = LINE_BREAK.search(self.text, start)
        return self.text[start : found.start() if found else len(self.text)]
