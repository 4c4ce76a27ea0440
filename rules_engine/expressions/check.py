"""Names, units, nulls and widths of an expression, checked before any row is seen."""

import difflib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from attrs import evolve

from rules_engine.expressions import syntax, tree, units
from rules_engine.expressions.parser import parse
from rules_engine.expressions.scope import Parameter, Relation, Scope
from rules_engine.expressions.tokens import ExpressionError, Finding
from rules_engine.expressions.types import Kind, TableType, Type, places

__all__ = ["WIDEST", "check", "proven_not_null"]

WIDEST: Final = 38
"""Decimal digits of the widest number that every engine computes exactly."""

_BOOLEAN: Final = Type(Kind.BOOLEAN)
_NULL: Final = Type(Kind.TEXT, nullable=True, free=True)
_ROUNDINGS: Final = {"round": "half_up", "round_half_even": "half_even", "round_down": "down"}
_AGGREGATES: Final = frozenset({"sum", "count", "min", "max", "mean"})
_SCALAR: Final = frozenset({"least", "greatest", "coalesce", "abs", "lookup", "has", *_ROUNDINGS})
_SETTLEMENT: Final = _AGGREGATES | {"interpolate"}
_MAPPING: Final = {
    "number": (1, 1), "date": (1, 2), "substring": (2, 3), "upper": (1, 1), "lower": (1, 1),
    "trim": (1, 1), "make_date": (3, 3), "last_day": (1, 1), "first_of": (1, 99),
}  # fmt: skip


class _Wrong(Exception):  # noqa: N818  never leaves this file
    """A part could not be typed and its finding is recorded."""


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
    checker = _Checker(scope)
    try:
        typed = checker.visit(node)
        if expected is not None:
            typed = checker.place(typed, expected, node, posted)
    except _Wrong:
        pass
    if checker.findings:
        raise ExpressionError(tuple(dict.fromkeys(checker.findings)))
    return typed


def proven_not_null(condition: tree.Expression) -> frozenset[str]:
    """Columns that are not null wherever `condition` is true."""
    match condition:
        case tree.Not(operand=tree.IsNull(operand=tree.Ref(space="column", name=name))):
            return frozenset({name})
        case tree.Logic(op="and", left=left, right=right):
            return proven_not_null(left) | proven_not_null(right)
        case tree.Logic(op="or", left=left, right=right):
            return proven_not_null(left) & proven_not_null(right)
        case tree.Compare(left=left, right=right):
            return _bare_columns((left, right))
        case tree.InList(operand=operand) | tree.Like(operand=operand):
            return _bare_columns((operand,))
        case _:
            return frozenset()


def _bare_columns(nodes: Iterable[tree.Expression]) -> frozenset[str]:
    return frozenset(n.name for n in nodes if isinstance(n, tree.Ref) and n.space == "column")


