"""One claim at a time: all rules of a ruleset as one generated Python function."""

import linecache
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from typing import Any, Final

from rules_engine.expressions import Expression, tree
from rules_engine.expressions.closure import Emitter, Index, Reject, column_variable
from rules_engine.expressions.rational import divides
from rules_engine.expressions.sites import Sites
from rules_engine.expressions.types import EXACT, Kind, Type
from rules_engine.ledger import allocate
from rules_engine.pricing.given import Given
from rules_engine.pricing.plan import AMOUNT, EXCEEDS, Plan, PricingRule, may_exceed
from rules_engine.pricing.priced import Adjustment, PricedClaim, PricedLine, RejectedLine
from rules_engine.pricing.values import coerce, described, read_value

__all__ = ["ClaimPricer", "MissingColumnError"]

_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})
_ZERO: Final = Decimal("0.00")
_UNTRAPPED: Final = Context(prec=60, rounding=ROUND_DOWN)


_TWICE: Final = "the line number stands on more than one line; a number stands once"


class MissingColumnError(KeyError):
    """A claim lacks columns that the ruleset needs; an absent value is given as None."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Keep the names of the columns."""
        self.columns = tuple(columns)
        super().__init__(columns)

    def __str__(self) -> str:
        """Say which, and what to do."""
        names = ", ".join(self.columns)
        return (
            f"the claim has no {names}; the ruleset reads it:"
            " give None (null in JSON) where there is no value"
        )


