"""What a line's amounts were computed from, kept while it was priced and told when asked."""

from fractions import Fraction
from typing import Any, Final

from attrs import define, field

from rules_engine.methodology import Explained
from rules_engine.methodology.explanation import Explanation
from rules_engine.pricing import steps
from rules_engine.pricing.priced import PricedLine, RejectedLine
from rules_engine.pricing.recording import Recording

__all__ = ["SPREAD", "Trace"]

SPREAD: Final = -1
"""Number of the entry that holds line numbers and charges of what is paid once a claim."""


@define(slots=True)
class Trace:
    """How one line was priced: each formula that set or changed an amount, and what it read.

    Attributes:
        line: The priced or rejected line.
        entries: The number of each rule that applied, its amount, and the values it read, in the
            order of `recording`; a rejected line has none.
        recording: What the entries mean; all lines of a ruleset share it.
    """

    line: PricedLine | RejectedLine
    entries: tuple[tuple[Any, ...], ...]
    recording: Recording = field(repr=False, eq=False)

    @property
    def steps(self) -> tuple[Explained, ...]:
        """The steps from the allowed to the paid amount, each with rule, formula, place and inputs.

        A rejected line has none.
        """
        line = self.line
        if isinstance(line, RejectedLine):
            return ()
        found: list[Explained] = []
        taken: list[str] = []
        allowed = Fraction(line.allowed)
        spread = next((entry for entry in self.entries if entry[0] == SPREAD), None)
        for entry in self.entries:
            if entry is spread:
                continue
            recorded = self.recording.steps[entry[0]]
            rule, value = recorded.rule, Fraction(entry[1])
            inputs = recorded.inputs(entry)
            units = {name: unit for name, unit in recorded.units.items() if name in inputs}
            if rule.step.sets == "allowed":
                name = "allowed" if spread is None else "allowed_for_the_claim"
                found.append(steps.term(name, rule, value, inputs, units))
                allowed = value
                if spread is not None:
                    allowed = Fraction(spread[1])
                    found.append(steps.part(allowed, spread[2]))
                continue
            found.append(steps.term(rule.id, rule, value, inputs, units))
            if rule.step.sets == "limit":
                allowed = min(allowed, value)
                found.append(steps.lowered(rule.id, allowed))
            else:
                taken.append(rule.id)
        return (*found, steps.paid(taken, Fraction(line.paid)))

    @property
    def explanation(self) -> Explanation:
        """The same as a tree from the paid amount down."""
        return steps.line_tree(self.line, self.steps)

    def as_json(self) -> dict[str, Any]:
        """Give the tree as a JSON object."""
        return self.explanation.as_json()

    def render(self) -> str:
        """Give the tree as text."""
        return self.explanation.render()
