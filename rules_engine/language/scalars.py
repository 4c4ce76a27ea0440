"""Scalars: what an unquoted text of a YAML file means.

YAML 1.1 reads 065 as 53, NO as false and 12:30:00 as 45000; a payment contract means none of that.
Only exact numbers, `true`, `false`, `null`, `~` and dates are more than text here.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rules_engine.language.nodes import Plain

NUMBER_DIGITS_MAX: Final = 38  # the widest decimal that the engines below can hold

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)")
_FRACTION = re.compile(
    rf"[-+]?(?P<whole>0|[1-9][0-9]*(?:_[0-9]+)*)?(?:\.(?P<part>{_DIGITS}))?"
    r"(?:[eE](?P<exponent>[-+]?[0-9]+))?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)
_WORDS: Final[dict[str, Plain]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_MAY_BE_NUMBER: Final = frozenset("+-.0123456789")


def resolve(text: str) -> Plain:
    """Give what an unquoted text means: a number, a date, a truth value, nothing, or itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER or is_too_long(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if _is_fraction(text):
        return Decimal(text.replace("_", ""))
    return as_date(text) or text


def as_date(text: str) -> date | None:
    """Give the day that a text of the form YYYY-MM-DD names, or None."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def is_not_finite(text: str) -> bool:
    """Say whether YAML would read the text as infinite or as no number."""
    return _NOT_FINITE.fullmatch(text) is not None


def is_too_long(text: str) -> bool:
    """Say whether the text is a number that needs more digits than can be kept exactly."""
    if not text or text[0] not in _MAY_BE_NUMBER or not _is_number(text):
        return False
    mantissa, _, exponent = text.lower().partition("e")
    digits = sum(character.isdecimal() for character in mantissa)
    # The length of the exponent is asked first: converting a long one would itself be slow.
    far = len(exponent) > len("-038") or abs(int(exponent or "0")) > NUMBER_DIGITS_MAX
    return digits > NUMBER_DIGITS_MAX or far


def _is_number(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None or _is_fraction(text)


def _is_fraction(text: str) -> bool:
    found = _FRACTION.fullmatch(text)
    if found is None:
        return False
    has_digits = found["whole"] is not None or found["part"] is not None
    return has_digits and (found["part"] is not None or found["exponent"] is not None)