class ClaimPricer:
    """Prices one claim; made once, safe to share between threads.

    Attributes:
        source: The generated Python, for readers and debuggers.
        sites: Places that may reject a line.
    """

    def __init__(self, plan: Plan, tables: Mapping[str, Mapping[str, Index]], sites: Sites) -> None:
        """Compile the plan over the indexes of its tables."""
        self.plan = plan
        self.sites = sites
        self._columns = plan.needed_columns
        self._choosing = plan.choosing
        writer = _Writer(plan, tables, sites)
        self.source = writer.source()
        # The name lets a debugger show the generated lines.
        name = f"<pricing {id(self)}>"
        linecache.cache[name] = (
            len(self.source),
            None,
            self.source.splitlines(keepends=True),
            name,
        )
        space: dict[str, Any] = dict(writer.bound)
        exec(compile(self.source, name, "exec"), space)  # noqa: S102  our own text: names and constants are bound, never pasted
        self._line: Callable[..., Any] = space["line"]
        self._amounts: dict[int, Callable[..., Decimal]] = {
            number: space[f"amount_{number}"]
            for number, rule in enumerate(self._choosing)
            if rule.step.per == "claim"
        }
        self._spreads = bool(self._amounts)
        self._given = plan.given_columns

    def refusal(self, row: Mapping[str, Any], given: Given | None = None) -> RejectedLine | None:
        """Say why a line alone, or the claim it stands for, is rejected; None where it is not."""
        indexed = None if not self._given else self._indexed(given)
        try:
            found = self._line(row, indexed)
            if isinstance(found, int):
                self._amounts[found](row, indexed)
        except Reject as reject:
            return self._rejected(row, reject)
        return None

    def price(self, claim: Mapping[str, Any], given: Given | None = None) -> PricedClaim:
        """Price a claim: a mapping with `lines`, or a claim of one line as one flat mapping.

        Raises:
            NotGivenError: The ruleset reads a table that `given` does not have.
            MissingColumnError: A needed column is not there.
            TypeError: A value is a float or of another type that is not exact.
        """
        lines = claim.get("lines")
        if lines is None:
            rows: Sequence[Mapping[str, Any]] = (claim,)
        else:
            rows = [{**claim, **line} for line in lines]
            self._check_lines(rows)
        indexed = None if not self._given else self._indexed(given)
        try:
            twice = _twice(rows) if len(rows) > 1 else None
            if twice:
                priced = self._apart(rows, twice, given)
            elif self._spreads:
                priced = tuple(self._spread(rows, indexed))
            elif lines is None:
                # One line alone is what real-time callers send: no loop, and no call in between.
                try:
                    priced = (self._line(claim, indexed),)
                except Reject as reject:
                    priced = (self._rejected(claim, reject),)
            else:
                priced = tuple([self._one(row, indexed) for row in rows])
            return PricedClaim(claim["claim_id"], priced, {})
        except KeyError:
            self._complain(rows)
            raise

    def _check_lines(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            msg = "the claim has no lines; one at least may stand there"
            raise ValueError(msg)
        for row in rows:
            number = row.get("claim_line_number", 0)
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                msg = f"claim_line_number is {number}; a whole number from 0 may stand there"
                raise ValueError(msg)

    def _apart(
        self, rows: Sequence[Mapping[str, Any]], twice: set[int], given: Given | None
    ) -> tuple[PricedLine | RejectedLine, ...]:
        """Refuse the lines that share a number, as a batch does, and price the others."""
        others = [row for row in rows if row["claim_line_number"] not in twice]
        found = iter(self.price({**others[0], "lines": others}, given).lines if others else ())
        return tuple(
            RejectedLine(row["claim_line_number"], "RE505", _TWICE, "")
            if row["claim_line_number"] in twice
            else next(found)
            for row in rows
        )

    def _indexed(self, given: Given | None) -> dict[tuple[str, str], Any]:
        return {(t, c): (given or Given()).rows(self.plan.tables[t], c) for t, c in self._given}

    def _one(self, row: Mapping[str, Any], given: Any) -> PricedLine | RejectedLine:
        try:
            return self._line(row, given)  # type: ignore[no-any-return]  # generated
        except Reject as reject:
            return self._rejected(row, reject)

    def _rejected(self, row: Mapping[str, Any], reject: Reject) -> RejectedLine:
        return RejectedLine.of(row["claim_line_number"], self.sites[reject.site], reject.detail)

    def _spread(
        self, rows: Sequence[Mapping[str, Any]], given: Any
    ) -> list[PricedLine | RejectedLine]:
        """Price each line; lines of a rule that pays per claim wait until all of them are known."""
        done: list[PricedLine | RejectedLine | None] = []
        waiting: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            try:
                found = self._line(row, given)
            except Reject as reject:
                found = self._rejected(row, reject)
            if isinstance(found, int):
                waiting.setdefault(found, []).append(place)
                done.append(None)
            else:
                done.append(found)
        for number, members in waiting.items():
            ordered = sorted(members, key=lambda place: rows[place]["claim_line_number"])
            lines = self._together(number, [rows[p] for p in ordered], given)
            for place, line in zip(ordered, lines, strict=True):
                done[place] = line
        return [line for line in done if line is not None]

    def _together(
        self, number: int, rows: Sequence[Mapping[str, Any]], given: Any
    ) -> list[PricedLine | RejectedLine]:
        """Pay once, by the first line, and spread over all lines by their charges."""
        try:
            amount = self._amounts[number](rows[0], given)
        except Reject as reject:
            return [self._rejected(row, reject) for row in rows]
        scale = self.plan.scale
        units = int(amount.scaleb(scale, _UNTRAPPED))
        parts = allocate(units, spread_weights([self._charge(row) for row in rows]))
        priced: list[PricedLine | RejectedLine] = []
        for row, part in zip(rows, parts, strict=True):
            try:
                priced.append(
                    self._line(row, given, number, Decimal(part).scaleb(-scale, _UNTRAPPED))
                )
            except Reject as reject:
                priced.append(self._rejected(row, reject))
        return priced

    def _charge(self, row: Mapping[str, Any]) -> Decimal | None:
        value = row["charge_amount"]
        if value is None or isinstance(value, Decimal):
            return value
        read: Decimal = read_value(value, self.plan.columns["charge_amount"])
        return read

    def _complain(self, rows: Sequence[Mapping[str, Any]]) -> None:
        wanted = {"claim_id", "claim_line_number", *self._columns} - self.plan.only_dates
        missing = sorted({name for row in rows for name in wanted if name not in row})
        if missing:
            raise MissingColumnError(missing) from None


def _twice(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Give the line numbers that stand on more than one line."""
    seen: set[int] = set()
    found: set[int] = set()
    for row in rows:
        number = row["claim_line_number"]
        (found if number in seen else seen).add(number)
    return found


def spread_weights(charges: Sequence[Decimal | None]) -> list[int | Fraction]:
    """Weights of lines that share one amount: their charges, or equal ones.

    Charges count where all are zero or more and one is positive; an absent charge counts as zero.
    """
    known = [Fraction(charge or 0) for charge in charges]
    if any(weight < 0 for weight in known) or not any(known):
        return [1] * len(known)
    return list(known)


class _Writer:
    """Writes the function of a plan."""

    def __init__(self, plan: Plan, tables: Mapping[str, Mapping[str, Index]], sites: Sites) -> None:
        self.plan = plan
        self.sites = sites
        self.emitter = Emitter(tables, sites)
        self.bound = self.emitter.bound
        self.bound |= {
            # Values are made without their `__init__`, whose call takes longer than the sums.
            "new_": object.__new__,
            "Line_": PricedLine,
            "Adjustment_": Adjustment,
            "Decimal_": Decimal,
            "date_": date,
            "coerce_": coerce,
            "fixed_": _UNTRAPPED.quantize,
            "zero_": _ZERO.quantize(Decimal(1).scaleb(-plan.scale)),
            "unit_": Decimal(1).scaleb(-plan.scale),
        }

    def source(self) -> str:
        """Give the whole text."""
        emitter = self.emitter
        self.loads()
        loads = list(emitter.lines)
        emitter.write("if w < 0:")
        emitter.indent += 1
        self.choose()
        self.allowed()
        emitter.indent -= 1
        self.waterfall()
        text = ["def line(r, g_=None, w=-1, s_allowed=None):", *emitter.lines, ""]
        for number, rule in enumerate(self.plan.choosing):
            if rule.step.per == "claim":
                text += self.amount(number, rule, loads)
        return "\n".join(text) + "\n"

    # -- reading the row

    def loads(self) -> None:
        if self.plan.only_dates:
            self.emitter.write("get = r.get")
        for name in self.plan.needed_columns:
            self.load(name, self.plan.columns[name])
        self.sites.rule = ""
        self.emitter.write(f"s_date = {self.emitter.value(self.plan.row_date)}")
        no_date = self.sites.number("RE609", "the line has no date to be priced at")
        outside = self.sites.number(
            "RE610", "the line's date is outside the ruleset's effective dates"
        )
        self.emitter.write(f"if s_date is None: raise R_({no_date})")
        first, last = self.emitter.const(self.plan.first), self.emitter.const(self.plan.last)
        self.emitter.write(f"if not {first} <= s_date <= {last}: raise R_({outside}, s_date)")

    def load(self, name: str, type_: Type) -> None:
        emitter = self.emitter
        variable = column_variable(name)
        self.sites.rule = ""
        site = self.sites.number("RE608", f"{name} does not read as {described(type_)}")
        bound_type = f"T_{variable}"
        self.bound[bound_type] = type_
        # What only dates the row may be absent: the other columns then date it.
        read = f"get({name!r})" if name in self.plan.only_dates else f"r[{name!r}]"
        emitter.write(f"{variable} = {read}")
        coerced = f"{variable} = coerce_({name!r}, {variable}, {bound_type}, {site})"
        guard = f"{variable} is not None and " if type_.nullable else ""
        emitter.write(f"if {guard}{self.odd(variable, type_)}: {coerced}")

    def odd(self, variable: str, type_: Type) -> str:
        """Give a test that is false for a value that can be used as it is."""
        if type_.is_numeric:
            low, high = self.emitter.const(type_.low), self.emitter.const(type_.high)
            inside = f"{low} <= {variable} <= {high}"
            if type_.kind in _WHOLE and type_.low is not None and type_.high is not None:
                # Whole numbers are compared with whole numbers: a Decimal would be converted to.
                inside = f"{int(type_.low)} <= {variable} <= {int(type_.high)}"
            if type_.kind in _WHOLE:
                return f"({variable}.__class__ is not int or not {inside})"
            unit = self.emitter.const(Decimal(1).scaleb(-(type_.scale or 0), EXACT))
            return (
                f"({variable}.__class__ is not Decimal_ or not {variable}.same_quantum({unit})"
                f" or not {inside})"
            )
        wanted = {Kind.DATE: "date_", Kind.BOOLEAN: "bool"}.get(type_.kind, "str")
        if type_.codes is not None:
            return f"{variable} not in {self.emitter.const(type_.codes)}"
        return f"{variable}.__class__ is not {wanted}"

    # -- the rule that sets the allowed amount

    def choose(self) -> None:
        emitter = self.emitter
        rules = self.plan.choosing
        ordinary = [(n, rule) for n, rule in enumerate(rules) if not rule.otherwise]
        self.sites.rule = ""
        none = self.sites.number("RE606", "no rule sets the allowed amount")
        several = self.sites.number("RE607", "more than one rule sets the allowed amount")
        replaced = {name for rule in rules for name in rule.replaces}
        self.bound["ids_"] = tuple(rule.id for rule in rules)
        matches: dict[str, str] = {}
        for number, rule in ordinary:
            matches[rule.id] = self.matched(number, rule)
        for number, rule in ordinary:
            test = matches[rule.id]
            if rule.id in replaced:
                over = [matches[r.id] for _, r in ordinary if rule.id in r.replaces]
                test = f"{test} and not ({' or '.join(over)})"
            with emitter.block(f"if {test}:"):
                if number > 0:
                    emitter.write(f"if w >= 0: raise R_({several}, (ids_[w], {rule.id!r}))")
                emitter.write(f"w = {number}")
        others = [(n, rule) for n, rule in enumerate(rules) if rule.otherwise]
        for number, rule in others:
            with emitter.block("if w < 0:"):
                emitter.write(f"if {self.matched(number, rule)}: w = {number}")
        if not any(not rule.conditions for rule in rules):
            emitter.write(f"if w < 0: raise R_({none})")

    def matched(self, number: int, rule: PricingRule) -> str:
        self.sites.rule = rule.id
        if not rule.conditions:
            return "True"
        name = f"m{number}"
        tests = list(rule.conditions)
        self.emitter.write(f"{name} = {self.emitter.true(tests[0])}")
        for test in tests[1:]:
            with self.emitter.block(f"if {name}:"):
                self.emitter.write(f"{name} = {self.emitter.true(test)}")
        return name

    def allowed(self) -> None:
        emitter = self.emitter
        rules = self.plan.choosing
        for number, rule in enumerate(rules):
            head = "if" if number == 0 else "elif"
            head = (
                f"{head} w == {number}:"
                if number < len(rules) - 1
                else ("else:" if number else "if True:")
            )
            with emitter.block(head):
                if rule.step.per == "claim":
                    emitter.write(f"return {number}")
                else:
                    self.set_amount("s_allowed", rule)

    def set_amount(self, variable: str, rule: PricingRule) -> None:
        emitter = self.emitter
        self.sites.rule = rule.id
        emitter.write(f"{variable} = {emitter.value(rule.step.expression)}")
        if rule.step.expression.type.nullable:
            site = self.sites.number("RE605", "a null reaches an amount")
            emitter.write(f"if {variable} is None: raise R_({site})")
        if may_exceed(rule.step.expression):
            site = self.sites.number("RE612", EXCEEDS)
            low, high = emitter.const(AMOUNT.low), emitter.const(AMOUNT.high)
            emitter.write(f"if not {low} <= {variable} <= {high}: raise R_({site}, {variable})")
        if not self.is_posted(rule.step.expression):
            emitter.write(
                f"if {variable}.__class__ is not Decimal_: {variable} = Decimal_({variable})"
            )
            emitter.write(
                f"if not {variable}.same_quantum(unit_): {variable} = fixed_({variable}, unit_)"
            )

    def is_posted(self, node: Expression) -> bool:
        """Whether a value is sure to be a Decimal of the posted scale, so that nobody has to look.

        ROUND gives its places where it rounds, and a column's values are given its scale when they
        are read.
        """
        match node:
            case tree.Round(operand=operand, places=places):
                scale = operand.type.scale
                rounds = divides(operand) or scale is None or scale > places
                return places == self.plan.scale and rounds
            case tree.Ref(space="column", type=type_):
                return type_.kind is Kind.MONEY and type_.scale == self.plan.scale
            case tree.Extremum(arguments=arguments):
                return all(map(self.is_posted, arguments))
            case tree.Case(branches=branches, default=default):
                return all(map(self.is_posted, (*(value for _, value in branches), default)))
        return False

    # -- what happens to it

    def waterfall(self) -> None:
        emitter = self.emitter
        later = self.plan.later
        stages = [rule.step.sets for rule in later]
        emitter.write("s_remaining = s_allowed")
        limits = [rule for rule in later if rule.step.sets == "limit"]
        for number, rule in enumerate(limits):
            self.applied(number, rule, self.limit)
        for stage, variable in (("member_share", "y"), ("withheld", "h")):
            if stage in stages:
                emitter.write(f"{variable} = zero_")
        emitter.write("a = ()")
        with emitter.block("if c_charge_amount is not None:"):
            emitter.write("x = sub_(c_charge_amount, s_allowed)")
            with emitter.block("if x:"):
                self.adjust("CO", "45", "x", self.chosen_id())
        for number, rule in enumerate(rule for rule in later if rule.step.sets != "limit"):
            self.applied(number + len(limits), rule, self.taken)
        emitter.write("p = new_(Line_)")
        for name, value in {
            "claim_line_number": "r['claim_line_number']",
            "rule": self.chosen_id(),
            "charge": "c_charge_amount",
            "allowed": "s_allowed",
            "member_share": "y" if "member_share" in stages else "zero_",
            "withheld": "h" if "withheld" in stages else "zero_",
            "paid": "s_remaining",
            "adjustments": "a",
        }.items():
            emitter.write(f"p.{name} = {value}")
        emitter.write("return p")

    def chosen_id(self) -> str:
        """Give Python text for the id of the rule that sets the allowed amount."""
        rules = self.plan.choosing
        return repr(rules[0].id) if len(rules) == 1 else "ids_[w]"

    def adjust(self, group_code: str, carc: str, amount: str, rule: str) -> None:
        """Write an adjustment and add it to those before."""
        self.emitter.write("b = new_(Adjustment_)")
        self.emitter.write(f"b.group_code = {group_code!r}; b.carc = {carc!r}")
        self.emitter.write(f"b.amount = {amount}; b.rule = {rule}")
        self.emitter.write("a += (b,)")

    def applied(
        self, number: int, rule: PricingRule, write: Callable[[str, PricingRule], None]
    ) -> None:
        variable = f"v{number}"
        conditions = rule.conditions
        self.sites.rule = rule.id
        depth = self.emitter.indent
        for condition in conditions:
            self.emitter.write(f"if {self.emitter.true(condition)}:")
            self.emitter.indent += 1
        write(variable, rule)
        self.emitter.indent = depth

    def limit(self, variable: str, rule: PricingRule) -> None:
        self.set_amount(variable, rule)
        self.emitter.write(f"if {variable} < s_allowed: s_allowed = s_remaining = {variable}")

    def taken(self, variable: str, rule: PricingRule) -> None:
        self.set_amount(variable, rule)
        step = rule.step
        with self.emitter.block(f"if {variable}:"):
            self.emitter.write(f"s_remaining = sub_(s_remaining, {variable})")
            total = {"member_share": "y", "withheld": "h"}.get(step.sets)
            if total is not None:
                is_first = next(r for r in self.plan.later if r.step.sets == step.sets) is rule
                sum_ = variable if is_first else f"add_({total}, {variable})"
                self.emitter.write(f"{total} = {sum_}")
            self.adjust(step.group_code or "", step.carc or "", variable, repr(rule.id))

    # -- amounts that are paid once a claim

    def amount(self, number: int, rule: PricingRule, loads: list[str]) -> list[str]:
        emitter = self.emitter
        emitter.lines = list(loads)
        self.set_amount("s_amount", rule)
        emitter.write("return s_amount")
        return [f"def amount_{number}(r, g_=None):", *emitter.lines, ""]
