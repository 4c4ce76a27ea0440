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
    "Interval",
    "IsNull",
    "Literal",
    "Name",
    "Negate",
    "Node",
    "Not",
    "depth",
    "parts",
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
class Interval(Node):
    """`INTERVAL '3' MONTH`: a number of days, months or years beside a date."""

    count: Decimal
    unit: str


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


def parts(node: Node) -> tuple[Node, ...]:
    """Give the nodes directly within a node."""
    match node:
        case Binary():
            return (node.left, node.right)
        case Negate() | Not() | IsNull():
            return (node.operand,)
        case In():
            return (node.operand, *node.options)
        case Between():
            return (node.operand, node.low, node.high)
        case Case():
            default = () if node.default is None else (node.default,)
            return (*(part for branch in node.branches for part in branch), *default)
        case Call():
            condition = () if node.filter is None else (node.filter,)
            return (*node.arguments, *condition, *(node.peers or ()))
        case _:
            return ()


def depth(node: Node) -> int:
    """Count the levels of a tree, without recursion."""
    levels = 0
    level = [node]
    while level:
        levels += 1
        # A part that stands twice on one level counts once, or shared parts would take for ever.
        level = list({id(part): part for above in level for part in parts(above)}.values())
    return levels
