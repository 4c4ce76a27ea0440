"""How large an expression may get: its numbers, its tree and what is written for it."""

from typing import Final

from rules_engine.expressions import tree

__all__ = [
    "BRANCHES",
    "DEEPEST",
    "LARGEST",
    "LONGEST_SQL",
    "WIDEST",
    "TooLargeError",
    "levels",
]

WIDEST: Final = 38
"""Decimal digits of the widest number that every engine computes exactly."""

LARGEST: Final = 10_000
"""How many parts a formula may have, counting what its names stand for."""

DEEPEST: Final = 80
"""How many levels its tree may have, with those of its names; a CASE counts twice."""

BRANCHES: Final = 100
"""How many branches a CASE may have, and how many refusals may wait for each other."""

LONGEST_SQL: Final = 200_000
"""Characters of SQL that one formula may become."""


class TooLargeError(Exception):
    """An expression becomes more SQL than an engine reads in reasonable time."""


def levels(node: tree.Expression) -> int:
    """Count the levels of a tree; a CASE counts twice, as it does in generated Python."""
    known: dict[int, int] = {}

    def count(part: tree.Expression) -> int:
        parts = tree.children(part)
        if not parts:
            return 1
        if id(part) not in known:
            own = 2 if isinstance(part, tree.Case) else 1
            known[id(part)] = own + max(map(count, parts))
        return known[id(part)]

    return count(node)
