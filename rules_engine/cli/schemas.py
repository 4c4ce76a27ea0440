"""`rules-engine schema`: the JSON Schemas, for editors and other programs."""

import json
from decimal import Decimal
from typing import Any

import click

from rules_engine._resources import folder
from rules_engine.cli.methodologies import offer_named
from rules_engine.cli.misuse import MisuseError
from rules_engine.cli.output import format_option, write
from rules_engine.cli.rulesets import new_engine
from rules_engine.diagnostics import choices, suggest

_SUFFIX = ".schema.json"


@click.command()
@click.argument("name", default="ruleset")
@format_option
def schema(*, name: str, form: str) -> None:  # noqa: ARG001  a schema is JSON in both
    """Print a JSON Schema.

    NAME is `ruleset`, `mapping`, `diagnostics`, `settlement`, `certificate` or a methodology.
    """
    own = sorted(
        entry.name.removesuffix(_SUFFIX)
        for entry in folder("schemas").iterdir()
        if entry.name.endswith(_SUFFIX)
    )
    if name in own:
        write(folder("schemas").joinpath(name + _SUFFIX).read_text(encoding="utf-8").rstrip("\n"))
        return
    host = new_engine().host
    if name not in host.offers and name not in host.problems:
        known = [*own, *host.offers]
        message = (
            f"no schema is called {name}; {suggest(name, known) or f'it may be {choices(known)}'}"
        )
        raise MisuseError(message)
    terms = offer_named(host, name).methodology.terms_schema
    write(json.dumps(dict(terms), indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    # A bound such as 0.1 is a Decimal; a schema needs a JSON number there, and a float
    # writes the shortest digits that mean it.
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "items"):
        return dict(value.items())
    return list(value)
