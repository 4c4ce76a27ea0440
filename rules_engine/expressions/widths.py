"""The proof that no engine meets a number wider than it computes exactly."""

from collections.abc import Callable, Iterable
from typing import Final

from rules_engine.expressions import dates, tree
from rules_engine.expressions.dialect import common
from rules_engine.expressions.quotient import by_division, division
from rules_engine.expressions.size import WIDEST
from rules_engine.expressions.types import NUMERIC, Kind, TableType, Type

__all__ = ["prove"]

Report = Callable[[tree.Expression, str, str | None], None]

_MOST_DAYS: Final = 9
_NARROWER: Final = "round a factor first, or declare narrower columns"


def prove(
    node: tree.Expression, tables: "dict[str, TableType]", report: Report, *, rows: bool
) -> None:
    """Report each part of a row expression that may be too wide.

    Args:
        node: The expression.
        tables: Shape of the tables that it reads.
        report: Called with the part, the message and the help.
        rows: Whether it is computed row by row; settlements compute on exact rationals, and only
            what they aggregate is.
    """
    proof = _Proof(tables, report)
    if rows:
        proof.holds(node)
        return
    for part in tree.walk(node):
        if isinstance(part, tree.Aggregate):
            for inner in tree.children(part):
                proof.holds(inner)


class _Proof:
    def __init__(self, tables: dict[str, TableType], report: Report) -> None:
        self.tables = tables
        self.report = report
        self.done: dict[int, bool] = {}

    def holds(self, node: tree.Expression) -> bool:
        """Whether it and all its parts are narrow enough; the innermost that is not is reported."""
        children = tree.children(node)
        if not children:
            return self.own(node)
        if id(node) not in self.done:
            parts = [self.holds(child) for child in children]
            self.done[id(node)] = all(parts) and self.own(node)
        return self.done[id(node)]

    def own(self, node: tree.Expression) -> bool:  # noqa: C901  one line a node
        match node:
            case tree.Const() | tree.Ref():
                return True
            case tree.Arithmetic() if node.type.kind == Kind.DATE:
                return self.days(node.right)
            case tree.Interpolate():
                return self.together(node, [node.key, node.at.type])
            case tree.DateCall() if not dates.is_narrow(node):
                return self.days(node.arguments[1])
            case tree.Arithmetic(left=left) if left.type.kind != Kind.DATE:
                return self.arithmetic(node)
            case tree.ClaimFunction() if node.type.is_numeric:
                return self.fits(node, node.type.digits)
            case tree.Running():
                return self.together(node, [node.amount.type, node.limit.type])
            case tree.Round():
                return self.round(node)
            case tree.Compare() | tree.InList() | tree.Extremum() | tree.Coalesce() | tree.Dated():
                return self.together(node, [part.type for part in tree.children(node)])
            case tree.Case():
                values = [*(v.type for _, v in node.branches), node.default.type]
                return self.together(node, values)
            case tree.Lookup() | tree.Has():
                table = self.tables[node.table]
                pairs = zip(table.key, node.keys, strict=True)
                return all(
                    self.together(node, [table.columns[name], key.type]) for name, key in pairs
                )
        return True

    def fits(self, node: tree.Expression, digits: int | None) -> bool:
        if digits is None:
            self.report(node, "the result has no largest value; columns declare theirs", None)
            return False
        if digits > WIDEST:
            message = f"the result may have {digits} digits; engines compute {WIDEST} exactly"
            self.report(node, message, _NARROWER)
            return False
        return True

    def arithmetic(self, node: tree.Arithmetic) -> bool:
        sides = (node.left.type, node.right.type)
        if any(side.scale is None for side in (*sides, node.type)):
            # The ROUND around a division is computed at once.
            return True
        if node.op != "*" and not self.together(node, sides):
            return False
        return self.fits(node, node.type.digits)

    def round(self, node: tree.Round) -> bool:
        if not self.fits(node, node.type.digits):
            return False
        if by_division(node) and division(node) is None:
            message = f"what is divided may have more than {WIDEST} digits as whole numbers"
            self.report(node, message, _NARROWER)
            return False
        return True

    def together(self, node: tree.Expression, types: Iterable[Type]) -> bool:
        """Numbers that meet are aligned to one scale."""
        numbers = [type_ for type_ in types if type_.kind in NUMERIC]
        scales = {number.scale for number in numbers}
        # The ROUND around a division aligns its parts itself.
        if len(scales) < 2 or None in scales:  # noqa: PLR2004  one scale needs no alignment
            return True
        digits, _ = common(numbers)
        if digits is not None and digits <= WIDEST:
            return True
        shown = "without a largest value" if digits is None else f"of {digits} digits"
        message = f"numbers {shown} meet here; engines compare {WIDEST} digits exactly"
        self.report(node, message, _NARROWER)
        return False

    def days(self, count: tree.Expression) -> bool:
        digits = count.type.digits
        if digits is None or digits > _MOST_DAYS:
            shown = "no largest value" if digits is None else f"{digits} digits"
            self.report(count, f"the days or months have {shown}; they may have {_MOST_DAYS}", None)
            return False
        return True
