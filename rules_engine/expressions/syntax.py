"""What an expression says, before it is known what its names mean."""

from datetime import date
from decimal import Decimal

from attrs import frozen

__all__ = [
    "Between",
    "Binary",
    "Call",
    "Case",
    "In",
    "IsNull",
    "Literal",
    "Name",
    "Node",
    "Not",
    "Negate",
]


@frozen(kw_only=True)
class Node:
    """A piece of an expression and the place of its text."""

    start: int
    end: int


@frozen(kw_only=True)
class Literal(Node):
    """A number, text, date, truth value or NULL as written."""

    value: Decimal | str | date | bool | None


@frozen(kw_only=True)
class Name(Node):
    """`charge_amount`, `rule.output`, `table.column`, or a quoted column."""

    parts: tuple[str, ...]
    quoted: bool = False


@frozen(kw_only=True)
class Negate(Node):
    """`-x`."""

    operand: Node


@frozen(kw_only=True)
class Not(Node):
    """`NOT x`."""

    operand: Node


@frozen(kw_only=True)
class Binary(Node):
    """Arithmetic, comparison, AND, OR, `||`, LIKE."""

    op: str
    left: Node
    right: Node


@frozen(kw_only=True)
class In(Node):
    """`x [NOT] IN (…)`."""

    operand: Node
    options: tuple[Node, ...]
    negated: bool


@frozen(kw_only=True)
class Between(Node):
    """`x [NOT] BETWEEN low AND high`."""

    operand: Node
    low: Node
    high: Node
    negated: bool


@frozen(kw_only=True)
class IsNull(Node):
    """`x IS [NOT] NULL`."""

    operand: Node
    negated: bool


@frozen(kw_only=True)
class Case(Node):
    """`CASE WHEN … THEN … [ELSE …] END`; without ELSE the default is NULL."""

    branches: tuple[tuple[Node, Node], ...]
    default: Node | None


@frozen(kw_only=True)
class Call(Node):
    """`function(arguments) [FILTER (WHERE condition)] [OVER peers(…)]`; its name in lower case."""

    function: str
    arguments: tuple[Node, ...]
    filter: Node | None = None
    peers: tuple[Node, ...] | None = None
