"""Names, units, nulls and widths of an expression, checked before any row is seen."""

from typing import Final

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.checker import Checker
from rules_engine.expressions.claim_calls import running_places
from rules_engine.expressions.findings import ExpressionError, WrongError
from rules_engine.expressions.operators import proven_not_null
from rules_engine.expressions.parser import parse
from rules_engine.expressions.scope import Scope
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.size import DEEPEST, LONGEST_SQL, WIDEST, TooLargeError, levels
from rules_engine.expressions.sql import SqlWriter
from rules_engine.expressions.types import Kind, Type
from rules_engine.expressions.widths import prove

__all__ = ["WIDEST", "check", "proven_not_null"]

# A tree of fewer parts, of which none is written twice within another, is short as SQL.
_SURELY_SHORT = 60


def check(
    text: str | syntax.Node,
    scope: Scope,
    expected: Type | None = None,
    *,
    posted: int | None = None,
) -> tree.Expression:
    """Resolve and type an expression.

    Args:
        text: The expression, or its syntax tree.
        scope: What its names may mean.
        expected: What its place asks for; None where anything may stand.
        posted: Decimal places of a posted amount; more than that must be rounded by the author.

    Raises:
        ExpressionError: With everything that is wrong in it.
    """
    node = parse(text) if isinstance(text, str) else text
    checker = Checker(scope)
    try:
        typed = checker.visit(node)
        _check_size(checker, typed, node)
        _check_running(checker, typed, node)
        if expected is not None:
            typed = _placed(checker, typed, expected, node)
        if posted is not None:
            _check_posted(checker, typed, node, posted)
    except WrongError:
        pass
    if checker.findings:
        raise ExpressionError(tuple(dict.fromkeys(checker.findings)))
    return typed


def _placed(
    checker: Checker, typed: tree.Expression, expected: Type, node: syntax.Node
) -> tree.Expression:
    why = units.fits(typed.type, expected)
    if why is not None:
        help_ = None
        if expected.kind == Kind.RATE and typed.type.low == typed.type.high is not None:
            help_ = "a rate is a fraction: write 0.50 for 50 %"
        raise checker.wrong(node, "RE407", why, help_)
    if typed.type.free and expected.is_numeric and typed.type.is_numeric:
        return evolve(typed, type=evolve(typed.type, kind=expected.kind, free=False))
    return typed


def _check_posted(checker: Checker, typed: tree.Expression, node: syntax.Node, posted: int) -> None:
    scale = typed.type.scale
    if scale is None or scale > posted:
        shown = "any fraction" if scale is None else f"{scale} decimal places"
        checker.report(
            node,
            "RE408",
            f"the amount has {shown}; a posted amount has {posted}",
            f"say where the contract rounds: round(…, {posted})",
        )


def _check_running(checker: Checker, typed: tree.Expression, node: syntax.Node) -> None:
    for part in running_places(typed):
        place = part if part.end > part.start else node
        checker.report(
            syntax.Node(start=place.start, end=place.end),
            "RE415",
            "running stands where not every line of the rule reads it",
            "let it stand outside of CASE, COALESCE and conditions; 0 adds nothing to a sum",
        )


def _check_size(checker: Checker, typed: tree.Expression, node: syntax.Node) -> None:
    deep = levels(typed)
    if deep > DEEPEST:
        raise checker.wrong(
            node,
            "RE414",
            f"the formula has {deep} levels with those of its names; it may have {DEEPEST}",
            "give parts of it to rules of their own",
        )
    rows = checker.scope.profile != "settlement"

    def report(part: tree.Expression, message: str, help_: str | None) -> None:
        place = part if part.end > part.start else node
        checker.report(syntax.Node(start=place.start, end=place.end), "RE409", message, help_)

    prove(typed, dict(checker.scope.tables), report, rows=rows)
    if checker.findings:
        raise WrongError
    if rows and (checker.visits > _SURELY_SHORT or _repeats(typed)):
        writer = SqlWriter(dict(checker.scope.tables), Sites(), of_lines=lambda _: "of_lines")
        try:
            writer.write(typed)
            writer.failure(typed)
        except TooLargeError:
            message = f"the formula becomes more than {LONGEST_SQL} characters of SQL"
            help_ = "round less often within one formula, or give parts of it to rules of their own"
            raise checker.wrong(node, "RE414", message, help_) from None


_WRITTEN_TWICE: Final = (tree.Round, tree.Extremum, tree.TextCall)


def _repeats(node: tree.Expression, inside: int = 0) -> bool:
    """Whether parts that are written several times stand deeply within each other."""
    inside += isinstance(node, _WRITTEN_TWICE)
    if inside > 2:  # noqa: PLR2004  few enough to be short
        return True
    for child in tree.children(node):  # noqa: SIM110  a generator for each part costs more than the answer
        if _repeats(child, inside):
            return True
    return False
