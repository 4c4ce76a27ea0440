"""Worked cases: a claim or a year by hand, held against the engine to the cent."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import frozen

from rules_engine.diagnostics import RulesetError
from rules_engine.engine.contract import Contract
from rules_engine.engine.run import Run
from rules_engine.engine.running import run
from rules_engine.language.names import shape_of
from rules_engine.methodology import SettlementError
from rules_engine.methodology.explanation import number_text
from rules_engine.pricing.given import Given
from rules_engine.pricing.missing import MissingColumnError
from rules_engine.pricing.priced import PricedLine, RejectedLine
from rules_engine.pricing.running import flat

__all__ = ["Case", "CaseResult", "Comparison", "read_cases", "run_case", "settled"]


@frozen(kw_only=True)
class Case:
    """One worked case of a ruleset.

    Attributes:
        name: What it shows, in a sentence.
        note: Its arithmetic.
        given: `price` or `settle`, with what is given.
        expect: What has to come out.
        place: Where it stands: `file:line:column`.
    """

    name: str
    note: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    place: str


@frozen
class Comparison:
    """One amount: what the case expects and what the engine finds."""

    what: str
    expected: str
    found: str

    @property
    def passed(self) -> bool:
        """Whether they are equal."""
        return self.expected == self.found


@frozen(kw_only=True)
class CaseResult:
    """What became of a case.

    Attributes:
        name: The case.
        note: Its arithmetic.
        place: Where it stands.
        comparisons: Each expected amount beside the one found.
        error: Why it could not be run; empty where it could.
    """

    name: str
    note: str
    place: str
    comparisons: tuple[Comparison, ...]
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it could be run, expects something, and finds all of it."""
        return not self.error and bool(self.comparisons) and all(c.passed for c in self.comparisons)


def read_cases(ruleset: Contract) -> tuple[Case, ...]:
    """Give the cases of a ruleset in the order of the document."""
    declaration = ruleset.bound.declaration
    found = []
    for place, case in enumerate(declaration.cases):
        given = {key: case[key] for key in ("price", "settle") if key in case}
        where = str(declaration.document.locate(("cases", place)))
        found.append(
            Case(
                name=str(case.get("case", f"case {place + 1}")),
                note=str(case.get("note", "")),
                given=given,
                expect=case.get("expect", {}),
                place=where,
            )
        )
    return tuple(found)


def run_case(ruleset: Contract, case: Case) -> CaseResult:
    """Run a case; what goes wrong is in the result."""
    comparisons: list[Comparison] = []
    error = ""
    try:
        if "price" in case.given:
            comparisons += _price(ruleset, case.given["price"], case.expect)
        if "settle" in case.given:
            comparisons += _settle(ruleset, case.given["settle"], case.expect)
        if not comparisons:
            error = "the case expects nothing: price or settle, and expect, may stand in it"
    except (
        RulesetError,
        SettlementError,
        MissingColumnError,
        LookupError,
        TypeError,
        ValueError,
    ) as found:
        error = str(found)
    return CaseResult(
        name=case.name,
        note=case.note,
        place=case.place,
        comparisons=tuple(comparisons),
        error=error,
    )


def _price(
    ruleset: Contract, given: Mapping[str, Any], expect: Mapping[str, Any]
) -> Iterator[Comparison]:
    claim = dict(given["claim"])
    lines = claim.pop("lines", None) or [{}]
    # A case says what matters; every other column of a claim is absent.
    blank = dict.fromkeys(ruleset.bound.line_columns)
    rows = [{**blank, **claim, **line} for line in lines]
    pricer = ruleset.pricer
    tables = given.get("tables", {})
    if any(not ruleset.plan.tables[t].given for t in tables):
        names = ", ".join(tables)
        msg = f"tables {names} come with the ruleset; a case cannot replace them"
        raise ValueError(msg)
    known = {t: rows_of(ruleset, t, tables[t]) for t in ruleset.needs.given if t in tables}
    run_up = flat(given["accumulators"]) if "accumulators" in given else None
    asked = {"claim_id": claim.get("claim_id", "case"), "lines": rows}
    priced = pricer.price(asked, Given(known, run_up))
    by_number = {line.claim_line_number: line for line in priced.lines}
    for wanted in expect.get("lines", ()):
        number = wanted["claim_line_number"]
        line = by_number.get(number)
        for key, value in wanted.items():
            if key != "claim_line_number":
                yield Comparison(f"line {number} {key}", _shown(key, value), _of_line(line, key))
    for key in ("paid", "allowed"):
        if key in expect:
            yield Comparison(key, _money(expect[key]), _money(getattr(priced, key)))
    wanted_after = Given(accumulators=flat(expect.get("accumulators", {})))
    for sum_, value in wanted_after.opening(ruleset.plan.accumulators).items():
        after = priced.given_after.get(sum_, (run_up or {}).get(sum_))
        found = "nothing has run up" if after is None else _money(after)
        yield Comparison(" of ".join((sum_[0], ", ".join(sum_[1:]))), _money(value), found)


