"""A declaration and the installed methodologies → a checked ruleset, or every finding."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from attrs import define, evolve, field, frozen

from rules_engine.diagnostics import Diagnostic, RulesetError, choices, has_errors, suggest
from rules_engine.expressions import (
    Expression,
    ExpressionError,
    Kind,
    Relation,
    Scope,
    TableType,
    Type,
    check,
    proven_not_null,
)
from rules_engine.expressions import Parameter as Number
from rules_engine.expressions.tree import (
    Coalesce,
    Const,
    Dated,
    Has,
    Logic,
    Not,
    Ref,
    moved,
    running_in,
)
from rules_engine.expressions.units import UnitError, union
from rules_engine.language import soundness
from rules_engine.language.bind_monotone import bind_promises
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.citing import citations, uncited
from rules_engine.language.derived import SPAN, BoundQuery
from rules_engine.language.document import Path
from rules_engine.language.doubts import Doubts
from rules_engine.language.monthly import (
    MONTH,
    PAID,
    AmountWidth,
    checked_months,
    priced_columns,
)
from rules_engine.language.queries import Queries
from rules_engine.language.references import (
    Marked,
    Use,
    deriver_of,
    expression_text,
    formulas_of,
    marked,
    ordered,
    uses,
    within,
)
from rules_engine.language.ruleset import Declaration, DeclaredTable, Rule
from rules_engine.language.schema import ReadySchema, terms_findings
from rules_engine.language.trial import Trial
from rules_engine.methodology import (
    STAGES,
    Formula,
    Host,
    Methodology,
    MonthStep,
    Step,
    TermsError,
)
from rules_engine.tables.lookup import LookupTable
from rules_engine.tables.shape import shapes
from rules_engine.tables.standard import STANDARD, StandardTable

__all__ = ["LINE", "bind", "shape_of"]

LINE = "medical_claim"
"""The table whose rows are priced."""

_ROW_GRAINS = frozenset({"line", MONTH})
_MONEY = Type.of(Kind.MONEY)
_BOOLEAN = Type(Kind.BOOLEAN)
_REMAINING = Decimal("9999999999999.99")


def bind(
    declaration: Declaration,
    host: Host,
    tables: Mapping[str, LookupTable],
    *,
    schemas: bool = True,
) -> BoundRuleset:
    """Check every rule of a declaration against its methodology, and every formula.

    Args:
        declaration: What the document says.
        host: The methodologies that may be named.
        tables: The ruleset's own tables, read.
        schemas: Whether terms are held against their schemas; a compiled ruleset has been.

    Raises:
        RulesetError: With everything that is wrong.
    """
    binder = _Binder(declaration, host, tables, schemas)
    bound = binder.ruleset()
    if has_errors(binder.findings):
        raise RulesetError(binder.findings)
    return evolve(bound, warnings=(*declaration.warnings, *binder.findings))


@frozen
class _Chosen:
    """A rule with the methodology it names and its written expressions."""

    rule: Rule
    methodology: Methodology[Any]
    distribution: str
    terms: tuple[Marked, ...]


@define
class _Binder:
    declaration: Declaration
    host: Host
    tables: Mapping[str, LookupTable]
    schemas: bool
    findings: list[Diagnostic] = field(factory=list)
    bound: dict[str, BoundRule] = field(factory=dict)
    given: dict[str, StandardTable] = field(factory=dict)
    ready: dict[str, ReadySchema] = field(factory=dict)
    trial: Trial = field(factory=Trial)

    def report(
        self, path: Path, code: str, message: str, help_: str | None = None, *, key: bool = False
    ) -> None:
        location = self.declaration.document.locate(path, key=key)
        self.findings.append(Diagnostic(location, code, message, help=help_))

    # -- the whole

    def ruleset(self) -> BoundRuleset:
        declared = self.declaration
        own = [shape_of(t) for t in declared.tables.values() if t.file is None]
        self.given = dict(shapes(own))
        self.findings += soundness.clashes(declared, self.given)
        self.check_entities()
        chosen = {rule.id: one for rule in declared.rules.values() if (one := self.choose(rule))}
        named = [(one.rule, one.methodology) for one in chosen.values()]
        # A rule whose terms are wrong may be what brings the contract into its category.
        if len(chosen) == len(declared.rules):
            self.findings += soundness.lan_categories(declared, named)
        names = frozenset(chosen)
        deriving = frozenset(n for n, one in chosen.items() if one.methodology.derive is not None)
        found = [use for one in chosen.values() for use in self.uses(one, names, deriving)]
        order, circles = ordered(list(chosen), found)
        self.findings += circles
        for rule in declared.rules.values():
            self.check_replaces(rule)
        for name in order:
            bound = self.bind_rule(chosen[name])
            if bound is not None:
                self.bound[name] = bound
        self.check_members()
        promises = tuple(bind_promises(self))
        return BoundRuleset(
            declaration=declared,
            tables=self.tables,
            shapes=self.shapes(),
            given=self.given,
            relations=self.relations(None),
            rules=tuple(self.bound.values()),
            line_columns=self.given[LINE].columns,
            promises=promises,
        )

    def uses(
        self, chosen: _Chosen, names: frozenset[str], deriving: frozenset[str]
    ) -> Iterator[Use]:
        """Find where a rule names others: in its terms, its condition, and by its entity."""
        rule = chosen.rule
        document = self.declaration.document
        entity = self.declaration.entities.get(rule.for_each or "")
        tables = list(_names_of_tables(rule.terms, chosen.methodology.terms_schema, rule))
        if entity is not None and entity.members is not None:
            tables.append(((*entity.path, "members"), entity.members))
        for path, table in tables:
            deriver = deriver_of(table, deriving)
            if deriver is not None and table not in self.given and table not in self.tables:
                yield Use(rule.id, deriver, document.locate(path))
        written = [
            ((*rule.terms_path, *path), value)
            for term in chosen.terms
            for path, value in formulas_of(term)
        ]
        if rule.when is not None:
            written.append(((*rule.path, "when"), rule.when))
        yield from uses(rule.id, names, document, written, deriving)

    def check_entities(self) -> None:
        declared = self.declaration
        for entity in declared.entities.values():
            if entity.table not in self.given and entity.table not in self.tables:
                known = [*declared.tables, *STANDARD]
                own = f"{choices(declared.tables)} or " if declared.tables else ""
                self.report(
                    (*entity.path, "table"),
                    "RE303",
                    f"table {entity.table} is not known; {own}a standard table may stand here",
                    suggest(entity.table, known) or f"declare it: tables: {{{entity.table}: …}}",
                )
        self.findings += soundness.entity_keys(declared, self.columns_of)

    def check_members(self) -> None:
        """Hold the tables that say whose member a person is to what is read of them."""
        derived = {query.table: query.shape for query in self.derived()}
        for entity in self.declaration.entities.values():
            path = (*entity.path, "members")
            if entity.members is None:
                continue
            shape = derived.get(entity.members)
            if shape is None:
                if len(self.bound) == len(self.declaration.rules):
                    self.report(
                        path,
                        "RE303",
                        f"{entity.members} is derived by no rule; "
                        f"{choices(derived) or 'a table that a rule derives'} may stand here",
                        suggest(entity.members, list(derived)),
                    )
                continue
            needed = ("person_id", *entity.key, *SPAN)
            lacking = [name for name in needed if name not in shape.columns]
            if lacking or shape.key != ("person_id",):
                found = choices(shape.columns)
                self.report(
                    path,
                    "RE306",
                    f"{entity.members} does not say whose member a person is: it has one row for "
                    f"{' and '.join(shape.key) or 'nobody'} and the columns {found}",
                    f"a table with one row a person and {choices(needed)} may stand here",
                )

    def check_replaces(self, rule: Rule) -> None:
        for place, name in enumerate(rule.replaces):
            if name not in self.declaration.rules or name == rule.id:
                others = [r for r in self.declaration.rules if r != rule.id]
                self.report(
                    (*rule.path, "replaces", place),
                    "RE304",
                    f"{name} is no other rule; {choices(others) or 'no rule'} may stand here",
                    suggest(name, others),
                )

    # -- methodologies

    def choose(self, rule: Rule) -> _Chosen | None:
        path = (*rule.path, "methodology")
        name = rule.methodology
        offer = self.host.offers.get(name)
        if offer is None:
            problem = self.host.problems.get(name)
            if problem is not None:
                self.report(
                    path,
                    "RE302",
                    f"methodology {name} cannot be used: {problem.why}",
                    f"repair or remove {' and '.join(problem.distributions)}",
                )
            elif name in self.host.blocked:
                self.report(
                    path,
                    "RE302",
                    f"methodology {name} is blocked by the program that runs the engine",
                )
            else:
                known = sorted(self.host.offers)
                self.report(
                    path,
                    "RE301",
                    f"methodology {name} is not installed; "
                    f"{choices(known) or 'none is, and none'} may stand here",
                    suggest(name, known),
                )
            return None
        methodology = offer.methodology
        if self.schemas:
            if name not in self.ready:
                self.ready[name] = ReadySchema.of(methodology.terms_schema)
            found = terms_findings(self.declaration.document, rule.terms_path, self.ready[name])
            self.findings += found
            if has_errors(found):
                return None
        terms = tuple(marked(rule.terms, methodology.terms_schema))
        return _Chosen(rule, methodology, offer.distribution, terms)

    # -- one rule

    def bind_rule(self, chosen: _Chosen) -> BoundRule | None:
        rule = chosen.rule
        before = len(self.findings)
        grain = rule.for_each or "contract"
        if rule.for_each is not None and rule.for_each not in self.declaration.entities:
            known = list(self.declaration.entities)
            self.report(
                (*rule.path, "for_each"),
                "RE303",
                f"{rule.for_each} is no entity; "
                f"{choices(known) or 'an entity that the ruleset declares'} may stand here",
                suggest(rule.for_each, known) or f"declare it: entities: {{{rule.for_each}: …}}",
            )
            return None
        priced = _priced_grain(chosen.methodology)
        if priced == "line" and chosen.methodology.settles:
            # Its condition is whether it settles; its terms say what it prices.
            priced = None
        prices = priced is not None
        when = self.condition(rule, priced or grain)
        known_not_null = (
            proven_not_null(when.expression) if when is not None and prices else frozenset()
        )
        formulas: dict[Path, Formula] = {}
        for term in chosen.terms:
            # The condition says nothing of rows of another kind.
            filled = known_not_null if term.mark.get("grain") == priced else frozenset()
            made = self.formula(rule, term, grain, filled)
            if made is not None:
                cited = citations(self.declaration, rule, term.path, made)
                formulas[term.path] = evolve(made, sources=cited)
        for key, known in uncited(rule):
            path = (*rule.path, "sources", key)
            message = f"{key} is no term of {rule.id}; {choices(known)} may stand here"
            self.report(path, "RE201", message, suggest(key, known), key=True)
        self.check_parties(rule, chosen.methodology.terms_schema)
        self.check_tables(rule, chosen.methodology.terms_schema)
        self.findings += soundness.weights(self.declaration, rule, chosen.methodology.terms_schema)
        has_periods = chosen.methodology.settles or chosen.methodology.derive is not None
        if has_periods and not (rule.period or self.declaration.period):
            self.report(
                rule.path,
                "RE323",
                f"{rule.id} settles, and no period is declared; "
                "`period: {length: year}` may stand in the ruleset",
            )
        if has_errors(self.findings[before:]):
            return None
        return self.read(chosen, when, grain, formulas)

    def read(
        self, chosen: _Chosen, when: Formula | None, grain: str, formulas: Mapping[Path, Formula]
    ) -> BoundRule | None:
        rule, methodology = chosen.rule, chosen.methodology
        before = len(self.findings)
        try:
            terms = methodology.read_terms(_filled(rule.terms, formulas))
            outputs = methodology.outputs(terms)
            steps, monthly = _priced(methodology, terms)
            derived = methodology.derive(terms) if methodology.derive is not None else {}
            asked = methodology.experience(terms) if methodology.experience is not None else {}
        except TermsError as error:
            for path, code, message, help_ in error.findings:
                self.report((*rule.terms_path, *path), code, message, help_)
            return None
        except Exception as error:  # noqa: BLE001  whatever a third party raises is a finding
            self.report(
                (*rule.path, "methodology"),
                "RE325",
                f"methodology {rule.methodology} of "
                f"{chosen.distribution} fails on these terms: "
                f"{type(error).__name__}: {error}",
                f"tell the authors of {chosen.distribution}",
            )
            return None
        self.check_words(rule, methodology, steps, monthly)
        months = self.months(rule, methodology, monthly)
        if months is None or not self.check_steps(rule, steps):
            return None
        reach = Queries(
            rule=rule.id,
            entity=self.declaration.entities.get(rule.for_each or ""),
            given=self.given,
            shapes=self.shapes(),
            trial=self.trial,
        )
        # A compiled ruleset has been tried.
        made, faults = reach.derived(derived, tried=self.schemas)
        own = {query.name: query.shape for query in made}
        if months:
            own[PAID] = self.paid_months(rule)
        read, others = evolve(reach, own=own).experience(asked, tried=self.schemas and not faults)
        for query, fault in [*faults, *(() if faults else others)]:
            self.blame(chosen, query, fault)
        for table in made:
            self.check_name_of_table(rule, table)
        if faults or others:
            return None
        steps = tuple(self.placed(rule, step, own) for step in steps)
        if has_errors(self.findings[before:]):
            return None
        return BoundRule(
            declared=rule,
            methodology=methodology,
            distribution=chosen.distribution,
            terms=terms,
            when=when,
            grain=grain,
            outputs=outputs,
            steps=steps,
            formulas=tuple(formulas.values()),
            derived=made,
            experience=read,
            months=months,
        )

    def months(
        self, rule: Rule, methodology: Methodology[Any], steps: tuple[MonthStep, ...]
    ) -> tuple[Step, ...] | None:
        """Check what a rule pays for a member-month; give None where that is wrong."""
        if not steps:
            if methodology.price_months is None or rule.when is None:
                return ()
            message = f"{rule.id} pays for no member-months; when says which of them are paid for"
            self.report((*rule.path, "when"), "RE326", message, key=True)
            return None
        width = AmountWidth(
            _scale(self.declaration),
            self.declaration.rounding.mode,
            self.stage("allowed"),
            self.stage("remaining"),
        )
        found, faults = checked_months(steps, self.scope(rule, {"grain": MONTH}), width)
        for fault in faults:
            self.report(
                (*rule.path, "terms"),
                "RE321",
                f"{rule.methodology} cannot say what {rule.id} pays for a member-month: {fault}",
                key=True,
            )
        return None if faults else found

    def paid_months(self, rule: Rule) -> TableType:
        """Give the shape of the member-months that a rule pays for."""
        return TableType(
            name=f"{rule.id}_{PAID}",
            key=STANDARD[MONTH].key,
            columns=priced_columns(self.stage("remaining")),
            given=True,
        )

    def blame(self, chosen: _Chosen, query: str, fault: str) -> None:
        """Report a query that may not run."""
        self.report(
            (*chosen.rule.path, "methodology"),
            "RE325",
            f"methodology {chosen.rule.methodology} of {chosen.distribution} asks for {query} by a "
            f"query that does not run: {fault}",
            f"tell the authors of {chosen.distribution}",
        )

    def check_name_of_table(self, rule: Rule, query: BoundQuery) -> None:
        """Refuse a derived table that is called as something else is."""
        names = {*self.given, *self.tables, *self.declaration.rules, *self.declaration.parameters}
        if query.table in names | {one.table for one in self.derived()}:
            self.report(
                (*rule.path, "id"),
                "RE210",
                f"{rule.id} derives the table {query.table}, and something else has that name",
                "give the rule, or the other, another name",
            )

    def check_words(
        self,
        rule: Rule,
        methodology: Methodology[Any],
        steps: tuple[Step, ...],
        monthly: tuple[MonthStep, ...],
    ) -> None:
        """Refuse keys that would be read and do nothing."""
        sets = steps[0].sets if steps else None
        found = []
        if rule.for_each is not None and not methodology.settles:
            found.append(("for_each", "prices each line; for_each is for rules that settle"))
        if rule.replaces and sets != "allowed":
            what = "settles" if sets is None else f"sets {sets}"
            found.append(("replaces", f"{what}; replaces is for rules that set the allowed amount"))
        if rule.otherwise and sets is None:
            found.append(("otherwise", "settles; otherwise is for rules that price lines"))
        for key, why in found:
            self.report((*rule.path, key), "RE326", f"{rule.id} {why}", key=True)
        unit = self.declaration.rounding.to
        priced = ["lines"] * bool(steps) + ["member-months"] * bool(monthly)
        if priced and unit not in {Decimal(1).scaleb(-places) for places in range(13)}:
            message = (
                f"to is {unit}, and {rule.id} prices {' and '.join(priced)}; 1, 0.1, 0.01 and so on"
                " may stand here"
            )
            self.report(("rounding", "to"), "RE327", message)

    def check_steps(self, rule: Rule, steps: tuple[Step, ...]) -> bool:
        """Hold a plugin's steps to what the waterfall can do."""
        before = len(self.findings)
        for step in steps:
            if step.sets not in STAGES or step.per not in {"line", "claim"}:
                self.report(
                    rule.path,
                    "RE321",
                    f"{rule.methodology} sets {step.sets} per {step.per}; "
                    f"{choices(STAGES)} per line or claim may be set",
                )
            elif step.per == "claim" and step.sets != "allowed":
                self.report(
                    rule.path,
                    "RE321",
                    f"{rule.id} sets {step.sets} once a claim; only the allowed amount is",
                )
            elif step.per == "claim" and running_in(step.expression):
                self.report(
                    rule.path,
                    "RE415",
                    f"{rule.id} pays once a claim; a running sum is kept line by line",
                    "pay per line, or give the running sum a rule of a later stage",
                )
            elif step.sets not in {"allowed", "limit"} and not (step.group_code and step.carc):
                self.report(
                    rule.path,
                    "RE321",
                    f"{rule.id} takes money off a line without group code and reason code",
                )
        if len(steps) > 1:
            self.report(
                rule.path, "RE321", f"{rule.id} sets {len(steps)} stages; a pricing rule sets one"
            )
        if rule.otherwise and steps and steps[0].sets != "allowed":
            self.report(
                (*rule.path, "otherwise"),
                "RE322",
                f"{rule.id} sets {steps[0].sets}; "
                "otherwise is for rules that set the allowed amount",
                key=True,
            )
        return len(self.findings) == before

    def placed(self, rule: Rule, step: Step, own: Mapping[str, TableType]) -> Step:
        """Write where a step applies, and where it does not, as its condition."""
        if step.unless is not None:
            kept = _outside(step.unless)
            when = kept if step.when is None else _both(step.when, kept)
            step = evolve(step, when=when, unless=None)
        if not step.within:
            return step
        shape = own.get(step.within) or self.shapes().get(step.within)
        line = self.given[LINE].columns
        if shape is None or not shape.key or not set(shape.key) <= set(line):
            what = "is no table" if shape is None else f"has the key {', '.join(shape.key) or '()'}"
            self.report(
                rule.path,
                "RE321",
                f"{rule.methodology} prices lines within {step.within}, which {what}; "
                "a table whose key a line has may stand there",
            )
            return step
        keys = tuple(Ref(type=line[name], space="column", name=name) for name in shape.key)
        inside: Expression = Has(type=_BOOLEAN, table=shape.name, keys=keys)
        return evolve(step, when=inside if step.when is None else _both(inside, step.when))

    def check_tables(self, rule: Rule, schema: Mapping[str, Any]) -> None:
        known = [*self.declaration.tables, *STANDARD, *(query.table for query in self.derived())]
        for path, name in _names_of_tables(rule.terms, schema, rule):
            if name not in known:
                self.report(
                    path,
                    "RE303",
                    f"table {name} is not known; {choices(self.declaration.tables) or 'a declared'}"
                    ", a standard or a derived table may stand here",
                    suggest(name, known),
                )

    def check_parties(self, rule: Rule, schema: Mapping[str, Any]) -> None:
        declared = self.declaration
        known = {*declared.parties, *declared.groups, *declared.entities}
        for path, name, mark in _names_of_parties(rule.terms, schema):
            members = declared.groups.get(name, (name,))
            if mark == "one" and len(members) != 1:
                self.report(
                    (*rule.terms_path, *path),
                    "RE305",
                    f"{name} is a group of {len(members)}; one party may stand here",
                    f"name one of them: {choices(members)}",
                )
            if name not in known:
                self.report(
                    (*rule.terms_path, *path),
                    "RE305",
                    f"{name} is no party; {choices(sorted(known))} may stand here",
                    suggest(name, known),
                )

    # -- formulas

    def condition(self, rule: Rule, grain: str) -> Formula | None:
        if rule.when is None:
            return None
        mark = {"type": "boolean or null", "grain": grain, "dated": False}
        return self.written(rule, (*rule.path, "when"), rule.when, mark, self.scope(rule, mark))

    def formula(
        self, rule: Rule, term: Marked, grain: str, not_null: frozenset[str]
    ) -> Formula | None:
        mark = {"grain": grain, **term.mark}
        if not self.finds_rows(rule, term, mark):
            return None
        scope = evolve(self.scope(rule, mark), not_null=not_null)
        base = (*rule.terms_path, *term.path)
        if not isinstance(term.value, dict):
            return self.written(rule, base, term.value, mark, scope)
        entries = []
        for day in sorted(term.value):
            made = self.written(rule, (*base, day), term.value[day], mark, scope)
            if made is not None:
                entries.append((date.fromisoformat(day), made))
        if len(entries) < len(term.value):
            return None
        try:
            type_ = union([made.type for _, made in entries], "the dates")
        except UnitError as error:
            self.report(base, "RE406", str(error))
            return None
        text, placed = _one_after_the_other(entries)
        expression = Dated(type=type_, entries=placed, name=str(term.path[-1]))
        if scope.profile == "settlement":
            self.findings += soundness.one_value_a_period(self.declaration, rule, expression, base)
        place = str(self.declaration.document.locate(base))
        return Formula(
            text=text,
            expression=expression,
            grain=str(mark["grain"]),
            place=place,
            dated=tuple((day, made.text) for day, made in entries),
        )

    def finds_rows(self, rule: Rule, term: Marked, mark: dict[str, Any]) -> bool:
        """Say in a mark which rows a formula is about; whether they can be found."""
        if "rows_of" in mark:
            table = _beside(rule.terms, term.path, str(mark["rows_of"]))
            if not isinstance(table, str) or not self.columns_of(table):
                # What names the table is wrong, and is said to be.
                return False
            mark["rows"] = table
        if "rows" in mark or "columns" in mark:
            mark["grain"] = f"row of {mark.get('rows', rule.id)}"
            return self.is_clear(rule, term, mark)
        return True

    def is_clear(self, rule: Rule, term: Marked, mark: Mapping[str, Any]) -> bool:
        """Refuse a table whose columns are called as what the methodology adds to its rows."""
        table = str(mark.get("rows", ""))
        taken = [name for name in mark.get("columns", ()) if name in self.columns_of(table)]
        if taken:
            self.report(
                (*rule.terms_path, *term.path),
                "RE210",
                f"{table} has the column {taken[0]}, and {rule.methodology} has something else of"
                " that name",
                f"give the column of {table} another name",
            )
        return not taken

    def written(
        self, rule: Rule, path: Path, value: Any, mark: Mapping[str, Any], scope: Scope
    ) -> Formula | None:
        """Check one expression at its place in the document."""
        text = expression_text(value)
        expected = Type.parse(mark["type"]) if mark.get("type") else None
        scale = _scale(self.declaration) if mark.get("posted") else None
        document = self.declaration.document
        try:
            expression: Expression = check(text, scope, expected, posted=scale)
        except ExpressionError as error:
            # A rule that is wrong itself has said so; who uses it is not to blame.
            unbound = set(self.declaration.rules) - set(self.bound) - {rule.id}
            for found in error.findings:
                word = text[found.offset : found.offset + found.length].split(".")[0]
                if found.code == "RE403" and word in unbound:
                    continue
                location = document.locate(path, offset=found.offset)
                self.findings.append(
                    Diagnostic(location, found.code, found.message, help=found.help)
                )
            return None
        made = Formula(
            text=text,
            expression=expression,
            grain=str(mark["grain"]),
            place=str(document.locate(path)),
        )
        self.findings += soundness.curves(self.declaration, expression, path, self.tables)
        is_amount = bool(mark.get("posted")) and scope.profile == "row"
        doubts = Doubts(document, path, self.tables)
        self.findings += doubts.about(expression, is_amount=is_amount)
        if scope.profile == "settlement":
            self.findings += soundness.at_one_time(self.declaration, rule, expression, path)
            self.findings += soundness.one_value_each(
                self.declaration, rule, made, path, scope.relations
            )
        return made

    def scope(self, rule: Rule, mark: Mapping[str, Any]) -> Scope:
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
        scale = _scale(self.declaration)
        if name == "allowed":
            return evolve(_MONEY, scale=scale)
        # What is left of it after many rules, each of which takes as much as an amount may be.
        return evolve(_MONEY, scale=scale, low=-_REMAINING, high=_REMAINING)

    # -- names

    def columns_of(self, table: str) -> Mapping[str, Type]:
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
        here = self.outputs(grain)
        found = {rule.id: rule.grain for rule in self.bound.values() if rule.id not in here}
        found |= {r.id: "line" for r in self.bound.values() if r.steps}
        # A rule that also pays for member-months is asked of these.
        return found | {r.id: MONTH for r in self.bound.values() if r.months}

    def relations(self, grain: str | None) -> dict[str, Relation]:
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


