"""Codes: what each stable code means, in a line. `docs/codes/` has a page for each.

A code, once released, keeps its meaning for ever. RE1xx reading, RE2xx schema and declarations,
RE3xx plugins and references. RE4xx and RE6xx stand with the expressions, RE5xx with the tables.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_READING = {
    "RE100": "a file cannot be opened",
    "RE101": "a file is not UTF-8 text",
    "RE102": "a text holds a control character",
    "RE103": "a line is indented with a tab",
    "RE104": "the text is not YAML",
    "RE105": "a file is too large",
    "RE106": "a text is nested too deeply",
    "RE107": "a file holds more than one document",
    "RE108": "a value has a YAML tag",
    "RE109": "a YAML anchor or alias is used",
    "RE110": "a key stands twice in one mapping",
    "RE111": "a key is not text",
    "RE112": "a comma cut a value in braces or brackets",
    "RE113": "a # cut a value",
    "RE114": "a colon cut a value",
    "RE115": "a number is infinite or not a number",
    "RE116": "a number has too many digits",
    "RE120": "a ruleset extends a file that cannot be found",
    "RE121": "rulesets extend each other in a circle",
    "RE122": "a path leaves the folders that a ruleset may read",
    "RE123": "a rule is removed that the extended ruleset does not have",
}

_SCHEMA = {
    "RE200": "a number is outside its bounds",
    "RE201": "a key is unknown",
    "RE202": "a key is missing",
    "RE203": "a value is of the wrong type",
    "RE204": "a value is none of the possible ones",
    "RE205": "a text does not have the form that is asked for",
    "RE206": "a list or a mapping has too few or too many members",
    "RE207": "two keys exclude each other",
    "RE208": "a value breaks another condition of the schema",
    "RE210": "two things have one name",
    "RE211": "a party is named twice",
    "RE212": "two rules have one id",
    "RE213": "a range of dates ends before it begins",
    "RE214": "dated values begin after the ruleset does",
    "RE215": "a list names one thing twice",
}

_REFERENCES = {
    "RE301": "a methodology is not installed",
    "RE302": "a methodology cannot be used",
    "RE303": "an entity or a table is not known",
    "RE304": "a rule replaces what is no other rule",
    "RE305": "a party is not known",
    "RE306": "a table lacks a key column of its entities",
    "RE307": "a party that divides has no weight, or a weight has no such party",
    "RE308": "a methodology is not of the contract's LAN category",
    "RE311": "a rule is computed from itself",
    "RE321": "a plugin's steps do not fit the waterfall",
    "RE322": "`otherwise` stands where no allowed amount is set",
    "RE323": "a rule settles and no period is declared",
    "RE324": "a value changes inside a period of settlement",
    "RE325": "a plugin fails while it reads terms",
    "RE326": "a key stands beside a rule that it means nothing for",
    "RE327": "prices are rounded to a unit that decimal places cannot say",
}

_PROMISES = {
    "RE431": "what a promise moves is no input",
    "RE432": "what a promise moves has no smallest step",
    "RE433": "better pays less where the contract declares no cliff",
    "RE434": "a declared cliff or step is not there, or has other dollars",
    "RE435": "a range has a part that is neither in a region nor a cliff",
    "RE436": "a payment cannot be settled in a part of its range",
    "RE437": "a declared cliff lies in a region, where better never pays less",
    "RE438": "a declared place lies outside the range",
}

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {**_READING, **_SCHEMA, **_REFERENCES, **_PROMISES}
)
