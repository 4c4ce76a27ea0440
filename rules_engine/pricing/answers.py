"""What the generated functions give: a priced line, one with its trace, or a plain row."""

from collections.abc import Callable
from typing import Any, Final

from rules_engine.expressions.closure import Reject
from rules_engine.expressions.sites import Site
from rules_engine.pricing.function import LineFunction, Row
from rules_engine.pricing.plan import Plan, PricingRule
from rules_engine.pricing.priced import Adjustment, PricedLine, RejectedLine, detail_text
from rules_engine.pricing.recording import Recorder, Recording
from rules_engine.pricing.trace import Trace
from rules_engine.pricing.values import line_number

__all__ = ["LineAnswer", "RowAnswer", "TraceAnswer"]


class LineAnswer:
    """Gives a `PricedLine` with its adjustments."""

    def begin(self, function: LineFunction) -> None:
        """Bind what a priced line is made of."""
        self.function = function
        function.bound |= {"Line_": PricedLine, "Adjustment_": Adjustment}

    def amount(self, number: int, rule: PricingRule, variable: str) -> None:  # noqa: ARG002  only a trace keeps the number
        """Write the amount and nothing else."""
        self.function.set_amount(variable, rule)

    def charged(self) -> None:
        """Write CO-45: what the contract does not allow of the charge."""
        emitter = self.function.emitter
        emitter.write("a = ()")
        with emitter.block("if c_charge_amount is not None:"):
            emitter.write("x = sub_(c_charge_amount, s_allowed)")
            with emitter.block("if x:"):
                self._adjust("CO", "45", "x", self.function.chosen)

    def taken(self, rule: PricingRule, variable: str) -> None:
        """Write the adjustment of a rule."""
        self._adjust(rule.step.group_code or "", rule.step.carc or "", variable, repr(rule.id))

    def _adjust(self, group_code: str, carc: str, amount: str, rule: str) -> None:
        write = self.function.emitter.write
        write("b = new_(Adjustment_)")
        write(f"b.group_code = {group_code!r}; b.carc = {carc!r}")
        write(f"b.amount = {amount}; b.rule = {rule}")
        write("a += (b,)")

    def line(self) -> None:
        """Write what makes the priced line `p`."""
        write = self.function.emitter.write
        write("p = new_(Line_)")
        for name, value in {
            "claim_line_number": "r['claim_line_number']",
            "rule": self.function.chosen,
            "charge": "c_charge_amount",
            "allowed": "s_allowed",
            "member_share": self.function.total("member_share"),
            "withheld": self.function.total("withheld"),
            "paid": "s_remaining",
            "adjustments": "a",
        }.items():
            write(f"p.{name} = {value}")

    def give(self) -> None:
        """Write the return of the priced line."""
        self.line()
        self.function.emitter.write("return p")

    def refused(
        self,
        row: Row,
        site: Site,
        detail: object,
        head: Callable[[Row], Any],  # noqa: ARG002  only a row says it
    ) -> RejectedLine:
        """Give a line without a price."""
        return RejectedLine.of(row["claim_line_number"], site, detail)


class TraceAnswer:
    """Gives a `Trace`: the priced line, and what each of its amounts was computed from."""

    def __init__(self) -> None:
        """Begin without any step."""
        self._priced = LineAnswer()
        self._recording = Recording({})

    def begin(self, function: LineFunction) -> None:
        """Listen to the formulas."""
        self._priced.begin(function)
        self._recorder = Recorder(function.emitter, self._recording)
        function.bound |= {"Trace_": Trace, "recording_": self._recording}

    def amount(self, number: int, rule: PricingRule, variable: str) -> None:
        """Write the amount, and keep it with what the formula read."""
        self._recorder.begin(number, rule)
        self._priced.amount(number, rule, variable)
        self._recorder.end(variable)

    def charged(self) -> None:
        """Write what a priced line makes of the charge."""
        self._priced.charged()

    def taken(self, rule: PricingRule, variable: str) -> None:
        """Write what a priced line makes of an amount that a rule takes."""
        self._priced.taken(rule, variable)

    def give(self) -> None:
        """Write the return of line and entries."""
        self._priced.line()
        write = self._priced.function.emitter.write
        write("q = new_(Trace_)")
        write("q.line = p; q.entries = e; q.recording = recording_")
        write("return q")

    def refused(self, row: Row, site: Site, detail: object, head: Callable[[Row], Any]) -> Trace:
        """Give the trace of a line without a price."""
        return Trace(self._priced.refused(row, site, detail, head), (), self._recording)