def _one_after_the_other(
    entries: Sequence[tuple[date, Formula]],
) -> tuple[str, tuple[tuple[date, Expression], ...]]:
    """Write dated formulas as one text, each tree placed where its own text stands in it."""
    text = ""
    placed = []
    for day, made in entries:
        text += f"{'; ' if text else ''}from {day}: "
        # An explanation finds what was read by its place in the text of the whole.
        placed.append((day, moved(made.expression, len(text))))
        text += made.text
    return text, tuple(placed)


def _priced(
    methodology: Methodology[Any], terms: Any
) -> tuple[tuple[Step, ...], tuple[MonthStep, ...]]:
    """Ask a methodology what it pays for a line, and for a member-month."""
    lines = methodology.price(terms) if methodology.price is not None else ()
    months = methodology.price_months(terms) if methodology.price_months is not None else ()
    return tuple(lines), tuple(months)


def _priced_grain(methodology: Methodology[Any]) -> str | None:
    """Give the grain of the rows that a rule's condition is about; None where it prices none."""
    if methodology.price_months is not None:
        return MONTH
    return "line" if methodology.price is not None else None


def _both(left: Expression, right: Expression) -> Expression:
    """Write that two conditions hold; whether they do may be unknown where it is of one of them."""
    unknown = left.type.nullable or right.type.nullable
    return Logic(type=evolve(_BOOLEAN, nullable=unknown), op="and", left=left, right=right)


