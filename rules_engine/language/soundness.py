"""What is wrong with a ruleset whose parts are each right: names, keys, periods and weights."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from rules_engine.diagnostics import Diagnostic, Location, choices, with_article
from rules_engine.expressions import Expression, Relation, Type
from rules_engine.expressions.tree import Aggregate, Dated, Interpolate, children, walk
from rules_engine.language.document import Path
from rules_engine.language.periods import periods
from rules_engine.language.ruleset import Declaration, Rule
from rules_engine.methodology import Formula, Methodology, Period
from rules_engine.tables.lookup import LookupTable
from rules_engine.tables.standard import STANDARD, StandardTable

__all__ = [
    "STAGES",
    "at_one_time",
    "clashes",
    "curves",
    "entity_keys",
    "lan_categories",
    "one_value_a_period",
    "one_value_each",
    "read_once",
    "weights",
]

STAGES: Final = frozenset({"allowed", "remaining"})
"""Amounts of a line that formulas of later stages read by these names."""


def clashes(declaration: Declaration, given: Mapping[str, StandardTable]) -> Iterator[Diagnostic]:
    """Find names of the ruleset that already mean a column or a standard table in its formulas."""
    document = declaration.document
    columns = {name: f"a column of {t.name}" for t in given.values() for name in t.columns}
    columns |= dict.fromkeys(STAGES, "an amount of a line")
    of_tables = {entity.table for entity in declaration.entities.values()}

    def clash(kind: str, name: str, place: Location) -> Iterator[Diagnostic]:
        other = columns.get(name) or ("a standard table" if name in STANDARD else None)
        if other is not None:
            yield Diagnostic(
                place,
                "RE210",
                f"{name} is the name of {with_article(kind)} and of {other}; one thing may have it",
                help=f"write another name, such as {_another(kind, name)}",
            )

    for name, parameter in declaration.parameters.items():
        yield from clash("parameter", name, document.locate(parameter.path, key=True))
    for name, rule in declaration.rules.items():
        yield from clash("rule", name, document.locate((*rule.path, "id")))
    for name, entity in declaration.entities.items():
        # An entity may be called as its table is.
        if name not in of_tables or name in columns:
            yield from clash("entity", name, document.locate(entity.path, key=True))
    for name, table in declaration.tables.items():
        # A declaration by the name of a standard table adds columns to it.
        if name not in STANDARD:
            yield from clash("table", name, document.locate(table.path, key=True))
        elif table.file is not None:
            message = (
                f"{name} is a standard table, whose rows come with the data; "
                "a table with a file may have another name"
            )
            place = document.locate((*table.path, "file"))
            yield Diagnostic(place, "RE210", message, help=f"call it {_another('table', name)}")


def _another(kind: str, name: str) -> str:
    return f"contract_{name}" if kind == "parameter" else f"{name}_{kind}"


def entity_keys(
    declaration: Declaration, columns_of: Callable[[str], Mapping[str, Type]]
) -> Iterator[Diagnostic]:
    """Find key and period columns of entities that their tables do not have."""
    document = declaration.document
    for entity in declaration.entities.values():
        columns = columns_of(entity.table)
        named: list[tuple[tuple[str | int, ...], str]] = [
            (("key", place), name) for place, name in enumerate(entity.key)
        ]
        if entity.period is not None:
            named.append((("period",), entity.period))
        for where, name in named:
            if columns and name not in columns:
                yield Diagnostic(
                    document.locate((*entity.path, *where)),
                    "RE306",
                    f"{name} is no column of {entity.table}; {choices(columns)} may stand here",
                )


def lan_categories(
    declaration: Declaration, rules: Sequence[tuple[Rule, Methodology[Any]]]
) -> Iterator[Diagnostic]:
    """Warn of a category that no rule of the contract brings it into."""
    category = declaration.lan_category
    lists = [methodology.lan_categories for _, methodology in rules]
    if category is None or not lists or any(not fits or category in fits for fits in lists):
        return
    known = sorted({name for fits in lists for name in fits})
    document = declaration.document
    related = [
        (document.locate((*r.path, "methodology")), f"{m.name}: {', '.join(m.lan_categories)}")
        for r, m in {m.name: (r, m) for r, m in reversed(rules)}.values()
    ]
    yield Diagnostic(
        document.locate(("lan_category",)),
        "RE308",
        f"lan_category is {category}, and no rule's methodology is part of it; "
        f"by the rules, {choices(known)} may stand here",
        severity="warning",
        related=tuple(sorted(related)),
    )


# -- formulas


def one_value_each(
    declaration: Declaration,
    rule: Rule,
    formula: Formula,
    path: Path,
    relations: Mapping[str, Relation],
) -> Iterator[Diagnostic]:
    """Find aggregates that cannot be told apart by what the formula has one value for."""
    keys: list[tuple[str, str]] = []
    entity = declaration.entities.get(rule.for_each or "")
    if entity is not None:
        keys += [(key, entity.name) for key in entity.key]
    if formula.grain == "party":
        keys.append(("party", "party"))
    if formula.grain == "member":
        keys.append(("person_id", "member"))
    for node in walk(formula.expression):
        if not isinstance(node, Aggregate):
            continue
        relation = relations.get(node.relation)
        # The outputs of a rule that settled are combined whole, whatever the grain.
        if relation is None or not _is_of_data(relation):
            continue
        columns = set(relation.columns)
        if entity is not None and entity.members is not None and "person_id" in columns:
            # Of a person's row the table of members says whose it is.
            columns.update(entity.key)
        lacking = next(((k, grain) for k, grain in keys if k not in columns), None)
        if lacking is not None:
            key, grain = lacking
            yield Diagnostic(
                declaration.document.locate(path, offset=node.start),
                "RE410",
                f"{node.function} over {relation.name} is one value for the contract; this formula "
                f"is one value per {grain}, and {relation.name} has no column {key}",
                help=f"take a table or a rule whose rows have {key}",
            )


def _is_of_data(relation: Relation) -> bool:
    return relation.grain in {"line", f"row of {relation.name}"}


def at_one_time(
    declaration: Declaration, rule: Rule, expression: Expression, path: Path
) -> Iterator[Diagnostic]:
    """Find values that change inside a period: a settlement reads one value for all of it."""
    for node in read_once(expression):
        if isinstance(node, Dated):
            yield from one_value_a_period(declaration, rule, node, path)


def one_value_a_period(
    declaration: Declaration, rule: Rule, node: Dated, path: Path
) -> Iterator[Diagnostic]:
    """Find the first day on which a dated value changes inside a period."""
    length = rule.period or declaration.period
    for period in () if length is None else periods(length, declaration.effective):
        day = next((day for day, _ in node.entries if period.first < day <= period.last), None)
        if day is not None:
            yield _changes(declaration, node, day, period, path)
            return


def _changes(
    declaration: Declaration, node: Dated, day: date, inside: Period, path: Path
) -> Diagnostic:
    document = declaration.document
    parameter = declaration.parameters.get(node.name)
    related: tuple[tuple[Location, str], ...] = ()
    place = document.locate(path, offset=node.start)
    if parameter is not None:
        changed = document.locate((*parameter.path, "values", str(day)), key=True)
        related = ((changed, f"{node.name} changes here"),)
    elif document.entry((*path, str(day))) is not None:
        place = document.locate((*path, str(day)), key=True)
    return Diagnostic(
        place,
        "RE324",
        f"{node.name} changes on {day}, inside the period {inside.label} ({inside.first} through "
        f"{inside.last}); a settlement reads one value for a period",
        help="let it change on the first day of a period, or give each part a period of its own",
        related=related,
    )


def curves(
    declaration: Declaration,
    expression: Expression,
    path: Path,
    tables: Mapping[str, LookupTable],
) -> Iterator[Diagnostic]:
    """Find tables read between their rows whose rows do not begin and end together."""
    for node in walk(expression):
        if not isinstance(node, Interpolate) or node.table not in tables:
            continue
        days = sorted(_days_of(tables[node.table]))
        clash = next(((a, b) for a, b in pairwise(days) if b[0] <= a[1]), None)
        if clash is not None:
            (first, last), (other, _) = clash
            shown = f"{first if first != date.min else 'the beginning'} through "
            shown += f"{last if last != date.max else 'the end'}"
            yield Diagnostic(
                declaration.document.locate(path, offset=node.start),
                "RE417",
                f"{node.table} is read between its rows, and rows of {shown} meet others from "
                f"{other}; rows that hold on one day may begin and end together",
                help="give every row of a curve the same first and last day",
            )


def _days_of(table: LookupTable) -> set[tuple[date, date]]:
    if table.type.effective is None:
        return set()
    first, last = (table.rows[name] for name in table.type.effective)
    return {
        (a if isinstance(a, date) else date.min, b if isinstance(b, date) else date.max)
        for a, b in zip(first, last, strict=True)
    }


def read_once(node: Expression) -> Iterator[Expression]:
    """Give what is read once for a period; rows inside an aggregate have dates of their own."""
    yield node
    if not isinstance(node, Aggregate):
        for child in children(node):
            yield from read_once(child)


# -- parties


def weights(
    declaration: Declaration, rule: Rule, schema: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """Find parties that divide an amount and have no weight, and weights of nobody.

    A schema says with `x-weights: {of: [among], in: [share, weights]}` on an object that the
    mapping at `in`, where it stands, has a weight for each party of the list at `of`.
    """
    for path, mark in _marked(rule.terms, schema, "x-weights"):
        among, said = (_at(rule.terms, (*path, *mark[key])) for key in ("of", "in"))
        if not isinstance(among, list) or not isinstance(said, dict):
            continue
        place = (*rule.terms_path, *path, *mark["in"])
        yield from _weights(declaration, [str(name) for name in among], said, place)


def _weights(
    declaration: Declaration, among: list[str], said: Mapping[str, Any], path: Path
) -> Iterator[Diagnostic]:
    document = declaration.document
    groups = declaration.groups
    members = {party: name for name in among for party in groups.get(name, (name,))}
    known = declaration.parties.keys() | groups.keys() | declaration.entities.keys()
    given: set[str] = set()
    for name in said:
        # A group of one is its member.
        named = groups[name] if len(groups.get(name, ())) == 1 else (name,)
        given.update(named)
        if name in known and not set(named) <= members.keys():
            if name in groups:
                message = f"{name} is a group of {len(groups[name])}; a weight is one party's"
                help_ = f"give weights to {choices(groups[name])}"
            else:
                message = f"{name} is not among those who divide; {choices(members)} may stand here"
                help_ = "add it to among, or take its weight away"
            yield Diagnostic(document.locate((*path, name), key=True), "RE307", message, help=help_)
    for party, name in members.items():
        if party not in given and party in known:
            of = "" if party == name else f" (of {name})"
            yield Diagnostic(
                document.locate(path),
                "RE307",
                f"{party}{of} divides and has no weight; each of {choices(members)} must have one",
                help=f"add {party}: 0 where it takes no part",
            )


def _at(value: Any, path: Sequence[Any]) -> Any:
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value


def _marked(
    value: Any, schema: Mapping[str, Any], mark: str, path: Path = ()
) -> Iterator[tuple[Path, Any]]:
    """Find the objects among terms whose schema has a mark."""
    if mark in schema:
        yield path, schema[mark]
    for part in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(part, ()):
            yield from _marked(value, branch, mark, path)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            branch = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if isinstance(branch, Mapping):
                yield from _marked(inner, branch, mark, (*path, key))
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for place, inner in enumerate(value):
            yield from _marked(inner, schema["items"], mark, (*path, place))
