"""Schemas: a document held against a JSON Schema, with every finding at its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine._resources import read_schema
from rules_engine.diagnostics import Diagnostic, in_order
from rules_engine.language.keywords import Failure, Translator
from rules_engine.language.scalars import as_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from rules_engine.language.document import Document, Path

# Wider than any number that is read, so that no condition is decided on rounded digits.
_EXACT: Final = Context(prec=200)
_EXPRESSION_TYPES: Final = ["string", "number", "boolean"]


def load_schema(name: str) -> dict[str, Any]:
    """Read one of the engine's schemas, with exact fractions.

    Args:
        name: Its name without the extension, such as `ruleset`.

    Raises:
        FileNotFoundError: There is no such schema.
    """
    return parse_schema(read_schema(name))


def parse_schema(text: str) -> dict[str, Any]:
    """Read the text of a schema, with exact fractions.

    Raises:
        ValueError: The text is not JSON, or no mapping.
    """
    schema = json.loads(text, parse_float=Decimal)
    if not isinstance(schema, dict):
        message = f"a schema is {type(schema).__name__}; a mapping may stand here"
        raise ValueError(message)  # noqa: TRY004  (the text is wrong, not the argument's type)
    return schema


def validate(document: Document, schema: Mapping[str, Any]) -> list[Diagnostic]:
    """Hold a whole document against a schema.

    Returns:
        Every finding, in order of place; none when the document fits.
    """
    return _findings(document, (), schema)


@frozen
class ReadySchema:
    """A schema that is made ready once, and held against the terms of many rules.

    Attributes:
        validator: What holds values against it.
    """

    validator: Validator

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> ReadySchema:
        """Make a schema ready."""
        return cls(_validator(schema))


def terms_findings(
    document: Document, path: Path, schema: Mapping[str, Any] | ReadySchema
) -> list[Diagnostic]:
    """Hold the value at a path, such as a rule's terms, against a schema of its own.

    A value that is absent is held against it as an empty mapping, so that every key that must
    stand there is named.

    Returns:
        Every finding, in order of place; none when the value fits.
    """
    return _findings(document, path, schema)


def expression_schema(  # noqa: D417  (the other words are any keywords of JSON Schema)
    type: str,  # noqa: A002  (the word that `x-expression` uses)
    grain: str | None = None,
    *,
    title: str,
    dated: bool = True,
    sees: Sequence[str] = (),
    posted: bool = False,
    rows: str | None = None,
    rows_of: str | None = None,
    names: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    **annotations: Any,
) -> dict[str, Any]:
    """Give the schema of a term that is an expression, or expressions from dates on.

    Args:
        type: Type that the expression has to have, such as `money` or `rate or null`.
        grain: Grain at which it is evaluated, such as `line`; None is the rule's own.
        title: What the term is, in a few words.
        dated: Whether dates with an expression each may stand in its place.
        sees: Amounts of the waterfall that it may name: `allowed`, `remaining`.
        posted: Whether its value is posted as it is, so that the author has to round it.
        rows: Standard table of whose rows it has one value each, for a column of a query.
        rows_of: Term beside it that names such a table.
        names: What it is made of, each with its type, where the methodology gives all of it; it is
            written into a formula of a worksheet by `Formula.over`.
        columns: Columns that rows have which the methodology derives, with the type of each; beside
            the table's where `rows` names one.
    """
    marks = {
        "type": type,
        "grain": grain,
        "sees": list(sees) or None,
        "posted": posted or None,
        "rows": rows,
        "rows_of": rows_of,
        "names": dict(names) if names is not None else None,
        "columns": None if columns is None else dict(columns),
    }
    schema: dict[str, Any] = {
        "title": title,
        **annotations,
        "x-expression": {name: value for name, value in marks.items() if value is not None},
        "type": [*_EXPRESSION_TYPES, "object"] if dated else list(_EXPRESSION_TYPES),
    }
    if dated:
        schema |= {
            "propertyNames": {"type": "string", "format": "date"},
            "additionalProperties": {
                "type": list(_EXPRESSION_TYPES),
                "x-expression": {**schema["x-expression"], "dated": False},
            },
            "minProperties": 1,
        }
    else:
        schema["x-expression"]["dated"] = False
    return schema


def _findings(
    document: Document, path: Path, schema: Mapping[str, Any] | ReadySchema
) -> list[Diagnostic]:
    node = document.node(path)
    instance: Any = document.value
    for step in path if node is not None else ():
        instance = instance[step]
    translator = Translator(document=document, base=path)
    with localcontext(_EXACT):
        ready = schema if isinstance(schema, ReadySchema) else ReadySchema.of(schema)
        errors = ready.validator.iter_errors({} if node is None else _view(instance))
        found = [finding for error in errors for finding in translator.translate(_failure(error))]
    # Two branches of a schema may ask the same of one place.
    return in_order(dict.fromkeys(found))


def _failure(error: ValidationError) -> Failure:
    keyword: Any = error.validator
    schema: Any = error.schema
    # The names of keys are values like any other to jsonschema; only the way there tells.
    is_key = "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str)
    branch = error.schema_path[0] if error.parent is not None and error.schema_path else None
    return Failure(
        keyword=keyword,
        wanted=error.validator_value,
        value=error.instance,
        schema=schema if isinstance(schema, dict) else {},
        path=tuple(error.absolute_path),
        key=error.message,
        is_key=is_key,
        branch=branch,
        context=tuple(_failure(inner) for inner in error.context or ()),
    )


def _view(value: Any) -> Any:
    """Give a value as JSON Schema knows it: a date is text."""
    if isinstance(value, dict):
        return {key: _view(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_view(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _validator(schema: Mapping[str, Any]) -> Validator:
    made: Validator = _validator_class()(_made_ready(schema))
    return made


def _made_ready(schema: Any) -> Any:
    """Give a schema, perhaps written in Python, with its fractions exact as they are written."""
    if isinstance(schema, float):
        return Decimal(repr(schema))
    if isinstance(schema, list | tuple):
        return [_made_ready(inner) for inner in schema]
    if isinstance(schema, Mapping):
        exact = {key: _made_ready(inner) for key, inner in schema.items()}
        # The library gives no path for a property under `false`; `not: {}` means the same.
        for key, inner in (exact.get("properties") or {}).items():
            exact["properties"][key] = {"not": {}} if inner is False else inner
        return exact
    return schema


@cache  # what it makes never changes, and making it takes longer than checking a rule
def _validator_class() -> Any:
    # Loaded here, because a ruleset that was checked once runs without it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import ValidationError as Unmet  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    def required(_: Validator, keys: list[str], instance: Any, __: object) -> Iterator[Any]:
        if isinstance(instance, dict):
            # The message is the key alone: the translation needs it, and nobody else reads it.
            yield from (Unmet(key) for key in keys if key not in instance)

    def pattern(_: Validator, regex: str, instance: Any, __: object) -> Iterator[Any]:
        if isinstance(instance, str):
            found = re.search(regex, instance)
            # Python lets `$` stand before a last line break, JSON Schema does not.
            cut = regex.endswith("$") and instance.endswith("\n")
            if found is None or cut:
                yield Unmet(regex)

    def form(_: Validator, name: str, instance: Any, __: object) -> Iterator[Any]:
        if name == "date" and isinstance(instance, str) and as_date(instance) is None:
            yield Unmet(name)

    own: dict[str, Callable[..., Any]] = {"required": required, "pattern": pattern, "format": form}
    return extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]  # the stubs give it no type
