"""Comparison: claims from a ruleset's own edges, priced by every engine and judged exactly."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from rules_engine.engine.certifying.certificate import Asked, Certificate, Counterexample, Met
from rules_engine.engine.certifying.claims import sample_for, shelves_of
from rules_engine.engine.certifying.coverage import Coverage
from rules_engine.engine.certifying.engines import (
    ENGINES,
    NotOfferedError,
    PricingEngine,
    installed,
)
from rules_engine.engine.certifying.judging import Judge
from rules_engine.engine.certifying.outcomes import Outcome, Outcomes
from rules_engine.engine.certifying.pasting import case_of, claim_text
from rules_engine.engine.certifying.sample import Row, Sample, digest
from rules_engine.engine.certifying.shrinking import shrunk
from rules_engine.pricing.running import Key

if TYPE_CHECKING:
    from rules_engine.engine.contract import Contract

__all__ = ["CLAIMS", "certify"]

CLAIMS: Final = 3_000
"""How many claims are made where nobody says."""

Tell = Callable[[str, int | None, int | None], None]


def certify(
    contract: "Contract",
    *,
    claims: int = CLAIMS,
    seed: int = 0,
    day: date | None = None,
    engines: Sequence[PricingEngine] | None = None,
    progress: Tell | None = None,
) -> Certificate:
    """Do what `Ruleset.certify` says."""
    if claims < 1:
        msg = f"{claims} claims certify nothing; one at least may stand there"
        raise ValueError(msg)
    tell = progress or (lambda _phase, _done, _total: None)
    plan = contract.plan
    tables = contract.bound.tables
    tell("make claims", None, None)
    sample = sample_for(plan, tables, count=claims, seed=seed)
    shelves = shelves_of(plan, tables, sample.given)
    coverage = Coverage(plan, shelves)
    tell("judge", None, None)
    expected = _judged(Judge(plan, shelves, coverage), sample)
    coverage.outcomes(expected.values())
    asked = []
    counterexample = None
    for engine in ENGINES if engines is None else engines:
        tell(engine.name, None, None)
        differing: list[tuple[str, int]] | None = None
        why_not = _why_not(engine, sample)
        if why_not is None:
            try:
                with engine.opened():
                    differing = _differing(engine, contract, sample, expected)
                    if differing and counterexample is None:
                        counterexample = _smallest(engine, contract, sample, differing[0][0])
            except NotOfferedError as error:
                why_not = str(error)
        asked.append(
            Asked(
                name=engine.name,
                meaning=engine.meaning,
                library=engine.library or "rules-engine",
                version=engine.version,
                why_not=why_not,
                differences=None if differing is None else len(differing),
            )
        )
    return Certificate(
        engine_version=installed("rules-engine") or "",
        day=day,
        ruleset={
            "id": contract.id,
            "title": contract.title,
            "version": contract.version,
            "sha256": contract.digest,
        },
        tables=tuple(
            {"name": name, "rows": len(table), "sha256": table.digest}
            for name, table in sorted(contract.bound.tables.items())
        ),
        seed=seed,
        asked=claims,
        claims=len(sample.claims),
        lines=sample.lines,
        claims_digest=sample.digest(),
        priced=sum(not one.is_rejected for one in expected.values()),
        rejections=coverage.rejections(),
        results_digest=digest(
            [[claim, line, one.texts()] for (claim, line), one in sorted(expected.items())]
        ),
        engines=tuple(asked),
        met=Met(
            rules=coverage.rules() if plan.choosing else (),
            conditions=coverage.conditions(),
            boundaries=coverage.boundaries(),
            roundings=coverage.roundings(),
            tables=coverage.tables(),
        ),
        counterexample=counterexample,
    )


def _why_not(engine: PricingEngine, sample: Sample) -> str | None:
    if not sample.claims:
        return "no rule prices a claim"
    return None if engine.version else f"{engine.library} is not installed"


def _judged(judge: Judge, sample: Sample) -> dict[tuple[str, int], Outcome]:
    return {
        (claim.claim_id, number): outcome
        for claim in judge.in_order(sample.claims)
        for number, outcome in judge.price(claim).items()
    }


def _differing(
    engine: PricingEngine, contract: "Contract", sample: Sample, expected: Outcomes
) -> list[tuple[str, int]]:
    """Give the lines that an engine prices otherwise than the judge, in order."""
    found = _asked(engine, contract, sample)
    return [key for key, outcome in sorted(expected.items()) if found.get(key) != outcome]


def _asked(engine: PricingEngine, contract: "Contract", sample: Sample) -> Outcomes:
    """Ask an engine; one that fails on some claim is asked for ever fewer, to see on which."""
    try:
        return engine.price(contract, sample)
    except NotOfferedError:
        raise
    except Exception as error:  # noqa: BLE001  whatever an engine raises is a finding about it
        claims = sample.claims
        if len(claims) <= 1:
            failed = Outcome({"failed": f"{type(error).__name__}: {error}".splitlines()[0]})
            return {(c.claim_id, _number(line)): failed for c in claims for line in c.lines}
        half = len(claims) // 2
        first = _asked(engine, contract, Sample(claims[:half], sample.given))
        if any("failed" in one.values for one in first.values()):
            return first
        return {**first, **_asked(engine, contract, Sample(claims[half:], sample.given))}


def _number(line: Row) -> int:
    return int(line["claim_line_number"])


def _smallest(
    engine: PricingEngine, contract: "Contract", sample: Sample, claim_id: str
) -> Counterexample:
    """Shrink a claim that an engine prices otherwise, and write it as a case."""
    plan = contract.plan

    def judged(some: Sample) -> dict[tuple[str, int], Outcome]:
        return _judged(Judge(plan, shelves_of(plan, contract.bound.tables, some.given)), some)

    def differing(some: Sample) -> list[str]:
        lines = _differing(engine, contract, some, judged(some))
        return [claim for claim, _ in lines]

    small = shrunk(plan, _fewest(sample, claim_id, differing), claim_id, differing)
    claim = next(one for one in small.claims if one.claim_id == claim_id)
    expected = {n: one for (name, n), one in judged(small).items() if name == claim_id}
    asked = _asked(engine, contract, small)
    found = {n: one for (name, n), one in asked.items() if name == claim_id}
    return Counterexample(
        engine=engine.name,
        sample=small,
        expected=expected,
        found=found,
        before=tuple(claim_text(one) for one in small.claims if one is not claim),
        case=case_of(
            plan,
            claim,
            small.given,
            expected,
            name=f"{engine.name} and the exact evaluator differ",
            note=_note(engine.name, expected, found),
            opening=_opening(contract, small, claim_id),
        ),
    )


def _fewest(sample: Sample, claim_id: str, differing: Callable[[Sample], Sequence[str]]) -> Sample:
    """Give a claim that differs, alone or, where sums run, with those that it needs before it."""
    own = tuple(one for one in sample.claims if one.claim_id == claim_id)
    if claim_id in differing(Sample(own, sample.given)):
        return Sample(own, sample.given)
    claims = sample.claims
    size = len(claims) // 2
    while size:
        for start in range(0, len(claims), size):
            rest = (*claims[:start], *claims[start + size :])
            fewer = tuple(one for one in sample.claims if one in rest or one.claim_id == claim_id)
            if len(fewer) < len(claims) and claim_id in differing(Sample(fewer, sample.given)):
                claims = fewer
                break
        else:
            size //= 2
    return Sample(claims, sample.given)


def _opening(contract: "Contract", sample: Sample, claim_id: str) -> Mapping[Key, Fraction]:
    """Give what has run up before a claim."""
    plan = contract.plan
    judge = Judge(plan, shelves_of(plan, contract.bound.tables, sample.given))
    for claim in judge.in_order(sample.claims):
        if claim.claim_id == claim_id:
            break
        judge.price(claim)
    return judge.sums


def _note(engine: str, expected: Mapping[int, Outcome], found: Mapping[int, Outcome]) -> str:
    """Say in what the lines differ."""
    parts = []
    for number, exact in expected.items():
        other = found.get(number)
        if other is None:
            parts.append(f"line {number}: {engine} gives nothing")
            continue
        names = exact.differences(other)
        texts, others = exact.texts(), other.texts()
        said = ", ".join(f"{n} {texts.get(n)}, in {engine} {others.get(n)}" for n in names)
        if said:
            parts.append(f"line {number}: exactly {said}")
    return "; ".join(parts)
