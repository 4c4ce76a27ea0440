"""A batch of member-months by one rule: its stages as one SQL query, one named step for each."""

from collections.abc import Iterable
from typing import Final

from attrs import Factory, define, frozen

from rules_engine.expressions import Expression, Sites, tree
from rules_engine.expressions.sql import SqlWriter, constant, quote
from rules_engine.language.monthly import MONTH
from rules_engine.pricing.amounts_sql import narrowed, posted, refused
from rules_engine.pricing.months.plan import KEYS, NO_PAYEE, amounts, payee
from rules_engine.pricing.plan import Plan, PricingRule, may_exceed

__all__ = ["CARRIED", "MonthQuery", "month_query"]

CARRIED: Final = (
    "days_enrolled",
    "days_in_month",
    "fraction",
    "party",
    "product",
    "age",
    "sex",
    "region",
    "risk_score",
)
"""Columns of a member-month that stand beside what is paid for it."""

_TOTALS: Final = {"adjustment": "adjusted", "withheld": "withheld"}


@frozen
class MonthQuery:
    """One SELECT over `member_month` and the ruleset's tables.

    Attributes:
        rule: Whose.
        steps: Name, SELECT and comment of each step, in order.
        final: The SELECT over the last of them.
    """

    rule: str
    steps: tuple[tuple[str, str, str], ...]
    final: str

    @property
    def sql(self) -> str:
        """Its text, in DuckDB's dialect."""
        written = []
        for name, text, comment in self.steps:
            note = "".join(f"-- {line}\n" for line in comment.splitlines())
            written.append(f"{note}{quote(name)} AS NOT MATERIALIZED (\n  {text}\n)")
        return "WITH " + ",\n".join(written) + f"\n{self.final}"


def month_query(
    plan: Plan, sites: Sites, present: Iterable[str], *, source: str = MONTH
) -> MonthQuery:
    """Write the query that prices every member-month of the contract by one rule.

    Months outside the ruleset's effective dates are none of the contract's, and are left out.

    Args:
        plan: The rule.
        sites: Numbers of the places that may reject a row.
        present: Columns that the data has.
        source: Table or view of the member-months.
    """
    return _Months(plan=plan, sites=sites, present=frozenset(present), source=source).query()


