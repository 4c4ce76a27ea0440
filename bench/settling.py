"""Settling a year: the reference ruleset of eight parties on made-up claims."""

from pathlib import Path
from statistics import median
from time import perf_counter

from bench.measure import Measure
from rules_engine import Engine
from rules_engine.testing.population import generate

__all__ = ["settling"]


def settling(folder: Path, members: int, rounds: int) -> list[Measure]:
    """Time the settlement phase of a run: sums in SQL, shares in Python, a balanced ledger."""
    data = folder / "population"
    made = generate(data, members=members, seed=2015)
    path = Path(__file__).parent.parent / "rulesets" / "vivity" / "ruleset.yaml"
    ruleset = Engine().load(path)
    seconds: list[float] = []
    balance = 0
    for _ in range(rounds):
        marks: dict[str, float] = {}
        with ruleset.run(
            data, progress=lambda name, *_, marks=marks: marks.update({name: perf_counter()})
        ) as run:
            seconds.append(perf_counter() - marks["settle"])
            balance = sum(amount.cents for amount in run.ledger.balances().values())
    return [
        Measure(
            what=f"settle the year of {made.members:,} members, {made.claim_lines:,} lines",
            measured=f"{median(seconds):.2f} s",
        ),
        Measure(
            what="cents by which its ledger is out of balance",
            measured=str(balance),
            bar="0",
            is_met=balance == 0,
        ),
    ]
