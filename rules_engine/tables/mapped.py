"""Mapped parts: the files that a mapping names, as rows of the table that it fills."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from rules_engine.diagnostics import Diagnostic, Location, choices, suggest
from rules_engine.expressions import ExpressionError, Kind, Scope, Sites, Type, check
from rules_engine.expressions.sql import SqlWriter
from rules_engine.expressions.tree import Expression, Ref, TextCall, walk
from rules_engine.tables.mapping import MappedColumn, TableMapping, Unpivot
from rules_engine.tables.parts import STAGING, Part, Unread
from rules_engine.tables.sources import Data, Source, format_of
from rules_engine.tables.standard import StandardTable
from rules_engine.tables.storage import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["map_part", "mapped_sources"]

_TEXT: Final = Type(Kind.TEXT, nullable=True)
_CAPTURE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_UNKNOWN_NAME: Final = "RE403"


def mapped_sources(mapping: TableMapping, data: Data) -> Iterator[tuple[Source, Mapping[str, str]]]:
    """Find the files that a mapping names, and what its captures hold in each, by file name."""
    form = _file_form(mapping.pattern)
    if isinstance(data, Mapping):
        for name in sorted(map(str, data)):
            found = form.fullmatch(name)
            value = data[name]
            if found is None:
                continue
            if isinstance(value, str | Path):
                path = Path(value)
                kind = mapping.format or format_of(path)
                source = Source(table=mapping.table, label=name, format=kind or "csv", path=path)  # type: ignore[arg-type]  # one of the formats
            else:
                source = Source(table=mapping.table, label=name, format="memory", rows=value)
            yield source, found.groupdict()
        return
    root = Path(data)
    if not root.is_dir():
        return
    wild = "/".join(_glob(part) for part in mapping.pattern.split("/"))
    for path in sorted(root.glob(wild)):
        label = path.relative_to(root).as_posix()
        found = form.fullmatch(label)
        if found is not None and path.is_file():
            kind = mapping.format or format_of(path) or "csv"
            source = Source(table=mapping.table, label=label, format=kind, path=path)  # type: ignore[arg-type]  # one of the formats
            yield source, found.groupdict()


def _glob(part: str) -> str:
    return _CAPTURE.sub("*", part.replace("[", "[[]"))


def _file_form(pattern: str) -> re.Pattern[str]:
    """Write the pattern of file names as a regular expression; stars stay within one folder."""
    parts = []
    at = 0
    for capture in _CAPTURE.finditer(pattern):
        parts += [_star(pattern[at : capture.start()]), f"(?P<{capture[1]}>[^/]+?)"]
        at = capture.end()
    return re.compile("".join((*parts, _star(pattern[at:]))))


def _star(text: str) -> str:
    return "".join("[^/]*" if c == "*" else "[^/]" if c == "?" else re.escape(c) for c in text)


def map_part(
    connection: "DuckDBPyConnection",
    base: Part,
    *,
    number: int,
    captures: Mapping[str, str],
    mapping: TableMapping,
    table: StandardTable,
    columns: Iterable[str],
) -> tuple[Part | None, list[Diagnostic]]:
    """Fill a table from a file by its mapping.

    Args:
        connection: Where.
        base: The rows of the file.
        number: Tells the new part from others.
        captures: What the captures of the file's name hold.
        mapping: How it fills the table.
        table: The table.
        columns: The columns that somebody needs.

    Returns:
        Rows with the columns of the table, or None; and what is wrong with columns and formulas.
    """
    source = base.source
    rows, names, each = _texts(base, captures, mapping)
    work = _Formulas(mapping, names, captures, source.label)
    listed: list[str] = []
    unread: dict[str, Unread] = {}
    for column in mapping.columns:
        if column.name not in table.columns:
            message = f"{mapping.table} has no column {column.name}"
            help_ = suggest(column.name, table.columns)
            work.findings.append(Diagnostic(column.place, "RE521", message, help=help_))
            continue
        if column.name not in columns:
            work.typed(column)
            continue
        written = work.write(column, table.columns[column.name])
        if written is None:
            continue
        place = len(listed)
        listed.append(f"{written.value} AS {quoted(column.name)}")
        if written.fails is not None:
            mark, shown = f"_mark_{place}", f"_shown_{place}"
            listed += [f"{written.fails} AS {mark}", f"{written.shown} AS {shown}"]
            unread[column.name] = Unread(mark=mark, shown=shown, reasons=written.reasons)
    condition = work.condition()
    if condition is not None and condition.fails is not None:
        listed += [f"{condition.fails} AS _mark_where", f"{condition.shown} AS _shown_where"]
        unread["where"] = Unread(
            mark="_mark_where", shown="_shown_where", reasons=condition.reasons
        )
    if work.findings:
        return None, work.findings
    where = "" if condition is None else f" WHERE {condition.value}"
    if condition is not None and condition.fails is not None:
        # A row of which the condition does not read is refused, not passed over.
        where += f" OR ({condition.fails}) IS NOT NULL"
    numbers = "".join(f", {reading} AS {alias}" for reading, alias in work.numbers.items())
    target = f"{STAGING}.mapped_{number}"
    connection.execute(
        f"CREATE TABLE {target} AS SELECT {', '.join((*listed, '_row'))}"
        f" FROM (SELECT *{numbers} FROM {rows}){where}"
    )
    left_out = 0
    if where:
        counted = connection.execute(
            f"SELECT (SELECT count(*) FROM {rows}) - (SELECT count(*) FROM {target})"
        ).fetchone()
        left_out = counted[0] if counted else 0
    described = connection.execute(f"DESCRIBE {target}").fetchall()
    marks = {name for u in unread.values() for name in (u.mark, u.shown)} | {"_row"}
    part = evolve(
        base,
        number=number,
        source=evolve(source, table=mapping.table),
        plain=target,
        numbered=target,
        columns={row[0]: row[1] for row in described if row[0] not in marks},
        raw=target,
        unread=unread,
        rows_each=each,
        left_out=left_out,
        place=mapping.place,
    )
    return part, []


def _texts(
    base: Part, captures: Mapping[str, str], mapping: TableMapping
) -> tuple[str, tuple[str, ...], int]:
    """Write the rows of a file with texts alone: its columns, then the captures of its name.

    Returns:
        SQL of the rows with `_row`, their columns, and how many rows stand for one of the file.
    """
    listed: dict[str, str] = {}
    for name, stored in base.columns.items():
        text = quoted(name) if stored == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
        if base.raw is None:
            # Text files were read with their nulls; other files name them in the same way.
            nulls = ", ".join(literal(null) for null in ("", *mapping.form.nulls))
            text = f"CASE WHEN {text} NOT IN ({nulls}) THEN {text} END"
        listed[name.lower() if mapping.ignores_case else name] = text
    for name in mapping.may_lack:
        listed.setdefault(name.lower() if mapping.ignores_case else name, "CAST(NULL AS VARCHAR)")
    for name, held in captures.items():
        listed[name] = literal(held)
    if mapping.unpivot is not None:
        named = frozenset(captures)
        return _unpivoted(base, listed, named, mapping.unpivot, ignores_case=mapping.ignores_case)
    rows = ", ".join(f"{text} AS {quoted(name)}" for name, text in listed.items())
    return f"(SELECT {rows}, _row FROM {base.numbered})", tuple(listed), 1


def _unpivoted(
    base: Part,
    listed: Mapping[str, str],
    named: frozenset[str],
    unpivot: Unpivot,
    *,
    ignores_case: bool,
) -> tuple[str, tuple[str, ...], int]:
    """Write one row for each text that the captures of the columns' names hold."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    matched = set()
    flags = re.IGNORECASE if ignores_case else 0
    for field, becomes in unpivot.fields.items():
        before, _, after = unpivot.pattern.partition("{field}")
        form = re.compile(_captures(before) + re.escape(field) + _captures(after), flags)
        for name in listed:
            found = form.fullmatch(name)
            if found is not None:
                matched.add(name)
                groups.setdefault(tuple(found.groupdict().items()), {})[becomes] = listed[name]
    # What a file's name says holds for each of its rows, whatever of its columns is kept.
    keep = None if unpivot.keep is None else {*unpivot.keep, *named}
    kept = [n for n in listed if (n not in matched if keep is None else n in keep)]
    # Of the pattern and not of the columns: a file in which none of them fits has no rows.
    captured = tuple(n for n in _CAPTURE.findall(unpivot.pattern) if n != "field")
    fields = tuple(dict.fromkeys(unpivot.fields.values()))
    structs = []
    for place, (group, values) in enumerate(groups.items()):
        held = dict(group)
        parts = [f"{literal(name)}: {literal(held.get(name, ''))}" for name in captured]
        parts += [
            f"{literal(name)}: {values.get(name, 'CAST(NULL AS VARCHAR)')}" for name in fields
        ]
        structs.append(f"{{'_place': {place}, {', '.join(parts)}}}")
    each = max(1, len(structs))
    names = (*kept, *captured, *fields)
    own = "".join(f"{listed[name]} AS {quoted(name)}, " for name in kept)
    if not structs:
        nothing = "".join(f"CAST(NULL AS VARCHAR) AS {quoted(n)}, " for n in (*captured, *fields))
        return f"(SELECT {own}{nothing}_row FROM {base.numbered} WHERE false)", names, 1
    inner = f"SELECT {own}_row, unnest([{', '.join(structs)}]) AS _u FROM {base.numbered}"
    outer = ", ".join(
        [quoted(name) for name in kept]
        + [f"_u[{literal(name)}] AS {quoted(name)}" for name in (*captured, *fields)]
    )
    present = " OR ".join(f"_u[{literal(name)}] IS NOT NULL" for name in fields)
    row = f"(_row - 1) * {each} + _u['_place'] + 1 AS _row"
    rows = f"(SELECT {outer}, {row} FROM ({inner}) WHERE {present})"
    return rows, names, each


