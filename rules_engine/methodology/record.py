"""What a plugin offers: one record and a few functions; no base class, no registry."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final, Generic, TypeVar

from attrs import Factory, field, frozen

from rules_engine.expressions import Expression, Type
from rules_engine.expressions.exact import Inputs
from rules_engine.expressions.tokens import tokenize
from rules_engine.ledger import Money, Transfer, transfer
from rules_engine.methodology.worksheet import Explained, SettlementError, Worksheet, names_in

__all__ = [
    "STAGES",
    "Formula",
    "Methodology",
    "MonthStep",
    "Occasion",
    "Output",
    "Period",
    "Query",
    "Rows",
    "Settlement",
    "SettlementError",
    "Step",
    "TermsError",
]

Terms = TypeVar("Terms")

STAGES: Final = ("allowed", "limit", "adjustment", "member_share", "withheld")
"""The stages of a line's waterfall, in their order."""


class TermsError(Exception):
    """Terms that fit their schema but make no sense together; raised by `read_terms`.

    Attributes:
        findings: Path within the terms, code with the plugin's own prefix, message, help or None.
    """

    def __init__(self, *findings: tuple[tuple[str | int, ...], str, str, str | None]) -> None:
        """Keep the findings."""
        self.findings = findings
        super().__init__("; ".join(message for _, _, message, _ in findings))


@frozen(kw_only=True)
class Formula:
    """One expression of a contract, parsed and typed.

    Attributes:
        text: As the author wrote it.
        expression: What it means.
        grain: What one value of it is about: `line`, `contract`, an entity, `party`.
        place: Where it stands, `file:line:column`.
        dated: First day and text of each entry of a dated term, in the order of days.
        sources: What the contract says of where it comes from: of the term itself, which has no
            name, and of the parameters and tables that it reads, by name.
    """

    text: str
    expression: Expression
    grain: str
    place: str = ""
    dated: tuple[tuple[date, str], ...] = ()
    # No part of its hash, so that a formula may stand in a set though a mapping may not.
    sources: Mapping[str, str] = field(factory=dict, hash=False)

    @property
    def type(self) -> Type:
        """What its value is."""
        return self.expression.type

    def on(self, day: date) -> str:
        """Give its text as it holds on a day: of a dated term, the entry in force."""
        held = [text for first, text in self.dated if first <= day]
        return held[-1] if held else self.text

    def cited(self, text: str) -> tuple[str, ...]:
        """Give what is said of the term, and of each name that stands in its text on a day."""
        names = names_in(text)
        return tuple(
            f"{name}: {said}" if name else said
            for name, said in self.sources.items()
            if not name or name in names
        )

    def over(self, names: Mapping[str, str]) -> str:
        """Write it as a formula of a worksheet, with formulas in place of the names it is made of.

        Args:
            names: Formula by name, for terms whose names the methodology gives.
        """
        parts, done = [], 0
        for token in tokenize(self.text):
            if token.kind == "name" and token.value in names:
                parts += [self.text[done : token.start], f"({names[token.value]})"]
                done = token.end
        return "".join([*parts, self.text[done:]])


@frozen(kw_only=True)
class Output:
    """A named result that other rules may use.

    Attributes:
        type: What it is.
        grain: What one value is about: `line`, `rule` (the grain the rule runs at) or `party`.
        meaning: One sentence for the methodology's page and for explanations.
    """

    type: Type
    grain: str = "rule"
    meaning: str = ""


@frozen(kw_only=True)
class Step:
    """One stage of the waterfall of a row, set by a rule.

    Attributes:
        id: What it is called in results; unique within its rule.
        sets: Which stage: one of `STAGES`.
        expression: The amount, at the scale of a posted amount.
        when: Rows it applies to, beside the rule's own `when`; None for all of them.
        unless: Rows of these that it does not apply to; None for none of them.
        group_code: X12 claim adjustment group code (CO, PR, OA, PI) of the amount taken away.
        carc: X12 claim adjustment reason code of the amount taken away.
        per: `line`, or `claim` to pay once and spread over the lines by their charges.
        within: A table that the rule derives, by the name that `derive` gives it, or another one
            of the ruleset or its data: the step applies to rows whose own key columns have a row
            there on their day, such as a person's open episode. Empty where it asks for none.
    """

    id: str
    sets: str
    expression: Expression
    when: Expression | None = None
    unless: Expression | None = None
    group_code: str | None = None
    carc: str | None = None
    per: str = "line"
    within: str = ""


@frozen(kw_only=True)
class MonthStep:
    """One stage of what a rule pays for a member-month, written over formulas of the contract.

    The text is an expression of a row, as contracts write them. It may name the columns of
    `member_month`, the formulas under `names`, and in a stage after the first also `allowed` and
    `remaining`. An amount is rounded as the ruleset posts it.

    Attributes:
        id: What it is called; unique within its rule.
        sets: In this order: `when`, a condition beside the rule's own, where there is one; `payee`,
            the party that is paid; `allowed`; and any number of amounts that are taken off it:
            `adjustment` for good, or `withheld`.
        text: The expression.
        names: Names in the text that stand for formulas of the terms at grain `member_month`.
    """

    id: str
    sets: str
    text: str
    names: Mapping[str, Formula] = Factory(dict)


