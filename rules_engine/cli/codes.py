"""`rules-engine code`: what the stable code of a finding means."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from rules_engine.cli.misuse import MisuseError
from rules_engine.cli.output import format_option, write, write_json


@click.command()
@click.argument("name", required=False, metavar="[CODE]")
@format_option
def code(*, name: str | None, form: str) -> None:
    """Say what a code such as RE214 means.

    Its page has a wrong and a right example. Without a code, all codes are listed.
    """
    known = all_codes()
    if name is None:
        if form == "json":
            write_json({"codes": [{"code": key, "meaning": known[key]} for key in known]})
        else:
            write("\n".join(f"{key}  {meaning}" for key, meaning in known.items()))
        return
    asked = name.strip().upper()
    # Codes of methodologies have pages and are no part of the core's list.
    text = page(asked) if asked.isalnum() and asked.isascii() else None
    if asked not in known and text is None:
        message = f"no code is called {name}; `rules-engine code` lists them all"
        raise MisuseError(message)
    meaning = known.get(asked) or (text or "").split("\n", 1)[0].partition(": ")[2]
    if form == "json":
        write_json({"code": asked, "meaning": meaning, "page": text})
    else:
        write(text.rstrip("\n") if text is not None else f"{asked}: {meaning}")


def all_codes() -> Mapping[str, str]:
    """Give the meaning of every code, in order of codes."""
    # Here, because no other command needs them.
    from rules_engine.diagnostics import CODES as LANGUAGE  # noqa: PLC0415
    from rules_engine.expressions.codes import CODES as EXPRESSIONS  # noqa: PLC0415
    from rules_engine.tables.codes import CODES as TABLES  # noqa: PLC0415

    together = {**LANGUAGE, **EXPRESSIONS, **TABLES}
    return {name: together[name] for name in sorted(together)}


def page(name: str) -> str | None:
    """Read the page of a code, or give None where there is none."""
    for home in _homes():
        found = home.joinpath(f"{name}.md")
        if found.is_file():
            return found.read_text(encoding="utf-8")
    return None


def _homes() -> list[Traversable]:
    # In an installed package the pages stand inside it; the sources keep them with the documents.
    beside = Path(__file__).resolve().parents[2] / "docs" / "codes"
    return [files("rules_engine").joinpath("codes_pages"), beside]
