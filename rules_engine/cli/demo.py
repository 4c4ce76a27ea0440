"""`rules-engine demo`: a whole contract on made-up claims, from validation to one reason."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from rules_engine import _resources
from rules_engine.cli import findings
from rules_engine.cli.cases import cases_text
from rules_engine.cli.misuse import MisuseError, shown_path
from rules_engine.cli.output import aligned, amount, counted, format_option, write, write_json
from rules_engine.cli.progress import progress
from rules_engine.cli.rulesets import new_engine
from rules_engine.cli.running import files_text, priced_text, run_json
from rules_engine.cli.summaries import settled_text

if TYPE_CHECKING:
    from rules_engine import Ruleset
    from rules_engine.engine.run import Run
    from rules_engine.ledger import Money

_RULE = "profit_and_loss"
_OUTPUT = "result"
_ASKED = "pih_health"
_MEMBERS_MAX = 1_000_000


@frozen(kw_only=True)
class _Pool:
    """What the demonstration is about: each party's part, and the pooled result."""

    parts: Mapping[str, "Money"]
    pooled: "Money"
    left: "Money"

    @property
    def together(self) -> "Money":
        """All parts added up."""
        return sum(self.parts.values(), self.pooled * 0)

    @property
    def difference(self) -> int:
        """Cents between the parts together and the pooled result."""
        return (self.together - self.pooled).cents

    @property
    def is_whole(self) -> bool:
        """Whether the ledger sums to zero and the parts add back to the whole."""
        return self.left.cents == 0 and self.difference == 0


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Folder for the claims and the results.",
)
@click.option(
    "--members",
    type=click.IntRange(1, _MEMBERS_MAX),
    default=15_000,
    show_default=True,
    help="How many people.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=2015,
    show_default=True,
    help="Where the draws begin; one seed gives the same claims everywhere.",
)
@format_option
@click.pass_context
def demo(ctx: click.Context, *, out: Path, members: int, seed: int, form: str) -> None:
    """Show a whole contract on made-up claims.

    Nothing is downloaded. An insurer and seven health systems pool a year's premiums, pay for care
    out of them, and share what is left, or missing, in eight equal parts.
    """
    told: dict[str, Any] = {}
    stages = _Stages(is_told=form == "text")
    data, result = out / "data", out / "result"
    with stages.stage("Make up a population"):
        _populate(data, members, seed, stages, told)
    contract = _contract()
    with stages.stage(f"Validate the contract {contract}"):
        ruleset = _validate(contract, stages, told)
    with stages.stage("Run its worked cases"):
        failed = _run_cases(ruleset, stages, told)
    with stages.stage("Price the claims and settle 2015"):
        done = _settle(ruleset, data, result, stages, told)
    with done:
        pool = _pool(ruleset, done)
        with stages.stage(f"What each of the {len(pool.parts)} parties gains or loses"):
            stages.say(_parts_text(pool))
            told["parts"] = pool.parts
        with stages.stage(f"Why {_ASKED} {_verb(pool.parts[_ASKED])}"):
            explanation = done.explain(_RULE, party=_ASKED)
            stages.say(explanation.render().rstrip("\n"))
            told["explained"] = explanation.as_json()
        stages.heading("Where the files are")
        stages.say(
            aligned([("claims", shown_path(data)), ("result", shown_path(result))], indent=0)
        )
        stages.say(files_text(done))
    told["checked"] = {
        "ledger_sum": pool.left,
        "difference": pool.difference,
        "is_whole": pool.is_whole,
    }
    if form == "json":
        write_json(told)
    else:
        write()
        write(_check_text(pool))
    if failed or not pool.is_whole:
        ctx.exit(1)


class _Stages:
    """Prints numbered headings, and how long each stage took."""

    def __init__(self, *, is_told: bool) -> None:
        self._is_told = is_told
        self._number = 0

    def say(self, text: str) -> None:
        """Print lines of a stage."""
        if self._is_told and text:
            write("\n".join(f"   {line}" for line in text.split("\n")))

    def heading(self, title: str) -> None:
        """Print a heading."""
        self._number += 1
        if self._is_told:
            if self._number > 1:
                write()
            write(click.style(f"{self._number}. {title}", bold=True))

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """Print a heading before, and the duration after, a piece of work."""
        self.heading(title)
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        if self._is_told:
            write(click.style(f"   took {seconds:.1f} s", dim=True))


