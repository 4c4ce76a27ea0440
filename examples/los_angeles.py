"""Write the made-up population that the Vivity ruleset is shown on.

Run `python -m examples.los_angeles out/data --members 15000 --seed 2015`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rules_engine.testing.population import generate

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, write the files and say what they hold."""
    parser = argparse.ArgumentParser(prog="los_angeles", description="Write a made-up population.")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write into")
    parser.add_argument("--members", type=int, default=15_000, help="how many people")
    parser.add_argument("--seed", type=int, default=2015, help="where the draws begin")
    given = parser.parse_args(arguments)
    try:
        summary = generate(given.out, members=given.members, seed=given.seed)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    wrong = ", ".join(f"{count} {flaw}" for flaw, count in summary.flaws.items())
    sys.stdout.write(
        f"{summary.members:,} members, {summary.member_months:,} member-months, "
        f"premiums {summary.premium_cents // 100:,}.{summary.premium_cents % 100:02}\n"
        f"{summary.claims:,} claims, {summary.claim_lines:,} lines\n"
        f"wrong on purpose: {wrong}\n"
    )
    for table, path in summary.files.items():
        sys.stdout.write(f"  {table}: {path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
