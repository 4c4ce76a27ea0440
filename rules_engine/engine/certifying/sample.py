"""A sample: claims and the rows of given tables that every engine is asked to price."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

__all__ = ["Claim", "Row", "Sample", "digest", "written"]

_PLACES_MAX: Final = 60

Row = Mapping[str, Any]
"""Exact values by column: Decimal, int, date, str, bool or None."""


@frozen
class Claim:
    """One claim of a sample.

    Attributes:
        claim_id: What it is called.
        lines: Its lines with every column that prices read, each with its `claim_line_number`.
    """

    claim_id: str
    lines: tuple[Row, ...]

    def as_input(self) -> dict[str, Any]:
        """Give it as `Ruleset.price` takes it."""
        return {"claim_id": self.claim_id, "lines": [dict(line) for line in self.lines]}


@frozen
class Sample:
    """Claims, and the tables of the data that they are priced with.

    Attributes:
        claims: The claims.
        given: Rows of each table of the data that the ruleset reads.
    """

    claims: tuple[Claim, ...]
    given: Mapping[str, tuple[Row, ...]]

    @property
    def lines(self) -> int:
        """How many lines its claims have."""
        return sum(len(claim.lines) for claim in self.claims)

    def digest(self) -> str:
        """SHA-256 of all its values, in hexadecimal."""
        claims = [[c.claim_id, [_texts(line) for line in c.lines]] for c in self.claims]
        given = {name: [_texts(row) for row in rows] for name, rows in sorted(self.given.items())}
        return digest({"claims": claims, "given": given})


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(row: Row) -> dict[str, Any]:
    return {name: written(value) for name, value in row.items()}


def written(value: Any) -> str | bool | None:
    """Write a value so that equal ones are written alike: decimals in full, dates by ISO 8601."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return decimal_text(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def decimal_text(value: Fraction) -> str:
    """Write a fraction as a decimal where it is one, else as a quotient."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
        if places > _PLACES_MAX:
            return str(value)
    sign = "-" if value < 0 else ""
    units = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    return f"{sign}{units[: len(units) - places]}" + (f".{units[-places:]}" if places else "")