class _Checker:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.findings: list[Finding] = []
        self.dividing = scope.profile == "settlement"
        self.not_null = scope.not_null

    # -- findings

    def report(self, node: syntax.Node, code: str, message: str, help_: str | None = None) -> None:
        self.findings.append(
            Finding(node.start, max(1, node.end - node.start), code, message, help_)
        )

    def wrong(self, node: syntax.Node, code: str, message: str, help_: str | None = None) -> _Wrong:
        self.report(node, code, message, help_)
        return _Wrong()

    def visit_all(self, nodes: Iterable[syntax.Node]) -> tuple[tree.Expression, ...]:
        """Type all of them, so that one wrong part does not hide another."""
        typed: list[tree.Expression] = []
        failed = False
        for node in nodes:
            try:
                typed.append(self.visit(node))
            except _Wrong:
                failed = True
        if failed:
            raise _Wrong
        return tuple(typed)

    def place(
        self, typed: tree.Expression, expected: Type, node: syntax.Node, posted: int | None
    ) -> tree.Expression:
        why = units.fits(typed.type, expected)
        if why is not None:
            help_ = None
            if expected.kind == Kind.RATE and typed.type.low == typed.type.high is not None:
                help_ = "a rate is a fraction: write 0.50 for 50 %"
            raise self.wrong(node, "RE407", why, help_)
        if posted is not None and (typed.type.scale is None or typed.type.scale > posted):
            shown = (
                "any fraction" if typed.type.scale is None else f"{typed.type.scale} decimal places"
            )
            self.report(
                node,
                "RE408",
                f"the amount has {shown}; a posted amount has {posted}",
                f"say where the contract rounds: round(…, {posted})",
            )
        if typed.type.free and expected.is_numeric:
            return evolve(typed, type=evolve(typed.type, kind=expected.kind, free=False))
        return typed

    # -- nodes

    def visit(self, node: syntax.Node) -> tree.Expression:
        match node:
            case syntax.Literal():
                return self.literal(node)
            case syntax.Name():
                return self.name(node)
            case syntax.Negate():
                operand = self.visit(node.operand)
                self.numeric(operand, node.operand, "-")
                return tree.Negate(
                    type=units.negate(operand.type), start=node.start, end=node.end, operand=operand
                )
            case syntax.Not():
                return tree.Not(
                    type=_BOOLEAN,
                    start=node.start,
                    end=node.end,
                    operand=self.condition(node.operand),
                )
            case syntax.Binary():
                return self.binary(node)
            case syntax.In():
                return self.in_list(node)
            case syntax.Between():
                return self.between(node)
            case syntax.IsNull():
                operand = self.visit(node.operand)
                made: tree.Expression = tree.IsNull(
                    type=_BOOLEAN, start=node.start, end=node.end, operand=operand
                )
                return evolve_not(made) if node.negated else made
            case syntax.Case():
                return self.case(node)
            case syntax.Call():
                return self.call(node)
        msg = f"no such syntax: {node!r}"
        raise TypeError(msg)

    def literal(self, node: syntax.Literal) -> tree.Const:
        value = node.value
        match value:
            case None:
                type_ = _NULL
            case bool():
                type_ = _BOOLEAN
            case Decimal():
                # 1.10 is 1.1: the narrower number keeps products in machine integers.
                value = _plain(value)
                type_ = Type(Kind.NUMBER, False, places(value), value, value, free=True)  # noqa: FBT003  positional as declared
                if type_.digits is not None and type_.digits > WIDEST:
                    raise self.wrong(
                        node, "RE409", f"the number has {type_.digits} digits; it may have {WIDEST}"
                    )
            case date():
                type_ = Type(Kind.DATE)
            case _:
                type_ = Type(Kind.TEXT)
        return tree.Const(type=type_, start=node.start, end=node.end, value=value)

    def name(self, node: syntax.Name) -> tree.Expression:
        scope = self.scope
        if len(node.parts) == 1:
            name = node.parts[0]
            if not node.quoted:
                if name in scope.locals:
                    return scope.locals[name]
                if name in scope.stages:
                    return tree.Ref(
                        type=scope.stages[name],
                        start=node.start,
                        end=node.end,
                        space="stage",
                        name=name,
                    )
                if name in scope.parameters:
                    return parameter(name, scope.parameters[name], node)
            if name in scope.columns:
                type_ = scope.columns[name]
                if name in self.not_null:
                    type_ = type_.with_null(nullable=False)
                return tree.Ref(
                    type=type_, start=node.start, end=node.end, space="column", name=name
                )
            raise self.unknown(node, name)
        return self.dotted(node)

    def dotted(self, node: syntax.Name) -> tree.Expression:
        scope = self.scope
        if len(node.parts) != 2:  # noqa: PLR2004  rule.output, entity.column
            raise self.wrong(
                node,
                "RE403",
                f"{'.'.join(node.parts)} has {len(node.parts)} parts; a name has two at most",
            )
        first, second = node.parts
        if scope.entity is not None and first == scope.entity[0]:
            columns = scope.entity[1]
            if second not in columns:
                raise self.unknown_of(
                    node, f"{first}.{second}", second, columns, f"columns of {first}"
                )
            return tree.Ref(
                type=columns[second], start=node.start, end=node.end, space="entity", name=second
            )
        if first in scope.outputs:
            outputs = scope.outputs[first]
            if second not in outputs:
                raise self.unknown_of(
                    node, f"{first}.{second}", second, outputs, f"outputs of {first}"
                )
            return tree.Ref(
                type=outputs[second],
                start=node.start,
                end=node.end,
                space="output",
                name=f"{first}.{second}",
            )
        if first in scope.finer:
            raise self.wrong(
                node,
                "RE410",
                f"{first}.{second} is one value per {scope.finer[first]}; this formula is one value per {scope.grain}",
                f"say how they are combined: sum({first}.{second})",
            )
        if first in scope.relations:
            grain = scope.relations[first].grain
            raise self.wrong(
                node,
                "RE410",
                f"{first}.{second} is one value per {grain}; this formula is one value per {scope.grain}",
                f"say how they are combined: sum({first}.{second})",
            )
        if first in scope.tables:
            raise self.wrong(
                node,
                "RE403",
                f"{first}.{second} names a column of a table, not of this row",
                f"read it with lookup({first}.{second}, {', '.join(scope.tables[first].key)})",
            )
        known = [
            *scope.outputs,
            *scope.finer,
            *scope.relations,
            *([scope.entity[0]] if scope.entity else []),
        ]
        raise self.unknown_of(node, f"{first}.{second}", first, known, "rules and tables")

    def unknown(self, node: syntax.Name, name: str) -> _Wrong:
        scope = self.scope
        if name in scope.tables:
            return self.wrong(
                node,
                "RE403",
                f"{name} is a table; a value may stand here",
                f"read one with lookup({name}.<column>, {', '.join(scope.tables[name].key)})",
            )
        if name in scope.outputs or name in scope.finer:
            outputs = ", ".join(f"{name}.{o}" for o in sorted(scope.outputs.get(name, {}))[:4])
            return self.wrong(
                node, "RE403", f"{name} is a rule; an output of it may stand here", outputs or None
            )
        known = [*scope.columns, *scope.stages, *scope.parameters, *scope.locals]
        return self.unknown_of(
            node, name, name, known, f"columns of a {scope.grain} and parameters"
        )

    def unknown_of(
        self, node: syntax.Node, shown: str, name: str, known: Iterable[str], what: str
    ) -> _Wrong:
        close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
        help_ = f"did you mean {close[0]}?" if close else None
        if help_ is None and name.lower() != name:
            help_ = "text stands in single quotes: '…'"
        return self.wrong(node, "RE403", f"{shown} is not known; {what} may stand here", help_)

    # -- operators

    def numeric(self, typed: tree.Expression, node: syntax.Node, op: str) -> None:
        if not typed.type.is_numeric:
            raise self.wrong(
                node,
                "RE406",
                f"{op} stands before a {typed.type.kind}; a number or amount may stand there",
            )

    def condition(self, node: syntax.Node) -> tree.Expression:
        typed = self.visit(node)
        if typed.type.kind != Kind.BOOLEAN:
            raise self.wrong(
                node,
                "RE407",
                f"a {typed.type.kind} is found; a condition may stand here",
                "compare it, as in x = 'value'",
            )
        return typed

    def binary(self, node: syntax.Binary) -> tree.Expression:
        if node.op in {"and", "or"}:
            return self.logic(node)
        left, right = self.visit_all((node.left, node.right))
        if node.op == "||":
            return self.join(node, left, right)
        if node.op == "like":
            return self.like(node, left, right)
        if node.op in {"+", "-", "*", "/"}:
            return self.arithmetic(node, left, right)
        return self.compare(node.op, left, right, node, node.right)

    def logic(self, node: syntax.Binary) -> tree.Expression:
        failed = False
        sides: list[tree.Expression] = []
        kept = self.not_null
        for side in (node.left, node.right):
            try:
                typed = self.condition(side)
                sides.append(typed)
                if node.op == "and":
                    # What the left side has tested is known on the right side.
                    self.not_null |= proven_not_null(typed)
            except _Wrong:
                failed = True
        self.not_null = kept
        if failed:
            raise _Wrong
        nullable = any(s.type.nullable for s in sides)
        return tree.Logic(
            type=_BOOLEAN.with_null(nullable),
            start=node.start,
            end=node.end,
            op=node.op,
            left=sides[0],
            right=sides[1],
        )

    def arithmetic(
        self, node: syntax.Binary, left: tree.Expression, right: tree.Expression
    ) -> tree.Expression:
        if node.op == "/" and not self.dividing:
            raise self.wrong(
                node,
                "RE411",
                "a division stands outside ROUND; its result may have no last decimal place",
                "write round(a / b, 2), or as many places as the contract says",
            )
        try:
            if node.op == "*":
                type_ = units.multiply(left.type, right.type)
            elif node.op == "/":
                type_ = units.divide(left.type, right.type)
            else:
                type_ = units.add(node.op, left.type, right.type)
        except units.UnitError as error:
            raise self.wrong(node, "RE406", str(error)) from None
        if isinstance(right, tree.Const) and node.op == "/" and not right.value:
            raise self.wrong(node, "RE411", "the divisor is zero")
        if self.scope.profile == "row" and type_.digits is not None and type_.digits > WIDEST:
            raise self.wrong(
                node,
                "RE409",
                f"the result may have {type_.digits} digits; engines compute {WIDEST} exactly",
                "round a factor first, or declare narrower columns",
            )
        return tree.Arithmetic(
            type=type_, start=node.start, end=node.end, op=node.op, left=left, right=right
        )

    def compare(
        self,
        op: str,
        left: tree.Expression,
        right: tree.Expression,
        node: syntax.Node,
        at: syntax.Node,
    ) -> tree.Compare:
        if any(units.is_null(side.type) for side in (left, right)):
            raise self.wrong(
                node,
                "RE412",
                "a comparison with NULL is never true",
                "write x IS NULL or x IS NOT NULL",
            )
        left, right = _as_dates(left, right)
        why = units.comparable(left.type, right.type)
        if why is not None:
            help_ = None
            code = left if left.type.kind in {Kind.CODE, Kind.TEXT} else right
            number = right if code is left else left
            if (
                code.type.kind in {Kind.CODE, Kind.TEXT}
                and isinstance(number, tree.Const)
                and number.type.free
            ):
                help_ = f"a code is text: write '{number.value}'"
            raise self.wrong(at, "RE406", why, help_)
        for side, other in ((left, right), (right, left)):
            self.enumerated(side, other, at)
        nullable = left.type.nullable or right.type.nullable
        return tree.Compare(
            type=_BOOLEAN.with_null(nullable),
            start=node.start,
            end=node.end,
            op=op,
            left=left,
            right=right,
        )

    def enumerated(self, coded: tree.Expression, value: tree.Expression, at: syntax.Node) -> None:
        codes = coded.type.codes
        if codes is None or not isinstance(value, tree.Const) or not isinstance(value.value, str):
            return
        if value.value not in codes:
            close = difflib.get_close_matches(value.value, sorted(codes), n=1, cutoff=0.5)
            shown = ", ".join(f"'{c}'" for c in sorted(codes)[:8])
            self.report(
                at,
                "RE413",
                f"'{value.value}' never occurs here; {shown} may stand here",
                f"did you mean '{close[0]}'?" if close else None,
            )

    def join(
        self, node: syntax.Binary, left: tree.Expression, right: tree.Expression
    ) -> tree.Expression:
        if self.scope.profile != "mapping":
            raise self.wrong(node, "RE415", "|| joins texts in mappings only")
        return tree.TextCall(
            type=Type(Kind.TEXT, left.type.nullable or right.type.nullable),
            start=node.start, end=node.end, function="||", arguments=(left, right),
        )  # fmt: skip

    def like(
        self, node: syntax.Binary, left: tree.Expression, right: tree.Expression
    ) -> tree.Expression:
        if not (isinstance(right, tree.Const) and isinstance(right.value, str)):
            raise self.wrong(node.right, "RE406", "the pattern after LIKE is a text such as 'J1%'")
        if left.type.kind not in {Kind.CODE, Kind.TEXT}:
            raise self.wrong(
                node.left,
                "RE406",
                f"a {left.type.kind} stands before LIKE; a code or text may stand there",
            )
        return tree.Like(
            type=_BOOLEAN.with_null(left.type.nullable),
            start=node.start,
            end=node.end,
            operand=left,
            pattern=right.value,
        )

    def in_list(self, node: syntax.In) -> tree.Expression:
        operand, *options = self.visit_all((node.operand, *node.options))
        sides = []
        for option, at in zip(options, node.options, strict=True):
            compared = self.compare("=", operand, option, at, at)
            operand = compared.left
            sides.append(compared.right)
        nullable = any(s.type.nullable for s in (operand, *sides))
        made: tree.Expression = tree.InList(
            type=_BOOLEAN.with_null(nullable),
            start=node.start,
            end=node.end,
            operand=operand,
            options=tuple(sides),
        )
        return evolve_not(made) if node.negated else made

    def between(self, node: syntax.Between) -> tree.Expression:
        operand, low, high = self.visit_all((node.operand, node.low, node.high))
        above = self.compare(">=", operand, low, node, node.low)
        below = self.compare("<=", operand, high, node, node.high)
        nullable = above.type.nullable or below.type.nullable
        made: tree.Expression = tree.Logic(
            type=_BOOLEAN.with_null(nullable),
            start=node.start,
            end=node.end,
            op="and",
            left=above,
            right=below,
        )
        return evolve_not(made) if node.negated else made

    def case(self, node: syntax.Case) -> tree.Expression:
        branches: list[tuple[tree.Expression, tree.Expression]] = []
        failed = False
        kept = self.not_null
        for condition, value in node.branches:
            try:
                typed = self.condition(condition)
                known = self.not_null
                self.not_null = known | proven_not_null(typed)
                try:
                    branches.append((typed, self.visit(value)))
                finally:
                    self.not_null = known
                if isinstance(typed, tree.IsNull):
                    self.not_null |= _bare_columns((typed.operand,))
            except _Wrong:
                failed = True
        default: tree.Expression = tree.Const(type=_NULL, start=node.end, end=node.end, value=None)
        try:
            if node.default is not None:
                default = self.visit(node.default)
        except _Wrong:
            failed = True
        self.not_null = kept
        if failed:
            raise _Wrong
        try:
            type_ = units.union(
                [*(v.type for _, v in branches), default.type], "the branches of CASE"
            )
        except units.UnitError as error:
            raise self.wrong(node, "RE406", str(error)) from None
        return tree.Case(
            type=type_, start=node.start, end=node.end, branches=tuple(branches), default=default
        )

    # -- functions

    def call(self, node: syntax.Call) -> tree.Expression:
        name = node.function
        profile = self.scope.profile
        known = (
            _SCALAR
            | (_SETTLEMENT if profile == "settlement" else frozenset())
            | (frozenset(_MAPPING) if profile == "mapping" else frozenset())
        )
        if name not in known:
            raise self.no_function(node, known)
        if (node.filter is not None or node.peers is not None) and name not in _AGGREGATES:
            raise self.wrong(node, "RE405", f"{name} has no FILTER or OVER; sums and counts do")
        if name in _AGGREGATES:
            return self.aggregate(node)
        if profile == "mapping" and name in _MAPPING:
            return self.text_call(node)
        if name in {"lookup", "has", "interpolate"}:
            return self.table_call(node)
        if name in _ROUNDINGS:
            return self.round(node)
        return self.scalar(node)

    def no_function(self, node: syntax.Call, known: frozenset[str]) -> _Wrong:
        name = node.function
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
        other = {"min": "least", "max": "greatest", "ifnull": "coalesce", "nvl": "coalesce", "if": "case when … then … else … end",
                 "ceil": "round", "ceiling": "round", "floor": "round_down", "trunc": "round_down", "isnull": "x is null"}  # fmt: skip
        help_ = f"did you mean {other.get(name) or close[0]}?" if name in other or close else None
        if name in _AGGREGATES and self.scope.profile == "row":
            help_ = other.get(name) and f"did you mean {other[name]}?"
            return self.wrong(
                node,
                "RE404",
                f"{name} combines many rows; this formula sees one {self.scope.grain}",
                help_,
            )
        return self.wrong(
            node, "RE404", f"{name} is not a function here; {', '.join(sorted(known))} are", help_
        )

    def count_arguments(self, node: syntax.Call, fewest: int, most: int | None = None) -> None:
        found = len(node.arguments)
        if found < fewest or (most is not None and found > most):
            wanted = (
                f"{fewest}"
                if most == fewest
                else f"{fewest} or more"
                if most is None
                else f"{fewest} to {most}"
            )
            raise self.wrong(
                node, "RE405", f"{node.function} has {found} arguments; it takes {wanted}"
            )

    def scalar(self, node: syntax.Call) -> tree.Expression:
        if node.function == "abs":
            self.count_arguments(node, 1, 1)
            operand = self.visit(node.arguments[0])
            self.numeric(operand, node.arguments[0], "abs")
            low, high = operand.type.low, operand.type.high
            top = None if low is None or high is None else max(abs(low), abs(high))
            type_ = evolve(operand.type, low=Decimal(0), high=top)
            if type_.kind == Kind.RATIO:
                type_ = evolve(type_, kind=Kind.FACTOR)
            return tree.Absolute(type=type_, start=node.start, end=node.end, operand=operand)
        self.count_arguments(node, 1 if node.function == "coalesce" else 2)
        arguments = self.visit_all(node.arguments)
        try:
            type_ = units.union([a.type for a in arguments], f"the arguments of {node.function}")
        except units.UnitError as error:
            raise self.wrong(node, "RE406", str(error)) from None
        if node.function == "coalesce":
            type_ = type_.with_null(all(a.type.nullable for a in arguments))
            return tree.Coalesce(type=type_, start=node.start, end=node.end, arguments=arguments)
        if type_.kind == Kind.BOOLEAN:
            raise self.wrong(
                node,
                "RE406",
                f"{node.function} compares conditions; amounts, numbers or dates may stand there",
            )
        type_ = _extreme(node.function, type_, arguments)
        return tree.Extremum(
            type=type_, start=node.start, end=node.end, function=node.function, arguments=arguments
        )

    def round(self, node: syntax.Call) -> tree.Expression:
        self.count_arguments(node, 2, 2)
        places_ = node.arguments[1]
        if not (
            isinstance(places_, syntax.Literal)
            and isinstance(places_.value, Decimal)
            and places_.value in range(13)
        ):
            raise self.wrong(
                places_, "RE405", "the places to round to are a whole number from 0 to 12"
            )
        kept, self.dividing = self.dividing, True
        try:
            operand = self.visit(node.arguments[0])
        finally:
            self.dividing = kept
        self.numeric(operand, node.arguments[0], node.function)
        count = int(places_.value)
        type_ = _rounded(operand.type, count)
        if self.scope.profile == "row" and type_.digits is not None and type_.digits > WIDEST:
            raise self.wrong(
                node,
                "RE409",
                f"the result may have {type_.digits} digits; engines compute {WIDEST} exactly",
            )
        return tree.Round(
            type=type_,
            start=node.start,
            end=node.end,
            operand=operand,
            places=count,
            mode=_ROUNDINGS[node.function],
        )

    def table_call(self, node: syntax.Call) -> tree.Expression:
        self.count_arguments(node, 2)
        first, *rest = node.arguments
        wants_column = node.function != "has"
        if not isinstance(first, syntax.Name) or len(first.parts) != (2 if wants_column else 1):
            shape = "table.column" if wants_column else "a table"
            raise self.wrong(
                first, "RE405", f"{node.function} reads {shape}; its name may stand here"
            )
        table = self.table(first)
        keys = self.keys(node, table, rest)
        if node.function == "has":
            return tree.Has(
                type=_BOOLEAN, start=node.start, end=node.end, table=table.name, keys=keys
            )
        column = first.parts[1]
        if column not in table.columns:
            raise self.unknown_of(
                first, f"{table.name}.{column}", column, table.columns, f"columns of {table.name}"
            )
        type_ = table.columns[column]
        if node.function == "interpolate":
            return tree.Interpolate(
                type=evolve(type_, scale=None),
                start=node.start,
                end=node.end,
                table=table.name,
                column=column,
                at=keys[0],
            )
        return tree.Lookup(
            type=type_, start=node.start, end=node.end, table=table.name, column=column, keys=keys
        )

    def table(self, node: syntax.Name) -> TableType:
        name = node.parts[0]
        if name not in self.scope.tables:
            raise self.unknown_of(node, name, name, self.scope.tables, "tables of the ruleset")
        return self.scope.tables[name]

    def keys(
        self, node: syntax.Call, table: TableType, arguments: list[syntax.Node]
    ) -> tuple[tree.Expression, ...]:
        if len(arguments) != len(table.key):
            raise self.wrong(
                node, "RE405",
                f"{table.name} is read by {len(arguments)} keys; its key is {', '.join(table.key)}",
            )  # fmt: skip
        keys = []
        for key, argument, at in zip(table.key, self.visit_all(arguments), arguments, strict=True):
            column = table.columns[key]
            _, typed = _as_dates(tree.Const(type=column, value=None), argument)
            why = units.comparable(column, typed.type)
            if why is not None:
                raise self.wrong(at, "RE406", f"key {key} of {table.name}: {why}")
            keys.append(typed)
        return tuple(keys)

    def aggregate(self, node: syntax.Call) -> tree.Expression:
        self.count_arguments(node, 1, 1)
        if node.peers is not None:
            raise self.wrong(node, "RE415", "OVER peers(…) is not offered at this grain")
        argument = node.arguments[0]
        relation = self.relation(node, argument)
        counting = isinstance(argument, syntax.Name) and argument.parts == (relation.name,)
        inner = _Checker(evolve(self.scope, profile="row", grain=relation.grain, columns=relation.columns,
                                outputs={}, relations={}, finer={}, entity=None, stages={}, locals={}))  # fmt: skip
        operand = condition = None
        try:
            if not counting:
                operand = inner.visit(_unqualified(argument, relation.name))
            if node.filter is not None:
                condition = inner.condition(_unqualified(node.filter, relation.name))
        finally:
            self.findings.extend(inner.findings)
        if counting and node.function != "count":
            raise self.wrong(
                argument,
                "RE405",
                f"{node.function} of {relation.name} needs a column of it",
                f"write {node.function}({relation.name}.<column>)",
            )
        return tree.Aggregate(
            type=self.aggregated(node, operand), start=node.start, end=node.end, function=node.function,
            relation=relation.name, operand=operand, condition=condition,
        )  # fmt: skip

    def aggregated(self, node: syntax.Call, operand: tree.Expression | None) -> Type:
        if operand is None or node.function == "count":
            return Type(Kind.COUNT, False, 0, Decimal(0), None)  # noqa: FBT003  positional as declared
        if not operand.type.is_numeric:
            raise self.wrong(
                node.arguments[0],
                "RE406",
                f"{node.function} takes numbers and amounts; a {operand.type.kind} is found",
            )
        type_ = evolve(operand.type, nullable=node.function != "sum", free=False)
        if node.function == "sum":
            low = Decimal(0) if type_.low is not None and type_.low >= 0 else None
            kind = type_.kind
            if kind in {Kind.RATE, Kind.FACTOR, Kind.RATIO}:
                kind = Kind.NUMBER
            return evolve(type_, kind=kind, low=low, high=None)
        return evolve(type_, scale=None) if node.function == "mean" else type_

    def relation(self, node: syntax.Call, argument: syntax.Node) -> Relation:
        relations = self.scope.relations
        for name in _names(argument):
            if name.parts[0] in relations:
                return relations[name.parts[0]]
        first = next(iter(_names(argument)), None)
        if first is None:
            raise self.wrong(
                node, "RE403", f"{node.function} names no table or rule whose rows it takes"
            )
        raise self.unknown_of(
            first, ".".join(first.parts), first.parts[0], relations, "tables and rules"
        )

    def text_call(self, node: syntax.Call) -> tree.Expression:
        self.count_arguments(node, *_MAPPING[node.function])
        arguments = self.visit_all(node.arguments)
        match node.function:
            case "number":
                type_ = evolve(
                    Type.of(Kind.NUMBER, nullable=True), free=True, low=None, high=None, scale=None
                )
            case "date" | "make_date" | "last_day":
                type_ = Type(Kind.DATE, nullable=True)
            case _:
                type_ = Type(Kind.TEXT, nullable=True)
        return tree.TextCall(
            type=type_, start=node.start, end=node.end, function=node.function, arguments=arguments
        )


