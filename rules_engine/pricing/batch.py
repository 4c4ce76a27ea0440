"""A batch at once: all rules of a ruleset as one SQL query, one named step for each."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from attrs import define, field

from rules_engine.expressions import Expression, Sites, tree
from rules_engine.expressions.sql import SqlWriter, constant, quote
from rules_engine.pricing import claim_functions, running
from rules_engine.pricing.amounts_sql import narrowed, posted, refused
from rules_engine.pricing.plan import Plan, PricingRule, columns_of, may_exceed

__all__ = ["KEYS", "BatchQuery", "batch_query"]

KEYS: Final = ("claim_id", "claim_line_number")
"""Columns that tell the lines apart."""


@define
class BatchQuery:
    """One SELECT over `medical_claim` and the ruleset's tables.

    Attributes:
        sql: Its text, in DuckDB's dialect.
        columns: Names of the columns it gives, in order.
        amounts: Column of each later rule's amount, by rule, where one stands in the result.
        steps: Name, SELECT and comment of each step, in order.
        final: The SELECT over the last of them.
    """

    sql: str
    columns: tuple[str, ...]
    amounts: dict[str, str] = field(factory=dict)
    steps: tuple[tuple[str, str, str], ...] = ()
    final: str = ""


def batch_query(
    plan: Plan,
    sites: Sites,
    present: Iterable[str],
    carry: Sequence[str] = (),
    *,
    source: str = "medical_claim",
) -> BatchQuery:
    """Write the query that prices every line.

    Args:
        plan: What to price.
        sites: Numbers of the places that may reject a line, shared with the claim pricer.
        present: Columns that the data has; one that only the row's date reads is null where absent.
        carry: Columns of the claim to hand on beside the amounts.
        source: Table or view of the lines.
    """
    return _Batch(plan, sites, frozenset(present), tuple(carry), source).query()


class _Batch:
    def __init__(
        self, plan: Plan, sites: Sites, present: frozenset[str], carry: tuple[str, ...], source: str
    ) -> None:
        self.plan = plan
        self.sites = sites
        self.present = present
        self.carry = tuple(name for name in carry if name in present and name not in KEYS)
        self.steps: list[tuple[str, str, str]] = []
        self.columns: list[str] = []
        self.source = source
        # What is left of the allowed amount; all of it, until something is taken.
        self.remaining = "l.allowed"
        # Which column holds what was made of several lines.
        self.of_lines: dict[tree.Expression, str] = {}
        self.sums = 0

    # -- writing steps

    def writer(self) -> SqlWriter:
        return SqlWriter(
            dict(self.plan.tables),
            self.sites,
            column=self.column,
            of_lines=lambda node: f"l.{self.of_lines[node]}",
            row_date="l.service_date",
        )

    def column(self, ref: tree.Ref) -> str:
        if ref.space == "column":
            return f"l.{quote(ref.name)}"
        return self.remaining if ref.name == "remaining" else f"l.{ref.name}"

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
        kept = [quote(c) for c in self.columns if c not in added]
        new = [f"{sql} AS {quote(column)}" for column, sql in added.items()]
        selected = ",\n    ".join([", ".join(f"l.{c}" for c in kept), *new] if kept else new)
        joins = "".join(f"\n  {join}" for join in writer.joins.values())
        condition = f"\n  WHERE {where}" if where else ""
        text = f"SELECT {selected}\n  FROM {quote(self.source)} AS l{joins}{condition}"
        self.steps.append((name, text, comment))
        self.columns = [c for c in self.columns if c not in added] + list(added)
        self.source = name

    def query(self) -> BatchQuery:
        self.lines()
        if self.plan.claim_functions:
            self.claims()
        self.choose()
        self.allow()
        if any(rule.step.per == "claim" for rule in self.plan.choosing):
            self.spread()
        amounts = self.later()
        final, columns = self.result(amounts)
        written = []
        for name, text, comment in self.steps:
            note = "".join(f"-- {line}\n" for line in comment.splitlines())
            written.append(f"{note}{quote(name)} AS NOT MATERIALIZED (\n  {text}\n)")
        sql = "WITH " + ",\n".join(written) + f"\n{final}"
        return BatchQuery(sql, columns, amounts, tuple(self.steps), final)

    # -- the rows

    def lines(self) -> None:
        plan = self.plan
        names = [*KEYS, *(n for n in plan.needed_columns if n not in KEYS)]
        names += [n for n in self.carry if n not in names]
        if self.plan.accumulators and "sequence" in self.present and "sequence" not in names:
            names.append("sequence")
        writer = self.writer()
        writer.column = lambda ref: f"l.{quote(ref.name)}" if ref.name in self.present else "NULL"
        optional = plan.only_dates - self.present
        added = {name: f"l.{quote(name)}" for name in names if name not in optional}
        if "charge_amount" not in self.present and "charge_amount" not in self.others_need():
            added["charge_amount"] = f"CAST(NULL AS DECIMAL(18, {plan.scale}))"
        added["service_date"] = f"CAST({writer.write(plan.row_date)} AS DATE)"
        self.step("claim_line", writer, added)
        # Nothing after this step reads what only dates a line.
        self.columns = [c for c in self.columns if c not in plan.only_dates or c in self.carry]

    def others_need(self) -> frozenset[str]:
        rules = self.plan.rules
        return columns_of(e for rule in rules for e in (*rule.conditions, rule.step.expression))

    # -- what is made of several lines

    def claims(self) -> None:
        """Compute the functions over the lines of a claim: first of each line, then of all."""
        writer = self.writer()
        # Why a line has no value for others is none of their reasons.
        writer.sites = Sites()
        own: dict[str, str] = {}
        functions: dict[str, str] = {}
        for number, node in enumerate(self.plan.claim_functions, 1):
            name = f"claim_{number}"
            self.of_lines[node] = name
            own |= claim_functions.of_each_line(node, name, writer)
            functions |= claim_functions.of_all_lines(node, name)
        self.step("claim_value", writer, own, comment="what each line of a claim gives")
        columns = list(own)
        self.step("claim_whole", self.writer(), functions, comment="functions over a claim's lines")
        self.columns = [c for c in self.columns if c not in columns]

    def accumulate(self, rule: PricingRule, applies: str) -> dict[tree.Expression, str]:
        """Compute the running sums of a rule, over the lines that it applies to; name them."""
        nodes = tree.running_in(rule.step.expression)
        if not nodes:
            return {}
        writer = self.writer()
        kept = set(self.columns)
        names: dict[tree.Expression, str] = {}
        failures: list[str | None] = []
        for node in nodes:
            self.sums += 1
            names[node] = f"running_{self.sums}"
            failures += [writer.failure(part) for part in tree.children(node)]
        failed = writer.first(*failures)
        counts = f"l.reject IS NULL AND {applies}" if applies != "TRUE" else "l.reject IS NULL"
        added = {"begins": "min(l.service_date) OVER (PARTITION BY l.claim_id)"}
        if "sequence" in self.columns:
            added["comes"] = "min(l.sequence) OVER (PARTITION BY l.claim_id)"
        for node in nodes:
            added |= running.of_each_line(node, names[node], writer, counts, failed)
        if failed is not None:
            added["reject"] = f"CASE WHEN {counts} THEN {failed} ELSE l.reject END"
        note = f"{rule.id}: what each line adds to its running sum"
        self.step(f"{rule.id}_adds", writer, added, comment=note)
        order = running.order("comes" in added)
        sums = {f"{names[node]}_after": running.run_up(node, names[node], order) for node in nodes}
        note = f"{rule.id}: what has run up with each line"
        self.step(f"{rule.id}_runs", self.writer(), sums, comment=note)
        sums = {names[node]: running.within_limit(node, names[node]) for node in nodes}
        note = f"{rule.id}: what of each line lies within the limit"
        self.step(f"{rule.id}_within", self.writer(), sums, comment=note)
        self.columns = [c for c in self.columns if c in kept or c in sums]
        return names

    # -- the rule that sets the allowed amount

    def choose(self) -> None:
        plan = self.plan
        writer = self.writer()
        self.sites.rule = ""
        no_date = self.sites.number("RE609", "the line has no date to be priced at")
        outside = self.sites.number(
            "RE610", "the line's date is outside the ruleset's effective dates"
        )
        none = self.sites.number("RE606", "no rule sets the allowed amount")
        several = self.sites.number("RE607", "more than one rule sets the allowed amount")
        failures: list[str | None] = [
            (
                f"CASE WHEN l.service_date IS NULL THEN {no_date} WHEN NOT (l.service_date "
                f"BETWEEN {constant(plan.first)} AND {constant(plan.last)}) THEN {outside} END"
            )
        ]
        rules = list(enumerate(plan.choosing))
        matches: dict[str, str] = {}
        ordinary = [(n, rule) for n, rule in rules if not rule.otherwise]
        for _, rule in ordinary:
            self.sites.rule = rule.id
            matches[rule.id] = self.met(writer, rule)
            failures += [writer.failure(c) for c in rule.conditions]
        tests = []
        for number, rule in ordinary:
            over = [matches[r.id] for _, r in ordinary if rule.id in r.replaces]
            test = matches[rule.id]
            if over:
                test = f"({test} AND NOT ({' OR '.join(over)}))"
            tests.append((number, test))
        branches = [f"WHEN {test} THEN {number}" for number, test in tests if test != "TRUE"]
        certain = next((str(number) for number, test in tests if test == "TRUE"), None)
        for number, rule in rules:
            if rule.otherwise and certain is None:
                self.sites.rule = rule.id
                met = self.met(writer, rule)
                nothing = " OR ".join(test for _, test in tests) or "FALSE"
                inner = [writer.failure(c) for c in rule.conditions]
                failures += [f"CASE WHEN NOT ({nothing}) THEN {f} END" for f in inner if f]
                if met == "TRUE":
                    certain = str(number)
                else:
                    branches.append(f"WHEN {met} THEN {number}")
        if len(tests) > 1:
            count = " + ".join(f"CAST({test} AS INTEGER)" for _, test in tests)
            failures.append(f"CASE WHEN {count} > 1 THEN {several} END")
        if certain is None:
            chosen = f"CASE {' '.join(branches)} ELSE -1 END"
            failures.append(f"CASE WHEN {chosen} < 0 THEN {none} END")
        which = (
            f"CASE {' '.join(branches)} ELSE {certain or -1} END"
            if branches
            else str(certain or -1)
        )
        added = {"which": f"CAST({which} AS TINYINT)" if len(rules) < 128 else which,  # noqa: PLR2004  eight bits
                 "reject": writer.first(*failures) or "NULL"}  # fmt: skip
        self.step("chosen", writer, added, comment="which rule sets the allowed amount")

    @staticmethod
    def met(writer: SqlWriter, rule: PricingRule) -> str:
        """SQL that is true where a rule applies and false elsewhere, never null."""
        if not rule.conditions:
            return "TRUE"
        parts = [
            writer.write(c) if not c.type.nullable else f"coalesce({writer.write(c)}, FALSE)"
            for c in rule.conditions
        ]
        return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"

    def allow(self) -> None:
        one = len(self.plan.choosing) == 1
        sums = {}
        for number, rule in enumerate(self.plan.choosing):
            self.sites.rule = rule.id
            sums[rule.id] = self.accumulate(rule, "TRUE" if one else f"l.which = {number}")
        writer = self.writer()
        rules = self.plan.choosing
        amounts, failures, nulls, notes = [], [], [], []
        for number, rule in enumerate(rules):
            self.sites.rule = rule.id
            self.of_lines |= sums[rule.id]
            amounts.append((number, self.amount(writer, rule.step.expression)))
            failed = writer.failure(rule.step.expression)
            if failed is not None:
                failures.append((number, failed))
            absent = self.absent(rule.step.expression, "allowed")
            if absent is not None:
                nulls.append((number, absent))
            about = f"{rule.id}: {rule.source}" if rule.source else rule.id
            notes.append(about if len(rules) == 1 else f"{number} = {about}")
        reject = "l.reject"
        if failures:
            reject = f"coalesce(l.reject, {_switch(failures, len(rules))})"
        added = {"allowed": _switch(amounts, len(rules)), "reject": reject}
        if any(rule.step.per == "claim" for rule in rules):
            # A line rejected before its rule was known takes no part in what its claim is paid.
            added["which"] = "CASE WHEN l.reject IS NULL THEN l.which ELSE -1 END"
        self.step("allowed", writer, added, comment="the allowed amount\n" + "\n".join(notes))
        if nulls:
            added = {"reject": f"coalesce(l.reject, {_switch(nulls, len(rules))})"}
            if any(may_exceed(rule.step.expression) for rule in rules):
                added["allowed"] = self.narrowed("allowed")
            self.step("allowed_known", self.writer(), added, comment="amounts that are known")

    def amount(self, writer: SqlWriter, expression: Expression) -> str:
        """Write an amount as it is posted."""
        return posted(writer, expression, self.plan.scale)

    def absent(self, expression: Expression, column: str) -> str | None:
        """Write what rejects a line whose amount, now in a column, is null or too large."""
        return refused(expression, column, self.sites)

    def narrowed(self, column: str) -> str:
        """Write an amount in the width that all amounts have; null where it is too large."""
        return narrowed(column, self.plan.scale)

    def spread(self) -> None:
        """Spread what is paid once a claim over its lines, by largest remainder on charges."""
        numbers = [n for n, rule in enumerate(self.plan.choosing) if rule.step.per == "claim"]
        together = f"l.which IN ({', '.join(map(str, numbers))})"
        base = self.source
        columns = list(self.columns)
        scale = 10**self.plan.scale
        part = "PARTITION BY l.claim_id, l.which"
        ordered = f"{part} ORDER BY l.claim_line_number"
        writer = self.writer()
        self.step(
            "once",
            writer,
            {
                "units": f"first_value(CAST(l.allowed * {scale} AS BIGINT)) OVER ({ordered})",
                "reject": f"first_value(l.reject) OVER ({ordered})",
                "least_charge": f"min(coalesce(l.charge_amount, 0)) OVER ({part})",
                "all_charges": f"sum(coalesce(l.charge_amount, 0)) OVER ({part})",
            },
            comment="what is paid once a claim: by its first line",
            where=together,
        )
        self.step(
            "weighed",
            writer,
            {
                "weight": "CASE WHEN l.least_charge < 0 OR l.all_charges = 0 THEN 1 "
                "ELSE CAST(abs(coalesce(l.charge_amount, 0)) * 100 AS HUGEINT) END"
            },
        )
        whole = f"sum(l.weight) OVER ({part})"
        self.step(
            "divided",
            writer,
            {
                "floor_units": f"(abs(l.units) * l.weight) // {whole}",
                "remainder": f"(abs(l.units) * l.weight) % {whole}",
            },
        )
        self.step(
            "ranked",
            writer,
            {
                "odd_units": f"abs(l.units) - sum(l.floor_units) OVER ({part})",
                "place": f"row_number() OVER ({part} "
                "ORDER BY l.remainder DESC, l.claim_line_number)",
            },
        )
        unit = f"{Decimal(1).scaleb(-self.plan.scale):f}"
        size = "l.floor_units + CASE WHEN l.place <= l.odd_units THEN 1 ELSE 0 END"
        units = f"CAST(CASE WHEN l.units < 0 THEN -({size}) ELSE {size} END AS DECIMAL(18, 0))"
        allowed = f"CAST({units} * {unit} AS DECIMAL(18, {self.plan.scale}))"
        names = ", ".join(f"l.{quote(c)}" for c in columns if c != "allowed")
        text = (
            f"SELECT {names}, {allowed} AS allowed\n  FROM ranked AS l\n  UNION ALL\n"
            f"  SELECT {names}, l.allowed\n  FROM {quote(base)} AS l\n  WHERE NOT ({together})"
        )
        self.steps.append(
            ("spread", text, "each line's part of it, by largest remainder on charges")
        )
        self.columns = [c for c in columns if c != "allowed"] + ["allowed"]
        self.source = "spread"

    # -- what happens to it

    def later(self) -> dict[str, str]:
        """Apply the later rules: of each its amount, then what is left; no sum is written twice."""
        amounts: dict[str, str] = {}
        for number, rule in enumerate(self.plan.later, 1):
            self.sites.rule = rule.id
            if tree.running_in(rule.step.expression):
                note = f"{rule.id}: the lines that it applies to"
                self.step(f"{rule.id}_meets", *self.meeting(rule), comment=note)
                self.of_lines |= self.accumulate(rule, "l.meets")
                self.columns.remove("meets")
            writer = self.writer()
            met = self.met(writer, rule)
            expression = rule.step.expression
            amount = self.amount(writer, expression)
            failed = writer.failure(expression)
            tested = writer.first(*(writer.failure(c) for c in rule.conditions))
            if failed is not None and met != "TRUE":
                failed = f"CASE WHEN {met} THEN {failed} END"
            is_limit = rule.step.sets == "limit"
            column = f"{'limit' if is_limit else 'taken'}_{number}"
            if met != "TRUE":
                amount = f"CASE WHEN {met} THEN {amount} ELSE {'l.allowed' if is_limit else 0} END"
            added = {column: amount}
            found = writer.first(tested, failed)
            if found is not None:
                added["reject"] = f"coalesce(l.reject, {found})"
            comment = f"{rule.step.sets}: {rule.id}" + (f": {rule.source}" if rule.source else "")
            self.step(f"{rule.id}_amount", writer, added, comment=comment)
            absent = self.absent(expression, column)
            kept = self.narrowed(column) if may_exceed(expression) else f"l.{column}"
            if is_limit:
                # Written out, because engines differ in whether least skips a null.
                lower = f"CASE WHEN l.{column} < l.allowed THEN {kept} ELSE l.allowed END"
                added = {"allowed": lower}
            else:
                left = f"{self.remaining} - {kept}"
                self.remaining = "l.remaining"
                added = {"remaining": f"CAST({left} AS DECIMAL(18, {self.plan.scale}))"}
                amounts[rule.id] = column
                if may_exceed(expression):
                    added[column] = kept
            if absent is not None:
                added["reject"] = f"coalesce(l.reject, {absent})"
            note = f"{rule.id}: what is left then"
            self.step(f"{rule.id}_applied", self.writer(), added, comment=note)
            if is_limit:
                self.columns.remove(column)
        return amounts

    def meeting(self, rule: PricingRule) -> tuple[SqlWriter, dict[str, str]]:
        """Write whether a rule applies to a line, and what its conditions refuse."""
        writer = self.writer()
        added = {"meets": self.met(writer, rule)}
        tested = writer.first(*(writer.failure(c) for c in rule.conditions))
        if tested is not None:
            added["reject"] = f"coalesce(l.reject, {tested})"
        return writer, added

    def result(self, amounts: dict[str, str]) -> tuple[str, tuple[str, ...]]:
        scale = self.plan.scale
        stages: dict[str, list[str]] = {}
        for rule in self.plan.later:
            if rule.id in amounts:
                stages.setdefault(rule.step.sets, []).append(rule.id)
        ids = "CASE l.which " + " ".join(
            f"WHEN {n} THEN {constant(rule.id)}" for n, rule in enumerate(self.plan.choosing)
        ) + " END"  # fmt: skip
        if len(self.plan.choosing) == 1:
            ids = constant(self.plan.choosing[0].id)

        def good(sql: str) -> str:
            return f"CASE WHEN l.reject IS NULL THEN {sql} END"

        def total(stage: str) -> str:
            columns = [f"l.{amounts[rule]}" for rule in stages.get(stage, [])]
            if len(columns) == 1:
                return columns[0]
            return f"CAST({' + '.join(columns) or '0'} AS DECIMAL(18, {scale}))"

        out = {name: f"l.{quote(name)}" for name in (*KEYS, *self.carry)}
        out["service_date"] = "l.service_date"
        out["rule"] = good(ids)
        # A charge has cents even where the contract posts whole dollars.
        cents = max(scale, self.plan.columns["charge_amount"].scale or 0)
        # One width, whatever the file or mapping that it came from.
        out["charge_amount"] = f"CAST(l.charge_amount AS DECIMAL(18, {cents}))"
        out["allowed_amount"] = good("l.allowed")
        out["contractual_adjustment"] = good(
            f"CAST(l.charge_amount - l.allowed AS DECIMAL(18, {cents}))"
        )
        for stage, rules in stages.items():
            if stage == "adjustment" or len(rules) > 1:
                out |= {f"{rule}_amount": good(f"l.{amounts[rule]}") for rule in rules}
        out["member_amount"] = good(total("member_share"))
        out["withheld_amount"] = good(total("withheld"))
        out["paid_amount"] = good(self.remaining)
        out["reject"] = "CAST(l.reject AS SMALLINT)"
        selected = ",\n  ".join(
            sql if sql == f"l.{quote(name)}" else f"{sql} AS {quote(name)}"
            for name, sql in out.items()
        )
        totals = {"member_share": "member_amount", "withheld": "withheld_amount"}
        sets = {rule.id: rule.step.sets for rule in self.plan.later}
        for rule_id in amounts:
            own = f"{rule_id}_amount"
            amounts[rule_id] = own if own in out else totals.get(sets[rule_id], own)
        return f"SELECT\n  {selected}\nFROM {quote(self.source)} AS l", tuple(out)


def _switch(parts: list[tuple[int, str]], rules: int) -> str:
    """Choose by rule; one rule alone needs no choice."""
    if rules == 1:
        return parts[0][1]
    return "CASE l.which " + " ".join(f"WHEN {n} THEN {sql}" for n, sql in parts) + " END"
