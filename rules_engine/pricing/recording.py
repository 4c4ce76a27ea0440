"""What a generated function keeps of its formulas: values now, their names once for all lines."""

import re
from typing import Any, Final

from attrs import define, frozen

from rules_engine.expressions import tree
from rules_engine.expressions.closure import Emitter
from rules_engine.expressions.exact import Value, plain, read_as
from rules_engine.expressions.runtime import MISSING
from rules_engine.pricing.plan import PricingRule
from rules_engine.pricing.running import before

__all__ = ["Read", "Recorded", "Recorder", "Recording"]

_OWN_VARIABLE: Final = re.compile(r"t[0-9]+")


@frozen
class Read:
    """Something that a formula reads.

    Attributes:
        name: As the formula writes it.
        unit: What it is.
        place: Where its value stands in the entry of a line; None where it never changes.
        value: Its value, where it never changes.
    """

    name: str
    unit: str
    place: int | None
    value: Value = None


@frozen
class Recorded:
    """One rule's formula, and what its entry of a line holds.

    Attributes:
        rule: The rule.
        reads: What the formula may read; a part that was not computed has no value.
    """

    rule: PricingRule
    reads: tuple[Read, ...]

    def inputs(self, entry: tuple[Any, ...]) -> dict[str, Value]:
        """Give what the formula read on a line, by name."""
        found: dict[str, Value] = {}
        for read in self.reads:
            value = read.value if read.place is None else entry[read.place]
            if value is not MISSING:
                found[read.name] = plain(value)
        return found

    @property
    def units(self) -> dict[str, str]:
        """What each of the inputs is."""
        return {read.name: read.unit for read in self.reads}


@define
class Recording:
    """What the entries of all lines mean.

    An entry is the number of a rule, its amount, and the values that its formula read.

    Attributes:
        steps: The rules by their numbers: first those that set the allowed amount, then the later
            ones.
    """

    steps: dict[int, Recorded]


class Recorder:
    """Listens to an emitter, and writes what keeps the values that a formula reads."""

    def __init__(self, emitter: Emitter, recording: Recording) -> None:
        """Keep nothing until a formula begins."""
        self._emitter = emitter
        self._recording = recording
        self._reads: list[Read] = []
        self._variables: list[str] = []
        self._perhaps: list[str] = []

    def begin(self, number: int, rule: PricingRule) -> None:
        """Keep what is read from here on, as the formula of a rule reads it."""
        self._number, self._rule = number, rule
        self._reads, self._variables, self._perhaps = [], [], []
        self._at, self._depth = len(self._emitter.lines), self._emitter.indent
        self._emitter.keep = self._keep

    def end(self, variable: str) -> None:
        """Write the entry: the amount that a variable holds, and all that was kept."""
        emitter = self._emitter
        emitter.keep = None
        for count, node in enumerate(tree.running_in(self._rule.step.expression), 1):
            self._add(before(self._rule.id, count), node, emitter.run_up[node])
        values = ", ".join([str(self._number), variable, *self._variables])
        emitter.write(f"e += (({values}),)")
        if self._perhaps:
            unset = " = ".join(dict.fromkeys(self._perhaps))
            emitter.lines.insert(self._at, f"{'    ' * emitter.indent}{unset} = M_")
        self._recording.steps[self._number] = Recorded(self._rule, tuple(self._reads))

    def _keep(self, node: tree.Expression, text: str) -> str:
        name = read_as(self._rule.text, node)
        if name is None:
            return text
        emitter = self._emitter
        is_certain = not emitter.captured and emitter.indent == self._depth
        if is_certain and isinstance(node, tree.Const):
            self._reads.append(Read(name, str(node.type.kind), None, plain(node.value)))
            return text
        # A column keeps its value; the stages of a line do not.
        lasts = isinstance(node, tree.Ref) and node.space == "column" and is_certain
        if not lasts and not _OWN_VARIABLE.fullmatch(text):
            text = emitter.temp(text)
        if not is_certain:
            self._perhaps.append(text)
        self._add(name, node, text)
        return text

    def _add(self, name: str, node: tree.Expression, variable: str) -> None:
        self._reads.append(Read(name, str(node.type.kind), 2 + len(self._variables)))
        self._variables.append(variable)
