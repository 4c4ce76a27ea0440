"""`rules-engine methodologies`: the ways of paying that are installed."""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from rules_engine.cli.misuse import MisuseError, StoppedError
from rules_engine.cli.output import aligned, format_option, write, write_json
from rules_engine.cli.rulesets import new_engine
from rules_engine.diagnostics import choices, suggest

if TYPE_CHECKING:
    from rules_engine.methodology import Host, Offer


@click.command()
@click.argument("name", required=False)
@format_option
@click.pass_context
def methodologies(ctx: click.Context, *, name: str | None, form: str) -> None:
    """List the installed methodologies.

    With a NAME, say what this one asks for. The exit code is 1 when a methodology cannot be used.
    """
    host = new_engine().host
    if name is None:
        if form == "json":
            write_json(_all_json(host))
        else:
            write(_all_text(host))
        if host.problems:
            ctx.exit(1)
        return
    if name in host.problems:
        raise StoppedError(host.problems[name].why)
    offer = offer_named(host, name)
    if form == "json":
        write_json({**_json(offer), "terms": offer.methodology.terms_schema})
    else:
        write(_text(offer))


def offer_named(host: "Host", name: str) -> "Offer":
    """Find an installed methodology.

    Raises:
        MisuseError: None of that name is installed.
    """
    if name in host.offers:
        return host.offers[name]
    near = suggest(name, host.offers) or f"it may be {choices(host.offers)}"
    message = f"no methodology is called {name}; {near}"
    raise MisuseError(message)


def _json(offer: "Offer") -> dict[str, Any]:
    return {
        "name": offer.methodology.name,
        "distribution": offer.distribution,
        "summary": offer.methodology.summary,
        "lan_categories": offer.methodology.lan_categories,
        "prices": offer.methodology.price is not None,
        "settles": offer.methodology.settles,
    }


def _all_json(host: "Host") -> dict[str, Any]:
    return {
        "methodologies": [_json(offer) for offer in host.offers.values()],
        "problems": [
            {"name": found.name, "distributions": found.distributions, "why": found.why}
            for found in host.problems.values()
        ],
    }


def _all_text(host: "Host") -> str:
    rows = [
        (name, f"({offer.distribution})", offer.methodology.summary)
        for name, offer in host.offers.items()
    ]
    lines = [aligned(rows, indent=0)] if rows else ["no methodology is installed"]
    lines += [f"cannot be used: {found.why}" for found in host.problems.values()]
    return "\n".join(lines)


def _text(offer: "Offer") -> str:
    methodology = offer.methodology
    jobs = [
        word
        for word, does in (
            ("prices claim lines", methodology.price),
            ("prices member-months", methodology.price_months),
            ("settles periods", methodology.settle or methodology.settle_together),
        )
        if does is not None
    ]
    lines = [f"{methodology.name} ({offer.distribution})", f"  {methodology.summary}"]
    if jobs:
        lines.append(f"  It {' and '.join(jobs)}.")
    if methodology.lan_categories:
        lines.append(f"  HCP-LAN categories: {', '.join(methodology.lan_categories)}")
    lines += ["", "terms:", *_terms(methodology.terms_schema)]
    return "\n".join(lines)


def _terms(schema: Mapping[str, Any]) -> list[str]:
    required = schema.get("required", ())
    lines: list[str] = []
    for name, declared in schema.get("properties", {}).items():
        told = declared if isinstance(declared, Mapping) else {}
        must = "required" if name in required else "optional"
        title = told.get("title", "")
        lines.append(f"  {name} ({must}){': ' + title if title else ''}")
        wrapped = textwrap.wrap(str(told.get("description", "")), 88)
        lines += [f"      {part}" for part in wrapped]
        if "enum" in told:
            lines.append(f"      {choices(map(str, told['enum']))}")
        if examples := told.get("examples"):
            lines.append(f"      such as {examples[0]}")
    return lines or ["  none"]