def _populate(data: Path, members: int, seed: int, stages: _Stages, told: dict[str, Any]) -> None:
    from rules_engine.testing.population import generate  # noqa: PLC0415  no other command needs it

    made = generate(data, members=members, seed=seed)
    wrong = sum(made.flaws.values())
    premiums = f"{made.premium_cents // 100:,}.{made.premium_cents % 100:02d}"
    stages.say(
        f"{made.members:,} members, {made.member_months:,} member-months,"
        f" premiums of {premiums}\n"
        f"{made.claims:,} claims with {counted(made.claim_lines, 'line')},"
        f" {wrong:,} of them wrong on purpose"
    )
    told["population"] = {
        "members": made.members,
        "member_months": made.member_months,
        "claims": made.claims,
        "claim_lines": made.claim_lines,
        "premiums": premiums.replace(",", ""),
        "flaws": made.flaws,
    }


def _contract() -> Path:
    contract = Path(str(_resources.folder("rulesets"))) / "vivity" / "ruleset.yaml"
    if not contract.is_file():
        message = f"the reference ruleset {contract} is absent; install the engine again"
        raise MisuseError(message)
    # Places in it are shown as people would name them.
    return contract.relative_to(Path.cwd()) if contract.is_relative_to(Path.cwd()) else contract


def _validate(contract: Path, stages: "_Stages", told: dict[str, Any]) -> "Ruleset":
    engine = new_engine()
    found = engine.validate(contract)
    told["validation"] = findings.as_json(found)
    stages.say(findings.as_text(found))
    stages.say(findings.summary(found, str(contract)))
    ruleset = engine.load(contract)
    stages.say(f"{ruleset.title}: {counted(len(ruleset.rules), 'rule')}")
    return ruleset


def _run_cases(ruleset: "Ruleset", stages: "_Stages", told: dict[str, Any]) -> int:
    results = ruleset.test()
    failed = sum(not result.passed for result in results)
    stages.say(cases_text(results, quiet=True, indent=0))
    told["cases"] = {"passed": len(results) - failed, "failed": failed}
    return failed


def _settle(
    ruleset: "Ruleset", data: Path, out: Path, stages: "_Stages", told: dict[str, Any]
) -> "Run":
    with progress() as report:
        done = ruleset.run(data, out=out, period="2015", progress=report)
    stages.say(priced_text(done))
    stages.say(settled_text(done))
    told["run"] = run_json(done)
    return done


def _pool(ruleset: "Ruleset", done: "Run") -> _Pool:
    """Gather the parts of the parties, and the pooled result that they add back to."""
    from rules_engine.ledger import Money  # noqa: PLC0415  with the engine

    balances = done.ledger.balances()
    zero = Money(0)
    return _Pool(
        parts={party: balances.get(party, zero) for party in ruleset.bound.declaration.parties},
        pooled=Money.of(done.settled(_RULE).outputs[_OUTPUT]),
        left=Money.total(balances.values()),
    )


def _parts_text(pool: _Pool) -> str:
    rows = [
        (party, amount(part), _verb(part).partition(" ")[0]) for party, part in pool.parts.items()
    ]
    width = max(len(row[1]) for row in rows)
    rows.append(("", "-" * width, ""))
    rows.append(("together", amount(pool.together), ""))
    return aligned(rows, right={1}, indent=0)


def _check_text(pool: _Pool) -> str:
    ledger = f"the ledger sums to {amount(pool.left)}"
    pooled = amount(pool.pooled)
    if pool.is_whole:
        parts = f"the {len(pool.parts)} parts add to the pooled result of {pooled} to the cent"
        return click.style(f"Checked: {ledger}, and {parts}.", fg="green")
    parts = f"the parts differ from the pooled result of {pooled} by {pool.difference} cents"
    return click.style(f"WRONG: {ledger}, and {parts}.", fg="red", bold=True)


def _verb(part: "Money") -> str:
    if part.cents == 0:
        return "neither gains nor loses"
    size = amount(part if part.cents > 0 else -part)
    return f"{'gains' if part.cents > 0 else 'loses'} {size}"
