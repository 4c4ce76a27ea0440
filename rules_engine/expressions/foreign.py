"""Signs of programs and word processors that no expression has, and what is written for them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["FOREIGN"]

_QUOTES: Final = (
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{PRIME}"
    "\N{SINGLE LOW-9 QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}"
    "\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}\N{DOUBLE PRIME}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
)
_DASHES: Final = "\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{NON-BREAKING HYPHEN}"
_SPACES: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"

FOREIGN: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(_QUOTES, "a text stands in straight quotes: '…'"),
        **dict.fromkeys(_DASHES, "write -"),
        **dict.fromkeys(_SPACES, "write a plain space"),
        "\N{GREATER-THAN OR EQUAL TO}": "write >=",
        "\N{LESS-THAN OR EQUAL TO}": "write <=",
        "\N{NOT EQUAL TO}": "write <>",
        "\N{MULTIPLICATION SIGN}": "write *",
        "\N{MIDDLE DOT}": "write *",
        "\N{DIVISION SIGN}": "write /",
        "==": "write =",
        "=<": "write <=",
        "=>": "write >=",
        "&&": "write AND",
        "**": "write x * x; powers stand inside ROUND(POWER(x, y), n)",
        "//": "write round_down(a / b, 0)",
        "::": "a column has its type already; leave out :: and what follows",
    }
)
"""Sign → the way out."""
