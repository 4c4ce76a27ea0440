"""Opening: the work between files and the tables of a dataset."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from rules_engine.diagnostics import Diagnostic, Location, has_errors, suggest
from rules_engine.tables import integrity, months, parties
from rules_engine.tables.delimited import Delimited, UnreadableError
from rules_engine.tables.files import sha256
from rules_engine.tables.mapped import map_part, mapped_sources
from rules_engine.tables.parts import STAGING, Part, open_part
from rules_engine.tables.sources import Data, Source, find_sources, offered
from rules_engine.tables.staging import (
    Staged,
    create_staging,
    key_text,
    missing_column,
    plan,
    refused,
    remove,
    stage,
)
from rules_engine.tables.storage import literal, quoted, storage

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from rules_engine.expressions.types import TableType
    from rules_engine.tables.mapping import TableMapping
    from rules_engine.tables.standard import StandardTable

__all__ = ["Input", "Opening"]

_KNOWN: Final = "known_date"
"""The column that says since when a row is known."""

_SPANS: Final = ("tin", "ccn")


@frozen(kw_only=True)
class Input:
    """One file, or table in memory, that a dataset was read from.

    Attributes:
        table: The table that it fills.
        file: The file, relative to the data; the table's name where there is none.
        sha256: Digest of its bytes in hexadecimal; None in memory, or where nobody asked.
        mapping: The mapping that names its columns, or None.
        rows_read: Rows, those that did not read or were left out included.
        rows_rejected: Rows that did not read.
        rows_superseded: Rows of claims that a later claim replaces or takes back.
        rows_left_out: Rows that the mapping does not take (`where`).
        rows_known_later: Rows that became known after the day up to which facts are known.
    """

    table: str
    file: str
    sha256: str | None
    mapping: str | None
    rows_read: int
    rows_rejected: int
    rows_superseded: int
    rows_left_out: int = 0
    rows_known_later: int = 0

    @property
    def rows_kept(self) -> int:
        """Rows that the table has from it."""
        lost = self.rows_rejected + self.rows_superseded + self.rows_left_out
        return self.rows_read - lost - self.rows_known_later


class Opening:
    """The work of opening a dataset: parts come in, tables come out."""

    def __init__(
        self,
        connection: "DuckDBPyConnection",
        known: Mapping[str, "StandardTable"],
        needs: Mapping[str, Collection[str]] | None,
        years_shifted: int,
        known_at: date | None = None,
    ) -> None:
        self.connection = connection
        self.known = known
        self.needs = needs
        self.years_shifted = years_shifted
        self.known_at = known_at
        self.may_lack: frozenset[str] = frozenset()
        self.diagnostics: list[Diagnostic] = []
        self.staged: dict[str, list[Staged]] = {}
        self.columns: dict[str, tuple[str, ...]] = {}
        self.found: list[tuple[Staged, str | None, Path | None]] = []
        self.absent: dict[str, list[str]] = {}
        self.parts = 0
        self.offered: list[str] = []
        self.bases: dict[tuple[str, Delimited, str | None], Part | None] = {}
        create_staging(connection)

    # -- what is needed

    def wanted(self, table: str) -> bool:
        """Whether any rule, or the derivation of a table for one, reads a table."""
        if self.needs is None or table in self.needs:
            return True
        if table in {"eligibility", "roster"}:
            return "member_month" in self.needs
        return table == "provider" and "party" in self.needs.get("medical_claim", ())

    def selected(self, table: "StandardTable") -> tuple[str, ...]:
        """List the columns of a table that are read, in its own order."""
        asked = None if self.needs is None else self.needs.get(table.name)
        makes_months = table.name == "eligibility" and self.wanted("member_month")
        if asked is None or makes_months:
            return tuple(table.columns)
        always = set(table.key) | table.required | set(table.interval or ())
        if self.known_at is not None:
            always.add(_KNOWN)
        if table.name == "medical_claim":
            always |= {"claim_type", "claim_start_date", "claim_end_date", "claim_line_start_date"}
            always |= {"discharge_date", "frequency_code", "replaces_claim_id", "sequence"}
            if "party" in asked:
                always |= {"billing_tin", "facility_ccn"}
        return tuple(name for name in table.columns if name in always or name in asked)

    # -- reading

    def read(self, data: Data, mappings: Sequence["TableMapping"]) -> None:
        """Read every source that is wanted."""
        filled = {mapping.table: mapping for mapping in mappings}
        self.offered = offered(data)
        for source in find_sources(data, self.known):
            if self.wanted(source.table):
                self.read_source(source, filled.get(source.table))
        for mapping in mappings:
            if mapping.table not in self.known:
                names = ", ".join(sorted(self.known))
                message = f"{mapping.table} is no table; it may be {names}"
                self.report(mapping.place, "RE521", message)
            elif self.wanted(mapping.table):
                self.read_mapping(data, mapping)
        for base in self.bases.values():
            if base is not None and base.raw is not None:
                self.connection.execute(f"DROP TABLE {base.raw}")
        for name, parts in self.staged.items():
            self.columns[name] = self.selected(self.known[name])
            self.note_absent(name, parts)

    def read_source(self, source: Source, mapping: "TableMapping | None") -> None:
        """Read a file that is called as its table."""
        if mapping is not None and source.format != "duckdb":
            place = Location(source.label, 1, 1)
            message = f"{source.table} is filled by this file and by mapping {mapping.name}"
            self.report(place, "RE516", message, help_="give it in one of the two ways")
            return
        part = self.attempt(source, Delimited())
        if part is not None:
            self.stage(part, None)

    def read_mapping(self, data: Data, mapping: "TableMapping") -> None:
        """Read the files that a mapping names."""
        table = self.known[mapping.table]
        columns = self.selected(table)
        self.staged.setdefault(mapping.table, [])
        sources = list(mapped_sources(mapping, data))
        if not sources:
            message = f"no file of the data is called {mapping.pattern}"
            self.report(mapping.file_place, "RE523", message)
            self.absent.setdefault(mapping.table, []).extend(
                sorted((self.needs or {}).get(mapping.table, ()))
            )
        for source, captures in sources:
            base = self.opened(source, mapping)
            if base is None:
                continue
            number, self.parts = self.parts, self.parts + 1
            part, diagnostics = map_part(
                self.connection,
                base,
                number=number,
                captures=captures,
                mapping=mapping,
                table=table,
                columns=columns,
            )
            self.diagnostics += diagnostics
            if part is not None:
                self.stage(part, mapping.name)

    def opened(self, source: Source, mapping: "TableMapping") -> Part | None:
        """Open a file for a mapping, once for all mappings that read it in one way."""
        key = (source.label, mapping.form, mapping.format)
        if key not in self.bases:
            self.bases[key] = self.attempt(source, mapping.form)
        return self.bases[key]

    def attempt(self, source: Source, form: Delimited) -> Part | None:
        """Open a part, or say why it cannot be read."""
        number, self.parts = self.parts, self.parts + 1
        try:
            columns = tuple(self.known[source.table].columns) if source.table in self.known else ()
            return open_part(self.connection, number, source, form, columns)
        except UnreadableError as error:
            self.report(Location(source.label, 1, 1), error.code, error.message)
            self.staged.setdefault(source.table, [])
            return None

    def stage(self, part: Part, mapping: str | None) -> None:
        """Type a part's columns and set aside what does not read."""
        import duckdb  # noqa: PLC0415  embedding a price must not load it

        table = self.known[part.source.table]
        columns = self.selected(table)
        readings, diagnostics = plan(self.connection, part, table, columns, self.years_shifted)
        self.diagnostics += diagnostics
        if has_errors(diagnostics):
            self.staged.setdefault(table.name, [])
            self.absent.setdefault(table.name, []).extend(
                r.column for r in readings if r.column in table.required and r.source is None
            )
            return
        try:
            staged = stage(self.connection, part, table, readings)
        except duckdb.Error as error:
            # A file whose beginning is sound may be broken further on.
            reason = str(error).splitlines()[0]
            message = f"{part.source.label} cannot be read: {reason}"
            self.report(Location(part.source.label, 1, 1), "RE511", message)
            self.staged.setdefault(table.name, [])
            return
        self.staged.setdefault(table.name, []).append(staged)
        self.found.append((staged, mapping, part.source.path))

    def note_absent(self, name: str, parts: list[Staged]) -> None:
        """Say which needed columns no part of a table has."""
        asked = () if self.needs is None else self.needs.get(name, ())
        derivable = {"party"} if name == "medical_claim" and self.staged.get("provider") else set()
        for part in parts:
            given = {reading.column for reading in part.readings if reading.source is not None}
            for column in sorted(set(asked) - given - derivable - part.table.required):
                place = part.part.place or Location(part.part.source.label, 1, 1)
                self.diagnostics.append(missing_column(place, name, column, part.part.columns))
                self.absent.setdefault(name, []).append(column)

    def report(self, place: Location, code: str, message: str, help_: str | None = None) -> None:
        """Keep a finding."""
        self.diagnostics.append(Diagnostic(place, code, message, help=help_))

    # -- tables

    def derive(
        self,
        months_through: date | None,
        months_read: tuple[date, date] | None,
        *,
        check_duplicates: bool,
    ) -> None:
        """Check rows against each other, create the tables, and derive those that are not given."""
        for name, parts in self.staged.items():
            if parts:
                self.check(name, check_duplicates=check_duplicates)
        for name, parts in self.staged.items():
            if parts:
                self.create(name)
        is_given = bool(self.staged.get("member_month"))
        if self.staged.get("eligibility") and not is_given and self.wanted("member_month"):
            self.derive_months(months_through, months_read)
        for name in sorted(set(self.needs or ()) - set(self.columns)):
            if name not in self.known:
                self.report(Location(name, 1, 1), "RE521", f"{name} is no table")
                continue
            if name in self.may_lack:
                self.create_empty(name)
                continue
            first = self.known[name].derived_from
            what = f"{name} is needed and no file has it" + (f", nor {first}" if first else "")
            help_ = suggest(name, self.offered) or f"add {name}.csv or a mapping"
            self.report(Location(name, 1, 1), "RE510", what, help_=help_)
            self.absent[name] = sorted((self.needs or {}).get(name, ()))

    def create_empty(self, name: str) -> None:
        """Create a table without rows."""
        columns = ", ".join(
            f"{quoted(column)} {storage(type_)}"
            for column, type_ in self.known[name].columns.items()
        )
        self.connection.execute(f"CREATE TABLE {quoted(name)} ({columns})")

    def number_rows(self) -> None:
        """Give rejects the numbers of their rows in the file, where one became several."""
        for staged, _, _ in self.found:
            each = staged.part.rows_each
            if each > 1:
                self.connection.execute(
                    f"UPDATE {STAGING}.rejects SET row = (row - 1) // {each} + 1"
                    f" WHERE part = {staged.part.number}"
                )

    def rows(self, name: str, columns: Iterable[str], *, with_row: bool = True) -> str:
        """Write the rows of a table so far."""
        listed = tuple(columns)
        selects = [
            part.select(listed, with_row=with_row, has_removed=self.has_removed(part))
            for part in self.staged[name]
        ]
        return f"({' UNION ALL '.join(selects)})"

    def has_removed(self, part: Staged) -> bool:
        """Whether a part has lost rows."""
        found = self.connection.execute(
            f"SELECT 1 FROM {STAGING}.removed WHERE part = {part.part.number} LIMIT 1"
        )
        return found.fetchone() is not None

    def check(self, name: str, *, check_duplicates: bool) -> None:
        """Refuse rows of one key, of one key and day, and of claims with two live versions."""
        table = self.known[name]
        if self.known_at is not None and _KNOWN in self.columns[name]:
            # First of all, because nobody knows yet what such a row replaces or contradicts.
            self.leave_out_unknown(name, self.known_at)
        if name == "medical_claim":
            self.supersede()
        if name == "provider":
            columns = ("tin", "ccn", "party", "from", "through")
            for identifier in _SPANS:
                self.refuse(name, integrity.contradicting(self.rows(name, columns), identifier))
        key = ", ".join(map(quoted, table.key))
        shown = key_text({n: f"CAST({quoted(n)} AS VARCHAR)" for n in table.key}, table.key)
        if table.excludes_overlap and table.interval is not None:
            first, last = map(quoted, table.interval)
            rows = self.rows(name, dict.fromkeys((*table.key, *table.interval)))
            place = "_part, _row"
            some = integrity.overlapped(rows, key=key, first=first, last=last)
            if self.finds(some):
                query = integrity.overlapping(
                    rows, key=key, shown=shown, first=first, last=last, place=place
                )
                self.refuse(name, query)
        elif table.is_unique and table.key and check_duplicates:
            keys = self.rows(name, table.key, with_row=False)
            if self.finds(integrity.unordered(keys, key), integrity.repeated(keys, key)):
                rows = self.rows(name, table.key)
                self.refuse(name, integrity.duplicates(rows, key=key, shown=shown))

    def finds(self, *queries: str) -> bool:
        """Whether each query gives a row; none is asked after one that gives nothing."""
        return all(self.connection.execute(query).fetchone() is not None for query in queries)

    def refuse(self, name: str, query: str) -> None:
        """Reject the rows that a query finds."""
        self.connection.execute(
            f"INSERT INTO {STAGING}.rejects SELECT part, {literal(name)}, NULL, row, key, NULL,"
            f" value, code, reason FROM ({query}) AS found(part, row, key, value, code, reason)"
        )
        for part in self.staged[name]:
            number = part.part.number
            self.connection.execute(
                f"UPDATE {STAGING}.rejects SET file = ? WHERE part = {number} AND file IS NULL",
                [part.part.source.label],
            )
            remove(self.connection, number)
            self.drop_removed(part)

    def supersede(self) -> None:
        """Remove claims that a later claim replaces or takes back."""
        columns = ("claim_id", "frequency_code", "replaces_claim_id")
        parts = self.staged["medical_claim"]
        given = {r.column for p in parts for r in p.readings if r.source is not None}
        if not given & {"frequency_code", "replaces_claim_id"}:
            return
        if not self.finds(integrity.replacing(self.rows("medical_claim", columns, with_row=False))):
            return
        self.refuse("medical_claim", integrity.replaced_twice(self.rows("medical_claim", columns)))
        rows = self.rows("medical_claim", columns)
        self.connection.execute(
            f"INSERT INTO {STAGING}.removed SELECT _part, _row, 'superseded'"
            f" FROM ({integrity.superseded(rows)})"
        )
        for part in parts:
            self.drop_removed(part)

    def leave_out_unknown(self, name: str, known_at: date) -> None:
        """Remove rows that became known after a day; one that does not say when is known."""
        rows = self.rows(name, (_KNOWN,))
        self.connection.execute(
            f"INSERT INTO {STAGING}.removed SELECT _part, _row, 'unknown'"
            f" FROM {rows} WHERE {_KNOWN} > DATE '{known_at}'"
        )
        for part in self.staged[name]:
            self.drop_removed(part)

    def drop_removed(self, part: Staged) -> None:
        """Delete removed rows of a part that is held; the others are left out by their SELECT."""
        if part.held is not None:
            self.connection.execute(
                f"DELETE FROM {part.held} WHERE _row IN"
                f" (SELECT row FROM {STAGING}.removed WHERE part = {part.part.number})"
            )

    def create(self, name: str) -> None:
        """Create the view of a table's name."""
        table = self.known[name]
        columns = self.columns[name]
        listed = ", ".join(self.shown(table, column) for column in columns)
        query = f"SELECT {listed} FROM {self.rows(name, columns, with_row=False)}"
        if name == "medical_claim" and "party" in columns and self.finds_party():
            rows = self.rows(name, columns, with_row=False)
            spans = {}
            for identifier in _SPANS:
                spans[identifier] = f"{STAGING}.party_of_{identifier}"
                providers = self.rows("provider", (identifier, "party", "from", "through"))
                self.connection.execute(
                    f"CREATE TABLE {spans[identifier]} AS"
                    f" {parties.party_spans(providers, identifier)}"
                )
            query = parties.with_party(
                rows, listed, day=table.period_date, tins=spans["tin"], ccns=spans["ccn"]
            )
        self.connection.execute(f"CREATE VIEW {quoted(name)} AS {query}")

    def shown(self, table: "StandardTable", column: str) -> str:
        """Write a column of a view."""
        if table.interval is None or column not in table.interval or not table.excludes_overlap:
            return quoted(column)
        # An open end is a far day, because a lookup asks whether a day lies between the two.
        far = integrity.FIRST_DAY if column == table.interval[0] else integrity.LAST_DAY
        return f"coalesce({quoted(column)}, {far}) AS {quoted(column)}"

    def finds_party(self) -> bool:
        """Whether claims have no party of their own and the providers know it."""
        parts = self.staged["medical_claim"]
        given = any(
            r.column == "party" and r.source is not None for part in parts for r in part.readings
        )
        return not given and bool(self.staged.get("provider"))

    def derive_months(
        self, months_through: date | None, months_read: tuple[date, date] | None
    ) -> None:
        """Create member_month from enrolment."""
        through = months_through
        if through is None:
            found = self.connection.execute(months.enrolled_through("eligibility")).fetchone()
            through = found[0] if found is not None else None
        day = f"DATE '{through}'" if through is not None else integrity.FIRST_DAY
        roster = "roster" if self.staged.get("roster") else None
        first, last = integrity.FIRST_DAY, integrity.LAST_DAY
        if months_read is not None:
            first, last = (f"DATE '{end}'" for end in months_read)
        asked = (self.needs or {}).get("member_month", ())
        on_15 = self.needs is None or any(name in asked for name in months.ON_15)
        query = months.member_months(
            "eligibility", roster, day, first=first, last=last, on_15=on_15
        )
        self.connection.execute(f"CREATE TABLE member_month AS {query}")
        self.columns["member_month"] = tuple(
            name for name in self.known["member_month"].columns if on_15 or name not in months.ON_15
        )

    # -- results

    def tables(self) -> dict[str, "TableType"]:
        """Give the shape of every table that is present."""
        present = [n for n, parts in self.staged.items() if parts]
        if "member_month" in self.columns and "member_month" not in present:
            present.append("member_month")
        shown = {}
        for name in present:
            whole = self.known[name].type
            columns = {column: whole.columns[column] for column in self.columns[name]}
            shown[name] = evolve(whole, columns=columns)
        return shown

    def missing(self) -> dict[str, tuple[str, ...]]:
        """Give the needed columns that are not there."""
        return {
            name: tuple(dict.fromkeys(columns)) for name, columns in self.absent.items() if columns
        }

    def refused(self) -> dict[str, str]:
        """Write the rejected rows of each table whose rows stay in place."""
        return {
            name: refused(parts)
            for name, parts in self.staged.items()
            if parts and all(part.held is None for part in parts)
        }

    def inputs(self, *, digests: bool) -> tuple[Input, ...]:
        """Count what was read and what was not."""
        counted = dict[tuple[int, str], int]()
        for part, why, count in self.connection.execute(
            f"SELECT part, why, count(*) FROM {STAGING}.removed GROUP BY ALL"
        ).fetchall():
            counted[part, why] = count
        digested: dict[Path, str] = {}
        result = []
        for staged, mapping, path in self.found:
            if digests and path is not None and path not in digested:
                digested[path] = sha256(path)
            result.append(
                Input(
                    table=staged.table.name,
                    file=staged.part.source.label,
                    sha256=digested.get(path) if path is not None else None,
                    mapping=mapping,
                    rows_read=staged.rows_read,
                    rows_rejected=counted.get((staged.part.number, "rejected"), 0),
                    rows_superseded=counted.get((staged.part.number, "superseded"), 0),
                    rows_left_out=staged.part.left_out,
                    rows_known_later=counted.get((staged.part.number, "unknown"), 0),
                )
            )
        return tuple(result)
