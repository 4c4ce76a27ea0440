"""Window functions over whole partitions in another dialect."""

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from rules_engine.warehouse.bounds import INT32, Bounds, Stored
from rules_engine.warehouse.choices import by_code_points
from rules_engine.warehouse.term import Column, InexactError, Term, shown

if TYPE_CHECKING:
    from rules_engine.warehouse.translate import Translator

__all__ = ["window"]

_PARTS: Final = frozenset({"this", "partition_by", "order", "spec", "over"})
_BY_PLACE: Final = exp.RowNumber | exp.FirstValue | exp.Lead
_UP_TO_ROW: Final = {
    "kind": "ROWS",
    "start": "UNBOUNDED",
    "start_side": "PRECEDING",
    "end": "CURRENT ROW",
}


def window(translator: "Translator", node: exp.Window) -> Term:
    """Translate what stands at a place of a partition, or is made of all of it or up to a row."""
    order, spec = node.args.get("order"), node.args.get("spec")
    others = any(value and name not in _PARTS for name, value in node.args.items())
    by_place = isinstance(node.this, _BY_PLACE)
    rows = None if spec is None else {name: value for name, value in spec.args.items() if value}
    # An order without rows would take the rows of one rank together.
    up_to_row = isinstance(node.this, exp.Sum) and rows == _UP_TO_ROW
    fits = rows is None if by_place else up_to_row or rows is None
    if others or not fits or (order is not None) != (by_place or up_to_row):
        msg = f"{shown(node)}: no exact translation of this window is known"
        raise InexactError(msg)
    made = _over(translator, node.this)
    partition = [part.node for part in translator.terms(node.args.get("partition_by") or [])]
    ordered = None
    if order is not None:
        places = [key for one in order.expressions for key in _places(translator, one)]
        ordered = exp.Order(expressions=places)
    return Term(
        node=exp.Window(
            this=made.node,
            partition_by=partition,
            order=ordered,
            spec=None if spec is None else spec.copy(),
            over="OVER",
        ),
        about=made.about,
    )


def _places(translator: "Translator", node: exp.Ordered) -> list[exp.Expr]:
    # DuckDB has nulls last, whichever the direction.
    value = by_code_points(translator, translator.term(node.this))
    falls = node.args.get("desc")
    if translator.target.places_nulls:
        return [exp.Ordered(this=value, desc=falls, nulls_first=False)]
    # Where nulls are the least of all, they are last in a falling order, and by a key of their own.
    own = exp.Ordered(this=value, desc=falls, nulls_first=not falls)
    if falls:
        return [own]
    is_null = exp.Is(this=value.copy(), expression=exp.Null())
    flag = exp.Case(
        ifs=[exp.If(this=is_null, true=exp.Literal.number(1))], default=exp.Literal.number(0)
    )
    return [exp.Ordered(this=flag, nulls_first=True), own]


def _over(translator: "Translator", node: exp.Expr) -> Term:
    counted = Column(sort="number", bounds=Bounds(0, 0, INT32), stored=Stored(None))
    match node:
        case exp.RowNumber():
            return Term(node=exp.RowNumber(), about=counted)
        case exp.Count():
            term = translator.term(node.this)
            return Term(node=exp.Count(this=term.node, big_int=True), about=counted)
        case exp.Sum():
            return translator.numbers.added_up(translator.term(node.this))
        case exp.Min() | exp.Max():
            term = translator.term(node.this)
            made = type(node)(this=by_code_points(translator, term))
            return Term(node=made, about=term.about)
        case exp.FirstValue() | exp.Lead():
            if any(value for name, value in node.args.items() if name != "this"):
                msg = f"{shown(node)}: only the next row is read"
                raise InexactError(msg)
            term = translator.term(node.this)
            return Term(node=type(node)(this=term.node), about=term.about)
    msg = f"{shown(node)}: no exact translation of this window is known"
    raise InexactError(msg)
