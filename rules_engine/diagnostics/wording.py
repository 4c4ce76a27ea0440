"""Wording: the small phrases from which messages are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_CHARACTERS_MAX = 60


def suggest(found: str, choices: Iterable[str]) -> str | None:
    """Ask for the choice that is nearest to what was found.

    Returns:
        A question such as `did you mean benchmark?`, or None when nothing is near.
    """
    # Here, because most runs find nothing wrong and need not load it.
    import difflib  # noqa: PLC0415  (only a wrong text needs it)

    by_folded: dict[str, str] = {}
    for choice in choices:
        by_folded.setdefault(choice.casefold(), choice)
    near = difflib.get_close_matches(found.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[near[0]]}?" if near else None


def choices(names: Iterable[str]) -> str:
    """Join names as a sentence does: `a`, `a or b`, `a, b or c`."""
    listed = list(names)
    if len(listed) < 2:  # noqa: PLR2004  (one name needs no `or`)
        return "".join(listed)
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def with_article(noun: str) -> str:
    """Write the article that a noun takes: `a rule`, `an entity`."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def shown(text: str, limit: int = SHOWN_CHARACTERS_MAX) -> str:
    """Give a text in a form that fits on a line: escaped where unprintable, and cut at `limit`."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def excerpt(line: str, column: int, length: int = 1) -> str:
    """Give a line of a text and, under it, carets below the place that is meant.

    Args:
        line: The line, without its line break.
        column: Column of the first character that is meant, from 1.
        length: How many characters are meant; at least one caret is drawn.
    """
    plain = line.replace("\t", " ")
    carets = max(1, min(length, len(plain) - column + 1))
    return f"{plain}\n{' ' * (column - 1)}{'^' * carets}"