def evolve_not(node: tree.Expression) -> tree.Not:
    """Negate a condition, keeping whether it may be unknown."""
    return tree.Not(type=node.type, start=node.start, end=node.end, operand=node)


def parameter(name: str, declared: Parameter, node: syntax.Node) -> tree.Expression:
    """Give the constant that a parameter stands for, or the dated choice between its values."""
    consts = tuple(
        (first or date.min, constant(declared.type, value, node))
        for first, value in declared.values
    )
    if len(consts) == 1 and declared.values[0][0] is None:
        return consts[0][1]
    type_ = units.union([c.type for _, c in consts], "the values")
    return tree.Dated(
        type=evolve(type_, kind=declared.type.kind),
        start=node.start,
        end=node.end,
        entries=consts,
        name=name,
    )


def constant(type_: Type, value: Decimal | str | date | bool, node: syntax.Node) -> tree.Const:  # noqa: FBT001  a value, not a flag
    """Give a value of a declared type, as narrow as it is."""
    if isinstance(value, Decimal) and not isinstance(value, bool):
        value = _plain(value)
        type_ = Type(type_.kind, False, places(value), value, value)  # noqa: FBT003  positional as declared
    return tree.Const(
        type=type_.with_null(nullable=False), start=node.start, end=node.end, value=value
    )


