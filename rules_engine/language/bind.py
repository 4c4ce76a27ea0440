"""A declaration and the installed methodologies → a checked ruleset, or every finding."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import define, evolve, field, frozen

from rules_engine.diagnostics import RulesetError, choices, has_errors, suggest
from rules_engine.expressions import (
    Expression,
    Kind,
    TableType,
    Type,
    proven_not_null,
)
from rules_engine.expressions.tree import Coalesce, Const, Has, Logic, Not, Ref
from rules_engine.language import soundness
from rules_engine.language.bind_monotone import bind_promises
from rules_engine.language.bound import BoundRule, BoundRuleset
from rules_engine.language.checks import Checks, names_of_tables, priced_grain
from rules_engine.language.citing import citations, uncited
from rules_engine.language.derived import BoundQuery
from rules_engine.language.document import Path
from rules_engine.language.findings import Findings
from rules_engine.language.formulas import Formulas
from rules_engine.language.monthly import (
    MONTH,
    PAID,
    AmountWidth,
    checked_months,
    priced_columns,
)
from rules_engine.language.names import LINE, Names, scale_of, shape_of
from rules_engine.language.queries import Queries
from rules_engine.language.references import (
    Marked,
    Use,
    deriver_of,
    formulas_of,
    marked,
    ordered,
    uses,
)
from rules_engine.language.ruleset import Declaration, Rule
from rules_engine.language.schema import ReadySchema, terms_findings
from rules_engine.language.trial import Trial
from rules_engine.methodology import (
    Formula,
    Host,
    Methodology,
    MonthStep,
    Step,
    TermsError,
)
from rules_engine.tables.lookup import LookupTable
from rules_engine.tables.shape import shapes
from rules_engine.tables.standard import STANDARD

__all__ = ["bind"]

_BOOLEAN: Final = Type(Kind.BOOLEAN)


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
    own = [shape_of(table) for table in declaration.tables.values() if table.file is None]
    names = Names(declaration, tables, shapes(own))
    findings = Findings(declaration.document)
    bound = _Binder(names, findings, host, schemas).ruleset()
    if has_errors(findings.found):
        raise RulesetError(findings.found)
    return evolve(bound, warnings=(*declaration.warnings, *findings.found))


@frozen
class _Chosen:
    """A rule with the methodology it names and its written expressions."""

    rule: Rule
    methodology: Methodology[Any]
    distribution: str
    terms: tuple[Marked, ...]


@define
class _Binder:
    names: Names
    findings: Findings
    host: Host
    schemas: bool
    ready: dict[str, ReadySchema] = field(factory=dict)
    trial: Trial = field(factory=Trial)

    @property
    def declaration(self) -> Declaration:
        return self.names.declaration

    @property
    def checks(self) -> Checks:
        return Checks(self.names, self.findings)

    @property
    def formulas(self) -> Formulas:
        return Formulas(self.names, self.findings)

    # -- the whole

    def ruleset(self) -> BoundRuleset:
        declared = self.declaration
        self.findings.add(soundness.clashes(declared, self.names.given))
        self.checks.entities()
        chosen = {rule.id: one for rule in declared.rules.values() if (one := self.choose(rule))}
        named = [(one.rule, one.methodology) for one in chosen.values()]
        # A rule whose terms are wrong may be what brings the contract into its category.
        if len(chosen) == len(declared.rules):
            self.findings.add(soundness.lan_categories(declared, named))
        names = frozenset(chosen)
        deriving = frozenset(n for n, one in chosen.items() if one.methodology.derive is not None)
        found = [use for one in chosen.values() for use in self.uses(one, names, deriving)]
        order, circles = ordered(list(chosen), found)
        self.findings.add(circles)
        for rule in declared.rules.values():
            self.checks.replaces(rule)
        for name in order:
            bound = self.bind_rule(chosen[name])
            if bound is not None:
                self.names.bound[name] = bound
        self.checks.members()
        promises = tuple(bind_promises(self.formulas))
        return BoundRuleset(
            declaration=declared,
            tables=self.names.tables,
            shapes=self.names.shapes(),
            given=self.names.given,
            relations=self.names.relations(None),
            rules=tuple(self.names.bound.values()),
            line_columns=self.names.given[LINE].columns,
            promises=promises,
        )

    def uses(
        self, chosen: _Chosen, names: frozenset[str], deriving: frozenset[str]
    ) -> Iterator[Use]:
        """Find where a rule names others: in its terms, its condition, and by its entity."""
        rule = chosen.rule
        document = self.declaration.document
        entity = self.declaration.entities.get(rule.for_each or "")
        tables = list(names_of_tables(rule.terms, chosen.methodology.terms_schema, rule))
        if entity is not None and entity.members is not None:
            tables.append(((*entity.path, "members"), entity.members))
        for path, table in tables:
            deriver = deriver_of(table, deriving)
            if (
                deriver is not None
                and table not in self.names.given
                and table not in self.names.tables
            ):
                yield Use(rule.id, deriver, document.locate(path))
        written = [
            ((*rule.terms_path, *path), value)
            for term in chosen.terms
            for path, value in formulas_of(term)
        ]
        if rule.when is not None:
            written.append(((*rule.path, "when"), rule.when))
        yield from uses(rule.id, names, document, written, deriving)

    # -- methodologies

    def choose(self, rule: Rule) -> _Chosen | None:
        path = (*rule.path, "methodology")
        name = rule.methodology
        offer = self.host.offers.get(name)
        if offer is None:
            problem = self.host.problems.get(name)
            if problem is not None:
                self.findings.report(
                    path,
                    "RE302",
                    f"methodology {name} cannot be used: {problem.why}",
                    f"repair or remove {' and '.join(problem.distributions)}",
                )
            elif name in self.host.blocked:
                self.findings.report(
                    path,
                    "RE302",
                    f"methodology {name} is blocked by the program that runs the engine",
                )
            else:
                known = sorted(self.host.offers)
                self.findings.report(
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
            self.findings.add(found)
            if has_errors(found):
                return None
        terms = tuple(marked(rule.terms, methodology.terms_schema))
        return _Chosen(rule, methodology, offer.distribution, terms)

    # -- one rule

    def bind_rule(self, chosen: _Chosen) -> BoundRule | None:
        rule = chosen.rule
        before = len(self.findings.found)
        grain = rule.for_each or "contract"
        if rule.for_each is not None and rule.for_each not in self.declaration.entities:
            known = list(self.declaration.entities)
            self.findings.report(
                (*rule.path, "for_each"),
                "RE303",
                f"{rule.for_each} is no entity; "
                f"{choices(known) or 'an entity that the ruleset declares'} may stand here",
                suggest(rule.for_each, known) or f"declare it: entities: {{{rule.for_each}: …}}",
            )
            return None
        priced = priced_grain(chosen.methodology)
        if priced == "line" and chosen.methodology.settles:
            # Its condition is whether it settles; its terms say what it prices.
            priced = None
        prices = priced is not None
        when = self.formulas.condition(rule, priced or grain)
        known_not_null = (
            proven_not_null(when.expression) if when is not None and prices else frozenset()
        )
        formulas: dict[Path, Formula] = {}
        for term in chosen.terms:
            # The condition says nothing of rows of another kind.
            filled = known_not_null if term.mark.get("grain") == priced else frozenset()
            made = self.formulas.formula(rule, term, grain, filled)
            if made is not None:
                cited = citations(self.declaration, rule, term.path, made)
                formulas[term.path] = evolve(made, sources=cited)
        for key, known in uncited(rule):
            path = (*rule.path, "sources", key)
            message = f"{key} is no term of {rule.id}; {choices(known)} may stand here"
            self.findings.report(path, "RE201", message, suggest(key, known), key=True)
        self.checks.parties(rule, chosen.methodology.terms_schema)
        self.checks.tables(rule, chosen.methodology.terms_schema)
        self.findings.add(
            soundness.weights(self.declaration, rule, chosen.methodology.terms_schema)
        )
        has_periods = chosen.methodology.settles or chosen.methodology.derive is not None
        if has_periods and not (rule.period or self.declaration.period):
            self.findings.report(
                rule.path,
                "RE323",
                f"{rule.id} settles, and no period is declared; "
                "`period: {length: year}` may stand in the ruleset",
            )
        if has_errors(self.findings.found[before:]):
            return None
        return self.read(chosen, when, grain, formulas)

    def read(
        self, chosen: _Chosen, when: Formula | None, grain: str, formulas: Mapping[Path, Formula]
    ) -> BoundRule | None:
        rule, methodology = chosen.rule, chosen.methodology
        before = len(self.findings.found)
        try:
            terms = methodology.read_terms(_filled(rule.terms, formulas))
            outputs = methodology.outputs(terms)
            steps, monthly = _priced(methodology, terms)
            derived = methodology.derive(terms) if methodology.derive is not None else {}
            asked = methodology.experience(terms) if methodology.experience is not None else {}
        except TermsError as error:
            for path, code, message, help_ in error.findings:
                self.findings.report((*rule.terms_path, *path), code, message, help_)
            return None
        except Exception as error:  # noqa: BLE001  whatever a third party raises is a finding
            self.findings.report(
                (*rule.path, "methodology"),
                "RE325",
                f"methodology {rule.methodology} of "
                f"{chosen.distribution} fails on these terms: "
                f"{type(error).__name__}: {error}",
                f"tell the authors of {chosen.distribution}",
            )
            return None
        self.checks.words(rule, methodology, steps, monthly)
        months = self.months(rule, methodology, monthly)
        if months is None or not self.checks.steps(rule, steps):
            return None
        reach = Queries(
            rule=rule.id,
            entity=self.declaration.entities.get(rule.for_each or ""),
            given=self.names.given,
            shapes=self.names.shapes(),
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
        if has_errors(self.findings.found[before:]):
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
            self.findings.report((*rule.path, "when"), "RE326", message, key=True)
            return None
        width = AmountWidth(
            scale_of(self.declaration),
            self.declaration.rounding.mode,
            self.names.stage("allowed"),
            self.names.stage("remaining"),
        )
        found, faults = checked_months(steps, self.names.of(rule, {"grain": MONTH}), width)
        for fault in faults:
            self.findings.report(
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
            columns=priced_columns(self.names.stage("remaining")),
            given=True,
        )

    def blame(self, chosen: _Chosen, query: str, fault: str) -> None:
        """Report a query that may not run."""
        self.findings.report(
            (*chosen.rule.path, "methodology"),
            "RE325",
            f"methodology {chosen.rule.methodology} of {chosen.distribution} asks for {query} by a "
            f"query that does not run: {fault}",
            f"tell the authors of {chosen.distribution}",
        )

    def check_name_of_table(self, rule: Rule, query: BoundQuery) -> None:
        """Refuse a derived table that is called as something else is."""
        names = {
            *self.names.given,
            *self.names.tables,
            *self.declaration.rules,
            *self.declaration.parameters,
        }
        if query.table in names | {one.table for one in self.names.derived()}:
            self.findings.report(
                (*rule.path, "id"),
                "RE210",
                f"{rule.id} derives the table {query.table}, and something else has that name",
                "give the rule, or the other, another name",
            )

    def placed(self, rule: Rule, step: Step, own: Mapping[str, TableType]) -> Step:
        """Write where a step applies, and where it does not, as its condition."""
        if step.unless is not None:
            kept = _outside(step.unless)
            when = kept if step.when is None else _both(step.when, kept)
            step = evolve(step, when=when, unless=None)
        if not step.within:
            return step
        shape = own.get(step.within) or self.names.shapes().get(step.within)
        line = self.names.given[LINE].columns
        if shape is None or not shape.key or not set(shape.key) <= set(line):
            what = "is no table" if shape is None else f"has the key {', '.join(shape.key) or '()'}"
            self.findings.report(
                rule.path,
                "RE321",
                f"{rule.methodology} prices lines within {step.within}, which {what}; "
                "a table whose key a line has may stand there",
            )
            return step
        keys = tuple(Ref(type=line[name], space="column", name=name) for name in shape.key)
        inside: Expression = Has(type=_BOOLEAN, table=shape.name, keys=keys)
        return evolve(step, when=inside if step.when is None else _both(inside, step.when))


def _priced(
    methodology: Methodology[Any], terms: Any
) -> tuple[tuple[Step, ...], tuple[MonthStep, ...]]:
    """Ask a methodology what it pays for a line, and for a member-month."""
    lines = methodology.price(terms) if methodology.price is not None else ()
    months = methodology.price_months(terms) if methodology.price_months is not None else ()
    return tuple(lines), tuple(months)


def _both(left: Expression, right: Expression) -> Expression:
    """Write that two conditions hold; whether they do may be unknown where it is of one of them."""
    unknown = left.type.nullable or right.type.nullable
    return Logic(type=evolve(_BOOLEAN, nullable=unknown), op="and", left=left, right=right)


def _outside(condition: Expression) -> Expression:
    """Write that a condition does not hold; one that is unknown does not."""
    known = Coalesce(type=_BOOLEAN, arguments=(condition, Const(type=_BOOLEAN, value=False)))
    return Not(type=_BOOLEAN, operand=known)


def _filled(value: Any, formulas: Mapping[Path, Formula], path: Path = ()) -> Any:
    """Give the terms with each expression in its place, parsed and typed."""
    if path in formulas:
        return formulas[path]
    if isinstance(value, Mapping):
        return {key: _filled(inner, formulas, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, formulas, (*path, place)) for place, inner in enumerate(value)]
    return value