def rows_of(ruleset: Contract, table: str, rows: Any) -> list[dict[str, Any]]:
    """Give the rows of a given table with every column, absent ones as None."""
    known = ruleset.bound.given.get(table) or ruleset.bound.shapes[table]
    blank = dict.fromkeys(known.columns)
    return [{**blank, **row} for row in rows]


def _of_line(line: PricedLine | RejectedLine | None, key: str) -> str:
    if line is None:
        return "no such line"
    if isinstance(line, RejectedLine):
        detail = f" ({line.detail})" if line.detail else ""
        return line.code if key == "rejected" else f"rejected: {line.code} {line.reason}{detail}"
    if key == "rejected":
        return f"paid {line.paid}"
    if key == "adjustments":
        totals: dict[str, Decimal] = {}
        for one in line.adjustments:
            totals[one.code] = totals.get(one.code, Decimal(0)) + one.amount
        return _shown(key, totals)
    return _shown(key, getattr(line, key, None))


def _shown(key: str, value: Any) -> str:
    if key == "adjustments":
        return ", ".join(f"{code} {_money(value[code])}" for code in sorted(value)) or "none"
    if isinstance(value, Decimal | int | Fraction) and not isinstance(value, bool):
        return _money(value)
    return "none" if value is None else str(value)


def _money(value: Any) -> str:
    exact = Fraction(value)
    hundredfold = exact * 100
    if hundredfold.denominator == 1:
        sign = "-" if hundredfold < 0 else ""
        size = abs(hundredfold.numerator)
        return f"{sign}{size // 100:,}.{size % 100:02}"
    return number_text(exact)


def settled(ruleset: Contract, given: Mapping[str, Any]) -> Run:
    """Settle what a case gives under `settle`.

    Raises:
        ValueError: A table is none of the data's.
    """
    declared = {
        t.name: shape_of(t) for t in ruleset.bound.declaration.tables.values() if t.file is None
    }
    data: dict[str, Any] = {}
    for name, rows in given.get("tables", {}).items():
        if name not in ruleset.bound.given and name not in declared:
            msg = f"{name} is no table of the data; {', '.join(sorted(ruleset.bound.given))} are"
            raise ValueError(msg)
        data[name] = rows_of(ruleset, name, rows)
    for name in ruleset.needs.tables:
        # What is derived from a given table is not given as well.
        if ruleset.bound.given[name].derived_from not in data:
            data.setdefault(name, [])
    period = given.get("period")
    labels = None if period is None else (str(period),)
    return run(ruleset, data, labels=labels, mappings=())


def _settle(
    ruleset: Contract, given: Mapping[str, Any], expect: Mapping[str, Any]
) -> Iterator[Comparison]:
    with settled(ruleset, given) as made:
        outputs = {
            f"{one.rule}.{name}": value
            for one in made.settlements
            for name, value in one.outputs.items()
        }
        for name, value in expect.get("outputs", {}).items():
            found = outputs.get(name, "no such output")
            yield Comparison(name, _shown(name, value), _shown(name, found))
        balances = made.ledger.balances()
        for party, value in expect.get("transfers", {}).items():
            money = balances.get(party)
            yield Comparison(
                party, _money(value), "0.00" if money is None else _money(money.as_fraction())
            )
        if "rejected" in expect:
            yield Comparison("rejected", str(expect["rejected"]), str(made.rejects_count))
