"""Keywords: what a failed keyword of a JSON Schema means, in the words of our diagnostics."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from rules_engine.diagnostics import Diagnostic, choices, shown, suggest
from rules_engine.language.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rules_engine.language.document import Document, Path

_TYPE_WORDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}
_NUMBER_IN_WORDS = re.compile(
    r"(?P<sign>-?)(?P<dollar>\$?) ?(?P<digits>[0-9][0-9,_]*(\.[0-9]+)?) ?(?P<percent>%?)"
)
_BAD_IN_NAME = re.compile(r"[^a-z0-9]+")
NAME_PATTERN: Final = "^[a-z][a-z0-9_]*$"


@frozen(kw_only=True, eq=False)
class Failure:
    """One keyword of a schema that a value does not meet.

    Attributes:
        keyword: The keyword, or None for the schema `false`.
        wanted: What the keyword says.
        value: The value; for a key that has the wrong form, the key.
        schema: The schema around the keyword.
        path: Path of the value from the one that was validated.
        key: The key that is missing, if one is.
        is_key: Whether it is about the form of a key.
        branch: Which alternative of the failure around it this one belongs to.
        context: The failures of the alternatives.
    """

    keyword: str | None
    wanted: Any
    value: Any
    schema: Mapping[str, Any]
    path: Path
    key: str
    is_key: bool
    branch: str | int | None
    context: tuple[Failure, ...]


@frozen(kw_only=True)
class Translator:
    """Turns failures into diagnostics.

    Attributes:
        document: The document.
        base: Path of the value that was validated.
    """

    document: Document
    base: Path = ()

    def translate(self, error: Failure) -> Iterator[Diagnostic]:
        """Give the findings that one failure stands for."""
        if error.is_key:
            yield self._key_form(error)
            return
        yield from _TRANSLATIONS.get(error.keyword or "", Translator._anything)(self, error)

    def path(self, error: Failure) -> Path:
        """Give the path in the document of the value that an error is about."""
        return (*self.base, *error.path)

    def name(self, path: Path) -> str:
        """Call a value by what an author would look for: its key, or its place in a list."""
        if not path:
            return "the document"
        last = path[-1]
        if isinstance(last, int):
            return f"item {last + 1} of {self.name(path[:-1])}"
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", last) and len(path) > 1:
            return f"{self.name(path[:-1])} from {last}"
        return shown(last)

    def found(self, path: Path) -> str:
        """Say what stands at a path, as it is written."""
        node = self.document.node(path)
        if isinstance(node, MappingNode):
            return "a mapping" if node.entries else "an empty mapping"
        if isinstance(node, SequenceNode):
            return f"a list of {len(node.items)}"
        if node is None or (node.value is None and not node.text):
            return "empty"
        if isinstance(node.value, str):
            return f"`{shown(node.text)}`" if node.text else "an empty text"
        return shown(node.written)

    def _at(self, path: Path, code: str, message: str, way_out: str | None = None) -> Diagnostic:
        return Diagnostic(self.document.locate(path), code, message, help=way_out)

    def _type(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        wanted = _as_list(error.wanted)
        if "x-expression" in error.schema:
            what = "an expression"
            what += ", or dates with an expression each," if "object" in wanted else ""
        else:
            what = choices([_type_word(kind, error.schema) for kind in wanted])
        is_date = error.schema.get("format") == "date"
        way_out = None if is_date else self._type_help(path, wanted)
        yield self._at(
            path,
            "RE203",
            f"{self.name(path)} is {self.found(path)}; {what} may stand here",
            way_out,
        )

    def _type_help(self, path: Path, wanted: Sequence[str]) -> str | None:
        node = self.document.node(path)
        if not isinstance(node, ScalarNode) or node.value is None:
            return None
        if "string" in wanted and not isinstance(node.value, str):
            return f'quote it: "{shown(node.text)}"'
        if isinstance(node.value, str) and {"number", "integer"} & set(wanted):
            return number_help(node)
        if isinstance(node.value, str) and "boolean" in wanted:
            words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
            word = words.get(node.text.lower(), node.text.lower())
            return f"write {word}" if word in {"true", "false"} else None
        if "array" in wanted:
            return f"put it in brackets: [{shown(node.written)}]"
        return None

    def _unknown_keys(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        known = list(error.schema.get("properties", {}))
        patterns = list(error.schema.get("patternProperties", {}))
        present = error.value
        free = [key for key in known if key not in present]
        for key in present:
            if key in known or any(re.search(pattern, key) for pattern in patterns):
                continue
            yield Diagnostic(
                self.document.locate((*path, key), key=True),
                "RE201",
                f"{shown(key)} is an unknown key of {self.name(path)}; "
                + (f"{choices(free or known)} may stand here" if known else "no key may"),
                help=suggest(key, free),
            )

    def _forbidden(self, error: Failure) -> Iterator[Diagnostic]:
        """Translate the schema `false`, under which nothing may stand."""
        path = self.path(error)
        place = self.document.locate(path, key=True)
        yield Diagnostic(
            place, "RE201", f"{self.name(path)} is an unknown key; nothing may stand here"
        )

    def _missing(self, error: Failure) -> Iterator[Diagnostic]:
        yield self.missing(self.path(error), [error.key])

    def missing(self, path: Path, keys: Sequence[str]) -> Diagnostic:
        """Say that one of some keys has to stand in the mapping at a path."""
        verb = "is" if len(keys) == 1 else "are"
        inside = "" if not path else f" in {self.name(path)}"
        return Diagnostic(
            self.document.locate(path, key=True),
            "RE202",
            f"{' and '.join(keys)} {verb} missing{inside}; "
            + ("it must stand here" if len(keys) == 1 else "one of them must stand here"),
        )

    def _enum(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        values = [error.wanted] if error.keyword == "const" else error.wanted
        words = ["true" if v is True else "false" if v is False else str(v) for v in values]
        node = self.document.node(path)
        text = node.text if isinstance(node, ScalarNode) else ""
        way_out = f'quote it: "{shown(text)}"' if text in words else suggest(text, words)
        yield self._at(
            path,
            "RE204",
            f"{self.name(path)} is {self.found(path)}; {choices(words)} may stand here",
            way_out,
        )

    def _bound(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        bound = error.wanted
        may = {
            "minimum": f"it may be {bound} at least",
            "maximum": f"it may be {bound} at most",
            "exclusiveMinimum": f"it may be any number above {bound}",
            "exclusiveMaximum": f"it may be any number below {bound}",
            "multipleOf": f"it may be a multiple of {bound}",
        }[str(error.keyword)]
        way_out = None
        if error.keyword == "maximum" and bound == 1:
            way_out = rate_help(error.value)
        yield self._at(path, "RE200", f"{self.name(path)} is {self.found(path)}; {may}", way_out)

    def _form(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        form, way_out = _form_words(error)
        yield self._at(
            path,
            "RE205",
            f"{self.name(path)} is {self.found(path)}; {form} may stand here",
            way_out,
        )

    def _key_form(self, error: Failure) -> Diagnostic:
        path = self.path(error)
        form, way_out = _form_words(error)
        return Diagnostic(
            self.document.locate((*path, error.value), key=True),
            "RE205",
            f"{shown(error.value) or 'the key'} is a key of {self.name(path)}; {form} may "
            "stand here",
            help=way_out,
        )

    def _count(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        bound = error.wanted
        most = str(error.keyword).startswith("max")
        number = len(error.value)
        members = ("key" if isinstance(error.value, dict) else "member") + "s" * (number != 1)
        yield self._at(
            path,
            "RE206",
            f"{self.name(path)} has {number} {members}; {bound} at "
            f"{'most' if most else 'least'} may stand here",
        )

    def _unique(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        first: dict[str, int] = {}
        for place, item in enumerate(error.value):
            before = first.setdefault(repr(item), place)
            if before != place:
                yield Diagnostic(
                    self.document.locate((*path, place)),
                    "RE215",
                    f"{self.found((*path, place))} stands twice in {self.name(path)}; each may "
                    "stand once",
                    related=((self.document.locate((*path, before)), "first here"),),
                )

    def _alternatives(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        branches = error.wanted
        keys = [branch.get("required", [None])[0] for branch in branches]
        if all(keys):
            if isinstance(error.value, dict):
                yield self._one_key_of(path, keys)
            return
        by_branch: dict[Any, list[Failure]] = {}
        for inner in error.context:
            by_branch.setdefault(inner.branch, []).append(inner)
        fitting = [
            inner
            for inner in by_branch.values()
            if not any(_is_of_type(failure, error) for failure in inner)
        ]
        if by_branch and fitting:
            # Who wrote a mapping did not mean the word that may stand in its place.
            meant = [inner for inner in fitting if not any(map(_is_a_word, inner))] or fitting
            for inner_error in min(meant, key=len):
                yield from self.translate(inner_error)
            return
        wanted = [
            _type_word(kind, inner_error.schema)
            for inner in by_branch.values()
            for inner_error in inner
            if _is_of_type(inner_error, error)
            for kind in _as_list(inner_error.wanted)
        ]
        if wanted:
            words = choices(list(dict.fromkeys(wanted)))
            message = f"{self.name(path)} is {self.found(path)}; {words} may stand here"
            yield self._at(path, "RE203", message)
        else:
            yield from self._anything(error)

    def _one_key_of(self, path: Path, keys: Sequence[str]) -> Diagnostic:
        present = [key for key in keys if self.document.entry((*path, key)) is not None]
        if not present:
            return self.missing(path, keys)
        first, second = present[:2]
        return Diagnostic(
            self.document.locate((*path, second), key=True),
            "RE207",
            f"{second} stands beside {first} in {self.name(path)}; one of them may stand here",
            related=((self.document.locate((*path, first), key=True), "the other one"),),
        )

    def _anything(self, error: Failure) -> Iterator[Diagnostic]:
        path = self.path(error)
        if error.keyword is None or (error.keyword == "not" and error.wanted == {}):
            yield from self._forbidden(error)
            return
        what = shown(str(error.schema.get("title", f"what `{error.keyword}` asks for")))
        yield self._at(
            path, "RE208", f"{self.name(path)} is {self.found(path)}; {what} may stand here"
        )


_TRANSLATIONS: Final[Mapping[str, Callable[[Translator, Failure], Iterator[Diagnostic]]]] = {
    "type": Translator._type,  # noqa: SLF001  (the table belongs to the class)
    "additionalProperties": Translator._unknown_keys,  # noqa: SLF001
    "required": Translator._missing,  # noqa: SLF001
    "enum": Translator._enum,  # noqa: SLF001
    "const": Translator._enum,  # noqa: SLF001
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        Translator._bound,  # noqa: SLF001
    ),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), Translator._form),  # noqa: SLF001
    **dict.fromkeys(
        ("minItems", "maxItems", "minProperties", "maxProperties"),
        Translator._count,  # noqa: SLF001
    ),
    "uniqueItems": Translator._unique,  # noqa: SLF001
    "anyOf": Translator._alternatives,  # noqa: SLF001
    "oneOf": Translator._alternatives,  # noqa: SLF001
}


def rate_help(value: Decimal | int) -> str | None:
    """Show the fraction that a percentage above 1 stands for."""
    if not 1 < value <= 100:  # noqa: PLR2004  (percentages end at 100)
        return None
    fraction = f"{Decimal(value).scaleb(-2):f}"
    return f"a rate is a fraction: write {fraction} for {value}%"


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _is_a_word(failure: Failure) -> bool:
    """Whether one of some words is asked for, and a mapping or a list stands there."""
    return failure.keyword in {"const", "enum"} and isinstance(failure.value, dict | list)


def _is_of_type(error: Failure, around: Failure) -> bool:
    return error.keyword == "type" and error.path == around.path


def _type_word(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "string" and schema.get("format") == "date":
        return "a date (YYYY-MM-DD)"
    return str(schema.get("x-form", _TYPE_WORDS.get(kind, kind)))


def number_help(node: ScalarNode) -> str | None:
    """Show the number that was meant by a text such as `50%`, `1,000` or `'0.5'`."""
    read = _NUMBER_IN_WORDS.fullmatch(node.text)
    if node.style and read is not None and read["digits"] == node.text:
        return "take the quotes away"
    if read is None:
        return None
    digits = read["sign"] + read["digits"].replace(",", "_")
    if read["percent"]:
        fraction = Decimal(digits.replace("_", "")).scaleb(-2)
        return f"a percentage is written as a fraction: {fraction:f}"
    return f"write {digits}"


def _form_words(error: Failure) -> tuple[str, str | None]:
    """Give the form that is asked for and, for a name, one that would do."""
    schema = error.schema
    if error.keyword in {"minLength", "maxLength"}:
        least = "least" if error.keyword == "minLength" else "most"
        return f"text of {error.wanted} characters at {least}", None
    if error.keyword == "format":
        return "a day of the calendar (YYYY-MM-DD)", None
    form = schema.get("x-form") or f"text of the form {error.wanted}"
    if error.wanted == NAME_PATTERN:
        made = _BAD_IN_NAME.sub("_", error.value.lower()).strip("_").lstrip("0123456789_")
        return form, f"write {shown(made)}" if made else None
    return form, suggest(error.value, schema.get("x-words", ()))
