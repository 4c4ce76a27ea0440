"""The report: what is paid over the whole range of an input, by regions and cliffs."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from attrs import frozen

from rules_engine.diagnostics import Diagnostic
from rules_engine.language.monotone import BoundPromise
from rules_engine.methodology.explanation import number_text

__all__ = ["CliffReport", "Stretch", "Sweep"]


@frozen(kw_only=True)
class Stretch:
    """A part of the range: a region, a cliff or a step.

    Attributes:
        kind: `region`, where better never pays less; `cliff`, where it does; `step`, where the next
            value pays much more at once.
        name: What the ruleset calls it; empty where it declares none.
        first: Value of the input at which it begins.
        last: Value of the input at which it ends; of what happens at once, the next value.
        paid_first: What is paid at the first value; None where it cannot be settled.
        paid_last: What is paid at the last value; None where it cannot be settled.
        amount: What a cliff takes away for better, or a step adds at once; None for a region.
        count: How many steps these are, which are declared together; 1 of all else.
        why: Why the contract has it.
    """

    kind: str
    name: str
    first: Fraction
    last: Fraction
    paid_first: Fraction | None
    paid_last: Fraction | None
    amount: Fraction | None = None
    count: int = 1
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object; numbers are text, and every key is always there."""
        return {
            "kind": self.kind,
            "name": self.name,
            "first": number_text(self.first),
            "last": number_text(self.last),
            "paid_first": None if self.paid_first is None else number_text(self.paid_first),
            "paid_last": None if self.paid_last is None else number_text(self.paid_last),
            "amount": None if self.amount is None else number_text(self.amount),
            "count": self.count,
            "why": self.why,
        }


@frozen(kw_only=True)
class Sweep:
    """One promise, for one entity and one period.

    Attributes:
        promise: The promise.
        says: What it says, in a sentence.
        facts: Where the facts come from: a worked case or the data.
        entity: Key of the entity; empty for the contract.
        period: Label of the period.
        moved: The input that was moved.
        unit: Its smallest step.
        first: First value of the range.
        last: Last value of the range.
        stretches: Regions, cliffs and steps, in the order of the input; regions and cliffs are the
            whole range.
        gaps: What they leave of it, or of all that a rate can be, each from its first value through
            its last; empty where they are the whole.
        settlements: At how many values of the input the payment was settled.
        limits: What was not looked at step by step; empty where everything was.
        findings: What is wrong.
    """

    promise: str
    says: str
    facts: str
    entity: tuple[str, ...]
    period: str
    moved: str
    unit: Fraction
    first: Fraction
    last: Fraction
    stretches: tuple[Stretch, ...]
    gaps: tuple[tuple[Fraction, Fraction], ...]
    settlements: int
    limits: tuple[str, ...]
    findings: tuple[Diagnostic, ...]

    @classmethod
    def failed(
        cls,
        promise: BoundPromise,
        facts: str,
        entity: tuple[str, ...],
        period: str,
        finding: Diagnostic,
    ) -> "Sweep":
        """Give a promise whose range or places have no value for an entity."""
        return cls(
            promise=promise.name,
            says="",
            facts=facts,
            entity=entity,
            period=period,
            moved=promise.formulas["when_rises"].text.strip(),
            unit=Fraction(1),
            first=Fraction(0),
            last=Fraction(0),
            stretches=(),
            gaps=(),
            settlements=0,
            limits=(),
            findings=(finding,),
        )

    def of_kind(self, kind: str) -> tuple[Stretch, ...]:
        """Give its regions, its cliffs or its steps."""
        return tuple(one for one in self.stretches if one.kind == kind)

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object; numbers are text, and every key is always there."""
        return {
            "promise": self.promise,
            "says": self.says,
            "facts": self.facts,
            "entity": list(self.entity),
            "period": self.period,
            "moved": self.moved,
            "unit": number_text(self.unit),
            "first": number_text(self.first),
            "last": number_text(self.last),
            "stretches": [one.as_json() for one in self.stretches],
            "gaps": [[number_text(first), number_text(last)] for first, last in self.gaps],
            "settlements": self.settlements,
            "limits": list(self.limits),
            "findings": [one.as_json() for one in self.findings],
        }


@frozen(kw_only=True)
class CliffReport:
    """What became of the promises of a ruleset.

    Attributes:
        ruleset: Id and version.
        sweeps: Each promise for each entity and period that it was looked at for.
        not_looked_at: Promises for which there were no facts.
    """

    ruleset: Mapping[str, str]
    sweeps: tuple[Sweep, ...]
    not_looked_at: tuple[str, ...]

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong."""
        return tuple(found for sweep in self.sweeps for found in sweep.findings)

    @property
    def holds(self) -> bool:
        """Whether every promise was looked at, and nothing is wrong."""
        return not self.findings and not self.not_looked_at

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object; every key is always there."""
        return {
            "ruleset": dict(self.ruleset),
            "holds": self.holds,
            "sweeps": [one.as_json() for one in self.sweeps],
            "not_looked_at": list(self.not_looked_at),
        }
