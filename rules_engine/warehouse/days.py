"""Dates, and what is counted in days, months and years, in another dialect.

A date outside the years 1 to 9999 rejects its line, so that any value may stand for it; but it may
not stop the query.
"""

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from rules_engine.warehouse.bounds import Bounds, Stored
from rules_engine.warehouse.term import (
    DATE,
    Column,
    InexactError,
    Term,
    bracketed,
    shown,
    whole_literal,
)

if TYPE_CHECKING:
    from rules_engine.warehouse.translate import Translator

__all__ = ["between", "last_of_month", "moved", "part"]

# A date of a line that is rejected may lie this many days, or years, from any other.
_DAYS_APART: Final = 1_003_652_058
_YEARS_APART: Final = 3_000_000
_LAST_DAY: Final = 3_652_058
_MONTHS: Final = 12
_LAST_MONTH: Final = 119_999

_PARTS: Final = {
    "YEAR": Bounds(0, -_YEARS_APART, _YEARS_APART),
    "MONTH": Bounds(0, 1, _MONTHS),
    "DAY": Bounds(0, 1, 31),
}


def between(translator: "Translator", node: exp.DateDiff) -> Term:
    """Translate the days from one date to another."""
    if node.unit is None or node.unit.name.upper() != "DAY":
        msg = f"{shown(node)} counts something else than days"
        raise InexactError(msg)
    last, first = translator.terms([node.this, node.expression])
    for term in (last, first):
        _is_date(term)
    return _between(translator, last.node, first.node)


def _is_date(term: Term) -> None:
    if term.sort not in {"date", "null"}:
        msg = f"{shown(term.node)} is no date"
        raise InexactError(msg)


def _between(translator: "Translator", last: exp.Expr, first: exp.Expr) -> Term:
    made: exp.Expr
    match translator.target.days:
        case "operators":
            made = exp.Paren(this=exp.Sub(this=bracketed(last), expression=bracketed(first)))
        case "functions":
            # With a unit it would count from midnight to midnight of a time zone.
            made = exp.Anonymous(this="DATEDIFF", expressions=[last, first])
        case _:
            made = exp.DateDiff(this=last, expression=first, unit=exp.var("DAY"))
    return _counted(made, Bounds(0, -_DAYS_APART, _DAYS_APART))


def _counted(node: exp.Expr, bounds: Bounds) -> Term:
    return Term(node=node, about=Column(sort="number", bounds=bounds, stored=Stored(None)))


def part(translator: "Translator", node: exp.Year | exp.Month | exp.Day) -> Term:
    """Translate the year, the month or the day of a date."""
    term = translator.term(node.this)
    _is_date(term)
    return _part(translator, type(node).__name__.upper(), term.node)


def _part(translator: "Translator", name: str, day: exp.Expr) -> Term:
    made: exp.Expr = exp.Anonymous(this=name, expressions=[day])
    if translator.target.extracts:
        made = exp.Extract(this=exp.var(name), expression=day)
        # PostgreSQL gives a decimal.
        made = exp.Cast(this=made, to=exp.DataType.build("INT"))
    return _counted(made, _PARTS[name])


def last_of_month(translator: "Translator", node: exp.LastDay) -> Term:
    """Translate the last day of a date's month."""
    term = translator.term(node.this)
    _is_date(term)
    made: exp.Expr = exp.Anonymous(this="LAST_DAY", expressions=[term.node])
    if translator.target.days == "operators":
        one = exp.Literal.number(1)
        day = _part(translator, "DAY", term.node.copy()).node
        before = exp.Paren(this=exp.Sub(this=day, expression=one))
        first = exp.Sub(this=bracketed(term.node), expression=before)
        made = exp.Sub(this=_a_month_on(first, one.copy()), expression=one.copy())
    return Term(node=made, about=DATE)


def _a_month_on(day: exp.Expr, count: exp.Expr) -> exp.Expr:
    month = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("MONTH"))
    months = exp.Mul(this=bracketed(count), expression=month)
    added = exp.Add(this=bracketed(day), expression=months)
    return exp.Cast(this=added, to=exp.DataType.build("DATE"))


def moved(translator: "Translator", day: Term, by: exp.Expr, *, back: bool) -> Term:
    """Translate a date some days later or, where it goes back, earlier; or some months later."""
    months = isinstance(by, exp.Anonymous) and by.name.lower() == "to_months"
    count = translator.term(by.expressions[0] if months else by)
    if count.sort == "null":
        return Term(node=exp.Cast(this=count.node, to=exp.DataType.build("DATE")), about=DATE)
    count = translator.numbers.integer(count)
    if months and back:
        msg = f"{shown(by)} is taken from a date"
        raise InexactError(msg)
    made = _months_on(translator, day, count) if months else _days_on(translator, day, count, back)
    return Term(node=made, about=DATE)


def _days_on(translator: "Translator", day: Term, count: Term, back: bool) -> exp.Expr:  # noqa: FBT001  plus or minus
    if translator.target.days == "operators":
        operator = exp.Sub if back else exp.Add
        return operator(this=bracketed(day.node), expression=bracketed(count.node))
    if translator.target.days == "functions":
        name = "DATE_SUB" if back else "DATE_ADD"
        return exp.Anonymous(this=name, expressions=[day.node, count.node])
    amount = translator.numbers.negative(count) if back else count
    first = exp.Cast(this=exp.Literal.string("0001-01-01"), to=exp.DataType.build("DATE"))
    reached = translator.numbers.total(_between(translator, day.node.copy(), first), amount)
    return _inside(reached, 0, _LAST_DAY, day, amount, "DAY")


def _months_on(translator: "Translator", day: Term, count: Term) -> exp.Expr:
    if translator.target.days == "operators":
        return _a_month_on(day.node, count.node)
    if translator.target.days == "functions":
        return exp.Anonymous(this="ADD_MONTHS", expressions=[day.node, count.node])
    numbers = translator.numbers
    years = _part(translator, "YEAR", day.node.copy())
    months = _part(translator, "MONTH", day.node.copy())
    at = numbers.total(numbers.product(years, whole_literal(_MONTHS)), months)
    reached = numbers.total(numbers.difference(at, whole_literal(1)), count)
    return _inside(reached, _MONTHS, _LAST_MONTH, day, count, "MONTH")


def _inside(reached: Term, low: int, high: int, day: Term, count: Term, unit: str) -> exp.Expr:
    """Move a date only where it stays in the calendar; beyond, the query would stop."""
    test = exp.Between(
        this=bracketed(reached.node),
        low=exp.Literal.number(low),
        high=exp.Literal.number(high),
    )
    later = exp.DateAdd(this=day.node, expression=count.node.copy(), unit=exp.var(unit))
    return exp.Case(ifs=[exp.If(this=test, true=later)])
