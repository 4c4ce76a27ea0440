"""Reading a row: statements that give each column a variable, checked before a formula sees it."""

from decimal import Decimal
from typing import Final

from rules_engine.expressions.closure import Emitter, column_variable
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.types import EXACT, Kind, Type
from rules_engine.pricing.plan import Plan
from rules_engine.pricing.values import described, reader

__all__ = ["write_date", "write_given", "write_loads"]

_NO_DATE: Final = ("RE609", "the line has no date to be priced at")
_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})


def write_loads(plan: Plan, emitter: Emitter) -> None:
    """Write a variable for every column that pricing reads, from the row `r`."""
    may_lack = plan.only_dates | (plan.orders - set(plan.needed_columns))
    if may_lack:
        emitter.write("get = r.get")
    for name, type_ in plan.read_columns.items():
        _load(name, type_, emitter, may_lack=name in may_lack)


def write_date(plan: Plan, emitter: Emitter, *, checked: bool = True) -> None:
    """Write `s_date`, the day at which the row is priced, and refuse a row without one.

    Args:
        plan: What is priced.
        emitter: Where the columns have been loaded.
        checked: Whether a row without a day, or outside the ruleset's days, is refused.
    """
    sites = emitter.sites
    sites.rule = ""
    emitter.write(f"s_date = {emitter.value(plan.row_date)}")
    if not checked:
        return
    no_date = sites.number(*_NO_DATE)
    outside = sites.number("RE610", "the line's date is outside the ruleset's effective dates")
    emitter.write(f"if s_date is None: raise R_({no_date})")
    first, last = emitter.const(plan.first), emitter.const(plan.last)
    emitter.write(f"if not {first} <= s_date <= {last}: raise R_({outside}, s_date)")


def write_given(plan: Plan, emitter: Emitter) -> None:
    """Write what a line gives to each function of its claim: a value, and whether it is taken.

    A value is `M_` where the line has none, which is another thing than a null.
    """
    write_date(plan, emitter, checked=False)
    # A line without a date is none of its claim's.
    emitter.write(f"if s_date is None: raise R_({emitter.sites.number(*_NO_DATE)})")
    # Why a line has no value for others is none of their reasons.
    sites, emitter.sites = emitter.sites, Sites()
    names = []
    for number, node in enumerate(plan.claim_functions):
        value, taken = f"v{number}", f"u{number}"
        names.append(f"({value}, {taken})")
        emitter.write(f"{value}, {taken} = M_, True")
        with emitter.block("try:"):
            if node.condition is not None:
                emitter.write(f"{taken} = {emitter.true(node.condition)}")
            with emitter.block(f"if {taken}:"):
                made = "None" if node.operand is None else emitter.value(node.operand)
                emitter.write(f"{value} = {made}")
            emitter.write(f"else: {value} = None")
        emitter.write("except R_: pass")
    emitter.write(f"return ({', '.join(names)},)")
    emitter.sites = sites


def _load(name: str, type_: Type, emitter: Emitter, *, may_lack: bool) -> None:
    variable = column_variable(name)
    emitter.sites.rule = ""
    site = emitter.sites.number("RE608", f"{name} does not read as {described(type_)}")
    read = f"read_{variable}"
    emitter.bound[read] = reader(name, type_, site)
    # What only dates the row may be absent: the other columns then date it.
    emitter.write(f"{variable} = {f'get({name!r})' if may_lack else f'r[{name!r}]'}")
    guard = f"{variable} is not None and " if type_.nullable else ""
    emitter.write(f"if {guard}{_odd(variable, type_, emitter)}: {variable} = {read}({variable})")


def _odd(variable: str, type_: Type, emitter: Emitter) -> str:
    """Give a test that is false for a value that can be used as it is."""
    if type_.kind in _WHOLE:
        low, high = emitter.const(type_.low), emitter.const(type_.high)
        if type_.low is not None and type_.high is not None:
            # Whole numbers are compared with whole numbers: a Decimal would be converted to.
            low, high = str(int(type_.low)), str(int(type_.high))
        return f"({variable}.__class__ is not int or not {low} <= {variable} <= {high})"
    if type_.is_numeric:
        unit = emitter.const(Decimal(1).scaleb(-(type_.scale or 0), EXACT))
        exact = f"{variable}.__class__ is not Decimal_ or not {variable}.same_quantum({unit})"
        return f"({exact} or {_outside(variable, type_, emitter)})"
    if type_.codes is not None:
        return f"{variable} not in {emitter.const(type_.codes)}"
    wanted = {Kind.DATE: "date_", Kind.BOOLEAN: "bool"}.get(type_.kind, "str")
    empty = f" or not {variable}" if wanted == "str" else ""
    return f"({variable}.__class__ is not {wanted}{empty})"


def _outside(variable: str, type_: Type, emitter: Emitter) -> str:
    """Give a test that is true for a number outside its range, of the range's decimal places."""
    low, high = type_.low, type_.high
    if high is not None and low == high.copy_negate() and set(high.as_tuple().digits) == {9}:
        # All numbers of so many digits fit: their count is known without comparing.
        nines = len(high.as_tuple().digits) - (type_.scale or 0)
        if int(high.as_tuple().exponent) == -(type_.scale or 0) and nines > 0:
            return f"{variable}.adjusted() >= {nines}"
    return f"not {emitter.const(low)} <= {variable} <= {emitter.const(high)}"
