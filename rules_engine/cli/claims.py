"""Claims: JSON as other systems send it, read exactly."""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from rules_engine.cli.misuse import MisuseError, existing_file

if TYPE_CHECKING:
    from rules_engine import Ruleset
    from rules_engine.pricing.given import Given

Answer = TypeVar("Answer")

_BYTES_MAX: Final = 64 * 1024 * 1024


def read_object(path: Path, what: str) -> dict[str, Any]:
    """Read a JSON object; numbers with a point are Decimal, `-` is standard input.

    Args:
        path: The file.
        what: What it is, for messages: `claim`.

    Raises:
        MisuseError: There is no such file, or it is not a JSON object with each key once.
    """
    name = "standard input" if str(path) == "-" else click.format_filename(path)
    if str(path) == "-":
        data = sys.stdin.buffer.read(_BYTES_MAX + 1)
    else:
        with existing_file(path, what).open("rb") as file:
            data = file.read(_BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        message = f"{what} {name} is larger than {_BYTES_MAX // 1024 // 1024} MiB"
        raise MisuseError(message)
    try:
        found = json.loads(
            data.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        message = f"{what} {name} is not UTF-8 text: byte {error.start + 1} is wrong"
        raise MisuseError(message) from None
    except RecursionError:
        message = f"{what} {name} is nested too deeply"
        raise MisuseError(message) from None
    except json.JSONDecodeError as error:
        message = f"{what} {name}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
        raise MisuseError(message) from None
    except (ValueError, ArithmeticError) as error:
        message = f"{what} {name} does not read: {str(error).splitlines()[0]}"
        raise MisuseError(message) from None
    if not isinstance(found, dict):
        message = f"{what} {name} is a JSON {_kind(found)}; an object may stand here"
        raise MisuseError(message)
    return found


def _refuse_constant(text: str) -> NoReturn:
    message = f"{text} is no number of JSON"
    raise ValueError(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        message = f"the key {json.dumps(twice[:60])} stands twice in one object"
        raise ValueError(message)
    return found


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "list"
    if isinstance(value, str):
        return "text"
    return "null" if value is None else "number or truth value"


def checked_claim(path: Path) -> dict[str, Any]:
    """Read a claim and make sure of its shape: an id, and lines that are objects.

    Raises:
        MisuseError: It is not a claim.
    """
    claim = read_object(path, "claim")
    if not isinstance(claim.get("claim_id"), str):
        message = "the claim has no claim_id; a text may stand there"
        raise MisuseError(message)
    lines = claim.get("lines", [{}])
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        message = "the claim's lines are no list of objects; leave them out for a claim of one line"
        raise MisuseError(message)
    return claim


def read_given(path: Path | None, ruleset: "Ruleset") -> "Given | None":
    """Read what is known of a member: a list of rows for each table, and `accumulators`.

    Raises:
        MisuseError: It is not that, names a table that the ruleset does not read, or holds a value
            that is none of its column's type.
    """
    if path is None:
        return None
    # Here, because help and misuse need no engine.
    from rules_engine.pricing.given import ACCUMULATORS, Given  # noqa: PLC0415
    from rules_engine.pricing.running import flat  # noqa: PLC0415
    from rules_engine.pricing.values import read_value  # noqa: PLC0415

    found = read_object(path, "given")
    tables: dict[str, list[dict[str, Any]]] = {}
    accumulators = found.pop(ACCUMULATORS, None)
    for name, rows in found.items():
        shape = ruleset.bound.given.get(name) or ruleset.bound.shapes.get(name)
        if shape is None or name in ruleset.bound.tables:
            message = f"given has {name}, which is no table of the ruleset's data"
            raise MisuseError(message)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            message = f"{name} in given is no list of objects"
            raise MisuseError(message)
        tables[name] = []
        for row in rows:
            known = {column: shape.columns[column] for column in row if column in shape.columns}
            tables[name].append(
                {
                    column: asking(partial(read_value, row[column], type_), f"{name}.{column}: ")
                    for column, type_ in known.items()
                }
            )
    if accumulators is None:
        return Given(tables)
    return Given(tables, asking(partial(flat, accumulators)))


def asking(compute: Callable[[], Answer], about: str = "") -> Answer:
    """Compute something about what a person typed or a system sent.

    Raises:
        MisuseError: A column is absent, a value is of a type that is never exact, or nothing is
            called by the name that was asked for.
    """
    try:
        return compute()
    except (LookupError, TypeError, ValueError) as error:
        raise MisuseError(about + _said(error)) from error


def _said(error: Exception) -> str:
    # Here, because help and misuse need no engine.
    from rules_engine.pricing.given import ACCUMULATORS, NotGivenError  # noqa: PLC0415

    if isinstance(error, NotGivenError):
        if error.table == ACCUMULATORS:
            sums = '{"accumulators": {"deductible": {"P1": {"2026": "120.00"}}}}'
            return (
                "the ruleset keeps running sums and they are not given; --given FILE gives them as"
                f' name, whose, within what and amount: {sums}, or {{"accumulators": {{}}}} where'
                " nothing has run up"
            )
        rows = f'{{"{error.table}": [{{…}}, …]}}'
        return (
            f"the ruleset reads {error.table} and it is not given; --given FILE gives its rows for"
            f" this member: {rows}, or an empty list"
        )
    text = str(error)
    if type(error) is KeyError:
        # Its text is the repr of what was looked for, or of a sentence.
        text = str(error.args[0]) if " " in str(error.args[0]) else f"there is no {error}"
    return (text or type(error).__name__).splitlines()[0]
