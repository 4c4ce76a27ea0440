"""`rules-engine explain`: why an amount is what it is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules_engine.cli.claims import asking, checked_claim, read_given
from rules_engine.cli.misuse import MisuseError, existing, shown_path
from rules_engine.cli.output import format_option, write, write_json
from rules_engine.cli.results import Result
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument

if TYPE_CHECKING:
    from rules_engine import Explanation


@click.command()
@ruleset_argument
@click.option(
    "--claim",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Explain how this claim (JSON; - is standard input) is priced.",
)
@click.option(
    "--given",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is known of the member, as a JSON object.",
)
@click.option(
    "--result",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Explain a settlement of this result folder.",
)
@click.option("--rule", metavar="ID", help="The rule that settled.")
@click.option("--party", metavar="ID", help="The party whose amount is asked for.")
@click.option("--key", metavar="KEY", help="The entity that was settled, where a rule has several.")
@click.option("--period", metavar="PERIOD", help="The period, such as 2015.")
@format_option
def explain(
    *,
    ruleset: Path,
    claim: Path | None,
    given: Path | None,
    result: Path | None,
    rule: str | None,
    party: str | None,
    key: str | None,
    period: str | None,
    form: str,
) -> None:
    """Say why an amount is what it is.

    The rule, its clause, the formula, its inputs, and each rounding.
    """
    if (claim is None) == (result is None):
        message = "one of --claim and --result says what to explain"
        raise MisuseError(message)
    if claim is not None:
        if rule or party or key or period:
            message = "--rule, --party, --key and --period belong to --result"
            raise MisuseError(message)
        show(explain_claim(ruleset, claim, given), form)
        return
    if result is None or rule is None:
        message = "--result asks for --rule, the id of the rule that settled"
        raise MisuseError(message)
    existing(result, "result")
    show(explain_result(ruleset, result, rule=rule, party=party, key=key, period=period), form)


def explain_claim(ruleset: Path, claim: Path, given: Path | None) -> "Explanation":
    """Explain how a claim is priced.

    Raises:
        MisuseError: The claim lacks a column, or a value is of a type that is never exact.
        RulesetError: The ruleset is wrong.
    """
    asked = checked_claim(claim)
    opened = open_ruleset(ruleset)
    known = read_given(given, opened)
    return asking(lambda: opened.explain_claim(asked, known))


def explain_result(
    ruleset: Path,
    result: Path,
    *,
    rule: str,
    party: str | None,
    key: str | None,
    period: str | None,
) -> "Explanation":
    """Explain an amount of a result folder.

    Args:
        ruleset: The ruleset that made the result.
        result: The folder.
        rule: Id of the rule that settled.
        party: The party whose part is asked for; None asks for the whole.
        key: The entity's key, its parts joined by `/`; None for the contract.
        period: Label of the period; None where there is one.

    Raises:
        MisuseError: The folder holds no result of this ruleset, or no such amount.
        RulesetError: The ruleset is wrong.
    """
    opened = open_ruleset(ruleset)
    found = Result.read(result)
    if found.ruleset != opened.id:
        message = f"{shown_path(result)} is a result of {found.ruleset} and not of {opened.id}"
        raise MisuseError(message)
    if found.digest != opened.digest:
        click.echo(
            f"rules-engine: note: {opened.id} has changed since {shown_path(result)} was written;"
            " what is explained is what was settled then",
            err=True,
        )
    parts = () if key is None else tuple(key.split("/"))
    return asking(lambda: found.explain(rule, party=party, key=parts, period=period))


def show(explanation: "Explanation", form: str) -> None:
    """Print an explanation."""
    if form == "json":
        write_json(explanation.as_json())
    else:
        write(explanation.render().rstrip("\n"))
