"""Amounts of a line in generated Python: computed, held to their range, and posted."""

from collections.abc import Sequence
from contextlib import nullcontext

from rules_engine.expressions import Expression, tree
from rules_engine.expressions.closure import Emitter
from rules_engine.expressions.rational import divides
from rules_engine.expressions.types import Kind
from rules_engine.pricing.plan import AMOUNT, EXCEEDS, PricingRule, may_exceed
from rules_engine.pricing.running import accumulator, key_text

__all__ = ["write_amount"]


def write_amount(variable: str, rule: PricingRule, emitter: Emitter, scale: int) -> None:
    """Write what sets a variable to a rule's amount, at the scale of a posted amount.

    Args:
        variable: Which.
        rule: The rule; a line that it cannot price is refused in its name.
        emitter: Where the columns and the stages so far have variables.
        scale: Decimal places of a posted amount.
    """
    sites, expression = emitter.sites, rule.step.expression
    sites.rule = rule.id
    nodes = tree.running_in(expression)
    # All parts first: what refuses the line does so before it adds to any sum, as in a batch.
    parts = [_parts(node, emitter) for node in nodes]
    for number, (node, texts) in enumerate(zip(nodes, parts, strict=True), 1):
        _write_running(accumulator(rule.id, number), node, texts, emitter)
    emitter.write(f"{variable} = {emitter.value(expression)}")
    if expression.type.nullable:
        site = sites.number("RE605", "a null reaches an amount")
        emitter.write(f"if {variable} is None: raise R_({site})")
    if may_exceed(expression):
        site = sites.number("RE612", EXCEEDS)
        low, high = emitter.const(AMOUNT.low), emitter.const(AMOUNT.high)
        emitter.write(f"if not {low} <= {variable} <= {high}: raise R_({site}, {variable})")
    if not _is_posted(expression, scale):
        emitter.write(f"if {variable}.__class__ is not Decimal_: {variable} = Decimal_({variable})")
        emitter.write(
            f"if not {variable}.same_quantum(unit_): {variable} = fixed_({variable}, unit_)"
        )


def _parts(node: tree.Running, emitter: Emitter) -> list[str]:
    """Write the parts of a running sum; whose it is, and within what, explains no amount."""
    amounts = [emitter.atom(emitter.value(part)) for part in (node.amount, node.limit)]
    keep, emitter.keep = emitter.keep, None
    keys = [emitter.atom(emitter.value(part)) for part in tree.children(node)[len(amounts) :]]
    emitter.keep = keep
    return [*amounts, *keys]


def _write_running(name: str, node: tree.Running, texts: Sequence[str], emitter: Emitter) -> None:
    """Write what lies within a limit, and what has run up to it, before anything else is read."""
    amount, limit, by, within = texts
    made = emitter.temp("None")
    emitter.running[node] = made
    emitter.bound["text_"] = key_text
    pairs = zip(texts, tree.children(node), strict=True)
    known = [f"{text} is not None" for text, part in pairs if part.type.nullable]
    if emitter.keep is not None:
        emitter.run_up[node] = emitter.temp("M_")
    with emitter.block(f"if {' and '.join(known)}:") if known else nullcontext():
        key = f"({name!r}, text_({by}), text_({within}))"
        emitter.write(f"b_, c_ = a_.add({key}, {amount})")
        if node in emitter.run_up:
            emitter.write(f"{emitter.run_up[node]} = b_")
        least = [f"({limit} if {limit} < {s} else {s})" for s in ("c_", "b_")]
        emitter.write(f"{made} = sub_({least[0]}, {least[1]})")


def _is_posted(node: Expression, scale: int) -> bool:
    """Whether a value is sure to be a Decimal of the posted scale, so that nobody has to look.

    ROUND gives its places where it rounds, and a column's values are given its scale when they are
    read.
    """
    match node:
        case tree.Round(operand=operand, places=places):
            own = operand.type.scale
            return places == scale and (divides(operand) or own is None or own > places)
        case tree.Ref(space="column", type=type_):
            return type_.kind is Kind.MONEY and type_.scale == scale
        case tree.Extremum(arguments=arguments):
            return all(_is_posted(argument, scale) for argument in arguments)
        case tree.Case(branches=branches, default=default):
            values = (*(value for _, value in branches), default)
            return all(_is_posted(value, scale) for value in values)
    return False
