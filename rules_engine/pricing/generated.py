"""Generated Python as functions: the text is our own, names and constants are bound to it."""

import linecache
from collections.abc import Mapping
from typing import Any

__all__ = ["compiled"]


def compiled(source: str, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a generated text defines.

    Args:
        source: The text.
        bound: What its global names stand for.
    """
    space = dict(bound)
    # The name lets a debugger show the generated lines.
    name = f"<pricing {id(space)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)  # noqa: S102  our own text: names and constants are bound, never pasted
    return space
