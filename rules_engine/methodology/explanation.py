"""Why an amount is what it is: a tree from the amount down to what it was computed from."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from attrs import frozen

from rules_engine.expressions import ExpressionError
from rules_engine.methodology.worksheet import Explained, names_in

__all__ = ["Explanation", "number_text", "tree_of"]


@frozen(kw_only=True)
class Explanation:
    """One value and what it was computed from.

    Attributes:
        name: What the value is called.
        value: The value as text: an exact decimal, or a fraction where there is none.
        formula: How it was computed.
        note: What a reader should know.
        place: Where the contract says it: `file:line:column`, or the source clause.
        children: The values that the formula reads.
    """

    name: str
    value: str
    formula: str = ""
    note: str = ""
    place: str = ""
    children: tuple["Explanation", ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object; every key is always there."""
        return {
            "name": self.name,
            "value": self.value,
            "formula": self.formula,
            "note": self.note,
            "place": self.place,
            "children": [child.as_json() for child in self.children],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Explanation":
        """Read what `as_json` wrote."""
        children = tuple(cls.from_json(child) for child in value["children"])
        return cls(
            name=value["name"],
            value=value["value"],
            formula=value["formula"],
            note=value["note"],
            place=value["place"],
            children=children,
        )

    def render(self) -> str:
        """Give the tree as text."""
        return "\n".join(self.lines("", ""))

    def lines(self, first: str, rest: str) -> Iterator[str]:
        """Give the lines of the tree, the first one behind `first` and the others behind `rest`."""
        # A formula may be written over several lines; a line of the tree is one.
        name, formula = " ".join(self.name.split()), " ".join(self.formula.split())
        made = f" = {formula}" if formula and formula != name else ""
        yield f"{first}{name}: {self.value}{made}"
        for extra in (self.note, self.place):
            if extra:
                yield f"{rest}{'│  ' if self.children else '   '}{extra}"
        for place, child in enumerate(self.children):
            last = place == len(self.children) - 1
            yield from child.lines(
                f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}"
            )


def number_text(value: Any, unit: str = "") -> str:
    """Write a value exactly: as a decimal where it ends, else as a fraction; thousands separated.

    Args:
        value: An exact number, or a text, day or truth value.
        unit: What it is; money has two decimal places at least.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return _fraction(value, 2 if unit == "money" else 0)
    if isinstance(value, Decimal):
        return _fraction(Fraction(value), max(0, -int(value.as_tuple().exponent)))
    if value is None:
        return "null"
    return value.isoformat() if isinstance(value, date) else str(value)


def _fraction(value: Fraction, fewest: int) -> str:
    return _written(value.numerator, value.denominator, fewest)


@lru_cache(maxsize=4096)
def _written(above: int, below: int, fewest: int) -> str:
    rest = below
    twos = fives = 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{above:,}/{below:,}"
    places = max(twos, fives, fewest)
    whole = above * 10**places // below
    sign, size = ("-" if whole < 0 else ""), abs(whole)
    head = f"{sign}{size // 10**places:,}"
    return f"{head}.{size % 10**places:0{places}}" if places else head


def tree_of(steps: Sequence[Explained], name: str, source: str = "") -> Explanation:
    """Build the tree of a named value from the steps of a worksheet.

    Raises:
        KeyError: No step has that name.
    """
    known = {step.name: step for step in steps}
    wanted = {name}
    for step in reversed(steps):
        if step.name in wanted:
            wanted.update(_words(step.formula))
    built: dict[str, Explanation] = {}
    # Steps stand in the order in which they were computed, so that parts are built before wholes.
    for step in steps:
        if step.name not in wanted:
            continue
        parts = [
            built[word] for word in _words(step.formula) if word in built and step.kind != "term"
        ]
        inputs = [
            Explanation(name=what, value=number_text(value, step.units.get(what, "")))
            for what, value in step.inputs.items()
        ]
        built[step.name] = Explanation(
            name=step.name,
            value=number_text(step.value, step.unit),
            formula=step.formula,
            note=step.note,
            place=step.place,
            children=(*parts, *inputs),
        )
    found = built[known[name].name]
    if source and not found.place:
        found = Explanation(
            name=found.name,
            value=found.value,
            formula=found.formula,
            note=found.note,
            place=source,
            children=found.children,
        )
    return found


def _words(formula: str) -> tuple[str, ...]:
    try:
        return names_in(formula)
    except ExpressionError:
        # A contract's own text, such as a period's label, is no formula.
        return ()
