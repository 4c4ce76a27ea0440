"""Operators, conditions and CASE: what they ask of their parts and what they give."""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.findings import WrongError
from rules_engine.expressions.size import BRANCHES
from rules_engine.expressions.types import Kind, Type, read_date

if TYPE_CHECKING:
    from rules_engine.expressions.checker import Checker

__all__ = ["as_date", "compare", "dated", "operator", "proven_not_null", "refuse_no_date"]

_BOOLEAN: Final = Type(Kind.BOOLEAN)
_NULL: Final = Type(Kind.TEXT, nullable=True, free=True)
_WORDS: Final = frozenset({Kind.CODE, Kind.TEXT})


def operator(checker: "Checker", node: syntax.Node) -> tree.Expression:
    """Type an operator, a condition or a CASE."""
    made: tree.Expression
    match node:
        case syntax.Binary(op="and" | "or"):
            made = _logic(checker, node)
        case syntax.Binary():
            made = _binary(checker, node)
        case syntax.Negate():
            operand = checker.visit(node.operand)
            checker.numeric(operand, node.operand, "-")
            type_ = units.negate(operand.type)
            made = tree.Negate(type=type_, start=node.start, end=node.end, operand=operand)
        case syntax.Not():
            operand = checker.condition(node.operand)
            made = _negated(operand, node)
        case syntax.In():
            made = _in_list(checker, node)
        case syntax.Between():
            made = _between(checker, node)
        case syntax.IsNull():
            with checker.refusing("inside a condition"):
                operand = checker.visit(node.operand)
            made = tree.IsNull(type=_BOOLEAN, start=node.start, end=node.end, operand=operand)
            made = _negated(made, node) if node.negated else made
        case syntax.Case():
            made = _case(checker, node)
        case syntax.Interval():
            raise checker.wrong(
                node,
                "RE406",
                "an interval stands alone; it is added to a date or taken from one",
                "write a date before it: discharge_date + INTERVAL '3' MONTH",
            )
        case _:
            msg = f"no such syntax: {node!r}"
            raise TypeError(msg)
    return made


def _negated(operand: tree.Expression, node: syntax.Node) -> tree.Not:
    return tree.Not(type=operand.type, start=node.start, end=node.end, operand=operand)


def proven_not_null(condition: tree.Expression) -> frozenset[str]:
    """Columns that are not null wherever `condition` is true."""
    match condition:
        case tree.Logic(op="and", left=left, right=right):
            return proven_not_null(left) | proven_not_null(right)
        case tree.Logic(op="or", left=left, right=right):
            return proven_not_null(left) & proven_not_null(right)
        case tree.Not(operand=tree.IsNull(operand=operand)):
            return _bare_columns((operand,))
        case tree.Not(operand=tree.Compare() | tree.InList() | tree.Like() as tested):
            # A condition of unknown truth is as unknown when it is negated.
            return proven_not_null(tested)
        case tree.Compare(left=left, right=right):
            return _bare_columns((left, right))
        case tree.InList(operand=operand) | tree.Like(operand=operand):
            return _bare_columns((operand,))
        case _:
            return frozenset()


def _tested(condition: tree.Expression, *, unless: bool) -> frozenset[str]:
    """Columns that are not null wherever `condition` is anything but `unless`, unknown included."""
    match condition:
        case tree.IsNull(operand=operand):
            return _bare_columns((operand,)) if unless else frozenset()
        case tree.Not(operand=operand):
            return _tested(operand, unless=not unless)
        case tree.Logic(op=op, left=left, right=right):
            one, other = _tested(left, unless=unless), _tested(right, unless=unless)
            return one & other if (op == "or") is not unless else one | other
        case _:
            return frozenset()


def _bare_columns(nodes: Iterable[tree.Expression]) -> frozenset[str]:
    return frozenset(n.name for n in nodes if isinstance(n, tree.Ref) and n.space == "column")


# -- two sides


