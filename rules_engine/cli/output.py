"""Output: a table or lines for people, one JSON value for programs, from the same values."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Final, TypeVar

import click

FORMAT: Final = "rules_engine.format"
"""Where click's `meta` keeps the format, for failures that no command handles itself."""

_PLACES: Final = 6
"""Most decimal places that people are shown of a fraction."""

Command = TypeVar("Command", bound=Callable[..., Any])


def _remember(ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    ctx.meta[FORMAT] = value
    return value


def format_option(command: Command) -> Command:
    """Add `--format`, which the command receives as `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        callback=_remember,
        is_eager=True,
        show_default=True,
        help="For people, or one JSON value for programs.",
    )(command)


def write(text: str = "") -> None:
    """Write a line of a result."""
    click.echo(text)


def write_json(value: object) -> None:
    """Write a result as one JSON value."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """Give a value as JSON holds it.

    Numbers that are not whole become text, because a JSON number is read as a binary float
    almost everywhere, and a cent would be lost there.

    Raises:
        TypeError: The value is a float, or of a kind that no result holds.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, date | PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(held) for key, held in value.items()}
    if isinstance(value, Iterable):
        return [plain(held) for held in value]
    if hasattr(value, "as_json"):
        return plain(value.as_json())
    if hasattr(value, "as_decimal"):
        return plain(value.as_decimal())
    message = f"a result holds {type(value).__name__}, which JSON cannot say exactly"
    raise TypeError(message)


def _key(key: object) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def amount(value: Any) -> str:
    """Write an amount for people, with thousands separated.

    A fraction has the decimal places that it needs, two at least; after six of them `…` says that
    there are more. JSON has it exactly.
    """
    if hasattr(value, "as_decimal"):
        value = value.as_decimal()
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, Fraction):
        return _decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def _decimal(value: Fraction) -> str:
    digits, rest = divmod(abs(value) * 10**_PLACES, 1)
    whole, decimals = divmod(digits, 10**_PLACES)
    sign, more = ("-" if value < 0 else ""), ("…" if rest else "")
    places = f"{decimals:0{_PLACES}d}"
    shown = places if rest else places[:2] + places[2:].rstrip("0")
    return f"{sign}{whole:,}.{shown}{more}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write `1 error`, `2 errors`, `1,234 lines`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = (), indent: int = 2) -> str:
    """Write rows under each other in columns.

    Args:
        rows: Each a sequence of texts; a short row leaves its last columns empty.
        right: Places of the columns that are numbers, from 0.
        indent: Spaces before each row.
    """
    widths: dict[int, int] = {}
    for row in rows:
        for place, text in enumerate(row):
            widths[place] = max(widths.get(place, 0), len(text))
    lines = []
    for row in rows:
        cells = [
            text.rjust(widths[place]) if place in right else text.ljust(widths[place])
            for place, text in enumerate(row)
        ]
        lines.append((" " * indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