def _plain(value: Decimal) -> Decimal:
    """Give the same number without zeros at its end and without an exponent."""
    return value.quantize(Decimal(1).scaleb(-places(value)), context=units.EXACT)


def _rounded(type_: Type, count: int) -> Type:
    unit = Decimal(1).scaleb(-count)
    if type_.scale is not None and type_.scale <= count:
        return type_
    low = None if type_.low is None else (type_.low - unit).quantize(unit, context=units.EXACT)
    high = None if type_.high is None else (type_.high + unit).quantize(unit, context=units.EXACT)
    if type_.low is not None and type_.low >= 0:
        low = Decimal(0)
    if type_.kind == Kind.RATE:
        high = Decimal(1)
    return evolve(type_, scale=count, low=low, high=high)


def _extreme(function: str, type_: Type, arguments: tuple[tree.Expression, ...]) -> Type:
    """LEAST is bounded by the smallest upper bound, GREATEST by the largest lower one."""
    highs = [a.type.high for a in arguments]
    lows = [a.type.low for a in arguments]
    if function == "least":
        known = [h for h in highs if h is not None]
        bounded = evolve(type_, high=min(known) if known else None)
    else:
        known = [low for low in lows if low is not None]
        bounded = evolve(type_, low=max(known) if known else None)
    if bounded.kind in {Kind.RATIO, Kind.FACTOR} and bounded.low is not None and bounded.low >= 0:
        rate = bounded.high is not None and bounded.high <= 1
        bounded = evolve(bounded, kind=Kind.RATE if rate else Kind.FACTOR)
    return bounded