def _binary(checker: "Checker", node: syntax.Binary) -> tree.Expression:
    if node.op in {"+", "-"} and isinstance(node.right, syntax.Interval):
        return _moved(checker, node, node.right)
    if node.op in {"+", "-", "*"}:
        left, right = checker.visit_all((node.left, node.right))
        return _arithmetic(checker, node, left, right)
    if node.op == "/":
        return _division(checker, node)
    with checker.refusing("inside a condition"):
        left, right = checker.visit_all((node.left, node.right))
    if node.op == "||":
        return _join(checker, node, left, right)
    if node.op == "like":
        return _like(checker, node, left, right)
    return compare(checker, node.op, (left, right), node, node.right)


def _moved(checker: "Checker", node: syntax.Binary, interval: syntax.Interval) -> tree.Expression:
    """Type `date + INTERVAL '3' MONTH`."""
    from rules_engine.expressions import dates  # noqa: PLC0415  its calls are typed with operators

    left = as_date(checker.visit(node.left))
    if left.type.kind != Kind.DATE:
        message = f"{units.show(left.type)} stands before an interval; a date may stand there"
        raise checker.wrong(node.left, "RE406", message)
    count = interval.count.copy_negate() if node.op == "-" else interval.count
    type_ = Type(Kind.COUNT, scale=0, low=count, high=count, free=True)
    moved = tree.Const(type=type_, start=interval.start, end=interval.end, value=count)
    if interval.unit != "day":
        return dates.made(f"add_{interval.unit}s", (left, moved), node)
    type_ = units.add("+", left.type, type_)
    return tree.Arithmetic(
        type=type_, start=node.start, end=node.end, op="+", left=left, right=moved
    )


def _division(checker: "Checker", node: syntax.Binary) -> tree.Expression:
    refusal = checker.refusal
    if refusal is not None and not checker.is_aside:
        checker.look_aside((node.left, node.right))
        help_ = "write round(a / b, 2), or as many places as the contract says"
        if refusal == "inside a divisor":
            help_ = "write a * c / b instead of a / (b / c)"
        elif refusal == "inside a condition":
            help_ = "multiply instead: a > 0.5 * b says what a / b > 0.5 says of a positive b"
        raise checker.wrong(
            node,
            "RE411",
            f"a division stands {refusal}; its result may have no last decimal place",
            help_,
        )

    def side(part: syntax.Node) -> tree.Expression:
        if part is node.left:
            return checker.visit(part)
        with checker.refusing("inside a divisor"):
            return checker.visit(part)

    left, right = checker.every(side, (node.left, node.right))
    if right.type.is_numeric and right.type.low == right.type.high == 0:
        shown = "zero" if isinstance(right, tree.Const) else "always zero"
        raise checker.wrong(node, "RE411", f"the divisor is {shown}")
    return _arithmetic(checker, node, left, right)


def _arithmetic(
    checker: "Checker", node: syntax.Binary, left: tree.Expression, right: tree.Expression
) -> tree.Expression:
    try:
        if node.op == "*":
            type_ = units.multiply(left.type, right.type)
        elif node.op == "/":
            type_ = units.divide(left.type, right.type)
        else:
            type_ = units.add(node.op, left.type, right.type)
    except units.UnitError as error:
        place = {"left": node.left, "right": node.right}.get(error.side or "", node)
        raise checker.wrong(place, "RE406", str(error)) from None
    return tree.Arithmetic(
        type=type_, start=node.start, end=node.end, op=node.op, left=left, right=right
    )


def _logic(checker: "Checker", node: syntax.Binary) -> tree.Expression:
    failed = False
    sides: list[tree.Expression] = []
    kept = checker.not_null
    with checker.refusing("inside a condition"):
        for side in (node.left, node.right):
            try:
                typed = checker.condition(side)
                sides.append(typed)
                # What the left side has tested is known on the right side, which is read too
                # where the left side is unknown.
                checker.not_null |= _tested(typed, unless=node.op == "or")
            except WrongError:
                failed = True
    checker.not_null = kept
    if failed:
        raise WrongError
    left, right = sides
    nullable = left.type.nullable or right.type.nullable
    return tree.Logic(
        type=_BOOLEAN.with_null(nullable),
        start=node.start,
        end=node.end,
        op=node.op,
        left=left,
        right=right,
    )


