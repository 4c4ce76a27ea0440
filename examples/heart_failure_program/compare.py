"""Price usual and integrated care under three contracts, and say what each leaves the hospital.

Run `python -m examples.heart_failure_program.compare`.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

from examples.heart_failure_program.population import (
    HOSPITAL,
    SERVICES,
    Program,
    Service,
    full_cost,
    volumes,
    write,
)
from rules_engine import Engine, Money

__all__ = ["CONTRACTS", "Result", "compare", "hospital_cost", "main", "revenue"]

CONTRACTS: Final = ("fee-for-service", "bundle", "fixed-payment")
_RULESETS: Final = Path(__file__).parents[2] / "rulesets" / "heart-failure-program"


@frozen(kw_only=True)
class Result:
    """A year of the hospital under one contract, in cents.

    Attributes:
        contract: Name of the ruleset's file.
        revenue_before: What the contract pays for usual care.
        cost_before: What usual care costs the hospital.
        revenue_after: What the contract pays for integrated care.
        cost_after: What integrated care costs the hospital, with the program.
    """

    contract: str
    revenue_before: int
    cost_before: Fraction
    revenue_after: int
    cost_after: Fraction

    @property
    def margin_before(self) -> Fraction:
        """Revenue less cost in usual care."""
        return self.revenue_before - self.cost_before

    @property
    def margin_after(self) -> Fraction:
        """Revenue less cost in integrated care."""
        return self.revenue_after - self.cost_after

    @property
    def change(self) -> Fraction:
        """What the program adds to the hospital's margin, or takes from it below zero."""
        return self.margin_after - self.margin_before


def revenue(contract: str, data: Path) -> int:
    """Give what the hospital is paid for a year, in cents: remittances and settlements.

    Raises:
        ValueError: A row is rejected, so that what the contract pays is not known.
    """
    with Engine().load(_RULESETS / f"{contract}.yaml").run(data) as run:
        if run.rejects_count:
            message = f"{contract} rejects {run.rejects_count} rows"
            raise ValueError(message)
        settled = run.ledger.balances().get(HOSPITAL, Money(0))
        return Money.of(run.summary.paid).cents + settled.cents


def hospital_cost(
    usual: Mapping[str, int], given: Mapping[str, int], fixed: Fraction | None = None
) -> Fraction:
    """Give what services cost the hospital in a year that it has staffed for usual care, in cents.

    Args:
        usual: How many of each service usual care has, by its code.
        given: How many there are.
        fixed: Part of every cost that stays without the service; of each its own unless said.
    """
    cost = Fraction(0)
    for one in SERVICES:
        part = _fixed(one, fixed)
        cost += (usual[one.code] * part + given[one.code] * (1 - part)) * one.cost_cents
    return cost


def _fixed(service: Service, fixed: Fraction | None) -> Fraction:
    return service.fixed if fixed is None else fixed


def compare(
    *,
    patients: int = 500,
    program: Program | None = None,
    fixed: Fraction | None = None,
    seed: int = 2026,
) -> tuple[Result, ...]:
    """Price both years under each contract.

    Raises:
        ValueError: As `volumes`, or the fixed part is none.
    """
    if fixed is not None and not 0 <= fixed <= 1:
        message = f"fixed is {fixed}; it is 0 to 1"
        raise ValueError(message)
    plan = Program() if program is None else program
    usual, given = volumes(patients), volumes(patients, plan)
    before = hospital_cost(usual, usual, fixed)
    after = hospital_cost(usual, given, fixed) + plan.month_cents * 12 * patients
    with TemporaryDirectory() as folder:
        years = {"before": None, "after": plan}
        for year, care in years.items():
            write(Path(folder) / year, patients=patients, program=care, seed=seed)
        return tuple(
            Result(
                contract=contract,
                revenue_before=revenue(contract, Path(folder) / "before"),
                cost_before=before,
                revenue_after=revenue(contract, Path(folder) / "after"),
                cost_after=after,
            )
            for contract in CONTRACTS
        )


def _decimals(hundredths: Fraction | int) -> str:
    """Write cents as dollars, or hundredths of a per cent as per cent, to two places."""
    cents = Money.rounded(Fraction(hundredths, 100)).cents
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02}"


def _volumes_told(patients: int, program: Program, fixed: Fraction | None) -> Iterator[str]:
    usual, given = volumes(patients), volumes(patients, program)
    avoided = 1 - Fraction(full_cost(given), full_cost(usual))
    yield f"{patients:,} patients; {_decimals(10_000 * avoided)} % of the cost is avoided"
    yield f"{'':<18}{'usual':>14}{'integrated':>14}{'cost of one':>15}{'fixed %':>10}"
    for one in SERVICES:
        counts = f"{usual[one.code]:>14,}{given[one.code]:>14,}{_decimals(one.cost_cents):>15}"
        yield f"{one.name:<18}{counts}{_decimals(10_000 * _fixed(one, fixed)):>10}"
    yield f"{'cost of care':<18}{_decimals(full_cost(usual)):>14}{_decimals(full_cost(given)):>14}"


def _results_told(results: Sequence[Result]) -> Iterator[str]:
    yield f"{'contract':<18}{'care':<12}{'revenue':>14}{'cost':>14}{'margin':>15}{'change':>15}"
    for one in results:
        usual = one.revenue_before, one.cost_before, one.margin_before
        given = one.revenue_after, one.cost_after, one.margin_after
        for contract, care, amounts, change in (
            (one.contract, "usual", usual, ""),
            ("", "integrated", given, _decimals(one.change)),
        ):
            told = [_decimals(amount) for amount in amounts]
            line = f"{contract:<18}{care:<12}{told[0]:>14}{told[1]:>14}{told[2]:>15}{change:>15}"
            yield line.rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, price both years and say what each contract leaves."""
    parser = argparse.ArgumentParser(prog="compare", description="Compare three contracts.")
    parser.add_argument("--patients", type=int, default=500, help="how many patients")
    parser.add_argument("--avoided", type=Fraction, default=Program().avoided, metavar="PART",
                        help="part of the cost that integrated care avoids")  # fmt: skip
    parser.add_argument("--fixed", type=Fraction, metavar="PART",
                        help="part of every cost that stays without the service")  # fmt: skip
    parser.add_argument("--month-cents", type=int, default=Program().month_cents, metavar="CENTS",
                        help="cost of the program for each patient and month")  # fmt: skip
    parser.add_argument("--seed", type=int, default=2026, help="where the draws begin")
    given = parser.parse_args(arguments)
    program = Program(avoided=given.avoided, month_cents=given.month_cents)
    try:
        results = compare(
            patients=given.patients, program=program, fixed=given.fixed, seed=given.seed
        )
    except ValueError as error:
        parser.error(str(error))
    told = [*_volumes_told(given.patients, program, given.fixed), "", *_results_told(results)]
    sys.stdout.write("\n".join(told) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