def _as_dates(
    left: tree.Expression, right: tree.Expression
) -> tuple[tree.Expression, tree.Expression]:
    """A text that is compared with a date and reads as one is that date."""
    if left.type.kind == Kind.DATE:
        return left, _as_date(right)
    if right.type.kind == Kind.DATE:
        return _as_date(left), right
    return left, right


def _as_date(node: tree.Expression) -> tree.Expression:
    if isinstance(node, tree.Const) and isinstance(node.value, str):
        try:
            value = date.fromisoformat(node.value)
        except ValueError:
            return node
        return tree.Const(type=Type(Kind.DATE), start=node.start, end=node.end, value=value)
    return node


def _names(node: syntax.Node) -> Iterable[syntax.Name]:
    match node:
        case syntax.Name():
            yield node
        case syntax.Call(function="lookup" | "has"):
            for argument in node.arguments[1:]:
                yield from _names(argument)
        case _:
            for part in _parts(node):
                yield from _names(part)


def _parts(node: syntax.Node) -> tuple[syntax.Node, ...]:
    match node:
        case syntax.Binary():
            return (node.left, node.right)
        case syntax.Negate() | syntax.Not() | syntax.IsNull():
            return (node.operand,)
        case syntax.In():
            return (node.operand, *node.options)
        case syntax.Between():
            return (node.operand, node.low, node.high)
        case syntax.Case():
            default = () if node.default is None else (node.default,)
            return (*(p for branch in node.branches for p in branch), *default)
        case syntax.Call():
            return node.arguments
        case _:
            return ()


def _unqualified(node: syntax.Node, relation: str) -> syntax.Node:
    """Drop the relation's name before its columns: inside an aggregate the row is its row."""

    def again(part: syntax.Node) -> syntax.Node:
        return _unqualified(part, relation)

    match node:
        case syntax.Name(parts=(first, second)) if first == relation:
            return evolve(node, parts=(second,))
        case syntax.Binary():
            return evolve(node, left=again(node.left), right=again(node.right))
        case syntax.Negate() | syntax.Not() | syntax.IsNull():
            return evolve(node, operand=again(node.operand))
        case syntax.In():
            return evolve(
                node, operand=again(node.operand), options=tuple(again(o) for o in node.options)
            )
        case syntax.Between():
            return evolve(
                node, operand=again(node.operand), low=again(node.low), high=again(node.high)
            )
        case syntax.Case():
            branches = tuple((again(c), again(v)) for c, v in node.branches)
            return evolve(node, branches=branches, default=node.default and again(node.default))
        case syntax.Call(function="lookup" | "has"):
            return evolve(
                node, arguments=(node.arguments[0], *(again(a) for a in node.arguments[1:]))
            )
        case syntax.Call():
            return evolve(node, arguments=tuple(again(a) for a in node.arguments))
        case _:
            return node