@frozen(kw_only=True)
class Rows:
    """A table as a query sees it: some of its columns, and what formulas add to each row.

    Attributes:
        table: A standard, declared or derived table; one that the same rule derives is meant by
            the name that `derive` gives it.
        columns: Columns that the query reads, of the table and of what is beside it.
        beside: A table that the same rule derives, each of whose rows is joined with the row of
            `table` that its columns of that table's key name; formulas see its columns too. Empty
            where nothing is joined.
        formulas: Column → formula of the contract, whose `x-expression` says which table's rows it
            is about (`rows`, or `rows_of` the term that names the table).
        day: What the row's own date is called; empty where nobody asks for it.
        entity: What the key of the entity that a row belongs to is called, its parts joined by `/`;
            null where the table does not say. Empty where nobody asks for it.
    """

    table: str
    columns: tuple[str, ...] = ()
    formulas: Mapping[str, Formula] = Factory(dict)
    day: str = ""
    entity: str = ""
    beside: str = ""


@frozen(kw_only=True)
class Query:
    """One SELECT in DuckDB's dialect over the rows that it names, and `period`.

    The relation `period` has the columns `label`, `first_day` and `last_day` (both inclusive): of
    every period that the rule runs for where the query derives a table, of one period where it
    gives experience. A derived table whose rows belong to a period has the columns `period_start`
    and `period_end`; without them a row belongs to the period of the day from which it holds.

    Attributes:
        select: Its text; only functions of an allow-list may stand in it, and no division, AVG,
            float, random number, clock or file.
        columns: Type of each column it gives.
        rows: Name in the text → the table that it stands for.
        key: Columns that tell the rows of one day apart; formulas look rows up by them.
        effective: Columns of the first and last day on which a row holds, both inclusive, null
            where open; formulas find the row that holds on the day of theirs, and two rows of one
            key may not share a day. None takes the period of the row, where it has one.
    """

    select: str
    columns: Mapping[str, Type]
    rows: Mapping[str, Rows] = Factory(dict)
    key: tuple[str, ...] = ()
    effective: tuple[str, str] | None = None


@frozen
class Period:
    """A performance period, both days inclusive.

    Attributes:
        first: Its first day.
        last: Its last day.
        label: `2015`, `2015-H1`, `2015-Q1` or `2015-01`.
    """

    first: date
    last: date
    label: str


@frozen(kw_only=True)
class Occasion:
    """All that a settlement may know: one entity (or the contract), one period.

    Attributes:
        rule: Id of the rule that settles.
        key: The entity's key; empty for the contract.
        row: The entity's row; empty for the contract.
        period: The performance period.
        known_at: The day up to which facts are known; given by the caller.
        groups: The contract's parties: group or party → party ids.
        opening: Balances of accounts before the period, such as `savings.deficit`; below zero is
            owed to the account. An account that nobody gave a balance raises SettlementError.
        unit: Smallest amount that is posted, in whole currency (0.01 for cents).
        mode: How a posted amount is rounded: half_up, half_even or down.
        currency: ISO 4217 code.
        worksheet: Where values are computed, so that each can be explained.
        evaluate: Gives the exact value of a formula here and what it read; a formula at party
            grain needs the party, one at member grain the member.
        members: Gives the members that formulas at member grain have rows of, in order.
        experience: What the methodology's `experience` queries found here, by name: rows of this
            period that belong to this entity or to none, in the order of their columns.
    """

    rule: str
    key: tuple[str, ...]
    row: Mapping[str, Any]
    period: Period
    known_at: date | None
    groups: Mapping[str, tuple[str, ...]]
    opening: Mapping[str, Money]
    unit: Fraction
    mode: str
    currency: str
    worksheet: Worksheet
    evaluate: Callable[["Formula", str | None], tuple[Any, Inputs]] = field(repr=False)
    members: Callable[[Sequence["Formula"]], tuple[str, ...]] = field(repr=False)
    experience: Mapping[str, tuple[Mapping[str, Any], ...]] = Factory(dict)

    def value(self, formula: "Formula", party: str | None = None) -> Any:
        """Give the exact value of a formula of the contract, without recording it."""
        return self.evaluate(formula, party)[0]

    def take(self, name: str, formula: "Formula", party: str | None = None, note: str = "") -> Any:
        """Give the exact value of a formula of the contract, and record it under a name.

        Raises:
            SettlementError: It has no value here, such as the mean of no rows.
        """
        value, inputs = self.evaluate(formula, party)
        if value is None:
            who = "".join(f" of {one}" for one in ("/".join(self.key), party) if one)
            msg = (
                f"{formula.place}: {name}{who} of {self.rule} in {self.period.label} has no value;"
                " say what holds then: coalesce(…, 0)"
            )
            raise SettlementError(msg)
        text = formula.on(self.period.first)
        return self.worksheet.take(
            name,
            value,
            formula=text,
            unit=str(formula.type.kind),
            inputs=inputs.values,
            units=inputs.units,
            place=formula.place,
            note="; ".join((*formula.cited(text), *([note] if note else ()))),
        )

    def post(self, name: str, formula: str, note: str = "") -> Money:
        """Compute an amount on the worksheet, round it as the contract posts it, and record it."""
        exact = self.worksheet.let(name, self.rounding(formula), kind="posted", note=note)
        return Money.rounded(exact, self.unit, self.mode, self.currency)

    def move(
        self, source: str, target: str, amount: Money, reason: str, *, stream: str | None = None
    ) -> Transfer | None:
        """Move an amount of any sign for this rule, entity and period; zero moves nothing.

        Raises:
            ValueError: The accounts are empty or equal.
        """
        return transfer(
            source,
            target,
            amount,
            rule=self.rule,
            reason=reason,
            key=self.key,
            period=self.period.label,
            stream=stream,
        )

    def rounding(self, formula: str) -> str:
        """Write the contract's rounding around a formula."""
        function = {"half_up": "round", "half_even": "round_half_even"}.get(self.mode, "round_down")
        places = next((n for n in range(13) if self.unit == Fraction(1, 10**n)), None)
        if places is not None:
            return f"{function}({formula}, {places})"
        # A unit that is no power of ten, such as five cents.
        above, below = self.unit.numerator, self.unit.denominator
        return f"{function}(({formula}) * {below} / {above}, 0) * {above} / {below}"

    @property
    def unit_cents(self) -> int:
        """The smallest amount that is posted, in cents."""
        return max(1, int(self.unit * 100))

    def parties(self, among: Sequence[str]) -> tuple[str, ...]:
        """Give the parties of a list of groups and parties, in the order of their ids."""
        return tuple(sorted({party for name in among for party in self.groups.get(name, (name,))}))


