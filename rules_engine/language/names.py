"""What names mean in the formulas of a rule: columns, tables, stages, outputs of other rules."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import evolve, field, frozen

from rules_engine.expressions import Kind, Relation, Scope, TableType, Type
from rules_engine.expressions import Parameter as Number
from rules_engine.language import soundness
from rules_engine.language.bound import BoundRule
from rules_engine.language.derived import BoundQuery
from rules_engine.language.monthly import MONTH, priced_columns
from rules_engine.language.ruleset import Declaration, DeclaredTable, Rule
from rules_engine.tables.lookup import LookupTable
from rules_engine.tables.standard import StandardTable

__all__ = ["LINE", "Names", "scale_of", "shape_of"]

LINE = "medical_claim"
"""The table whose rows are priced."""

_ROW_GRAINS = frozenset({"line", MONTH})
_MONEY = Type.of(Kind.MONEY)
_REMAINING = Decimal("9999999999999.99")


@frozen
class Names:
    """What may be named in a ruleset; it grows as rules are bound.

    Attributes:
        declaration: What the document says.
        tables: The ruleset's own tables, read.
        given: Tables whose rows come with the data, by name.
        bound: The rules that were bound so far.
    """

    declaration: Declaration
    tables: Mapping[str, LookupTable]
    given: Mapping[str, StandardTable]
    bound: dict[str, BoundRule] = field(factory=dict)

    def of(self, rule: Rule, mark: Mapping[str, Any]) -> Scope:
        """Say what names mean where a schema marks a formula so."""
        grain = str(mark["grain"])
        numbers = {
            name: Number(type=p.type, values=tuple((day, _constant(v)) for day, v in p.values))
            for name, p in self.declaration.parameters.items()
        }
        if grain in _ROW_GRAINS:
            stages = {name: self.stage(name) for name in mark.get("sees", ())}
            return Scope(
                profile="row",
                grain=grain,
                columns=self.given[MONTH if grain == MONTH else LINE].columns,
                stages=stages,
                later=soundness.STAGES.difference(stages),
                # What is derived is derived of rows that nobody has priced, so that one claim can
                # be given what a batch derives.
                tables=self.shapes(),
                parameters=numbers,
                occurring=self.occurring,
                of_claim=grain != MONTH,
            )
        if "names" in mark:
            columns = {name: Type.parse(type_) for name, type_ in mark["names"].items()}
            return Scope(profile="settlement", grain="term", columns=columns)
        if "rows" in mark or "columns" in mark:
            beside = {name: Type.parse(said) for name, said in mark.get("columns", {}).items()}
            return Scope(
                profile="row",
                grain=grain,
                columns={**self.columns_of(str(mark.get("rows", ""))), **beside},
                tables=self.shapes(),
                parameters=numbers,
                occurring=self.occurring,
            )
        entity = None
        if rule.for_each is not None:
            declared = self.declaration.entities[rule.for_each]
            entity = (rule.for_each, self.columns_of(declared.table))
        return Scope(
            profile="settlement",
            grain=grain,
            tables=self.shapes(),
            parameters=numbers,
            entity=entity,
            outputs=self.outputs(grain),
            finer=self.finer(grain),
            relations=self.relations(grain),
            occurring=self.occurring,
        )

    def occurring(self, table: str, column: str) -> frozenset[Decimal] | None:
        """Give the numbers in a column of a table of the ruleset."""
        if table not in self.tables:
            return None
        numbers = self.tables[table].rows[column]
        return frozenset(Decimal(n) for n in numbers if isinstance(n, Decimal | int))

    def stage(self, name: str) -> Type:
        """Give the type of an amount of the waterfall: at the scale that the contract posts."""
        scale = scale_of(self.declaration)
        if name == "allowed":
            return evolve(_MONEY, scale=scale)
        # What is left of it after many rules, each of which takes as much as an amount may be.
        return evolve(_MONEY, scale=scale, low=-_REMAINING, high=_REMAINING)

    def columns_of(self, table: str) -> Mapping[str, Type]:
        """Give the columns of a table; none where there is no such table."""
        if table in self.given:
            return self.given[table].columns
        if table in self.tables:
            return self.tables[table].type.columns
        return next((one.shape.columns for one in self.derived() if one.table == table), {})

    def derived(self) -> Iterator[BoundQuery]:
        """Give the tables that the rules bound so far derive."""
        for rule in self.bound.values():
            yield from rule.derived

    def shapes(self) -> dict[str, TableType]:
        """Give the tables that values may be looked up in."""
        found = {
            name: table.type
            for name, table in self.given.items()
            if table.type.effective or name in self.declaration.tables
        }
        found |= {query.table: query.shape for query in self.derived()}
        return found | {name: table.type for name, table in self.tables.items()}

    def outputs(self, grain: str) -> dict[str, dict[str, Type]]:
        """Give outputs of earlier rules that have one value here: of this grain or the contract."""
        return {
            rule.id: {n: o.type for n, o in rule.outputs.items() if o.grain == "rule"}
            for rule in self.bound.values()
            if rule.grain in {grain, "contract"}
            and any(o.grain == "rule" for o in rule.outputs.values())
        }

    def finer(self, grain: str) -> dict[str, str]:
        """Give the grain of rules that have many values here, so that they stand in aggregates."""
        here = self.outputs(grain)
        found = {rule.id: rule.grain for rule in self.bound.values() if rule.id not in here}
        found |= {r.id: "line" for r in self.bound.values() if r.steps}
        # A rule that also pays for member-months is asked of these.
        return found | {r.id: MONTH for r in self.bound.values() if r.months}

    def relations(self, grain: str | None) -> dict[str, Relation]:
        """Give what aggregates range over, at a grain."""
        found = {
            name: Relation(name=name, grain=f"row of {name}", columns=table.columns)
            for name, table in self.given.items()
        }
        for query in self.derived():
            found[query.table] = Relation(
                name=query.table, grain=f"row of {query.table}", columns=query.query.columns
            )
        for rule in self.bound.values():
            if rule.months:
                columns = dict(priced_columns(self.stage("remaining")))
                found[rule.id] = Relation(name=rule.id, grain=MONTH, columns=columns)
            elif rule.steps:
                lines = {n: o.type for n, o in rule.outputs.items() if o.grain == "line"}
                columns = {**self.given[LINE].columns, **lines}
                found[rule.id] = Relation(name=rule.id, grain="line", columns=columns)
            elif rule.grain not in {grain, "contract"}:
                columns = {n: o.type for n, o in rule.outputs.items() if o.grain == "rule"}
                found[rule.id] = Relation(name=rule.id, grain=rule.grain, columns=columns)
        return found


def shape_of(table: DeclaredTable) -> TableType:
    """Give the shape of a declared table; key columns without a type hold codes."""
    code, day = Type.of(Kind.CODE), Type.of(Kind.DATE, nullable=True)
    columns = {name: table.columns.get(name, code) for name in table.key} | dict(table.columns)
    for name in table.effective or ():
        columns.setdefault(name, day)
    return TableType(
        name=table.name, key=table.key, columns=columns, effective=table.effective, given=True
    )


def scale_of(declaration: Declaration) -> int:
    """Give the decimals of a posted amount."""
    exponent = declaration.rounding.to.as_tuple().exponent
    return max(0, -int(exponent))


def _constant(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
