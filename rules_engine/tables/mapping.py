"""Mappings: how files with other people's columns fill a table, declared in YAML."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import field, frozen

from rules_engine.diagnostics import Diagnostic, Location, RulesetError, choices, shown, suggest
from rules_engine.expressions import ExpressionError, parse
from rules_engine.tables.delimited import Delimited

if TYPE_CHECKING:
    from datetime import date

__all__ = ["MappedColumn", "MappingDocument", "TableMapping", "Unpivot", "read_mapping"]

_KEYS: Final = ("mapping", "table", "from", "columns", "unpivot", "where", "title", "source")
_FROM_KEYS: Final = (
    "file",
    "format",
    "match",
    "nulls",
    "delimiter",
    "encoding",
    "may_lack",
)
_FORMATS: Final = ("csv", "parquet", "arrow")
_UNPIVOT_KEYS: Final = ("pattern", "fields", "keep")

Path = tuple[str | int, ...]


class MappingDocument(Protocol):
    """A YAML document: its value, and the place of everything in it."""

    @property
    def value(self) -> Any:
        """Dict, list, text, number, boolean or date."""

    def locate(self, path: Path, *, key: bool = False, offset: int | None = None) -> Location:
        """Say where a value, a key, or a character of a text stands."""


@frozen(kw_only=True)
class MappedColumn:
    """How one column is filled.

    Attributes:
        name: The column of the table.
        expression: A formula over the columns of the file, or empty.
        first_of: Columns of which the first that is not absent counts; files may lack some.
        place: Where the column stands in the mapping.
        places: Where a character of the formula stands.
    """

    name: str
    expression: str = ""
    first_of: tuple[str, ...] = ()
    place: Location
    places: Callable[[int], Location]


@frozen(kw_only=True)
class Unpivot:
    """How a wide file becomes one row for each name that its columns hold.

    Attributes:
        pattern: The columns' names, with `{field}` and one or more captures in braces.
        fields: What stands for `{field}` in the file, and the column that it becomes.
        keep: Columns that every row keeps; None keeps those that the pattern does not match.
    """

    pattern: str
    fields: Mapping[str, str]
    keep: tuple[str, ...] | None = None


@frozen(kw_only=True)
class TableMapping:
    """How files fill a table.

    Attributes:
        name: What results call it.
        table: The table that it fills.
        pattern: Names of the files, relative to the data: `*` stands for anything within a name
            and `{name}` for a part that becomes a column.
        format: How the files are stored; None where their names say it.
        form: How delimited files are written.
        ignores_case: Whether formulas call the columns of a file in lower case, however it writes
            them.
        may_lack: Columns that are absent values in a file that does not have them.
        columns: How each column is filled.
        unpivot: How wide files become long ones, or None.
        where: Which rows count; None takes all.
        place: Where the mapping begins.
        file_place: Where the pattern stands.
    """

    name: str
    table: str
    pattern: str
    format: str | None = None
    form: Delimited = field(factory=Delimited)
    ignores_case: bool = False
    may_lack: tuple[str, ...] = ()
    columns: tuple[MappedColumn, ...]
    unpivot: Unpivot | None = None
    where: MappedColumn | None = None
    place: Location
    file_place: Location


def read_mapping(document: MappingDocument) -> TableMapping:
    """Read a mapping.

    Raises:
        RulesetError: With everything that is wrong in it, formulas that do not parse included.
    """
    return _Reader(document).read()


class _Reader:
    def __init__(self, document: MappingDocument) -> None:
        self.document = document
        self.findings: list[Diagnostic] = []

    def wrong(
        self, path: Path, message: str, help_: str | None = None, *, key: bool = False
    ) -> None:
        place = self.document.locate(path, key=key)
        self.findings.append(Diagnostic(place, "RE520", message, help=help_))

    def read(self) -> TableMapping:
        value = self.document.value
        if not isinstance(value, dict):
            self.wrong((), "the document is no mapping; its keys may be " + choices(_KEYS))
            raise RulesetError(self.findings)
        self.keys((), value, _KEYS, ("mapping", "table", "from", "columns"))
        name = self.text(("mapping",), value)
        table = self.text(("table",), value)
        source = self.section(("from",), value)
        self.keys(("from",), source, _FROM_KEYS, ("file",))
        columns = self.columns(self.section(("columns",), value))
        where = value.get("where")
        unpivot = self.unpivot(value["unpivot"]) if "unpivot" in value else None
        mapping = TableMapping(
            name=name,
            table=table,
            pattern=self.pattern(source),
            format=self.choice(("from", "format"), source, _FORMATS),
            form=self.form(source),
            ignores_case=self.choice(("from", "match"), source, ("ignore_case", "exact"))
            == "ignore_case",
            may_lack=self.names(("from", "may_lack"), source),
            columns=columns,
            unpivot=unpivot,
            where=None if where is None else self.column(("where",), "where", where),
            place=self.document.locate(()),
            file_place=self.document.locate(("from", "file")),
        )
        if self.findings:
            raise RulesetError(self.findings)
        return mapping

    def keys(
        self, path: Path, value: Mapping[str, Any], known: Sequence[str], needed: Sequence[str]
    ) -> None:
        for key in value:
            if key not in known:
                help_ = suggest(str(key), known)
                self.wrong(
                    (*path, key),
                    f"{key} is no key here; it may be {choices(known)}",
                    help_,
                    key=True,
                )
        for key in needed:
            if value.get(key) is None:
                self.wrong(
                    path,
                    f"{key} is absent; a mapping needs {choices(needed)}".replace(" or ", " and "),
                )

    def section(self, path: Path, value: Mapping[str, Any]) -> Mapping[str, Any]:
        found = value.get(str(path[-1]))
        if isinstance(found, dict):
            return found
        if found is not None:
            self.wrong(path, f"{path[-1]} is no mapping of keys to values; one may stand here")
        return {}

    def text(self, path: Path, value: Mapping[str, Any], default: str = "") -> str:
        found = value.get(str(path[-1]), default)
        if not isinstance(found, str):
            self.wrong(path, f"{path[-1]} is {found!r}; it may be text")
            return default
        return found

    def choice(self, path: Path, value: Mapping[str, Any], known: Sequence[str]) -> str | None:
        found = value.get(str(path[-1]))
        if found is not None and found not in known:
            help_ = suggest(str(found), known)
            self.wrong(path, f"{path[-1]} is {found}; it may be {choices(known)}", help_)
        return found if isinstance(found, str) else None

    def pattern(self, source: Mapping[str, Any]) -> str:
        pattern = self.text(("from", "file"), source)
        if pattern.startswith(("/", "\\")) or ".." in pattern.split("/") or "\0" in pattern:
            self.wrong(
                ("from", "file"),
                f"{shown(pattern)} leaves the folder of the data; it may be a name inside it",
            )
        return pattern

    def form(self, source: Mapping[str, Any]) -> Delimited:
        delimiter = self.text(("from", "delimiter"), source, ",")
        if len(delimiter) != 1 or delimiter in '"\n\r':
            self.wrong(
                ("from", "delimiter"), f"delimiter is {delimiter!r}; it may be one character"
            )
            delimiter = ","
        nulls = source.get("nulls", [""])
        if not isinstance(nulls, list) or not all(isinstance(text, str) for text in nulls):
            self.wrong(("from", "nulls"), "nulls is no list of texts; it may be one, each quoted")
            nulls = [""]
        encoding = self.choice(("from", "encoding"), source, ("utf-8", "latin-1")) or "utf-8"
        return Delimited(delimiter=delimiter, nulls=tuple(nulls), encoding=encoding)

    def names(self, path: Path, value: Mapping[str, Any]) -> tuple[str, ...]:
        found = value.get(str(path[-1]), [])
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            self.wrong(path, f"{path[-1]} is no list of columns; it may be one")
            return ()
        return tuple(found)

    def columns(self, value: Mapping[str, Any]) -> tuple[MappedColumn, ...]:
        return tuple(self.column(("columns", name), name, given) for name, given in value.items())

    def column(self, path: Path, name: str, given: object) -> MappedColumn:
        place = self.document.locate(path, key=True)
        first: tuple[str, ...] = ()
        expression = ""
        if isinstance(given, dict):
            listed = given.get("first_of")
            if (
                set(given) == {"first_of"}
                and isinstance(listed, list)
                and listed
                and all(isinstance(part, str) for part in listed)
            ):
                first = tuple(listed)
            else:
                self.wrong(path, f"{name} is no formula; it may be one, or {{first_of: [A, B]}}")
        elif given is None or isinstance(given, list):
            self.wrong(
                path, f"{name} is empty; a formula over the columns of the file may stand here"
            )
        else:
            expression = _formula(given)
            self.parse(path, expression)

        def places(offset: int) -> Location:
            inside = offset if isinstance(given, str) else None
            return self.document.locate(path, offset=inside)

        return MappedColumn(
            name=name, expression=expression, first_of=first, place=place, places=places
        )

    def parse(self, path: Path, expression: str) -> None:
        try:
            parse(expression)
        except ExpressionError as error:
            for found in error.findings:
                place = self.document.locate(path, offset=found.offset)
                self.findings.append(Diagnostic(place, found.code, found.message, help=found.help))

    def unpivot(self, value: object) -> Unpivot | None:
        path: Path = ("unpivot",)
        if not isinstance(value, dict):
            self.wrong(path, "unpivot is no mapping of keys to values; one may stand here")
            return None
        self.keys(path, value, _UNPIVOT_KEYS, ("pattern", "fields"))
        pattern = self.text((*path, "pattern"), value)
        if pattern.count("{field}") != 1 or pattern.count("{") < 2:  # noqa: PLR2004  {field} and a capture
            self.wrong(
                (*path, "pattern"),
                f"pattern is {shown(pattern)}; it may be text with {{field}} once and a capture",
                "write {measure_id} {field} for columns such as `A1 Rate`",
            )
        fields = self.section((*path, "fields"), value)
        keep = value.get("keep")
        if keep is not None and not (
            isinstance(keep, list) and all(isinstance(k, str) for k in keep)
        ):
            self.wrong((*path, "keep"), "keep is no list of columns; it may be one")
            keep = None
        return Unpivot(
            pattern=pattern,
            fields={str(found): str(name) for found, name in fields.items()},
            keep=None if keep is None else tuple(keep),
        )


def _formula(given: object) -> str:
    """Write a YAML scalar as the formula that it stands for."""
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | Decimal):
        return f"{given:f}" if isinstance(given, Decimal) else str(given)
    day: date | Any = given
    return f"DATE '{day}'"
