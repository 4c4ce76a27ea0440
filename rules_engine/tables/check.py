"""Checks before a run: what a ruleset needs of the data, what is there, and what would not read."""

from collections.abc import Collection, Mapping
from typing import Any

from attrs import asdict, frozen

from rules_engine.diagnostics import Diagnostic
from rules_engine.tables.dataset import Dataset, Input

__all__ = ["DataCheck", "TableCheck", "check_data"]


@frozen(kw_only=True)
class TableCheck:
    """What is there of one table.

    Attributes:
        table: The table.
        is_there: Whether it is given, or derived from one that is.
        present: Needed columns that the data has.
        missing: Needed columns that it does not have.
        inputs: The files that it is read from; none for a table that is derived.
    """

    table: str
    is_there: bool
    present: tuple[str, ...]
    missing: tuple[str, ...]
    inputs: tuple[Input, ...]

    @property
    def rows_read(self) -> int:
        """Rows of all files, those that would be rejected included."""
        return sum(found.rows_read for found in self.inputs)

    @property
    def rows_rejected(self) -> int:
        """Rows that would be rejected."""
        return sum(found.rows_rejected for found in self.inputs)

    @property
    def rows_superseded(self) -> int:
        """Rows of claims that later claims replace or take back."""
        return sum(found.rows_superseded for found in self.inputs)

    @property
    def rows_known_later(self) -> int:
        """Rows that became known after the day up to which facts are known."""
        return sum(found.rows_known_later for found in self.inputs)

    @property
    def rows_left_out(self) -> int:
        """Rows that mappings do not take."""
        return sum(found.rows_left_out for found in self.inputs)


@frozen(kw_only=True)
class DataCheck:
    """What a run would find.

    Attributes:
        tables: Each table that is needed or there, by name.
        diagnostics: What is wrong with files and columns, and what may be.
    """

    tables: tuple[TableCheck, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every needed column is there and every file can be read."""
        absent = any(table.missing for table in self.tables)
        return not absent and all(found.severity != "error" for found in self.diagnostics)

    def __str__(self) -> str:
        """Give it as text: a line a table, its missing columns, then the diagnostics."""
        lines = []
        for table in self.tables:
            counts = [f"{table.rows_read:,} rows"]
            if table.rows_rejected:
                counts.append(f"{table.rows_rejected:,} would be rejected")
            if table.rows_superseded:
                counts.append(f"{table.rows_superseded:,} superseded")
            if table.rows_known_later:
                counts.append(f"{table.rows_known_later:,} known later")
            if table.rows_left_out:
                counts.append(f"{table.rows_left_out:,} left out by the mapping")
            source = ", ".join(found.file for found in table.inputs) or (
                "derived" if table.is_there else "absent"
            )
            what = source if not table.inputs else f"{source}: {', '.join(counts)}"
            lines.append(f"{table.table}: {what}")
            if table.present:
                lines.append(f"  present: {', '.join(table.present)}")
            if table.missing:
                lines.append(f"  missing: {', '.join(table.missing)}")
        lines += [str(found) for found in self.diagnostics]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        return {
            "complete": self.is_complete,
            "tables": [
                {
                    **asdict(table),
                    "rows_read": table.rows_read,
                    "rows_rejected": table.rows_rejected,
                }
                for table in self.tables
            ],
            "diagnostics": [found.as_json() for found in self.diagnostics],
        }


def check_data(needs: Mapping[str, Collection[str]], dataset: Dataset) -> DataCheck:
    """Compare what is needed with what a dataset has.

    Args:
        needs: The columns that a ruleset needs, by table.
        dataset: The data, opened with `strict=False` so that it may lack some of them.
    """
    names = sorted(set(needs) | set(dataset.tables))
    checks = []
    for name in names:
        missing = set(dataset.missing.get(name, ()))
        if name in dataset.tables:
            missing |= set(needs.get(name, ())) - set(dataset.tables[name].columns)
        else:
            missing |= set(needs.get(name, ()))
        checks.append(
            TableCheck(
                table=name,
                is_there=name in dataset.tables,
                present=tuple(sorted(set(needs.get(name, ())) - missing)),
                missing=tuple(sorted(missing)),
                inputs=tuple(found for found in dataset.inputs if found.table == name),
            )
        )
    return DataCheck(tables=tuple(checks), diagnostics=dataset.diagnostics)
