"""Declaring: a document that fits the schema becomes a declaration, or findings."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import define, field

from rules_engine.diagnostics import (
    Diagnostic,
    Location,
    RulesetError,
    has_errors,
    in_order,
    with_article,
)
from rules_engine.expressions.types import Kind, Type
from rules_engine.language.keywords import Translator, number_help, rate_help
from rules_engine.language.monotone import promise
from rules_engine.language.nodes import ScalarNode
from rules_engine.language.ruleset import (
    Constant,
    DateRange,
    Declaration,
    DeclaredTable,
    Entity,
    Parameter,
    Party,
    Period,
    Rounding,
    Rule,
)
from rules_engine.language.scalars import as_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules_engine.language.document import Document, Path

_WHOLE_KINDS = frozenset({Kind.COUNT, Kind.DAYS})


def declare(document: Document) -> Declaration:
    """Give what a ruleset declares.

    Args:
        document: A document that fits the schema `ruleset`; without that check this function may
            fail in any way.

    Returns:
        The declaration, with warnings.

    Raises:
        RulesetError: Names clash, dates are reversed, or values do not fit their types; every
            finding of the pass is in it.
    """
    reader = _Reader(document)
    declaration = reader.declaration()
    if has_errors(reader.findings):
        raise RulesetError(reader.findings)
    return declaration


@define
class _Reader:
    """Reads one document and collects what is wrong with it."""

    document: Document
    findings: list[Diagnostic] = field(factory=list)

    def declaration(self) -> Declaration:
        """Read everything."""
        value = self.document.value
        effective = self._effective(value["effective"])
        parties, groups = self._parties(value["parties"])
        tables = {name: self._table(name, said) for name, said in _items(value, "tables")}
        parameters = {
            name: self._parameter(name, said, effective)
            for name, said in _items(value, "parameters")
        }
        rules = self._rules(value["rules"])
        self._check_names()
        period = value.get("period")
        mappings = value.get("mappings", "mappings")  # an empty list is no folder at all
        return Declaration(
            id=value["ruleset"],
            title=_text(value.get("title")),
            version=_as_text(value["version"]),
            lan_category=value.get("lan_category"),
            effective=effective,
            currency=value["currency"],
            rounding=Rounding(Decimal(value["rounding"]["to"]), value["rounding"]["mode"]),
            period=None if period is None else _period(period),
            parties=parties,
            groups=groups,
            entities={name: _entity(name, said) for name, said in _items(value, "entities")},
            tables=tables,
            parameters={name: said for name, said in parameters.items() if said is not None},
            rules=rules,
            mappings=(mappings,) if isinstance(mappings, str) else tuple(mappings),
            cases=tuple(value.get("cases") or ()),
            sources=tuple(value.get("sources") or ()),
            promises={name: promise(name, said) for name, said in _items(value, "monotone")},
            document=self.document,
            warnings=tuple(in_order(found for found in self.findings)),
        )

    def _effective(self, said: Mapping[str, Any]) -> DateRange:
        dates = DateRange(_date(said["from"]), _date(said["through"]))
        if dates.first > dates.through:
            first = self.document.locate(("effective", "from"))
            self.findings.append(
                Diagnostic(
                    self.document.locate(("effective", "through")),
                    "RE213",
                    f"through is {dates.through}, before the first day {dates.first}; it may be "
                    "that day or later",
                    related=((first, "the first day"),),
                )
            )
        return dates

    def _parties(
        self, said: Mapping[str, Any]
    ) -> tuple[dict[str, Party], dict[str, tuple[str, ...]]]:
        parties: dict[str, Party] = {}
        groups: dict[str, tuple[str, ...]] = {}
        for name, members in said.items():
            path: Path = ("parties", name)
            if isinstance(members, str):
                self._add_party(parties, Party(id=name, role=members, path=path))
                continue
            groups[name] = tuple(members)
            for place, member in enumerate(members):
                self._add_party(parties, Party(id=member, group=name, path=(*path, place)))
        return parties, groups

    def _add_party(self, parties: dict[str, Party], party: Party) -> None:
        first = parties.setdefault(party.id, party)
        if first is not party:
            self.findings.append(
                self._twice("RE211", f"the party {party.id}", self._place(party), first)
            )

    def _place(self, declared: Party | Rule) -> Location:
        if isinstance(declared, Rule):
            return self.document.locate((*declared.path, "id"))
        return self.document.locate(declared.path, key=isinstance(declared.path[-1], str))

    def _twice(self, code: str, what: str, place: Location, first: Party | Rule) -> Diagnostic:
        before = self._place(first)
        if place < before:
            place, before = before, place
        return Diagnostic(
            place,
            code,
            f"{what} is declared twice; it may be declared once",
            related=((before, "first here"),),
        )

    def _table(self, name: str, said: Mapping[str, Any]) -> DeclaredTable:
        path: Path = ("tables", name)
        columns = {
            column: self._type((*path, "columns", column), text)
            for column, text in said["columns"].items()
        }
        effective = said.get("effective")
        place = self.document.locate((*path, "file"))
        return DeclaredTable(
            name=name,
            file=_text(said.get("file")),
            folder=os.path.dirname(place.file),  # noqa: PTH120  (the name as the caller gave it)
            key=tuple(said["key"]),
            effective=None if effective is None else (effective[0], effective[1]),
            columns=columns,
            source=_text(said.get("source")),
            is_unconfirmed=said.get("unconfirmed", False),
            path=path,
        )

    def _type(self, path: Path, text: str) -> Type:
        try:
            return Type.parse(text)
        except ValueError as error:
            self.findings.append(Diagnostic(self.document.locate(path), "RE205", str(error)))
            return Type.of(Kind.TEXT)

    def _parameter(
        self, name: str, said: Mapping[str, Any], effective: DateRange
    ) -> Parameter | None:
        path: Path = ("parameters", name)
        found_before = len(self.findings)
        kind = self._type((*path, "type"), said["type"])
        if len(self.findings) > found_before:
            return None
        written: list[tuple[date | None, Any, Path]]
        if "value" in said:
            written = [(None, said["value"], (*path, "value"))]
        else:
            written = sorted(
                (date.fromisoformat(since), value, (*path, "values", since))
                for since, value in said["values"].items()
            )
            self._check_first(name, written[0][0], effective, path)
        values = tuple(
            (since, self._constant(name, kind, value, where)) for since, value, where in written
        )
        return Parameter(
            name=name,
            type=kind,
            values=values,
            unit=_text(said.get("unit")),
            source=_text(said.get("source")),
            is_unconfirmed=said.get("unconfirmed", False),
            path=path,
        )

    def _check_first(self, name: str, since: date | None, effective: DateRange, path: Path) -> None:
        if since is not None and since > effective.first:
            self.findings.append(
                Diagnostic(
                    self.document.locate((*path, "values", str(since)), key=True),
                    "RE214",
                    f"{name} has its first value from {since} on, and the ruleset is effective "
                    f"from {effective.first}; a value may begin on that day or before",
                    severity="warning",
                    related=((self.document.locate(("effective", "from")), "effective from here"),),
                )
            )

    def _constant(self, name: str, kind: Type, value: Constant, path: Path) -> Constant:
        """Give a parameter's value, and collect what does not fit its type."""
        if kind.kind is Kind.DATE and isinstance(value, str):
            value = as_date(value) or value
        what = _misfit(kind, value)
        bound = None if what else _bound(kind, value)
        if what or bound:
            say = Translator(document=self.document)
            label = name if path[-1] == "value" else f"{name} from {path[-1]}"
            self.findings.append(
                Diagnostic(
                    self.document.locate(path),
                    "RE203" if what else "RE200",
                    f"{label} is {say.found(path)}; {what or bound}",
                    help=self._constant_help(kind, value, path),
                )
            )
        return value

    def _constant_help(self, kind: Type, value: Constant, path: Path) -> str | None:
        node = self.document.node(path)
        if kind.is_numeric and isinstance(value, str) and isinstance(node, ScalarNode):
            return number_help(node)
        if kind.kind in {Kind.CODE, Kind.TEXT} and isinstance(node, ScalarNode):
            return f'quote it: "{node.text}"'
        if kind.kind is Kind.RATE and isinstance(value, int | Decimal):
            return rate_help(value)
        return None

    def _rules(self, said: list[Mapping[str, Any]]) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        for place, one in enumerate(said):
            rule = _rule(one, ("rules", place))
            first = rules.setdefault(rule.id, rule)
            if first is not rule:
                self.findings.append(
                    self._twice("RE212", f"the rule {rule.id}", self._place(rule), first)
                )
        return rules

    def _check_names(self) -> None:
        """Find two things of one name: expressions could not tell them apart."""
        first: dict[str, tuple[Location, str]] = {}
        for place, kind, name in sorted(self._names()):
            before, other = first.setdefault(name, (place, kind))
            # Two of one kind have findings of their own.
            if other != kind:
                self.findings.append(
                    Diagnostic(
                        place,
                        "RE210",
                        f"{name} is the name of {with_article(kind)} and of "
                        f"{with_article(other)}; one thing may have it",
                        related=((before, f"the {other}"),),
                    )
                )

    def _names(self) -> Iterator[tuple[Location, str, str]]:
        value = self.document.value
        yield self.document.locate(("ruleset",)), "ruleset", value["ruleset"]
        for name, members in value["parties"].items():
            kind = "party" if isinstance(members, str) else "group"
            yield self.document.locate(("parties", name), key=True), kind, name
            if kind == "group":
                for place, member in enumerate(members):
                    yield self.document.locate(("parties", name, place)), "party", member
        for section, kind in (("tables", "table"), ("parameters", "parameter")):
            for name, _ in _items(value, section):
                yield self.document.locate((section, name), key=True), kind, name
        for name, said in _items(value, "entities"):
            # An entity is the row of its table, so that both may share a name.
            kind = "table" if said["table"] == name else "entity"
            yield self.document.locate(("entities", name), key=True), kind, name
        for place, rule in enumerate(value["rules"]):
            yield self.document.locate(("rules", place, "id")), "rule", rule["id"]