def _join(
    checker: "Checker", node: syntax.Binary, left: tree.Expression, right: tree.Expression
) -> tree.Expression:
    if checker.scope.profile != "mapping":
        raise checker.wrong(
            node, "RE415", "|| joins texts in mappings only", "write OR between two conditions"
        )
    for typed, at in ((left, node.left), (right, node.right)):
        if typed.type.kind not in _WORDS:
            raise checker.wrong(
                at, "RE406", f"{units.show(typed.type)} is joined; a text may stand there"
            )
    return tree.TextCall(
        type=Type(Kind.TEXT, left.type.nullable or right.type.nullable),
        start=node.start,
        end=node.end,
        function="||",
        arguments=(left, right),
    )


def _like(
    checker: "Checker", node: syntax.Binary, left: tree.Expression, right: tree.Expression
) -> tree.Expression:
    if not (isinstance(right, tree.Const) and isinstance(right.value, str)):
        raise checker.wrong(node.right, "RE406", "the pattern after LIKE is a text such as 'J1%'")
    if left.type.kind not in _WORDS or units.is_null(left.type):
        message = f"{units.show(left.type)} stands before LIKE; a code or text may stand there"
        raise checker.wrong(node.left, "RE406", message)
    return tree.Like(
        type=_BOOLEAN.with_null(left.type.nullable),
        start=node.start,
        end=node.end,
        operand=left,
        pattern=right.value,
    )


# -- comparisons


def compare(
    checker: "Checker",
    op: str,
    sides: tuple[tree.Expression, tree.Expression],
    node: syntax.Node,
    at: syntax.Node,
) -> tree.Compare:
    """Type a comparison, with its findings at `at`."""
    if any(units.is_null(side.type) for side in sides):
        raise checker.wrong(
            node,
            "RE412",
            "a comparison with NULL is never true",
            "write x IS NULL or x IS NOT NULL",
        )
    left, right = dated(*sides)
    for side, other in ((left, right), (right, left)):
        if other.type.kind == Kind.DATE:
            refuse_no_date(checker, side)
    why = units.comparable(left.type, right.type)
    if why is not None:
        raise checker.wrong(at, "RE406", why, _as_text(left, right))
    if left.type.kind == Kind.BOOLEAN and op not in {"=", "<>"}:
        raise checker.wrong(
            at, "RE406", f"conditions are compared with {op}; = or <> may stand there"
        )
    if op in {"=", "<>"}:
        for side, other in ((left, right), (right, left)):
            _enumerated(checker, side, other, at)
    nullable = left.type.nullable or right.type.nullable
    return tree.Compare(
        type=_BOOLEAN.with_null(nullable),
        start=node.start,
        end=node.end,
        op=op,
        left=left,
        right=right,
    )


def _as_text(left: tree.Expression, right: tree.Expression) -> str | None:
    for coded, number in ((left, right), (right, left)):
        if coded.type.kind in _WORDS and isinstance(number, tree.Const) and number.type.free:
            return f"a code is text: write '{number.value}'"
    return None


def _enumerated(
    checker: "Checker", coded: tree.Expression, value: tree.Expression, at: syntax.Node
) -> None:
    codes = coded.type.codes
    if codes is None or not isinstance(value, tree.Const) or not isinstance(value.value, str):
        return
    if value.value not in codes:
        close = difflib.get_close_matches(value.value, sorted(codes), n=1, cutoff=0.5)
        shown = ", ".join(f"'{c}'" for c in sorted(codes)[:8])
        checker.report(
            at,
            "RE413",
            f"'{value.value}' never occurs here; {shown} may stand here",
            f"did you mean '{close[0]}'?" if close else None,
        )


