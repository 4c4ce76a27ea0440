"""`rules-engine price`: one claim."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from rules_engine.cli.claims import asking, checked_claim, read_given
from rules_engine.cli.output import aligned, amount, format_option, write, write_json
from rules_engine.cli.rulesets import open_ruleset, ruleset_argument

if TYPE_CHECKING:
    from rules_engine import PricedClaim


@click.command()
@ruleset_argument
@click.argument("claim", type=click.Path(path_type=Path), metavar="CLAIM")
@click.option(
    "--given",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is known of the member, as a JSON object.",
)
@format_option
@click.pass_context
def price(ctx: click.Context, *, ruleset: Path, claim: Path, given: Path | None, form: str) -> None:
    """Price one claim.

    CLAIM is a JSON object with the claim's columns and its `lines`; `-` reads standard input.
    Numbers are read exactly; dates are texts such as "2015-03-02". The exit code is 1 when a line
    is rejected.
    """
    asked = checked_claim(claim)
    opened = open_ruleset(ruleset)
    known = read_given(given, opened)
    priced = asking(lambda: opened.price(asked, known))
    if form == "json":
        write_json(priced_json(priced))
    else:
        write(_text(priced))
    if any(True for _ in priced.rejected):
        ctx.exit(1)


def priced_json(priced: "PricedClaim") -> dict[str, Any]:
    """Give a priced claim as a JSON object; amounts are text, so that no reader rounds them."""
    # Here, because help and misuse need no engine.
    from rules_engine.pricing.given import ACCUMULATORS  # noqa: PLC0415
    from rules_engine.pricing.priced import PricedLine  # noqa: PLC0415
    from rules_engine.pricing.running import nested  # noqa: PLC0415

    lines = [
        {"status": "priced" if isinstance(line, PricedLine) else "rejected", **asdict(line)}
        for line in priced.lines
    ]
    has_price = any(True for _ in priced.priced)
    return {
        "claim_id": priced.claim_id,
        # A claim that is rejected as a whole has no amount, and not one of zero.
        "allowed": priced.allowed if has_price else None,
        "paid": priced.paid if has_price else None,
        "lines": lines,
        "given_after": {ACCUMULATORS: nested(priced.given_after)} if priced.given_after else {},
    }


def _text(priced: "PricedClaim") -> str:
    rows: list[tuple[str, ...]] = [
        ("line", "rule", "charge", "allowed", "member", "withheld", "paid", "adjustments")
    ]
    rows += [
        (
            str(line.claim_line_number),
            line.rule,
            amount(line.charge),
            amount(line.allowed),
            amount(line.member_share),
            amount(line.withheld),
            amount(line.paid),
            ", ".join(f"{taken.code} {amount(taken.amount)}" for taken in line.adjustments),
        )
        for line in priced.priced
    ]
    parts = [f"claim {priced.claim_id}: rejected"]
    if len(rows) > 1:
        total = f"allowed {amount(priced.allowed)}, paid {amount(priced.paid)}"
        parts = [f"claim {priced.claim_id}: {total}"]
    if len(rows) > 1:
        parts.append(aligned(rows, right={2, 3, 4, 5, 6}))
    for refused in priced.rejected:
        about = f" ({refused.detail})" if refused.detail else ""
        rule = f" in rule {refused.rule}" if refused.rule else ""
        rule += f" at {refused.place}" if refused.place else ""
        number = f"  line {refused.claim_line_number}"
        parts.append(f"{number}: rejected[{refused.code}] {refused.reason}{about}{rule}")
    return "\n".join(parts)