def _captures(text: str) -> str:
    parts = []
    at = 0
    for capture in _CAPTURE.finditer(text):
        parts += [re.escape(text[at : capture.start()]), f"(?P<{capture[1]}>.+?)"]
        at = capture.end()
    return "".join((*parts, re.escape(text[at:])))


@frozen(kw_only=True)
class _Written:
    """A formula as SQL.

    Attributes:
        value: Its value.
        fails: The number of the reason why it has none, null where it has one; None where it
            always has one.
        shown: The texts that it reads.
        reasons: What the numbers stand for.
    """

    value: str
    fails: str | None
    shown: str
    reasons: tuple[tuple[str, str], ...]


class _Formulas:
    """Formulas over the columns of one file, and what is wrong with them."""

    def __init__(
        self,
        mapping: TableMapping,
        names: tuple[str, ...],
        captures: Mapping[str, str],
        file: str,
    ) -> None:
        self.mapping = mapping
        self.captures = captures
        self.numbers: dict[str, str] = {}
        self.names = names
        self.file = file
        self.scope = Scope(
            profile="mapping", grain="row of the file", columns=dict.fromkeys(names, _TEXT)
        )
        self.findings: list[Diagnostic] = []

    def condition(self) -> _Written | None:
        where = self.mapping.where
        return None if where is None else self.write(where, Type(Kind.BOOLEAN, nullable=True))

    def write(self, column: MappedColumn, type_: Type) -> _Written | None:
        """Write a column, or keep what is wrong with it."""
        expression = self.typed(column)
        if expression is None or not self.fits(column, expression.type, type_):
            return None
        sites = Sites()
        writer = SqlWriter({}, sites, column=self.column)
        read = dict.fromkeys(node.name for node in walk(expression) if isinstance(node, Ref))
        fails = writer.failure(expression)
        value = self.once(writer.write(expression), expression)
        fails = None if fails is None else self.once(fails, expression)
        texts = ", ".join(quoted(name) for name in read)
        return _Written(
            value=value,
            fails=fails,
            shown=f"CASE WHEN ({fails}) IS NOT NULL THEN concat_ws(', ', {texts}) END"
            if texts
            else "NULL",
            reasons=tuple((site.code, site.message) for site in sites),
        )

    def column(self, ref: Ref) -> str:
        """Write a column."""
        return self.column_named(ref.name)

    def once(self, sql: str, expression: Expression) -> str:
        """Put a column in the place of each number that is read from a text.

        Numbers are read by several regular expressions, and a formula, its condition and its
        reason ask for the same one many times. What does not read is null, so that a number may
        be read where a formula would not have asked for it.
        """
        writer = SqlWriter({}, Sites(), column=self.column)
        numbers = {
            writer.write(node)
            for node in walk(expression)
            if isinstance(node, TextCall) and node.function == "number"
        }
        # A number inside of another one is part of its reading.
        for reading in sorted(numbers, key=len, reverse=True):
            if reading in sql:
                alias = self.numbers.setdefault(reading, f"_number_{len(self.numbers)}")
                sql = sql.replace(reading, alias)
        return sql

    def column_named(self, name: str) -> str:
        """Write a column by its name; what the file's own name holds is constant in it."""
        held = self.captures.get(name)
        return quoted(name) if held is None else literal(held)

    def typed(self, column: MappedColumn) -> Expression | None:
        text = column.expression
        if column.first_of:
            wanted = [n.lower() if self.mapping.ignores_case else n for n in column.first_of]
            present = [name for name in wanted if name in self.names]
            if not present:
                self.absent(column.place, choices(column.first_of), column.first_of[0])
                return None
            text = f"first_of({', '.join(quoted(name) for name in present)})"
        try:
            return check(text, self.scope)
        except ExpressionError as error:
            for found in error.findings:
                name = text[found.offset : found.offset + found.length].strip('"')
                place = column.places(found.offset)
                if found.code == _UNKNOWN_NAME and name.isidentifier():
                    self.absent(place, name, name)
                else:
                    self.findings.append(
                        Diagnostic(place, found.code, found.message, help=found.help)
                    )
            return None

    def absent(self, place: Location, named: str, name: str) -> None:
        help_ = suggest(name, self.names) or f"its columns are {choices(self.names[:30])}"
        message = f"{named} is needed and {self.file} has no such column"
        self.findings.append(Diagnostic(place, "RE513", message, help=help_))

    def fits(self, column: MappedColumn, found: Type, wanted: Type) -> bool:
        is_text = found.kind in {Kind.TEXT, Kind.CODE}
        fits = (
            is_text
            or found.kind is wanted.kind
            or (found.is_numeric and wanted.is_numeric)
            or (found.is_numeric and wanted.kind in {Kind.CODE, Kind.TEXT})
        )
        if not fits or (wanted.kind is Kind.BOOLEAN and column.name == "where" and is_text):
            message = f"{column.name} is a {wanted.kind} and the formula gives a {found.kind}"
            self.findings.append(Diagnostic(column.place, "RE522", message))
            return False
        return True
