"""The certificate: what was asked of which engines, what they agree on, and what was not met."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from rules_engine.engine.certifying.coverage import Tally
from rules_engine.engine.certifying.outcomes import Outcome
from rules_engine.engine.certifying.sample import Sample

__all__ = ["FORMAT", "Asked", "Certificate", "Counterexample", "Met"]

FORMAT: Final = "rules-engine certificate 1"

_COMPUTED: Final = ("format", "ruleset", "seed", "claims", "results", "coverage")
"""What has to be the same wherever a certificate is made."""


@frozen(kw_only=True)
class Asked:
    """An engine that was to price the claims.

    Attributes:
        name: Its name.
        meaning: What it is, in a few words.
        library: The distribution that it runs on.
        version: That distribution's version; None where it is not installed.
        why_not: Why it was not compared; None where it was.
        differences: Lines on which it differs from the exact evaluator; None where it was not
            asked.
    """

    name: str
    meaning: str
    library: str
    version: str | None
    why_not: str | None
    differences: int | None

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "name": self.name,
            "meaning": self.meaning,
            "library": self.library,
            "version": self.version,
            "why_not": self.why_not,
            "differences": self.differences,
        }


@frozen(kw_only=True)
class Met:
    """What the claims have met.

    Attributes:
        rules: Lines that each rule priced or took something off.
        conditions: Verdicts of each condition.
        boundaries: Sides of each comparison, a smallest step from where it turns.
        roundings: Ties of each rounding, by sign.
        tables: Rows read, of each table.
    """

    rules: tuple[Tally, ...]
    conditions: tuple[Tally, ...]
    boundaries: tuple[Tally, ...]
    roundings: tuple[Tally, ...]
    tables: tuple[Tally, ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "rules": [
                {"rule": t.rule, "sets": t.text, "lines": t.met["lines"]} for t in self.rules
            ],
            "conditions": [_tally(t) for t in self.conditions],
            "boundaries": [_tally(t) for t in self.boundaries],
            "roundings": [_tally(t) for t in self.roundings],
            "tables": [{"table": t.rule, **t.met} for t in self.tables],
        }


def _tally(tally: Tally) -> dict[str, Any]:
    met = {way.replace(" ", "_"): count for way, count in tally.met.items()}
    return {"rule": tally.rule, "text": tally.text, **met}


@frozen(kw_only=True)
class Counterexample:
    """The smallest claim found on which an engine differs.

    Attributes:
        engine: The engine.
        sample: The claim, with the rows of given tables that it needs.
        expected: What the exact evaluator makes of its lines, by number.
        found: What the engine makes of them.
        before: Claims that have to be priced before it, as YAML, where sums run from claim to
            claim.
        case: The claim as a worked case: YAML to paste under `cases:`; it expects what the exact
            evaluator says.
    """

    engine: str
    sample: Sample
    expected: Mapping[int, Outcome]
    found: Mapping[int, Outcome]
    before: tuple[str, ...]
    case: str

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "engine": self.engine,
            "expected": {str(number): one.texts() for number, one in self.expected.items()},
            "found": {str(number): one.texts() for number, one in self.found.items()},
            "before": list(self.before),
            "case": self.case,
        }


@frozen(kw_only=True)
class Certificate:
    """The result of certifying a ruleset; equal inputs give equal bytes.

    Attributes:
        engine_version: Version of this distribution.
        day: Day that the caller dates it with, or None.
        ruleset: Its id, title, version and SHA-256.
        tables: Each table of the ruleset: name, rows and SHA-256.
        seed: What chance started from.
        asked: How many claims were asked for.
        claims: How many claims there are.
        lines: How many lines they have.
        claims_digest: SHA-256 of all their values.
        priced: Lines with a price.
        rejections: Code, rule and reason of rejected lines, with how many there were.
        results_digest: SHA-256 of what the exact evaluator makes of every line.
        engines: The engines that were to price the claims.
        met: What the claims have met.
        counterexample: The smallest claim found on which an engine differs; None where none does.
    """

    engine_version: str
    day: date | None
    ruleset: Mapping[str, str]
    tables: tuple[Mapping[str, Any], ...]
    seed: int
    asked: int
    claims: int
    lines: int
    claims_digest: str
    priced: int
    rejections: tuple[tuple[str, str, str, int], ...]
    results_digest: str
    engines: tuple[Asked, ...]
    met: Met
    counterexample: Counterexample | None

    @property
    def verdict(self) -> str:
        """`agree`, `differ`, `nothing to price`, or `not compared` where no engine could price."""
        if not self.met.rules:
            return "nothing to price"
        if all(one.differences is None for one in self.engines):
            return "not compared"
        return "differ" if any(one.differences for one in self.engines) else "agree"

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object, as `schemas/certificate.schema.json` describes it."""
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "date": None if self.day is None else self.day.isoformat(),
            "engine": {"name": "rules-engine", "version": self.engine_version},
            "ruleset": {**self.ruleset, "tables": [dict(table) for table in self.tables]},
            "seed": self.seed,
            "claims": {
                "asked": self.asked,
                "claims": self.claims,
                "lines": self.lines,
                "sha256": self.claims_digest,
            },
            "results": {
                "priced": self.priced,
                "rejected": self.lines - self.priced,
                "sha256": self.results_digest,
                "rejections": [
                    {"code": code, "rule": rule, "reason": reason, "lines": lines}
                    for code, rule, reason, lines in self.rejections
                ],
            },
            "engines": [one.as_json() for one in self.engines],
            "coverage": self.met.as_json(),
            "counterexample": (
                None if self.counterexample is None else self.counterexample.as_json()
            ),
        }

    def contradicts(self, said: Mapping[str, Any]) -> tuple[str, ...]:
        """Say in what an earlier certificate, read from JSON, differs from this one.

        Engines and their versions may be others; what was computed may not.
        """
        own = self.as_json()
        found = []
        for part in _COMPUTED:
            found += _apart(part, said.get(part), own[part])
        if said.get("verdict") != own["verdict"]:
            found.append(f"verdict is {said.get('verdict')!r}; it is {own['verdict']!r} here")
        return tuple(found)


def _apart(name: str, said: Any, own: Any) -> list[str]:
    if said == own:
        return []
    if isinstance(said, Mapping) and isinstance(own, Mapping):
        keys = dict.fromkeys((*own, *said))
        return [
            line for key in keys for line in _apart(f"{name}.{key}", said.get(key), own.get(key))
        ]
    if isinstance(said, list | Mapping) or isinstance(own, list | Mapping):
        return [f"{name} is another one here"]
    return [f"{name} is {said!r}; it is {own!r} here"]
