"""Functions of mappings: texts of other people's files become numbers, dates and other texts."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rules_engine.expressions import syntax, tree
from rules_engine.expressions.types import Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["FORMS", "text_call"]

_WORDS: Final = frozenset({Kind.CODE, Kind.TEXT})
# The last argument may repeat where it ends with an asterisk, and lack where with a question mark.
FORMS: Final = {
    "number": "text",
    "date": "text pattern?",
    "substring": "text whole whole?",
    "upper": "text",
    "lower": "text",
    "trim": "text",
    "make_date": "whole whole whole",
    "first_of": "text text*",
}
"""Function → what each argument is."""

_DATE_PARTS: Final = ("YYYY", "MM", "DD")
# What number(…) reads: six decimal places, and twelve digits before them.
_READ: Final = Decimal("999999999999.999999")


def text_call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type a function of mappings."""
    form = FORMS[node.function].split()
    fewest = sum(1 for part in form if part[-1] not in "?*")
    checker.count_arguments(node, fewest, None if form[-1][-1] == "*" else len(form))
    arguments = checker.visit_all(node.arguments)
    wanted = [part.rstrip("?*") for part in form]
    wanted += [wanted[-1]] * (len(arguments) - len(wanted))
    checker.every(
        lambda asked: _takes(checker, asked[0], asked[1], (node.function, asked[2])),
        zip(arguments, node.arguments, wanted, strict=False),
    )
    match node.function:
        case "number":
            type_ = Type(
                Kind.NUMBER,
                nullable=True,
                scale=6,
                low=_READ.copy_negate(),
                high=_READ,
                free=True,
            )
        case "date" | "make_date":
            type_ = Type(Kind.DATE, nullable=True)
        case "first_of":
            type_ = Type(Kind.TEXT, nullable=all(a.type.nullable for a in arguments))
        case _:
            type_ = Type(Kind.TEXT, nullable=any(a.type.nullable for a in arguments))
    return tree.TextCall(
        type=type_, start=node.start, end=node.end, function=node.function, arguments=arguments
    )


def _takes(
    checker: "Checker", typed: tree.Expression, at: syntax.Node, asked: tuple[str, str]
) -> tree.Expression:
    function, what = asked
    kind = typed.type.kind
    constant = typed.value if isinstance(typed, tree.Const) else None
    match what:
        case "text":
            good, shown = kind in _WORDS, "a text"
        case "whole":
            # Texts of a file are read as numbers first.
            good, shown = typed.type.is_numeric or kind in _WORDS, "a whole number"
        case _:
            good = isinstance(constant, str) and all(constant.count(p) == 1 for p in _DATE_PARTS)
            shown = "a pattern such as 'YYYYMMDD'"
    if not good:
        raise checker.wrong(at, "RE405", f"{function} takes {shown}; something else stands here")
    return typed
