"""Arithmetic that a database does exactly: each operand in as many digits as are proven for it."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Final

from attrs import evolve, frozen
from sqlglot import exp

from rules_engine.warehouse.bounds import INT32, Bounds, Stored
from rules_engine.warehouse.target import Target
from rules_engine.warehouse.term import Column, InexactError, Term, bracketed, whole_literal

__all__ = ["Numbers"]

_INT64: Final = 2**63 - 1
_INT32_DIGITS: Final = 10
_INT64_DIGITS: Final = 20
_PLACES: Final = 6
"""Decimal places that a quotient of whole numbers has at least; of an exact one all are zero."""
_ROWS: Final = 10
"""Decimal digits of the number of rows that one window may add up."""


@frozen
class Numbers:
    """The arithmetic of one dialect."""

    target: Target

    # -- widths

    def cast(self, term: Term, digits: int, scale: int) -> Term:
        """Keep a number in a decimal of so many digits, rounding halves away from zero."""
        stored = Stored(digits, scale)
        bounds = term.bounds.at(scale).within(digits)
        if term.stored == stored and not term.about.base:
            return term.known(bounds)
        if digits > self.target.digits:
            msg = f"a number of {digits} digits"
            raise InexactError(msg)
        node = term.node
        if self.target.names_widths or term.is_machine or term.about.base:
            node = exp.Cast(this=node, to=self.type_of(digits, scale))
        if not self.target.names_widths and scale < term.stored.scale:
            node = exp.Round(this=node, decimals=exp.Literal.number(scale))
        return term.as_number(node, bounds, stored)

    def type_of(self, digits: int, scale: int) -> exp.DataType:
        """Name the type of a decimal."""
        named = f"DECIMAL({digits}, {scale})" if self.target.names_widths else "BIGDECIMAL"
        return exp.DataType.build(named)

    def narrow(self, term: Term) -> Term:
        """Keep a number in the fewest digits that are proven for it."""
        return self.cast(term, term.bounds.digits, term.bounds.scale)

    def decimal(self, term: Term) -> Term:
        """Make a decimal of a machine integer."""
        if not term.is_machine:
            return term
        if term.is_literal:
            # Beside a decimal, a whole number as it is written counts as what its digits need.
            stored = Stored(term.bounds.digits, 0)
            return evolve(term, about=evolve(term.about, stored=stored))
        return self.narrow(term)

    def integer(self, term: Term) -> Term:
        """Make a machine integer of a number."""
        bounds = term.bounds.at(0)
        if term.is_machine:
            return term
        if bounds.size > INT32:
            msg = f"a machine integer of {bounds.digits} digits"
            raise InexactError(msg)
        node = exp.Cast(this=term.node, to=exp.DataType.build("INT"))
        return term.as_number(node, bounds, Stored(None))

    # -- operators

    def product(self, left: Term, right: Term) -> Term:
        """Multiply."""
        bounds = left.bounds * right.bounds
        return self._combined(exp.Mul, left, right, bounds)

    def total(self, left: Term, right: Term) -> Term:
        """Add."""
        return self._combined(exp.Add, left, right, left.bounds + right.bounds)

    def difference(self, left: Term, right: Term) -> Term:
        """Subtract."""
        return self._combined(exp.Sub, left, right, left.bounds - right.bounds)

    def _combined(
        self, operator: type[exp.Binary], left: Term, right: Term, bounds: Bounds
    ) -> Term:
        if left.is_machine and right.is_machine and bounds.size <= INT32:
            node = operator(this=bracketed(left.node), expression=bracketed(right.node))
            return left.as_number(node, bounds, Stored(None))
        rule = self.target.product if operator is exp.Mul else self.target.total
        a, b = self.decimal(left), self.decimal(right)
        for x, y in ((a, b), (self.narrow(a), self.narrow(b))):
            stored = rule(x.stored, y.stored)
            if stored is not None and (stored.digits or 0) >= bounds.digits:
                node = operator(this=bracketed(x.node), expression=bracketed(y.node))
                return x.as_number(node, bounds, stored)
        shown = {exp.Mul: "product", exp.Add: "sum", exp.Sub: "difference"}[operator]
        narrow = " and ".join(f"DECIMAL({x.bounds.digits}, {x.bounds.scale})" for x in (a, b))
        msg = f"a {shown} of {narrow}, which it keeps in {self.target.digits} digits"
        raise InexactError(msg)

    def quotient(self, left: Term, right: Term, known: Bounds | None = None) -> Term:
        """Divide whole numbers, cutting towards zero.

        Args:
            left: What is divided.
            right: The divisor; null, not zero.
            known: What is known of the quotient beside its parts.
        """
        a, b = self._wholes(left, right)
        bounds = known or a.bounds.divided(b.bounds)
        if self.target.quotient == "function":
            node: exp.Expr = exp.IntDiv(this=a.node, expression=b.node)
            return a.as_number(node, bounds, Stored(a.stored.digits, 0))
        if self.target.quotient == "operator" and bounds.size <= _INT64:
            node = exp.IntDiv(this=bracketed(a.node), expression=bracketed(b.node))
            # The quotient has 64 bits; beside a decimal they count as twenty digits.
            return self.narrow(a.as_number(node, bounds, Stored(_INT64_DIGITS, 0)))
        if bounds.digits > self.target.quotient_digits:
            msg = f"a whole quotient of {bounds.digits} digits"
            raise InexactError(msg)
        rest = exp.Mod(this=bracketed(a.node.copy()), expression=bracketed(b.node.copy()))
        multiple = exp.Paren(this=exp.Sub(this=bracketed(a.node), expression=exp.Paren(this=rest)))
        node = exp.Div(this=multiple, expression=bracketed(b.node))
        made = a.as_number(node, bounds.at(_PLACES), Stored(self.target.digits, _PLACES))
        return self.cast(made, bounds.digits, 0)

    def rest(self, left: Term, right: Term) -> Term:
        """Give what a whole division leaves."""
        bounds = left.bounds.rest(right.bounds)
        if left.is_machine and right.is_machine:
            node = exp.Mod(this=bracketed(left.node), expression=bracketed(right.node))
            return left.as_number(node, bounds, Stored(None))
        a, b = self._wholes(left, right)
        node = exp.Mod(this=bracketed(a.node), expression=bracketed(b.node))
        digits = min(a.stored.digits or 0, b.stored.digits or 0)
        return a.as_number(node, bounds, Stored(digits, 0))

    def _wholes(self, left: Term, right: Term) -> tuple[Term, Term]:
        a, b = self.decimal(left), self.decimal(right)
        if a.bounds.scale or b.bounds.scale:
            msg = "a division of numbers that are not whole"
            raise InexactError(msg)
        widest = self.target.digits
        if a.bounds.digits > widest or b.bounds.digits > widest:
            msg = f"a division of numbers of {max(a.bounds.digits, b.bounds.digits)} digits"
            raise InexactError(msg)
        return a, b

    def negative(self, term: Term) -> Term:
        """Turn the sign."""
        if term.is_literal:
            return whole_literal(-term.bounds.low)
        if not self._turns(term):
            return self.difference(whole_literal(0), term)
        return term.as_number(exp.Neg(this=bracketed(term.node)), -term.bounds, term.stored)

    def absolute(self, term: Term) -> Term:
        """Drop the sign."""
        if not self._turns(term):
            is_negative = exp.LT(this=bracketed(term.node.copy()), expression=exp.Literal.number(0))
            turned = self.negative(term)
            values, about = self.together([turned, term])
            branch = exp.If(this=is_negative, true=values[0].node)
            node = exp.Case(ifs=[branch], default=values[1].node.copy())
            stored = about.stored if about and about.stored else term.stored
            return term.as_number(node, term.bounds.absolute(), stored)
        return term.as_number(exp.Abs(this=term.node), term.bounds.absolute(), term.stored)

    def _turns(self, term: Term) -> bool:
        """Whether the database turns the sign of so many digits without rounding them."""
        return term.bounds.digits <= self.target.negation_digits

    def sign(self, term: Term) -> Term:
        """Give -1, 0 or 1; engines give it as a binary float."""
        low, high = term.bounds.low, term.bounds.high
        zero = exp.Literal.number(0)
        node = exp.Case(
            ifs=[
                exp.If(this=operator(this=bracketed(term.node.copy()), expression=zero.copy()),
                       true=whole_literal(value).node)
                for operator, value in ((exp.LT, -1), (exp.GT, 1), (exp.EQ, 0))
            ]
        )  # fmt: skip
        bounds = Bounds(0, -1 if low < 0 else 0 if low == 0 else 1, 1 if high > 0 else 0)
        return term.as_number(node, bounds, Stored(None))

    def rounded(self, term: Term, places: int) -> Term:
        """Round halves away from zero."""
        made = self.decimal(term)
        if made.bounds.scale <= places:
            return made
        bounds = made.bounds.at(places)
        stored = Stored(made.stored.whole + 1 + places, places)
        node = exp.Round(this=made.node, decimals=exp.Literal.number(places))
        return made.as_number(node, bounds, stored)

    def added_up(self, term: Term) -> Term:
        """Add up the rows of a window."""
        made = self.decimal(term)
        many = 10**_ROWS
        low, high = made.bounds.low, made.bounds.high
        bounds = Bounds(made.bounds.scale, min(low * many, low), max(high * many, high))
        if bounds.digits > self.target.digits:
            msg = f"a sum over rows of numbers of {made.bounds.digits} digits"
            raise InexactError(msg)
        digits = min(self.target.digits, (made.stored.digits or 0) + _ROWS)
        return made.as_number(exp.Sum(this=made.node), bounds, Stored(digits, bounds.scale))

    # -- numbers that meet

    def together(self, terms: Sequence[Term]) -> tuple[list[Term], Column | None]:
        """Align numbers that are compared or chosen from; give what holds them all, if any is."""
        numbers = [term for term in terms if term.sort == "number"]
        if not numbers:
            return list(terms), None
        bounds = reduce(or_, (term.bounds for term in numbers))
        if all(term.is_machine for term in numbers):
            return list(terms), Column(sort="number", bounds=bounds, stored=Stored(None))
        scale = bounds.scale
        whole = max(_INT32_DIGITS if term.is_machine else term.stored.whole for term in numbers)
        if whole + scale <= self.target.digits or all(t.stored.scale == scale for t in numbers):
            stored = Stored(min(whole + scale, self.target.digits), scale)
            return list(terms), Column(sort="number", bounds=bounds, stored=stored)
        if bounds.digits > self.target.digits:
            msg = f"numbers that need {bounds.digits} digits to meet"
            raise InexactError(msg)
        aligned = [
            self.cast(term, bounds.digits, scale) if term.sort == "number" else term
            for term in terms
        ]
        return aligned, aligned[[t.sort for t in terms].index("number")].about
