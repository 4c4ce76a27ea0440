"""Formulas of terms and conditions: each checked at its place in the document."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from attrs import evolve, frozen

from rules_engine.diagnostics import Diagnostic
from rules_engine.expressions import Expression, ExpressionError, Scope, Type, check
from rules_engine.expressions.tree import Dated, moved
from rules_engine.expressions.units import UnitError, union
from rules_engine.language import soundness
from rules_engine.language.document import Path
from rules_engine.language.doubts import Doubts
from rules_engine.language.findings import Findings
from rules_engine.language.names import Names, scale_of
from rules_engine.language.references import Marked, expression_text
from rules_engine.language.ruleset import Rule
from rules_engine.methodology import Formula

__all__ = ["Formulas"]


@frozen
class Formulas:
    """Checks expressions of a ruleset.

    Attributes:
        names: What they may name.
        findings: Where what is wrong with them is kept.
    """

    names: Names
    findings: Findings

    def condition(self, rule: Rule, grain: str) -> Formula | None:
        """Check the condition of a rule; None where it has none, or a wrong one."""
        if rule.when is None:
            return None
        mark = {"type": "boolean or null", "grain": grain, "dated": False}
        return self.written(rule, (*rule.path, "when"), rule.when, mark, self.names.of(rule, mark))

    def formula(
        self, rule: Rule, term: Marked, grain: str, not_null: frozenset[str]
    ) -> Formula | None:
        """Check the formula of a term, or those of its dates; None where one is wrong."""
        mark = {"grain": grain, **term.mark}
        if not self.finds_rows(rule, term, mark):
            return None
        scope = evolve(self.names.of(rule, mark), not_null=not_null)
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
            self.findings.report(base, "RE406", str(error))
            return None
        text, placed = _one_after_the_other(entries)
        expression = Dated(type=type_, entries=placed, name=str(term.path[-1]))
        if scope.profile == "settlement":
            self.findings.add(
                soundness.one_value_a_period(self.names.declaration, rule, expression, base)
            )
        place = str(self.names.declaration.document.locate(base))
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
            if not isinstance(table, str) or not self.names.columns_of(table):
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
        taken = [name for name in mark.get("columns", ()) if name in self.names.columns_of(table)]
        if taken:
            self.findings.report(
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
        scale = scale_of(self.names.declaration) if mark.get("posted") else None
        document = self.names.declaration.document
        try:
            expression: Expression = check(text, scope, expected, posted=scale)
        except ExpressionError as error:
            # A rule that is wrong itself has said so; who uses it is not to blame.
            unbound = set(self.names.declaration.rules) - set(self.names.bound) - {rule.id}
            for found in error.findings:
                word = text[found.offset : found.offset + found.length].split(".")[0]
                if found.code == "RE403" and word in unbound:
                    continue
                location = document.locate(path, offset=found.offset)
                self.findings.found.append(
                    Diagnostic(location, found.code, found.message, help=found.help)
                )
            return None
        made = Formula(
            text=text,
            expression=expression,
            grain=str(mark["grain"]),
            place=str(document.locate(path)),
        )
        self.findings.add(
            soundness.curves(self.names.declaration, expression, path, self.names.tables)
        )
        is_amount = bool(mark.get("posted")) and scope.profile == "row"
        doubts = Doubts(document, path, self.names.tables)
        self.findings.add(doubts.about(expression, is_amount=is_amount))
        if scope.profile == "settlement":
            self.findings.add(soundness.at_one_time(self.names.declaration, rule, expression, path))
            self.findings.add(
                soundness.one_value_each(self.names.declaration, rule, made, path, scope.relations)
            )
        return made


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


def _beside(terms: Any, path: Path, name: str) -> Any:
    """Give the term of a name that stands beside the one at a path."""
    for step in path[:-1]:
        terms = terms[step]
    return terms.get(name) if isinstance(terms, Mapping) else None
