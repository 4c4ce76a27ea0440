"""The generated Python that prices a line: its row read, its rule chosen, its waterfall."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from rules_engine.expressions.closure import Emitter, Index, column_variable
from rules_engine.expressions.sites import Site, Sites
from rules_engine.pricing.amounts import write_amount
from rules_engine.pricing.loading import write_date, write_given, write_loads
from rules_engine.pricing.plan import Plan, PricingRule
from rules_engine.pricing.spreading import POSTING

__all__ = ["Answer", "LineFunction", "Row"]

Row = Mapping[str, Any]

_TOTALS: Final = {"member_share": "y", "withheld": "h"}


class Answer(Protocol):
    """What a generated function makes of the amounts of a line; each way writes its own Python.

    The function has these variables: `r` the row, `w` the number of the rule that set the allowed
    amount, `s_allowed`, `s_remaining` what is left of it, `c_charge_amount`, `s_date`, `y` and `h`
    what the member owes and what is kept back.
    """

    def begin(self, function: "LineFunction") -> None:
        """Write what stands before the rules: the row has been read."""

    def amount(self, number: int, rule: PricingRule, variable: str) -> None:
        """Write what sets a variable to the amount of a rule, and what is kept of that."""

    def charged(self) -> None:
        """Write what becomes of the charge, once the allowed amount is known for good."""

    def taken(self, rule: PricingRule, variable: str) -> None:
        """Write what becomes of an amount other than zero that a rule takes."""

    def give(self) -> None:
        """Write what the function returns."""

    def refused(self, row: Row, site: Site, detail: object, head: Callable[[Row], Any]) -> object:
        """Give what stands for a line without a price.

        Args:
            row: The line.
            site: The place that refused it.
            detail: What of the row it is about.
            head: Gives charge, date and `sequence` of the line, or raises `Reject` where they do
                not read.
        """


class LineFunction:
    """Writes a module: `line(r, g_, w, s_allowed, e, f_, a_)`, `head(r)` and others.

    `line` prices a row; it gives the number of the rule where that rule pays once a claim, until it
    is called again with that number `w` and the line's part `s_allowed`. `amount_<n>(r, g_, f_)`
    gives what that rule pays for the claim. `head` gives charge, date and place in order, for lines
    that have no price. `given(r, g_)` gives what a line gives to the functions over the lines of
    its claim. `g_` holds the rows of given tables, `e` what was kept of a claim's amount, `f_` the
    functions of the claim on this line, `a_` the sums that run from line to line.

    Attributes:
        plan: What is priced.
        emitter: Writes the statements.
        bound: What the global names stand for.
        chosen: Python text for the id of the rule that set the allowed amount.
    """

    def __init__(
        self,
        plan: Plan,
        tables: Mapping[str, Mapping[str, Index]],
        sites: Sites,
        answer: Answer,
    ) -> None:
        """Write for an answer."""
        self.plan = plan
        self.answer = answer
        self.emitter = Emitter(tables, sites)
        self.bound: dict[str, Any] = self.emitter.bound
        self.bound |= {
            # Values are made without their `__init__`, whose call takes longer than the sums.
            "new_": object.__new__,
            "Decimal_": Decimal,
            "date_": date,
            "fixed_": POSTING.quantize,
            "zero_": POSTING.quantize(Decimal(0), Decimal(1).scaleb(-plan.scale)),
            "unit_": Decimal(1).scaleb(-plan.scale),
            "ids_": tuple(rule.id for rule in plan.choosing),
        }
        self.emitter.claims = {node: at for at, node in enumerate(plan.claim_functions)}
        self.chosen = repr(plan.choosing[0].id) if len(plan.choosing) == 1 else "ids_[w]"

    def source(self) -> str:
        """Give the whole text."""
        emitter = self.emitter
        write_loads(self.plan, emitter)
        loads = list(emitter.lines)
        write_date(self.plan, emitter)
        dated = list(emitter.lines)
        self.answer.begin(self)
        with emitter.block("if w < 0:"):
            self._choose()
            self._allow()
        self._waterfall()
        self.answer.give()
        head = "def line(r, g_=None, w=-1, s_allowed=None, e=(), f_=(), a_=None):"
        text = [head, *emitter.lines, ""]
        emitter.lines = list(loads)
        write_date(self.plan, emitter, checked=False)
        order = column_variable("sequence") if self.plan.orders else "None"
        emitter.write(f"return c_charge_amount, s_date, {order}")
        text += ["def head(r):", *emitter.lines, ""]
        for number, rule in enumerate(self.plan.choosing):
            if rule.step.per == "claim":
                emitter.lines = list(dated)
                emitter.write("e = ()")
                self.answer.amount(number, rule, "s_amount")
                emitter.write("return s_amount, e")
                text += [f"def amount_{number}(r, g_=None, f_=()):", *emitter.lines, ""]
        if self.plan.claim_functions:
            emitter.lines = loads
            write_given(self.plan, emitter)
            text += ["def given(r, g_=None):", *emitter.lines, ""]
        return "\n".join(text) + "\n"

    def set_amount(self, variable: str, rule: PricingRule) -> None:
        """Write what sets a variable to the amount of a rule."""
        write_amount(variable, rule, self.emitter, self.plan.scale)

    # -- the rule that sets the allowed amount

    def _choose(self) -> None:
        emitter, sites = self.emitter, self.emitter.sites
        rules = self.plan.choosing
        ordinary = [(n, rule) for n, rule in enumerate(rules) if not rule.otherwise]
        sites.rule = ""
        none = sites.number("RE606", "no rule sets the allowed amount")
        several = sites.number("RE607", "more than one rule sets the allowed amount")
        replaced = {name for rule in rules for name in rule.replaces}
        matches = {rule.id: self._matched(number, rule) for number, rule in ordinary}
        for number, rule in ordinary:
            test = matches[rule.id]
            if rule.id in replaced:
                over = [matches[r.id] for _, r in ordinary if rule.id in r.replaces]
                test = f"{test} and not ({' or '.join(over)})"
            with emitter.block(f"if {test}:"):
                if number > 0:
                    emitter.write(f"if w >= 0: raise R_({several}, (ids_[w], {rule.id!r}))")
                emitter.write(f"w = {number}")
        for number, rule in enumerate(rules):
            if rule.otherwise:
                with emitter.block("if w < 0:"):
                    emitter.write(f"if {self._matched(number, rule)}: w = {number}")
        if all(rule.conditions for rule in rules):
            emitter.write(f"if w < 0: raise R_({none})")

    def _matched(self, number: int, rule: PricingRule) -> str:
        self.emitter.sites.rule = rule.id
        if not rule.conditions:
            return "True"
        name = f"m{number}"
        first, *others = rule.conditions
        self.emitter.write(f"{name} = {self.emitter.true(first)}")
        for test in others:
            with self.emitter.block(f"if {name}:"):
                self.emitter.write(f"{name} = {self.emitter.true(test)}")
        return name

    def _allow(self) -> None:
        rules = self.plan.choosing
        last = len(rules) - 1
        for number, rule in enumerate(rules):
            head = f"{'elif' if number else 'if'} w == {number}:"
            if number == last:
                head = "else:" if number else "if True:"
            with self.emitter.block(head):
                if rule.step.per == "claim":
                    self.emitter.write(f"return {number}")
                else:
                    self.answer.amount(number, rule, "s_allowed")

    # -- what happens to it

    def _waterfall(self) -> None:
        emitter = self.emitter
        later = list(enumerate(self.plan.later, len(self.plan.choosing)))
        emitter.write("s_remaining = s_allowed")
        for number, rule in later:
            if rule.step.sets == "limit":
                self._limit(number, rule)
        for stage, total in _TOTALS.items():
            if any(rule.step.sets == stage for _, rule in later):
                emitter.write(f"{total} = zero_")
        self.answer.charged()
        for number, rule in later:
            if rule.step.sets != "limit":
                self._take(number, rule)

    def total(self, stage: str) -> str:
        """Give Python text for what all rules of a stage take together."""
        sets = any(rule.step.sets == stage for rule in self.plan.later)
        return _TOTALS[stage] if sets else "zero_"

    def _applied(self, number: int, rule: PricingRule) -> str:
        """Write a later rule's amount under its conditions; give the variable that holds it."""
        self.emitter.sites.rule = rule.id
        for condition in rule.conditions:
            self.emitter.write(f"if {self.emitter.true(condition)}:")
            self.emitter.indent += 1
        variable = f"v{number}"
        self.answer.amount(number, rule, variable)
        return variable

    def _limit(self, number: int, rule: PricingRule) -> None:
        depth = self.emitter.indent
        name = self._applied(number, rule)
        self.emitter.write(f"if {name} < s_allowed: s_allowed = s_remaining = {name}")
        self.emitter.indent = depth

    def _take(self, number: int, rule: PricingRule) -> None:
        emitter, stage = self.emitter, rule.step.sets
        depth = emitter.indent
        name = self._applied(number, rule)
        with emitter.block(f"if {name}:"):
            emitter.write(f"s_remaining = sub_(s_remaining, {name})")
            total = _TOTALS.get(stage)
            if total is not None:
                is_first = next(r for r in self.plan.later if r.step.sets == stage) is rule
                sum_ = name if is_first else f"add_({total}, {name})"
                emitter.write(f"{total} = {sum_}")
            self.answer.taken(rule, name)
        emitter.indent = depth
