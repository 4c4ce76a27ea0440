"""`rules-engine test`: the cases of rulesets, worked by hand, against what the engine computes."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rules_engine.cli.misuse import ruleset_file
from rules_engine.cli.output import aligned, counted, format_option, write, write_json
from rules_engine.cli.rulesets import open_ruleset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules_engine.engine.cases import CaseResult


@click.command(name="test")
@click.argument(
    "rulesets", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RULESET..."
)
@click.option("--quiet", is_flag=True, help="Print the amounts of failed cases only.")
@format_option
@click.pass_context
def run_cases(ctx: click.Context, *, rulesets: tuple[Path, ...], quiet: bool, form: str) -> None:
    """Run worked cases. Expected and found amounts are printed.

    The exit code is 1 when an amount differs.
    """
    for path in rulesets:
        ruleset_file(path)
    told: list[dict[str, Any]] = []
    failed = 0
    for path in rulesets:
        opened = open_ruleset(path)
        results = opened.test()
        failed += sum(not result.passed for result in results)
        told.append(
            {"ruleset": opened.id, "version": opened.version, "cases": list(map(_json, results))}
        )
        if form == "text":
            write(f"{opened.id} {opened.version}: {counted(len(results), 'case')}")
            write(cases_text(results, quiet=quiet))
    if form == "json":
        write_json({"rulesets": told, "failed": failed})
    if failed:
        ctx.exit(1)


def cases_text(results: "Sequence[CaseResult]", *, quiet: bool = False, indent: int = 2) -> str:
    """Write each case with its amounts, and how many passed and failed.

    Args:
        results: What became of the cases.
        quiet: Whether to leave out the cases that passed.
        indent: Spaces before each line.
    """
    lines: list[str] = []
    for result in results:
        if result.passed:
            if not quiet:
                lines += [f"passed  {result.name}", *_amounts(result)]
            continue
        failed = click.style("FAILED", fg="red", bold=True)
        lines += [f"{failed}  {result.name}", f"        {result.place}"]
        if result.error:
            lines.append(f"        {result.error}")
        lines += _amounts(result)
        if result.note:
            lines.append(f"        note: {result.note}")
    failures = sum(not result.passed for result in results)
    lines.append(f"{len(results) - failures:,} passed, {failures:,} failed")
    return textwrap.indent("\n".join(lines), " " * indent)


def _amounts(result: "CaseResult") -> list[str]:
    rows = [
        (
            made.what,
            "expected",
            made.expected,
            "found",
            made.found,
            "" if made.passed else "<- differs",
        )
        for made in result.comparisons
    ]
    return aligned(rows, right={2, 4}, indent=8).split("\n") if rows else []


def _json(result: "CaseResult") -> dict[str, Any]:
    return {
        "case": result.name,
        "passed": result.passed,
        "place": result.place,
        "note": result.note,
        "error": result.error or None,
        "comparisons": [
            {
                "what": made.what,
                "expected": made.expected,
                "found": made.found,
                "passed": made.passed,
            }
            for made in result.comparisons
        ],
    }
