"""The diagnostic codes of formulas and of rows they refuse; a released code keeps its meaning."""

from types import MappingProxyType
from typing import Final

__all__ = ["CODES"]

_MEANING = {
    "RE401": "a formula holds a character that no formula has, or is too long",
    "RE402": "a formula does not read",
    "RE403": "a name is not known here",
    "RE404": "a function is not known here",
    "RE405": "a function is given the wrong arguments",
    "RE406": "two units do not go together",
    "RE407": "a value has a unit that its place does not take",
    "RE408": "an amount is not rounded before it is posted",
    "RE409": "a number may be wider than engines compute exactly",
    "RE410": "a finer grain stands where a coarser one is asked for",
    "RE411": "a division stands where it cannot be exact",
    "RE412": "a value is compared with NULL",
    "RE413": "a code never occurs in its column",
    "RE414": "a formula is too large",
    "RE415": "a construct is not offered here",
    "RE417": "a table is read between its rows, and they do not begin and end together",
    "RE416": "a function of rows takes too many values to be computed beforehand",
    "RE418": "a value always lies outside what a line may hold",
    "RE419": "a condition is never true",
    "RE420": "a table has no row for a key that is written out",
    "RE421": "a least or greatest of values is taken with NULL among them",
}

_ROWS = {
    "RE601": "a table has no row for the row's key",
    "RE602": "a dated value has not begun at the row's date",
    "RE603": "a divisor is zero",
    "RE604": "a text does not read as its column's type",
    "RE605": "a null reaches an amount",
    "RE606": "no rule sets the allowed amount",
    "RE607": "two rules set the allowed amount",
    "RE608": "a value of the row is outside its column's range or type",
    "RE609": "the row has no date",
    "RE610": "the row's date is outside the ruleset's effective dates",
    "RE612": "an amount is larger than a line may hold",
    "RE614": "a function over the lines of a claim reads a line that is refused",
    "RE613": "a power, exponential or logarithm has no value",
    "RE611": "a computed date lies outside the years 1 to 9999",
    "RE615": "nobody is named who is paid for a member-month",
}

CODES: Final = MappingProxyType({**_MEANING, **_ROWS})
