"""Reading a ruleset: files → checked ruleset, every finding of a pass collected."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from rules_engine.diagnostics import (
    Diagnostic,
    Location,
    RulesetError,
    has_errors,
    in_order,
    shown,
)
from rules_engine.language import Declaration, Document, declare, load_schema, validate
from rules_engine.language.bind import bind
from rules_engine.language.bound import BoundRuleset
from rules_engine.language.extends import read_extended
from rules_engine.language.names import shape_of
from rules_engine.methodology import Host
from rules_engine.tables.lookup import LookupTable

if TYPE_CHECKING:
    from rules_engine.tables.rejects import Reject

__all__ = ["diagnose", "read_ruleset"]


def read_ruleset(path: str | os.PathLike[str], host: Host) -> BoundRuleset:
    """Read, merge and check a ruleset and the tables beside it.

    Raises:
        RulesetError: With everything that is wrong.
    """
    document = read_extended(path)
    findings = validate(document, load_schema("ruleset"))
    if has_errors(findings):
        raise RulesetError(findings)
    declaration = declare(document)
    tables, findings = _tables(declaration)
    if has_errors(findings):
        # Formulas over a table that does not read would be blamed for it.
        raise RulesetError(in_order([*declaration.warnings, *findings]))
    return bind(declaration, host, tables)


def diagnose(path: str | os.PathLike[str], host: Host) -> list[Diagnostic]:
    """Give everything that is wrong with a ruleset, and its warnings; a wrong one never raises."""
    try:
        return in_order(read_ruleset(path, host).warnings)
    except RulesetError as error:
        return list(error.diagnostics)


def _tables(declaration: Declaration) -> tuple[Mapping[str, LookupTable], list[Diagnostic]]:
    from rules_engine.tables.cells import Cells  # noqa: PLC0415  only a wrong table needs it
    from rules_engine.tables.files import TableDeclaration, load_table  # noqa: PLC0415  it reads with DuckDB
    from rules_engine.tables.rejects import TableError  # noqa: PLC0415  beside its only use

    tables: dict[str, LookupTable] = {}
    findings: list[Diagnostic] = []
    for table in declaration.tables.values():
        if table.file is None:
            continue
        shape = evolve(shape_of(table), given=False)
        try:
            tables[table.name] = load_table(
                TableDeclaration(type=shape, file=table.file), Path(table.folder)
            )
        except TableError as error:
            document: Document = declaration.document
            declared = document.locate((*table.path, "file"))
            file = Path(table.folder) / table.file
            # A file that may not be read has no rows, and its cells are not asked for.
            cells = Cells(file) if any(reject.row for reject in error.findings) else None
            for reject in error.findings:
                place = declared
                if reject.row is not None and cells is not None:
                    place = Location(str(file), *cells.at(reject.row, reject.column))
                message = reject.reason if reject.row is None else _of_row(reject, table.name)
                related = (
                    () if place == declared else ((declared, f"{table.name} is declared here"),)
                )
                findings.append(Diagnostic(place, reject.code, message, related=related))
    return tables, findings


def _of_row(reject: "Reject", table: str) -> str:
    """Say what is wrong with a row of the contract's own table, with what was found."""
    if reject.column is None:
        return f"the row {reject.key or ''} of {table} {reject.reason}".replace("  ", " ")
    if not reject.value:
        return f"{reject.column} {reject.reason}"
    return f"{reject.column} `{shown(reject.value)}` {reject.reason}"
