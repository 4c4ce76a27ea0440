"""Random formulas of every construct that rows offer, and rows that lie in wait for them."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from rules_engine.expressions import Kind, Parameter, Scope, TableType, Type
from rules_engine.expressions.types import EXACT
from tests.expressions.harness import DATE, Row, Table


def _number(kind: Kind, low: str, high: str, scale: int, *, nullable: bool = False) -> Type:
    return Type(kind, nullable=nullable, scale=scale, low=Decimal(low), high=Decimal(high))


COLUMNS: Final[Mapping[str, Type]] = {
    "charge": Type.of(Kind.MONEY),
    "paid": Type.of(Kind.MONEY, nullable=True),
    "copay": _number(Kind.MONEY, "-9.99", "9.99", 2),
    "fee": _number(Kind.MONEY, "0", "99.9999", 4, nullable=True),
    "total": _number(Kind.MONEY, f"-{'9' * 28}.99", f"{'9' * 28}.99", 2),
    "rate": _number(Kind.RATE, "0", "1", 4),
    "share": Type.of(Kind.RATE, nullable=True),
    "trend": _number(Kind.RATIO, "-1.5", "1.5", 1),
    "weight": _number(Kind.FACTOR, "0", "99.999", 3, nullable=True),
    "score": _number(Kind.NUMBER, "-99999.999999999", "99999.999999999", 9),
    "index": _number(Kind.NUMBER, f"-{'9' * 14}.{'9' * 22}", f"{'9' * 14}.{'9' * 22}", 22),
    "units": Type.of(Kind.COUNT),
    "lines": _number(Kind.COUNT, "0", "9", 0, nullable=True),
    "stay": _number(Kind.DAYS, "-3", "400", 0),
    "gap": _number(Kind.DAYS, "-999999", "999999", 0, nullable=True),
    "code": Type(Kind.CODE, codes=frozenset({"A", "B", "C"})),
    "drg": Type(Kind.CODE, nullable=True),
    "note": Type(Kind.TEXT, nullable=True),
    "admitted": Type(Kind.DATE),
    "discharged": Type(Kind.DATE, nullable=True),
    "urgent": Type(Kind.BOOLEAN),
    "Is Member": Type(Kind.BOOLEAN, nullable=True),
}

TEXTS: Final = ("A", "B", "C", "065", "65", "", "é", "a%b", "a_b", "J100", "j1", "A\\", "😀x", "'")
FIRST: Final = date(2015, 1, 1)
TURN: Final = date(2015, 7, 1)
DATES: Final = (
    FIRST,
    TURN,
    TURN - timedelta(1),
    date(2014, 12, 31),
    date(2015, 12, 31),
    date(2016, 2, 29),
    date(2015, 1, 31),
    date(2015, 2, 28),
    date.min,
    date.max,
)

_DRGS = TableType(
    name="drgs",
    key=("drg",),
    columns={
        "drg": Type(Kind.CODE),
        "weight": _number(Kind.FACTOR, "0", "9.9999", 4),
        "base": _number(Kind.MONEY, "0.01", "999.99", 2, nullable=True),
        "day": Type(Kind.DATE, nullable=True),
        "label": Type(Kind.TEXT, nullable=True),
    },
)
_FEES = TableType(
    name="fees",
    key=("code", "lines"),
    columns={
        "code": Type(Kind.CODE),
        "lines": _number(Kind.COUNT, "0", "9", 0),
        "from": Type(Kind.DATE, nullable=True),
        "through": Type(Kind.DATE, nullable=True),
        "amount": _number(Kind.MONEY, "-0.5", "50.125", 3),
        "rate": _number(Kind.RATE, "0", "1", 6, nullable=True),
    },
    effective=("from", "through"),
)
_STEPS = TableType(
    name="steps",
    key=("at",),
    columns={
        "at": _number(Kind.NUMBER, "-1.5", "2.5", 1),
        "from": Type(Kind.DATE),
        "through": Type(Kind.DATE),
        "height": _number(Kind.NUMBER, "0", f"{'9' * 20}.5", 1),
        "open": Type(Kind.BOOLEAN),
    },
    effective=("from", "through"),
)
_CURVE = TableType(
    name="curve",
    key=("size",),
    columns={
        "size": _number(Kind.NUMBER, "-1.5", "7.25", 2),
        "share": _number(Kind.RATE, "0", "1", 3),
        "fee": _number(Kind.MONEY, "-0.5", "99.99", 2),
    },
)
_BANDS = TableType(
    name="bands",
    key=("lines",),
    columns={
        "lines": _number(Kind.COUNT, "0", "9", 0),
        "from": Type(Kind.DATE, nullable=True),
        "through": Type(Kind.DATE, nullable=True),
        "share": _number(Kind.RATIO, "-1", "1.5", 1),
    },
    effective=("from", "through"),
)
D = Decimal


def _fee(
    code: str, lines: int, days: tuple[date | None, date | None], amount: str, rate: str | None
) -> Row:
    return {
        "code": code,
        "lines": lines,
        "from": days[0],
        "through": days[1],
        "amount": D(amount),
        "rate": None if rate is None else D(rate),
    }


def _step(at: str, days: tuple[date, date], height: str, *, is_open: bool) -> Row:
    return {
        "at": D(at),
        "from": days[0],
        "through": days[1],
        "height": D(height),
        "open": is_open,
    }


TABLES: Final[Mapping[str, Table]] = {
    "drgs": Table(
        type=_DRGS,
        rows=(
            {"drg": "065", "weight": D("1.0050"), "base": D("999.99"), "day": TURN, "label": "A"},
            {"drg": "A", "weight": D("9.9999"), "base": None, "day": None, "label": None},
            {"drg": "B", "weight": D("0.0000"), "base": D("0.01"), "day": FIRST, "label": "é"},
        ),
    ),
    "fees": Table(
        type=_FEES,
        rows=(
            _fee("A", 0, (None, TURN - timedelta(1)), "50.125", "0.5"),
            _fee("A", 0, (TURN, None), "-0.500", None),
            _fee("A", 1, (None, None), "0.005", "1"),
            _fee("B", 1, (FIRST, date(2015, 12, 31)), "12.345", "0.000001"),
        ),
    ),
    "curve": Table(
        type=_CURVE,
        rows=tuple(
            {"size": D(size), "share": D(share), "fee": D(fee)}
            for size, share, fee in (
                ("-1.50", "0.005", "-0.50"), ("0.00", "0.500", "99.99"), ("0.01", "0.333", "0.01"),
                ("7.25", "1.000", "50.00"),
            )
        ),
    ),
    "bands": Table(
        type=_BANDS,
        rows=tuple(
            {"lines": lines, "from": days[0], "through": days[1], "share": D(share)}
            for days, lines, share in (
                ((None, TURN - timedelta(1)), 0, "0.5"), ((None, TURN - timedelta(1)), 3, "-1.0"),
                ((TURN, None), 1, "1.5"), ((TURN, None), 2, "0.1"), ((TURN, None), 9, "0.0"),
            )
        ),
    ),
    "steps": Table(
        type=_STEPS,
        rows=(
            _step("-1.5", (FIRST, TURN), "0.5", is_open=True),
            _step("0.0", (FIRST, date.max), f"{'9' * 20}.5", is_open=False),
            _step("1.0", (date.min, date.max), "3.0", is_open=True),
        ),
    ),
}  # fmt: skip


def occurring(table: str, column: str) -> frozenset[Decimal]:
    """Give the numbers of a column of these tables."""
    return frozenset(D(row[column]) for row in TABLES[table].rows if row[column] is not None)


SCOPE: Final = Scope(
    occurring=occurring,
    columns=COLUMNS,
    tables={name: table.type for name, table in TABLES.items()},
    parameters={
        "conversion_factor": Parameter(
            type=Type.of(Kind.FACTOR), values=((FIRST, D("1.18")), (TURN, D("1.2005")))
        ),
        "base_rate": Parameter(type=Type.of(Kind.MONEY), values=((None, D("11200.00")),)),
        "cap": Parameter(
            type=Type.of(Kind.MONEY),
            values=((FIRST, D("5")), (TURN, D(f"{'9' * 25}.995")), (date(2015, 9, 1), D("0.5"))),
        ),
        "cutoff": Parameter(type=Type(Kind.DATE), values=((None, TURN),)),
        "kind": Parameter(type=Type(Kind.CODE), values=((None, "A"),)),
    },
)

# -- formulas

_AMOUNTS = ("charge", "paid", "copay", "fee", "total", "base_rate", "cap", "lookup_money")
_NUMBERS = (
    "rate", "share", "trend", "weight", "score", "index", "units", "lines", "stay",
    "conversion_factor", "lookup_number",
)  # fmt: skip
_LITERALS = (
    "0", "1", "2", "0.5", "0.005", "-1", "-0.01", "3", "7", "100", "0.333333", "1.10",
    "12345678901", "99999999999999999999", "0.000000000000000001",
)  # fmt: skip
_QUOTED = ("'A'", "'B'")
_ROUNDS = ("round", "ROUND", "round_half_even", "round_down")


class _Writer:
    """Writes a formula by choosing at each branching."""

    def __init__(self, choose: Callable[[tuple[Any, ...]], Any]) -> None:
        self.choose = choose

    def pick(self, *choices: Any) -> Any:
        return self.choose(choices)

    def sort(self, sort: str, depth: int) -> str:
        made: str = getattr(self, sort)(depth)
        return made

    def money(self, depth: int, *, dividing: bool = False) -> str:
        if depth <= 0:
            leaf = self.pick(*_AMOUNTS)
            return self.lookup_money(depth) if leaf == "lookup_money" else str(leaf)
        again = self.dividing_money if dividing else self.money
        shapes: list[Callable[[], str]] = [
            lambda: f"({again(depth - 1)} {self.pick('+', '-')} {again(depth - 1)})",
            lambda: f"{again(depth - 1)} * {self.number(depth - 1)}",
            lambda: f"({self.number(depth - 1)}) * {again(depth - 1)}",
            lambda: f"- {again(depth - 1)}",
            lambda: f"abs({again(depth - 1)})",
            lambda: self.rounded(self.dividing_money(depth - 1)),
            lambda: self.rounded(self.money(depth - 1)),
            lambda: self.extremum("money", depth - 1),
            lambda: self.case("dividing_money" if dividing else "money", depth - 1),
            lambda: self.lookup_money(depth - 1),
        ]
        if dividing:
            shapes += [lambda: f"{again(depth - 1)} / ({self.number(depth - 1)})"] * 6
            shapes += [lambda: f"interpolate(curve.fee, {self.number(depth - 1)})"] * 2
        return f"({self.pick(*shapes)()})"

    def dividing_money(self, depth: int) -> str:
        return self.money(depth, dividing=True)

    def number(self, depth: int, *, dividing: bool = False) -> str:
        if depth <= 0:
            if self.pick(*range(3)) == 0:
                return str(self.pick(*_LITERALS))
            leaf = self.pick(*_NUMBERS)
            return self.lookup_number(depth) if leaf == "lookup_number" else str(leaf)
        again = self.dividing_number if dividing else self.number
        shapes: list[Callable[[], str]] = [
            lambda: f"({again(depth - 1)} {self.pick('+', '-')} {again(depth - 1)})",
            lambda: f"{again(depth - 1)} * {again(depth - 1)}",
            lambda: f"- ({again(depth - 1)})",
            lambda: f"abs({again(depth - 1)})",
            lambda: self.rounded(self.dividing_number(depth - 1)),
            lambda: self.rounded(self.number(depth - 1)),
            lambda: self.extremum("number", depth - 1),
            lambda: self.case("dividing_number" if dividing else "number", depth - 1),
            lambda: f"({self.date(depth - 1)} - {self.date(depth - 1)})",
            lambda: self.elementary(depth - 1),
            lambda: f"{self.pick('year', 'month', 'day')}({self.date(depth - 1)})",
            lambda: (
                f"{self.pick('months_between', 'years_between')}"
                f"({self.date(depth - 1)}, {self.date(depth - 1)})"
            ),
            lambda: self.lookup_number(depth - 1),
        ]
        if dividing:
            shapes += [
                lambda: f"{again(depth - 1)} / ({self.number(depth - 1)})",
                lambda: f"({self.money(depth - 1)}) / ({self.money(depth - 1)})",
                lambda: f"interpolate(curve.share, {self.number(depth - 1)})",
                lambda: f"interpolate(bands.share, {self.number(depth - 1)})",
            ] * 3
        return f"({self.pick(*shapes)()})"

    def dividing_number(self, depth: int) -> str:
        return self.number(depth, dividing=True)

    def elementary(self, depth: int) -> str:
        function = self.pick("exp", "ln", "power")
        arguments = [self.few(depth)]
        if function == "power":
            arguments.append(self.few(depth))
        return self.rounded(f"{function}({', '.join(arguments)})")

    def few(self, depth: int) -> str:
        """A number that takes few values."""
        leaf = self.pick("lines", "1", "2", "0.5", "-1", "0.333333", "trend", "-7", "lookup", "+")
        if leaf == "lookup":
            return f"lookup(drgs.weight, {self.text(depth)})"
        if leaf == "+" and depth > 0:
            return f"({self.few(depth - 1)} {self.pick('+', '*', '-')} {self.few(depth - 1)})"
        return "lines" if leaf == "+" else str(leaf)

    def rounded(self, inner: str) -> str:
        return f"{self.pick(*_ROUNDS)}({inner}, {self.pick(2, 2, 0, 1, 4, 6)})"

    def extremum(self, sort: str, depth: int) -> str:
        parts = [self.sort(sort, depth) for _ in range(self.pick(2, 2, 3))]
        return f"{self.pick('least', 'greatest', 'coalesce')}({', '.join(parts)})"

    def case(self, sort: str, depth: int) -> str:
        count = self.pick(1, 1, 2)
        parts = [f"WHEN {self.boolean(depth)} THEN {self.sort(sort, depth)}" for _ in range(count)]
        if self.pick(*range(4)) == 0:
            parts = ["code", f"WHEN {self.pick(*_QUOTED)} THEN {self.sort(sort, depth)}"]
        default = self.pick("", f" ELSE {self.sort(sort, depth)}", " ELSE NULL")
        return f"CASE {' '.join(parts)}{default} END"

    def lookup_money(self, depth: int) -> str:
        if self.pick(True, False):  # noqa: FBT003  a coin
            return f"lookup(drgs.base, {self.text(depth)})"
        return f"lookup(fees.amount, {self.text(depth)}, {self.number(depth - 1)})"

    def lookup_number(self, depth: int) -> str:
        kind = self.pick(0, 1, 2)
        if kind == 0:
            return f"lookup(drgs.weight, {self.text(depth)})"
        if kind == 1:
            return f"lookup(fees.rate, {self.text(depth)}, {self.number(depth - 1)})"
        return f"lookup(steps.height, {self.number(depth - 1)})"

    def text(self, depth: int) -> str:
        if depth <= 0 or self.pick(*range(3)):
            literal = constant_text(self.pick(*TEXTS))
            return str(self.pick("code", "drg", "note", "kind", "'A'", literal))
        return str(
            self.pick(
                lambda: f"coalesce({self.text(depth - 1)}, {self.text(depth - 1)})",
                lambda: self.case("text", depth - 1),
                lambda: f"lookup(drgs.label, {self.text(depth - 1)})",
                lambda: f"least({self.text(depth - 1)}, {self.text(depth - 1)})",
            )()
        )

    def date(self, depth: int) -> str:
        if depth <= 0 or self.pick(*range(2)):
            literal = f"DATE '{self.pick(*DATES).isoformat()}'"
            return str(self.pick("admitted", "discharged", "cutoff", literal))
        return str(
            self.pick(
                lambda: f"({self.date(depth - 1)} {self.pick('+', '-')} {self.days(depth - 1)})",
                lambda: f"coalesce({self.date(depth - 1)}, {self.date(depth - 1)})",
                lambda: f"greatest({self.date(depth - 1)}, {self.date(depth - 1)})",
                lambda: self.case("date", depth - 1),
                lambda: f"last_day({self.date(depth - 1)})",
                lambda: (
                    f"{self.pick('add_months', 'add_years')}"
                    f"({self.date(depth - 1)}, {self.days(depth - 1)})"
                ),
                lambda: (
                    f"({self.date(depth - 1)} {self.pick('+', '-')} INTERVAL "
                    f"'{self.pick(1, 3, -2, 13, 9998)}' {self.pick('MONTH', 'YEAR', 'DAY')})"
                ),
                lambda: f"lookup(drgs.day, {self.text(depth - 1)})",
            )()
        )

    def days(self, depth: int) -> str:
        if depth <= 0 or self.pick(*range(2)):
            return str(self.pick("stay", "gap", "30", "1", "999999"))
        return f"({self.date(depth - 1)} - {self.date(depth - 1)})"

    def boolean(self, depth: int) -> str:
        if depth <= 0:
            return str(self.pick("urgent", '"Is Member"', "TRUE", "drg IS NOT NULL", "rate < 0.5"))
        sort = self.pick("money", "number", "number", "text", "date")
        op = self.pick("=", "<>", "!=", "<", "<=", ">", ">=")
        negated = self.pick("", "NOT ")
        shapes: list[Callable[[], str]] = [
            lambda: (
                f"({self.boolean(depth - 1)} {self.pick('AND', 'OR')} {self.boolean(depth - 1)})"
            ),
            lambda: (
                f"({self.boolean(depth - 1)} {self.pick('AND', 'OR')} {self.boolean(depth - 1)})"
            ),
            lambda: f"(NOT {self.boolean(depth - 1)})",
            lambda: f"{self.sort(sort, depth - 1)} {op} {self.sort(sort, depth - 1)}",
            lambda: f"{self.sort(sort, depth - 1)} {op} {self.sort(sort, depth - 1)}",
            lambda: f"{self.sort(sort, depth - 1)} IS {negated}NULL",
            lambda: f"({self.boolean(depth - 1)}) IS {negated}NULL",
            lambda: self.listed(sort, negated, depth - 1),
            lambda: (
                f"{self.sort(sort, depth - 1)} {negated}BETWEEN {self.sort(sort, depth - 1)} "
                f"AND {self.sort(sort, depth - 1)}"
            ),
            lambda: f"{self.text(depth - 1)} {negated}LIKE {self.pattern()}",
            lambda: f"has(drgs, {self.text(depth - 1)})",
            lambda: f"has(fees, {self.text(depth - 1)}, {self.number(depth - 1)})",
            lambda: f"has(steps, {self.number(depth - 1)})",
            lambda: f"lookup(steps.open, {self.number(depth - 1)})",
            lambda: f"({self.boolean(depth - 1)}) = ({self.boolean(depth - 1)})",
            lambda: self.case("boolean", depth - 1),
        ]
        return f"({self.pick(*shapes)()})"

    def pattern(self) -> str:
        return constant_text("".join(self.pick("A", "%", "_", "é", "\\", "J1", "") for _ in "123"))

    def listed(self, sort: str, negated: str, depth: int) -> str:
        if sort == "number" and self.pick(True, False):  # noqa: FBT003  a coin
            options = [str(self.pick(*_LITERALS)) for _ in range(self.pick(1, 2, 3))]
        else:
            options = [self.sort(sort, depth) for _ in range(self.pick(1, 2, 3))]
        return f"{self.sort(sort, depth)} {negated}IN ({', '.join(options)})"


def constant_text(value: str) -> str:
    """Write a text as it stands in a formula."""
    return "'" + value.replace("'", "''") + "'"


_SORTS: Final = ("money", "money", "number", "boolean", "boolean", "date", "text")


@st.composite
def _drawn(draw: DrawFn, depth: int) -> str:
    writer = _Writer(lambda choices: draw(st.sampled_from(choices)))
    return writer.sort(writer.pick(*_SORTS), writer.pick(*range(1, depth + 1)))


def written(seed: int, depth: int) -> str:
    """Write the formula of a seed."""
    writer = _Writer(Random(seed).choice)  # noqa: S311  no secret
    return writer.sort(writer.pick(*_SORTS), writer.pick(*range(1, depth + 1)))


def formulas(depth: int = 3) -> SearchStrategy[str]:
    """Formulas of every construct; the checker may refuse some for their units or widths.

    Drawn ones shrink to the smallest that fails; those of a seed reach deeper.
    """
    return _drawn(depth) | st.integers(0, 2**32).map(lambda seed: written(seed, depth + 1))


# -- rows


def values(type_: Type) -> SearchStrategy[Any]:
    """Values of a column: its bounds, zero, ties of rounding, and anything between."""
    made: SearchStrategy[Any]
    if type_.is_numeric:
        assert type_.low is not None
        assert type_.high is not None
        scale = type_.scale or 0
        low, high = (int(bound.scaleb(scale, EXACT)) for bound in (type_.low, type_.high))
        edges = [low, high, 0, 1, -1, 5, -5, 15, 25, 10**scale, 5 * 10 ** max(0, scale - 3)]
        found = [edge for edge in edges if low <= edge <= high]
        near = st.integers(max(low, -1000), min(high, 1000))
        whole = st.sampled_from(found) | near | st.integers(low, high)
        is_integer = type_.kind in {Kind.COUNT, Kind.DAYS}
        made = whole if is_integer else whole.map(lambda n: Decimal(n).scaleb(-scale, EXACT))
    elif type_.kind == Kind.DATE:
        made = st.sampled_from(DATES) | st.dates(date(2014, 12, 1), date(2016, 3, 1))
    elif type_.kind == Kind.BOOLEAN:
        made = st.booleans()
    else:
        made = st.sampled_from(sorted(type_.codes) if type_.codes else TEXTS)
    return st.none() | made if type_.nullable else made


def rows(count: int = 8) -> SearchStrategy[list[Row]]:
    """Some rows with a date each."""
    one = {name: values(type_) for name, type_ in COLUMNS.items()}
    one[DATE] = st.sampled_from(DATES)
    return st.lists(st.fixed_dictionaries(one), min_size=count, max_size=count)


def edges(type_: Type) -> list[Any]:
    """The values of a column at which mistakes hide."""
    found: list[Any] = [None] if type_.nullable else []
    if type_.is_numeric:
        assert type_.low is not None
        assert type_.high is not None
        scale = type_.scale or 0
        low, high = (int(bound.scaleb(scale, EXACT)) for bound in (type_.low, type_.high))
        whole = [0, 1, -1, 5, -5, 15, 25, -25, 2, 3, low, high, low + 1, high - 1]
        kept = [n for n in whole if low <= n <= high]
        is_integer = type_.kind in {Kind.COUNT, Kind.DAYS}
        found += kept if is_integer else [Decimal(n).scaleb(-scale, EXACT) for n in kept]
    elif type_.kind == Kind.DATE:
        found += DATES
    elif type_.kind == Kind.BOOLEAN:
        found += [True, False]
    else:
        found += sorted(type_.codes) if type_.codes else TEXTS
    return found


def edge_rows(count: int = 60) -> list[Row]:
    """Rows that meet each edge of each column, in ever new company."""
    types = {**COLUMNS, DATE: Type(Kind.DATE)}
    made: list[Row] = []
    for place in range(count):
        row = {}
        for number, (name, type_) in enumerate(types.items()):
            found = edges(type_)
            # Another step for each column, so that edges of two columns meet in all ways.
            row[name] = found[(place * (1 + number % 3) + number * place // 7) % len(found)]
        made.append(row)
    return made
