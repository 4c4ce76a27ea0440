"""Places that may reject a row, numbered alike for every compilation of one ruleset."""

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

__all__ = ["Site", "Sites"]


@frozen
class Site:
    """Why a row may be rejected.

    Attributes:
        code: Stable diagnostic code.
        message: What is missing, without any value of the row.
        rule: The rule that asks, or an empty text.
        place: Where its formula stands, `file:line:column`, or an empty text.
    """

    code: str
    message: str
    rule: str = ""
    place: str = ""


class Sites:
    """Numbers sites in the order in which they are first named.

    Attributes:
        rule: The rule whose formulas are read at present.
    """

    def __init__(self, places: Mapping[str, str] | None = None) -> None:
        """Begin without any; `places` tells where the formula of each rule stands."""
        self._places: Final = places or {}
        self._numbers: Final[dict[Site, int]] = {}
        self._sites: Final[list[Site]] = []
        self.rule: str = ""

    def number(self, code: str, message: str) -> int:
        """Give the number of a site of the present rule, from 0."""
        site = Site(code, message, self.rule, self._places.get(self.rule, ""))
        number = self._numbers.get(site)
        if number is None:
            number = self._numbers[site] = len(self._sites)
            self._sites.append(site)
        return number

    def __iter__(self) -> Iterator[Site]:
        """Give the sites by their numbers."""
        return iter(self._sites)

    def __len__(self) -> int:
        """Count the sites."""
        return len(self._sites)

    def __getitem__(self, number: int) -> Site:
        """Give the site of a number."""
        return self._sites[number]