def _items(value: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
    yield from (value.get(section) or {}).items()


def _as_text(value: Constant) -> str:
    return value if isinstance(value, str) else str(value)


def _text(value: Constant | None) -> str | None:
    return None if value is None else _as_text(value)


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _period(said: Mapping[str, Any]) -> Period:
    month, day = said.get("starts", "01-01").split("-")
    run_out = said.get("run_out", {})
    return Period(
        length=said["length"],
        starts=(int(month), int(day)),
        run_out_months=run_out.get("months", 0),
        run_out_days=run_out.get("days", 0),
    )


def _entity(name: str, said: Mapping[str, Any]) -> Entity:
    return Entity(
        name=name,
        table=said["table"],
        key=tuple(said["key"]),
        role=said["role"],
        period=said.get("period"),
        path=("entities", name),
        members=said.get("members"),
    )


def _rule(said: Mapping[str, Any], path: Path) -> Rule:
    when = said.get("when")
    period = said.get("period")
    return Rule(
        id=said["id"],
        methodology=said["methodology"],
        source=_as_text(said["source"]),
        sources={term: _as_text(one) for term, one in (said.get("sources") or {}).items()},
        when=when if isinstance(when, bool) else _text(when),
        for_each=said.get("for_each"),
        replaces=tuple(said.get("replaces", ())),
        otherwise=said.get("otherwise", False),
        period=None if period is None else _period(period),
        note=_text(said.get("note")),
        terms=said["terms"],
        path=path,
    )


def _misfit(kind: Type, value: Constant) -> str | None:
    """Say what may stand in the place of a value that is not of the right kind at all."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    fits, what = {
        Kind.DATE: (isinstance(value, date), "a date (YYYY-MM-DD)"),
        Kind.BOOLEAN: (isinstance(value, bool), "true or false"),
        Kind.CODE: (isinstance(value, str), "a code, as text,"),
        Kind.TEXT: (isinstance(value, str), "text"),
        Kind.COUNT: (isinstance(value, int) and is_number, "a whole number"),
        Kind.DAYS: (isinstance(value, int) and is_number, "a whole number of days"),
    }.get(kind.kind, (is_number, f"a number ({kind.kind})"))
    return None if fits else f"{what} may stand here"


def _bound(kind: Type, value: Constant) -> str | None:
    if not isinstance(value, int | Decimal):
        return None
    if kind.low is not None and value < kind.low:
        return f"it may be {kind.low} at least"
    if kind.high is not None and value > kind.high:
        return f"it may be {kind.high} at most"
    return None
