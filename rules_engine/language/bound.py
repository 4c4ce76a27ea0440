"""A checked ruleset: every name resolved, every formula typed, every rule in its order."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import Factory, frozen

from rules_engine.diagnostics import Diagnostic
from rules_engine.expressions import Relation, TableType, Type
from rules_engine.language.derived import BoundQuery
from rules_engine.language.monotone import BoundPromise
from rules_engine.language.references import within
from rules_engine.language.ruleset import Declaration, Rule
from rules_engine.methodology import Formula, Methodology, Output, Step
from rules_engine.tables.lookup import LookupTable
from rules_engine.tables.standard import StandardTable

__all__ = ["BoundRule", "BoundRuleset"]


@frozen(kw_only=True)
class BoundRule:
    """A rule whose terms were read.

    Attributes:
        declared: What the document says.
        methodology: The way of paying.
        distribution: Where the methodology comes from.
        terms: What the methodology made of the terms.
        when: The rule's condition: at row grain where it prices lines or member-months, else at
            its own grain.
        grain: `contract` or the entity it runs for.
        outputs: What other rules may use.
        steps: Stages of the waterfall it sets; none where it only settles.
        formulas: Every formula of its terms.
        derived: Tables that it adds, in the order in which they are made.
        experience: Queries whose rows its settlement reads.
        months: Stages of what it pays for a member-month; none where it pays for none.
    """

    declared: Rule
    methodology: Methodology[Any]
    distribution: str
    terms: Any
    when: Formula | None
    grain: str
    outputs: Mapping[str, Output]
    steps: tuple[Step, ...]
    formulas: tuple[Formula, ...]
    derived: tuple[BoundQuery, ...] = ()
    experience: tuple[BoundQuery, ...] = ()
    months: tuple[Step, ...] = ()

    @property
    def id(self) -> str:
        """What results call it."""
        return self.declared.id

    @property
    def source(self) -> str:
        """Where the contract says it."""
        return self.declared.source

    @property
    def settles(self) -> bool:
        """Whether it moves money per period."""
        return self.methodology.settles

    @property
    def opens(self) -> bool:
        """Whether it opens with balances: its terms name accounts where the schema marks them."""
        schema = self.methodology.terms_schema
        return any(branch.get("x-account") for _, _, branch in within(self.declared.terms, schema))

    def every_formula(self) -> Iterator[Formula]:
        """Give the formulas of its terms and its condition."""
        yield from self.formulas
        if self.when is not None:
            yield self.when


@frozen(kw_only=True)
class BoundRuleset:
    """A ruleset that can be run.

    Attributes:
        declaration: What the document says.
        tables: The ruleset's own tables, read and checked.
        shapes: Shape of every table that formulas may look values up in, given ones among them.
        given: Tables whose rows come with the data: standard ones, and those without a file.
        relations: What aggregates range over.
        rules: In the order in which they settle: what a rule uses stands before it.
        promises: What it says of payments that never move the wrong way.
        warnings: Findings that do not stop it.
    """

    declaration: Declaration
    tables: Mapping[str, LookupTable]
    shapes: Mapping[str, TableType]
    given: Mapping[str, StandardTable]
    relations: Mapping[str, Relation]
    rules: tuple[BoundRule, ...]
    line_columns: Mapping[str, Type]
    promises: tuple[BoundPromise, ...] = ()
    warnings: tuple[Diagnostic, ...] = Factory(tuple)

    def rule(self, name: str) -> BoundRule:
        """Give a rule by its id.

        Raises:
            KeyError: There is no such rule.
        """
        for rule in self.rules:
            if rule.id == name:
                return rule
        raise KeyError(name)

    @property
    def in_file_order(self) -> tuple[BoundRule, ...]:
        """The rules as the document lists them."""
        order = list(self.declaration.rules)
        return tuple(sorted(self.rules, key=lambda rule: order.index(rule.id)))
