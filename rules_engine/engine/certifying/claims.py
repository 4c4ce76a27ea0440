"""Claims made from a ruleset: its boundaries, its ties, its tables and its dates, then chance."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from random import Random
from typing import Any, Final, TypeVar

from attrs import define, field, frozen

from rules_engine.engine.certifying.given import given_rows
from rules_engine.engine.certifying.interest import Interest
from rules_engine.engine.certifying.judging import Judge, Shelf
from rules_engine.engine.certifying.points import Point, edges, roundings
from rules_engine.engine.certifying.sample import Claim, Row, Sample
from rules_engine.engine.certifying.solving import Solver
from rules_engine.engine.certifying.steering import DAY, Assignment, Steering, merged
from rules_engine.expressions import tree
from rules_engine.expressions.types import Kind
from rules_engine.pricing.plan import Plan, PricingRule, columns_of
from rules_engine.tables.lookup import LookupTable

__all__ = ["Dice", "sample_for", "shelves_of"]

T = TypeVar("T")

_BASES: Final = 3
_TRIES: Final = 40
_PROBES: Final = 9_000
_ROWS_OF_TABLE: Final = 1_000
_ROWS_AROUND: Final = 60
_CANDIDATES: Final = 400
# Of a thousand claims, how many are systematic at most: the others mix what they are made of.
_SYSTEMATIC: Final = 800
_CLAIMS_OF_A_PERSON: Final = 5
_CENT: Final = Decimal("0.01")
_CHARGES: Final = tuple(
    Decimal(text) for text in ("0.00", "0.01", "33.33", "66.67", "100.00", "100.01", "-5.00")
)


@define
class Dice:
    """Draws that are the same for one seed: only `Random.random` promises that everywhere."""

    seed: int
    _random: Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the sequence that the seed stands for."""
        self._random = Random(self.seed)  # noqa: S311  repeatable on purpose, keeps no secret

    def below(self, limit: int) -> int:
        """Draw a whole number from 0 to `limit - 1`."""
        return int(self._random.random() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of `choices`."""
        return choices[self.below(len(choices))]


@frozen
class _Base:
    """A line that a rule prices: where the others are made from."""

    rule: PricingRule
    row: Row


def sample_for(plan: Plan, tables: Mapping[str, LookupTable], *, count: int, seed: int) -> Sample:
    """Make claims, and rows for the tables of the data that they are priced with.

    Args:
        plan: What will price them.
        tables: The ruleset's own tables.
        count: How many claims.
        seed: What chance starts from.
    """
    if not plan.choosing:
        return Sample((), {})
    given = given_rows(plan, tables)
    maker = _Maker(plan, shelves_of(plan, tables, given), Dice(seed))
    tied = maker.tied_rows()
    claims = maker.claims(count, [row for _, _, row in tied])
    more = {
        name: (*rows, *(row for table, row, _ in tied if table == name))
        for name, rows in given.items()
    }
    return Sample(claims, more)


def shelves_of(
    plan: Plan, tables: Mapping[str, LookupTable], given: Mapping[str, Sequence[Row]]
) -> dict[str, Shelf]:
    """Give the tables that prices read, as the judge reads them."""
    return {
        name: Shelf.of(plan.tables[name], given[name])
        if name in given
        else Shelf.of_table(tables[name])
        for name in sorted(plan.needed_tables)
    }


@define
class _Maker:
    plan: Plan
    shelves: Mapping[str, Shelf]
    dice: Dice
    interest: Interest = field(init=False)
    steering: Steering = field(init=False)
    solver: Solver = field(init=False)
    day_columns: tuple[str, ...] = field(init=False)
    found: tuple[_Base, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.interest = Interest.of(self.plan, self.shelves)
        self.steering = Steering(self.interest, self.shelves)
        self.solver = Solver(self.plan, self.shelves, _PROBES)
        dates = columns_of([self.plan.row_date])
        self.day_columns = tuple(
            name for name in sorted(dates) if self.plan.columns[name].kind is Kind.DATE
        )
        self.found = tuple(base for rule in self.plan.rules for base in self.bases(rule))

    def claims(self, count: int, first: Sequence[Row]) -> tuple[Claim, ...]:
        """Make claims, some of them of the lines that are handed in."""
        room = max(1, count * _SYSTEMATIC // 1000)
        rows = [*first, *self.systematic(self.found, max(1, room - len(first)))]
        made: list[tuple[Row, ...]] = [(row,) for row in rows]
        mixed = self.mixed(rows or [self.plain()])
        made += islice(mixed, count - len(made))
        by = columns_of(node.by for _, node in self.plan.accumulators.values())
        return tuple(
            Claim(f"c{number:06}", self.shared(self.numbered(lines), by, count))
            for number, lines in enumerate(made[:count], 1)
        )

    def shared(self, lines: tuple[Row, ...], by: Collection[str], count: int) -> tuple[Row, ...]:
        """Give the lines of a claim to one of some persons, where sums run by person."""
        who = f"p{self.dice.below(1 + count // _CLAIMS_OF_A_PERSON):05}" if by else ""
        return tuple(
            {n: who if n in by and v == self.plain()[n] else v for n, v in line.items()}
            for line in lines
        )

    # -- lines that rules price

    def plain(self) -> dict[str, Any]:
        """Give a line of plain values."""
        values = self.interest.values
        return {
            name: values[name][0] if values[name] and name not in self.plan.orders else None
            for name in self.plan.read_columns
        }

    def bases(self, rule: PricingRule) -> list[_Base]:
        """Give lines that a rule prices or takes something off, or could."""
        found: list[_Base] = []
        spare: list[_Base] = []
        for _ in range(_TRIES):
            row = self.row(self.bound(rule, self.met(rule)))
            base = _Base(rule, row)
            if self.is_priced(rule, row):
                if row not in [one.row for one in found]:
                    found.append(base)
            elif len(spare) < 1:
                spare.append(base)
            if len(found) >= _BASES:
                break
        return found or spare

    def is_priced(self, rule: PricingRule, row: Row) -> bool:
        values = self.solver.seen(row)
        if id(rule.step.expression) not in values:
            return False
        (outcome,) = Judge(self.plan, self.shelves).price(_alone(row)).values()
        return not outcome.is_rejected

    def met(self, rule: PricingRule) -> Assignment:
        """Draw an assignment under which the conditions of a rule hold, as far as one is found."""
        way: Assignment = {}
        for condition in rule.conditions:
            way = self.joined(way, self.steering.ways(condition, verdict=True))
        if rule.otherwise:
            for other in self.plan.choosing:
                if not other.otherwise and other.conditions:
                    way = self.joined(way, self.steering.ways(other.conditions[0], verdict=False))
        if rule.step.sets != "allowed":
            first = self.dice.pick(self.plan.choosing)
            for condition in first.conditions:
                way = self.joined(way, self.steering.ways(condition, verdict=True))
            way = self.bound(first, way)
        return way

    def joined(self, way: Assignment, choices: Sequence[Assignment]) -> Assignment:
        """Add one of some assignments that does not contradict the one so far."""
        fitting = [both for choice in choices if (both := merged(way, choice)) is not None]
        return self.dice.pick(fitting) if fitting else way

    def bound(self, rule: PricingRule, way: Assignment) -> Assignment:
        """Choose keys that the tables of a rule have, at a day on which they have them."""
        for node in self.lookups(rule):
            shelf = self.shelves[node.table]
            if not shelf.rows:
                continue
            for _ in range(_CANDIDATES):
                number = self.dice.below(len(shelf.rows))
                more = self.steering.to_row(node, number)
                both = None if more is None else merged(way, more)
                if both is None:
                    continue
                first, last = shelf.days(number)
                day = both.get(DAY)
                if day is None:
                    inside = [d for d in self.inside() if first <= d <= last]
                    if not inside:
                        continue
                    day = self.dice.pick(inside)
                if first <= day <= last:
                    way = {**both, DAY: day}
                    break
        return way

    def lookups(self, rule: PricingRule) -> Iterator[tree.Lookup]:
        seen = set()
        for expression in (*rule.conditions, rule.step.expression):
            for node in tree.walk(expression):
                if isinstance(node, tree.Lookup) and (node.table, node.keys) not in seen:
                    seen.add((node.table, node.keys))
                    yield node

    def inside(self) -> list[Any]:
        return [day for day in self.interest.days if self.plan.first <= day <= self.plan.last]

    def row(self, way: Assignment) -> dict[str, Any]:
        """Give a plain line with an assignment."""
        inside = self.inside()
        day = way.get(DAY) or inside[len(inside) // 2]
        dated = dict.fromkeys(self.day_columns, day)
        return {**self.plain(), **dated, **{n: v for n, v in way.items() if n != DAY}}

    def tied_rows(self) -> list[tuple[str, Row, Row]]:
        """Give rows of given tables that make ties: table, row of a new key, and its line.

        They matter where what is rounded comes from tables alone.
        """
        made: list[tuple[str, Row, Row]] = []
        for base in self.found:
            for point in roundings(self.plan):
                for node in self.lookups(base.rule) if point.rule == base.rule.id else ():
                    made += self._tied(base, point, node, len(made))
        return made

    def _tied(
        self, base: _Base, point: Point, node: tree.Lookup, count: int
    ) -> Iterator[tuple[str, Row, Row]]:
        shelf = self.shelves[node.table]
        if not shelf.type.given:
            return
        reads = [n for n in range(len(shelf.rows)) if self._leads(node, n, base.row)]
        for number in reads[:1]:
            for place, row in enumerate(
                self.solver.given_ties(point, base.row, node.table, number)
            ):
                name = f"tie {count + place + 1}"
                new = {k: name if isinstance(row[k], str) else row[k] for k in shelf.type.key}
                way = self.steering.keyed(node.keys, new.values())
                if way and new != {k: row[k] for k in shelf.type.key}:
                    yield node.table, {**row, **new}, {**base.row, **way}

    def _leads(self, node: tree.Lookup, number: int, row: Row) -> bool:
        """Whether a line reads a row, as far as its own columns say."""
        way = self.steering.to_row(node, number)
        return way is not None and all(row.get(n, v) == v for n, v in way.items())

    # -- lines that lie in wait

    def systematic(self, bases: Sequence[_Base], room: int) -> list[Row]:
        """Give lines for everything that a contract decides, the most telling first.

        Args:
            bases: Lines that rules price.
            room: How many lines there may be; a kind of lines takes half of what is left at most.
        """
        ways: tuple[Callable[[_Base], Iterator[Row]], ...] = (
            self.itself, self.at_edges, self.at_ties, self.at_the_charge, self.against_conditions,
            self.on_days, self.by_column, self.by_key, self.around_keys,
        )  # fmt: skip
        found: dict[tuple[Any, ...], Row] = {}
        firsts = {base.rule.id: base for base in reversed(bases)}.values()
        for way in ways:
            # Tables are read once a rule: their rows do not differ by the line that reads them.
            some = firsts if way in {self.by_key, self.around_keys} else bases
            made = {tuple(row.values()): row for base in some for row in way(base)}
            new = [key for key in made if key not in found]
            most = max(1, (room - len(found)) // 2)
            kept = new if len(new) <= most else [new[n * len(new) // most] for n in range(most)]
            found |= {key: made[key] for key in kept}
        return list(found.values())[:room]

    def itself(self, base: _Base) -> Iterator[Row]:
        yield base.row

    def at_edges(self, base: _Base) -> Iterator[Row]:
        seen = self.solver.seen(base.row)
        for edge in edges(self.plan):
            if id(edge.left) in seen and id(edge.right) in seen:
                yield from self.solver.meetings(edge, base.row)

    def at_ties(self, base: _Base) -> Iterator[Row]:
        seen = self.solver.seen(base.row)
        for point in roundings(self.plan):
            if id(point.node) in seen:
                yield from self.solver.ties(point, base.row)

    def at_the_charge(self, base: _Base) -> Iterator[Row]:
        """Charge what is allowed, and a cent more and less."""
        (outcome,) = Judge(self.plan, self.shelves).price(_alone(base.row)).values()
        allowed = outcome.values.get("allowed")
        type_ = self.plan.columns["charge_amount"]
        if not isinstance(allowed, Fraction) or type_.low is None or type_.high is None:
            return
        charge = Decimal(int(allowed * 100)) * _CENT
        for step in (-_CENT, Decimal("0.00"), _CENT):
            if type_.low <= charge + step <= type_.high:
                yield {**base.row, "charge_amount": charge + step}

    def on_days(self, base: _Base) -> Iterator[Row]:
        for day in self.interest.days:
            yield {**base.row, **dict.fromkeys(self.day_columns, day)}
        yield {**base.row, **dict.fromkeys(self.day_columns)}

    def by_column(self, base: _Base) -> Iterator[Row]:
        for name in self.plan.read_columns:
            for value in self.interest.values[name]:
                yield {**base.row, name: value}

    def by_key(self, base: _Base) -> Iterator[Row]:
        """Read each row of each table that a rule reads; of large ones, evenly spaced rows."""
        for shelf, number, row in self._keyed(base, _ROWS_OF_TABLE):
            first, last = shelf.days(number)
            inside = [day for day in self.inside() if first <= day <= last]
            if inside:
                yield {**row, **dict.fromkeys(self.day_columns, inside[0])}

    def around_keys(self, base: _Base) -> Iterator[Row]:
        """Read rows of tables on their first and last days, and just outside them."""
        for shelf, number, row in self._keyed(base, _ROWS_AROUND):
            for day in self._near(shelf, number):
                yield {**row, **dict.fromkeys(self.day_columns, day)}

    def _keyed(self, base: _Base, most: int) -> Iterator[tuple[Shelf, int, Row]]:
        for node in self.lookups(base.rule):
            shelf = self.shelves[node.table]
            count = min(len(shelf.rows), most)
            for place in range(count):
                number = place * len(shelf.rows) // count
                way = self.steering.to_row(node, number)
                if way is not None:
                    keys = {name: value for name, value in way.items() if name != DAY}
                    yield shelf, number, {**base.row, **keys}

    def _near(self, shelf: Shelf, number: int) -> list[Any]:
        first, last = shelf.days(number)
        return [
            d for d in self.interest.days if abs((d - first).days) <= 1 or abs((d - last).days) <= 1
        ]

    def against_conditions(self, base: _Base) -> Iterator[Row]:
        """Lead each condition of the rule to each verdict."""
        for condition in base.rule.conditions:
            for verdict in (True, False, None):
                for way in self.steering.ways(condition, verdict):
                    yield {**base.row, **{n: v for n, v in way.items() if n != DAY}}

    # -- claims of several lines

    def mixed(self, rows: Sequence[Row]) -> Iterator[tuple[Row, ...]]:
        """Give claims of some lines, each near one that was made before, without end."""
        while True:
            first = self.dice.pick(rows)
            count = 1 + self.dice.below(5)
            # Lines of one kind share what is paid once a claim; others stand beside them.
            lines = [first if self.dice.below(4) else self.dice.pick(rows) for _ in range(count)]
            yield tuple(self.varied(line) for line in lines)

    def varied(self, row: Row) -> Row:
        found = dict(row)
        if self.dice.below(2):
            found["charge_amount"] = self.dice.pick(_CHARGES)
        for _ in range(self.dice.below(3)):
            name = self.dice.pick(tuple(self.plan.read_columns))
            if self.interest.values[name]:
                found[name] = self.dice.pick(self.interest.values[name])
        return found

    def numbered(self, lines: Sequence[Row]) -> tuple[Row, ...]:
        """Number lines, now and then against their order."""
        numbers = list(range(1, len(lines) + 1))
        if len(lines) > 1 and not self.dice.below(4):
            numbers.reverse()
        return tuple(
            {"claim_line_number": number, **row} for number, row in zip(numbers, lines, strict=True)
        )


def _alone(row: Row) -> Claim:
    return Claim("probe", ({"claim_line_number": 1, **row},))
