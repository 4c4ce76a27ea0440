"""The page about expressions: each of its examples gives what it says, in every engine."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import duckdb
import pytest
from attrs import evolve, frozen

from rules_engine.expressions import (
    Expression,
    ExpressionError,
    Kind,
    Parameter,
    Relation,
    Scope,
    Sites,
    TableType,
    Type,
    check,
    parse,
    syntax,
    tree,
)
from rules_engine.expressions.closure import Reject
from rules_engine.expressions.combining import combine
from rules_engine.expressions.exact import evaluate
from rules_engine.expressions.sql import SqlWriter, quote
from rules_engine.pricing.claim_functions import REFUSED, LineValue, over_lines
from tests.docs.pages import ROOT, blocks
from tests.expressions.harness import Table, by_closure, by_query, exactly, normal, store

PAGE: Final = ROOT / "docs" / "expressions.md"
_DATED: Final = ("from", "through")


@frozen
class Example:
    """A line of the page: a formula, and what the page says of it."""

    profile: str
    text: str
    said: str
    line: int

    def __str__(self) -> str:
        """Name the example by its place."""
        return f"{self.line}: {self.text}"


def examples() -> Iterator[Example]:
    """Read the examples of the page."""
    for block in blocks(PAGE):
        for number, line in enumerate(block.text.splitlines(), start=block.line):
            text, _, said = line.partition("  -- ")
            yield Example(block.title or "row", text.strip(), said.strip(), number)


# -- what the page declares


def tables() -> dict[str, list[list[str]]]:
    """Read the tables of the page by the first cell of their heads."""
    found: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            rows = []
            continue
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        rows.append(cells)
        found[rows[0][0]] = rows
    return {name: [rows[0], *rows[2:]] for name, rows in found.items()}


def declared(text: str) -> Type:
    """Read a type, with its codes after a colon."""
    name, _, codes = text.partition(": ")
    type_ = Type.parse(name)
    if " to " in codes:
        low, high = map(Decimal, codes.split(" to "))
        return evolve(type_, low=low, high=high)
    return evolve(type_, codes=frozenset(codes.split(", "))) if codes else type_


def value(text: str, type_: Type) -> Any:
    """Read a value as its column has it."""
    if text == "null":
        return None
    match type_.kind:
        case Kind.DATE:
            return date.fromisoformat(text)
        case Kind.BOOLEAN:
            return text == "true"
        case Kind.COUNT | Kind.DAYS:
            return int(text)
        case Kind.CODE | Kind.TEXT:
            return text
    return Decimal(text).quantize(Decimal(1).scaleb(-(type_.scale or 0)))


def lookup_table(name: str) -> Table:
    """Read a table of the page: its heads, its types, its rows."""
    (_, *names), (_, *types), *rows = tables()[name]
    columns = {n: declared(t) for n, t in zip(names, types, strict=True)}
    effective = _DATED if "from" in columns else None
    return Table(
        type=TableType(name=name, key=(names[0],), columns=columns, effective=effective),
        rows=tuple(
            {n: value(cell, columns[n]) for n, cell in zip(names, row[1:], strict=True)}
            for row in rows
        ),
    )


ROWS: Final = tables()["name"][1:]
COLUMNS: Final = {name: declared(type_) for name, type_, _ in ROWS}
ROW: Final = {name: value(text, COLUMNS[name]) for name, _, text in ROWS}
TABLES: Final = {name: lookup_table(name) for name in ("fees", "drgs", "curve")}
SUMMER: Final = date(2026, 7, 1)


def occurring(table: str, column: str) -> frozenset[Decimal]:
    """Give the numbers in a column of a table of the page."""
    return frozenset(row[column] for row in TABLES[table].rows if row[column] is not None)


SCOPE: Final = Scope(
    occurring=occurring,
    of_claim=True,
    columns=COLUMNS,
    tables={name: table.type for name, table in TABLES.items()},
    parameters={
        "base_rate": Parameter(type=Type.of(Kind.MONEY), values=((None, Decimal("11200.00")),)),
        "conversion_factor": Parameter(
            type=Type.of(Kind.FACTOR),
            values=((date(2026, 1, 1), Decimal("33.00")), (SUMMER, Decimal("33.50"))),
        ),
        "late_rate": Parameter(type=Type.of(Kind.RATE), values=((SUMMER, Decimal("0.02")),)),
    },
)
PREMIUM: Final = lookup_table("premium")
CURVE: Final = TABLES["curve"]
HOSPITAL: Final = lookup_table("hospital")
SETTLEMENT: Final = evolve(
    SCOPE,
    profile="settlement",
    grain="contract",
    columns={},
    tables={"curve": CURVE.type},
    entity=("hospital", HOSPITAL.type.columns),
    relations={"premium": Relation(name="premium", grain="month", columns=PREMIUM.type.columns)},
)
FILE: Final = dict(zip(tables()["file"][0][1:], tables()["file"][2][1:], strict=True))
MAPPING: Final = Scope(
    profile="mapping",
    grain="row of the file",
    columns=dict.fromkeys(FILE, Type(Kind.TEXT, nullable=True)),
)
SCOPES: Final = {"row": SCOPE, "settlement": SETTLEMENT, "mapping": MAPPING}


# -- what an example gives


@frozen
class _Contract:
    """The settlement of the page's four premiums."""

    sites: Sites
    of: dict[str, Any] | None = None
    tables: Any = SETTLEMENT.tables
    date: date = date(2026, 1, 1)

    def ref(self, node: tree.Ref) -> Any:
        return (HOSPITAL.rows[0] if self.of is None else self.of)[node.name]

    def row(self, table: str, keys: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def around(self, table: str, column: str, at: Fraction) -> Any:  # noqa: ARG002  there is one
        points = [(Fraction(row["score"]), Fraction(row[column])) for row in CURVE.rows]
        below = [point for point in points if point[0] <= at]
        above = [point for point in points if point[0] >= at]
        return (below[-1], above[0]) if below and above else ()

    def aggregate(self, node: tree.OfRows) -> Any:
        assert isinstance(node, tree.Aggregate)
        rows = [evolve(self, of=dict(row)) for row in PREMIUM.rows]
        if node.peers is not None:
            entities = [evolve(self, of=dict(row)) for row in HOSPITAL.rows]
            rows = [
                entity
                for entity in entities
                if [evaluate(peer, entity) for peer in node.peers]
                == [evaluate(peer, self) for peer in node.peers]
            ]
        taken = [r for r in rows if node.condition is None or evaluate(node.condition, r)]
        found: list[Any] = [1 if node.operand is None else evaluate(node.operand, r) for r in taken]
        return combine(node, found)


@frozen
class _Line:
    """A line of the page's claim, with what has run up before it."""

    values: Any
    sites: Sites
    tables: Any = SCOPE.tables

    @property
    def date(self) -> date:
        found = self.values["service_date"]
        assert isinstance(found, date)
        return found

    def ref(self, node: tree.Ref) -> Any:
        return self.date if node.space == "date" else self.values[node.name]

    def row(self, table: str, keys: tuple[Any, ...]) -> Any:
        return TABLES[table].row(keys, self.date)

    def around(self, table: str, column: str, at: Fraction) -> Any:
        raise NotImplementedError

    def aggregate(self, node: tree.OfRows) -> Any:
        if isinstance(node, tree.Running):
            amount, limit = (evaluate(part, self) for part in (node.amount, node.limit))
            if amount is None:
                return None
            assert isinstance(amount, Fraction)
            assert isinstance(limit, Fraction)
            return min(limit, amount + RUN_UP) - min(limit, RUN_UP)
        assert isinstance(node, tree.ClaimFunction)
        return over_lines(node.function, [_Line(r, Sites()).gives(node) for r in CLAIM])[0]

    def gives(self, node: tree.ClaimFunction) -> LineValue:
        try:
            taken = node.condition is None or evaluate(node.condition, self) is True
            value = evaluate(node.operand, self) if taken and node.operand is not None else None
        except Reject:
            return LineValue(self.values["line"], REFUSED)
        return LineValue(self.values["line"], value, taken)


RUN_UP: Final = Fraction(450)
CLAIM: Final = [
    {
        **ROW,
        "line": int(number),
        "charge_amount": Decimal(charge),
        "hcpcs_code": code,
        "units": int(count),
    }
    for number, charge, code, count in tables()["claim"][1:]
]


def outcome(example: Example) -> str:
    """Give what stands behind an example: its type and value, or what is wrong."""
    try:
        expression = check(example.text, SCOPES[example.profile])
    except ExpressionError as error:
        finding = error.findings[0]
        return f"error[{finding.code}] {finding.message}"
    sites = Sites()
    kind, found = {"row": _row, "settlement": _settlement, "mapping": _mapping}[example.profile](
        expression, sites
    )
    if kind == "reject":
        site = sites[found]
        return f"refused[{site.code}] {site.message}"
    return f"{expression.type}: {shown(found, expression.type)}"


def _row(expression: Expression, sites: Sites) -> tuple[str, Any]:
    if any(isinstance(p, tree.ClaimFunction | tree.Running) for p in tree.walk(expression)):
        # The laws hold batches and single claims to each other; here stands what they mean.
        line = _Line(CLAIM[0], sites)
        try:
            found = evaluate(expression, line)
        except Reject as reject:
            return "reject", reject.site
        return "value", normal(found)
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in TABLES.items():
            store(connection, name, table.type.columns, table.rows)
        store(connection, "line", COLUMNS, [ROW])
        three = [
            by_closure(expression, [ROW], TABLES, sites)[0],
            by_query(expression, connection, TABLES, sites)[0],
            exactly(expression, [ROW], TABLES, sites)[0],
        ]
    assert three[0] == three[1] == three[2]
    return three[0]


def _settlement(expression: Expression, sites: Sites) -> tuple[str, Any]:
    try:
        return "value", evaluate(expression, _Contract(sites=sites))
    except Reject as reject:
        return "reject", reject.site


def _mapping(expression: Expression, sites: Sites) -> tuple[str, Any]:
    writer = SqlWriter({}, sites, column=lambda ref: quote(ref.name))
    names = ", ".join(quote(name) for name in FILE)
    texts = [None if text == "null" else text for text in FILE.values()]
    wanted = f"{writer.failure(expression) or 'NULL'}, {writer.write(expression)}"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE file ({names.replace(',', ' VARCHAR,')} VARCHAR)")
        connection.execute(f"INSERT INTO file VALUES ({', '.join('?' * len(texts))})", texts)  # noqa: S608  names of the page
        row = connection.execute(f"SELECT {wanted} FROM file").fetchone()  # noqa: S608  the text under test
    assert row is not None
    return ("value", normal(row[1])) if row[0] is None else ("reject", row[0])


def shown(found: Any, type_: Type) -> str:
    """Write a value as the page does: money with its cents, other numbers as short as they are."""
    if found is None or isinstance(found, bool):
        return "null" if found is None else str(found).lower()
    if not isinstance(found, Fraction):
        return str(found)
    # A fraction without a last decimal place stays one.
    if 10**12 % found.denominator:
        return str(found)
    number = Decimal(found.numerator) / Decimal(found.denominator)
    text = f"{number.normalize():f}"
    if type_.kind == Kind.MONEY:
        whole, _, cents = text.partition(".")
        text = f"{whole}.{cents.ljust(2, '0')}"
    return text


@pytest.mark.parametrize("example", list(examples()), ids=str)
def test_an_example_gives_what_the_page_says(example: Example) -> None:
    """Each formula of the page, right or wrong."""
    assert outcome(example) == example.said


def test_the_page_shows_every_function_and_every_finding() -> None:
    """What is offered is on the page, with a right and, where it can go wrong, a wrong example."""
    words: set[str] = set()
    for example in examples():
        try:
            waiting = [parse(example.text)]
        except ExpressionError:
            continue
        while waiting:
            node = waiting.pop()
            if isinstance(node, syntax.Call):
                words.add(node.function)
            waiting += syntax.parts(node)
    offered: set[str] = set()
    for scope in SCOPES.values():
        with pytest.raises(ExpressionError) as caught:
            check("nothing_of_this_name(1)", scope)
        listed = re.search(r"; (.*) are$", caught.value.findings[0].message)
        assert listed is not None
        offered |= set(listed[1].split(", "))
    assert offered == words & offered
    said = {code for example in examples() for code in re.findall(r"\[(RE\d+)\]", example.said)}
    assert {f"RE4{n:02}" for n in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13)} <= said
    assert {"RE601", "RE602", "RE603", "RE604", "RE611", "RE613", "RE614"} <= said
    assert {"RE415", "RE416"} <= said
