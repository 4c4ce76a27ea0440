"""CASE, COALESCE, LEAST and GREATEST in another dialect."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from rules_engine.warehouse.term import NULL, Column, InexactError, Term, bracketed

if TYPE_CHECKING:
    from rules_engine.warehouse.translate import Translator

__all__ = ["aligned", "by_code_points", "case", "coalesce", "extremum", "nullif"]


def aligned(translator: "Translator", terms: Sequence[Term]) -> tuple[list[Term], Column]:
    """Give values that meet in forms in which they can, and what is known of all of them."""
    sorts = {term.sort for term in terms} - {"null"}
    if len(sorts) > 1:
        msg = f"{' and '.join(sorted(sorts))} meet"
        raise InexactError(msg)
    if not sorts:
        return list(terms), NULL
    made, about = translator.numbers.together(terms)
    return made, about or Column(sort=sorts.pop())


def by_code_points(translator: "Translator", term: Term) -> exp.Expr:
    """Order a text by its code points, and not as some language does."""
    collation = translator.target.collation
    if term.sort != "text" or collation is None:
        return term.node
    name = exp.to_identifier(collation, quoted=True)
    return exp.Collate(this=bracketed(term.node), expression=name)


def case(translator: "Translator", node: exp.Case) -> Term:
    """Translate the value of the first branch that holds."""
    subject = None if node.this is None else translator.term(node.this).node
    branches = node.args["ifs"]
    default = node.args.get("default")
    tests = [translator.term(branch.this).node for branch in branches]
    parts = [branch.args["true"] for branch in branches]
    values, about = aligned(translator, translator.terms([*parts, *([default] if default else [])]))
    last = values.pop().node if default else None
    ifs = [exp.If(this=t, true=value.node) for t, value in zip(tests, values, strict=True)]
    return Term(node=exp.Case(this=subject, ifs=ifs, default=last), about=about)


def coalesce(translator: "Translator", node: exp.Coalesce) -> Term:
    """Translate the first value that is not null."""
    values, about = aligned(translator, translator.terms([node.this, *node.expressions]))
    first, *others = (value.node for value in values)
    return Term(node=exp.Coalesce(this=first, expressions=others), about=about)


def extremum(translator: "Translator", node: exp.Least | exp.Greatest) -> Term:
    """Translate LEAST and GREATEST; the query has asked for nulls before, which engines skip."""
    values, about = aligned(translator, translator.terms([node.this, *node.expressions]))
    first, *others = (by_code_points(translator, value) for value in values)
    return Term(node=type(node)(this=first, expressions=others), about=about)


def nullif(translator: "Translator", node: exp.Nullif) -> Term:
    """Translate a value that is null where it is another one."""
    (found, other), _ = aligned(translator, translator.terms([node.this, node.expression]))
    return Term(node=exp.Nullif(this=found.node, expression=other.node), about=found.about)
