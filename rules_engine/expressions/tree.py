"""What an expression means: every node typed, every name resolved; both compilations start here."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from attrs import evolve, field, fields, frozen

from rules_engine.expressions.types import Kind, TableType, Type

__all__ = [
    "Absolute",
    "Aggregate",
    "Arithmetic",
    "Case",
    "ClaimFunction",
    "Coalesce",
    "Compare",
    "Const",
    "DateCall",
    "Dated",
    "Elementary",
    "Expression",
    "Extremum",
    "Has",
    "InList",
    "Interpolate",
    "IsNull",
    "Like",
    "Logic",
    "Lookup",
    "Negate",
    "Not",
    "OfRows",
    "Point",
    "Ref",
    "Round",
    "Running",
    "TextCall",
    "can_fail",
    "children",
    "moved",
    "reads_date",
    "running_in",
    "walk",
]


@frozen(kw_only=True)
class Expression:
    """A typed formula.

    Attributes:
        type: What its value is.
        start: Place of its first character in its text.
        end: Place after its last character.
    """

    type: Type
    start: int = field(default=0, eq=False)
    end: int = field(default=0, eq=False)


@frozen(kw_only=True)
class Const(Expression):
    """A value that is known."""

    value: Decimal | str | date | bool | None


@frozen(kw_only=True)
class Ref(Expression):
    """A value that the row or the occasion gives.

    Attributes:
        space: Where it comes from: `column`, `stage` (allowed, remaining), `entity`, `output`,
            `date` (the row's own).
        name: Its name there; an output is `rule.output`.
    """

    space: str
    name: str


@frozen(kw_only=True)
class Dated(Expression):
    """The entry whose first day is the last one not after the row's date; none yet rejects the row.

    Attributes:
        entries: First day and value, in the order of days.
        name: What the contract calls it.
    """

    entries: tuple[tuple[date, Expression], ...]
    name: str


@frozen(kw_only=True)
class Arithmetic(Expression):
    """`+ - * /`; between dates and days too."""

    op: str
    left: Expression
    right: Expression


@frozen(kw_only=True)
class Negate(Expression):
    """`-x`."""

    operand: Expression


@frozen(kw_only=True)
class Absolute(Expression):
    """`ABS(x)`."""

    operand: Expression


@frozen(kw_only=True)
class Round(Expression):
    """`ROUND(x, n)`: `mode` is half_up, half_even or down."""

    operand: Expression
    places: int
    mode: str


@frozen(kw_only=True)
class Compare(Expression):
    """`= <> < <= > >=`."""

    op: str
    left: Expression
    right: Expression


@frozen(kw_only=True)
class Logic(Expression):
    """`and`, `or`: the right side is read unless the left side alone decides."""

    op: str
    left: Expression
    right: Expression


@frozen(kw_only=True)
class Not(Expression):
    """`NOT x`."""

    operand: Expression


@frozen(kw_only=True)
class InList(Expression):
    """`x IN (…)`."""

    operand: Expression
    options: tuple[Expression, ...]


@frozen(kw_only=True)
class IsNull(Expression):
    """`x IS NULL`."""

    operand: Expression


@frozen(kw_only=True)
class Like(Expression):
    """`x LIKE pattern` with `%` and `_`."""

    operand: Expression
    pattern: str


@frozen(kw_only=True)
class Case(Expression):
    """The value of the first branch whose condition is true."""

    branches: tuple[tuple[Expression, Expression], ...]
    default: Expression


@frozen(kw_only=True)
class Extremum(Expression):
    """`least` or `greatest`; null where any argument is."""

    function: str
    arguments: tuple[Expression, ...]


@frozen(kw_only=True)
class Coalesce(Expression):
    """The first argument that is not null."""

    arguments: tuple[Expression, ...]


@frozen(kw_only=True)
class Lookup(Expression):
    """A column of the table's row with these keys at the row's date; no such row rejects."""

    table: str
    column: str
    keys: tuple[Expression, ...]


@frozen(kw_only=True)
class Has(Expression):
    """Whether the table has a row with these keys at the row's date."""

    table: str
    keys: tuple[Expression, ...]


@frozen(kw_only=True)
class Interpolate(Expression):
    """A column of a table, linear between the rows around `at` (its only key).

    Attributes:
        table: The table.
        column: What is read.
        at: Where it is read.
        key: Type of the table's key.
        column_type: Type of the column.
    """

    table: str
    column: str
    at: Expression
    key: Type
    column_type: Type


@frozen(kw_only=True)
class Point(Expression):
    """One end of the piece of a curve around a value.

    Attributes:
        of: The interpolation.
        part: `key` and `value` of the row below, `next_key` and `next_value` of the row above.
    """

    of: Interpolate
    part: str


@frozen(kw_only=True)
class Elementary(Expression):
    """`ROUND(POWER|EXP|LN(…), n)`, rounded correctly.

    Attributes:
        function: `power`, `exp` or `ln`.
        arguments: Numbers.
        places: Decimal places.
        mode: half_up, half_even or down.
        results: The result for all that the arguments can be, None where there is no such number;
            None where it is computed when it is asked for.
    """

    function: str
    arguments: tuple[Expression, ...]
    places: int
    mode: str
    results: tuple[tuple[tuple[Decimal, ...], Decimal | None], ...] | None = field(
        default=None, eq=False
    )


@frozen(kw_only=True)
class Aggregate(Expression):
    """`sum`, `count`, `mean`, `median` and others over the rows of a relation at the rule's grain.

    Attributes:
        function: Its name.
        relation: Table, priced rule or settled rule whose rows are read.
        operand: What is added up, over that relation's columns; None to count rows.
        condition: Rows to take; None for all.
        at: Which percentile, 0 to 1; None for the others.
        peers: What the entities have in common whose rows are read; None where rows of this
            entity or of the contract are read.
    """

    function: str
    relation: str
    operand: Expression | None
    condition: Expression | None = None
    at: Decimal | None = None
    peers: tuple[Expression, ...] | None = None


@frozen(kw_only=True)
class DateCall(Expression):
    """A function of the calendar.

    Attributes:
        function: `year`, `month`, `day`, `last_day`; `add_months` and `add_years`, whose day is
            the month's last where it has no such day; `months_between` and `years_between`, which
            count whole months and years from the first date to the second.
        arguments: A date, and a whole number or a second date.
    """

    function: str
    arguments: tuple[Expression, ...]


@frozen(kw_only=True)
class ClaimFunction(Expression):
    """One value of the lines of a claim, or the rank of a line among them.

    Attributes:
        function: `claim_sum`, `claim_min`, `claim_max`, `claim_rank` (1 for the largest, ties by
            line number), `claim_count`, `claim_any`, `claim_all`.
        operand: What each line gives; None to count lines.
        condition: Lines to take; None for all of the claim.
    """

    function: str
    operand: Expression | None
    condition: Expression | None = None


@frozen(kw_only=True)
class Running(Expression):
    """What of an amount lies within a limit that earlier lines have used up in part.

    `least(limit, sum up to this line) - least(limit, sum before it)`, over the lines that the rule
    applies to, in the order in which claims are priced.

    Attributes:
        amount: What this line adds.
        limit: How much there may be together.
        by: Whose sum it is, such as a person.
        within: In what: a year, a month, the contract.
    """

    amount: Expression
    limit: Expression
    by: Expression
    within: Expression


OfRows = Aggregate | ClaimFunction | Running
"""What one row alone does not give."""


@frozen(kw_only=True)
class TextCall(Expression):
    """A function of the mapping profile: reads or joins texts of other people's files."""

    function: str
    arguments: tuple[Expression, ...]


def _operand(node: Any) -> tuple[Expression, ...]:
    return (node.operand,)


def _of_claim(node: ClaimFunction) -> tuple[Expression, ...]:
    return tuple(part for part in (node.operand, node.condition) if part is not None)


def _of_aggregate(node: Aggregate) -> tuple[Expression, ...]:
    parts = (node.operand, node.condition, *(node.peers or ()))
    return tuple(part for part in parts if part is not None)


_SIDES: Final = attrgetter("left", "right")
_ARGUMENTS: Final = attrgetter("arguments")
_KEYS: Final = attrgetter("keys")
_RUNNING: Final = attrgetter("amount", "limit", "by", "within")

# By class and not by `match`, which asks one class after the other: checks walk trees many times.
_PARTS: Final[Mapping[type, Callable[[Any], tuple[Expression, ...]]]] = {
    **dict.fromkeys((Arithmetic, Compare, Logic), _SIDES),
    **dict.fromkeys((Negate, Absolute, Round, Not, IsNull, Like), _operand),
    **dict.fromkeys((Extremum, Coalesce, TextCall, DateCall, Elementary), _ARGUMENTS),
    **dict.fromkeys((Lookup, Has), _KEYS),
    InList: lambda node: (node.operand, *node.options),
    Case: lambda node: (*(part for branch in node.branches for part in branch), node.default),
    Interpolate: lambda node: (node.at,),
    Dated: lambda node: tuple(value for _, value in node.entries),
    Aggregate: _of_aggregate,
    ClaimFunction: _of_claim,
    Running: _RUNNING,
}


def children(node: Expression) -> tuple[Expression, ...]:
    """Give the parts of a node, in the order in which they are read."""
    parts = _PARTS.get(node.__class__)
    return () if parts is None else parts(node)


def walk(node: Expression) -> Iterator[Expression]:
    """Give a node and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)


def moved(node: Expression, by: int) -> Expression:
    """Give the same formula where its text stands later in a longer one."""

    def inner(value: Any) -> Any:
        if isinstance(value, Expression):
            return moved(value, by)
        return tuple(inner(part) for part in value) if isinstance(value, tuple) else value

    own = {one.name: inner(getattr(node, one.name)) for one in fields(type(node))}
    return evolve(node, **{**own, "start": node.start + by, "end": node.end + by})


def can_fail(node: Expression) -> bool:
    """Whether it can reject the row: a missing key, a zero divisor, a date of no calendar."""
    return any(
        isinstance(part, Lookup | Dated | Interpolate | Elementary | ClaimFunction)
        or (isinstance(part, Arithmetic) and (part.op == "/" or part.type.kind == Kind.DATE))
        or (isinstance(part, DateCall) and part.function.startswith("add_"))
        for part in walk(node)
    )


def running_in(node: Expression) -> tuple[Running, ...]:
    """Give the running sums of an amount, each once, in the order in which they are read."""
    return tuple(dict.fromkeys(part for part in walk(node) if isinstance(part, Running)))


def reads_date(node: Expression, tables: Mapping[str, TableType]) -> bool:
    """Whether its value depends on the row's date."""
    return any(
        isinstance(part, Dated)
        or (isinstance(part, Ref) and part.space == "date")
        or (
            isinstance(part, Lookup | Has | Interpolate)
            and tables[part.table].effective is not None
        )
        for part in walk(node)
    )
