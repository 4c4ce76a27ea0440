"""Functions: how many arguments they take, of which units, and what they give."""

import difflib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import evolve

from rules_engine.expressions import (
    aggregates,
    claim_calls,
    dates,
    elementary,
    number_calls,
    syntax,
    table_calls,
    text_calls,
    tree,
    units,
)
from rules_engine.expressions.types import Kind, Type

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["call", "look_aside"]

_OTHER: Final = {
    "min": "least",
    "max": "greatest",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "if": "case when … then … else … end",
    "ceil": "round",
    "ceiling": "round",
    "floor": "round_down",
    "trunc": "round_down",
    "isnull": "x is null",
}
_Typed = Callable[["Checker", syntax.Call], tree.Expression]


def call(checker: "Checker", node: syntax.Call) -> tree.Expression:
    """Type a function call."""
    name = node.function
    known = _KNOWN[checker.scope.profile]
    if name not in known:
        look_aside(checker, node)
        raise _no_function(checker, node, known)
    if name not in aggregates.NAMES:
        _refuse_words(checker, node)
    fewest, most, typed = _FUNCTIONS[name]
    checker.count_arguments(node, fewest, most)
    return typed(checker, node)


def _refuse_words(checker: "Checker", node: syntax.Call) -> None:
    """Refuse FILTER and OVER behind a function that has no use for them."""
    lacking = []
    if node.filter is not None and node.function not in claim_calls.CLAIM_FORMS:
        lacking.append("FILTER; sums and counts do")
    if node.peers is not None:
        lacking.append("OVER; sum, mean and others that compare entities do")
    if lacking:
        look_aside(checker, node)
        raise checker.wrong(node, "RE405", f"{node.function} has no {lacking[0]}")


def look_aside(checker: "Checker", node: syntax.Call) -> None:
    """Find what is wrong within the arguments of a call that is wrong itself."""
    arguments = list(node.arguments)
    if node.function in table_calls.NAMES and arguments:
        table_calls.named(checker, node)
        arguments = arguments[1:]
    if node.function in aggregates.NAMES:
        # What such names mean is known inside the aggregate alone.
        arguments = [one for one in arguments if not aggregates.reads_relations(one)]
    condition = () if node.filter is None else (node.filter,)
    checker.look_aside((*arguments, *condition))


def _no_function(checker: "Checker", node: syntax.Call, known: frozenset[str]) -> Exception:
    name = node.function
    close = [_OTHER[name]] if name in _OTHER else []
    if name in aggregates.NAMES and checker.scope.profile == "row":
        return checker.wrong(
            node,
            "RE404",
            f"{name} combines many rows; this formula sees one {checker.scope.grain}",
            f"did you mean {close[0]}?" if close else None,
        )
    close = close or difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    if close:
        message = f"{name} is not a function here"
        return checker.wrong(node, "RE404", message, f"did you mean {close[0]}?")
    listed = ", ".join(sorted(known))
    return checker.wrong(node, "RE404", f"{name} is not a function here; {listed} are")


# -- choices


def _choice(checker: "Checker", node: syntax.Call) -> tree.Expression:
    name = node.function
    with checker.refusing(f"inside {name.upper()}"):
        arguments = checker.visit_all(node.arguments)
    try:
        type_ = units.union([a.type for a in arguments], f"the arguments of {name}")
    except units.UnitError as error:
        raise checker.wrong(node, "RE406", str(error)) from None
    if name == "coalesce":
        type_ = type_.with_null(all(a.type.nullable for a in arguments))
        return tree.Coalesce(type=type_, start=node.start, end=node.end, arguments=arguments)
    if type_.kind == Kind.BOOLEAN or units.is_null(type_):
        shown = "conditions" if type_.kind == Kind.BOOLEAN else "NULLs"
        message = f"{name} compares {shown}; amounts, numbers or dates may stand there"
        raise checker.wrong(node, "RE406", message)
    return tree.Extremum(
        type=_extreme(name, type_, arguments),
        start=node.start,
        end=node.end,
        function=name,
        arguments=arguments,
    )


def _extreme(function: str, type_: Type, arguments: tuple[tree.Expression, ...]) -> Type:
    """A constant bounds LEAST from above and GREATEST from below.

    Nothing else does: on a row that is rejected, or that a condition leaves out, every other value
    may be null in an engine that skips nulls here.
    """
    known = [a.value for a in arguments if isinstance(a, tree.Const)]
    numbers = [value for value in known if isinstance(value, Decimal)]
    low, high = type_.low, type_.high
    for value in numbers:
        if function == "least":
            high = value if high is None else min(high, value)
        else:
            low = value if low is None else max(low, value)
    bounded = evolve(type_, low=low, high=high)
    if bounded.kind in {Kind.RATIO, Kind.FACTOR} and low is not None and low >= 0:
        is_rate = high is not None and high <= 1
        bounded = evolve(bounded, kind=Kind.RATE if is_rate else Kind.FACTOR)
    return bounded


# -- what there is

_ROW: Final[Mapping[str, tuple[int, int | None, _Typed]]] = {
    "least": (2, None, _choice),
    "greatest": (2, None, _choice),
    "coalesce": (1, None, _choice),
    "abs": (1, 1, number_calls.absolute),
    "lookup": (2, None, table_calls.table_call),
    "has": (2, None, table_calls.table_call),
    "interpolate": (2, 2, table_calls.table_call),
    **dict.fromkeys(number_calls.ROUNDINGS, (2, 2, number_calls.rounding)),
    **{
        name: (count, count, number_calls.outside_round) for name, count in elementary.FORMS.items()
    },
    **{name: (len(form), len(form), dates.date_call) for name, form in dates.FORMS.items()},
}
_LINE: Final[Mapping[str, tuple[int, int | None, _Typed]]] = {
    claim_calls.RUNNING: (4, 4, claim_calls.running),
    **{name: (*form, claim_calls.claim_call) for name, form in claim_calls.CLAIM_FORMS.items()},
}
_SETTLEMENT: Final[Mapping[str, tuple[int, int | None, _Typed]]] = {
    name: (form, form, aggregates.aggregate) for name, form in aggregates.NAMES.items()
}
_MAPPING: Final[Mapping[str, tuple[int, int | None, _Typed]]] = dict.fromkeys(
    # It says itself how many arguments it takes.
    text_calls.FORMS,
    (0, None, text_calls.text_call),
)
_FUNCTIONS: Final = {**_ROW, **_LINE, **_SETTLEMENT, **_MAPPING}
_KNOWN: Final = {
    "row": frozenset({**_ROW, **_LINE}),
    "settlement": frozenset({**_ROW, **_SETTLEMENT}),
    "mapping": frozenset({**_ROW, **_MAPPING}) - {"interpolate"},
}