@frozen(kw_only=True)
class Settlement:
    """What a settlement decides.

    Attributes:
        transfers: Movements of money.
        outputs: Named results: a value, or a value for each party.
        pools: Accounts that have to be empty when all is done.
        explained: How each amount came about, parts before wholes.
        closing: What is left in accounts that it opened with, for the next period: their opening
            balance and what the transfers moved; an account that is not named has to be empty, and
            what it holds before the next period came since.
    """

    transfers: tuple[Transfer, ...] = ()
    outputs: Mapping[str, Any] = Factory(dict)
    pools: frozenset[str] = frozenset()
    explained: tuple[Explained, ...] = ()
    closing: Mapping[str, Money] = Factory(dict)


@frozen(kw_only=True)
class Methodology(Generic[Terms]):
    """A way of paying that rules may name. Everything but `settle` is called once a ruleset.

    Attributes:
        name: In snake_case; the entry point has the same name.
        terms_schema: JSON Schema 2020-12 of `terms`; `x-expression` marks an expression.
        read_terms: Gives the methodology's own terms; expressions arrive as `Formula`.
        outputs: Every name that other rules may use; known before any data is read.
        derive: Tables it adds for other rules, which call one `<rule>_<name>`; one may read those
            that stand before it.
        price: Steps of a claim line; the core compiles each to a closure and to SQL.
        price_months: Steps of a member-month, compiled likewise; the rule's `when` then says which
            member-months it pays for. Its experience may read them: the table `priced`.
        experience: Rows that `settle` reads beside what its expressions ask for; one for each
            entity, or few.
        settle: Pure; once for each entity and period.
        settle_together: Pure; called instead of `settle`, once for each period with the occasions
            of all entities for which the rule holds, and gives a settlement for each in their
            order. For what one entity alone does not decide: a pool, a rank, a percentile.
        summary: One sentence for lists.
        lan_categories: HCP-LAN categories that it can be part of; empty where it fits any.
    """

    name: str
    terms_schema: Mapping[str, Any]
    read_terms: Callable[[Mapping[str, Any]], Terms]
    outputs: Callable[[Terms], Mapping[str, Output]]
    derive: Callable[[Terms], Mapping[str, Query]] | None = None
    price: Callable[[Terms], Sequence[Step]] | None = None
    price_months: Callable[[Terms], Sequence[MonthStep]] | None = None
    experience: Callable[[Terms], Mapping[str, Query]] | None = None
    settle: Callable[[Terms, Occasion], Settlement] | None = None
    settle_together: Callable[[Terms, Sequence[Occasion]], Sequence[Settlement]] | None = None
    summary: str = ""
    lan_categories: tuple[str, ...] = ()

    @property
    def settles(self) -> bool:
        """Whether it settles periods."""
        return self.settle is not None or self.settle_together is not None