@define(kw_only=True)
class _Months:
    plan: Plan
    sites: Sites
    present: frozenset[str]
    source: str
    columns: list[str] = Factory(list)
    steps: list[tuple[str, str, str]] = Factory(list)

    def query(self) -> MonthQuery:
        who = payee(self.plan)
        self.sites.rule = who.id
        self.rows()
        self.chosen(who)
        self.payee(who)
        allowed, *later = amounts(self.plan)
        self.amount(allowed, "allowed")
        totals: dict[str, list[str]] = {name: [] for name in _TOTALS.values()}
        for number, rule in enumerate(later, 1):
            column = f"taken_{number}"
            self.amount(rule, column)
            totals[_TOTALS[rule.step.sets]].append(column)
            left = f"CAST(l.remaining - l.{column} AS DECIMAL(18, {self.plan.scale}))"
            self.step(f"left_{number}", self.writer(), {"remaining": left})
        return MonthQuery(who.id, tuple(self.steps), self.final(who.id, totals))

    def writer(self) -> SqlWriter:
        return SqlWriter(
            dict(self.plan.tables), self.sites, column=self.column, row_date="l.service_date"
        )

    @staticmethod
    def column(ref: tree.Ref) -> str:
        return f"l.{quote(ref.name)}"

    def step(
        self,
        name: str,
        writer: SqlWriter,
        added: dict[str, str],
        *,
        comment: str = "",
        where: str = "",
    ) -> None:
        """Add a named step: all columns so far, some replaced, some added."""
        kept = [f"l.{quote(c)}" for c in self.columns if c not in added]
        selected = ", ".join([*kept, *(f"{sql} AS {quote(c)}" for c, sql in added.items())])
        joins = "".join(f"\n  {join}" for join in writer.joins.values())
        condition = f"\n  WHERE {where}" if where else ""
        text = f"SELECT {selected}\n  FROM {quote(self.source)} AS l{joins}{condition}"
        self.steps.append((name, text, comment))
        self.columns = [c for c in self.columns if c not in added] + list(added)
        self.source = name

    # -- the rows

    def rows(self) -> None:
        plan = self.plan
        names = dict.fromkeys((*KEYS, *plan.needed_columns, *CARRIED))
        added = {name: f"l.{quote(name)}" for name in names if name in self.present}
        added["service_date"] = "l.month"
        days = f"{constant(plan.first)} AND {constant(plan.last)}"
        self.step(
            "month_of_contract",
            self.writer(),
            added,
            comment="the months of the contract",
            where=f"l.month BETWEEN {days}",
        )

    def chosen(self, rule: PricingRule) -> None:
        """Keep the member-months that the rule pays for, and those of which nobody can say."""
        if not rule.conditions:
            return
        writer = self.writer()
        tests = [
            writer.write(c) if not c.type.nullable else f"coalesce({writer.write(c)}, FALSE)"
            for c in rule.conditions
        ]
        failed = writer.first(*(writer.failure(c) for c in rule.conditions))
        added = {"met": " AND ".join(tests)}
        if failed is not None:
            added["reject"] = failed
        self.step("met", writer, added, comment="whether the rule pays for it")
        kept = "l.met" if failed is None else "(l.met OR l.reject IS NOT NULL)"
        self.columns.remove("met")
        self.step("chosen", self.writer(), {}, where=kept)

    def payee(self, rule: PricingRule) -> None:
        writer = self.writer()
        expression = rule.step.expression
        added = {"payee": writer.write(expression)}
        self.rejecting(writer.failure(expression), added)
        self.step("named", writer, added, comment="who is paid")
        if expression.type.nullable:
            nobody = self.sites.number(*NO_PAYEE)
            added = {}
            self.rejecting(f"CASE WHEN l.payee IS NULL THEN {nobody} END", added)
            self.step("known", self.writer(), added)

    def amount(self, rule: PricingRule, column: str) -> None:
        """Compute an amount, and refuse the rows that have none."""
        expression: Expression = rule.step.expression
        writer = self.writer()
        added = {column: posted(writer, expression, self.plan.scale)}
        self.rejecting(writer.failure(expression), added)
        comment = f"{rule.step.sets}: {rule.id}" + (f": {rule.source}" if rule.source else "")
        self.step(f"{column}_amount", writer, added, comment=comment)
        added = {}
        self.rejecting(refused(expression, column, self.sites), added)
        if may_exceed(expression):
            added[column] = narrowed(column, self.plan.scale)
        if added:
            self.step(f"{column}_known", self.writer(), added)
        if column == "allowed":
            self.step("to_pay", self.writer(), {"remaining": "l.allowed"})

    def rejecting(self, failed: str | None, added: dict[str, str]) -> None:
        """Add a reason to refuse a row, behind those that it has."""
        if failed is not None:
            has_any = "reject" in self.columns
            added["reject"] = f"coalesce(l.reject, {failed})" if has_any else failed

    # -- the result

    def final(self, rule: str, totals: dict[str, list[str]]) -> str:
        width = f"DECIMAL(18, {self.plan.scale})"
        may_fail = "reject" in self.columns

        def good(sql: str) -> str:
            return f"CASE WHEN l.reject IS NULL THEN {sql} END" if may_fail else sql

        out = {"rule": constant(rule)} | {name: f"l.{quote(name)}" for name in KEYS}
        out |= {name: f"l.{quote(name)}" for name in CARRIED if name in self.present}
        out["payee"] = good("l.payee")
        out["allowed_amount"] = good("l.allowed")
        for name, taken in totals.items():
            total = " + ".join(f"l.{column}" for column in taken) or "0"
            out[f"{name}_amount"] = good(f"CAST({total} AS {width})")
        out["paid_amount"] = good("l.remaining")
        out["reject"] = "CAST(l.reject AS SMALLINT)" if may_fail else "CAST(NULL AS SMALLINT)"
        selected = ",\n  ".join(f"{sql} AS {quote(name)}" for name, sql in out.items())
        return f"SELECT\n  {selected}\nFROM {quote(self.source)} AS l"
