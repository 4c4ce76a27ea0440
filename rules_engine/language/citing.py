"""Citing: what a ruleset says of where a formula comes from, and what nobody has confirmed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rules_engine.language.document import Path
from rules_engine.language.ruleset import Declaration, Rule
from rules_engine.methodology import Formula
from rules_engine.methodology.worksheet import names_in

__all__ = ["citations", "uncited"]

_UNCONFIRMED: Final = "unconfirmed"


def citations(
    declaration: Declaration, rule: Rule, path: Path, formula: Formula
) -> Mapping[str, str]:
    """Give what is said of a term and of each parameter and table that stands in it.

    Args:
        declaration: The ruleset.
        rule: Whose term it is.
        path: Path of the term within the rule's terms.
        formula: What stands there.

    Returns:
        Name → what is said; the section of the term itself has no name.
    """
    found = {}
    tables: Mapping[str, Any] = declaration.document.value.get("tables") or {}
    section = _section(rule, path)
    if section:
        found[""] = section
    for name in _names(formula):
        parameter, table = declaration.parameters.get(name), tables.get(name)
        if parameter is not None:
            doubt = _UNCONFIRMED if parameter.is_unconfirmed else ""
            said = "; ".join(part for part in (parameter.source, doubt) if part)
        else:
            said = str((table or {}).get("source", ""))
        if said:
            found[name] = said
    return found


def uncited(rule: Rule) -> Iterator[tuple[str, list[str]]]:
    """Give each key of `sources` that names no term, with the terms that there are."""
    known = sorted(_dotted(rule.terms))
    for key in rule.sources:
        if key not in known:
            yield key, known


def _section(rule: Rule, path: Path) -> str:
    """Give the section of the term, or of the nearest term that it is part of."""
    for length in range(len(path), 0, -1):
        said = rule.sources.get(".".join(str(part) for part in path[:length]))
        if said is not None:
            return said
    return ""


def _dotted(terms: Any, before: str = "") -> Iterator[str]:
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(terms, Mapping):
        pairs = terms.items()
    elif isinstance(terms, list | tuple):
        pairs = enumerate(terms)
    for key, inner in pairs:
        name = f"{before}{key}"
        yield name
        yield from _dotted(inner, f"{name}.")


def _names(formula: Formula) -> Iterator[str]:
    texts = [text for _, text in formula.dated] or [formula.text]
    yield from dict.fromkeys(name for text in texts for name in names_in(text))