_REFUSAL: Final = ("reject", "reject_rule", "reject_reason", "reject_detail", "reject_place")


class RowAnswer:
    """Gives a dict with the columns of a batch's result, and the reason where there is no price.

    A dict, because it costs less than any class of our own would, and everything that writes
    tables takes one.
    """

    def __init__(self, plan: Plan) -> None:
        """Name the columns."""
        self._plan = plan
        later = list(enumerate(plan.later, len(plan.choosing)))
        stages = [rule.step.sets for _, rule in later]
        # A rule alone in its stage stands there with the stage's amount.
        self._own = {
            f"{rule.id}_amount": f"v{number}"
            for number, rule in later
            if rule.step.sets != "limit"
            and (rule.step.sets == "adjustment" or stages.count(rule.step.sets) > 1)
        }
        self.columns = (
            *("claim_id", "claim_line_number", "service_date", "rule", "charge_amount"),
            *("allowed_amount", "contractual_adjustment", *self._own),
            *("member_amount", "withheld_amount", "paid_amount", *_REFUSAL),
        )

    def begin(self, function: LineFunction) -> None:
        """Give every amount that a row holds a value."""
        self._function = function
        function.bound["number_"] = line_number
        function.emitter.write("n = r['claim_line_number']")
        function.emitter.write("if n.__class__ is not int: n = number_(r)")
        for variable in self._own.values():
            function.emitter.write(f"{variable} = zero_")

    def amount(self, number: int, rule: PricingRule, variable: str) -> None:  # noqa: ARG002  only a trace keeps the number
        """Write the amount and nothing else."""
        self._function.set_amount(variable, rule)

    def charged(self) -> None:
        """Write the difference between charge and allowed amount."""
        difference = "None if c_charge_amount is None else sub_(c_charge_amount, s_allowed)"
        self._function.emitter.write(f"x = {difference}")

    def taken(self, rule: PricingRule, variable: str) -> None:
        """Write nothing: the variable is a column."""

    def give(self) -> None:
        """Write the return of the row."""
        values = {
            **dict.fromkeys(self.columns, "None"),
            "claim_id": "r['claim_id']",
            "claim_line_number": "n",
            "service_date": "s_date",
            "rule": self._function.chosen,
            "charge_amount": "c_charge_amount",
            "allowed_amount": "s_allowed",
            "contractual_adjustment": "x",
            **self._own,
            "member_amount": self._function.total("member_share"),
            "withheld_amount": self._function.total("withheld"),
            "paid_amount": "s_remaining",
        }
        inner = ", ".join(f"{name!r}: {value}" for name, value in values.items())
        self._function.emitter.write(f"return {{{inner}}}")

    def refused(
        self, row: Row, site: Site, detail: object, head: Callable[[Row], Any]
    ) -> dict[str, Any]:
        """Give a row with its reason, and with charge and date where they read."""
        try:
            charge, day, _ = head(row)
        except Reject:
            charge = day = None
        return dict.fromkeys(self.columns) | {
            "claim_id": row["claim_id"],
            "claim_line_number": _number(row),
            "service_date": day,
            "charge_amount": charge,
            "reject": site.code,
            "reject_rule": site.rule,
            "reject_reason": site.message,
            "reject_detail": detail_text(detail),
            "reject_place": site.place,
        }


def _number(row: Row) -> int | None:
    """Give the number of a line, or None where it does not read: a row says it in its reason."""
    try:
        return line_number(row)
    except ValueError:
        return None