def _in_list(checker: "Checker", node: syntax.In) -> tree.Expression:
    with checker.refusing("inside a condition"):
        operand, *options = checker.visit_all((node.operand, *node.options))

    def side(pair: tuple[tree.Expression, syntax.Node]) -> tree.Expression:
        nonlocal operand
        compared = compare(checker, "=", (operand, pair[0]), pair[1], pair[1])
        operand = compared.left
        return compared.right

    sides = checker.every(side, zip(options, node.options, strict=True))
    nullable = any(s.type.nullable for s in (operand, *sides))
    made = tree.InList(
        type=_BOOLEAN.with_null(nullable),
        start=node.start,
        end=node.end,
        operand=operand,
        options=sides,
    )
    return _negated(made, node) if node.negated else made


def _between(checker: "Checker", node: syntax.Between) -> tree.Expression:
    with checker.refusing("inside a condition"):
        # Twice, because the operand stands in both comparisons.
        before = checker.visits
        operand, low, high = checker.visit_all((node.operand, node.low, node.high))
        checker.count(checker.visits - before, node)

    def side(bound: tuple[str, tree.Expression, syntax.Node]) -> tree.Expression:
        op, typed, at = bound
        return compare(checker, op, (operand, typed), node, at)

    above, below = checker.every(side, ((">=", low, node.low), ("<=", high, node.high)))
    nullable = above.type.nullable or below.type.nullable
    made = tree.Logic(
        type=_BOOLEAN.with_null(nullable),
        start=node.start,
        end=node.end,
        op="and",
        left=above,
        right=below,
    )
    return _negated(made, node) if node.negated else made


# -- choices


def _case(checker: "Checker", node: syntax.Case) -> tree.Expression:
    if len(node.branches) > BRANCHES:
        raise checker.wrong(
            node,
            "RE414",
            f"the CASE has {len(node.branches)} branches; it may have {BRANCHES}",
            "put the values into a table and read them with lookup(table.column, key)",
        )
    branches: list[tuple[tree.Expression, tree.Expression]] = []
    failed = False
    kept = checker.not_null
    for condition, value in node.branches:
        try:
            with checker.refusing("inside a condition"):
                typed = checker.condition(condition)
            known = checker.not_null
            checker.not_null = known | proven_not_null(typed)
            try:
                branches.append((typed, checker.visit(value)))
            finally:
                checker.not_null = known
            if isinstance(typed, tree.IsNull):
                # The branches after it are those where it is not null.
                checker.not_null |= _bare_columns((typed.operand,))
        except WrongError:
            failed = True
    default: tree.Expression = tree.Const(type=_NULL, start=node.end, end=node.end, value=None)
    try:
        if node.default is not None:
            default = checker.visit(node.default)
    except WrongError:
        failed = True
    checker.not_null = kept
    if failed:
        raise WrongError
    try:
        values = [value.type for _, value in branches]
        type_ = units.union([*values, default.type], "the branches of CASE")
    except units.UnitError as error:
        raise checker.wrong(node, "RE406", str(error)) from None
    return tree.Case(
        type=type_, start=node.start, end=node.end, branches=tuple(branches), default=default
    )


# -- dates that are written as texts


def dated(left: tree.Expression, right: tree.Expression) -> tuple[tree.Expression, tree.Expression]:
    """Read a text that is compared with a date as a date, where it is one."""
    if left.type.kind == Kind.DATE:
        return left, as_date(right)
    if right.type.kind == Kind.DATE:
        return as_date(left), right
    return left, right


def as_date(node: tree.Expression) -> tree.Expression:
    """Give a text that is a date as the date; everything else as it is."""
    if isinstance(node, tree.Const) and isinstance(node.value, str):
        value = read_date(node.value)
        if value is not None:
            return tree.Const(type=Type(Kind.DATE), start=node.start, end=node.end, value=value)
    return node


def refuse_no_date(checker: "Checker", node: tree.Expression) -> None:
    """Refuse a text that is no date, where one is asked for."""
    if isinstance(node, tree.Const) and isinstance(node.value, str):
        message = f"'{node.value}' is no date; one such as '2026-01-31' may stand there"
        raise checker.wrong(syntax.Node(start=node.start, end=node.end), "RE406", message)