def _outside(condition: Expression) -> Expression:
    """Write that a condition does not hold; one that is unknown does not."""
    known = Coalesce(type=_BOOLEAN, arguments=(condition, Const(type=_BOOLEAN, value=False)))
    return Not(type=_BOOLEAN, operand=known)


def _scale(declaration: Declaration) -> int:
    exponent = declaration.rounding.to.as_tuple().exponent
    return max(0, -int(exponent))


def _constant(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _filled(value: Any, formulas: Mapping[Path, Formula], path: Path = ()) -> Any:
    """Give the terms with each expression in its place, parsed and typed."""
    if path in formulas:
        return formulas[path]
    if isinstance(value, Mapping):
        return {key: _filled(inner, formulas, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, formulas, (*path, place)) for place, inner in enumerate(value)]
    return value


def _beside(terms: Any, path: Path, name: str) -> Any:
    """Give the term of a name that stands beside the one at a path."""
    for step in path[:-1]:
        terms = terms[step]
    return terms.get(name) if isinstance(terms, Mapping) else None


def _names_of_tables(
    value: Any, schema: Mapping[str, Any], rule: Rule
) -> Iterator[tuple[Path, str]]:
    """Find the texts that a schema marks as names of tables, each with its place."""
    for path, inner, branch in within(value, schema):
        if branch.get("x-table") and isinstance(inner, str):
            yield (*rule.terms_path, *path), inner


def _names_of_parties(value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[Path, str, Any]]:
    """Find the texts that a schema marks as names of parties, and keys of mappings so marked."""
    for path, inner, branch in within(value, schema):
        if branch.get("x-party") and isinstance(inner, str):
            yield path, inner, branch["x-party"]
        if branch.get("x-party-keys") and isinstance(inner, Mapping):
            yield from (((*path, key), key, True) for key in inner)
