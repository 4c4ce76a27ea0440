"""The types of amounts that the derived tables hold."""

from decimal import Decimal
from typing import Final

from rules_engine import Kind, Type

__all__ = ["AMOUNT", "TOTAL"]

_LINE: Final = Decimal(10) ** 14
_LARGEST: Final = Decimal(10) ** 16

AMOUNT: Final = Type(Kind.MONEY, scale=2, low=-_LINE, high=_LINE)
"""An amount of a line, in whole currency with two decimals."""

TOTAL: Final = Type(Kind.MONEY, scale=2, low=-_LARGEST, high=_LARGEST)
"""A sum of lines."""
