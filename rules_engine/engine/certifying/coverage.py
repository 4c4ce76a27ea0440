"""Coverage: which branches, boundaries, ties and rows of tables the claims have met."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from attrs import Factory, define, field, frozen

from rules_engine.engine.certifying.judging import Shelf
from rules_engine.engine.certifying.outcomes import Outcome
from rules_engine.engine.certifying.points import Edge, Point, conditions, edges, roundings
from rules_engine.expressions import Expression
from rules_engine.expressions.exact import Value
from rules_engine.expressions.tree import Round
from rules_engine.pricing.plan import Plan

__all__ = ["Coverage", "Tally", "distance", "is_tie"]


@frozen(kw_only=True)
class Tally:
    """How often the claims met something.

    Attributes:
        rule: The rule, or the table.
        text: What was met, as written.
        met: How often, by the way in which it was met; every way that there is stands there.
    """

    rule: str
    text: str
    met: Mapping[str, int]

    @property
    def ways_met(self) -> int:
        """How many of its ways were met at least once."""
        return sum(1 for count in self.met.values() if count)


@define
class Coverage:
    """Looks on while the judge works, and counts.

    Attributes:
        plan: What is priced.
        shelves: The tables that formulas read.
    """

    plan: Plan
    shelves: Mapping[str, Shelf]
    _conditions: dict[int, Point] = field(init=False)
    _edges: dict[int, list[Edge]] = field(init=False)
    _roundings: dict[int, Point] = field(init=False)
    _last: dict[int, Value] = Factory(dict)
    _truths: dict[int, Counter[str]] = Factory(dict)
    _sides: dict[int, Counter[str]] = Factory(dict)
    _ties: dict[int, Counter[str]] = Factory(dict)
    _rows: dict[str, set[int]] = Factory(dict)
    _rules: Counter[str] = Factory(Counter)
    _rejections: Counter[tuple[str, str, str]] = Factory(Counter)

    def __attrs_post_init__(self) -> None:
        """Find what there is to be met."""
        self._conditions = {id(point.node): point for point in conditions(self.plan)}
        self._roundings = {id(point.node): point for point in roundings(self.plan)}
        self._edges = {}
        for edge in edges(self.plan):
            # Known by its second side, which is read last.
            self._edges.setdefault(id(edge.right), []).append(edge)

    # -- looking on

    def value(self, node: Expression, value: Value) -> None:
        """See the value of a part of a formula."""
        key = id(node)
        self._last[key] = value
        if key in self._conditions:
            self._truths.setdefault(key, Counter())[_TRUTHS[value]] += 1  # type: ignore[index]  # a condition has no other value
        for edge in self._edges.get(key, ()):
            found = distance(edge, self._last.get(id(edge.left)), value)
            if found is not None and abs(found) <= 1:
                self._sides.setdefault(id(edge), Counter())[_SIDES[int(found)]] += 1
        if key in self._roundings and isinstance(node, Round):
            operand = self._last.get(id(node.operand))
            if isinstance(operand, Fraction) and is_tie(operand, node.places):
                sign = "below zero" if operand < 0 else "above zero"
                self._ties.setdefault(key, Counter())[sign] += 1

    def row(self, table: str, number: int) -> None:
        """See that a row of a table was read."""
        self._rows.setdefault(table, set()).add(number)

    def outcomes(self, found: Iterable[Outcome]) -> None:
        """See what became of lines."""
        for one in found:
            if one.is_rejected:
                code, rule, reason = (str(one.values[n]) for n in ("rejected", "rule", "reason"))
                self._rejections[code, rule, reason] += 1
            else:
                self._rules[str(one.values["rule"])] += 1
                for name, amount in one.values.items():
                    if name.startswith(_TAKEN) and amount:
                        self._rules[name.removeprefix(_TAKEN)] += 1

    # -- what was met

    def rules(self) -> tuple[Tally, ...]:
        """Lines that each rule priced, or took something off."""
        return tuple(
            Tally(rule=rule.id, text=rule.step.sets, met={"lines": self._rules[rule.id]})
            for rule in self.plan.rules
            if rule.step.sets != "limit"
        )

    def conditions(self) -> tuple[Tally, ...]:
        """How often each condition was true, false and, where a null can reach it, unknown."""
        found = []
        for key, point in self._conditions.items():
            ways = ("true", "false", *(("unknown",) if point.node.type.nullable else ()))
            seen = self._truths.get(key, Counter())
            found.append(
                Tally(rule=point.rule, text=point.text, met={way: seen[way] for way in ways})
            )
        return tuple(found)

    def boundaries(self) -> tuple[Tally, ...]:
        """How often two compared values were equal, and one smallest step apart either way."""
        return tuple(
            Tally(
                rule=edge.rule,
                text=edge.text,
                met={way: self._sides.get(id(edge), Counter())[way] for way in _SIDES.values()},
            )
            for found in self._edges.values()
            for edge in found
        )

    def roundings(self) -> tuple[Tally, ...]:
        """How often what is rounded was exactly a half, by its sign."""
        found = []
        for key, point in self._roundings.items():
            low = point.node.type.low
            signs = ("above zero", *(("below zero",) if low is None or low < 0 else ()))
            seen = self._ties.get(key, Counter())
            found.append(
                Tally(rule=point.rule, text=point.text, met={sign: seen[sign] for sign in signs})
            )
        return tuple(found)

    def tables(self) -> tuple[Tally, ...]:
        """Rows of each table that were read, of how many."""
        return tuple(
            Tally(
                rule=name,
                text=name,
                met={"read": len(self._rows.get(name, ())), "rows": len(shelf.rows)},
            )
            for name, shelf in sorted(self.shelves.items())
        )

    def rejections(self) -> tuple[tuple[str, str, str, int], ...]:
        """Code, rule and reason of rejected lines, with how many there were."""
        return tuple((*key, count) for key, count in sorted(self._rejections.items()))


_TRUTHS = {True: "true", False: "false", None: "unknown"}
_SIDES = {-1: "just below", 0: "equal", 1: "just above"}
_TAKEN = "taken by "


def distance(edge: Edge, left: Value, right: Value) -> Fraction | None:
    """Give how many of their smallest steps the left value lies above the right one."""
    if isinstance(left, date) and isinstance(right, date):
        return Fraction((left - right).days)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        steps = (left - right) * edge.unit
        # Values that are no whole number of steps apart may still be less than one apart.
        return steps if steps.denominator == 1 else Fraction(2 if steps > 0 else -2)
    return None


def is_tie(value: Fraction, places: int) -> bool:
    """Whether a value lies exactly between two roundings."""
    return (value * Fraction(10) ** places).denominator == 2  # noqa: PLR2004  a half
