"""What rules and entities say beside their formulas: known names, and words that do something."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from rules_engine.diagnostics import choices, suggest
from rules_engine.expressions.tree import running_in
from rules_engine.language import soundness
from rules_engine.language.derived import SPAN
from rules_engine.language.document import Path
from rules_engine.language.findings import Findings
from rules_engine.language.monthly import MONTH
from rules_engine.language.names import Names
from rules_engine.language.references import within
from rules_engine.language.ruleset import Rule
from rules_engine.methodology import STAGES, Methodology, MonthStep, Step
from rules_engine.tables.standard import STANDARD

__all__ = ["Checks", "names_of_tables", "priced_grain"]


@frozen
class Checks:
    """Checks of rules and entities that are not formulas.

    Attributes:
        names: What may be named.
        findings: Where what is wrong is kept.
    """

    names: Names
    findings: Findings

    def entities(self) -> None:
        """Hold entities to tables that are there, and to their keys."""
        declared = self.names.declaration
        for entity in declared.entities.values():
            if entity.table not in self.names.given and entity.table not in self.names.tables:
                known = [*declared.tables, *STANDARD]
                own = f"{choices(declared.tables)} or " if declared.tables else ""
                self.findings.report(
                    (*entity.path, "table"),
                    "RE303",
                    f"table {entity.table} is not known; {own}a standard table may stand here",
                    suggest(entity.table, known) or f"declare it: tables: {{{entity.table}: …}}",
                )
        self.findings.add(soundness.entity_keys(declared, self.names.columns_of))

    def members(self) -> None:
        """Hold the tables that say whose member a person is to what is read of them."""
        derived = {query.table: query.shape for query in self.names.derived()}
        for entity in self.names.declaration.entities.values():
            path = (*entity.path, "members")
            if entity.members is None:
                continue
            shape = derived.get(entity.members)
            if shape is None:
                if len(self.names.bound) == len(self.names.declaration.rules):
                    self.findings.report(
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
                self.findings.report(
                    path,
                    "RE306",
                    f"{entity.members} does not say whose member a person is: it has one row for "
                    f"{' and '.join(shape.key) or 'nobody'} and the columns {found}",
                    f"a table with one row a person and {choices(needed)} may stand here",
                )

    def replaces(self, rule: Rule) -> None:
        """Refuse to replace what is no other rule."""
        for place, name in enumerate(rule.replaces):
            if name not in self.names.declaration.rules or name == rule.id:
                others = [r for r in self.names.declaration.rules if r != rule.id]
                self.findings.report(
                    (*rule.path, "replaces", place),
                    "RE304",
                    f"{name} is no other rule; {choices(others) or 'no rule'} may stand here",
                    suggest(name, others),
                )

    def words(
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
            self.findings.report((*rule.path, key), "RE326", f"{rule.id} {why}", key=True)
        unit = self.names.declaration.rounding.to
        priced = ["lines"] * bool(steps) + ["member-months"] * bool(monthly)
        if priced and unit not in {Decimal(1).scaleb(-places) for places in range(13)}:
            message = (
                f"to is {unit}, and {rule.id} prices {' and '.join(priced)}; 1, 0.1, 0.01 and so on"
                " may stand here"
            )
            self.findings.report(("rounding", "to"), "RE327", message)

    def steps(self, rule: Rule, steps: tuple[Step, ...]) -> bool:
        """Hold a plugin's steps to what the waterfall can do."""
        before = len(self.findings.found)
        for step in steps:
            if step.sets not in STAGES or step.per not in {"line", "claim"}:
                self.findings.report(
                    rule.path,
                    "RE321",
                    f"{rule.methodology} sets {step.sets} per {step.per}; "
                    f"{choices(STAGES)} per line or claim may be set",
                )
            elif step.per == "claim" and step.sets != "allowed":
                self.findings.report(
                    rule.path,
                    "RE321",
                    f"{rule.id} sets {step.sets} once a claim; only the allowed amount is",
                )
            elif step.per == "claim" and running_in(step.expression):
                self.findings.report(
                    rule.path,
                    "RE415",
                    f"{rule.id} pays once a claim; a running sum is kept line by line",
                    "pay per line, or give the running sum a rule of a later stage",
                )
            elif step.sets not in {"allowed", "limit"} and not (step.group_code and step.carc):
                self.findings.report(
                    rule.path,
                    "RE321",
                    f"{rule.id} takes money off a line without group code and reason code",
                )
        if len(steps) > 1:
            self.findings.report(
                rule.path, "RE321", f"{rule.id} sets {len(steps)} stages; a pricing rule sets one"
            )
        if rule.otherwise and steps and steps[0].sets != "allowed":
            self.findings.report(
                (*rule.path, "otherwise"),
                "RE322",
                f"{rule.id} sets {steps[0].sets}; "
                "otherwise is for rules that set the allowed amount",
                key=True,
            )
        return len(self.findings.found) == before

    def tables(self, rule: Rule, schema: Mapping[str, Any]) -> None:
        """Refuse names of tables in terms that nothing has."""
        own = self.names.declaration.tables
        known = [*own, *STANDARD, *(query.table for query in self.names.derived())]
        for path, name in names_of_tables(rule.terms, schema, rule):
            if name not in known:
                self.findings.report(
                    path,
                    "RE303",
                    f"table {name} is not known; {choices(own) or 'a declared'}"
                    ", a standard or a derived table may stand here",
                    suggest(name, known),
                )

    def parties(self, rule: Rule, schema: Mapping[str, Any]) -> None:
        """Refuse names of parties in terms that nobody has, and groups where one party stands."""
        declared = self.names.declaration
        known = {*declared.parties, *declared.groups, *declared.entities}
        for path, name, mark in _names_of_parties(rule.terms, schema):
            members = declared.groups.get(name, (name,))
            if mark == "one" and len(members) != 1:
                self.findings.report(
                    (*rule.terms_path, *path),
                    "RE305",
                    f"{name} is a group of {len(members)}; one party may stand here",
                    f"name one of them: {choices(members)}",
                )
            if name not in known:
                self.findings.report(
                    (*rule.terms_path, *path),
                    "RE305",
                    f"{name} is no party; {choices(sorted(known))} may stand here",
                    suggest(name, known),
                )


def names_of_tables(
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


def priced_grain(methodology: Methodology[Any]) -> str | None:
    """Give the grain of the rows that a rule's condition is about; None where it prices none."""
    if methodology.price_months is not None:
        return MONTH
    return "line" if methodology.price is not None else None
